package copytask

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// retry tries the failed pictures of a task again.
func (r *rooms) retry(of ID) Status {
	r.Helper()
	id, err := r.tasks.Retry(r.ctx, r.acc, of)
	r.must(err)
	r.run()
	return r.status(id)
}

// What has failed is tried again, alone, where it was to go, and as the drive has it now.
func TestFailedPicturesAreTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		to := r.mkBed("", "bed")
		album := r.mkdir(drive.Root, "album")
		day := r.mkdir(album, "day")
		r.put(album, "fine.png", 1)
		lost, trashed, replaced := r.put(album, "lost.png", 2), r.put(day, "trashed.png", 3), r.put(day, "replaced.png", 4)
		loose, never := r.put(drive.Root, "loose.png", 5), r.put(day, "never.png", 6)
		task := r.create(to, album, loose)
		r.exec(`UPDATE blob SET state = $3 WHERE account_id = $1 AND id = $2`, r.acc, blobOf(r, lost), blob.Missing)
		w := r.planned()
		r.trash(trashed, replaced, loose, never)
		r.must(r.tasks.publish(r.ctx, w))
		counted(t, r.status(task), Counts{Total: 6, Copied: 1, Failed: 5})
		r.has(t, "bed/", "bed/album/", "bed/album/fine.png")

		// Meanwhile most of it comes back, in ways of all kinds.
		r.exec(`UPDATE blob SET state = $3 WHERE account_id = $1 AND id = $2`, r.acc, blobOf(r, lost), blob.Live)
		r.put(day, "trashed.png", 3)
		r.put(day, "replaced.png", 14)
		r.put(drive.Root, "loose.png", 5)
		s := r.retry(task)
		counted(t, s, Counts{Total: 5, Copied: 4, Failed: 1})
		if s.RetryOf != task || r.status(task).RetryOf != "" {
			t.Errorf("%+v", s)
		}
		r.has(t, "bed/", "bed/album/", "bed/album/day/", "bed/album/day/replaced.png", "bed/album/day/trashed.png",
			"bed/album/fine.png", "bed/album/lost.png", "bed/loose.png")
		if got := r.tree()["bed/album/day/replaced.png"].Etag; got != etag(14) {
			t.Errorf("published is %s, not what the drive has now", got)
		}
		if got := r.failures(ID(s.ID)); !cmp.Equal(got, []string{"never.png: source_deleted"}) {
			t.Errorf("failed again: %q", got)
		}
		// And again, as often as there is something left.
		r.put(day, "never.png", 6)
		last := r.retry(ID(s.ID))
		counted(t, last, Counts{Total: 1, Copied: 1})
		if _, err := r.tasks.Retry(r.ctx, r.acc, ID(last.ID)); !fault.Is(err, fault.NoneFailed) {
			t.Errorf("nothing has failed: %v", err)
		}
	})
}

// A chosen file that is overwritten before the task has its plan was where it was chosen: its
// ledger says so, and the retry finds there what has its name now.
func TestAFileGoneBeforeThePlanWasInItsFolder(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		to, album := r.mkBed("", "bed"), r.mkdir(drive.Root, "album")
		r.put(drive.Root, "a.png", 1) // of the same name, not chosen
		other := r.mkdir(drive.Root, "other")
		r.put(other, "b.png", 5) // of the same name, not chosen
		trashed := r.put(album, "b.png", 4)
		task := r.create(to, r.put(album, "a.png", 2), trashed)
		r.overwrite(album, "a.png", 3)
		r.must(r.drive.Rename(r.ctx, r.acc, trashed, "c.png"))
		r.must(r.drive.Move(r.ctx, r.acc, []drive.ID{trashed}, other))
		r.trash(trashed)
		r.run()
		counted(t, r.status(task), Counts{Total: 2, Failed: 2})
		items, _, err := r.tasks.Items(r.ctx, r.acc, task, ItemQuery{Outcome: -1, Limit: 9})
		r.must(err)
		for n, want := range []Item{{SourcePath: "/album/a.png"}, {SourcePath: "/other/c.png", Etag: etag(4)}} {
			if got := items[n]; got.SourcePath != want.SourcePath || got.Etag != want.Etag || (got.Size > 0) != (want.Etag != "") {
				t.Errorf("the ledger says %+v, want %+v", got, want)
			}
		}
		counted(t, r.retry(task), Counts{Total: 2, Copied: 1, Failed: 1})
		r.has(t, "bed/", "bed/a.png")
		if got := r.tree()["bed/a.png"].Etag; got != etag(3) {
			t.Errorf("published is %s, not what is in the folder now", got)
		}
	})
}

// A folder of the bed that the task has found or made is the same one for the retry,
// whatever it is called by now; one that is gone is made again.
func TestARetryGoesWhereTheTaskWent(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		stays, goes := r.mkdir(album, "stays"), r.mkdir(album, "goes")
		var gone []drive.ID
		for n, folder := range []drive.ID{stays, goes} {
			r.put(folder, "a.png", 10+n)
			gone = append(gone, r.put(folder, "b.png", 20+n))
		}
		task := r.create("", album)
		w := r.planned()
		r.trash(gone...)
		r.must(r.tasks.publish(r.ctx, w))
		r.exec(`UPDATE bed_folder SET name = 'renamed' WHERE account_id = $1 AND name = 'stays'`, r.acc)
		for path, img := range r.tree() {
			if path == "album/goes/" {
				r.deleteBed(img.ID)
			}
		}
		r.put(stays, "b.png", 20)
		r.put(goes, "b.png", 21)
		counted(t, r.retry(task), Counts{Total: 2, Copied: 2})
		r.has(t, "album/", "album/goes/", "album/goes/b.png", "album/renamed/", "album/renamed/a.png", "album/renamed/b.png")
	})
}

// A task that was cancelled goes on where it was stopped.
func TestACancelledTaskIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		r.tasks.batch = bound{1, 1000}
		one, two := r.mkdir(drive.Root, "1"), r.mkdir(drive.Root, "2")
		r.put(one, "a.png", 1)
		r.put(two, "b.png", 2)
		r.put(two, "same.png", 2) // skipped then, and not tried again
		task := r.create("", one, two)
		r.batches(r.planned(), 1)
		if _, err := r.tasks.Retry(r.ctx, r.acc, task); !fault.Is(err, fault.TaskGoesOn) {
			t.Errorf("while it runs: %v", err)
		}
		r.must(r.tasks.Cancel(r.ctx, r.acc, task))
		r.has(t, "1/", "1/a.png")
		counted(t, r.retry(task), Counts{Total: 1, Copied: 1})
		r.has(t, "1/", "1/a.png", "2/", "2/b.png")
	})
}

// A task that ended before it was planned is done from its beginning.
func TestATaskWithoutAPlanIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		r.put(album, "a.png", 1)
		gone := r.put(drive.Root, "gone.png", 2)
		task, err := r.tasks.Create(r.ctx, r.acc, []drive.ID{album, gone}, "", "deep", "down")
		r.must(err)
		r.must(r.tasks.Cancel(r.ctx, r.acc, task))
		r.trash(gone)
		again := r.retry(task)
		counted(t, again, Counts{Total: 2, Copied: 1, Failed: 1})
		r.has(t, "deep/", "deep/down/", "deep/down/album/", "deep/down/album/a.png")
		if again.RetryOf != task {
			t.Errorf("it is said to try %q again", again.RetryOf)
		}

		l := r.tasks.Limits()
		l.Levels = 0
		r.tasks.SetLimits(l)
		if failed := r.copy("", album); failed.FailCode != LimitDepth {
			t.Errorf("%+v", failed)
		} else {
			l.Levels = 1
			r.tasks.SetLimits(l)
			counted(t, r.retry(ID(failed.ID)), Counts{Total: 1, Copied: 1})
		}
	})
}

// What the operator's limits forbid by now is not published by trying again.
func TestARetryKeepsToTheSizeOfAPicture(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		task := r.create("", r.put(drive.Root, "a.png", 1), r.put(drive.Root, "b.png", 2))
		w := r.planned()
		r.must(r.tasks.Cancel(r.ctx, r.acc, task))
		if err := r.tasks.publish(r.ctx, w); !fault.Is(err, fault.LeaseLost) {
			t.Fatal(err)
		}
		l := r.tasks.Limits()
		l.ImageSize = w.open[0].size - 1
		r.tasks.SetLimits(l)
		again := r.retry(task)
		counted(t, again, Counts{Total: 2, Failed: 2})
		if got := r.failures(ID(again.ID)); !strings.HasSuffix(got[0], string(TooLarge)) {
			t.Errorf("failed as %v", got)
		}
		r.has(t)
	})
}

// Some of what has failed is tried again alone.
func TestOneFailureIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		var ids []drive.ID
		for n := range 3 {
			ids = append(ids, r.put(drive.Root, fmt.Sprintf("%d.png", n), n))
		}
		task := r.create("", append(ids, r.put(drive.Root, "fine.png", 9))...)
		w := r.planned()
		r.trash(ids...)
		r.must(r.tasks.publish(r.ctx, w))
		for n := range 3 {
			r.put(drive.Root, fmt.Sprintf("%d.png", n), n)
		}
		again, err := r.tasks.Retry(r.ctx, r.acc, task, 2, 2)
		r.must(err)
		r.run()
		counted(t, r.status(again), Counts{Total: 1, Copied: 1})
		r.has(t, "1.png", "fine.png")
		for _, seqs := range [][]int{{4}, {1, 99}, {0}} { // one that was published, and some that are not there
			if _, err := r.tasks.Retry(r.ctx, r.acc, task, seqs...); !fault.Is(err, fault.BadRequest) {
				t.Errorf("%v: %v", seqs, err)
			}
		}
		unplanned := r.create("", r.put(drive.Root, "later.png", 8))
		r.must(r.tasks.Cancel(r.ctx, r.acc, unplanned))
		if _, err := r.tasks.Retry(r.ctx, r.acc, unplanned, 1); !fault.Is(err, fault.BadRequest) {
			t.Errorf("of a task without a ledger: %v", err)
		}
	})
}

// A retry is a task like any other: it has a target, and counts to the limit.
func TestWhatIsNoRetry(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		to := r.mkBed("", "bed")
		id := r.put(drive.Root, "a.png", 1)
		task := r.create(to, id)
		w := r.planned()
		r.trash(id)
		r.must(r.tasks.publish(r.ctx, w))
		for acc, of := range map[account.ID]ID{r.acc: "nothing", r.account("other", account.NoQuota).acc: task} {
			if _, err := r.tasks.Retry(r.ctx, acc, of); !fault.Is(err, fault.TaskNotFound) {
				t.Errorf("%q of account %d: %v", of, acc, err)
			}
		}
		for n := range MaxTasks {
			r.create("", r.put(drive.Root, string(rune('b'+n))+".png", n))
		}
		if _, err := r.tasks.Retry(r.ctx, r.acc, task); !fault.Is(err, fault.TooManyTasks) {
			t.Errorf("a fourth task: %v", err)
		}
		for range MaxTasks {
			r.run()
		}
		r.deleteBed(to)
		if _, err := r.tasks.Retry(r.ctx, r.acc, task); !fault.Is(err, fault.ParentNotFound) {
			t.Errorf("without its target: %v", err)
		}
	})
}

// Whichever of a task and its retry is undone first, the folders that the task made go
// with the last picture.
func TestAFolderGoesWithItsRetry(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		r.tasks.batch = bound{1, 1000}
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			album := r.mkdir(drive.Root, fmt.Sprint("album", order[0]))
			day := r.mkdir(album, "day")
			for n := range 2 {
				r.put(album, fmt.Sprintf("%d.png", n), 10*order[0]+n)
				r.put(day, fmt.Sprintf("%d.png", n), 10*order[0]+2+n)
			}
			task := r.create("", album)
			w := r.planned()
			r.batches(w, 1)
			r.must(r.tasks.Cancel(r.ctx, r.acc, task))
			again := r.retry(task)
			if again.Copied == 0 || r.status(task).Copied == 0 {
				t.Fatalf("the task copied %+v, the retry %+v", r.status(task), again)
			}
			tasks := []ID{task, ID(again.ID)}
			for _, n := range order {
				r.undo(tasks[n])
			}
			r.has(t)
		}
	})
}
