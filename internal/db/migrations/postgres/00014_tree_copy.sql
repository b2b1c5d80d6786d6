-- +goose Up

-- Copies of files and folders of the drive that go on in the background. A row belongs to
-- a task of kind 4.
CREATE TABLE tree_copy (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  target_id  BIGINT NOT NULL, -- the folder that they are copied into
  before_id  BIGINT NOT NULL, -- what is made from then on is not copied: it may be a copy
  entries    BIGINT NOT NULL, -- that were copied
  bytes      BIGINT NOT NULL,
  fail_code  TEXT COLLATE "C" NOT NULL, -- '' before the end, and where it went well
  trace_id   TEXT COLLATE "C" NOT NULL, -- of the fault behind fail_code internal
  PRIMARY KEY (account_id, task_seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES task (account_id, seq)
);
-- What is still to be copied.
CREATE TABLE tree_copy_work (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  no         BIGINT NOT NULL,
  from_id    BIGINT NOT NULL,
  into_id    BIGINT NOT NULL, -- the copy of the folder from_id, whose entries are to be copied; -1: from_id itself is
  after_id   BIGINT NOT NULL, -- entries up to here have been
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES tree_copy (account_id, task_seq)
);
