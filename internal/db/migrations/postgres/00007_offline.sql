-- +goose Up

-- URLs that are fetched into drive or bed. A row belongs to a task of kind 2.
CREATE TABLE offline_task (
  account_id   BIGINT NOT NULL,
  task_seq     BIGINT NOT NULL,
  dest         BIGINT NOT NULL, -- 1 drive, 2 bed
  url          TEXT COLLATE "C" NOT NULL,
  parent       TEXT COLLATE "C" NOT NULL, -- the id of a folder of drive or bed; '' for the root
  path         TEXT COLLATE "C" NOT NULL, -- of folders below it, which are made where they are missing
  name         TEXT COLLATE "C" NOT NULL, -- that was asked for; '' for none
  found        TEXT COLLATE "C" NOT NULL, -- that header or URL gave; '' for none
  blob_id      BIGINT NOT NULL, -- the pending blob that what comes is written to; 0 for none
  store_ref    TEXT COLLATE "C" NOT NULL, -- what the store calls the place of the slices
  got          BIGINT NOT NULL, -- bytes that have come for good
  farthest     BIGINT NOT NULL DEFAULT 0, -- the most that had, also where it was thrown away
  total        BIGINT NOT NULL, -- bytes in all; -1 where that is not known
  shown        BIGINT NOT NULL, -- bytes that had come when last it was looked at
  validator    TEXT COLLATE "C" NOT NULL, -- what If-Range takes; '' where it can't be gone on with
  hash_state   BYTEA NOT NULL, -- of what has come for good
  reserved     BIGINT NOT NULL, -- bytes of the quota
  tries        BIGINT NOT NULL, -- attempts since the last bytes that came for good
  fail_code    TEXT COLLATE "C" NOT NULL, -- why it has failed, or is to be tried again; '' for neither
  fail_status  BIGINT NOT NULL, -- of HTTP; 0 for none
  trace_id     TEXT COLLATE "C" NOT NULL, -- of the fault behind fail_code internal
  result_id    TEXT COLLATE "C" NOT NULL, -- of the file or image; '' before
  result_name  TEXT COLLATE "C" NOT NULL,
  callback     TEXT COLLATE "C" NOT NULL, -- the URL that is told of the end; '' for none
  callback_seq BIGINT NOT NULL, -- the task of kind 3 that does so; 0 before the end
  callback_try BIGINT NOT NULL, -- how often it was tried in vain
  PRIMARY KEY (account_id, task_seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES task (account_id, seq)
);
CREATE INDEX offline_blob ON offline_task (account_id, blob_id) WHERE blob_id > 0;
CREATE UNIQUE INDEX offline_callback ON offline_task (account_id, callback_seq) WHERE callback_seq > 0;
CREATE TABLE offline_slice (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  no         BIGINT NOT NULL,
  size       BIGINT NOT NULL,
  md5        TEXT COLLATE "C" NOT NULL,
  part       TEXT COLLATE "C" NOT NULL, -- what the store calls the slice
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES offline_task (account_id, task_seq)
);
