-- +goose Up

-- How often accounts ask endpoints, where that is limited and several processes are asked.
CREATE TABLE account_rate (
  account_id BIGINT NOT NULL REFERENCES account (id),
  path       TEXT COLLATE "C" NOT NULL,
  until      BIGINT NOT NULL, -- when the account has all of its requests again
  given      BIGINT NOT NULL, -- requests that the last process to ask was given
  PRIMARY KEY (account_id, path)
);
CREATE INDEX account_rate_until ON account_rate (until);
-- A crash may forget it: nobody has to wait for it to be durable.
ALTER TABLE account_rate SET UNLOGGED;

-- Shares that are over go after a while.
CREATE INDEX share_expiry ON share (expires_at) WHERE expires_at > 0;

-- What replication brings was noted where it was made, and the notes come too: one that was
-- made here would be in their way.
ALTER TABLE drive_entry ENABLE TRIGGER drive_made, ENABLE TRIGGER drive_renamed, ENABLE TRIGGER drive_gone;

-- How many files and folders an account has in the drive, in the trash or not, without the
-- root, and how many it may have; 0 for any number. Who has more by now may go on.
ALTER TABLE account ADD COLUMN entries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN max_entries BIGINT NOT NULL DEFAULT 20000000;
UPDATE account SET entries = (SELECT count(*) FROM drive_entry e WHERE e.account_id = account.id AND e.id <> 0);
UPDATE account SET max_entries = 0 WHERE entries >= 20000000;
