package sweep_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/sweep"
)

const grace = 24 * time.Hour

// rooms are the real rooms of an account, on a real database and folder.
type rooms struct {
	*testing.T
	db    *db.DB
	store blob.Store
	drive *drive.Drive
	bed   *imagebed.Bed
	acc   account.ID
	ahead *atomic.Int64 // the clock's lead, a time.Duration
}

func each(t *testing.T, fn func(r *rooms)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			ahead := new(atomic.Int64)
			d := dbtest.Open(t, e, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
			dir := t.TempDir()
			store, err := blob.NewDisk(filepath.Join(dir, "blobs"), filepath.Join(dir, "uploads"))
			if err != nil {
				t.Fatal(err)
			}
			r := &rooms{T: t, db: d, store: store, drive: drive.New(d), bed: imagebed.New(d), ahead: ahead}
			r.write(func(ctx context.Context, tx *db.Tx) error {
				s, err := account.Add(ctx, tx, "writer", account.NoQuota, false, account.Password{})
				if err != nil {
					return err
				}
				if err := drive.MakeRoot(ctx, tx, s.ID); err != nil {
					return err
				}
				r.acc = s.ID
				return imagebed.MakeRoot(ctx, tx, s.ID)
			})
			fn(r)
		})
	}
}

func (r *rooms) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rooms) write(fn func(ctx context.Context, tx *db.Tx) error) {
	r.Helper()
	r.must(r.db.Write(r.Context(), "test", func(tx *db.Tx) error { return fn(r.Context(), tx) }))
}

func (r *rooms) exec(query string, args ...any) {
	r.Helper()
	r.write(func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("no row for %s", query)
		}
		return err
	})
}

func (r *rooms) number(query string, args ...any) (n int64) {
	r.Helper()
	_, err := r.db.Get(r.Context(), "test", query, args, &n)
	r.must(err)
	return n
}

func (r *rooms) sweep() {
	r.Helper()
	r.must(sweep.Garbage(r.Context(), r.db, r.store, grace))
}

func (r *rooms) pass(d time.Duration) { r.ahead.Add(int64(d)) }

// content brings numbered content into the account, as an upload does: it is stored
// unless the account has it. use refers to it in the transaction in which it becomes
// live.
func (r *rooms) content(n int, use func(ctx context.Context, tx *db.Tx, acc account.Account, id int64, etag string, size int64) error) (int64, error) {
	ctx, text := r.Context(), fmt.Appendf(nil, "content %d", n)
	m, s := md5.Sum(text), sha256.Sum256(text)
	facts := blob.Facts{SHA256: hex.EncodeToString(s[:]), MD5: hex.EncodeToString(m[:]), Size: int64(len(text))}
	var id int64
	var found bool
	in := func(fn func(tx *db.Tx, acc account.Account) error) error {
		return r.db.Write(ctx, "test: content", func(tx *db.Tx) error {
			acc, err := account.Lock(ctx, tx, r.acc)
			if err != nil {
				return err
			}
			return fn(tx, acc)
		})
	}
	err := in(func(tx *db.Tx, acc account.Account) (err error) {
		if id, found, err = blob.Find(ctx, tx, int64(r.acc), facts.MD5, facts.Size); err != nil || found {
			if found {
				err = use(ctx, tx, acc, id, facts.MD5, facts.Size)
			}
			return err
		}
		if id, err = account.NextBlob(ctx, tx, r.acc); err != nil {
			return err
		}
		return blob.Begin(ctx, tx, blob.Key{Account: int64(r.acc), ID: id})
	})
	if err != nil || found {
		return id, err
	}
	key := blob.Key{Account: int64(r.acc), ID: id}
	w, err := r.store.Create(ctx, key)
	if err != nil {
		return 0, err
	}
	_, err = w.Write(text)
	if err == nil {
		err = w.Commit(ctx)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return 0, err
	}
	return id, in(func(tx *db.Tx, acc account.Account) error {
		done, err := blob.Finish(ctx, tx, key, facts)
		if err != nil {
			return err
		}
		id = done.ID
		return use(ctx, tx, acc, id, facts.MD5, facts.Size)
	})
}

// file makes a drive file of numbered content.
func (r *rooms) file(name string, n int) (id drive.ID, blobID int64) {
	r.Helper()
	id, blobID, err := r.tryFile(name, n)
	r.must(err)
	return id, blobID
}

func (r *rooms) tryFile(name string, n int) (id drive.ID, blobID int64, err error) {
	if id, err = r.drive.NewID(r.Context()); err != nil {
		return 0, 0, err
	}
	blobID, err = r.content(n, func(ctx context.Context, tx *db.Tx, _ account.Account, blobID int64, etag string, size int64) error {
		return drive.Put(ctx, tx, r.acc, drive.File{ID: id, Name: name, BlobID: blobID, Size: size, Etag: etag, Duplicate: drive.Overwrite}, 0)
	})
	return id, blobID, err
}

// image makes an image of numbered content in a folder, "" for the root.
func (r *rooms) image(folder imagebed.ID, name string, n int) (id imagebed.ID, blobID int64) {
	r.Helper()
	blobID, err := r.content(n, func(ctx context.Context, tx *db.Tx, acc account.Account, blobID int64, etag string, size int64) error {
		at, err := imagebed.FolderIn(ctx, tx, r.acc, folder)
		if err != nil {
			return err
		}
		placed, err := r.bed.Place(ctx, tx, acc, []imagebed.Incoming{{Folder: at, Name: name, BlobID: blobID, Size: size, Etag: etag, Overwrite: true}}, 0)
		if err == nil {
			id = placed[0].ID
		}
		return err
	})
	r.must(err)
	return id, blobID
}

func (r *rooms) bedFolder(name string) imagebed.ID {
	r.Helper()
	made, err := r.bed.Mkdir(r.Context(), r.acc, "", []string{name})
	r.must(err)
	return made[0]
}

func (r *rooms) removeFile(ids ...drive.ID) {
	r.Helper()
	r.must(r.drive.Trash(r.Context(), r.acc, ids))
	_, err := r.drive.Delete(r.Context(), r.acc, ids)
	r.must(err)
}

func (r *rooms) removeImage(ids ...imagebed.ID) {
	r.Helper()
	_, err := r.bed.Delete(r.Context(), r.acc, ids)
	r.must(err)
}

// has says whether content has its row, and its bytes in the store; both or none.
func (r *rooms) has(blobID int64) bool {
	r.Helper()
	row := r.number(`SELECT count(*) FROM blob WHERE account_id = $1 AND id = $2 AND state = 1`, r.acc, blobID) > 0
	o, err := r.store.Open(r.Context(), blob.Key{Account: int64(r.acc), ID: blobID})
	if err == nil {
		b, e := io.ReadAll(o)
		r.must(e)
		r.must(o.Close())
		if len(b) == 0 {
			r.Errorf("blob %d is empty", blobID)
		}
	} else if !fault.Is(err, fault.ContentMissing) {
		r.Fatal(err)
	}
	if row != (err == nil) {
		r.Errorf("blob %d: row %v, bytes %v", blobID, row, err == nil)
	}
	return row
}

// noted says how many contents are to be looked at again.
func (r *rooms) noted() int64 {
	r.Helper()
	return r.number(`SELECT count(*) FROM unreferenced`)
}

// However the last reference to content goes, the content stays for the time of grace
// and goes after it.
func TestContentGoesWithItsLastReference(t *testing.T) {
	each(t, func(r *rooms) {
		ctx := r.Context()
		for n, c := range []struct {
			way string
			do  func(n int) (blobID int64)
		}{
			{"a file is deleted", func(n int) int64 {
				id, b := r.file("a.png", n)
				r.removeFile(id)
				return b
			}},
			{"a file is overwritten", func(n int) int64 {
				_, b := r.file("b.png", n)
				r.file("b.png", 1000)
				return b
			}},
			{"a folder of the drive is swept", func(n int) int64 {
				id, b := r.file("c.png", n)
				folder, err := r.drive.Mkdir(ctx, r.acc, drive.Root, "large")
				r.must(err)
				r.exec(`UPDATE drive_entry SET parent_id = $1 WHERE id = $2`, folder, id)
				r.must(r.drive.Trash(ctx, r.acc, []drive.ID{folder}))
				r.exec(`UPDATE drive_entry SET trashed = 2 WHERE id = $1`, folder)
				_, err = r.drive.SweepDetached(ctx, 100)
				r.must(err)
				return b
			}},
			{"a file that stands alone is swept", func(n int) int64 {
				id, b := r.file("d.png", n)
				r.must(r.drive.Trash(ctx, r.acc, []drive.ID{id}))
				r.exec(`UPDATE drive_entry SET trashed = 2 WHERE id = $1`, id)
				_, err := r.drive.SweepDetached(ctx, 100)
				r.must(err)
				return b
			}},
			{"an image is deleted", func(n int) int64 {
				id, b := r.image("", "e.png", n)
				r.removeImage(id)
				return b
			}},
			{"an image is overwritten", func(n int) int64 {
				_, b := r.image("", "f.png", n)
				r.image("", "f.png", 1001)
				return b
			}},
			{"a folder of the bed is deleted", func(n int) int64 {
				folder := r.bedFolder("small")
				_, b := r.image(folder, "g.png", n)
				r.removeImage(folder)
				return b
			}},
			{"a folder of the bed is swept", func(n int) int64 {
				folder := r.bedFolder("large")
				_, b := r.image(folder, "h.png", n)
				r.exec(`UPDATE bed_folder SET detached = 1 WHERE id = $1`, folder)
				_, err := r.bed.SweepDetached(ctx, 100)
				r.must(err)
				return b
			}},
			{"lost content is uploaded again", func(n int) int64 {
				_, b := r.file("i.png", n)
				key := blob.Key{Account: int64(r.acc), ID: b}
				r.must(r.store.Remove(ctx, key))
				r.write(func(ctx context.Context, tx *db.Tx) error { return blob.MarkMissing(ctx, tx, key) })
				_, again := r.file("j.png", n)
				r.write(func(ctx context.Context, tx *db.Tx) error { return drive.MoveContent(ctx, tx, r.acc, b, again) })
				r.pass(grace)
				r.sweep()
				if n := r.number(`SELECT count(*) FROM blob WHERE id = $1`, b); n != 0 || !r.has(again) {
					r.Errorf("the lost content has %d rows", n)
				}
				return 0
			}},
		} {
			b := c.do(n)
			if b == 0 {
				continue
			}
			r.pass(grace - time.Minute)
			r.sweep()
			if !r.has(b) {
				r.Errorf("%s: content went before its time", c.way)
			}
			r.pass(time.Minute)
			r.sweep()
			if r.has(b) {
				r.Errorf("%s: content stays", c.way)
			}
			if n := r.noted() + r.number(`SELECT count(*) FROM doomed`); n != 0 {
				r.Errorf("%s: %d are left to be looked at", c.way, n)
			}
		}
	})
}

// What something else refers to stays, and is not looked at again; what is blocked
// stays too.
func TestContentInUseStays(t *testing.T) {
	each(t, func(r *rooms) {
		file, one := r.file("one.png", 1)
		img, _ := r.image("", "one.png", 1)
		two, second := r.image("", "two.png", 2)
		r.file("two.png", 2)
		blocked, third := r.file("three.png", 3)
		r.exec(`UPDATE blob SET state = 2 WHERE id = $1`, third)
		r.removeFile(file, blocked)
		r.removeImage(two)
		if n := r.noted(); n != 3 {
			r.Fatalf("%d are noted, want 3", n)
		}
		r.pass(grace)
		r.sweep()
		if !r.has(one) || !r.has(second) {
			r.Error("content that is in use went")
		}
		if n := r.number(`SELECT count(*) FROM blob WHERE id = $1 AND state = 2`, third); n != 1 || r.noted() != 0 {
			r.Errorf("%d rows of what is blocked, %d noted", n, r.noted())
		}
		// The one reference that is left goes now: its time begins now.
		r.removeImage(img)
		r.sweep()
		if !r.has(one) {
			r.Error("the last reference's time of grace is another's")
		}
		r.pass(grace)
		r.sweep()
		if r.has(one) {
			r.Error("content stays")
		}
	})
}

// Content that comes back into use in its time of grace stays; when it is left again
// its time begins anew.
func TestContentComesBack(t *testing.T) {
	each(t, func(r *rooms) {
		id, b := r.file("a.png", 1)
		r.removeFile(id)
		r.pass(grace - time.Hour)
		id, again := r.file("b.png", 1)
		if again != b {
			r.Fatalf("it was stored anew: %d, not %d", again, b)
		}
		r.pass(2 * time.Hour)
		r.sweep()
		if !r.has(b) || r.noted() != 0 {
			r.Errorf("content in use went, or is looked at again: %d", r.noted())
		}
		r.removeFile(id)
		r.pass(grace - time.Hour)
		r.sweep()
		if !r.has(b) {
			r.Error("the second time of grace was cut short")
		}
		r.pass(time.Hour)
		r.sweep()
		if r.has(b) {
			r.Error("content stays")
		}
		if _, anew := r.file("c.png", 1); anew == b || !r.has(anew) {
			r.Errorf("a key is used again: %d", anew)
		}
	})
}

// A sweep without any grace races uploads of the same few contents: each is joined or
// stored anew, and none is shown without its bytes.
func TestASweepRacesInstantUploads(t *testing.T) {
	each(t, func(r *rooms) {
		ctx, cancel := context.WithCancel(r.Context())
		var sweeping, using sync.WaitGroup
		for range 2 {
			sweeping.Go(func() {
				for ctx.Err() == nil {
					if err := sweep.Garbage(r.Context(), r.db, r.store, 0); err != nil {
						r.Error(err)
						return
					}
				}
			})
		}
		var joined, anew atomic.Int64
		for user := range 3 {
			using.Go(func() {
				last := make(map[int]int64)
				for n := range 60 {
					id, b, err := r.tryFile(fmt.Sprintf("%d of %d.png", n, user), n%2)
					if err != nil {
						r.Error(err)
						return
					}
					if last[n%2] == b {
						joined.Add(1)
					} else {
						anew.Add(1)
					}
					last[n%2] = b
					if !r.has(b) {
						r.Errorf("blob %d is shown and was removed", b)
					}
					r.removeFile(id)
				}
			})
		}
		using.Wait()
		cancel()
		sweeping.Wait()
		if anew.Load() < 4 {
			r.Errorf("%d joined, %d stored anew: the sweep did not race", joined.Load(), anew.Load())
		}
		r.must(sweep.Garbage(r.Context(), r.db, r.store, 0))
		if n := r.number(`SELECT (SELECT count(*) FROM blob) + (SELECT count(*) FROM doomed) + (SELECT count(*) FROM unreferenced)`); n != 0 {
			r.Errorf("%d rows are left", n)
		}
		r.must(r.store.List(r.Context(), func(e blob.Entry) error { return fmt.Errorf("%s is left in the store", e.Key) }))
	})
}

// Who holds removal off finds every content of a snapshot taken since, until the hold
// ends or runs out.
func TestAHoldKeepsRemovalOff(t *testing.T) {
	each(t, func(r *rooms) {
		ctx := r.Context()
		key := func(b int64) blob.Key { return blob.Key{Account: int64(r.acc), ID: b} }
		there := func(b int64) bool {
			o, err := r.store.Open(ctx, key(b))
			if err != nil {
				return false
			}
			r.must(o.Close())
			return true
		}
		var blobs [3]int64
		for n := range blobs {
			id, b := r.file("a.png", n)
			r.removeFile(id)
			blobs[n] = b
			switch n {
			case 0:
				r.must(blob.Hold(ctx, r.db, "backup", time.Hour))
			case 1:
				r.must(blob.Hold(ctx, r.db, "another", time.Hour))
				r.must(blob.Release(ctx, r.db, "backup"))
			}
			r.must(sweep.Garbage(ctx, r.db, r.store, 0))
			if n < 2 && (!there(b) || r.number(`SELECT count(*) FROM doomed WHERE blob_id = $1`, b) != 1) {
				r.Errorf("content %d was removed, or not doomed", n)
			}
			if n == 1 {
				held, err := blob.Renew(ctx, r.db, "another", -time.Second)
				if err != nil || !held {
					r.Errorf("renewed: %v, %v", held, err)
				}
				if held, err = blob.Renew(ctx, r.db, "another", time.Hour); err != nil || held {
					r.Errorf("a hold that has run out was renewed: %v, %v", held, err)
				}
			}
		}
		for n, b := range blobs {
			if there(b) {
				r.Errorf("content %d is still there", n)
			}
		}
	})
}
