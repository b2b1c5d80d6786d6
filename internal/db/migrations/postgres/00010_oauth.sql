-- +goose Up

-- A client may be an app, which other accounts allow to act for them.
ALTER TABLE client ADD COLUMN app_name TEXT COLLATE "C" NOT NULL DEFAULT ''; -- '' where it is none
ALTER TABLE client ADD COLUMN redirect_uris TEXT COLLATE "C" NOT NULL DEFAULT ''; -- where it may be answered, one a line

ALTER TABLE token ADD COLUMN scope SMALLINT NOT NULL DEFAULT 7; -- account.Scope: what it may do
ALTER TABLE token ADD COLUMN grant_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- the oauth_grant that it comes from; '' where a client got it for its own account
CREATE INDEX token_client ON token (account_id, client_id, created_at, id) WHERE grant_id = '';
CREATE INDEX token_grant ON token (account_id, grant_id) WHERE grant_id <> '';

-- What an account has allowed an app: first a code, then one refresh token after another.
CREATE TABLE oauth_grant (
  account_id     BIGINT NOT NULL REFERENCES account (id), -- who allowed it
  id             TEXT COLLATE "C" NOT NULL, -- part of the code and of the refresh tokens
  client_id      TEXT COLLATE "C" NOT NULL, -- the app, of whatever account
  redirect_uri   TEXT COLLATE "C" NOT NULL,
  scope          SMALLINT NOT NULL,
  challenge      TEXT COLLATE "C" NOT NULL, -- of PKCE (S256); '' for none
  code_sha256    TEXT COLLATE "C" NOT NULL,
  refresh_sha256 TEXT COLLATE "C" NOT NULL, -- of the last refresh token; '' until the code is used
  created_at     BIGINT NOT NULL,
  expires_at     BIGINT NOT NULL, -- the end of the code, then of the last refresh token
  PRIMARY KEY (account_id, id)
);
CREATE INDEX oauth_grant_client ON oauth_grant (client_id);
CREATE INDEX oauth_grant_expiry ON oauth_grant (expires_at);
