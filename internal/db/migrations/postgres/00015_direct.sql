-- +goose Up

-- Folders of the drive whose files, at any depth, everybody can read at their paths.
-- What is deleted for good has no links any more.
CREATE TABLE direct_folder (
  account_id BIGINT NOT NULL,
  drive_id   BIGINT NOT NULL,
  enabled_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, drive_id),
  FOREIGN KEY (account_id, drive_id) REFERENCES drive_entry (account_id, id) ON DELETE CASCADE
);
-- Who may use an account's links. An account that has said nothing has no row.
CREATE TABLE direct_setting (
  account_id BIGINT NOT NULL PRIMARY KEY REFERENCES account (id),
  auth_key   TEXT COLLATE "C" NOT NULL, -- what URLs are signed with, as it is, since its owner signs too; '' for none
  signed     BIGINT NOT NULL, -- 1: no URL works without a signature
  blocking   BIGINT NOT NULL  -- 1: the addresses of direct_blocked are refused
);
CREATE TABLE direct_blocked (
  account_id BIGINT NOT NULL REFERENCES account (id),
  address    TEXT COLLATE "C" NOT NULL, -- of IPv4 or IPv6, in its shortest form
  PRIMARY KEY (account_id, address)
);
-- What was read by links.
CREATE TABLE direct_traffic (
  account_id BIGINT NOT NULL REFERENCES account (id),
  hour       BIGINT NOT NULL, -- since 1970
  drive_id   BIGINT NOT NULL, -- the file may have gone since
  name       TEXT COLLATE "C" NOT NULL,
  size       BIGINT NOT NULL,
  requests   BIGINT NOT NULL,
  bytes      BIGINT NOT NULL,
  PRIMARY KEY (account_id, hour, drive_id)
);
CREATE INDEX direct_traffic_hour ON direct_traffic (hour, account_id, drive_id);
