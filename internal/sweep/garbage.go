package sweep

import (
	"context"
	"errors"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
)

// garbageAtOnce is how many contents are looked at in one read, and at most doomed in
// one transaction.
const garbageAtOnce = 500

// Garbage removes content that no drive file and no image has referred to for a time
// of grace, in short transactions of one account each; what comes back into use within
// it stays. Several processes may do so at once.
func Garbage(ctx context.Context, d *db.DB, store blob.Store, grace time.Duration) error {
	err := doomAll(ctx, d, d.Now().Add(-grace))
	return errors.Join(err, blob.SweepDoomed(ctx, d, store))
}

func doomAll(ctx context.Context, d *db.DB, before time.Time) error {
	for ctx.Err() == nil {
		var found map[int64][]int64
		err := d.WorkerRead(ctx, "sweep: unreferenced", func(tx *db.Tx) (err error) {
			found, err = blob.Unreferenced(ctx, tx, before, garbageAtOnce)
			return err
		})
		if err != nil || len(found) == 0 {
			return err
		}
		for acc, ids := range found {
			if err := doom(ctx, d, account.ID(acc), ids, before); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func doom(ctx context.Context, d *db.DB, acc account.ID, ids []int64, before time.Time) error {
	killpoint.Here("sweep.garbage")
	return d.Write(ctx, "sweep: doom", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		_, err := blob.Doom(ctx, tx, int64(acc), ids, before,
			func(ctx context.Context, tx *db.Tx, ids []int64) ([]int64, error) {
				return drive.Shown(ctx, tx, acc, ids)
			},
			func(ctx context.Context, tx *db.Tx, ids []int64) ([]int64, error) {
				return imagebed.Shown(ctx, tx, acc, ids)
			})
		return err
	})
}
