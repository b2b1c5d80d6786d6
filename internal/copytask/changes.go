package copytask

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

// OnChange has changed called with each task of which something has changed, in whichever
// process, and missed where something may have that nobody can name. Both must be quick and
// must not use the database.
func (t *Tasks) OnChange(changed func(acc account.ID, id ID), missed func()) {
	queue.OnChange(t.db, queue.Copy, func(acc int64, id string) { changed(account.ID(acc), ID(id)) })
	t.db.OnForeignWrite(missed)
}

// Look asks where some tasks of an account stand.
type Look struct {
	IDs   []ID
	Open  bool      // those that have not ended, too
	Since time.Time // those that have ended since, of the hundred newest; the zero time for none
}

// maxEnded is how many tasks that have ended are told at once.
const maxEnded = 100

// Look answers where tasks stand, in order of creation, and the time: everything that had
// been changed a little before is in it.
func (t *Tasks) Look(ctx context.Context, acc account.ID, q Look) (list []Status, at time.Time, err error) {
	err = t.db.Read(ctx, "copytask: look", func(tx *db.Tx) error {
		at = tx.Now()
		ids := make([]string, len(q.IDs))
		for n, id := range q.IDs {
			ids[n] = string(id)
		}
		tasks, err := queue.Some(ctx, tx, queue.Copy, int64(acc), ids)
		if err != nil {
			return err
		}
		if q.Open {
			open, err := queue.Open(ctx, tx, queue.Copy, int64(acc))
			if err != nil {
				return err
			}
			tasks = append(tasks, open...)
		}
		if !q.Since.IsZero() {
			ended, err := queue.List(ctx, tx, queue.Copy, int64(acc), 0, []queue.State{queue.Done, queue.Failed, queue.Cancelled}, maxEnded)
			if err != nil {
				return err
			}
			tasks = append(tasks, slices.DeleteFunc(ended, func(e queue.Task) bool { return e.FinishedAt.Before(q.Since) })...)
		}
		slices.SortFunc(tasks, func(a, b queue.Task) int { return cmp.Compare(a.Seq, b.Seq) })
		tasks = slices.CompactFunc(tasks, func(a, b queue.Task) bool { return a.Seq == b.Seq })
		list, err = withCounts(ctx, tx, acc, tasks)
		return fault.Wrap(err, "copytask: look")
	})
	return list, at, err
}
