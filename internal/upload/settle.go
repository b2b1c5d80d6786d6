package upload

import (
	"context"
	"errors"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
)

const selectOpen = `SELECT account_id, id FROM upload WHERE state = 1`

// EndAll ends every open upload, and all that was begun in one request, of a database
// that goes on in another place: what was staged has not come along. Only who knows
// that nobody else is at the database may call it.
func (u *Uploads) EndAll(ctx context.Context) error {
	type named struct {
		acc account.ID
		id  string
	}
	var open []named
	err := u.db.Read(ctx, "upload: open", func(tx *db.Tx) (err error) {
		open, err = db.Collect(ctx, tx, func(row db.Row) (n named, err error) { return n, row.Scan(&n.acc, &n.id) }, selectOpen)
		return err
	})
	if err != nil {
		return err
	}
	for _, n := range open {
		if _, err := u.drop(ctx, n.acc, n.id); err != nil {
			return err
		}
	}
	return errors.Join(u.SweepOrphans(ctx, true), blob.SweepDoomed(ctx, u.db, u.store))
}
