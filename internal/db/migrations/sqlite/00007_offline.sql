-- +goose Up

-- URLs that are fetched into drive or bed. A row belongs to a task of kind 2.
CREATE TABLE offline_task (
  account_id   INTEGER NOT NULL,
  task_seq     INTEGER NOT NULL,
  dest         INTEGER NOT NULL, -- 1 drive, 2 bed
  url          TEXT NOT NULL,
  parent       TEXT NOT NULL, -- the id of a folder of drive or bed; '' for the root
  path         TEXT NOT NULL, -- of folders below it, which are made where they are missing
  name         TEXT NOT NULL, -- that was asked for; '' for none
  found        TEXT NOT NULL, -- that header or URL gave; '' for none
  blob_id      INTEGER NOT NULL, -- the pending blob that what comes is written to; 0 for none
  store_ref    TEXT NOT NULL, -- what the store calls the place of the slices
  got          INTEGER NOT NULL, -- bytes that have come for good
  farthest     INTEGER NOT NULL DEFAULT 0, -- the most that had, also where it was thrown away
  total        INTEGER NOT NULL, -- bytes in all; -1 where that is not known
  shown        INTEGER NOT NULL, -- bytes that had come when last it was looked at
  validator    TEXT NOT NULL, -- what If-Range takes; '' where it can't be gone on with
  hash_state   BLOB NOT NULL, -- of what has come for good
  reserved     INTEGER NOT NULL, -- bytes of the quota
  tries        INTEGER NOT NULL, -- attempts since the last bytes that came for good
  fail_code    TEXT NOT NULL, -- why it has failed, or is to be tried again; '' for neither
  fail_status  INTEGER NOT NULL, -- of HTTP; 0 for none
  trace_id     TEXT NOT NULL, -- of the fault behind fail_code internal
  result_id    TEXT NOT NULL, -- of the file or image; '' before
  result_name  TEXT NOT NULL,
  callback     TEXT NOT NULL, -- the URL that is told of the end; '' for none
  callback_seq INTEGER NOT NULL, -- the task of kind 3 that does so; 0 before the end
  callback_try INTEGER NOT NULL, -- how often it was tried in vain
  PRIMARY KEY (account_id, task_seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES task (account_id, seq)
) WITHOUT ROWID;
CREATE INDEX offline_blob ON offline_task (account_id, blob_id) WHERE blob_id > 0;
CREATE UNIQUE INDEX offline_callback ON offline_task (account_id, callback_seq) WHERE callback_seq > 0;
CREATE TABLE offline_slice (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  no         INTEGER NOT NULL,
  size       INTEGER NOT NULL,
  md5        TEXT NOT NULL,
  part       TEXT NOT NULL, -- what the store calls the slice
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES offline_task (account_id, task_seq)
) WITHOUT ROWID;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('offline_task', 'offline_task', '100000 10000 1'),
  ('offline_task', 'offline_blob', '100 10 1'),
  ('offline_task', 'offline_callback', '10000 1000 1'),
  ('offline_slice', 'offline_slice', '10000 1000 100 1');
