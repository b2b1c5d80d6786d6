package share

import (
	"context"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

const (
	columns = `id, key, name, password, created_at, expires_at, traffic, traffic_limit, previews, downloads`

	insertShare = `
		INSERT INTO share (account_id, id, key, name, password, created_at, expires_at, traffic, traffic_limit, previews, downloads)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)`
	selectLast  = `SELECT coalesce(max(id), 0) FROM share WHERE account_id = $1`
	countShares = `SELECT count(*) FROM share WHERE account_id = $1` // no more than there may be
	selectPage  = `SELECT ` + columns + ` FROM share WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	selectByKey = `SELECT ` + columns + ` FROM share WHERE account_id = $1 AND key = $2`
	setSwitches = `UPDATE share SET traffic = $3, traffic_limit = $4 WHERE account_id = $1 AND id = $2`
	countVisits = `UPDATE share SET previews = previews + $3, downloads = downloads + $4 WHERE account_id = $1 AND id = $2`
	selectLate  = `SELECT account_id, id FROM share WHERE expires_at > 0 AND expires_at < $1 ORDER BY expires_at LIMIT $2`
	deleteShare = `DELETE FROM share WHERE account_id = $1 AND id = $2`

	insertFile  = `INSERT INTO share_file (account_id, share_id, drive_id) VALUES ($1, $2, $3)`
	selectFiles = `SELECT drive_id FROM share_file WHERE account_id = $1 AND share_id = $2 ORDER BY drive_id`
	deleteFiles = `DELETE FROM share_file WHERE account_id = $1 AND share_id = $2`
)

var selectSome = db.List(`SELECT `+columns+` FROM share WHERE account_id = $1 AND id IN (`, 2, `)`)

// scanAt reads a share at some time.
func scanAt(now time.Time) func(row db.Row) (Share, error) {
	return func(row db.Row) (s Share, err error) {
		var created, expires int64
		err = row.Scan(&s.ID, &s.Key, &s.Name, &s.Password, &created, &expires, &s.Traffic, &s.Limit, &s.Previews, &s.Downloads)
		s.CreatedAt = time.UnixMicro(created)
		if expires > 0 {
			s.ExpiresAt = time.UnixMicro(expires)
			s.Expired = !now.Before(s.ExpiresAt)
		}
		return s, err
	}
}

// insert writes a share, and gives it its number: greater than any that the account has,
// and than any it had that is gone.
func insert(ctx context.Context, tx *db.Tx, acc account.ID, s *Share, files []drive.ID) error {
	var last ID
	if _, err := tx.Get(ctx, selectLast, []any{acc}, &last); err != nil {
		return fault.Wrap(err, "share: insert")
	}
	s.ID = max(last+1, ID(s.CreatedAt.UnixMilli()))
	expires := int64(0)
	if !s.ExpiresAt.IsZero() {
		expires = s.ExpiresAt.UnixMicro()
	}
	if _, err := tx.Exec(ctx, insertShare, acc, s.ID, s.Key, s.Name, s.Password, s.CreatedAt.UnixMicro(), expires, s.Traffic, s.Limit); err != nil {
		return fault.Wrap(err, "share: insert")
	}
	for _, id := range files {
		if _, err := tx.Exec(ctx, insertFile, acc, s.ID, id); err != nil {
			return fault.Wrap(err, "share: insert")
		}
	}
	return nil
}

func count(ctx context.Context, tx *db.Tx, acc account.ID) (n int, err error) {
	_, err = tx.Get(ctx, countShares, []any{acc}, &n)
	return n, fault.Wrap(err, "share: count")
}

func filesOf(ctx context.Context, tx *db.Tx, acc account.ID, id ID) ([]drive.ID, error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (id drive.ID, err error) { return id, row.Scan(&id) }, selectFiles, acc, id)
	return list, fault.Wrap(err, "share: files")
}
