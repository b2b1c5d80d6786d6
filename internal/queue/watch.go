package queue

import (
	"log/slog"
	"time"
)

// Watch is told what happens to tasks; what is nil is not called.
type Watch struct {
	Waited  func(time.Duration)               // from a task's creation to its first claim
	Attempt func(result string)               // how an attempt ended: finished, cancelled, lease_lost, given_back, put_off or failed
	Ended   func(took time.Duration, s State) // from the first claim to the end
}

// Watch has what happens told. Call it before Run.
func (w *Workers) Watch(to Watch) { w.watch = to }

// words are the states in the log.
var words = map[State]string{Running: "running", Done: "done", Failed: "failed", Waiting: "waiting", Cancelled: "cancelled"}

func (s State) String() string { return words[s] }

// begun tells that a task was claimed: once that it begins, later that it goes on.
func (w *Workers) begun(log *slog.Logger, l *Lease) {
	if l.Attempt > 1 {
		log.Info("queue: a task goes on")
		return
	}
	waited := l.StartedAt.Sub(l.CreatedAt)
	log.Info("queue: a task begins", "waited", waited)
	if w.watch.Waited != nil {
		w.watch.Waited(waited)
	}
}

// over tells that a task has ended.
func (w *Workers) over(log *slog.Logger, l *Lease) {
	w.attempted("finished")
	took := w.db.Now().Sub(l.StartedAt)
	if w.watch.Ended != nil {
		w.watch.Ended(took, l.ended)
	}
	log.Info("queue: a task ended", "state", l.ended.String(), "took", took)
}

func (w *Workers) attempted(result string) {
	if w.watch.Attempt != nil {
		w.watch.Attempt(result)
	}
}
