package copytask

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// ledger reads all of a task's lines, so many a page.
func (r *rooms) ledger(id ID, q ItemQuery) (lines []string) {
	r.Helper()
	for more := true; more; {
		var list []Item
		var err error
		list, more, err = r.tasks.Items(r.ctx, r.acc, id, q)
		r.must(err)
		if more && len(list) != q.Limit {
			r.Fatalf("%d lines on a page of %d", len(list), q.Limit)
		}
		for _, i := range list {
			link := ""
			if (i.Ext != "") != (i.ImageID != "") {
				link = " gone"
			}
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s %s %s > %s%s", i.Seq, i.Outcome, i.Reason, i.SourcePath, i.TargetPath, link)))
			q.After = i.Seq
		}
	}
	return lines
}

// Every picture and every noted skip has a line, with where it came from and where it is.
func TestTheLedgerTellsOfEveryPicture(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		to := r.mkBed("", "图 床")
		album := r.mkdir(drive.Root, "相册")
		day := r.mkdir(album, "day 1")
		r.put(album, "a.png", 1)
		r.put(album, "b.png", 1)
		r.put(album, "notes.txt", 2)
		r.put(day, "c.png", 3)
		gone := r.put(day, "d.png", 4)
		task := r.create(to, album)
		w := r.planned()
		r.trash(gone)
		r.must(r.tasks.publish(r.ctx, w))
		want := []string{
			"1 skipped not_an_image /相册/notes.txt >",
			"2 copied  /相册/a.png > /图 床/相册/a.png",
			"3 skipped duplicate_in_task /相册/b.png > /图 床/相册/b.png",
			"4 copied  /相册/day 1/c.png > /图 床/相册/day 1/c.png",
			"5 failed source_deleted /相册/day 1/d.png > /图 床/相册/day 1/d.png",
		}
		for limit := 1; limit <= 6; limit++ {
			if diff := cmp.Diff(want, r.ledger(task, ItemQuery{Outcome: -1, Limit: limit})); diff != "" {
				t.Errorf("%d a page -want +got:\n%s", limit, diff)
			}
		}
		for _, c := range []struct {
			q    ItemQuery
			want []string
		}{
			{ItemQuery{Outcome: Copied, Limit: 1}, []string{want[1], want[3]}},
			{ItemQuery{Outcome: Skipped, Reason: DuplicateInTask, Limit: 9}, want[2:3]},
			{ItemQuery{Outcome: -1, Reason: SourceDeleted, Limit: 9}, want[4:]},
			{ItemQuery{Outcome: Replaced, Limit: 9}, nil},
		} {
			if diff := cmp.Diff(c.want, r.ledger(task, c.q)); diff != "" {
				t.Errorf("%+v -want +got:\n%s", c.q, diff)
			}
		}
		// What became of it since: another name is told, a dead link is none.
		list, _, err := r.tasks.Items(r.ctx, r.acc, task, ItemQuery{Outcome: Copied, Limit: 9})
		r.must(err)
		r.exec(`UPDATE image SET name = 'new.png' WHERE account_id = $1 AND id = $2`, r.acc, list[0].ImageID)
		r.deleteBed(list[1].ImageID)
		want = []string{"2 copied  /相册/a.png > /图 床/相册/new.png", "4 copied  /相册/day 1/c.png > /图 床/相册/day 1/c.png gone"}
		if diff := cmp.Diff(want, r.ledger(task, ItemQuery{Outcome: Copied, Limit: 9})); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if _, _, err := r.account("other", account.NoQuota).tasks.Items(r.ctx, r.acc+1, task, ItemQuery{Outcome: -1, Limit: 1}); !fault.Is(err, fault.TaskNotFound) {
			t.Errorf("another account reads it: %v", err)
		}
	})
}

// Of what was to be re-published the ledger names the image, also where nothing came of it.
func TestTheLedgerOfARepublishing(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		file := r.put(drive.Root, "a.png", 1)
		r.copy("", file)
		img := r.tree()["a.png"]
		again := func(outcome Outcome, reason Reason) {
			t.Helper()
			s := r.republish(Chosen{Images: []imagebed.ID{img.ID}})
			list, _, err := r.tasks.Items(r.ctx, r.acc, ID(s.ID), ItemQuery{Outcome: -1, Limit: 9})
			r.must(err)
			i := list[0]
			if len(list) != 1 || i.Outcome != outcome || i.Reason != reason || i.ImageID != img.ID || i.Ext != img.Ext || i.TargetPath != "/a.png" {
				t.Errorf("%s: %+v", reason, list)
			}
		}
		again(Skipped, UpToDate)
		r.trash(file)
		again(Failed, SourceDeleted)
	})
}

// The ledger says where an image is, whatever folders were called when it was planned; of
// one that is not there, where it was to go by what its folder is called now.
func TestTheLedgerTellsWhereImagesAre(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		picture := r.put(drive.Root, "b.png", 1)
		r.copy("", picture)
		r.exec(`UPDATE image SET name = 'album' WHERE account_id = $1`, r.acc) // so that the folder takes a suffix
		album := r.mkdir(drive.Root, "album")
		day := r.mkdir(album, "day")
		for n := range 3 {
			r.put(day, fmt.Sprintf("%d.png", n), 10+n)
		}
		gone := r.put(day, "gone.png", 20)
		task := r.create("", album)
		w := r.planned()
		r.trash(gone)
		r.must(r.tasks.publish(r.ctx, w))
		ledger := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, r.ledger(task, ItemQuery{Outcome: -1, Limit: 9})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
		ledger(
			"1 copied  /album/day/0.png > /album(1)/day/0.png",
			"2 copied  /album/day/1.png > /album(1)/day/1.png",
			"3 copied  /album/day/2.png > /album(1)/day/2.png",
			"4 failed source_deleted /album/day/gone.png > /album(1)/day/gone.png",
		)
		other := r.mkBed("", "other")
		tree := r.tree()
		r.must(r.bed.Move(r.ctx, r.acc, []imagebed.ID{tree["album(1)/day/0.png"].ID}, other))
		r.deleteBed(tree["album(1)/day/1.png"].ID)
		r.must(r.bed.Rename(r.ctx, r.acc, tree["album(1)/day/"].ID, "night"))
		ledger(
			"1 copied  /album/day/0.png > /other/0.png",
			"2 copied  /album/day/1.png > /album(1)/night/1.png gone",
			"3 copied  /album/day/2.png > /album(1)/night/2.png",
			"4 failed source_deleted /album/day/gone.png > /album(1)/night/gone.png",
		)
		r.must(r.bed.Move(r.ctx, r.acc, []imagebed.ID{tree["album(1)/day/"].ID}, other))
		r.deleteBed(tree["album(1)/"].ID)
		ledger(
			"1 copied  /album/day/0.png > /other/0.png",
			"2 copied  /album/day/1.png > /other/night/1.png gone",
			"3 copied  /album/day/2.png > /other/night/2.png",
			"4 failed source_deleted /album/day/gone.png > /other/night/gone.png",
		)
		r.deleteBed(other)
		ledger( // as it was planned
			"1 copied  /album/day/0.png > /album/day/0.png gone",
			"2 copied  /album/day/1.png > /album/day/1.png gone",
			"3 copied  /album/day/2.png > /album/day/2.png gone",
			"4 failed source_deleted /album/day/gone.png > /album/day/gone.png",
		)
	})
}

// Tasks are listed the newest first, by state where that is asked, and with their counts.
func TestTasksAreListed(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		var ids []ID
		for n := range 5 {
			file := r.put(drive.Root, fmt.Sprintf("%d.png", n), n)
			ids = append(ids, r.create("", file))
			if n < 3 {
				r.run()
			}
		}
		slices.Reverse(ids)
		page := func(q ListQuery) (got []ID, more bool) {
			list, more, err := r.tasks.List(r.ctx, r.acc, q)
			r.must(err)
			for _, s := range list {
				if one := r.status(ID(s.ID)); one != s {
					t.Errorf("in the list %+v, alone %+v", s, one)
				}
				got = append(got, ID(s.ID))
			}
			return got, more
		}
		for limit := 1; limit <= 6; limit++ {
			var got []ID
			q := ListQuery{Limit: limit}
			for more := true; more; {
				var list []ID
				list, more = page(q)
				got = append(got, list...)
				q.Before = got[len(got)-1]
			}
			if !slices.Equal(got, ids) {
				t.Errorf("%d a page: %q, want %q", limit, got, ids)
			}
		}
		if got, more := page(ListQuery{States: []queue.State{queue.Waiting}, Limit: 9}); !slices.Equal(got, ids[:2]) || more {
			t.Errorf("waiting are %q", got)
		}
		if got, more := page(ListQuery{States: []queue.State{queue.Done, queue.Failed}, Limit: 2}); !slices.Equal(got, ids[2:4]) || !more {
			t.Errorf("ended are %q", got)
		}
		if got, more := page(ListQuery{States: []queue.State{queue.Done, queue.Waiting}, Limit: 3}); !slices.Equal(got, ids[:3]) || !more {
			t.Errorf("the newest that wait or are done are %q", got)
		}
		other := r.account("other", account.NoQuota)
		if list, more, err := r.tasks.List(r.ctx, other.acc, ListQuery{Limit: 9}); len(list) > 0 || more || err != nil {
			t.Errorf("another account sees %+v, %v", list, err)
		}
		if _, _, err := r.tasks.List(r.ctx, other.acc, ListQuery{Before: ids[0], Limit: 9}); !fault.Is(err, fault.TaskNotFound) {
			t.Errorf("after another account's task: %v", err)
		}
	})
}

// A task that waits and is cancelled never starts, and does not hold up what is behind it.
func TestCancelledWhileItWaits(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		first, second := r.create("", r.put(drive.Root, "1.png", 1)), r.create("", r.put(drive.Root, "2.png", 2))
		for range 2 {
			r.must(r.tasks.Cancel(r.ctx, r.acc, first))
		}
		r.run()
		s := r.status(first)
		if s.State != queue.Cancelled || s.FailCode != Stopped || !s.StartedAt.IsZero() || s.FinishedAt.IsZero() || s.Counts != (Counts{}) {
			t.Errorf("%+v", s)
		}
		counted(t, r.status(second), Counts{Total: 1, Copied: 1})
		r.has(t, "2.png")
		if err := r.tasks.Cancel(r.ctx, r.acc, second); !fault.Is(err, fault.TaskEnded) {
			t.Errorf("cancelled after its end: %v", err)
		}
		for acc, id := range map[account.ID]ID{r.acc: "nothing", r.account("other", account.NoQuota).acc: first} {
			if err := r.tasks.Cancel(r.ctx, acc, id); !fault.Is(err, fault.TaskNotFound) {
				t.Errorf("%q of account %d: %v", id, acc, err)
			}
		}
		if ran, err := r.workers.RunOnce(r.ctx); ran || err != nil {
			t.Error(ran, err)
		}
	})
}

// A task that runs stops before its next batch: what is published stays, what is open
// fails, in the order of the plan, behind what has failed before.
func TestCancelledWhileItRuns(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		r.tasks.batch = bound{1, 1000}
		var folders []drive.ID
		for n := range 4 {
			folder := r.mkdir(drive.Root, fmt.Sprint(n))
			r.put(folder, "a.png", 2*n)
			r.put(folder, "b.png", 2*n+1)
			folders = append(folders, folder)
		}
		gone := r.put(folders[0], "gone.png", 99)
		task := r.create("", folders...)
		w := r.planned()
		r.trash(gone)
		r.batches(w, 2)
		before := r.tree()
		r.must(r.tasks.Cancel(r.ctx, r.acc, task))
		b := &batch{work: w, bed: shelf{r.bed, r.acc}, items: cut(w, r.tasks.batch)[2]}
		if err := r.db.Write(r.ctx, "test", func(tx *db.Tx) error { return b.run(r.ctx, tx) }); !fault.Is(err, fault.LeaseLost) {
			t.Errorf("the next batch: %v", err)
		}
		if after := r.tree(); !cmp.Equal(before, after) {
			t.Errorf("published before %v, after %v", before, after)
		}
		s := r.status(task)
		counted(t, s, Counts{Total: 9, Copied: 4, Failed: 5})
		if s.State != queue.Cancelled || s.FailCode != Stopped {
			t.Errorf("%+v", s)
		}
		if got := r.failures(task); len(got) != 5 || got[0] != "gone.png: source_deleted" || got[4] != "b.png: cancelled" {
			t.Errorf("%q", got)
		}
		if lines := r.ledger(task, ItemQuery{Outcome: Open, Limit: 9}); len(lines) > 0 {
			t.Errorf("open are %q", lines)
		}
		if lines := r.ledger(task, ItemQuery{Outcome: Copied, Limit: 9}); len(lines) != 4 {
			t.Errorf("copied are %q", lines)
		}
		// The pictures that were left are another task's now.
		var root imagebed.ID
		counted(t, r.copy(root, folders[2:]...), Counts{Total: 4, Copied: 4})
	})
}
