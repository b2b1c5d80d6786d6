package queue

import (
	"context"
	"time"

	"tuchuang/internal/db"
)

// Depth is how much of a kind is to be done, by all processes.
type Depth struct {
	Waiting int64
	Running int64
	Oldest  time.Duration // since the creation of the oldest that waits
}

const depth = `
	SELECT state, count(*), min(created_at) FROM task WHERE kind = $1 AND state IN (1, 4) GROUP BY state`

// Depth answers how much is to be done. It reads every unfinished task.
func (w *Workers) Depth(ctx context.Context) (d Depth, err error) {
	err = w.db.WorkerRead(ctx, "queue: depth", func(tx *db.Tx) error {
		return tx.Each(ctx, func(row db.Row) error {
			var s State
			var n, oldest int64
			if err := row.Scan(&s, &n, &oldest); err != nil {
				return err
			}
			if s == Running {
				d.Running = n
				return nil
			}
			d.Waiting, d.Oldest = n, max(0, tx.Now().Sub(time.UnixMicro(oldest)))
			return nil
		}, depth, w.kind)
	})
	return d, err
}
