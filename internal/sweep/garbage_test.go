package sweep_test

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/sweep"
	"tuchuang/test/owner"
)

const grace = 24 * time.Hour

// rooms are an owner and a store, whose garbage is swept.
type rooms struct {
	*owner.Owner
	store blob.Store
}

func each(t *testing.T, fn func(r *rooms)) {
	t.Helper()
	owner.Each(t, func(o *owner.Owner) { fn(&rooms{o, owner.Disk(o.T, o.TempDir())}) })
}

func (r *rooms) sweep() {
	r.Helper()
	r.Must(sweep.Garbage(r.Context(), r.DB, r.store, grace))
}

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
		return r.DB.Write(ctx, "test: content", func(tx *db.Tx) error {
			acc, err := account.Lock(ctx, tx, r.Acc)
			if err != nil {
				return err
			}
			return fn(tx, acc)
		})
	}
	err := in(func(tx *db.Tx, acc account.Account) (err error) {
		if id, found, err = blob.Find(ctx, tx, int64(r.Acc), facts.MD5, facts.Size); err != nil || found {
			if found {
				err = use(ctx, tx, acc, id, facts.MD5, facts.Size)
			}
			return err
		}
		if id, err = account.NextBlob(ctx, tx, r.Acc); err != nil {
			return err
		}
		return blob.Begin(ctx, tx, blob.Key{Account: int64(r.Acc), ID: id})
	})
	if err != nil || found {
		return id, err
	}
	key := blob.Key{Account: int64(r.Acc), ID: id}
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
	r.Must(err)
	return id, blobID
}

func (r *rooms) tryFile(name string, n int) (id drive.ID, blobID int64, err error) {
	if id, err = r.Drive.NewID(r.Context()); err != nil {
		return 0, 0, err
	}
	blobID, err = r.content(n, func(ctx context.Context, tx *db.Tx, _ account.Account, blobID int64, etag string, size int64) error {
		return drive.Put(ctx, tx, r.Acc, drive.File{ID: id, Name: name, BlobID: blobID, Size: size, Etag: etag, Duplicate: drive.Overwrite}, 0)
	})
	return id, blobID, err
}

// image makes an image of numbered content in a folder, "" for the root.
func (r *rooms) image(folder imagebed.ID, name string, n int) (id imagebed.ID, blobID int64) {
	r.Helper()
	blobID, err := r.content(n, func(ctx context.Context, tx *db.Tx, acc account.Account, blobID int64, etag string, size int64) error {
		at, err := imagebed.FolderIn(ctx, tx, r.Acc, folder)
		if err != nil {
			return err
		}
		placed, err := r.Bed.Place(ctx, tx, acc, []imagebed.Incoming{{Folder: at, Name: name, BlobID: blobID, Size: size, Etag: etag, Overwrite: true}}, 0)
		if err == nil {
			id = placed[0].ID
		}
		return err
	})
	r.Must(err)
	return id, blobID
}

func (r *rooms) bedFolder(name string) imagebed.ID {
	r.Helper()
	made, err := r.Bed.Mkdir(r.Context(), r.Acc, "", []string{name})
	r.Must(err)
	return made[0]
}

func (r *rooms) removeFile(ids ...drive.ID) {
	r.Helper()
	r.Must(r.Drive.Trash(r.Context(), r.Acc, ids))
	_, err := r.Drive.Delete(r.Context(), r.Acc, ids)
	r.Must(err)
}

func (r *rooms) removeImage(ids ...imagebed.ID) {
	r.Helper()
	_, err := r.Bed.Delete(r.Context(), r.Acc, ids)
	r.Must(err)
}

// has says whether content has its row, and its bytes in the store; both or none.
func (r *rooms) has(blobID int64) bool {
	r.Helper()
	row := r.Number(`SELECT count(*) FROM blob WHERE account_id = $1 AND id = $2 AND state = 1`, r.Acc, blobID) > 0
	o, err := r.store.Open(r.Context(), blob.Key{Account: int64(r.Acc), ID: blobID})
	if err == nil {
		b, e := io.ReadAll(o)
		r.Must(e)
		r.Must(o.Close())
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
	return r.Number(`SELECT count(*) FROM unreferenced`)
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
				folder, err := r.Drive.Mkdir(ctx, r.Acc, drive.Root, "large")
				r.Must(err)
				r.Exec(`UPDATE drive_entry SET parent_id = $1 WHERE id = $2`, folder, id)
				r.Must(r.Drive.Trash(ctx, r.Acc, []drive.ID{folder}))
				r.Exec(`UPDATE drive_entry SET trashed = 2 WHERE id = $1`, folder)
				_, err = r.Drive.SweepDetached(ctx, 100)
				r.Must(err)
				return b
			}},
			{"a file that stands alone is swept", func(n int) int64 {
				id, b := r.file("d.png", n)
				r.Must(r.Drive.Trash(ctx, r.Acc, []drive.ID{id}))
				r.Exec(`UPDATE drive_entry SET trashed = 2 WHERE id = $1`, id)
				_, err := r.Drive.SweepDetached(ctx, 100)
				r.Must(err)
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
				r.Exec(`UPDATE bed_folder SET detached = 1 WHERE id = $1`, folder)
				_, err := r.Bed.SweepDetached(ctx, 100)
				r.Must(err)
				return b
			}},
			{"lost content is uploaded again", func(n int) int64 {
				_, b := r.file("i.png", n)
				key := blob.Key{Account: int64(r.Acc), ID: b}
				r.Must(r.store.Remove(ctx, key))
				r.Write(func(ctx context.Context, tx *db.Tx) error { return blob.MarkMissing(ctx, tx, key) })
				_, again := r.file("j.png", n)
				r.Write(func(ctx context.Context, tx *db.Tx) error { return drive.MoveContent(ctx, tx, r.Acc, b, again) })
				r.Pass(grace)
				r.sweep()
				if n := r.Number(`SELECT count(*) FROM blob WHERE id = $1`, b); n != 0 || !r.has(again) {
					r.Errorf("the lost content has %d rows", n)
				}
				return 0
			}},
		} {
			b := c.do(n)
			if b == 0 {
				continue
			}
			r.Pass(grace - time.Minute)
			r.sweep()
			if !r.has(b) {
				r.Errorf("%s: content went before its time", c.way)
			}
			r.Pass(time.Minute)
			r.sweep()
			if r.has(b) {
				r.Errorf("%s: content stays", c.way)
			}
			if n := r.noted() + r.Number(`SELECT count(*) FROM doomed`); n != 0 {
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
		r.Exec(`UPDATE blob SET state = 2 WHERE id = $1`, third)
		r.removeFile(file, blocked)
		r.removeImage(two)
		if n := r.noted(); n != 3 {
			r.Fatalf("%d are noted, want 3", n)
		}
		r.Pass(grace)
		r.sweep()
		if !r.has(one) || !r.has(second) {
			r.Error("content that is in use went")
		}
		if n := r.Number(`SELECT count(*) FROM blob WHERE id = $1 AND state = 2`, third); n != 1 || r.noted() != 0 {
			r.Errorf("%d rows of what is blocked, %d noted", n, r.noted())
		}
		// The one reference that is left goes now: its time begins now.
		r.removeImage(img)
		r.sweep()
		if !r.has(one) {
			r.Error("the last reference's time of grace is another's")
		}
		r.Pass(grace)
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
		r.Pass(grace - time.Hour)
		id, again := r.file("b.png", 1)
		if again != b {
			r.Fatalf("it was stored anew: %d, not %d", again, b)
		}
		r.Pass(2 * time.Hour)
		r.sweep()
		if !r.has(b) || r.noted() != 0 {
			r.Errorf("content in use went, or is looked at again: %d", r.noted())
		}
		r.removeFile(id)
		r.Pass(grace - time.Hour)
		r.sweep()
		if !r.has(b) {
			r.Error("the second time of grace was cut short")
		}
		r.Pass(time.Hour)
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
					if err := sweep.Garbage(r.Context(), r.DB, r.store, 0); err != nil {
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
		r.Must(sweep.Garbage(r.Context(), r.DB, r.store, 0))
		if n := r.Number(`SELECT (SELECT count(*) FROM blob) + (SELECT count(*) FROM doomed) + (SELECT count(*) FROM unreferenced)`); n != 0 {
			r.Errorf("%d rows are left", n)
		}
		r.Must(r.store.List(r.Context(), func(e blob.Entry) error { return fmt.Errorf("%s is left in the store", e.Key) }))
	})
}

// Who holds removal off finds every content of a snapshot taken since, until the hold
// ends or runs out.
func TestAHoldKeepsRemovalOff(t *testing.T) {
	each(t, func(r *rooms) {
		ctx := r.Context()
		key := func(b int64) blob.Key { return blob.Key{Account: int64(r.Acc), ID: b} }
		there := func(b int64) bool {
			o, err := r.store.Open(ctx, key(b))
			if err != nil {
				return false
			}
			r.Must(o.Close())
			return true
		}
		var blobs [3]int64
		for n := range blobs {
			id, b := r.file("a.png", n)
			r.removeFile(id)
			blobs[n] = b
			switch n {
			case 0:
				r.Must(blob.Hold(ctx, r.DB, "backup", time.Hour))
			case 1:
				r.Must(blob.Hold(ctx, r.DB, "another", time.Hour))
				r.Must(blob.Release(ctx, r.DB, "backup"))
			}
			r.Must(sweep.Garbage(ctx, r.DB, r.store, 0))
			if n < 2 && (!there(b) || r.Number(`SELECT count(*) FROM doomed WHERE blob_id = $1`, b) != 1) {
				r.Errorf("content %d was removed, or not doomed", n)
			}
			if n == 1 {
				held, err := blob.Renew(ctx, r.DB, "another", -time.Second)
				if err != nil || !held {
					r.Errorf("renewed: %v, %v", held, err)
				}
				if held, err = blob.Renew(ctx, r.DB, "another", time.Hour); err != nil || held {
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
