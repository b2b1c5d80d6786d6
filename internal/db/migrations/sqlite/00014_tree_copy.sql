-- +goose Up

-- Copies of files and folders of the drive that go on in the background. A row belongs to
-- a task of kind 4.
CREATE TABLE tree_copy (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  target_id  INTEGER NOT NULL, -- the folder that they are copied into
  before_id  INTEGER NOT NULL, -- what is made from then on is not copied: it may be a copy
  entries    INTEGER NOT NULL, -- that were copied
  bytes      INTEGER NOT NULL,
  fail_code  TEXT NOT NULL, -- '' before the end, and where it went well
  trace_id   TEXT NOT NULL, -- of the fault behind fail_code internal
  PRIMARY KEY (account_id, task_seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES task (account_id, seq)
) WITHOUT ROWID;
-- What is still to be copied.
CREATE TABLE tree_copy_work (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  no         INTEGER NOT NULL,
  from_id    INTEGER NOT NULL,
  into_id    INTEGER NOT NULL, -- the copy of the folder from_id, whose entries are to be copied; -1: from_id itself is
  after_id   INTEGER NOT NULL, -- entries up to here have been
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES tree_copy (account_id, task_seq)
) WITHOUT ROWID;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('tree_copy', 'tree_copy', '10000 1000 1'),
  ('tree_copy_work', 'tree_copy_work', '10000 1000 100 1');
