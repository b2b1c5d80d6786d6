package queue

import (
	"context"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// EndedBefore calls fn for each account whose oldest task of a kind ended before a time,
// until its first error.
func EndedBefore(ctx context.Context, d *db.DB, kind Kind, before time.Time, fn func(account int64) error) error {
	const page = 500
	type oldest struct{ account, finished int64 }
	for last := int64(0); ; {
		var list []oldest
		err := d.WorkerRead(ctx, "queue: oldest tasks", func(tx *db.Tx) (err error) {
			list, err = db.Collect(ctx, tx, func(row db.Row) (o oldest, err error) {
				return o, row.Scan(&o.account, &o.finished)
			}, oldestEnds, kind, last, page)
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, o := range list {
			if o.finished == 0 || o.finished >= before.UnixMicro() {
				continue
			}
			if err := fn(o.account); err != nil {
				return err
			}
		}
		last = list[len(list)-1].account
	}
}

// Oldest reads the oldest task of an account; found is whether there is one.
func Oldest(ctx context.Context, tx *db.Tx, kind Kind, account int64) (t Task, found bool, err error) {
	return getTask(ctx, tx, selectOldest, account, kind)
}

// Remove forgets a task that has ended, and with the last one the account's turn. Call it
// with the account locked, when what belongs to the task is gone; fault.TaskGoesOn where
// it has not ended.
func Remove(ctx context.Context, tx *db.Tx, kind Kind, account, seq int64) error {
	n, err := tx.Exec(ctx, deleteTask, account, seq, kind)
	if err == nil && n == 0 {
		err = fault.New(fault.TaskGoesOn, "queue: remove")
	}
	if err == nil {
		_, err = tx.Exec(ctx, deleteTurn, account, kind)
	}
	return fault.Wrap(err, "queue: remove")
}
