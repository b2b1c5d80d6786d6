package direct

import (
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
)

const (
	insertFolder  = `INSERT INTO direct_folder (account_id, drive_id, enabled_at) VALUES ($1, $2, $3)`
	deleteFolder  = `DELETE FROM direct_folder WHERE account_id = $1 AND drive_id = $2`
	deleteFolders = `DELETE FROM direct_folder WHERE account_id = $1`          // no more than there may be
	countFolders  = `SELECT count(*) FROM direct_folder WHERE account_id = $1` // no more than there may be
	selectFolders = `
		SELECT f.drive_id, e.name, f.enabled_at FROM direct_folder f JOIN drive_entry e ON e.account_id = f.account_id AND e.id = f.drive_id
		WHERE f.account_id = $1 AND f.drive_id > $2 ORDER BY f.drive_id LIMIT $3`

	selectSetting = `
		SELECT a.state, coalesce(s.auth_key, ''), coalesce(s.signed, 0), coalesce(s.blocking, 0)
		FROM account a LEFT JOIN direct_setting s ON s.account_id = $1 WHERE a.id = $1`
	writeSetting = `
		INSERT INTO direct_setting (account_id, auth_key, signed, blocking) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id) DO UPDATE SET auth_key = excluded.auth_key, signed = excluded.signed, blocking = excluded.blocking`

	selectBlocked    = `SELECT 1 FROM direct_blocked WHERE account_id = $1 AND address = $2`
	selectAllBlocked = `SELECT address FROM direct_blocked WHERE account_id = $1 ORDER BY address`
	deleteBlocked    = `DELETE FROM direct_blocked WHERE account_id = $1`

	addTraffic    = `UPDATE direct_traffic SET requests = requests + $4, bytes = bytes + $5 WHERE account_id = $1 AND hour = $2 AND drive_id = $3`
	insertTraffic = `
		INSERT INTO direct_traffic (account_id, hour, drive_id, name, size, requests, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account_id, hour, drive_id) DO UPDATE SET requests = direct_traffic.requests + excluded.requests, bytes = direct_traffic.bytes + excluded.bytes`
	countHour = `SELECT count(*) FROM direct_traffic WHERE account_id = $1 AND hour = $2` // no more than there may be
	countLog  = `SELECT count(*) FROM direct_traffic WHERE account_id = $1 AND hour >= $2 AND hour < $3`
	selectLog = `
		SELECT hour, drive_id, name, size, requests, bytes FROM direct_traffic
		WHERE account_id = $1 AND hour >= $2 AND hour < $3 ORDER BY hour DESC, drive_id DESC LIMIT $4 OFFSET $5`
	// From one hour that has lines to the next, each found by its key.
	selectHours = `
		WITH RECURSIVE next (hour) AS (
			SELECT max(hour) FROM direct_traffic WHERE account_id = $1 AND hour >= $2 AND hour < $3
			UNION ALL
			SELECT (SELECT max(t.hour) FROM direct_traffic t WHERE t.account_id = $1 AND t.hour >= $2 AND t.hour < next.hour) FROM next WHERE next.hour IS NOT NULL
		) SELECT hour FROM next WHERE hour IS NOT NULL`
	deleteOld = `
		DELETE FROM direct_traffic WHERE (account_id, hour, drive_id) IN (
			SELECT account_id, hour, drive_id FROM direct_traffic WHERE hour < $1 ORDER BY hour LIMIT $2)`
)

var (
	selectEnabled = db.List(`SELECT drive_id FROM direct_folder WHERE account_id = $1 AND drive_id IN (`, 2, `)`)
	insertBlocked = db.Insert(`INSERT INTO direct_blocked (account_id, address) VALUES`, 2)
)

func scanID(row db.Row) (id drive.ID, err error) { return id, row.Scan(&id) }

func scanFolder(row db.Row) (f Folder, err error) {
	return f, row.Scan(&f.ID, &f.Name, &f.EnabledAt)
}

func scanLine(row db.Row) (l Line, err error) {
	return l, row.Scan(&l.Hour, &l.ID, &l.Name, &l.Size, &l.Requests, &l.Bytes)
}
