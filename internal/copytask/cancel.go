package copytask

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/queue"
)

// Cancel ends a task: one that waits never starts, one that runs publishes nothing after
// the batch it is in. What is published stays; what is open fails with the reason
// Cancelled. It may be said twice.
//
// fault.TaskNotFound where the account has none of that id, fault.TaskEnded where it has
// ended by itself.
func (t *Tasks) Cancel(ctx context.Context, acc account.ID, id ID) error {
	return t.db.Write(ctx, "copytask: cancel", func(tx *db.Tx) error {
		// The task's row before any other, as a worker takes them.
		task, again, err := queue.Cancel(ctx, tx, queue.Copy, int64(acc), string(id))
		if err != nil || again {
			return err
		}
		killpoint.Here("copytask.cancelling")
		if err := t.failOpenItems(ctx, tx, task.Account, task.Seq, Cancelled); err != nil {
			return err
		}
		t.watch.ended(tx, queue.Cancelled, Stopped)
		_, err = tx.Exec(ctx, setFailCode, acc, task.Seq, Stopped, "")
		return err
	})
}
