-- +goose Up

-- Of the installation: signing keys, and counters that give out ids in blocks.
CREATE TABLE signing_key (name TEXT PRIMARY KEY, secret TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE id_block (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;

-- Of this database: that writes are refused, or that it is being filled from another.
CREATE TABLE mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- account ------------------------------------------------------------------
CREATE TABLE account (
  id            INTEGER PRIMARY KEY,
  name          TEXT    NOT NULL UNIQUE,
  operator      INTEGER NOT NULL,
  state         INTEGER NOT NULL, -- 1 enabled, 2 disabled, 3 disabled and its links too
  quota         INTEGER NOT NULL, -- bytes; -1 without limit
  used          INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
  reserved      INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  next_blob     INTEGER NOT NULL DEFAULT 1,
  next_task     INTEGER NOT NULL DEFAULT 1,
  password_hash TEXT    NOT NULL,
  created_at    INTEGER NOT NULL
);
CREATE TABLE client (
  id            TEXT    PRIMARY KEY,
  account_id    INTEGER NOT NULL REFERENCES account (id),
  secret_sha256 TEXT    NOT NULL,
  created_at    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX client_account ON client (account_id);
CREATE TABLE token (
  account_id INTEGER NOT NULL REFERENCES account (id),
  id         TEXT    NOT NULL, -- the jti
  client_id  TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
CREATE INDEX token_expiry ON token (expires_at);

-- auditlog -----------------------------------------------------------------
CREATE TABLE audit_log (
  account_id INTEGER NOT NULL REFERENCES account (id),
  at         INTEGER NOT NULL,
  id         TEXT NOT NULL, -- random: several in one microsecond
  client     TEXT NOT NULL, -- '' for a command on the server
  action     TEXT NOT NULL,
  what       TEXT NOT NULL,
  address    TEXT NOT NULL,
  trace      TEXT NOT NULL,
  PRIMARY KEY (account_id, at, id)
) WITHOUT ROWID;
CREATE INDEX audit_log_at ON audit_log (at, account_id, id);

-- blob ---------------------------------------------------------------------
CREATE TABLE blob (
  account_id INTEGER NOT NULL REFERENCES account (id),
  id         INTEGER NOT NULL, -- in order of upload; with the account the storage key, never reused
  state      INTEGER NOT NULL, -- 0 pending, 1 live, 2 blocked, 3 missing, 4 damaged
  sha256     TEXT    NOT NULL,
  sha1       TEXT    NOT NULL,
  md5        TEXT    NOT NULL,
  size       INTEGER NOT NULL,
  type       TEXT    NOT NULL, -- sniffed; '' where it is no raster picture
  width      INTEGER NOT NULL,
  height     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX blob_sha256 ON blob (account_id, sha256) WHERE state IN (1, 2);
CREATE INDEX blob_md5 ON blob (account_id, md5, size) WHERE state IN (1, 2);
CREATE INDEX blob_sha1 ON blob (account_id, sha1, size) WHERE state IN (1, 2);
CREATE INDEX blob_lost ON blob (account_id, sha256) WHERE state IN (3, 4);
CREATE INDEX blob_blocked ON blob (account_id, id) WHERE state = 2; -- lists ask for each row
CREATE INDEX blob_pending ON blob (created_at) WHERE state = 0;
-- Content that lost a reference, perhaps its last: looked at again when its time has come.
CREATE TABLE unreferenced (
  account_id INTEGER NOT NULL,
  blob_id    INTEGER NOT NULL,
  since      INTEGER NOT NULL,
  PRIMARY KEY (account_id, blob_id),
  FOREIGN KEY (account_id, blob_id) REFERENCES blob (account_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX unreferenced_since ON unreferenced (since);
CREATE TABLE doomed (
  account_id INTEGER NOT NULL,
  blob_id    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, blob_id)
) WITHOUT ROWID;
-- Who needs what is doomed to stay in the store for a while, as a backup does.
CREATE TABLE blob_hold (
  name       TEXT    PRIMARY KEY,
  held_until INTEGER NOT NULL -- by the database's clock
) WITHOUT ROWID;

-- drive --------------------------------------------------------------------
-- The rows of a folder lie side by side, so that a list is read and not looked up
-- row by row. (PostgreSQL's tables have no order: its keys and indexes differ here.)
CREATE TABLE drive_entry (
  account_id INTEGER NOT NULL REFERENCES account (id),
  id         INTEGER NOT NULL, -- unique over all accounts; the root is 0
  parent_id  INTEGER NOT NULL, -- the root's is itself
  name       TEXT    NOT NULL,
  class      INTEGER NOT NULL, -- picture.Class: 0 folder, 1 eligible picture, 2 no image, 3 too large, 4 empty
  blob_id    INTEGER,          -- NULL for folders
  size       INTEGER NOT NULL,
  etag       TEXT    NOT NULL,
  trashed    INTEGER NOT NULL, -- 0 no, 1 in the trash by itself, 2 detached: being deleted for good
  children   INTEGER NOT NULL, -- entries right below that are not in the trash by themselves
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, parent_id, id),
  FOREIGN KEY (account_id, parent_id) REFERENCES drive_entry (account_id, id),
  FOREIGN KEY (account_id, blob_id) REFERENCES blob (account_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX drive_id ON drive_entry (account_id, id);
CREATE UNIQUE INDEX drive_name ON drive_entry (account_id, parent_id, name) WHERE trashed = 0;
CREATE INDEX drive_walk ON drive_entry (account_id, parent_id, name) WHERE trashed = 0 AND class <= 1;
CREATE INDEX drive_rest ON drive_entry (account_id, parent_id, name) WHERE trashed = 0 AND class >= 2;
CREATE INDEX drive_blob ON drive_entry (account_id, blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX drive_trash ON drive_entry (account_id, trashed, id) WHERE trashed > 0;
CREATE INDEX drive_detached ON drive_entry (account_id, id) WHERE trashed = 2;

-- imagebed -----------------------------------------------------------------
CREATE TABLE bed_folder (
  account_id INTEGER NOT NULL REFERENCES account (id),
  id         TEXT    NOT NULL,
  parent_id  TEXT    NOT NULL, -- the root's is itself
  name       TEXT    NOT NULL,
  detached   INTEGER NOT NULL DEFAULT 0, -- 1: being deleted for good, with all below it
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, id),
  FOREIGN KEY (account_id, parent_id) REFERENCES bed_folder (account_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX bed_folder_name ON bed_folder (account_id, parent_id, name);
CREATE INDEX bed_folder_list ON bed_folder (account_id, parent_id, id);
CREATE INDEX bed_detached ON bed_folder (account_id, id) WHERE detached = 1;
CREATE UNIQUE INDEX bed_root ON bed_folder (account_id) WHERE parent_id = id;
-- By folder, as the drive's entries.
CREATE TABLE image (
  account_id INTEGER NOT NULL REFERENCES account (id),
  id         TEXT    NOT NULL,
  folder_id  TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  ext        TEXT    NOT NULL, -- of the link; fixed at first publication
  blob_id    INTEGER NOT NULL,
  size       INTEGER NOT NULL,
  etag       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  shown_at   INTEGER NOT NULL, -- since when it shows this content; later by a second at least than for the one before
  PRIMARY KEY (account_id, folder_id, id),
  FOREIGN KEY (account_id, folder_id) REFERENCES bed_folder (account_id, id),
  FOREIGN KEY (account_id, blob_id) REFERENCES blob (account_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX image_id ON image (account_id, id);
CREATE UNIQUE INDEX image_name ON image (account_id, folder_id, name);
CREATE INDEX image_same ON image (account_id, folder_id, etag, size);
CREATE INDEX image_blob ON image (account_id, blob_id);

-- queue --------------------------------------------------------------------
CREATE TABLE task (
  account_id  INTEGER NOT NULL REFERENCES account (id),
  seq         INTEGER NOT NULL, -- in order of creation, taken under the account's lock
  id          TEXT    NOT NULL,
  kind        INTEGER NOT NULL, -- 1 copy
  state       INTEGER NOT NULL, -- as on the wire: 1 running, 2 done, 3 failed, 4 waiting; 5 cancelled
  attempt     INTEGER NOT NULL, -- counts the claims: the fence
  idle        INTEGER NOT NULL, -- claims since the last mark of progress
  lease_until INTEGER NOT NULL, -- of the running attempt; of a waiting task: not before
  created_at  INTEGER NOT NULL,
  started_at  INTEGER NOT NULL, -- 0 before the first claim
  finished_at INTEGER NOT NULL, -- 0 before the end
  PRIMARY KEY (account_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX task_id ON task (account_id, id);
CREATE UNIQUE INDEX task_running ON task (account_id, kind) WHERE state = 1;
CREATE INDEX task_unfinished ON task (account_id, kind, seq) WHERE state IN (1, 4);
CREATE TABLE queue_turn (
  account_id INTEGER NOT NULL REFERENCES account (id),
  kind       INTEGER NOT NULL,
  served_at  INTEGER NOT NULL,
  PRIMARY KEY (account_id, kind)
) WITHOUT ROWID;

-- copytask -----------------------------------------------------------------
CREATE TABLE copy_task (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  planned    INTEGER NOT NULL, -- 1 once the plan is written down
  total      INTEGER NOT NULL,
  copied     INTEGER NOT NULL,
  replaced   INTEGER NOT NULL,
  skipped    INTEGER NOT NULL,
  failed     INTEGER NOT NULL,
  bytes      INTEGER NOT NULL, -- of the pictures copied and replaced
  fail_code  TEXT    NOT NULL,
  trace_id   TEXT    NOT NULL, -- of the fault behind fail_code internal
  PRIMARY KEY (account_id, task_seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES task (account_id, seq)
) WITHOUT ROWID;
CREATE TABLE copy_source (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  ord        INTEGER NOT NULL,
  drive_id   INTEGER NOT NULL,
  class      INTEGER NOT NULL, -- at creation, as of drive_entry
  name       TEXT    NOT NULL, -- at creation
  PRIMARY KEY (account_id, task_seq, ord),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
) WITHOUT ROWID;
CREATE TABLE copy_folder (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  no         INTEGER NOT NULL, -- 0 is the target
  parent_no  INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  folder_id  TEXT    NOT NULL, -- '' until found or made
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
) WITHOUT ROWID;
CREATE TABLE copy_dir (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  no         INTEGER NOT NULL,
  drive_id   INTEGER NOT NULL, -- the drive folder that items were planned from
  path       TEXT    NOT NULL, -- where it was then
  folder_no  INTEGER NOT NULL, -- the target folder of its pictures; -1 where it has none
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
) WITHOUT ROWID;
CREATE TABLE copy_item (
  account_id INTEGER NOT NULL,
  task_seq   INTEGER NOT NULL,
  seq        INTEGER NOT NULL, -- in order of the plan
  dir_no     INTEGER NOT NULL,
  drive_id   INTEGER NOT NULL,
  name       TEXT    NOT NULL, -- in the drive, when planned
  blob_id    INTEGER NOT NULL, -- 0 where the source was gone already
  etag       TEXT    NOT NULL,
  size       INTEGER NOT NULL,
  outcome    INTEGER NOT NULL, -- 0 open, 1 copied, 2 replaced, 3 skipped, 4 failed
  reason     TEXT    NOT NULL,
  image_id   TEXT    NOT NULL, -- '' unless published
  fail_no    INTEGER NOT NULL, -- its place in the list of failures, from 1; 0 unless failed
  PRIMARY KEY (account_id, task_seq, seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX copy_item_fail ON copy_item (account_id, task_seq, fail_no) WHERE outcome = 4;
CREATE TABLE publication (
  account_id   INTEGER NOT NULL,
  image_id     TEXT    NOT NULL,
  task_seq     INTEGER NOT NULL,
  item_seq     INTEGER NOT NULL, -- an image moved meanwhile may be met by a second item of its task
  drive_id     INTEGER NOT NULL,
  parent_id    INTEGER NOT NULL,
  name         TEXT    NOT NULL,
  etag         TEXT    NOT NULL,
  published_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, image_id, task_seq, item_seq),
  FOREIGN KEY (account_id, image_id) REFERENCES image (account_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

-- upload -------------------------------------------------------------------
CREATE TABLE upload (
  account_id  INTEGER NOT NULL REFERENCES account (id),
  id          TEXT    NOT NULL,
  blob_id     INTEGER NOT NULL, -- the pending blob that the slices go to
  dest        INTEGER NOT NULL, -- 1 drive, 2 bed
  parent      TEXT    NOT NULL, -- a drive id or a bed folder id
  name        TEXT    NOT NULL,
  etag        TEXT    NOT NULL,
  size        INTEGER NOT NULL,
  duplicate   INTEGER NOT NULL,
  slice_size  INTEGER NOT NULL,
  store_ref   TEXT    NOT NULL DEFAULT '', -- what the store calls the place of the slices
  reserved    INTEGER NOT NULL, -- bytes of the quota, until it is completed or dropped
  state       INTEGER NOT NULL, -- 1 open, 2 completed
  result_id   TEXT    NOT NULL, -- of the file or image, once completed
  hashed      INTEGER NOT NULL, -- bytes of the contiguous prefix that hash_state covers
  hash_state  BLOB    NOT NULL,
  verifying   INTEGER NOT NULL DEFAULT 0, -- 1: a completion was asked for, and is to go on
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
CREATE INDEX upload_open ON upload (account_id) WHERE state = 1;
CREATE INDEX upload_expiry ON upload (expires_at);
CREATE TABLE upload_slice (
  account_id INTEGER NOT NULL,
  upload_id  TEXT    NOT NULL,
  no         INTEGER NOT NULL,
  size       INTEGER NOT NULL,
  md5        TEXT    NOT NULL,
  part       TEXT    NOT NULL, -- what the store calls the slice
  PRIMARY KEY (account_id, upload_id, no),
  FOREIGN KEY (account_id, upload_id) REFERENCES upload (account_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

-- What the planner is to believe, for ever: large tables of a few large accounts.
-- Every key leads with the account, so without figures it takes any key's first
-- column for a narrow one and walks all of an account where a folder or a hash
-- was asked for. Rows in all, then rows that share the first, the first two …
-- columns of the index.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('client', 'client', '1000 1'),
  ('client', 'client_account', '1000 1'),
  ('token', 'token', '10000 100 1'),
  ('token', 'token_expiry', '10000 1'),
  ('audit_log', 'audit_log', '1000000 100000 1 1'),
  ('audit_log', 'audit_log_at', '1000000 1 1 1'),
  ('blob', 'blob', '10000000 1000000 1'),
  ('blob', 'blob_sha256', '10000000 1000000 1'),
  ('blob', 'blob_md5', '10000000 1000000 1 1'),
  ('blob', 'blob_sha1', '10000000 1000000 1 1'),
  ('blob', 'blob_lost', '100 10 1'),
  ('blob', 'blob_blocked', '100 10 1'),
  ('blob', 'blob_pending', '100 1'),
  ('unreferenced', 'unreferenced', '100000 10000 1'),
  ('unreferenced', 'unreferenced_since', '100000 100'),
  ('drive_entry', 'drive_entry', '10000000 1000000 1000 1'),
  ('drive_entry', 'drive_id', '10000000 1000000 1'),
  ('drive_entry', 'drive_name', '10000000 1000000 1000 1'),
  ('drive_entry', 'drive_walk', '9000000 900000 900 1'),
  ('drive_entry', 'drive_rest', '1000000 100000 100 1'),
  ('drive_entry', 'drive_blob', '10000000 1000000 2'),
  ('drive_entry', 'drive_trash', '10000 1000 500 1'),
  ('drive_entry', 'drive_detached', '10 1 1'),
  ('bed_folder', 'bed_folder', '100000 10000 1'),
  ('bed_folder', 'bed_folder_name', '100000 10000 10 1'),
  ('bed_folder', 'bed_folder_list', '100000 10000 10 1'),
  ('bed_folder', 'bed_detached', '10 1 1'),
  ('bed_folder', 'bed_root', '1000 1'),
  ('image', 'image', '10000000 1000000 1000 1'),
  ('image', 'image_id', '10000000 1000000 1'),
  ('image', 'image_name', '10000000 1000000 1000 1'),
  ('image', 'image_same', '10000000 1000000 1000 1 1'),
  ('image', 'image_blob', '10000000 1000000 2'),
  ('task', 'task', '100000 10000 1'),
  ('task', 'task_id', '100000 10000 1'),
  ('task', 'task_running', '100 1 1'),
  ('task', 'task_unfinished', '100 2 2 1'),
  ('queue_turn', 'queue_turn', '1000 1 1'),
  ('copy_task', 'copy_task', '100000 10000 1'),
  ('copy_source', 'copy_source', '1000000 100000 10 1'),
  ('copy_folder', 'copy_folder', '10000000 1000000 1000 1'),
  ('copy_dir', 'copy_dir', '1000000 100000 10 1'),
  ('copy_item', 'copy_item', '10000000 1000000 1000 1'),
  ('copy_item', 'copy_item_fail', '100000 10000 100 1'),
  ('publication', 'publication', '10000000 1000000 1 1 1'),
  ('upload', 'upload', '10000 1000 1'),
  ('upload', 'upload_open', '1000 100'),
  ('upload', 'upload_expiry', '10000 1'),
  ('upload_slice', 'upload_slice', '100000 10000 10 1');
