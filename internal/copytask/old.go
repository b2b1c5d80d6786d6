package copytask

import (
	"context"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

// ofTask are the statements that remove what belongs to a task; its publications stay.
var ofTask = []string{deleteItems, deleteDirs, deleteFolders, deleteSources, deleteCopyTask}

const (
	deleteItems    = `DELETE FROM copy_item WHERE account_id = $1 AND task_seq = $2`
	deleteDirs     = `DELETE FROM copy_dir WHERE account_id = $1 AND task_seq = $2`
	deleteFolders  = `DELETE FROM copy_folder WHERE account_id = $1 AND task_seq = $2`
	deleteSources  = `DELETE FROM copy_source WHERE account_id = $1 AND task_seq = $2`
	deleteCopyTask = `DELETE FROM copy_task WHERE account_id = $1 AND task_seq = $2`
	// An account has few plans at a time.
	deletePlans = `DELETE FROM copy_plan WHERE account_id = $1 AND task_id = $2`
)

// SweepEnded removes the tasks that ended longer ago than is kept, with their ledgers,
// each in a transaction of its own. An account's go in order of their creation: one that
// was cancelled before those above it ended waits for them.
func (t *Tasks) SweepEnded(ctx context.Context, keep time.Duration) error {
	before := t.db.Now().Add(-keep)
	return queue.EndedBefore(ctx, t.db, queue.Copy, before, func(acc int64) error {
		for {
			if more, err := t.removeOldest(ctx, account.ID(acc), before); err != nil || !more {
				return err
			}
		}
	})
}

// removeOldest removes an account's oldest task where that ended before a time; more says
// that it did.
func (t *Tasks) removeOldest(ctx context.Context, acc account.ID, before time.Time) (more bool, err error) {
	err = t.db.Write(ctx, "copytask: remove", func(tx *db.Tx) error {
		more = false
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		old, found, err := queue.Oldest(ctx, tx, queue.Copy, int64(acc))
		if err != nil || !found || old.State.Unfinished() || !old.FinishedAt.Before(before) {
			return err
		}
		more = true
		if _, err := tx.Exec(ctx, deletePlans, acc, old.ID); err != nil {
			return fault.Wrap(err, "copytask: remove")
		}
		for _, q := range ofTask {
			if _, err := tx.Exec(ctx, q, acc, old.Seq); err != nil {
				return fault.Wrap(err, "copytask: remove")
			}
		}
		return queue.Remove(ctx, tx, queue.Copy, int64(acc), old.Seq)
	})
	return more, err
}
