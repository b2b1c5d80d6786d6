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
	// Lost: the store is known not to have it any more, or not as it was.
	Lost bool
}

const (
	selectStored = `
		SELECT account_id, id, sha256, size FROM blob
		WHERE (account_id, id) > ($1, $2) AND state IN (1, 2) ORDER BY account_id, id LIMIT $3`
	selectNewest = `
		SELECT account_id, id, sha256, size FROM blob
		WHERE state IN (1, 2) ORDER BY account_id DESC, id DESC LIMIT $1`
	selectNamed = `
		SELECT account_id, id, sha256, size, CASE WHEN state IN (3, 4) THEN 1 ELSE 0 END FROM blob
		WHERE (account_id, id) > ($1, $2) AND state IN (1, 2, 3, 4) ORDER BY account_id, id LIMIT $3`
	// Where the same content was uploaded again meanwhile, that is in use.
	liveAgain = `
		UPDATE blob SET state = 1 WHERE account_id = $1 AND id = $2 AND state IN (3, 4)
		AND NOT EXISTS (SELECT 1 FROM blob o WHERE o.account_id = $1 AND o.sha256 = blob.sha256 AND o.state IN (1, 2))`
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

// NewestStored answers up to so many contents, live and blocked, those of the highest
// keys.
func NewestStored(ctx context.Context, tx *db.Tx, n int) ([]Stored, error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (s Stored, err error) {
		return s, row.Scan(&s.Key.Account, &s.Key.ID, &s.SHA256, &s.Size)
	}, selectNewest, n)
	return list, fault.Wrap(err, "blob: list rows")
}

// NamedAfter is StoredAfter with the contents that are missing or damaged among the others.
func NamedAfter(ctx context.Context, tx *db.Tx, after Key, n int) ([]Stored, error) {
	list, err := db.Collect(ctx, tx, func(row db.Row) (s Stored, err error) {
		lost := 0
		err = row.Scan(&s.Key.Account, &s.Key.ID, &s.SHA256, &s.Size, &lost)
		s.Lost = lost == 1
		return s, err
	}, selectNamed, after.Account, after.ID, n)
	return list, fault.Wrap(err, "blob: list rows")
}

// Revive notes that content which was missing or damaged is in the store again, as its row
// says.
func Revive(ctx context.Context, tx *db.Tx, key Key) error {
	_, err := tx.Exec(ctx, liveAgain, key.Account, key.ID)
	return fault.Wrap(err, "blob: revive")
}

// CountStored answers how many contents there are, and their bytes.
func CountStored(ctx context.Context, tx *db.Tx) (n, bytes int64, err error) {
	_, err = tx.Get(ctx, countStored, nil, &n, &bytes)
	return n, bytes, fault.Wrap(err, "blob: count rows")
}
