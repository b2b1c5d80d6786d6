package copytask

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// rooms are the real rooms on a real database, and an account in them.
type rooms struct {
	rapid.TB
	ctx     context.Context
	place   db.Options
	db      *db.DB
	drive   *drive.Drive
	bed     *imagebed.Bed
	tasks   *Tasks
	workers *queue.Workers
	acc     account.ID
	ahead   *time.Duration // the clock's lead
}

// each runs a test in rooms of their own on every engine.
func each(t *testing.T, fn func(t *testing.T, r *rooms)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) { fn(t, newRooms(t, e)) })
	}
}

func newRooms(t *testing.T, e db.Engine) *rooms {
	t.Helper()
	ahead := new(time.Duration)
	place := dbtest.Place(t, e)
	d := dbtest.Again(t, place, func() time.Time { return time.Now().Add(*ahead) })
	r := &rooms{TB: t, place: place, ctx: t.Context(), db: d, drive: drive.New(d), bed: imagebed.New(d), ahead: ahead}
	r.tasks, r.workers = New(d, r.bed, slog.New(slog.DiscardHandler))
	return r.account("writer", account.NoQuota)
}

// account gives the rooms with another account of no or some quota.
func (r *rooms) account(name string, quota int64) *rooms {
	r.Helper()
	other := *r
	r.write(func(tx *db.Tx) error {
		s, err := account.Add(r.ctx, tx, name, quota, false, account.Password{})
		if err != nil {
			return err
		}
		other.acc = s.ID
		if err := drive.MakeRoot(r.ctx, tx, s.ID); err != nil {
			return err
		}
		return imagebed.MakeRoot(r.ctx, tx, s.ID)
	})
	return &other
}

func (r *rooms) write(fn func(tx *db.Tx) error) {
	r.Helper()
	r.must(r.db.Write(r.ctx, "test", fn))
}

func (r *rooms) read(fn func(tx *db.Tx) error) {
	r.Helper()
	r.must(r.db.Read(r.ctx, "test", fn))
}

func (r *rooms) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// exec changes rows that no room changes yet.
func (r *rooms) exec(query string, args ...any) {
	r.Helper()
	r.write(func(tx *db.Tx) error {
		n, err := tx.Exec(r.ctx, query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("no row for %s", query)
		}
		return err
	})
}

// etag and size of numbered content.
func etag(content int) string {
	sum := md5.Sum(fmt.Append(nil, content))
	return hex.EncodeToString(sum[:])
}

func size(content int) int64 { return 10 * int64(content%10+1) }

// try makes a file that shows numbered content.
func (r *rooms) try(parent drive.ID, name string, content int, dup drive.Duplicate) (drive.ID, error) {
	id, err := r.drive.NewID(r.ctx)
	r.must(err)
	return id, r.db.Write(r.ctx, "test: put", func(tx *db.Tx) error {
		if _, err := account.Lock(r.ctx, tx, r.acc); err != nil {
			return err
		}
		blobID, err := r.store(tx, content)
		if err != nil {
			return err
		}
		return drive.Put(r.ctx, tx, r.acc, drive.File{
			ID: id, Parent: parent, Name: name, BlobID: blobID, Size: size(content), Etag: etag(content), Duplicate: dup,
		}, 0)
	})
}

// store makes the row of numbered content where it is missing.
func (r *rooms) store(tx *db.Tx, content int) (int64, error) {
	id, found, err := blob.Find(r.ctx, tx, int64(r.acc), etag(content), size(content))
	if err != nil || found {
		return id, err
	}
	if id, err = account.NextBlob(r.ctx, tx, r.acc); err != nil {
		return 0, err
	}
	key := blob.Key{Account: int64(r.acc), ID: id}
	if err := blob.Begin(r.ctx, tx, key); err != nil {
		return 0, err
	}
	_, err = blob.Finish(r.ctx, tx, key, blob.Facts{SHA256: "of " + etag(content), SHA1: etag(content), MD5: etag(content), Size: size(content)})
	return id, err
}

func (r *rooms) put(parent drive.ID, name string, content int) drive.ID {
	r.Helper()
	id, err := r.try(parent, name, content, drive.Refuse)
	r.must(err)
	return id
}

func (r *rooms) mkdir(parent drive.ID, name string) drive.ID {
	r.Helper()
	id, err := r.drive.Mkdir(r.ctx, r.acc, parent, name)
	r.must(err)
	return id
}

func (r *rooms) trash(ids ...drive.ID) {
	r.Helper()
	r.must(r.drive.Trash(r.ctx, r.acc, ids))
}

func (r *rooms) mkBed(parent imagebed.ID, name string) imagebed.ID {
	r.Helper()
	ids, err := r.bed.Mkdir(r.ctx, r.acc, parent, []string{name})
	r.must(err)
	return ids[0]
}

func (r *rooms) deleteBed(ids ...imagebed.ID) {
	r.Helper()
	_, err := r.bed.Delete(r.ctx, r.acc, ids)
	r.must(err)
}

func (r *rooms) create(to imagebed.ID, ids ...drive.ID) ID {
	r.Helper()
	id, err := r.tasks.Create(r.ctx, r.acc, ids, to)
	r.must(err)
	return id
}

func (r *rooms) status(id ID) Status {
	r.Helper()
	s, err := r.tasks.Status(r.ctx, r.acc, id)
	r.must(err)
	return s
}

// run does the next task to its end.
func (r *rooms) run() {
	r.Helper()
	if ran, err := r.workers.RunOnce(r.ctx); err != nil || !ran {
		r.Fatalf("no task ran: %v", err)
	}
}

// copy makes a task and does it.
func (r *rooms) copy(to imagebed.ID, ids ...drive.ID) Status {
	r.Helper()
	id := r.create(to, ids...)
	r.run()
	return r.status(id)
}

// claim takes the next task, as a worker does.
func (r *rooms) claim() *work {
	r.Helper()
	l, err := r.workers.Claim(r.ctx)
	r.must(err)
	if l == nil {
		r.Fatal("there is no task to claim")
	}
	w, err := r.tasks.load(r.ctx, l)
	r.must(err)
	return w
}

// planned claims the next task and writes its plan down.
func (r *rooms) planned() *work {
	r.Helper()
	w := r.claim()
	if ended, err := r.tasks.plan(r.ctx, w); err != nil || ended {
		r.Fatalf("planning ended the task: %v %v", ended, err)
	}
	return w
}

// batches publishes the first so many batches of a task.
func (r *rooms) batches(w *work, n int) {
	r.Helper()
	for i := range n {
		r.batch(w, i)
	}
}

// batch publishes one batch of a task, and settles the task after the last.
func (r *rooms) batch(w *work, n int) {
	r.Helper()
	all := cut(w, r.tasks.batch)
	if len(all) == 0 {
		all = [][]item{nil}
	}
	b := &batch{work: w, bed: shelf{r.bed, r.acc}, items: all[n], last: n == len(all)-1}
	r.write(func(tx *db.Tx) error { return b.run(r.ctx, tx) })
	w.folders = b.folders
}

// tree reads the bed by path; folders end with /.
func (r *rooms) tree() map[string]imagebed.Image {
	r.Helper()
	out := make(map[string]imagebed.Image)
	var walk func(id imagebed.ID, path string)
	walk = func(id imagebed.ID, path string) {
		list, more, err := r.bed.List(r.ctx, r.acc, imagebed.Query{Folder: id, Limit: 2000})
		r.must(err)
		if more {
			r.Fatal("the folder is larger than this test reads")
		}
		for _, img := range list {
			if !img.IsFolder {
				out[path+img.Name] = img
				continue
			}
			out[path+img.Name+"/"] = img
			walk(img.ID, path+img.Name+"/")
		}
	}
	walk("", "")
	return out
}

// failures are a task's failures as "name: reason".
func (r *rooms) failures(id ID) []string {
	r.Helper()
	list, _, err := r.tasks.Failures(r.ctx, r.acc, id, 1, 2000)
	r.must(err)
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = f.Name + ": " + string(f.Reason)
	}
	return out
}

func (r *rooms) used() int64 {
	r.Helper()
	var a account.Account
	r.write(func(tx *db.Tx) (err error) {
		a, err = account.Lock(r.ctx, tx, r.acc)
		return err
	})
	return a.Used
}

func counted(t *testing.T, s Status, want Counts) {
	t.Helper()
	want.Bytes = s.Bytes
	if s.Counts != want {
		t.Errorf("counts are %+v, want %+v", s.Counts, want)
	}
}
