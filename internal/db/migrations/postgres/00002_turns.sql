-- +goose Up
-- A claim looks at the account whose turn it is, however many tasks wait behind it.
ALTER TABLE queue_turn ADD COLUMN unfinished BIGINT NOT NULL DEFAULT 0 CHECK (unfinished >= 0); -- tasks that wait or run
UPDATE queue_turn SET unfinished = (
  SELECT count(*) FROM task t
  WHERE t.account_id = queue_turn.account_id AND t.kind = queue_turn.kind AND t.state IN (1, 4));
CREATE INDEX queue_turn_next ON queue_turn (kind, served_at, account_id) WHERE unfinished > 0;
CREATE INDEX task_begun ON task (kind, account_id, seq) WHERE state = 4 AND attempt > 0;
