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
	selectAfter    = `SELECT ` + columns + ` FROM account WHERE id > $1 ORDER BY id LIMIT $2`
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
	resetAccount = `UPDATE account SET password_hash = $2, link_sha256 = '' WHERE id = $1`
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
	// The one that is an app, or that will be: the oldest.
	selectClientOf    = `SELECT id FROM client WHERE account_id = $1 ORDER BY app_name <> '' DESC, created_at, id LIMIT 1`
	deleteClients     = `DELETE FROM client WHERE account_id = $1`
	selectClients     = `SELECT id, name, app_name, created_at, used_at FROM client WHERE account_id = $1 ORDER BY created_at, id`
	selectOwnClient   = `SELECT app_name FROM client WHERE account_id = $1 AND id = $2`
	insertNamedClient = `
		INSERT INTO client (id, account_id, secret_sha256, name, created_at)
		SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT)
		WHERE (SELECT count(*) FROM client WHERE account_id = $2) < $6`
	nameClient   = `UPDATE client SET name = $3 WHERE account_id = $1 AND id = $2`
	useClient    = `UPDATE client SET used_at = $3 WHERE account_id = $1 AND id = $2 AND used_at < $3`
	deleteClient = `DELETE FROM client WHERE account_id = $1 AND id = $2 AND (SELECT count(*) FROM client WHERE account_id = $1) > 1`

	setLink    = `UPDATE account SET link_sha256 = $2, link_until = $3 WHERE id = $1`
	selectLink = `SELECT link_sha256 FROM account WHERE id = $1`
	useLink    = `UPDATE account SET link_sha256 = '' WHERE id = $1 AND link_sha256 = $2 AND link_until > $3`
	endLink    = `UPDATE account SET link_sha256 = '' WHERE id = $1 AND link_sha256 <> ''`

	insertToken = `
		INSERT INTO token (account_id, id, client_id, created_at, expires_at, scope, grant_id, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	selectToken = `
		SELECT t.expires_at, a.state, t.client_id, t.scope, t.grant_id, t.used_at FROM token t JOIN account a ON a.id = t.account_id
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
	useToken      = `UPDATE token SET used_at = $3 WHERE account_id = $1 AND id = $2 AND used_at < $3`
	selectTokenOf = `SELECT client_id, grant_id FROM token WHERE account_id = $1 AND id = $2`
	// The own ones, the newest first.
	selectTokens = `
		SELECT t.id, t.client_id, coalesce(c.name, ''), t.created_at, t.used_at, t.expires_at, t.address
		FROM token t LEFT JOIN client c ON c.account_id = t.account_id AND c.id = t.client_id
		WHERE t.account_id = $1 AND t.grant_id = '' AND t.expires_at > $2 AND (t.created_at, t.id) < ($3, $4)
		ORDER BY t.created_at DESC, t.id DESC LIMIT $5`
	deleteClientTokens = `DELETE FROM token WHERE account_id = $1 AND client_id = $2 AND grant_id = ''`
	// Tokens of before browsers had a client of their own have no address: nobody knows which
	// of them are sessions.
	deleteOthers = `DELETE FROM token WHERE account_id = $1 AND (client_id = $2 OR address = '') AND grant_id = '' AND id <> $3`

	// Of an account: its app.
	setApp = `UPDATE client SET app_name = $3, redirect_uris = $4 WHERE account_id = $1 AND id = $2`
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
	// The app is a client of whichever account. Codes that were not used are no permission yet.
	selectAllowed = `
		SELECT g.client_id, coalesce(c.app_name, ''), g.scope, g.created_at, g.expires_at
		FROM oauth_grant g LEFT JOIN client c ON c.id = g.client_id
		WHERE g.account_id = $1 AND g.refresh_sha256 <> '' AND g.expires_at > $2 ORDER BY g.created_at DESC, g.id LIMIT $3`
	expiredGrants = `DELETE FROM oauth_grant WHERE expires_at < $1`
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
