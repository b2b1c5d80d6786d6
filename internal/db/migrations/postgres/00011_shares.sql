-- +goose Up

-- What an account gives to whoever has its key.
CREATE TABLE share (
  account_id    BIGINT NOT NULL REFERENCES account (id),
  id            BIGINT NOT NULL, -- the time of its creation in milliseconds, or one more than the one before
  key           TEXT COLLATE "C" NOT NULL, -- of its page: the account's number, a dash, 80 random bits
  name          TEXT COLLATE "C" NOT NULL,
  password      TEXT COLLATE "C" NOT NULL, -- as it is, since the owner is shown it; '' for none
  created_at    BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL, -- 0 for never
  traffic       BIGINT NOT NULL, -- 1 to 4, of no effect: nothing is metered
  traffic_limit BIGINT NOT NULL, -- bytes, of no effect either; -1 where that is off
  previews      BIGINT NOT NULL, -- how often its page was opened
  downloads     BIGINT NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX share_key ON share (account_id, key);
-- What is deleted for good is shared no more.
CREATE TABLE share_file (
  account_id BIGINT NOT NULL,
  share_id   BIGINT NOT NULL,
  drive_id   BIGINT NOT NULL, -- a file, or a folder with all below it
  PRIMARY KEY (account_id, share_id, drive_id),
  FOREIGN KEY (account_id, share_id) REFERENCES share (account_id, id),
  FOREIGN KEY (account_id, drive_id) REFERENCES drive_entry (account_id, id) ON DELETE CASCADE
);
CREATE INDEX share_of ON share_file (account_id, drive_id);
