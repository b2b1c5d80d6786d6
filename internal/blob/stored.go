package blob

import (
	"context"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Stored is content that should be in the store.
type Stored struct {
	Key    Key
	SHA256 string
	Size   int64
}

const (
	selectStored = `
		SELECT account_id, id, sha256, size FROM blob
		WHERE (account_id, id) > ($1, $2) AND state IN (1, 2) ORDER BY account_id, id LIMIT $3`
	countStored = `SELECT COUNT(*), COALESCE(SUM(size), 0) FROM blob WHERE state IN (1, 2)`
)

// StoredAfter answers up to so many contents, live and blocked, in order of their
// keys, the first after a key.
func StoredAfter(ctx context.Context, tx *db.Tx, after Key, n int) ([]Stored, error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (s Stored, err error) {
		return s, row.Scan(&s.Key.Account, &s.Key.ID, &s.SHA256, &s.Size)
	}, selectStored, after.Account, after.ID, n)
	return list, fault.Wrap(err, "blob: list rows")
}

// CountStored answers how many contents there are, and their bytes.
func CountStored(ctx context.Context, tx *db.Tx) (n, bytes int64, err error) {
	_, err = tx.Get(ctx, countStored, nil, &n, &bytes)
	return n, bytes, fault.Wrap(err, "blob: count rows")
}
