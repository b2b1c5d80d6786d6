package treecopy

import (
	"context"
	"crypto/rand"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

const (
	batch   = 500                    // entries that are copied in one transaction, about
	stepFor = 200 * time.Millisecond // no longer than that, about: others write too
	turnFor = 5 * time.Second        // then it waits until others had their turn
)

// Run brings a claimed task to its end. See queue.Handler.
func (c *Copies) Run(ctx context.Context, l *queue.Lease) error {
	began := time.Now()
	for ctx.Err() == nil {
		more, err := c.step(ctx, l)
		var code FailCode
		switch fault.CodeOf(err) {
		case "":
		case fault.ParentNotFound, fault.NotFolder:
			code = NoTarget
		case fault.QuotaExceeded:
			code = NoQuota
		case fault.TooDeep:
			code = TooDeep
		case fault.EntriesFull:
			code = Full
		case fault.IntoItself:
			code = IntoItself
		default:
			return err
		}
		switch {
		case code != "":
			return c.fail(ctx, l, code, "")
		case !more:
			return nil
		case time.Since(began) >= c.turn:
			return c.rest(ctx, l)
		}
	}
	return ctx.Err()
}

// Abandon ends a task whose attempts keep dying without progress. See queue.Handler.
func (c *Copies) Abandon(ctx context.Context, l *queue.Lease) error {
	trace := rand.Text()
	c.log.Error("treecopy: given up after attempts without progress", "account", l.Account, "task", l.ID, "attempts", l.Idle-1, "trace", trace)
	return c.fail(ctx, l, Broken, trace)
}

// rest gives the task back, so that those of other accounts have their turn.
func (c *Copies) rest(ctx context.Context, l *queue.Lease) error {
	return c.db.Write(ctx, "treecopy: rest", func(tx *db.Tx) error {
		if err := l.Fence(ctx, tx); err != nil {
			return err
		}
		return l.PutOff(ctx, tx, 0)
	})
}

// fail ends a task. What it has copied stays.
func (c *Copies) fail(ctx context.Context, l *queue.Lease, code FailCode, trace string) error {
	return c.db.Write(ctx, "treecopy: fail", func(tx *db.Tx) error {
		if err := l.Fence(ctx, tx); err != nil {
			return err
		}
		return end(ctx, tx, l, code, trace)
	})
}

func end(ctx context.Context, tx *db.Tx, l *queue.Lease, code FailCode, trace string) error {
	if _, err := tx.Exec(ctx, dropWork, l.Account, l.Seq); err != nil {
		return fault.Wrap(err, "treecopy: end")
	}
	if code == "" {
		return l.Finish(ctx, tx, queue.Done)
	}
	if _, err := tx.Exec(ctx, setFailed, l.Account, l.Seq, code, trace); err != nil {
		return fault.Wrap(err, "treecopy: end")
	}
	return l.Finish(ctx, tx, queue.Failed)
}

// step copies some entries in one transaction; more is false when it was the last.
func (c *Copies) step(ctx context.Context, l *queue.Lease) (more bool, err error) {
	err = c.db.Write(ctx, "treecopy: copy", func(tx *db.Tx) error {
		if err := l.FenceProgress(ctx, tx); err != nil {
			return err
		}
		s := stepping{tx: tx, acc: account.ID(l.Account), seq: l.Seq}
		if _, err := account.Lock(ctx, tx, s.acc); err != nil {
			return err
		}
		if err := s.read(ctx); err != nil {
			return err
		}
		if err := drive.IsThere(ctx, tx, s.acc, s.target); err != nil {
			return err
		}
		began := time.Now()
		for left := batch; left > 0 && time.Since(began) < stepFor; left -= 1 + s.copied {
			found, err := s.next(ctx)
			if err != nil {
				return err
			}
			if !found {
				more = false
				var code FailCode
				if s.entries == 0 {
					code = NoSource
				}
				return end(ctx, tx, l, code, "")
			}
			if s.copied, err = s.do(ctx, left); err != nil {
				return err
			}
		}
		more = true
		return nil
	})
	return more, err
}

// stepping is one transaction at a task.
type stepping struct {
	tx             *db.Tx
	acc            account.ID
	seq            int64
	target, before drive.ID
	entries        int64 // that were copied
	last           int64 // the number of the last work
	copied         int   // by the last piece of work

	no                int64
	from, into, after drive.ID
}

func (s *stepping) read(ctx context.Context) error {
	key := []any{s.acc, s.seq}
	if _, err := s.tx.Get(ctx, selectTask, key, &s.target, &s.before, &s.entries, new(int64), new(string), new(string)); err != nil {
		return fault.Wrap(err, "treecopy: read")
	}
	_, err := s.tx.Get(ctx, lastWork, key, &s.last)
	return fault.Wrap(err, "treecopy: read")
}

func (s *stepping) next(ctx context.Context) (found bool, err error) {
	found, err = s.tx.Get(ctx, nextWork, []any{s.acc, s.seq}, &s.no, &s.from, &s.into, &s.after)
	return found, fault.Wrap(err, "treecopy: next")
}

// do does some of a piece of work, and answers how many entries it has copied.
func (s *stepping) do(ctx context.Context, limit int) (n int, err error) {
	if s.into == itself {
		of, made, err := drive.CopyOne(ctx, s.tx, s.acc, s.from, s.target)
		if fault.Is(err, fault.NotFound) { // it has gone meanwhile
			return 0, s.done(ctx)
		}
		if err != nil {
			return 0, err
		}
		return 1, s.note(ctx, []drive.Entry{of}, []drive.Entry{made}, false)
	}
	some, gone, err := drive.CopySome(ctx, s.tx, s.acc, s.from, s.into, s.after, s.before, limit)
	if err != nil {
		return 0, err
	}
	if gone {
		return 0, s.done(ctx)
	}
	return len(some.Of), s.note(ctx, some.Of, some.Made, len(some.Of) == limit)
}

// note writes down what was copied, what is below it as work, and how far this piece of work is.
func (s *stepping) note(ctx context.Context, of, made []drive.Entry, more bool) error {
	var bytes int64
	var folders [][2]drive.ID
	for i, e := range of {
		if bytes += e.Size; e.IsFolder() && e.Children > 0 {
			folders = append(folders, [2]drive.ID{e.ID, made[i].ID})
		}
	}
	_, err := s.tx.ExecRows(ctx, insertWork, nil, len(folders), func(i int) []any {
		return []any{s.acc, s.seq, s.last + 1 + int64(i), folders[i][0], folders[i][1], 0}
	})
	if err != nil {
		return fault.Wrap(err, "treecopy: note")
	}
	s.last += int64(len(folders))
	s.entries += int64(len(of))
	if _, err := s.tx.Exec(ctx, addCopied, s.acc, s.seq, len(of), bytes); err != nil {
		return fault.Wrap(err, "treecopy: note")
	}
	if !more {
		return s.done(ctx)
	}
	_, err = s.tx.Exec(ctx, setAfter, s.acc, s.seq, s.no, of[len(of)-1].ID)
	return fault.Wrap(err, "treecopy: note")
}

func (s *stepping) done(ctx context.Context) error {
	_, err := s.tx.Exec(ctx, deleteWork, s.acc, s.seq, s.no)
	return fault.Wrap(err, "treecopy: done")
}

// SweepEnded removes the tasks that ended longer ago than is kept, each in a transaction of
// its own.
func (c *Copies) SweepEnded(ctx context.Context, keep time.Duration) error {
	before := c.db.Now().Add(-keep)
	return queue.EndedBefore(ctx, c.db, queue.TreeCopy, before, func(acc int64) error {
		for {
			if more, err := c.removeOldest(ctx, account.ID(acc), before); err != nil || !more {
				return err
			}
		}
	})
}

// removeOldest removes an account's oldest task where that ended before a time; more says
// that it did.
func (c *Copies) removeOldest(ctx context.Context, acc account.ID, before time.Time) (more bool, err error) {
	err = c.db.Write(ctx, "treecopy: remove", func(tx *db.Tx) error {
		more = false
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		old, found, err := queue.Oldest(ctx, tx, queue.TreeCopy, int64(acc))
		if err != nil || !found || old.State.Unfinished() || !old.FinishedAt.Before(before) {
			return err
		}
		if _, err := tx.Exec(ctx, deleteTask, acc, old.Seq); err != nil {
			return fault.Wrap(err, "treecopy: remove")
		}
		more = true
		return queue.Remove(ctx, tx, queue.TreeCopy, int64(acc), old.Seq)
	})
	return more, err
}
