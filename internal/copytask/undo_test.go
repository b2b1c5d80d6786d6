package copytask

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
)

// undo takes a task back, first as a dry run, which must say the same and do nothing.
func (r *rooms) undo(id ID) Undone {
	r.Helper()
	before := r.rowsAll()
	dry, err := r.tasks.Undo(r.ctx, r.acc, id, true)
	r.must(err)
	if after := r.rowsAll(); after != before {
		r.Fatalf("a dry run: %d rows and bytes were %d", after, before)
	}
	was, err := r.tasks.Status(r.ctx, r.acc, id)
	r.must(err)
	done, err := r.tasks.Undo(r.ctx, r.acc, id, false)
	r.must(err)
	now, err := r.tasks.Status(r.ctx, r.acc, id)
	r.must(err)
	if did := done.Removed+done.Restored > 0; did == now.UndoneAt().Equal(was.UndoneAt()) {
		r.Errorf("%+v: the task was undone at %v, and is at %v", done, was.UndoneAt(), now.UndoneAt())
	}
	if diff := cmp.Diff(dry, done); diff != "" {
		r.Fatalf("the dry run said -, it came +:\n%s", diff)
	}
	return done
}

// kept are the images that stay as "name: reason".
func (u Undone) kept() (list []string) {
	for _, k := range u.Kept {
		list = append(list, k.Name+": "+string(k.Reason))
	}
	slices.Sort(list)
	return list
}

// What a task has made goes again, with the folders that it made; what somebody has
// touched since stays, and so does what was there before.
func TestUndoTakesBackWhatNobodyTouched(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		day, night := r.mkdir(album, "day"), r.mkdir(album, "night")
		var files []drive.ID
		for n, name := range []string{"old", "new", "moved", "back", "renamed", "again"} {
			files = append(files, r.put(day, name+".png", n))
		}
		r.put(night, "night.png", 9)
		r.copy("", album) // made by another task:
		for path, img := range r.tree() {
			if path != "album/" && path != "album/day/" && path != "album/day/old.png" && !img.IsFolder {
				r.deleteBed(img.ID)
			}
		}
		r.deleteBed(r.tree()["album/night/"].ID)
		used := r.used()
		task := r.create("", album)
		r.run()
		tree := r.tree()
		other := r.mkBed("", "other")
		r.must(r.bed.Move(r.ctx, r.acc, []imagebed.ID{tree["album/day/moved.png"].ID, tree["album/day/back.png"].ID}, other))
		r.must(r.bed.Move(r.ctx, r.acc, []imagebed.ID{tree["album/day/back.png"].ID}, tree["album/day/"].ID))
		r.must(r.bed.Rename(r.ctx, r.acc, tree["album/day/renamed.png"].ID, "named.png"))
		counted(t, r.copy(tree["album/day/"].ID, files[5]), Counts{Total: 1, Replaced: 1})
		done := r.undo(task)
		want := []string{"again.png: republished", "back.png: touched", "moved.png: moved", "named.png: touched", "old.png: replaced"}
		if diff := cmp.Diff(want, done.kept()); diff != "" || done.Removed != 2 || done.Restored != 0 {
			t.Errorf("%+v: %s", done, diff)
		}
		r.has(t, "album/", "album/day/", "album/day/again.png", "album/day/back.png", "album/day/named.png", "album/day/old.png", "other/", "other/moved.png")
		if n := r.used(); n != used+size(2)+size(3)+size(4)+size(5) {
			t.Errorf("%d bytes are used, %d were", n, used)
		}
		if again := r.undo(task); again.Removed != 0 {
			t.Errorf("undone again: %+v", again)
		}
	})
}

// Folders that a task made are taken away where they are empty and nobody renamed them,
// those above after those below.
func TestUndoTakesEmptyFoldersBack(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		top := r.mkdir(drive.Root, "a")
		deep := r.mkdir(r.mkdir(r.mkdir(top, "b"), "c"), "d")
		wide := r.mkdir(top, "e")
		r.put(deep, "x.png", 5)
		r.put(wide, "y.png", 6)
		task := r.copy("", top)
		r.must(r.bed.Rename(r.ctx, r.acc, r.tree()["a/e/"].ID, "f"))
		if done := r.undo(ID(task.ID)); done.Removed != 2 || len(done.Kept) != 0 {
			t.Errorf("%+v", done)
		}
		r.has(t, "a/", "a/f/")
		// Of a folder that was there before, nothing goes but what is new.
		task = r.copy("", top)
		r.has(t, "a/", "a/b/", "a/b/c/", "a/b/c/d/", "a/b/c/d/x.png", "a/e/", "a/e/y.png", "a/f/")
		r.undo(ID(task.ID))
		r.has(t, "a/", "a/f/")
	})
}

// A folder that another task is to publish into stays, though it is empty.
func TestUndoKeepsTheTargetsOfTasks(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		r.put(album, "a.png", 1)
		task := r.copy("", album)
		waits := r.create(r.tree()["album/"].ID, r.put(drive.Root, "b.png", 2))
		if done := r.undo(ID(task.ID)); done.Removed != 1 {
			t.Errorf("%+v", done)
		}
		r.has(t, "album/")
		r.run()
		counted(t, r.status(waits), Counts{Total: 1, Copied: 1})
		r.has(t, "album/", "album/b.png")
	})
}

// While a task goes on, and of another account, there is nothing to undo.
func TestUndoRefuses(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		task := r.create("", r.put(drive.Root, "a.png", 1))
		if _, err := r.tasks.Undo(r.ctx, r.acc, task, false); !fault.Is(err, fault.TaskGoesOn) {
			t.Errorf("while it waits: %v", err)
		}
		r.run()
		for acc, id := range map[account.ID]ID{r.acc: "nothing", r.account("other", account.NoQuota).acc: task} {
			if _, err := r.tasks.Undo(r.ctx, acc, id, false); !fault.Is(err, fault.TaskNotFound) {
				t.Errorf("%q of %d: %v", id, acc, err)
			}
		}
	})
}

// republish does a re-publishing.
func (r *rooms) republish(c Chosen) Status {
	r.Helper()
	id, err := r.tasks.Republish(r.ctx, r.acc, c)
	r.must(err)
	r.run()
	return r.status(id)
}

// shows says which numbered content an image shows.
func (r *rooms) shows(t *testing.T, path string, id imagebed.ID, content int) {
	t.Helper()
	img := r.tree()[path]
	if img.ID != id || img.Etag != etag(content) || img.Size != size(content) {
		t.Errorf("%s is %s and shows %s of %d bytes, want %s and content %d", path, img.ID, img.Etag, img.Size, id, content)
	}
}

// A link shows what the drive has now, and is the same link; undone, it shows again what
// it showed.
func TestRepublishKeepsTheLink(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		one, two := r.put(album, "one.png", 1), r.put(album, "two.png", 2)
		r.put(album, "three.png", 3)
		first := r.copy("", album)
		bed := r.tree()["album/"].ID
		id := r.tree()["album/one.png"].ID
		direct := r.tree()["album/three.png"].ID
		r.exec(`DELETE FROM publication WHERE account_id = $1 AND image_id = $2`, r.acc, direct) // as one that was uploaded into the bed
		used := r.used()

		r.trash(one, two)
		changed := r.put(album, "one.png", 14)
		s := r.republish(Chosen{Folder: bed})
		counted(t, s, Counts{Total: 2, Replaced: 1, Skipped: 1, Failed: 1})
		r.shows(t, "album/one.png", id, 14)
		items, _, err := r.tasks.Items(r.ctx, r.acc, ID(s.ID), ItemQuery{Outcome: -1, Limit: 100})
		r.must(err)
		var got []string
		for _, i := range items {
			got = append(got, fmt.Sprintf("%q → %s %s %s", i.SourcePath, i.TargetPath, i.Outcome, i.Reason))
		}
		slices.Sort(got)
		want := []string{
			`"" → /album/three.png skipped no_source`,
			`"/album/one.png" → /album/one.png replaced `,
			`"/album/two.png" → /album/two.png failed source_deleted`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := r.used(); n != used+size(14)+size(14)-size(1) {
			t.Errorf("%d bytes are used, %d were", n, used)
		}
		counted(t, r.republish(Chosen{Files: []drive.ID{changed}}), Counts{Skipped: 1}) // it shows that already
		counted(t, r.republish(Chosen{Images: []imagebed.ID{id}}), Counts{Skipped: 1})

		if done := r.undo(ID(first.ID)); !slices.Contains(done.kept(), "one.png: republished") {
			t.Errorf("%+v", done)
		}
		done := r.undo(ID(s.ID))
		if done.Restored != 1 || done.Removed != 0 || len(done.Kept) != 0 {
			t.Errorf("%+v", done)
		}
		r.shows(t, "album/one.png", id, 1)
		if again := r.undo(ID(s.ID)); again.Restored != 0 || len(again.Kept) != 0 {
			t.Errorf("undone again: %+v", again)
		}
		// It is as the first task left it.
		if done := r.undo(ID(first.ID)); done.Removed != 1 {
			t.Errorf("%+v", done)
		}
	})
}

// What can't be restored stays.
func TestUndoKeepsWhatItCannotRestore(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		a, b := r.put(drive.Root, "a.png", 1), r.put(drive.Root, "b.png", 9)
		lost, lostBlob := a, blobOf(r, a)
		r.copy("", a, b)
		r.trash(lost, b)
		a, b = r.put(drive.Root, "a.png", 2), r.put(drive.Root, "b.png", 3)
		s := r.republish(Chosen{Files: []drive.ID{a, b}})
		counted(t, s, Counts{Total: 2, Replaced: 2})
		r.exec(`UPDATE blob SET state = $3 WHERE account_id = $1 AND id = $2`, r.acc, lostBlob, blob.Damaged)
		r.exec(`UPDATE account SET quota = used WHERE id = $1`, r.acc)
		done := r.undo(ID(s.ID))
		if diff := cmp.Diff([]string{"a.png: former_gone", "b.png: quota_exceeded"}, done.kept()); diff != "" || done.Restored != 0 {
			t.Errorf("%+v: %s", done, diff)
		}
		r.exec(`UPDATE account SET quota = -1 WHERE id = $1`, r.acc)
		r.put(drive.Root, "again.png", 1) // what was lost comes again
		if done := r.undo(ID(s.ID)); done.Restored != 2 || len(done.Kept) != 0 {
			t.Errorf("%+v", done)
		}
		c := r.put(drive.Root, "c.png", 4)
		r.copy("", c)
		r.trash(c)
		c = r.put(drive.Root, "c.png", 5)
		s = r.republish(Chosen{Files: []drive.ID{c}})
		r.exec(`UPDATE blob SET state = $3 WHERE account_id = $1 AND md5 = $2`, r.acc, etag(4), blob.Blocked)
		if done := r.undo(ID(s.ID)); !slices.Equal(done.kept(), []string{"c.png: source_blocked"}) {
			t.Errorf("%+v", done)
		}
	})
}

// What fails is tried again onto the same images.
func TestARepublishingIsTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		a, b := r.put(drive.Root, "a.png", 1), r.put(drive.Root, "b.png", 2)
		r.copy("", a, b)
		ids := map[string]imagebed.ID{"a.png": r.tree()["a.png"].ID, "b.png": r.tree()["b.png"].ID}
		r.trash(a, b)
		a, b = r.put(drive.Root, "a.png", 11), r.put(drive.Root, "b.png", 11)
		id, err := r.tasks.Republish(r.ctx, r.acc, Chosen{Files: []drive.ID{a, b}})
		r.must(err)
		r.trash(a, b)
		r.run()
		counted(t, r.status(id), Counts{Total: 2, Failed: 2})
		r.put(drive.Root, "a.png", 12)
		r.put(drive.Root, "b.png", 12)
		counted(t, r.retry(id), Counts{Total: 2, Replaced: 2})
		for name, id := range ids {
			r.shows(t, name, id, 12)
		}
		r.deleteBed(ids["a.png"])
		r.put(drive.Root, "c.png", 5)
		if _, err := r.tasks.Republish(r.ctx, r.acc, Chosen{Images: []imagebed.ID{ids["a.png"]}}); !fault.Is(err, fault.NotFound) {
			t.Errorf("an image that is gone: %v", err)
		}
	})
}

// Of a folder what is up to date counts to no limit; of skips as many are written down as
// of any task.
func TestRepublishALargeFolder(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		l := r.tasks.Limits()
		l.Images = 3
		r.tasks.SetLimits(l)
		album := r.mkdir(drive.Root, "album")
		for n := range 3 {
			r.put(album, fmt.Sprint(n, ".png"), n)
		}
		r.copy("", album)
		bed := r.tree()["album/"].ID
		for n := range 2 {
			r.copy(bed, r.put(album, fmt.Sprint(n+3, ".png"), n+3))
		}
		counted(t, r.republish(Chosen{Folder: bed}), Counts{Skipped: 5})
		for n := range 3 {
			r.overwrite(album, fmt.Sprint(n, ".png"), n+10)
		}
		counted(t, r.republish(Chosen{Folder: bed}), Counts{Total: 3, Replaced: 3, Skipped: 2})
		for n := range 4 {
			r.overwrite(album, fmt.Sprint(n, ".png"), n+20)
		}
		if _, err := r.tasks.Republish(r.ctx, r.acc, Chosen{Folder: bed}); !fault.Is(err, fault.TooManyImages) {
			t.Errorf("one more than a task may have: %v", err)
		}

		l.Images = 2 * maxNoted
		r.tasks.SetLimits(l)
		many := r.mkBed("", "many")
		r.exec(`
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $4)
			INSERT INTO image SELECT $1, id || '-' || n.i, $3, n.i || '.png', ext, blob_id, size, etag, created_at, updated_at, shown_at
			FROM image CROSS JOIN n WHERE account_id = $1 AND id = $2`, r.acc, r.tree()["album/0.png"].ID, many, maxNoted+2)
		s := r.republish(Chosen{Folder: many})
		counted(t, s, Counts{Skipped: maxNoted + 2})
		if n := len(r.ledger(ID(s.ID), ItemQuery{Outcome: -1, Limit: 3 * maxNoted})); n != maxNoted {
			t.Errorf("%d skips are written down", n)
		}
	})
}

func TestRepublishRefuses(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		folder, file := r.mkdir(drive.Root, "d"), r.put(drive.Root, "a.png", 1)
		bed := r.mkBed("", "bed")
		for what, c := range map[string]struct {
			chosen Chosen
			code   fault.Code
		}{
			"a file that is nowhere published": {Chosen{Files: []drive.ID{file}}, fault.NotPublished},
			"a folder of the drive":            {Chosen{Files: []drive.ID{folder}}, fault.NotFile},
			"no file":                          {Chosen{Files: []drive.ID{1 << 50}}, fault.NotFound},
			"a folder among images":            {Chosen{Images: []imagebed.ID{bed}}, fault.NotFile},
			"an empty folder":                  {Chosen{Folder: bed}, fault.NotPublished},
			"no folder":                        {Chosen{Folder: "nothing"}, fault.ParentNotFound},
			"more than a hundred":              {Chosen{Files: make([]drive.ID, MaxIDs+1)}, fault.TooManyIDs},
		} {
			if _, err := r.tasks.Republish(r.ctx, r.acc, c.chosen); !fault.Is(err, c.code) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
