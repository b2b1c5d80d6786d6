-- +goose Up

-- What people call their clients, and when those were last used; 0 for never, or before
-- this was kept.
ALTER TABLE client ADD COLUMN name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE client ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN address TEXT COLLATE "C" NOT NULL DEFAULT ''; -- where it was asked for
-- The own ones of an account, the newest first.
CREATE INDEX token_newest ON token (account_id, created_at, id) WHERE grant_id = '';

-- A link that signs in once, without the password.
ALTER TABLE account ADD COLUMN link_sha256 TEXT COLLATE "C" NOT NULL DEFAULT ''; -- '' where there is none
ALTER TABLE account ADD COLUMN link_until BIGINT NOT NULL DEFAULT 0;
