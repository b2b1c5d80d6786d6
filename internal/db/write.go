package db

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// On SQLite one goroutine writes. It takes what is waiting, runs each write under
// a savepoint of one shared transaction, commits once, and only then answers
// them: many small writes cost one sync of the disk (group commit).

type job struct {
	ctx  context.Context
	op   string
	fn   func(*Tx) error
	done chan result

	tx    *Tx
	err   error
	panic any
}

type result struct {
	err   error
	panic any
}

const (
	groupJobs = 64                   // at most so many writes share a commit
	groupTime = 2 * time.Millisecond // and none is added to what took longer, nor what did the last time
	attempts  = 5                    // how often a transaction is tried in all
)

// Write runs fn in a transaction that writes. Once it returned nil the change
// survives kill -9 and loss of power; after an error nothing of it remains. fn
// may run more than once and must not wait for another write. A context that
// ends before fn was started stops it; once started it is finished. With PostgreSQL
// an error that tells of a lost connection leaves open whether it was committed.
func (d *DB) Write(ctx context.Context, op string, fn func(*Tx) error) error {
	began := time.Now()
	err := d.write(ctx, op, fn)
	d.counts.wrote(began, err)
	return err
}

// writeTogether is Write by the goroutine that writes.
func (d *DB) writeTogether(ctx context.Context, op string, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		j := &job{ctx: ctx, op: op, fn: fn, done: make(chan result, 1)}
		select {
		case d.jobs <- j:
		case <-ctx.Done():
			return fault.Wrap(ctx.Err(), op)
		case <-d.stop:
			return fault.Because(fault.Unavailable, op, errClosed)
		}
		var r result
		select {
		case r = <-j.done:
		case <-d.ended:
			select {
			case r = <-j.done:
			default:
				return fault.Because(fault.Unavailable, op, errClosed)
			}
		}
		if r.panic != nil {
			panic(r.panic)
		}
		if r.err != nil && retryable(r.err) && try < attempts {
			d.counts.retries.Add(1)
			continue
		}
		return translate(r.err, op)
	}
}

func (d *DB) startWriter(ctx context.Context) error {
	c, err := d.writer.take(ctx)
	if err != nil {
		return err
	}
	version, err := dataVersion(ctx, c)
	if err != nil {
		d.writer.give(c)
		return translate(err, "db: open")
	}
	l, err := openLog(d)
	if err != nil {
		d.writer.give(c)
		return err
	}
	dirty := make(chan struct{}, 1)
	d.stopped.Add(2)
	go func() {
		defer d.stopped.Done()
		defer close(d.ended)
		defer d.writer.give(c)
		defer close(dirty)
		d.writeLoop(c, version, dirty)
	}()
	go func() {
		defer d.stopped.Done()
		l.keepShort(dirty)
	}()
	return nil
}

func (d *DB) writeLoop(c session, version int64, dirty chan<- struct{}) {
	ctx := context.Background()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	slow := make(map[string]bool)
	for {
		select {
		case j := <-d.jobs:
			d.groups(ctx, c, j, slow)
			select {
			case dirty <- struct{}{}:
			default:
			}
		case resume := <-d.pause:
			<-resume
		case <-tick.C:
			v, err := dataVersion(ctx, c)
			if err != nil {
				d.log.Error("db: ask for writes of others", "err", err)
			}
			if err != nil || v != version {
				version = v
				d.foreignWrite()
			}
		case <-d.stop:
			for {
				select {
				case j := <-d.jobs:
					d.groups(ctx, c, j, slow)
				default:
					return
				}
			}
		}
	}
}

// groups runs first, and what its groups leave for the next one.
func (d *DB) groups(ctx context.Context, c session, first *job, slow map[string]bool) {
	for first != nil {
		first = d.group(ctx, c, first, slow)
	}
}

// group runs first and what else is waiting in one transaction. What was begun doesn't wait
// for a write that is likely to be slow: that is answered, to be the first of the next group.
func (d *DB) group(ctx context.Context, c session, first *job, slow map[string]bool) (next *job) {
	if err := plain(ctx, c, "BEGIN IMMEDIATE"); err != nil {
		first.err = err
		first.finish()
		return nil
	}
	var jobs []*job
	began := time.Now()
	alone, ok := len(d.jobs) == 0, true
	for j := first; ; j = <-d.jobs { // this goroutine is the only one that takes
		if j != first && slow[j.op] {
			next = j
			break
		}
		jobs = append(jobs, j)
		start := time.Now()
		ok = d.one(ctx, c, j, alone)
		if j.tx != nil { // it was run
			slow[j.op] = time.Since(start) >= groupTime
		}
		if !ok || alone || len(jobs) == groupJobs || len(d.jobs) == 0 || time.Since(began) >= groupTime {
			break
		}
	}
	var err error
	if ok {
		killpoint.Here("db.before_commit")
		if err = plain(ctx, c, "COMMIT"); err != nil {
			ok = false
		}
		killpoint.Here("db.after_commit")
		d.counts.commits.Add(1)
	}
	if !ok {
		d.abandon(ctx, c)
	}
	for _, j := range jobs {
		switch {
		case ok || j.failed():
			j.finish()
		case err != nil:
			j.err = err
			j.finish()
		default:
			// Another write of the group took the whole transaction down with
			// it: this one runs again, for itself.
			d.group1(ctx, c, j)
		}
	}
	return next
}

// group1 runs one write in a transaction of its own.
func (d *DB) group1(ctx context.Context, c session, j *job) {
	j.tx = nil
	if j.err = plain(ctx, c, "BEGIN IMMEDIATE"); j.err == nil {
		if d.run(c, j); !j.failed() {
			j.err = plain(ctx, c, "COMMIT")
		}
		if j.failed() {
			d.abandon(ctx, c)
		}
	}
	j.finish()
}

func (j *job) failed() bool { return j.err != nil || j.panic != nil }

// finish runs what waits for the commit, and answers.
func (j *job) finish() {
	if !j.failed() {
		j.tx.committed()
	}
	j.done <- result{j.err, j.panic}
}

// one runs a write inside the shared transaction. ok is false where all of the
// transaction has to be rolled back, or was by the engine.
func (d *DB) one(ctx context.Context, c session, j *job, alone bool) (ok bool) {
	if j.err = j.ctx.Err(); j.err != nil {
		return true
	}
	if alone {
		d.run(c, j)
		return !j.failed()
	}
	if j.err = plain(ctx, c, "SAVEPOINT w"); j.err != nil {
		return false
	}
	if d.run(c, j); j.failed() && plain(ctx, c, "ROLLBACK TO w") != nil {
		return false
	}
	return plain(ctx, c, "RELEASE w") == nil
}

// run calls the write's function and keeps its error or panic.
func (d *DB) run(c session, j *job) {
	defer func() {
		if r := recover(); r != nil {
			j.panic = fmt.Sprintf("%v (in %s)\n%s", r, j.op, debug.Stack())
		}
	}()
	j.tx = &Tx{d: d, c: c, write: true, now: d.now()}
	j.err = j.fn(j.tx)
}

// abandon ends whatever transaction is open.
func (d *DB) abandon(ctx context.Context, c session) {
	if err := plain(ctx, c, "ROLLBACK"); err != nil && !strings.Contains(err.Error(), "no transaction is active") {
		d.log.Error("db: rollback", "err", err)
	}
}
