-- +goose Up

-- How often accounts ask endpoints, where that is limited and several processes are asked:
-- never with this engine.
CREATE TABLE account_rate (
  account_id INTEGER NOT NULL REFERENCES account (id),
  path       TEXT NOT NULL,
  until      INTEGER NOT NULL, -- when the account has all of its requests again
  given      INTEGER NOT NULL, -- requests that the last process to ask was given
  PRIMARY KEY (account_id, path)
) WITHOUT ROWID;
CREATE INDEX account_rate_until ON account_rate (until);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('account_rate', 'account_rate', '10000 10 1'),
  ('account_rate', 'account_rate_until', '10000 10');

-- Shares that are over go after a while.
CREATE INDEX share_expiry ON share (expires_at) WHERE expires_at > 0;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('share', 'share_expiry', '10000 2');

-- How many files and folders an account has in the drive, in the trash or not, without the
-- root, and how many it may have; 0 for any number. Who has more by now may go on.
ALTER TABLE account ADD COLUMN entries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN max_entries INTEGER NOT NULL DEFAULT 20000000;
UPDATE account SET entries = (SELECT count(*) FROM drive_entry e WHERE e.account_id = account.id AND e.id <> 0);
UPDATE account SET max_entries = 0 WHERE entries >= 20000000;
