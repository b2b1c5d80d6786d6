package account

import (
	"context"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const (
	columns = `id, name, operator, state, quota, used, reserved, entries, max_entries, created_at`

	selectAccounts = `SELECT ` + columns + ` FROM account ORDER BY id`
	selectAccount  = `SELECT ` + columns + ` FROM account WHERE id = $1`
	// Rows that refer to the account may be made meanwhile: they name its number, which
	// never changes.
	lockAccount = `SELECT ` + columns + ` FROM account WHERE id = $1 FOR NO KEY UPDATE`
	// A hash that each reset makes anew.
	selectPassword = `SELECT password_hash FROM account WHERE id = $1`
	selectSignIn   = `SELECT id, password_hash, state FROM account WHERE name = $1`

	byName = `SELECT id FROM account WHERE name = $1`

	// The first account has the number 1001.
	insertAccount = `
		INSERT INTO account (id, name, operator, state, quota, password_hash, created_at)
		VALUES ((SELECT coalesce(max(id), 1000) + 1 FROM account), $1, $2, $3, $4, $5, $6)
		RETURNING id`
	resetAccount = `UPDATE account SET password_hash = $2 WHERE id = $1`
	setLimits    = `UPDATE account SET quota = $2, max_entries = $3 WHERE id = $1`
	setState     = `UPDATE account SET state = $2 WHERE id = $1`

	countKept = `
		UPDATE account SET used = used + $2, reserved = reserved + $3, entries = entries + $4
		WHERE id = $1 AND (quota < 0 OR CAST($2 AS BIGINT) + CAST($3 AS BIGINT) <= 0 OR used + $2 + reserved + $3 <= quota)
		AND (max_entries = 0 OR CAST($4 AS BIGINT) <= 0 OR entries + $4 <= max_entries)`
	nextTask = `UPDATE account SET next_task = next_task + 1 WHERE id = $1 RETURNING next_task - 1`
	nextBlob = `UPDATE account SET next_blob = next_blob + 1 WHERE id = $1 RETURNING next_blob - 1`

	insertClient = `INSERT INTO client (id, account_id, secret_sha256, created_at) VALUES ($1, $2, $3, $4)`
	selectClient = `
		SELECT c.account_id, c.secret_sha256, a.state FROM client c JOIN account a ON a.id = c.account_id
		WHERE c.id = $1`
	selectClientOf = `SELECT id FROM client WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT 1`
	deleteClients  = `DELETE FROM client WHERE account_id = $1`

	insertToken = `
		INSERT INTO token (account_id, id, client_id, created_at, expires_at, scope, grant_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	selectToken = `
		SELECT t.expires_at, a.state, t.client_id, t.scope, t.grant_id FROM token t JOIN account a ON a.id = t.account_id
		WHERE t.account_id = $1 AND t.id = $2`
	selectExpiry = `SELECT expires_at FROM token WHERE account_id = $1 AND id = $2`
	// All but the youngest: more than a client can have is no limit.
	kickTokens = `
		DELETE FROM token WHERE account_id = $1 AND id IN (
			SELECT id FROM token WHERE account_id = $1 AND client_id = $2 AND grant_id = '' AND expires_at > $3
			ORDER BY created_at DESC, id DESC LIMIT 1000000000 OFFSET $4)`
	deleteToken   = `DELETE FROM token WHERE account_id = $1 AND id = $2`
	deleteTokens  = `DELETE FROM token WHERE account_id = $1`
	expiredTokens = `DELETE FROM token WHERE expires_at < $1`

	// Of an account: its app.
	setApp = `UPDATE client SET app_name = $2, redirect_uris = $3 WHERE account_id = $1`
	// An app is known by the client's id, to whoever is asked for permission.
	selectApp = `
		SELECT c.account_id, a.name, a.state, c.app_name, c.redirect_uris FROM client c JOIN account a ON a.id = c.account_id
		WHERE c.id = $1 AND c.app_name <> ''`
	// A reset of its owner waits until what comes of it is there to be ended.
	lockApp    = selectApp + ` FOR NO KEY UPDATE OF c`
	selectApps = `
		SELECT c.id, a.name, c.app_name, c.redirect_uris FROM client c JOIN account a ON a.id = c.account_id
		WHERE c.app_name <> '' ORDER BY a.id, c.id`

	insertGrant = `
		INSERT INTO oauth_grant (account_id, id, client_id, redirect_uri, scope, challenge, code_sha256, refresh_sha256, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9)`
	selectGrant = `
		SELECT client_id, redirect_uri, scope, challenge, code_sha256, refresh_sha256, expires_at FROM oauth_grant
		WHERE account_id = $1 AND id = $2`
	setRefresh        = `UPDATE oauth_grant SET refresh_sha256 = $3, expires_at = $4 WHERE account_id = $1 AND id = $2`
	deleteGrant       = `DELETE FROM oauth_grant WHERE account_id = $1 AND id = $2`
	deleteGrantTokens = `DELETE FROM token WHERE account_id = $1 AND grant_id = $2 AND grant_id <> ''`
	deleteGrants      = `DELETE FROM oauth_grant WHERE account_id = $1`
	selectGrantsTo    = `SELECT id FROM oauth_grant WHERE account_id = $1 AND client_id = $2`
	expiredGrants     = `DELETE FROM oauth_grant WHERE expires_at < $1`
	// What others allowed the app of an account.
	deleteAppTokens = `
		DELETE FROM token WHERE grant_id <> '' AND (account_id, grant_id) IN (
			SELECT account_id, id FROM oauth_grant WHERE client_id IN (SELECT id FROM client WHERE account_id = $1))`
	selectAppGrants = `SELECT id FROM oauth_grant WHERE client_id IN (SELECT id FROM client WHERE account_id = $1) ORDER BY account_id, id FOR UPDATE`
	deleteAppGrants = `DELETE FROM oauth_grant WHERE client_id IN (SELECT id FROM client WHERE account_id = $1)`

	selectKey = `SELECT secret FROM signing_key WHERE name = $1`
	insertKey = `INSERT INTO signing_key (name, secret) VALUES ($1, $2)`
)

func scanAccount(row db.Row) (a Account, err error) {
	var created int64
	err = row.Scan(&a.ID, &a.Name, &a.Operator, &a.State, &a.Quota, &a.Used, &a.Reserved, &a.Entries, &a.MaxEntries, &created)
	a.CreatedAt = time.UnixMicro(created)
	return a, err
}

func one(ctx context.Context, tx *db.Tx, query string, id ID) (Account, error) {
	list, err := db.Collect(ctx, tx, scanAccount, query, id)
	if err != nil {
		return Account{}, fault.Wrap(err, "account: read")
	}
	if len(list) == 0 {
		return Account{}, fault.New(fault.NotFound, "account: read", int64(id))
	}
	return list[0], nil
}
