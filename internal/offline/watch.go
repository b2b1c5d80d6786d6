package offline

import (
	"tuchuang/internal/db"
	"tuchuang/internal/queue"
)

// Watch is told, after the commit, what became of tasks; what is nil is not called.
type Watch struct {
	Ended func(s queue.State, code FailCode)
}

// Watch has what happens told. Call it before the workers run.
func (d *Downloads) Watch(w Watch) { d.watch = w }

// ended tells of the end of a task.
func (w Watch) ended(tx *db.Tx, s queue.State, code FailCode) {
	if w.Ended != nil {
		tx.AfterCommit(func() { w.Ended(s, code) })
	}
}
