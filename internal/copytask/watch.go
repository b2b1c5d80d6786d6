package copytask

import (
	"tuchuang/internal/db"
	"tuchuang/internal/queue"
)

// Watch is told, after the commit, what became of tasks and their pictures; what is
// nil is not called.
type Watch struct {
	Ended func(s queue.State, code FailCode)
	Items func(o Outcome, reason Reason, n int)
}

// Watch has what happens told. Call it before the workers run.
func (t *Tasks) Watch(w Watch) { t.watch = w }

// ended tells of the end of a task.
func (w Watch) ended(tx *db.Tx, s queue.State, code FailCode) {
	if w.Ended != nil {
		tx.AfterCommit(func() { w.Ended(s, code) })
	}
}

// items tells of the items that have an outcome.
func (w Watch) items(tx *db.Tx, items []item) {
	if w.Items == nil {
		return
	}
	type kind struct {
		outcome Outcome
		reason  Reason
	}
	sums := make(map[kind]int)
	for _, i := range items {
		if i.outcome != Open {
			sums[kind{i.outcome, i.reason}]++
		}
	}
	tx.AfterCommit(func() {
		for k, n := range sums {
			w.Items(k.outcome, k.reason, n)
		}
	})
}
