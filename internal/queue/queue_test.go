package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

// line is a queue on an empty database, with a clock that moves by a millisecond
// each time it is read.
type line struct {
	*testing.T
	ctx     context.Context
	db      *db.DB
	workers *queue.Workers
	now     *atomic.Int64
	seq     map[int64]int64
}

// nobody is a handler for tests that claim for themselves.
type nobody struct{}

func (nobody) Run(context.Context, *queue.Lease) error     { return nil }
func (nobody) Abandon(context.Context, *queue.Lease) error { return nil }

func each(t *testing.T, h queue.Handler, fn func(l *line)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			now := new(atomic.Int64)
			now.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
			d := dbtest.Open(t, e, func() time.Time { return time.UnixMicro(now.Add(1000)) })
			fn(&line{t, t.Context(), d, queue.NewWorkers(d, queue.Copy, h, slog.New(slog.DiscardHandler)), now, make(map[int64]int64)})
		})
	}
}

func (l *line) write(fn func(tx *db.Tx) error) {
	l.Helper()
	if err := l.db.Write(l.ctx, "test", fn); err != nil {
		l.Fatal(err)
	}
}

// account makes accounts; all that the queue knows of them is their number.
func (l *line) account(ids ...int64) {
	l.Helper()
	for _, id := range ids {
		l.write(func(tx *db.Tx) error {
			_, err := tx.Exec(l.ctx, `
				INSERT INTO account (id, name, operator, state, quota, password_hash, created_at) VALUES ($1, $2, 0, 1, -1, '', 0)`, id, fmt.Sprint(id))
			return err
		})
	}
}

// add puts a task at the end of an account's queue; it is called account.number.
func (l *line) add(kind queue.Kind, acc int64) {
	l.Helper()
	l.seq[acc]++
	l.write(func(tx *db.Tx) error {
		return queue.Add(l.ctx, tx, kind, acc, l.seq[acc], fmt.Sprintf("%d.%d", acc, l.seq[acc]))
	})
}

func (l *line) claim() *queue.Lease {
	l.Helper()
	lease, err := l.workers.Claim(l.ctx)
	if err != nil {
		l.Fatal(err)
	}
	return lease
}

func (l *line) finish(lease *queue.Lease, s queue.State) {
	l.Helper()
	l.write(func(tx *db.Tx) error { return lease.Finish(l.ctx, tx, s) })
}

func (l *line) find(acc int64, id string) (task queue.Task) {
	l.Helper()
	l.write(func(tx *db.Tx) (err error) {
		task, err = queue.Find(l.ctx, tx, queue.Copy, acc, id)
		return err
	})
	return task
}

// expectIDs claims so often and wants these tasks, "" for none; what was claimed is
// ended before the next claim where end is true.
func (l *line) expectIDs(end bool, want ...string) {
	l.Helper()
	var got []string
	for range want {
		lease := l.claim()
		if lease == nil {
			got = append(got, "")
			continue
		}
		got = append(got, lease.ID)
		if end {
			l.finish(lease, queue.Done)
		}
	}
	if !slices.Equal(got, want) {
		l.Errorf("claimed %q, want %q", got, want)
	}
}

func TestTasksOfAnAccountRunInOrderOfCreation(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.account(1)
		for range 12 {
			l.add(queue.Copy, 1)
		}
		want := make([]string, 13)
		for n := range 12 {
			want[n] = fmt.Sprintf("1.%d", n+1)
		}
		l.expectIDs(true, want...)
	})
}

// What was broken off goes on before anything else begins, though its account was served
// last; so it is not many accounts that wait which say when.
func TestWhatWasBegunGoesOnFirst(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.account(1, 2, 3, 4)
		for acc := range int64(4) {
			l.add(queue.Copy, acc+1)
		}
		l.expectIDs(true, "1.1")
		l.expectIDs(false, "2.1")
		l.now.Add(2 * queue.LeaseLength.Microseconds())
		l.add(queue.Copy, 1)
		l.expectIDs(true, "2.1", "3.1", "4.1", "1.2", "")
	})
}

// While a task runs no other of its account does, though other accounts' do; and
// the ones behind are not overtaken by what was given back.
func TestOneTaskOfAnAccountRuns(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.account(1, 2)
		l.add(queue.Copy, 1)
		l.add(queue.Copy, 1)
		l.add(queue.Copy, 2)
		first := l.claim()
		if first.ID != "1.1" {
			t.Fatalf("claimed %s first", first.ID)
		}
		l.expectIDs(false, "2.1", "", "")
		l.now.Add(2 * queue.LeaseLength.Microseconds()) // both die
		l.expectIDs(false, "1.1", "2.1", "")
	})
}

// Among accounts with work the one served longest ago is next, however much the
// others have waiting.
func TestNoAccountWaitsBehindAnothersQueue(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.account(1, 2, 3)
		for range 4 {
			l.add(queue.Copy, 1)
		}
		l.expectIDs(true, "1.1")
		l.add(queue.Copy, 2)
		l.add(queue.Copy, 2)
		l.add(queue.Copy, 3)
		l.expectIDs(true, "2.1", "3.1", "1.2", "2.2", "1.3")
		l.add(queue.Copy, 3) // served before 2 was for the last time
		l.add(queue.Copy, 2)
		l.expectIDs(true, "3.2", "2.3", "1.4", "")
	})
}

func TestKindsDoNotBlockEachOther(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.account(1)
		l.add(queue.Copy, 1)
		l.add(queue.Offline, 1)
		others := queue.NewWorkers(l.db, queue.Offline, nobody{}, slog.New(slog.DiscardHandler))
		l.expectIDs(false, "1.1")
		if lease, err := others.Claim(l.ctx); err != nil || lease == nil || lease.ID != "1.2" {
			t.Errorf("the other kind claimed %v, %v", lease, err)
		}
		var n int
		l.write(func(tx *db.Tx) (err error) {
			n, err = queue.Unfinished(l.ctx, tx, queue.Copy, 1)
			return err
		})
		if n != 1 {
			t.Errorf("%d unfinished of one kind", n)
		}
	})
}

// A lease that is renewed is kept; one that is not goes to another attempt, and the
// first one can do nothing any more.
func TestALeaseIsKeptByRenewingIt(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.account(1)
		l.add(queue.Copy, 1)
		first := l.claim()
		for range 5 {
			l.now.Add(queue.LeaseLength.Microseconds() / 2)
			l.write(func(tx *db.Tx) error { return first.Fence(l.ctx, tx) })
			l.expectIDs(false, "")
		}
		l.now.Add(queue.LeaseLength.Microseconds())
		second := l.claim()
		if second == nil || second.ID != first.ID || second.Attempt != first.Attempt+1 {
			t.Fatalf("after %+v came %+v", first, second)
		}
		before := l.find(1, "1.1")
		for what, step := range map[string]func(tx *db.Tx) error{
			"fence":    func(tx *db.Tx) error { return first.Fence(l.ctx, tx) },
			"progress": func(tx *db.Tx) error { return first.FenceProgress(l.ctx, tx) },
			"finish":   func(tx *db.Tx) error { return first.Finish(l.ctx, tx, queue.Done) },
		} {
			if err := l.db.Write(l.ctx, "test", step); !fault.Is(err, fault.LeaseLost) {
				t.Errorf("%s: %v, want the lease lost", what, err)
			}
		}
		if after := l.find(1, "1.1"); after != before {
			t.Errorf("the one that lost it changed %+v to %+v", before, after)
		}
		l.finish(second, queue.Failed)
		if got := l.find(1, "1.1"); got.State != queue.Failed || got.FinishedAt.IsZero() {
			t.Errorf("%+v", got)
		}
		if err := l.db.Write(l.ctx, "test", func(tx *db.Tx) error { return second.Finish(l.ctx, tx, queue.Done) }); !fault.Is(err, fault.LeaseLost) {
			t.Errorf("ended twice: %v", err)
		}
	})
}

// A process that knows itself the only one takes every lease back at its start,
// without waiting for any to expire.
func TestReclaimAllTakesEveryLeaseBack(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.account(1, 2)
		l.add(queue.Copy, 1)
		l.add(queue.Copy, 2)
		l.expectIDs(false, "1.1", "2.1", "")
		if err := l.workers.ReclaimAll(l.ctx); err != nil {
			t.Fatal(err)
		}
		l.expectIDs(false, "1.1", "2.1", "")
	})
}

// scripted is a handler whose attempts do what is written.
type scripted struct {
	run       func(ctx context.Context, l *queue.Lease) error
	ran, gone int
}

func (s *scripted) Run(ctx context.Context, l *queue.Lease) error {
	s.ran++
	return s.run(ctx, l)
}

func (s *scripted) Abandon(context.Context, *queue.Lease) error {
	s.gone++
	return nil
}

// Attempts that die without a mark of progress are counted, five in a row end the
// task, and progress begins the count anew.
func TestAttemptsThatKeepDying(t *testing.T) {
	died := errors.New("died")
	for _, c := range []struct {
		name     string
		progress int // the attempt that makes progress; 0 for none
		ran      int // attempts before it is given up
	}{
		{"none makes progress", 0, queue.MaxIdle},
		{"the third does", 3, 3 + queue.MaxIdle - 1},
	} {
		s := &scripted{}
		t.Run(c.name, func(t *testing.T) {
			each(t, s, func(l *line) {
				s.ran, s.gone = 0, 0
				s.run = func(ctx context.Context, lease *queue.Lease) error {
					if s.ran == c.progress {
						l.write(func(tx *db.Tx) error { return lease.FenceProgress(ctx, tx) })
					}
					return died
				}
				l.account(1)
				l.add(queue.Copy, 1)
				for n := 0; s.gone == 0 && n < 20; n++ {
					if ran, err := l.workers.RunOnce(l.ctx); err != nil || !ran {
						t.Fatal(ran, err)
					}
					l.now.Add(2 * queue.LeaseLength.Microseconds())
				}
				want := c.ran
				if c.progress > 0 {
					want++ // the one with progress died as well, and is not counted
				}
				if s.ran != want || s.gone != 1 {
					t.Errorf("%d attempts, given up %d times; want %d and once", s.ran, s.gone, want)
				}
			})
		})
	}
}

// What a full disk or a busy database ends has not died: it is not counted, however
// often it happens, and the task waits, longer each time, with the account's other
// tasks behind it and nobody else's. Other failures count as ever.
func TestATaskIsPutOffForBetterTimes(t *testing.T) {
	for _, code := range []fault.Code{fault.DiskFull, fault.Unavailable} {
		s := &scripted{}
		t.Run(string(code), func(t *testing.T) {
			each(t, s, func(l *line) {
				s.ran, s.gone = 0, 0
				s.run = func(context.Context, *queue.Lease) error { return fault.New(code, "test") }
				l.account(1, 2)
				l.add(queue.Copy, 1)
				l.add(queue.Copy, 1)
				once := func(want bool) {
					t.Helper()
					if ran, err := l.workers.RunOnce(l.ctx); err != nil || ran != want {
						t.Fatalf("ran %v, %v; want %v", ran, err, want)
					}
				}
				waited := []int64{3, 6, 12, 24, 48, 60, 60, 60} // seconds
				for n, wait := range waited {
					once(true)
					if got := l.find(1, "1.1"); got.State != queue.Waiting || got.Idle != 0 || got.Attempt != int64(n+1) {
						t.Fatalf("after %d attempts: %+v", n+1, got)
					}
					l.now.Add((wait - 1) * 1e6)
					once(false)
					l.now.Add(1e6)
				}
				if s.gone > 0 {
					t.Error("given up for what will pass")
				}
				once(true)
				l.add(queue.Copy, 2)
				l.expectIDs(true, "2.1", "")
				// A start begins anew, and so does what was put off.
				if err := l.workers.ReclaimAll(l.ctx); err != nil {
					t.Fatal(err)
				}
				putOff := s.run
				for n := range queue.MaxIdle {
					s.run = func(context.Context, *queue.Lease) error { return errors.New("died") }
					once(true)
					if got := l.find(1, "1.1"); got.Idle != n+1 {
						t.Fatalf("died %d times: %+v", n+1, got)
					}
					l.now.Add(2 * queue.LeaseLength.Microseconds())
					s.run = putOff
					if once(true); n+1 < queue.MaxIdle {
						l.now.Add(queue.LeaseLength.Microseconds()) // a short one again
					}
				}
				if s.gone != 1 {
					t.Errorf("given up %d times after %d deaths", s.gone, queue.MaxIdle)
				}
			})
		})
	}
}

// An attempt that ends when another has the task says that it lost its lease, however it
// ended, and leaves the task to the other.
func TestAnAttemptThatWasOvertakenGivesNothingBack(t *testing.T) {
	for _, end := range []error{fault.New(fault.LeaseLost, "test"), fault.New(fault.Unavailable, "test"), context.Canceled} {
		s := &scripted{}
		each(t, s, func(l *line) {
			var results []string
			l.workers.Watch(queue.Watch{Attempt: func(result string) { results = append(results, result) }})
			l.account(1)
			l.add(queue.Copy, 1)
			ctx, stop := context.WithCancel(l.ctx)
			defer stop()
			s.run = func(context.Context, *queue.Lease) error {
				l.now.Add(2 * queue.LeaseLength.Microseconds())
				if l.claim() == nil {
					t.Fatal("nobody overtakes")
				}
				if errors.Is(end, context.Canceled) {
					stop()
				}
				return end
			}
			if ran, err := l.workers.RunOnce(ctx); !ran || err != nil {
				t.Fatal(ran, err)
			}
			if !slices.Equal(results, []string{"lease_lost"}) {
				t.Errorf("ended by %v: %q", end, results)
			}
			if got := l.find(1, "1.1"); got.State != queue.Running || got.Attempt != 2 {
				t.Errorf("ended by %v: %+v", end, got)
			}
		})
	}
}

// An attempt whose task is cancelled ends with that word.
func TestAnAttemptThatWasCancelledSaysSo(t *testing.T) {
	s := &scripted{}
	each(t, s, func(l *line) {
		var results []string
		l.workers.Watch(queue.Watch{Attempt: func(result string) { results = append(results, result) }})
		l.account(1)
		l.add(queue.Copy, 1)
		s.run = func(ctx context.Context, lease *queue.Lease) error {
			if err := l.db.Write(ctx, "test", func(tx *db.Tx) error {
				_, _, err := queue.Cancel(ctx, tx, queue.Copy, 1, "1.1")
				return err
			}); err != nil {
				return err
			}
			return l.db.Write(ctx, "test", func(tx *db.Tx) error { return lease.Fence(ctx, tx) })
		}
		if ran, err := l.workers.RunOnce(l.ctx); !ran || err != nil || !slices.Equal(results, []string{"cancelled"}) {
			t.Fatal(ran, err, results)
		}
	})
}

// An attempt that brought the task on begins its waits anew.
func TestProgressShortensTheWait(t *testing.T) {
	s := &scripted{}
	each(t, s, func(l *line) {
		on := false
		s.run = func(ctx context.Context, lease *queue.Lease) error {
			if on {
				if err := l.db.Write(ctx, "test", func(tx *db.Tx) error { return lease.FenceProgress(ctx, tx) }); err != nil {
					return err
				}
			}
			return fault.New(fault.Unavailable, "test")
		}
		l.account(1)
		l.add(queue.Copy, 1)
		for n, step := range []struct {
			on   bool
			wait int64 // seconds
		}{{false, 3}, {false, 6}, {true, 3}, {true, 3}, {false, 6}} {
			on = step.on
			if ran, err := l.workers.RunOnce(l.ctx); err != nil || !ran {
				t.Fatalf("attempt %d: ran %v, %v", n, ran, err)
			}
			l.now.Add((step.wait - 1) * 1e6)
			if ran, err := l.workers.RunOnce(l.ctx); err != nil || ran {
				t.Fatalf("attempt %d, too early: ran %v, %v", n, ran, err)
			}
			l.now.Add(1e6)
		}
	})
}

// A panic, of the handler or inside one of its transactions, ends the attempt and is
// counted; the worker lives, and the log says where it happened.
func TestAPanicEndsTheAttemptAlone(t *testing.T) {
	s := &scripted{}
	each(t, s, func(l *line) {
		s.ran, s.gone = 0, 0
		var said strings.Builder
		workers := queue.NewWorkers(l.db, queue.Copy, s, slog.New(slog.NewTextHandler(&said, nil)))
		s.run = func(ctx context.Context, _ *queue.Lease) error {
			if s.ran%2 == 0 {
				panic("by the handler")
			}
			return l.db.Write(ctx, "test", func(*db.Tx) error { panic("in a transaction") })
		}
		l.account(1, 2)
		l.add(queue.Copy, 1)
		for n := 0; s.gone == 0 && n < 20; n++ {
			if ran, err := workers.RunOnce(l.ctx); err != nil || !ran {
				t.Fatal(ran, err)
			}
			l.now.Add(2 * queue.LeaseLength.Microseconds())
		}
		if s.ran != queue.MaxIdle || s.gone != 1 {
			t.Errorf("%d attempts, given up %d times", s.ran, s.gone)
		}
		for _, want := range []string{"by the handler", "in a transaction", "queue_test.go:", "task=1.1"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, &said)
			}
		}
	})
}

// A drain gives the task back at once and does not count.
func TestADrainIsNotCounted(t *testing.T) {
	s := &scripted{}
	each(t, s, func(l *line) {
		l.account(1)
		l.add(queue.Copy, 1)
		for n := range 3 * queue.MaxIdle {
			ctx, cancel := context.WithCancel(l.ctx)
			s.run = func(ctx context.Context, _ *queue.Lease) error {
				cancel()
				return ctx.Err()
			}
			if ran, err := l.workers.RunOnce(ctx); err != nil || !ran {
				t.Fatal(n, ran, err)
			}
			if got := l.find(1, "1.1"); got.State != queue.Waiting || got.Idle != 0 {
				t.Fatalf("after %d drains: %+v", n+1, got)
			}
			l.now.Add(-1) // of the next process, whose clock is behind
		}
		if s.gone > 0 {
			t.Error("a drained task was given up")
		}
	})
}

// Workers do every task once, in order within each account, woken or not, and come
// back when they are told to stop.
func TestWorkersDoEverythingOnce(t *testing.T) {
	done := make(chan string, 100)
	s := &recorder{done: done}
	each(t, s, func(l *line) {
		s.l = l
		ctx, cancel := context.WithCancel(l.ctx)
		ended := make(chan struct{})
		l.account(1, 2, 3)
		for range 4 {
			for acc := range int64(3) {
				l.add(queue.Copy, acc+1)
			}
		}
		go func() {
			l.workers.Run(ctx, 2)
			close(ended)
		}()
		l.workers.Wake()
		last := make(map[string]string)
		for range 12 {
			id := <-done
			acc, _, _ := strings.Cut(id, ".")
			if id <= last[acc] {
				t.Errorf("%s came after %s", id, last[acc])
			}
			last[acc] = id
		}
		cancel()
		<-ended
		if len(done) > 0 {
			t.Errorf("%s was done twice", <-done)
		}
	})
}

// recorder ends every task and says which.
type recorder struct {
	l    *line
	done chan string
}

func (r *recorder) Run(ctx context.Context, l *queue.Lease) error {
	err := r.l.db.Write(ctx, "test", func(tx *db.Tx) error { return l.Finish(ctx, tx, queue.Done) })
	if err == nil {
		r.done <- l.ID
	}
	return err
}

func (r *recorder) Abandon(context.Context, *queue.Lease) error { return nil }

// What is put off by its handler goes on after that time and not before, without being
// counted, in the hands of whoever claims it then. Of a kind that is in order it holds
// what is behind it, of the others it does not; one at a time runs all the same.
func TestATaskIsPutOffByItsHandler(t *testing.T) {
	for _, kind := range []queue.Kind{queue.Copy, queue.Offline} {
		each(t, nobody{}, func(l *line) {
			const wait = time.Minute
			l.workers = queue.NewWorkers(l.db, kind, nobody{}, slog.New(slog.DiscardHandler))
			l.account(1)
			for range 3 {
				l.add(kind, 1)
			}
			putOff := func(want string) *queue.Lease {
				t.Helper()
				lease := l.claim()
				if lease == nil || lease.ID != want || lease.Idle != 1 {
					t.Fatalf("%v: claimed %+v, want %s", kind, lease, want)
				}
				l.write(func(tx *db.Tx) error { return lease.PutOff(l.ctx, tx, wait) })
				return lease
			}
			first := putOff("1.1")
			if err := l.db.Write(l.ctx, "test", func(tx *db.Tx) error { return first.Fence(l.ctx, tx) }); !fault.Is(err, fault.LeaseLost) {
				t.Errorf("%v: %v", kind, err)
			}
			if kind == queue.Copy {
				l.expectIDs(false, "")
				l.now.Add(wait.Microseconds())
				putOff("1.1")
				return
			}
			putOff("1.2")
			third := l.claim()
			l.now.Add(2 * wait.Microseconds())
			l.write(func(tx *db.Tx) error { return third.Fence(l.ctx, tx) })
			l.expectIDs(false, "") // the third runs
			l.finish(third, queue.Done)
			l.expectIDs(true, "1.1", "1.2", "")
		})
	}
}

// What was put off has no turn before others: strange servers that never answer hold up
// those alone who ask them.
func TestWhatWasPutOffWaitsForItsTurn(t *testing.T) {
	each(t, nobody{}, func(l *line) {
		l.workers = queue.NewWorkers(l.db, queue.Offline, nobody{}, slog.New(slog.DiscardHandler))
		l.account(1, 2)
		for range 3 {
			l.add(queue.Offline, 1)
		}
		for range 3 {
			lease := l.claim()
			l.write(func(tx *db.Tx) error { return lease.PutOff(l.ctx, tx, time.Minute) })
		}
		l.add(queue.Offline, 2)
		l.add(queue.Offline, 2)
		l.now.Add(2 * time.Minute.Microseconds())
		l.expectIDs(true, "2.1", "1.1", "2.2", "1.2", "1.3", "")
	})
}
