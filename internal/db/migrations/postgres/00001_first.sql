-- +goose Up

-- The same tables as SQLite's, column by column; a test compares them. Text compares by
-- code point.

-- Of the installation: signing keys, and counters that give out ids in blocks.
CREATE TABLE signing_key (name TEXT COLLATE "C" PRIMARY KEY, secret TEXT NOT NULL);
CREATE TABLE id_block (name TEXT COLLATE "C" PRIMARY KEY, next BIGINT NOT NULL);

-- Of this database: that writes are refused, or that it is being filled from another.
CREATE TABLE mark (name TEXT COLLATE "C" PRIMARY KEY, value TEXT COLLATE "C" NOT NULL);

-- account ------------------------------------------------------------------
CREATE TABLE account (
  id            BIGINT PRIMARY KEY,
  name          TEXT COLLATE "C" NOT NULL UNIQUE,
  operator      SMALLINT NOT NULL,
  state         SMALLINT NOT NULL, -- 1 enabled, 2 disabled, 3 disabled and its links too
  quota         BIGINT NOT NULL, -- bytes; -1 without limit
  used          BIGINT NOT NULL DEFAULT 0 CHECK (used >= 0),
  reserved      BIGINT NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  next_blob     BIGINT NOT NULL DEFAULT 1,
  next_task     BIGINT NOT NULL DEFAULT 1,
  password_hash TEXT COLLATE "C" NOT NULL,
  created_at    BIGINT NOT NULL
);
CREATE TABLE client (
  id            TEXT COLLATE "C" PRIMARY KEY,
  account_id    BIGINT NOT NULL REFERENCES account (id),
  secret_sha256 TEXT COLLATE "C" NOT NULL,
  created_at    BIGINT NOT NULL
);
CREATE INDEX client_account ON client (account_id);
CREATE TABLE token (
  account_id BIGINT NOT NULL REFERENCES account (id),
  id         TEXT COLLATE "C" NOT NULL, -- the jti
  client_id  TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX token_expiry ON token (expires_at);

-- auditlog -----------------------------------------------------------------
CREATE TABLE audit_log (
  account_id BIGINT NOT NULL REFERENCES account (id),
  at         BIGINT NOT NULL,
  id         TEXT COLLATE "C" NOT NULL, -- random: several in one microsecond
  client     TEXT COLLATE "C" NOT NULL, -- '' for a command on the server
  action     TEXT COLLATE "C" NOT NULL,
  what       TEXT COLLATE "C" NOT NULL,
  address    TEXT COLLATE "C" NOT NULL,
  trace      TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account_id, at, id)
);
CREATE INDEX audit_log_at ON audit_log (at, account_id, id);

-- blob ---------------------------------------------------------------------
CREATE TABLE blob (
  account_id BIGINT NOT NULL REFERENCES account (id),
  id         BIGINT NOT NULL, -- in order of upload; with the account the storage key, never reused
  state      SMALLINT NOT NULL, -- 0 pending, 1 live, 2 blocked, 3 missing, 4 damaged
  sha256     TEXT COLLATE "C" NOT NULL,
  sha1       TEXT COLLATE "C" NOT NULL,
  md5        TEXT COLLATE "C" NOT NULL,
  size       BIGINT NOT NULL,
  type       TEXT COLLATE "C" NOT NULL, -- sniffed; '' where it is no raster picture
  width      BIGINT NOT NULL,
  height     BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX blob_sha256 ON blob (account_id, sha256) WHERE state IN (1, 2);
CREATE INDEX blob_md5 ON blob (account_id, md5, size) WHERE state IN (1, 2);
CREATE INDEX blob_sha1 ON blob (account_id, sha1, size) WHERE state IN (1, 2);
CREATE INDEX blob_lost ON blob (account_id, sha256) WHERE state IN (3, 4);
CREATE INDEX blob_blocked ON blob (account_id, id) WHERE state = 2; -- lists ask for each row
CREATE INDEX blob_pending ON blob (created_at) WHERE state = 0;
-- Content that lost a reference, perhaps its last: looked at again when its time has come.
CREATE TABLE unreferenced (
  account_id BIGINT NOT NULL,
  blob_id    BIGINT NOT NULL,
  since      BIGINT NOT NULL,
  PRIMARY KEY (account_id, blob_id),
  FOREIGN KEY (account_id, blob_id) REFERENCES blob (account_id, id) ON DELETE CASCADE
);
CREATE INDEX unreferenced_since ON unreferenced (since);
CREATE TABLE doomed (
  account_id BIGINT NOT NULL,
  blob_id    BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, blob_id)
);
-- Who needs what is doomed to stay in the store for a while, as a backup does.
CREATE TABLE blob_hold (
  name       TEXT COLLATE "C" PRIMARY KEY,
  held_until BIGINT NOT NULL -- by the database's clock
);

-- drive --------------------------------------------------------------------
CREATE TABLE drive_entry (
  account_id BIGINT NOT NULL REFERENCES account (id),
  id         BIGINT NOT NULL, -- unique over all accounts; the root is 0
  parent_id  BIGINT NOT NULL, -- the root's is itself
  name       TEXT COLLATE "C" NOT NULL,
  class      SMALLINT NOT NULL, -- picture.Class: 0 folder, 1 eligible picture, 2 no image, 3 too large, 4 empty
  blob_id    BIGINT,          -- NULL for folders
  size       BIGINT NOT NULL,
  etag       TEXT COLLATE "C" NOT NULL,
  trashed    SMALLINT NOT NULL, -- 0 no, 1 in the trash by itself, 2 detached: being deleted for good
  children   BIGINT NOT NULL, -- entries right below that are not in the trash by themselves
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, id),
  FOREIGN KEY (account_id, parent_id) REFERENCES drive_entry (account_id, id),
  FOREIGN KEY (account_id, blob_id) REFERENCES blob (account_id, id)
);
CREATE UNIQUE INDEX drive_name ON drive_entry (account_id, parent_id, name) WHERE trashed = 0;
CREATE INDEX drive_list ON drive_entry (account_id, parent_id, id, trashed);
CREATE INDEX drive_walk ON drive_entry (account_id, parent_id, name) WHERE trashed = 0 AND class <= 1;
CREATE INDEX drive_rest ON drive_entry (account_id, parent_id, name) WHERE trashed = 0 AND class >= 2;
CREATE INDEX drive_blob ON drive_entry (account_id, blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX drive_trash ON drive_entry (account_id, trashed, id) WHERE trashed > 0;
CREATE INDEX drive_detached ON drive_entry (account_id, id) WHERE trashed = 2;

-- imagebed -----------------------------------------------------------------
CREATE TABLE bed_folder (
  account_id BIGINT NOT NULL REFERENCES account (id),
  id         TEXT COLLATE "C" NOT NULL,
  parent_id  TEXT COLLATE "C" NOT NULL, -- the root's is itself
  name       TEXT COLLATE "C" NOT NULL,
  detached   SMALLINT NOT NULL DEFAULT 0, -- 1: being deleted for good, with all below it
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, id),
  FOREIGN KEY (account_id, parent_id) REFERENCES bed_folder (account_id, id)
);
CREATE UNIQUE INDEX bed_folder_name ON bed_folder (account_id, parent_id, name);
CREATE INDEX bed_folder_list ON bed_folder (account_id, parent_id, id);
CREATE INDEX bed_detached ON bed_folder (account_id, id) WHERE detached = 1;
CREATE UNIQUE INDEX bed_root ON bed_folder (account_id) WHERE parent_id = id;
CREATE TABLE image (
  account_id BIGINT NOT NULL REFERENCES account (id),
  id         TEXT COLLATE "C" NOT NULL,
  folder_id  TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  ext        TEXT COLLATE "C" NOT NULL, -- of the link; fixed at first publication
  blob_id    BIGINT NOT NULL,
  size       BIGINT NOT NULL,
  etag       TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  shown_at   BIGINT NOT NULL, -- since when it shows this content; later by a second at least than for the one before
  PRIMARY KEY (account_id, id),
  FOREIGN KEY (account_id, folder_id) REFERENCES bed_folder (account_id, id),
  FOREIGN KEY (account_id, blob_id) REFERENCES blob (account_id, id)
);
CREATE UNIQUE INDEX image_name ON image (account_id, folder_id, name);
CREATE INDEX image_list ON image (account_id, folder_id, id);
CREATE INDEX image_same ON image (account_id, folder_id, etag, size);
CREATE INDEX image_blob ON image (account_id, blob_id);

-- queue --------------------------------------------------------------------
CREATE TABLE task (
  account_id  BIGINT NOT NULL REFERENCES account (id),
  seq         BIGINT NOT NULL, -- in order of creation, taken under the account's lock
  id          TEXT COLLATE "C" NOT NULL,
  kind        SMALLINT NOT NULL, -- 1 copy
  state       SMALLINT NOT NULL, -- as on the wire: 1 running, 2 done, 3 failed, 4 waiting; 5 cancelled
  attempt     BIGINT NOT NULL, -- counts the claims: the fence
  idle        BIGINT NOT NULL, -- claims since the last mark of progress
  lease_until BIGINT NOT NULL, -- of the running attempt; of a waiting task: not before
  created_at  BIGINT NOT NULL,
  started_at  BIGINT NOT NULL, -- 0 before the first claim
  finished_at BIGINT NOT NULL, -- 0 before the end
  PRIMARY KEY (account_id, seq)
);
CREATE UNIQUE INDEX task_id ON task (account_id, id);
CREATE UNIQUE INDEX task_running ON task (account_id, kind) WHERE state = 1;
CREATE INDEX task_unfinished ON task (account_id, kind, seq) WHERE state IN (1, 4);
CREATE TABLE queue_turn (
  account_id BIGINT NOT NULL REFERENCES account (id),
  kind       SMALLINT NOT NULL,
  served_at  BIGINT NOT NULL,
  PRIMARY KEY (account_id, kind)
);

-- copytask -----------------------------------------------------------------
CREATE TABLE copy_task (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  planned    SMALLINT NOT NULL, -- 1 once the plan is written down
  total      BIGINT NOT NULL,
  copied     BIGINT NOT NULL,
  replaced   BIGINT NOT NULL,
  skipped    BIGINT NOT NULL,
  failed     BIGINT NOT NULL,
  bytes      BIGINT NOT NULL, -- of the pictures copied and replaced
  fail_code  TEXT COLLATE "C" NOT NULL,
  trace_id   TEXT COLLATE "C" NOT NULL, -- of the fault behind fail_code internal
  PRIMARY KEY (account_id, task_seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES task (account_id, seq)
);
CREATE TABLE copy_source (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  ord        BIGINT NOT NULL,
  drive_id   BIGINT NOT NULL,
  class      SMALLINT NOT NULL, -- at creation, as of drive_entry
  name       TEXT COLLATE "C" NOT NULL, -- at creation
  PRIMARY KEY (account_id, task_seq, ord),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
);
CREATE TABLE copy_folder (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  no         BIGINT NOT NULL, -- 0 is the target
  parent_no  BIGINT NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  folder_id  TEXT COLLATE "C" NOT NULL, -- '' until found or made
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
);
CREATE TABLE copy_dir (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  no         BIGINT NOT NULL,
  drive_id   BIGINT NOT NULL, -- the drive folder that items were planned from
  path       TEXT COLLATE "C" NOT NULL, -- where it was then
  folder_no  BIGINT NOT NULL, -- the target folder of its pictures; -1 where it has none
  PRIMARY KEY (account_id, task_seq, no),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
);
CREATE TABLE copy_item (
  account_id BIGINT NOT NULL,
  task_seq   BIGINT NOT NULL,
  seq        BIGINT NOT NULL, -- in order of the plan
  dir_no     BIGINT NOT NULL,
  drive_id   BIGINT NOT NULL,
  name       TEXT COLLATE "C" NOT NULL, -- in the drive, when planned
  blob_id    BIGINT NOT NULL, -- 0 where the source was gone already
  etag       TEXT COLLATE "C" NOT NULL,
  size       BIGINT NOT NULL,
  outcome    SMALLINT NOT NULL, -- 0 open, 1 copied, 2 replaced, 3 skipped, 4 failed
  reason     TEXT COLLATE "C" NOT NULL,
  image_id   TEXT COLLATE "C" NOT NULL, -- '' unless published
  fail_no    BIGINT NOT NULL, -- its place in the list of failures, from 1; 0 unless failed
  PRIMARY KEY (account_id, task_seq, seq),
  FOREIGN KEY (account_id, task_seq) REFERENCES copy_task (account_id, task_seq)
);
CREATE UNIQUE INDEX copy_item_fail ON copy_item (account_id, task_seq, fail_no) WHERE outcome = 4;
CREATE TABLE publication (
  account_id   BIGINT NOT NULL,
  image_id     TEXT COLLATE "C" NOT NULL,
  task_seq     BIGINT NOT NULL,
  item_seq     BIGINT NOT NULL, -- an image moved meanwhile may be met by a second item of its task
  drive_id     BIGINT NOT NULL,
  parent_id    BIGINT NOT NULL,
  name         TEXT COLLATE "C" NOT NULL,
  etag         TEXT COLLATE "C" NOT NULL,
  published_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, image_id, task_seq, item_seq),
  FOREIGN KEY (account_id, image_id) REFERENCES image (account_id, id) ON DELETE CASCADE
);

-- upload -------------------------------------------------------------------
CREATE TABLE upload (
  account_id  BIGINT NOT NULL REFERENCES account (id),
  id          TEXT COLLATE "C" NOT NULL,
  blob_id     BIGINT NOT NULL, -- the pending blob that the slices go to
  dest        SMALLINT NOT NULL, -- 1 drive, 2 bed
  parent      TEXT COLLATE "C" NOT NULL, -- a drive id or a bed folder id
  name        TEXT COLLATE "C" NOT NULL,
  etag        TEXT COLLATE "C" NOT NULL,
  size        BIGINT NOT NULL,
  duplicate   SMALLINT NOT NULL,
  slice_size  BIGINT NOT NULL,
  store_ref   TEXT COLLATE "C" NOT NULL DEFAULT '', -- what the store calls the place of the slices
  reserved    BIGINT NOT NULL, -- bytes of the quota, until it is completed or dropped
  state       SMALLINT NOT NULL, -- 1 open, 2 completed
  result_id   TEXT COLLATE "C" NOT NULL, -- of the file or image, once completed
  hashed      BIGINT NOT NULL, -- bytes of the contiguous prefix that hash_state covers
  hash_state  BYTEA NOT NULL,
  verifying   SMALLINT NOT NULL DEFAULT 0, -- 1: a completion was asked for, and is to go on
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX upload_open ON upload (account_id) WHERE state = 1;
CREATE INDEX upload_expiry ON upload (expires_at);
CREATE TABLE upload_slice (
  account_id BIGINT NOT NULL,
  upload_id  TEXT COLLATE "C" NOT NULL,
  no         BIGINT NOT NULL,
  size       BIGINT NOT NULL,
  md5        TEXT COLLATE "C" NOT NULL,
  part       TEXT COLLATE "C" NOT NULL, -- what the store calls the slice
  PRIMARY KEY (account_id, upload_id, no),
  FOREIGN KEY (account_id, upload_id) REFERENCES upload (account_id, id) ON DELETE CASCADE
);
