package blob

import (
	"context"
	"time"

	"tuchuang/internal/db"
)

const (
	placeHold = `
		INSERT INTO blob_hold (name, held_until) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET held_until = excluded.held_until`
	renewHold   = `UPDATE blob_hold SET held_until = $2 WHERE name = $1 AND held_until > $3`
	dropHold    = `DELETE FROM blob_hold WHERE name = $1`
	dropOldHold = `DELETE FROM blob_hold WHERE held_until <= $1`
)

// Hold keeps SweepDoomed, of every process, from removing anything for so long from
// now: whatever has a row in a snapshot that is taken after Hold has returned stays in
// the store. Who needs longer calls Renew in time; Release ends it. Contents may be
// doomed meanwhile. The name is the holder's own.
func Hold(ctx context.Context, d *db.DB, name string, long time.Duration) error {
	return d.Write(ctx, "blob: hold", func(tx *db.Tx) error {
		now, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, dropOldHold, now); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, placeHold, name, now+long.Microseconds())
		return err
	})
}

// Renew holds removal off for so long from now. held is false where the hold has run
// out meanwhile: something may have been removed, and there is no hold any more.
func Renew(ctx context.Context, d *db.DB, name string, long time.Duration) (held bool, err error) {
	err = d.Write(ctx, "blob: renew hold", func(tx *db.Tx) error {
		now, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, renewHold, name, now+long.Microseconds(), now)
		held = n > 0
		return err
	})
	return held, err
}

// Release ends a hold.
func Release(ctx context.Context, d *db.DB, name string) error {
	return d.Write(ctx, "blob: release", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, dropHold, name)
		return err
	})
}
