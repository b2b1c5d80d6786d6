package queue

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// Times of the queue. A killed process's task runs again within LeaseLength plus
// one poll.
const (
	LeaseLength = 3 * time.Second
	renewEvery  = time.Second
	pollEvery   = time.Second
	longestWait = time.Minute // for a full disk, say, to be another
	forgetAfter = time.Hour   // how often a task was put off, where it does not come back
)

// Handler does the tasks of one kind. Its errors, and panics, are logged by the
// worker, with the task; the attempt then ends and another begins when the lease has
// expired. One that met a full disk, or what was busy, has not died: it is not counted,
// and the task waits, each time longer, for better times.
type Handler interface {
	// Run brings a task to its end, or puts it off, or returns the context's error between two
	// steps when it is told to stop, or fault.LeaseLost.
	Run(ctx context.Context, l *Lease) error
	// Abandon ends a task whose attempts keep dying.
	Abandon(ctx context.Context, l *Lease) error
}

// Workers claims the tasks of one kind and has them done.
type Workers struct {
	db      *db.DB
	kind    Kind
	handler Handler
	log     *slog.Logger
	bell    chan struct{}
	watch   Watch

	mu     sync.Mutex
	putOff map[taskKey]delay // of tasks that were put off by their last attempt here
}

type taskKey struct{ account, seq int64 }

// delay is how often in a row a task was put off by this process without progress.
type delay struct {
	times int
	until time.Time // it is put off; long after that another process has it, or nobody
}

// NewWorkers makes the workers of a kind; Run starts them.
func NewWorkers(d *db.DB, kind Kind, h Handler, log *slog.Logger) *Workers {
	w := &Workers{db: d, kind: kind, handler: h, log: log, bell: make(chan struct{}, 8), putOff: make(map[taskKey]delay)}
	d.OnTell(waits, func(text string) {
		if text == kind.String() {
			w.Wake()
		}
	})
	return w
}

// Wake makes a worker look for tasks at once. It never blocks.
func (w *Workers) Wake() {
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// ReclaimAll takes every lease back, and nothing is put off any more. Only a process that knows itself the only
// one may call it, at its start.
func (w *Workers) ReclaimAll(ctx context.Context) error {
	killpoint.Here("queue.reclaim")
	return w.db.Write(ctx, "queue: reclaim", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, reclaim, w.kind)
		return err
	})
}

// Run has n workers at it until the context ends; then each gives its task back at
// the next step and Run returns. What a worker meets is logged, never returned.
func (w *Workers) Run(ctx context.Context, n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { w.loop(ctx) })
	}
	all.Wait()
}

func (w *Workers) loop(ctx context.Context) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		ran, err := w.RunOnce(ctx)
		if err != nil && ctx.Err() == nil {
			w.log.Error("queue: look for tasks", "kind", w.kind, "err", err)
		}
		if ran {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-w.bell:
		case <-poll.C:
		}
	}
}

// RunOnce claims one task and sees it through. ran is false where there was none.
func (w *Workers) RunOnce(ctx context.Context) (ran bool, err error) {
	var l *Lease
	err = fault.Guard("queue: claim", func() (err error) {
		l, err = w.Claim(ctx)
		return err
	})
	if err != nil || l == nil {
		return false, err
	}
	log := w.log.With("account", l.Account, "task", l.ID, "attempt", l.Attempt)
	w.begun(log, l)
	if l.Idle > MaxIdle {
		err = fault.Guard("queue: abandon", func() error { return w.handler.Abandon(ctx, l) })
	} else {
		err = w.attempt(ctx, l)
	}
	code := fault.CodeOf(err)
	wait := w.wait(l, ctx.Err() == nil && (code == fault.DiskFull || code == fault.Unavailable || code == fault.Uncertain), w.db.Now())
	result, failed := "failed", err
	switch {
	case err == nil && l.putOff > 0:
		w.attempted("put_off")
		log.Info("queue: a task is put off", "for", l.putOff)
		return true, nil
	case err == nil:
		w.over(log, l)
		return true, nil
	case code == fault.LeaseLost:
	case ctx.Err() != nil:
		if result, failed = "given_back", nil; code == fault.Internal {
			failed = err
		}
		err = w.giveBack(context.WithoutCancel(ctx), l, 0)
	case wait > 0:
		result = "put_off"
		log = log.With("put_off", wait)
		err = w.giveBack(ctx, l, wait)
	default:
		err = nil
	}
	if failed != nil && code != fault.LeaseLost {
		log.Error("queue: attempt failed", "err", failed)
	}
	if fault.Is(err, fault.LeaseLost) {
		if result, err = "lease_lost", nil; w.cancelled(ctx, l) {
			result = "cancelled"
			log.Info("queue: the task was cancelled")
		} else {
			log.Warn("queue: lease lost, another attempt has the task")
		}
	}
	w.attempted(result)
	return true, err
}

// cancelled says whether a task was cancelled, as far as that can be read.
func (w *Workers) cancelled(ctx context.Context, l *Lease) (yes bool) {
	err := w.db.Read(context.WithoutCancel(ctx), "queue: cancelled", func(tx *db.Tx) error {
		task, err := Find(ctx, tx, w.kind, l.Account, l.ID)
		yes = task.State == Cancelled
		return err
	})
	return yes && err == nil
}

// wait says how long a task is to wait before the next attempt where this one put it
// off: as long as a lease at first, then twice as long each time that brought it no
// further.
func (w *Workers) wait(l *Lease, putOff bool, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, d := range w.putOff {
		if now.Sub(d.until) > forgetAfter {
			delete(w.putOff, key)
		}
	}
	key := taskKey{l.Account, l.Seq}
	times := w.putOff[key].times
	if l.progressed.Load() {
		times = 0
	}
	if !putOff {
		delete(w.putOff, key)
		return 0
	}
	wait := min(LeaseLength<<min(times, 10), longestWait)
	w.putOff[key] = delay{times + 1, now.Add(wait)}
	return wait
}

// Claim takes the next task, if there is one; l is nil otherwise.
func (w *Workers) Claim(ctx context.Context) (l *Lease, err error) {
	found, err := w.anything(ctx)
	if err != nil || !found {
		return nil, err
	}
	err = w.db.Write(ctx, "queue: claim", func(tx *db.Tx) error {
		l = nil
		now, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, expire, w.kind, now); err != nil {
			return err
		}
		var t Task
		found := false
		notBefore, claims := int64(math.MaxInt64), []string{claimBegun, claimWaiting}
		if !w.kind.inOrder() { // what was begun may have been put off again and again: it waits for its turn
			notBefore, claims = now, claims[1:]
		}
		for _, claim := range claims {
			if t, found, err = getTask(ctx, tx, claim, w.kind, now, now+LeaseLength.Microseconds(), tx.Micros(), notBefore); err != nil {
				return err
			}
			if found {
				break
			}
		}
		if !found {
			return nil
		}
		if _, err := tx.Exec(ctx, served, t.Account, w.kind, now); err != nil {
			return err
		}
		tellChanged(tx, w.kind, t.Account, t.ID)
		l = &Lease{Task: t, kind: w.kind, length: LeaseLength}
		return nil
	})
	if l != nil {
		killpoint.Here("queue.claimed")
	}
	return l, err
}

// anything looks, without writing, whether a claim may find something.
func (w *Workers) anything(ctx context.Context) (found bool, err error) {
	err = w.db.WorkerRead(ctx, "queue: look", func(tx *db.Tx) error {
		found, err = tx.Get(ctx, `SELECT 1 FROM task WHERE kind = $1 AND state IN (1, 4) LIMIT 1`, []any{w.kind}, new(int))
		return err
	})
	return found, err
}

// attempt runs the handler while a goroutine that does nothing else renews the
// lease; a lost lease ends the handler's context.
func (w *Workers) attempt(ctx context.Context, l *Lease) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var renewing sync.WaitGroup
	ended := make(chan struct{})
	renewing.Go(func() {
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			err := fault.Guard("queue: renew", func() error {
				return w.db.Write(context.WithoutCancel(ctx), "queue: renew", func(tx *db.Tx) error { return l.Fence(ctx, tx) })
			})
			if fault.Is(err, fault.LeaseLost) {
				cancel(err)
				return
			}
			if err != nil {
				w.log.Warn("queue: renew", "task", l.ID, "err", err)
			}
		}
	})
	err := fault.Guard("queue: attempt", func() error { return w.handler.Run(ctx, l) })
	close(ended)
	renewing.Wait()
	if cause := context.Cause(ctx); fault.Is(cause, fault.LeaseLost) && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

// giveBack gives a task back that was not finished, for an attempt after some time;
// this one is not counted. It is fault.LeaseLost where another attempt has it.
func (w *Workers) giveBack(ctx context.Context, l *Lease, wait time.Duration) error {
	killpoint.Here("queue.release")
	return w.db.Write(ctx, "queue: release", func(tx *db.Tx) error {
		tellChanged(tx, w.kind, l.Account, l.ID)
		until := int64(0) // no wait: whoever asks, with whatever clock
		if wait == 0 {
			tx.Tell(waits, w.kind.String())
		} else {
			now, err := tx.Clock(ctx)
			if err != nil {
				return err
			}
			until = now + wait.Microseconds()
		}
		return l.mine(tx.Exec(ctx, giveBack, l.Account, l.Seq, l.Attempt, until))
	})
}
