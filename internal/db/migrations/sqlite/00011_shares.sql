-- +goose Up

-- What an account gives to whoever has its key.
CREATE TABLE share (
  account_id    INTEGER NOT NULL REFERENCES account (id),
  id            INTEGER NOT NULL, -- the time of its creation in milliseconds, or one more than the one before
  key           TEXT NOT NULL, -- of its page: the account's number, a dash, 80 random bits
  name          TEXT NOT NULL,
  password      TEXT NOT NULL, -- as it is, since the owner is shown it; '' for none
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL, -- 0 for never
  traffic       INTEGER NOT NULL, -- 1 to 4, of no effect: nothing is metered
  traffic_limit INTEGER NOT NULL, -- bytes, of no effect either; -1 where that is off
  previews      INTEGER NOT NULL, -- how often its page was opened
  downloads     INTEGER NOT NULL,
  PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX share_key ON share (account_id, key);
-- What is deleted for good is shared no more.
CREATE TABLE share_file (
  account_id INTEGER NOT NULL,
  share_id   INTEGER NOT NULL,
  drive_id   INTEGER NOT NULL, -- a file, or a folder with all below it
  PRIMARY KEY (account_id, share_id, drive_id),
  FOREIGN KEY (account_id, share_id) REFERENCES share (account_id, id),
  FOREIGN KEY (account_id, drive_id) REFERENCES drive_entry (account_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX share_of ON share_file (account_id, drive_id);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('share', 'share', '10000 1000 1'),
  ('share', 'share_key', '10000 1000 1'),
  ('share_file', 'share_file', '100000 10000 10 1'),
  ('share_file', 'share_of', '100000 10000 2 1');
