-- +goose Up

-- Plans live an hour, and are kept in another form now.
DELETE FROM copy_plan;

-- The tasks of an account in one of the states that are no more left, the newest first.
CREATE INDEX task_ended ON task (account_id, kind, state, seq) WHERE state IN (2, 3, 5);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('task', 'task_ended', '100000 10000 10000 3000 1');
