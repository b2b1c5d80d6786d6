-- +goose Up

-- A client may be an app, which other accounts allow to act for them.
ALTER TABLE client ADD COLUMN app_name TEXT NOT NULL DEFAULT ''; -- '' where it is none
ALTER TABLE client ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT ''; -- where it may be answered, one a line

ALTER TABLE token ADD COLUMN scope INTEGER NOT NULL DEFAULT 7; -- account.Scope: what it may do
ALTER TABLE token ADD COLUMN grant_id TEXT NOT NULL DEFAULT ''; -- the oauth_grant that it comes from; '' where a client got it for its own account
CREATE INDEX token_client ON token (account_id, client_id, created_at, id) WHERE grant_id = '';
CREATE INDEX token_grant ON token (account_id, grant_id) WHERE grant_id <> '';

-- What an account has allowed an app: first a code, then one refresh token after another.
CREATE TABLE oauth_grant (
  account_id     INTEGER NOT NULL REFERENCES account (id), -- who allowed it
  id             TEXT    NOT NULL, -- part of the code and of the refresh tokens
  client_id      TEXT    NOT NULL, -- the app, of whatever account
  redirect_uri   TEXT    NOT NULL,
  scope          INTEGER NOT NULL,
  challenge      TEXT    NOT NULL, -- of PKCE (S256); '' for none
  code_sha256    TEXT    NOT NULL,
  refresh_sha256 TEXT    NOT NULL, -- of the last refresh token; '' until the code is used
  created_at     INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL, -- the end of the code, then of the last refresh token
  PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
CREATE INDEX oauth_grant_client ON oauth_grant (client_id);
CREATE INDEX oauth_grant_expiry ON oauth_grant (expires_at);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('token', 'token_client', '10000 100 10 1 1'),
  ('token', 'token_grant', '1000 100 1'),
  ('oauth_grant', 'oauth_grant', '10000 100 1'),
  ('oauth_grant', 'oauth_grant_client', '10000 1000'),
  ('oauth_grant', 'oauth_grant_expiry', '10000 1');
