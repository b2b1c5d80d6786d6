package offline

import (
	"context"
	"errors"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

// SweepEnded removes the tasks that ended longer ago than is kept, each in a transaction
// of its own; those that tell first.
func (d *Downloads) SweepEnded(ctx context.Context, keep time.Duration) error {
	before := d.db.Now().Add(-keep)
	var errs []error
	for _, kind := range []queue.Kind{queue.Callback, queue.Offline} {
		errs = append(errs, queue.EndedBefore(ctx, d.db, kind, before, func(acc int64) error {
			for {
				if more, err := d.removeOldest(ctx, kind, account.ID(acc), before); err != nil || !more {
					return err
				}
			}
		}))
	}
	return errors.Join(errs...)
}

// removeOldest removes an account's oldest task of a kind where that ended before a time;
// more says that it did. One of whose end somebody is still to be told stays.
func (d *Downloads) removeOldest(ctx context.Context, kind queue.Kind, acc account.ID, before time.Time) (more bool, err error) {
	err = d.db.Write(ctx, "offline: remove", func(tx *db.Tx) error {
		more = false
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		old, found, err := queue.Oldest(ctx, tx, kind, int64(acc))
		if err != nil || !found || old.State.Unfinished() || !old.FinishedAt.Before(before) {
			return err
		}
		if kind == queue.Callback {
			_, err = tx.Exec(ctx, forgetCall, acc, old.Seq)
		} else {
			var telling bool
			if telling, err = tx.Get(ctx, stillTelling, []any{acc, old.Seq}, new(int)); err == nil && !telling {
				_, err = tx.Exec(ctx, deleteTask, acc, old.Seq)
			}
			if telling {
				return err
			}
		}
		if err != nil {
			return fault.Wrap(err, "offline: remove")
		}
		more = true
		return queue.Remove(ctx, tx, kind, int64(acc), old.Seq)
	})
	return more, err
}

const stillTelling = `SELECT 1 FROM offline_task WHERE account_id = $1 AND task_seq = $2 AND callback_seq > 0`

// ForgetStaged has every unfinished task begin anew, of a database that goes on in another
// place: what was staged has not come along. Only who knows that nobody else is at the
// database may call it.
func (d *Downloads) ForgetStaged(ctx context.Context) error {
	type named struct{ acc, seq int64 }
	var list []named
	err := d.db.Read(ctx, "offline: staged", func(tx *db.Tx) (err error) {
		list, err = db.Collect(ctx, tx, func(row db.Row) (n named, err error) { return n, row.Scan(&n.acc, &n.seq) }, selectStaged)
		return err
	})
	if err != nil {
		return err
	}
	for _, n := range list {
		w := &work{Lease: &queue.Lease{Task: queue.Task{Account: n.acc, Seq: n.seq}}, acc: account.ID(n.acc), key: blob.Key{Account: n.acc}}
		err := d.db.Write(ctx, "offline: forget staged", func(tx *db.Tx) error {
			if _, err := account.Lock(ctx, tx, w.acc); err != nil {
				return err
			}
			if err := w.read(ctx, tx); err != nil {
				return err
			}
			_, err := w.forget(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
