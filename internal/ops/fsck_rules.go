package ops

import (
	"context"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
)

// Rules name what they look at by table and account where they walk through no table.
const (
	ofAccount = `'account ' || CAST($1 AS BIGINT)`
	paged     = ` x.account_id = $1 AND x.id > $2 AND x.id <= $3 `
	key       = `CAST(x.id AS TEXT)`

	hour = `3600000000` // microseconds
	day  = `86400000000`
)

// installation are the rules of what belongs to no account.
var installation = []rule{
	{code: "key.length", query: `SELECT 'signing_key ' || name, CAST(length(secret) AS TEXT), '64' FROM signing_key WHERE length(secret) <> 64`},
	{code: "mark.empty", query: `SELECT 'mark ' || name, '', '' FROM mark WHERE value = ''`, fix: `DELETE FROM mark WHERE value = ''`},
	{code: "time.ahead", query: `
		SELECT 'blob_hold ' || name, CAST(held_until AS TEXT), '' FROM blob_hold WHERE held_until > {now} + ` + day,
		fix: `DELETE FROM blob_hold WHERE held_until > {now} + ` + day},
}

// sums are the rules of an account as a whole; they come when its rows were looked at.
var sums = []rule{
	{code: "account.state", query: `SELECT ` + ofAccount + `, CAST(state AS TEXT), '' FROM account WHERE id = $1 AND state NOT IN (1, 2, 3)`},
	{code: "account.used", query: `
		SELECT ` + ofAccount + `, CAST(a.used AS TEXT), CAST(s.n AS TEXT) FROM account a CROSS JOIN (SELECT ` + usedSum + ` AS n) s
		WHERE a.id = $1 AND a.used <> s.n`,
		fix: `UPDATE account SET used = ` + usedSum + ` WHERE id = $1`},
	{code: "account.entries", query: `
		SELECT ` + ofAccount + `, CAST(a.entries AS TEXT), CAST(s.n AS TEXT) FROM account a CROSS JOIN (SELECT ` + entriesSum + ` AS n) s
		WHERE a.id = $1 AND a.entries <> s.n`,
		fix: `UPDATE account SET entries = ` + entriesSum + ` WHERE id = $1`},
	{code: "account.reserved", query: `
		SELECT ` + ofAccount + `, CAST(a.reserved AS TEXT), CAST(s.n AS TEXT) FROM account a CROSS JOIN (SELECT ` + reservedSum + ` AS n) s
		WHERE a.id = $1 AND a.reserved <> s.n`,
		fix: `UPDATE account SET reserved = ` + reservedSum + ` WHERE id = $1`},
	{code: "account.next_blob", query: `
		SELECT ` + ofAccount + `, CAST(a.next_blob AS TEXT), CAST(s.n AS TEXT) FROM account a CROSS JOIN (SELECT ` + nextBlob + ` AS n) s
		WHERE a.id = $1 AND a.next_blob < s.n`,
		fix: `UPDATE account SET next_blob = ` + nextBlob + ` WHERE id = $1`},
	{code: "account.next_task", query: `
		SELECT ` + ofAccount + `, CAST(a.next_task AS TEXT), CAST(s.n AS TEXT) FROM account a CROSS JOIN (SELECT ` + nextTask + ` AS n) s
		WHERE a.id = $1 AND a.next_task < s.n`,
		fix: `UPDATE account SET next_task = ` + nextTask + ` WHERE id = $1`},
	{code: "account.client", query: `
		SELECT ` + ofAccount + `, '0', '1' FROM account WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM client c WHERE c.account_id = $1)`},
	{code: "client.secret", query: `
		SELECT 'client ' || id, CAST(length(secret_sha256) AS TEXT), '64' FROM client WHERE account_id = $1 AND length(secret_sha256) <> 64`},
	{code: "drive.next_id", query: `
		SELECT 'id_block drive', CAST(b.next AS TEXT), CAST(s.n AS TEXT) FROM id_block b
		CROSS JOIN (SELECT coalesce(max(id), 0) + 1 AS n FROM drive_entry WHERE account_id = $1) s WHERE b.name = 'drive' AND b.next < s.n`,
		fix: `
		UPDATE id_block SET next = (SELECT coalesce(max(id), 0) + 1 FROM drive_entry WHERE account_id = $1)
		WHERE name = 'drive' AND next < (SELECT coalesce(max(id), 0) + 1 FROM drive_entry WHERE account_id = $1)`},
	{code: "drive.next_id", query: `
		SELECT 'id_block drive', '', CAST(max(id) + 1 AS TEXT) FROM drive_entry WHERE account_id = $1
		AND NOT EXISTS (SELECT 1 FROM id_block WHERE name = 'drive') HAVING max(id) > 0`,
		fix: `INSERT INTO id_block (name, next) SELECT 'drive', coalesce(max(id), 0) + 1 FROM drive_entry WHERE account_id = $1 ON CONFLICT (name) DO NOTHING`},
	// A worker takes no task before its time, and the sweeps nothing: one far ahead is never.
	{code: "time.ahead", query: `
		SELECT 'task ' || account_id || '/' || seq, CAST(lease_until AS TEXT), '' FROM task
		WHERE account_id = $1 AND state IN (1, 4) AND lease_until > {now} + ` + hour,
		fix: `UPDATE task SET lease_until = 0 WHERE account_id = $1 AND state IN (1, 4) AND lease_until > {now} + ` + hour},
	{code: "time.ahead", query: `
		SELECT 'queue_turn ' || account_id || '/' || kind, CAST(served_at AS TEXT), '' FROM queue_turn WHERE account_id = $1 AND served_at > {now} + ` + hour,
		fix: `UPDATE queue_turn SET served_at = {now} WHERE account_id = $1 AND served_at > {now} + ` + hour},
	{code: "time.ahead", query: `
		SELECT 'unreferenced ' || account_id || '/' || blob_id, CAST(since AS TEXT), '' FROM unreferenced WHERE account_id = $1 AND since > {now} + ` + hour,
		fix: `UPDATE unreferenced SET since = {now} WHERE account_id = $1 AND since > {now} + ` + hour},
	{code: "time.ahead", query: `
		SELECT 'upload ' || account_id || '/' || id, CAST(expires_at AS TEXT), '' FROM upload WHERE account_id = $1 AND expires_at > {now} + 7 * ` + day,
		fix: `UPDATE upload SET expires_at = {now} + ` + day + ` WHERE account_id = $1 AND expires_at > {now} + 7 * ` + day},
	{code: "time.ahead", query: `
		SELECT 'copy_plan ' || account_id || '/' || id, CAST(expires_at AS TEXT), '' FROM copy_plan WHERE account_id = $1 AND expires_at > {now} + ` + day,
		fix: `DELETE FROM copy_plan WHERE account_id = $1 AND expires_at > {now} + ` + day},
	{code: "time.ahead", query: `
		SELECT 'oauth_grant ' || account_id || '/' || id, CAST(expires_at AS TEXT), '' FROM oauth_grant WHERE account_id = $1 AND expires_at > {now} + 91 * ` + day,
		fix: `DELETE FROM oauth_grant WHERE account_id = $1 AND expires_at > {now} + 91 * ` + day},
	{code: "time.ahead", query: `
		SELECT 'account_rate ' || account_id || ' ' || path, CAST(until AS TEXT), '' FROM account_rate WHERE account_id = $1 AND until > {now} + ` + hour,
		fix: `DELETE FROM account_rate WHERE account_id = $1 AND until > {now} + ` + hour},
	{code: "time.ahead", query: `
		SELECT DISTINCT 'direct_traffic ' || account_id || '/' || hour, CAST(hour AS TEXT), '' FROM direct_traffic
		WHERE account_id = $1 AND hour > {now} / ` + hour + ` + 1`,
		fix: `DELETE FROM direct_traffic WHERE account_id = $1 AND hour > {now} / ` + hour + ` + 1`},
	// Where a signature is wanted and there is no key, nothing can be read: nobody knows which of both is right.
	{code: "direct.setting", query: `
		SELECT ` + ofAccount + `, '', '' FROM direct_setting
		WHERE account_id = $1 AND (signed NOT IN (0, 1) OR blocking NOT IN (0, 1) OR signed = 1 AND auth_key = '')`},
	{code: "plan.task", query: `
		SELECT 'copy_plan ' || account_id || '/' || id, task_id, '' FROM copy_plan WHERE account_id = $1 AND ` + planOfNone,
		fix: `DELETE FROM copy_plan WHERE account_id = $1 AND ` + planOfNone},
	{code: "queue.turn", query: `
		SELECT 'queue_turn ' || account_id || '/' || kind, '', '' FROM queue_turn q WHERE q.account_id = $1
		AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = $1 AND t.kind = q.kind)`,
		fix: `DELETE FROM queue_turn WHERE account_id = $1 AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = $1 AND t.kind = queue_turn.kind)`},
	{code: "queue.unfinished", query: `
		SELECT 'queue_turn ' || account_id || '/' || kind, CAST(has AS TEXT), CAST(want AS TEXT) FROM (
			SELECT q.account_id, q.kind, q.unfinished AS has, ` + unfinishedOf + ` AS want FROM queue_turn q WHERE q.account_id = $1) s
		WHERE has <> want`,
		fix: `UPDATE queue_turn AS q SET unfinished = ` + unfinishedOf + ` WHERE account_id = $1`},
	{code: "queue.no_turn", query: `
		SELECT 'queue_turn ' || t.account_id || '/' || t.kind, '', CAST(count(*) AS TEXT) FROM task t WHERE t.account_id = $1 AND t.state IN (1, 4)
		AND NOT EXISTS (SELECT 1 FROM queue_turn q WHERE q.account_id = t.account_id AND q.kind = t.kind) GROUP BY t.account_id, t.kind`,
		fix: `
		INSERT INTO queue_turn (account_id, kind, served_at, unfinished)
		SELECT t.account_id, t.kind, 0, count(*) FROM task t WHERE t.account_id = $1 AND t.state IN (1, 4) GROUP BY t.account_id, t.kind
		ON CONFLICT (account_id, kind) DO NOTHING`},
	{code: "task.unfinished", query: `
		SELECT ` + ofAccount + `, CAST(count(*) AS TEXT), '3' FROM task WHERE account_id = $1 AND kind = 1 AND state IN (1, 4) GROUP BY kind HAVING count(*) > 3`},
}

const (
	entriesSum = `(SELECT count(*) FROM drive_entry WHERE account_id = $1 AND id <> 0)`
	usedSum    = `(SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM drive_entry WHERE account_id = $1)
			+ (SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM image WHERE account_id = $1)`
	reservedSum = `(SELECT CAST(coalesce(sum(reserved), 0) AS BIGINT) FROM upload WHERE account_id = $1 AND state = 1)
			+ (SELECT CAST(coalesce(sum(reserved), 0) AS BIGINT) FROM offline_task WHERE account_id = $1)`
	nextBlob = `(SELECT coalesce(max(n), 0) + 1 FROM (
			SELECT max(id) AS n FROM blob WHERE account_id = $1 UNION ALL SELECT max(blob_id) FROM doomed WHERE account_id = $1
			UNION ALL SELECT max(blob_id) FROM drive_entry WHERE account_id = $1 UNION ALL SELECT max(blob_id) FROM image WHERE account_id = $1) s)`
	unfinishedOf = `(SELECT count(*) FROM task t WHERE t.account_id = q.account_id AND t.kind = q.kind AND t.state IN (1, 4))`
	planOfNone   = `task_id <> '' AND NOT EXISTS (SELECT 1 FROM task t WHERE t.account_id = copy_plan.account_id AND t.id = copy_plan.task_id)`
	nextTask     = `(SELECT coalesce(max(seq), 0) + 1 FROM task WHERE account_id = $1)`
)

// shows are the rules of what refers to content.
func shows(prefix, table, only string) []rule {
	const columns = `CAST(x.id AS TEXT), 'blob ' || coalesce(CAST(x.blob_id AS TEXT), 'NULL')`
	return []rule{
		{code: prefix + ".content_row", query: `
			SELECT ` + columns + `, '' FROM ` + table + ` x WHERE` + paged + only + `
			AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.account_id = x.account_id AND b.id = x.blob_id AND b.state > 0)`},
		{code: prefix + ".content_lost", query: `
			SELECT ` + columns + `, '' FROM ` + table + ` x JOIN blob b ON b.account_id = x.account_id AND b.id = x.blob_id
			WHERE` + paged + `AND b.state IN (3, 4)`},
		{code: prefix + ".content_differs", query: `
			SELECT CAST(x.id AS TEXT), x.etag || ' ' || CAST(x.size AS TEXT), b.md5 || ' ' || CAST(b.size AS TEXT)
			FROM ` + table + ` x JOIN blob b ON b.account_id = x.account_id AND b.id = x.blob_id
			WHERE` + paged + `AND b.state > 0 AND (b.md5 <> x.etag OR b.size <> x.size)`},
	}
}

// walks are the tables with a key of their own in an account. What others hang on
// comes first.
var walks = []walk{
	{table: "drive_entry", key: "id", rules: append(shows("drive", "drive_entry", ` AND x.class > 0`),
		rule{code: "drive.parent", query: `
			SELECT ` + key + `, CAST(x.parent_id AS TEXT), '' FROM drive_entry x WHERE` + paged + `AND x.id <> 0
			AND NOT EXISTS (SELECT 1 FROM drive_entry p WHERE p.account_id = x.account_id AND p.id = x.parent_id AND p.class = 0)`,
			mend: adoptEntry},
		rule{code: "drive.cycle", query: cycles("drive_entry", `x.class = 0 AND x.id <> 0`, `e.id <> 0 AND e.id <> e.parent_id`), mend: adoptEntry},
		rule{code: "drive.folder", query: `
			SELECT ` + key + `, '', '' FROM drive_entry x WHERE` + paged + `AND x.class = 0 AND (x.blob_id IS NOT NULL OR x.size <> 0 OR x.etag <> '')`,
			fix: `UPDATE drive_entry SET blob_id = NULL, size = 0, etag = '' WHERE account_id = $1 AND id = $2 AND class = 0`},
		rule{code: "drive.trashed", query: `
			SELECT ` + key + `, CAST(x.trashed AS TEXT), '' FROM drive_entry x WHERE` + paged + `AND x.trashed NOT IN (0, 1, 2)`},
		rule{code: "drive.children", query: `
			SELECT id, has, want FROM (
				SELECT ` + key + ` AS id, CAST(x.children AS TEXT) AS has, CAST((
					SELECT count(*) FROM drive_entry c WHERE c.account_id = x.account_id AND c.parent_id = x.id AND c.trashed = 0 AND c.id <> 0) AS TEXT) AS want
				FROM drive_entry x WHERE` + paged + `) s WHERE has <> want`,
			mend: func(ctx context.Context, tx *db.Tx, acc int64, key string) error {
				id, err := drive.ParseID(key)
				if err != nil {
					return err
				}
				return drive.Recount(ctx, tx, account.ID(acc), id)
			}},
		rule{code: "drive.total", query: `
			SELECT id, has, want FROM (
				SELECT ` + key + ` AS id, CAST(x.total AS TEXT) AS has, CAST((
					SELECT CAST(coalesce(sum(c.size + c.total), 0) AS BIGINT) FROM drive_entry c
					WHERE c.account_id = x.account_id AND c.parent_id = x.id AND c.trashed = 0 AND c.id <> 0) AS TEXT) AS want
				FROM drive_entry x WHERE` + paged + `) s WHERE has <> want`,
			mend: func(ctx context.Context, tx *db.Tx, acc int64, key string) error {
				id, err := drive.ParseID(key)
				if err != nil {
					return err
				}
				return drive.RecountBelow(ctx, tx, account.ID(acc), id)
			}},
	), rows: []scan{driveRows}, page: driveIndexed},
	{table: "bed_folder", key: "id", text: true, rules: []rule{
		{code: "bed.parent", query: `
			SELECT x.id, x.parent_id, '' FROM bed_folder x WHERE` + paged + `
			AND NOT EXISTS (SELECT 1 FROM bed_folder p WHERE p.account_id = x.account_id AND p.id = x.parent_id)`, mend: adoptImage},
		{code: "bed.cycle", query: cycles("bed_folder", `x.id <> x.parent_id`, `e.id <> e.parent_id`), mend: adoptImage},
		{code: "bed.name_twice", query: `
			SELECT x.id, x.name, '' FROM bed_folder x WHERE` + paged + `AND x.id <> x.parent_id
			AND EXISTS (SELECT 1 FROM image i WHERE i.account_id = x.account_id AND i.folder_id = x.parent_id AND i.name = x.name)`},
		{code: "bed.detached", query: `SELECT x.id, CAST(x.detached AS TEXT), '' FROM bed_folder x WHERE` + paged + `AND x.detached NOT IN (0, 1)`},
	}, rows: []scan{bedRows}},
	{table: "image", key: "id", text: true, rules: append(shows("image", "image", ``),
		rule{code: "image.folder", query: `
			SELECT x.id, x.folder_id, '' FROM image x WHERE` + paged + `
			AND NOT EXISTS (SELECT 1 FROM bed_folder p WHERE p.account_id = x.account_id AND p.id = x.folder_id)`, mend: adoptImage},
		rule{code: "image.size", query: `SELECT x.id, CAST(x.size AS TEXT), '' FROM image x WHERE` + paged + `AND (x.size <= 0 OR x.size > 10737418240)`},
	), rows: []scan{imageRows}},
	{table: "blob", key: "id", rules: []rule{
		{code: "blob.state", query: `SELECT ` + key + `, CAST(x.state AS TEXT), '' FROM blob x WHERE` + paged + `AND x.state NOT IN (0, 1, 2, 3, 4)`},
		{code: "blob.facts", query: `
			SELECT ` + key + `, '', '' FROM blob x WHERE` + paged + `AND x.state > 0 AND (length(x.sha256) <> 64 OR length(x.sha1) <> 40 OR length(x.md5) <> 32 OR x.size < 0)`},
		{code: "blob.begun", query: `
			SELECT ` + key + `, '', '' FROM blob x WHERE` + paged + `AND x.state = 0
			AND x.created_at < (SELECT max(n.created_at) FROM blob n WHERE n.account_id = x.account_id) - 604800000000
			AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.account_id = x.account_id AND u.blob_id = x.id AND u.state = 1)
			AND NOT EXISTS (SELECT 1 FROM offline_task o WHERE o.account_id = x.account_id AND o.blob_id = x.id AND o.blob_id > 0)`,
			mend: func(ctx context.Context, tx *db.Tx, acc int64, key string) error {
				id, err := strconv.ParseInt(key, 10, 64)
				if err != nil {
					return err
				}
				_, err = blob.Discard(ctx, tx, blob.Key{Account: acc, ID: id})
				return err
			}},
		{code: "blob.unnoticed", query: `
			SELECT ` + key + `, '', '' FROM blob x WHERE` + paged + `AND x.state IN (1, 3, 4)
			AND NOT EXISTS (SELECT 1 FROM drive_entry e WHERE e.account_id = x.account_id AND e.blob_id = x.id)
			AND NOT EXISTS (SELECT 1 FROM image i WHERE i.account_id = x.account_id AND i.blob_id = x.id)
			AND NOT EXISTS (SELECT 1 FROM unreferenced n WHERE n.account_id = x.account_id AND n.blob_id = x.id)`,
			mend: func(ctx context.Context, tx *db.Tx, acc int64, key string) error {
				id, err := strconv.ParseInt(key, 10, 64)
				if err != nil {
					return err
				}
				return blob.Released(ctx, tx, acc, []int64{id})
			}},
	}},
	{table: "unreferenced", key: "blob_id", rules: []rule{{code: "unreferenced.row", query: `
		SELECT CAST(x.blob_id AS TEXT), '', '' FROM unreferenced x WHERE x.account_id = $1 AND x.blob_id > $2 AND x.blob_id <= $3
		AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.account_id = x.account_id AND b.id = x.blob_id)`,
		fix: `DELETE FROM unreferenced WHERE account_id = $1 AND blob_id = $2`}}},
	{table: "doomed", key: "blob_id", rules: []rule{{code: "doomed.row", query: `
		SELECT CAST(x.blob_id AS TEXT), '', '' FROM doomed x WHERE x.account_id = $1 AND x.blob_id > $2 AND x.blob_id <= $3
		AND EXISTS (SELECT 1 FROM blob b WHERE b.account_id = x.account_id AND b.id = x.blob_id)`,
		fix: `DELETE FROM doomed WHERE account_id = $1 AND blob_id = $2`}}},
	// Before the tokens, which end with what they come from.
	{table: "oauth_grant", key: "id", text: true, rules: []rule{
		{code: "grant.client", query: grantToNone,
			fix: `DELETE FROM oauth_grant WHERE account_id = $1 AND id = $2`},
		{code: "grant.facts", query: `
			SELECT x.id, '', '' FROM oauth_grant x WHERE` + paged + `
			AND (length(x.code_sha256) <> 64 OR length(x.refresh_sha256) NOT IN (0, 64) OR x.scope < 1 OR x.scope > 7 OR x.redirect_uri = '')`,
			fix: `DELETE FROM oauth_grant WHERE account_id = $1 AND id = $2`},
	}},
	{table: "token", key: "id", text: true, rules: []rule{
		{code: "token.client", query: `
			SELECT x.id, x.client_id, '' FROM token x WHERE` + paged + `AND x.grant_id = '' AND x.client_id <> '` + account.PageClient + `'
			AND NOT EXISTS (SELECT 1 FROM client c WHERE c.id = x.client_id AND c.account_id = x.account_id)`,
			fix: `DELETE FROM token WHERE account_id = $1 AND id = $2`},
		{code: "token.grant", query: `
			SELECT x.id, x.grant_id, '' FROM token x WHERE` + paged + `AND x.grant_id <> '' AND NOT EXISTS (
				SELECT 1 FROM oauth_grant g WHERE g.account_id = x.account_id AND g.id = x.grant_id AND g.client_id = x.client_id AND g.scope = x.scope)`,
			fix: `DELETE FROM token WHERE account_id = $1 AND id = $2`},
	}},
	{table: "share", key: "id", rules: []rule{
		// It is looked for in the rows of the account that its key names.
		{code: "share.key", query: `SELECT ` + key + `, '', '' FROM share x WHERE` + paged + `AND x.key NOT LIKE CAST(x.account_id AS TEXT) || '-%'`},
	}},
	{table: "share_file", key: "share_id", rules: []rule{{code: "share.file", query: `
		SELECT DISTINCT CAST(x.share_id AS TEXT), '', '' FROM share_file x WHERE x.account_id = $1 AND x.share_id > $2 AND x.share_id <= $3 AND` + sharedNot,
		fix: `DELETE FROM share_file AS x WHERE x.account_id = $1 AND x.share_id = $2 AND` + sharedNot}}},
	{table: "direct_folder", key: "drive_id", rules: []rule{{code: "direct.folder", query: `
		SELECT CAST(x.drive_id AS TEXT), '', '' FROM direct_folder x WHERE x.account_id = $1 AND x.drive_id > $2 AND x.drive_id <= $3
		AND NOT EXISTS (SELECT 1 FROM drive_entry e WHERE e.account_id = x.account_id AND e.id = x.drive_id AND e.class = 0 AND e.id <> 0)`,
		fix: `DELETE FROM direct_folder WHERE account_id = $1 AND drive_id = $2`}}},
	{table: "direct_blocked", key: "address", text: true, rules: []rule{{code: "direct.blocked", query: `
		SELECT x.address, '', '' FROM direct_blocked x WHERE x.account_id = $1 AND x.address > $2 AND x.address <= $3
		AND x.address NOT LIKE '%.%' AND x.address NOT LIKE '%:%'`,
		fix: `DELETE FROM direct_blocked WHERE account_id = $1 AND address = $2`}}},
	{table: "direct_traffic", key: "hour", rules: []rule{{code: "direct.traffic", query: `
		SELECT DISTINCT CAST(x.hour AS TEXT), '', '' FROM direct_traffic x WHERE x.account_id = $1 AND x.hour > $2 AND x.hour <= $3 AND` + wrongTraffic,
		fix: `DELETE FROM direct_traffic AS x WHERE x.account_id = $1 AND x.hour = $2 AND` + wrongTraffic}}},
	// Before the uploads: of what is to be sent again nothing is hashed.
	{table: "upload_slice", key: "upload_id", text: true, rules: []rule{
		{code: "slice.upload", query: `
			SELECT DISTINCT x.upload_id, '', '' FROM upload_slice x WHERE x.account_id = $1 AND x.upload_id > $2 AND x.upload_id <= $3
			AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.account_id = x.account_id AND u.id = x.upload_id)`,
			fix: `DELETE FROM upload_slice WHERE account_id = $1 AND upload_id = $2`},
		{code: "slice.size", query: `
			SELECT DISTINCT x.upload_id, '', '' FROM upload_slice x JOIN upload u ON u.account_id = x.account_id AND u.id = x.upload_id
			WHERE x.account_id = $1 AND x.upload_id > $2 AND x.upload_id <= $3 AND u.state = 1 AND` + wrongSlice,
			fix: `DELETE FROM upload_slice WHERE account_id = $1 AND upload_id = $2 AND EXISTS (
				SELECT 1 FROM upload u WHERE u.account_id = upload_slice.account_id AND u.id = upload_slice.upload_id AND` +
				strings.ReplaceAll(wrongSlice, "x.", "upload_slice.") + `)`},
	}},
	{table: "upload", key: "id", text: true, rules: []rule{
		{code: "upload.blob", query: `
			SELECT x.id, 'blob ' || CAST(x.blob_id AS TEXT), '' FROM upload x WHERE` + paged + `AND x.state = 1
			AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.account_id = x.account_id AND b.id = x.blob_id AND b.state = 0)`},
		{code: "upload.result", query: `
			SELECT x.id, CAST(x.state AS TEXT), '' FROM upload x WHERE` + paged + `AND (x.state NOT IN (1, 2) OR (x.state = 2) <> (x.result_id <> '') OR x.dest NOT IN (1, 2))`},
		{code: "upload.hashed", query: `
			SELECT id, has, want FROM (SELECT x.id, CAST(x.hashed AS TEXT) AS has, x.hashed AS n,
				(SELECT CAST(coalesce(sum(s.size), 0) AS BIGINT) FROM upload_slice s WHERE s.account_id = x.account_id AND s.upload_id = x.id) AS m,
				'' AS want FROM upload x WHERE` + paged + `AND x.state = 1) t WHERE n > m`,
			fix: `UPDATE upload SET hashed = 0, hash_state = '' WHERE account_id = $1 AND id = $2`},
	}},
}

// The app of a grant is a client of whichever account.
const grantToNone = `
	SELECT x.id, x.client_id, '' FROM oauth_grant x WHERE` + paged + `
	AND NOT EXISTS (SELECT 1 FROM client c WHERE c.id = x.client_id AND c.app_name <> '')`

const sharedNot = ` (
	NOT EXISTS (SELECT 1 FROM share s WHERE s.account_id = x.account_id AND s.id = x.share_id)
	OR NOT EXISTS (SELECT 1 FROM drive_entry e WHERE e.account_id = x.account_id AND e.id = x.drive_id))`

const wrongTraffic = ` (x.requests < 0 OR x.bytes < 0 OR x.size < 0)`

const wrongSlice = ` (x.no < 1 OR x.size <> CASE WHEN x.no * u.slice_size <= u.size THEN u.slice_size ELSE u.size - (x.no - 1) * u.slice_size END)`

// cycles finds folders that are above themselves.
func cycles(table, which, up string) string {
	return `
		WITH RECURSIVE up (start, id, parent_id, steps) AS (
			SELECT x.id, x.id, x.parent_id, 0 FROM ` + table + ` x WHERE` + paged + `AND ` + which + `
			UNION ALL
			SELECT up.start, e.id, e.parent_id, up.steps + 1 FROM up JOIN ` + table + ` e ON e.account_id = $1 AND e.id = up.parent_id
			WHERE up.steps < 300 AND up.parent_id <> up.start AND ` + up + `
		) SELECT DISTINCT CAST(start AS TEXT), '', '' FROM up WHERE parent_id = start`
}

func adoptEntry(ctx context.Context, tx *db.Tx, acc int64, key string) error {
	id, err := drive.ParseID(key)
	if err != nil {
		return err
	}
	return drive.Adopt(ctx, tx, account.ID(acc), id)
}

func adoptImage(ctx context.Context, tx *db.Tx, acc int64, key string) error {
	return imagebed.Adopt(ctx, tx, account.ID(acc), imagebed.ID(key))
}

// roots are the rules of what everything else hangs on.
var roots = []rule{
	{code: "drive.root", query: `
		SELECT ` + ofAccount + `, '', '' FROM account WHERE id = $1
		AND NOT EXISTS (SELECT 1 FROM drive_entry r WHERE r.account_id = $1 AND r.id = 0 AND r.parent_id = 0 AND r.class = 0 AND r.trashed = 0)`,
		mend: func(ctx context.Context, tx *db.Tx, acc int64, _ string) error {
			if err := drive.MakeRoot(ctx, tx, account.ID(acc)); err != nil {
				return err
			}
			return drive.Recount(ctx, tx, account.ID(acc), drive.Root)
		}},
	{code: "bed.root", query: `
		SELECT ` + ofAccount + `, CAST(s.n AS TEXT), '1' FROM account a
		CROSS JOIN (SELECT count(*) AS n FROM bed_folder WHERE account_id = $1 AND parent_id = id) s WHERE a.id = $1 AND s.n <> 1`,
		mend: func(ctx context.Context, tx *db.Tx, acc int64, _ string) error {
			return imagebed.MakeRoot(ctx, tx, account.ID(acc))
		}},
}
