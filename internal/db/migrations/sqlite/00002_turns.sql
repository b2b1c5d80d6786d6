-- +goose Up
-- A claim looks at the account whose turn it is, however many tasks wait behind it.
ALTER TABLE queue_turn ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0 CHECK (unfinished >= 0); -- tasks that wait or run
UPDATE queue_turn SET unfinished = (
  SELECT count(*) FROM task t
  WHERE t.account_id = queue_turn.account_id AND t.kind = queue_turn.kind AND t.state IN (1, 4));
CREATE INDEX queue_turn_next ON queue_turn (kind, served_at, account_id) WHERE unfinished > 0;
CREATE INDEX task_begun ON task (kind, account_id, seq) WHERE state = 4 AND attempt > 0;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('queue_turn', 'queue_turn_next', '1000 1000 1 1'),
  ('task', 'task_begun', '10 10 1 1');
