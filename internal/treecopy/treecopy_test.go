package treecopy

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
	"tuchuang/test/owner"
)

// yard is an owner, who copies.
type yard struct {
	*owner.Owner
	*Copies
	workers *queue.Workers
}

func each(t *testing.T, quota int64, fn func(y *yard)) {
	t.Helper()
	owner.Each(t, func(o *owner.Owner) {
		c, w := New(o.DB, slog.New(slog.DiscardHandler))
		c.turn = time.Hour // however slow the machine is
		y := &yard{o, c, w}
		y.Acc = y.Account("copier", quota)
		fn(y)
	})
}

// tree answers what is in a folder, as a/ and a/b.png with its etag, in order.
func (y *yard) tree(folder drive.ID, at string) (all []string) {
	y.Helper()
	p, err := y.Drive.List(y.Context(), y.Acc, folder, 0, 10_000)
	y.Must(err)
	for _, e := range p.Entries {
		if e.Trashed != drive.Live {
			continue
		}
		if e.IsFolder() {
			all = append(append(all, at+e.Name+"/"), y.tree(e.ID, at+e.Name+"/")...)
			var sum int64
			for _, line := range y.tree(e.ID, "") {
				if !strings.HasSuffix(line, "/") {
					sum += owner.FileSize
				}
			}
			if q, err := y.Drive.List(y.Context(), y.Acc, e.ID, 0, 10_000); err != nil || e.Total != sum || e.Children != int64(len(live(q.Entries))) {
				y.Errorf("%s%s counts %d of %d bytes (%v)", at, e.Name, e.Children, e.Total, err)
			}
		} else {
			all = append(all, at+e.Name+" "+e.Etag)
		}
	}
	slices.Sort(all)
	return all
}

func live(list []drive.Entry) []drive.Entry {
	return slices.DeleteFunc(list, func(e drive.Entry) bool { return e.Trashed != drive.Live })
}

func (y *yard) start(to drive.ID, ids ...drive.ID) Seq {
	y.Helper()
	seq, err := y.Create(y.Context(), y.Acc, ids, to)
	y.Must(err)
	return seq
}

// work has the task that waits brought to its end.
func (y *yard) work() {
	y.Helper()
	if ran, err := y.workers.RunOnce(y.Context()); err != nil || !ran {
		y.Fatalf("nothing was done: %v", err)
	}
}

func (y *yard) ends(seq Seq, state queue.State, code FailCode, entries int64) {
	y.Helper()
	s, err := y.Status(y.Context(), y.Acc, seq)
	if err != nil || s.State != state || s.FailCode != code || s.Entries != entries {
		y.Errorf("the task: %+v %v, want %v %q after %d", s, err, state, code, entries)
	}
	var left int
	_, err = y.DB.Get(y.Context(), "test", `SELECT count(*) FROM tree_copy_work WHERE account_id = $1`, []any{y.Acc}, &left)
	y.Must(err)
	if left != 0 {
		y.Errorf("%d pieces of work are left", left)
	}
}

// used is what the account counts, which is what its files have.
func (y *yard) used() int64 {
	y.Helper()
	var used, sum int64
	_, err := y.DB.Get(y.Context(), "test", `SELECT a.used, (SELECT CAST(sum(size) AS BIGINT) FROM drive_entry WHERE account_id = $1) FROM account a WHERE a.id = $1`, []any{y.Acc}, &used, &sum)
	y.Must(err)
	if used != sum {
		y.Errorf("the account counts %d bytes, and has %d", used, sum)
	}
	return used
}

func TestTreesAreCopied(t *testing.T) {
	each(t, account.NoQuota, func(y *yard) {
		top, to := y.MkFolder(drive.Root, "top"), y.MkFolder(drive.Root, "to")
		inner := y.MkFolder(y.MkFolder(top, "a"), "b")
		y.MkFolder(top, "empty")
		for n := range 7 {
			y.MkFile(inner, fmt.Sprintf("%d.png", n))
			y.MkFile(top, fmt.Sprintf("%d.png", n))
		}
		gone := y.MkFile(inner, "gone.png")
		y.Must(y.Drive.Trash(y.Context(), y.Acc, []drive.ID{gone}))
		one := y.MkFile(drive.Root, "one.png")
		sum := owner.Etag(y.Number(`SELECT max(id) FROM blob WHERE account_id = $1`, y.Acc))
		before := y.used()
		seq := y.start(to, top, one, top)
		if s, err := y.Status(y.Context(), y.Acc, seq); err != nil || s.State != queue.Waiting {
			y.Errorf("%+v %v", s, err)
		}
		y.work()
		y.ends(seq, queue.Done, "", 14+3+1+1)
		want := append(y.tree(top, "top/"), "top/", "one.png "+sum)
		slices.Sort(want)
		if got := y.tree(to, ""); !slices.Equal(got, want) {
			y.Errorf("copied %q, want %q", got, want)
		}
		if used := y.used(); used != before+15*owner.FileSize {
			y.Errorf("%d bytes were used, and are %d", before, used)
		}
		// Again, and the names are taken; the copy is in a folder of what is copied next.
		y.start(to, top, one)
		y.work()
		list, err := y.Drive.List(y.Context(), y.Acc, to, 0, 10)
		y.Must(err)
		var names []string
		for _, e := range list.Entries {
			names = append(names, e.Name)
		}
		if want := []string{"top", "one.png", "top(1)", "one(1).png"}; !slices.Equal(names, want) {
			y.Errorf("%q, want %q", names, want)
		}
		y.tree(drive.Root, "") // counts are right
	})
}

func TestWhatIsRefusedMakesNoTask(t *testing.T) {
	each(t, 10*owner.FileSize, func(y *yard) {
		top := y.MkFolder(drive.Root, "top")
		inner := y.MkFolder(top, "inner")
		file := y.MkFile(top, "a.png")
		for n := range 5 {
			y.MkFile(inner, fmt.Sprintf("%d.png", n))
		}
		trashed := y.MkFolder(drive.Root, "trashed")
		y.Must(y.Drive.Trash(y.Context(), y.Acc, []drive.ID{trashed}))
		other := y.Account("other", account.NoQuota)
		for name, c := range map[string]struct {
			acc  account.ID
			ids  []drive.ID
			to   drive.ID
			want fault.Code
		}{
			"nothing": {y.Acc, nil, 0, fault.BadRequest}, "too many": {y.Acc, make([]drive.ID, MaxIDs+1), 0, fault.TooManyIDs},
			"one is missing": {y.Acc, []drive.ID{file, 1 << 40}, 0, fault.NotFound}, "in the trash": {y.Acc, []drive.ID{trashed}, 0, fault.NotFound},
			"another's": {other, []drive.ID{file}, 0, fault.NotFound}, "the root": {y.Acc, []drive.ID{drive.Root}, top, fault.NotFound},
			"no folder": {y.Acc, []drive.ID{file}, 1 << 40, fault.ParentNotFound}, "into a file": {y.Acc, []drive.ID{inner}, file, fault.NotFolder},
			"into itself": {y.Acc, []drive.ID{top}, top, fault.IntoItself}, "below itself": {y.Acc, []drive.ID{top}, inner, fault.IntoItself},
			"more than fits": {y.Acc, []drive.ID{top}, 0, fault.QuotaExceeded},
		} {
			if seq, err := y.Create(y.Context(), c.acc, c.ids, c.to); !fault.Is(err, c.want) {
				y.Errorf("%s: %d %v, want %s", name, seq, err, c.want)
			}
		}
		if ran, err := y.workers.RunOnce(y.Context()); ran || err != nil {
			y.Errorf("there was a task: %v", err)
		}
		seq := y.start(drive.Root, file)
		if _, err := y.Status(y.Context(), other, seq); !fault.Is(err, fault.TaskNotFound) {
			y.Errorf("another's task: %v", err)
		}
		for range MaxOpen - 1 {
			y.start(drive.Root, file)
		}
		if _, err := y.Create(y.Context(), y.Acc, []drive.ID{file}, 0); !fault.Is(err, fault.TooManyTreeCopies) {
			y.Errorf("one too many: %v", err)
		}
	})
}

// What has changed since the task was made ends it, or is left out; nothing is half.
func TestWhatChangesMeanwhile(t *testing.T) {
	each(t, 25*owner.FileSize, func(y *yard) {
		ctx := y.Context()
		top, to := y.MkFolder(drive.Root, "top"), y.MkFolder(drive.Root, "to")
		a, b := y.MkFile(top, "a.png"), y.MkFile(top, "b.png")
		trash := func(ids ...drive.ID) { y.Helper(); y.Must(y.Drive.Trash(ctx, y.Acc, ids)) }

		seq := y.start(to, a, b)
		trash(a)
		y.work()
		y.ends(seq, queue.Done, "", 1)

		seq = y.start(to, b)
		trash(b)
		y.work()
		y.ends(seq, queue.Failed, NoSource, 0)

		seq = y.start(to, top)
		y.Must(y.Drive.Move(ctx, y.Acc, []drive.ID{to}, top))
		y.work()
		y.ends(seq, queue.Failed, IntoItself, 0)
		y.Must(y.Drive.Move(ctx, y.Acc, []drive.ID{to}, drive.Root))

		for n := range 9 {
			y.MkFile(top, fmt.Sprintf("%d.png", n))
		}
		seq = y.start(to, top)
		for n := range 6 {
			y.MkFile(drive.Root, fmt.Sprintf("%d.png", n))
		}
		y.work()
		y.ends(seq, queue.Failed, NoQuota, 0)
		y.used()

		seq = y.start(to, y.MkFolder(top, "last"))
		trash(to)
		y.work()
		y.ends(seq, queue.Failed, NoTarget, 0)
	})
}

// A copy that comes to the limit of files and folders ends there.
func TestEntriesRunOut(t *testing.T) {
	each(t, account.NoQuota, func(y *yard) {
		accounts, err := account.Open(y.Context(), y.DB)
		y.Must(err)
		top, to := y.MkFolder(drive.Root, "top"), y.MkFolder(drive.Root, "to")
		for n := range 3 {
			y.MkFile(top, fmt.Sprintf("%d.png", n))
		}
		most := int64(5 + 3) // those that are there, and one too few
		_, err = accounts.SetLimits(y.Context(), "copier", account.Limits{Entries: &most})
		y.Must(err)
		seq := y.start(to, top)
		y.work()
		y.ends(seq, queue.Failed, Full, 0) // a step is whole or nothing
		most++
		_, err = accounts.SetLimits(y.Context(), "copier", account.Limits{Entries: &most})
		y.Must(err)
		seq = y.start(to, y.MkFile(top, "3.png"))
		y.work()
		y.ends(seq, queue.Done, "", 1)
	})
}

// Large copies of one account leave others their turn.
func TestTasksTakeTurns(t *testing.T) {
	each(t, account.NoQuota, func(y *yard) {
		y.turn = 0
		mine := y.Acc
		large := func() Seq {
			top, to := y.MkFolder(drive.Root, "top"), y.MkFolder(drive.Root, "to")
			for n := range batch + 30 {
				y.MkFile(top, fmt.Sprintf("%d.png", n))
			}
			return y.start(to, top)
		}
		first := large()
		y.Acc = y.Account("other", account.NoQuota)
		second := large()
		status := func(of account.ID, seq Seq) Status {
			s, err := y.Status(y.Context(), of, seq)
			y.Must(err)
			return s
		}
		for range 2 {
			y.work()
		}
		for status(mine, first).State.Unfinished() || status(y.Acc, second).State.Unfinished() {
			if a, b := status(mine, first).Entries, status(y.Acc, second).Entries; a == 0 || b == 0 {
				y.Fatalf("%d entries of the one, %d of the other", a, b)
			}
			y.work()
		}
		if a, b := status(mine, first), status(y.Acc, second); a.State != queue.Done || b.State != queue.Done || a.Entries != batch+31 || b.Entries != batch+31 || a.Attempt < 2 {
			y.Errorf("%+v %+v", a, b)
		}
	})
}

// A target that goes in the middle is no end that is well.
func TestTheTargetGoesInTheMiddle(t *testing.T) {
	each(t, account.NoQuota, func(y *yard) {
		ctx := y.Context()
		top, to := y.MkFolder(drive.Root, "top"), y.MkFolder(drive.Root, "to")
		for n := range batch + 30 {
			y.MkFile(top, fmt.Sprintf("%d.png", n))
		}
		seq := y.start(to, top)
		l, err := y.workers.Claim(ctx)
		y.Must(err)
		if more, err := y.step(ctx, l); err != nil || !more {
			y.Fatalf("%v %v", more, err)
		}
		y.Must(y.workers.ReclaimAll(ctx))
		y.Must(y.Drive.Trash(ctx, y.Acc, []drive.ID{to}))
		y.work()
		s, err := y.Status(ctx, y.Acc, seq)
		if err != nil || s.State != queue.Failed || s.FailCode != NoTarget || s.Entries == 0 {
			y.Errorf("%+v %v", s, err)
		}
		y.used()
	})
}

// A task that is broken off anywhere goes on where it was, and copies nothing twice, also
// what is copied into what it is still to copy.
func TestCopiesGoOnWhereTheyWere(t *testing.T) {
	each(t, account.NoQuota, func(y *yard) {
		ctx := y.Context()
		top, to := y.MkFolder(drive.Root, "top"), y.MkFolder(drive.Root, "to")
		many := y.MkFolder(top, "many")
		for n := range 2*batch + 30 {
			y.MkFile(many, fmt.Sprintf("%d.png", n))
		}
		y.MkFolder(y.MkFolder(top, "z"), "inner")
		want := y.tree(top, "top/")
		seq := y.start(to, top)
		for tries, moved := 0, false; ; tries++ {
			l, err := y.workers.Claim(ctx)
			y.Must(err)
			if l == nil {
				break
			}
			more, err := y.step(ctx, l)
			y.Must(err)
			if !more {
				if tries < 2 {
					y.Error("the task was not broken off")
				}
				break
			}
			if !moved { // the copy comes into what is still to be copied
				p, err := y.Drive.List(ctx, y.Acc, to, 0, 1)
				y.Must(err)
				y.Must(y.Drive.Move(ctx, y.Acc, []drive.ID{p.Entries[0].ID}, many))
				moved = true
			}
			y.Must(y.workers.ReclaimAll(ctx)) // the process has died
			if more, err := y.step(ctx, l); !fault.Is(err, fault.LeaseLost) {
				y.Errorf("one that was taken for dead went on: %v %v", more, err)
			}
		}
		y.ends(seq, queue.Done, "", int64(len(want)+1))
		p, err := y.Drive.Search(ctx, y.Acc, "top", true, 0, 10)
		if err != nil || len(p.Entries) != 2 {
			y.Fatalf("%d folders of the name, %v", len(p.Entries), err)
		}
		if got := y.tree(p.Entries[1].ID, "top/"); !slices.Equal(got, want) {
			y.Errorf("copied %d entries, want %d", len(got), len(want))
		}
		y.used()
	})
}

func TestEndedCopiesAreRemoved(t *testing.T) {
	each(t, account.NoQuota, func(y *yard) {
		file := y.MkFile(drive.Root, "a.png")
		seq := y.start(drive.Root, file)
		y.work()
		open := y.start(drive.Root, file)
		y.Must(y.SweepEnded(y.Context(), time.Hour))
		y.known(seq, true)
		y.Must(y.SweepEnded(y.Context(), -time.Hour))
		y.known(seq, false)
		y.known(open, true)
	})
}

// known holds whether a task is known.
func (y *yard) known(seq Seq, known bool) {
	y.Helper()
	if _, err := y.Status(y.Context(), y.Acc, seq); (err == nil) != known {
		y.Errorf("task %d: %v", seq, err)
	}
}

// A task that dies again and again is given up.
func TestCopiesAreGivenUp(t *testing.T) {
	each(t, account.NoQuota, func(y *yard) {
		file := y.MkFile(drive.Root, "a.png")
		seq := y.start(drive.Root, file)
		l, err := y.workers.Claim(y.Context())
		y.Must(err)
		y.Must(y.Abandon(context.WithoutCancel(y.Context()), l))
		y.ends(seq, queue.Failed, Broken, 0)
	})
}

// A statement reads what it is asked for, however much there is beside it.
func TestStatementsUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const task, work = `PRIMARY KEY (account_id=? AND task_seq=?)`, `PRIMARY KEY (account_id=? AND task_seq=? AND no=?)`
		for name, c := range map[string]struct{ query, step string }{
			"task": {selectTask, task}, "delete task": {deleteTask, task}, "copied": {addCopied, task}, "failed": {setFailed, task},
			"next": {nextWork, task}, "last": {lastWork, task}, "drop": {dropWork, task}, "after": {setAfter, work}, "delete": {deleteWork, work},
		} {
			dbtest.Planned(t, d, name, c.query, c.step)
		}
	})
}
