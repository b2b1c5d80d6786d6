package copytask

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// What is done to source and target between the steps of a task.

func TestRenamedOrMovedMeanwhileIsPublishedAsPlanned(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		renamed, moved := r.put(album, "renamed.png", 1), r.put(album, "moved.png", 2)
		task := r.create("", album)
		w := r.planned()
		r.must(r.drive.Rename(r.ctx, r.acc, renamed, "x.png"))
		r.must(r.drive.Move(r.ctx, r.acc, []drive.ID{moved}, drive.Root))
		r.exec(`UPDATE drive_entry SET name = 'other' WHERE account_id = $1 AND id = $2`, r.acc, album)
		r.must(r.tasks.publish(r.ctx, w))
		counted(t, r.status(task), Counts{Total: 2, Copied: 2})
		r.has(t, "album/", "album/moved.png", "album/renamed.png")
	})
}

func TestTrashedDeletedOrReplacedMeanwhileFails(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		inner := r.mkdir(album, "inner")
		r.put(inner, "under a trashed folder.png", 1)
		trashed, deleted := r.put(album, "trashed.png", 2), r.put(album, "deleted.png", 3)
		r.put(album, "replaced.png", 4)
		stays := r.put(album, "stays.png", 5)
		rewritten := r.put(album, "rewritten.png", 7)
		task := r.create("", album)
		w := r.planned()
		r.trash(inner, trashed, deleted)
		r.exec(`
			UPDATE drive_entry SET (blob_id, etag, size) = (SELECT blob_id, etag, size FROM drive_entry WHERE account_id = $1 AND id = $3)
			WHERE account_id = $1 AND id = $2`, r.acc, rewritten, stays)
		_, err := r.drive.Delete(r.ctx, r.acc, []drive.ID{deleted})
		r.must(err)
		_, err = r.try(album, "replaced.png", 6, drive.Overwrite)
		r.must(err)
		r.must(r.tasks.publish(r.ctx, w))
		s := r.status(task)
		counted(t, s, Counts{Total: 6, Copied: 1, Failed: 5})
		if s.State != queue.Done || s.FailCode != "" {
			t.Errorf("%d %q", s.State, s.FailCode)
		}
		for _, f := range r.failures(task) {
			if !strings.HasSuffix(f, ": source_deleted") {
				t.Error(f)
			}
		}
		r.has(t, "album/", "album/stays.png")
	})
}

// Content that was missing when the task was planned and has come again since stands
// in another row: it is the picture that was planned.
func TestUploadedAgainMeanwhileIsPublished(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		id := r.put(drive.Root, "a.png", 1)
		old := blobOf(r, id)
		task := r.create("", id)
		w := r.planned()
		r.exec(`UPDATE blob SET state = $3 WHERE account_id = $1 AND id = $2`, r.acc, old, blob.Missing)
		r.write(func(tx *db.Tx) error {
			fresh, err := r.store(tx, 1)
			if err != nil {
				return err
			}
			return drive.MoveContent(r.ctx, tx, r.acc, old, fresh)
		})
		r.must(r.tasks.publish(r.ctx, w))
		counted(t, r.status(task), Counts{Total: 1, Copied: 1})
		if img := r.has(t, "a.png")["a.png"]; img.BlobID == old || img.BlobID != blobOf(r, id) {
			t.Errorf("it shows content %d, was planned from %d, the source has %d", img.BlobID, old, blobOf(r, id))
		}
	})
}

func blobOf(r *rooms, id drive.ID) int64 {
	r.Helper()
	e, _, err := r.drive.Get(r.ctx, r.acc, id)
	r.must(err)
	return e.BlobID
}

func TestBlockedMeanwhileFails(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		id := r.put(drive.Root, "a.png", 1)
		task := r.create("", id)
		w := r.planned()
		r.exec(`UPDATE blob SET state = $2 WHERE account_id = $1`, r.acc, blob.Blocked)
		r.must(r.tasks.publish(r.ctx, w))
		if got := r.failures(task); !slices.Equal(got, []string{"a.png: source_blocked"}) {
			t.Errorf("failures: %q", got)
		}
		if s := r.status(task); s.FailCode != AllFailed || s.State != queue.Failed {
			t.Errorf("%d %q", s.State, s.FailCode)
		}
	})
}

func TestTargetDeletedMeanwhileIsNotMadeAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		target := r.mkBed("", "target")
		id, gone := r.put(drive.Root, "a.png", 1), r.put(drive.Root, "gone.png", 2)
		task := r.create(target, id, gone)
		w := r.planned()
		r.deleteBed(target)
		r.mkBed("", "target") // another one of that name
		r.trash(gone)
		r.must(r.tasks.publish(r.ctx, w))
		if got := r.failures(task); !slices.Equal(got, []string{"a.png: target_deleted", "gone.png: source_deleted"}) {
			t.Errorf("failures: %q", got)
		}
		if s := r.status(task); s.FailCode != NoTarget || s.State != queue.Failed {
			t.Errorf("%d %q", s.State, s.FailCode)
		}
		r.has(t, "target/")
	})
}

// twoBatches is a task over two sub-folders of an album, a batch each.
func twoBatches(r *rooms) (task ID, w *work) {
	r.tasks.batch.items = fewItems
	album := r.mkdir(drive.Root, "album")
	for n, name := range []string{"one", "two"} {
		folder := r.mkdir(album, name)
		for i := range fewItems {
			r.put(folder, fmt.Sprintf("%03d.png", i), 1000*n+i)
		}
	}
	task = r.create("", album)
	return task, r.planned()
}

func TestFolderOfTheTaskDeletedMeanwhileIsNotMadeAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		task, w := twoBatches(r)
		r.batches(w, 1)
		r.deleteBed(r.tree()["album/"].ID)
		r.mkBed("", "album") // another one of that name
		r.must(r.workers.ReclaimAll(r.ctx))
		r.run()
		s := r.status(task)
		counted(t, s, Counts{Total: 2 * fewItems, Copied: fewItems, Failed: fewItems})
		if s.State != queue.Done || s.FailCode != "" {
			t.Errorf("%d %q", s.State, s.FailCode)
		}
		if got := r.failures(task); got[0] != "000.png: target_deleted" || len(got) != fewItems {
			t.Errorf("%d failures, the first is %q", len(got), got[0])
		}
		r.has(t, "album/")
	})
}

// Where batches end and who does them changes nothing.
func TestTheSecondBatchByAnotherWorker(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		task, first := twoBatches(r)
		r.batches(first, 1)
		if s := r.status(task); s.State != queue.Running || s.Copied != fewItems {
			t.Errorf("after one batch: %+v", s)
		}
		before := r.tree()
		*r.ahead += 2 * queue.LeaseLength
		second := r.claim()
		if second.Attempt != first.Attempt+1 {
			t.Fatalf("attempt %d follows %d", second.Attempt, first.Attempt)
		}
		// The first worker wakes up: it can change nothing any more.
		if err := r.tasks.publish(r.ctx, first); !fault.Is(err, fault.LeaseLost) {
			t.Fatalf("a worker without a lease: %v", err)
		}
		if after := r.tree(); len(after) != len(before) {
			t.Errorf("a worker without a lease made %d of %d entries", len(after), len(before))
		}
		r.must(r.tasks.publish(r.ctx, second))
		counted(t, r.status(task), Counts{Total: 2 * fewItems, Copied: 2 * fewItems})
		for path, img := range before {
			if r.tree()[path].ID != img.ID {
				t.Errorf("%s has another id", path)
			}
		}
		if err := r.tasks.publish(r.ctx, first); !fault.Is(err, fault.LeaseLost) {
			t.Errorf("a worker without a lease, after the end: %v", err)
		}
		if n := len(r.tree()); n != 2*fewItems+3 {
			t.Errorf("%d entries", n)
		}
	})
}

// A worker that planned too late writes no second plan.
func TestOnePlanIsWrittenDown(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		task := r.create("", r.put(drive.Root, "a.png", 1))
		first := r.claim()
		*r.ahead += 2 * queue.LeaseLength
		second := r.planned()
		if _, err := r.tasks.plan(r.ctx, first); !fault.Is(err, fault.LeaseLost) {
			t.Errorf("a second plan: %v", err)
		}
		r.must(r.tasks.publish(r.ctx, second))
		counted(t, r.status(task), Counts{Total: 1, Copied: 1})
	})
}

func TestAttemptsThatKeepDyingEndTheTask(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		task := r.create("", r.put(drive.Root, "a.png", 1), r.put(drive.Root, "b.png", 2))
		die := func(times int) {
			for range times {
				*r.ahead += 2 * queue.LeaseLength
				r.claim()
			}
		}
		die(queue.MaxIdle - 1)
		*r.ahead += 2 * queue.LeaseLength
		r.planned() // a mark of progress
		die(queue.MaxIdle)
		if s := r.status(task); s.State != queue.Running {
			t.Fatalf("given up after %d attempts: %+v", queue.MaxIdle, s)
		}
		*r.ahead += 2 * queue.LeaseLength
		r.run()
		s := r.status(task)
		if s.State != queue.Failed || s.FailCode != Broken || s.TraceID == "" {
			t.Errorf("%+v", s)
		}
		counted(t, s, Counts{Total: 2, Failed: 2})
		if got := r.failures(task); !slices.Equal(got, []string{"a.png: internal", "b.png: internal"}) {
			t.Errorf("failures: %q", got)
		}
		r.has(t)
		counted(t, r.copy("", r.mkdir(drive.Root, "next")), Counts{}) // the queue goes on
	})
}

// Every picture published is written down apart from the ledger, and outlives
// task and source, not the image.
func TestPublications(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		album := r.mkdir(drive.Root, "album")
		a, b := r.put(album, "a.png", 1), r.put(album, "b.png", 2)
		r.copy("", album)
		r.copy("", a)
		rows := func() (list []string) {
			r.read(func(tx *db.Tx) (err error) {
				list, err = db.Collect(r.ctx, tx, scanText, `
					SELECT drive_id || ' ' || parent_id || ' ' || name || ' ' || etag || ' ' || task_seq FROM publication
					WHERE account_id = $1 ORDER BY task_seq, drive_id`, r.acc)
				return err
			})
			return list
		}
		want := []string{
			fmt.Sprintf("%d %d a.png %s 1", a, album, etag(1)), fmt.Sprintf("%d %d b.png %s 1", b, album, etag(2)),
			fmt.Sprintf("%d %d a.png %s 2", a, album, etag(1)),
		}
		if got := rows(); !slices.Equal(got, want) {
			t.Errorf("publications are %q, want %q", got, want)
		}
		r.trash(album)
		_, err := r.drive.Delete(r.ctx, r.acc, []drive.ID{album})
		r.must(err)
		if got := rows(); !slices.Equal(got, want) {
			t.Errorf("without the source they are %q", got)
		}
		r.deleteBed(r.tree()["a.png"].ID)
		if got := rows(); !slices.Equal(got, want[:2]) {
			t.Errorf("without one image they are %q", got)
		}
	})
}

func TestTheSamePictureTakesTheTimeOfItsSource(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		r.copy("", r.put(drive.Root, "a.png", 1))
		old := r.tree()["a.png"]
		*r.ahead += time.Hour
		again := r.put(drive.Root, "b.gif", 1)
		*r.ahead += time.Hour
		counted(t, r.copy("", again), Counts{Total: 1, Replaced: 1})
		now := r.tree()["b.gif"]
		e, _, err := r.drive.Get(r.ctx, r.acc, again)
		r.must(err)
		if !now.UpdatedAt.Equal(e.UpdatedAt) || !now.CreatedAt.Equal(old.CreatedAt) || now.ID != old.ID || now.Ext != "png" {
			t.Errorf("was %+v, is %+v; the source is of %s", old, now, e.UpdatedAt)
		}
	})
}

// A folder that can't have its name, because an image holds it, keeps the other
// name it was given, whatever becomes of that image.
func TestFolderBesideAnImageOfItsName(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		r.copy("", r.put(r.mkdir(drive.Root, "old"), "x.png", 1)) // x.png in the bed is content 1
		album := r.mkdir(drive.Root, "x.png")
		r.put(album, "in.png", 2)
		swapped := r.put(r.mkdir(drive.Root, "new"), "y.png", 1) // and is called y.png after this
		for _, ids := range [][]drive.ID{{swapped, album}, {album, swapped}} {
			r.copy("", ids...)
			first := r.tree()
			s := r.copy("", ids...)
			counted(t, s, Counts{Total: 2, Replaced: 2})
			for path, img := range r.tree() {
				if first[path].ID != img.ID {
					t.Errorf("run again: %s is new", path)
				}
			}
		}
	})
}

func (r *rooms) has(t *testing.T, want ...string) map[string]imagebed.Image {
	t.Helper()
	tree := r.tree()
	var got []string
	for path := range tree {
		got = append(got, path)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the bed holds %q, want %q", got, want)
	}
	return tree
}

// A chosen file that is gone when its task begins is what it was when it was chosen:
// a failure only where it would have been published.
func TestGoneBeforeTheRun(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		picture, text, empty := r.put(drive.Root, "a.png", 1), r.put(drive.Root, "a.txt", 2), r.put(drive.Root, "empty.png", 3)
		folder := r.mkdir(drive.Root, "folder")
		r.put(folder, "b.png", 4)
		r.exec(`UPDATE drive_entry SET class = 4 WHERE account_id = $1 AND id = $2`, r.acc, empty)
		task := r.create("", picture, text, empty, folder)
		r.trash(picture, text, empty, folder)
		_, err := r.drive.Delete(r.ctx, r.acc, []drive.ID{picture, text, empty})
		r.must(err)
		r.run()
		counted(t, r.status(task), Counts{Total: 1, Failed: 1, Skipped: 2})
		if got := r.failures(task); !slices.Equal(got, []string{"a.png: source_deleted"}) {
			t.Errorf("failures are %q", got)
		}
	})
}
