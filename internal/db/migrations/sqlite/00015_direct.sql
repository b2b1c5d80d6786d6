-- +goose Up

-- Folders of the drive whose files, at any depth, everybody can read at their paths.
-- What is deleted for good has no links any more.
CREATE TABLE direct_folder (
  account_id INTEGER NOT NULL,
  drive_id   INTEGER NOT NULL,
  enabled_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, drive_id),
  FOREIGN KEY (account_id, drive_id) REFERENCES drive_entry (account_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
-- Who may use an account's links. An account that has said nothing has no row.
CREATE TABLE direct_setting (
  account_id INTEGER NOT NULL PRIMARY KEY REFERENCES account (id),
  auth_key   TEXT    NOT NULL, -- what URLs are signed with, as it is, since its owner signs too; '' for none
  signed     INTEGER NOT NULL, -- 1: no URL works without a signature
  blocking   INTEGER NOT NULL  -- 1: the addresses of direct_blocked are refused
);
CREATE TABLE direct_blocked (
  account_id INTEGER NOT NULL REFERENCES account (id),
  address    TEXT    NOT NULL, -- of IPv4 or IPv6, in its shortest form
  PRIMARY KEY (account_id, address)
) WITHOUT ROWID;
-- What was read by links.
CREATE TABLE direct_traffic (
  account_id INTEGER NOT NULL REFERENCES account (id),
  hour       INTEGER NOT NULL, -- since 1970
  drive_id   INTEGER NOT NULL, -- the file may have gone since
  name       TEXT    NOT NULL,
  size       INTEGER NOT NULL,
  requests   INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  PRIMARY KEY (account_id, hour, drive_id)
) WITHOUT ROWID;
CREATE INDEX direct_traffic_hour ON direct_traffic (hour, account_id, drive_id);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('direct_folder', 'direct_folder', '10000 1000 1'),
  ('direct_blocked', 'direct_blocked', '100000 1000 1'),
  ('direct_traffic', 'direct_traffic', '1000000 100000 1000 1'),
  ('direct_traffic', 'direct_traffic_hour', '1000000 10000 1000 1');
