package thumbnail

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
	"tuchuang/test/owner"
)

// rooms are the room, on a real folder, and whom it acts for.
type rooms struct {
	*owner.Owner
	*Thumbnails
	dir   string
	store *watched
	held  atomic.Int64 // the most that decoders held
	names atomic.Int64
	log   bytes.Buffer
}

// each runs a test in rooms of their own on every engine.
func each(t *testing.T, l limits, fn func(r *rooms)) {
	t.Helper()
	owner.Each(t, func(o *owner.Owner) {
		folder := o.TempDir()
		r := &rooms{Owner: o, dir: filepath.Join(folder, "thumbnails"), store: &watched{Store: owner.Disk(o.T, folder)}}
		r.Thumbnails = newWithin(l, Options{
			Drive: o.Drive, Bed: o.Bed, DB: o.DB, Store: r.store, Dir: r.dir, Most: 64 << 20,
			Log: slog.New(slog.NewTextHandler(&r.log, nil)),
		})
		r.holding = func(bytes int64) {
			for most := r.held.Load(); bytes > most && !r.held.CompareAndSwap(most, bytes); most = r.held.Load() {
			}
		}
		o.Cleanup(r.Close)
		fn(r)
	})
}

// again is the room as another start finds it.
func (r *rooms) again(most int64) {
	r.Helper()
	r.Close()
	o := r.Options
	o.Most = most
	r.Thumbnails = newWithin(r.limits, o)
	r.Cleanup(r.Thumbnails.Close)
	r.Must(r.Sweep(r.Context()))
}

// put stores content, and shows it in the drive and in the bed.
func (r *rooms) put(name string, content []byte) (file drive.ID, img imagebed.ID) {
	r.Helper()
	ctx := r.Context()
	file, err := r.Drive.NewID(ctx)
	r.Must(err)
	md, sha := md5.Sum(content), sha256.Sum256(slices.Concat(content, []byte(name)))
	etag, size := hex.EncodeToString(md[:]), int64(len(content))
	var key blob.Key
	r.Must(r.DB.Write(ctx, "test", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, r.Acc); err != nil {
			return err
		}
		no, err := account.NextBlob(ctx, tx, r.Acc)
		key = blob.Key{Account: int64(r.Acc), ID: no}
		if err != nil {
			return err
		}
		return blob.Begin(ctx, tx, key)
	}))
	w, err := r.store.Create(ctx, key)
	r.Must(err)
	_, err = w.Write(content)
	r.Must(err)
	r.Must(w.Commit(ctx))
	r.Must(w.Close())
	var folder imagebed.ID
	r.Must(r.DB.Read(ctx, "test", func(tx *db.Tx) (err error) {
		folder, err = imagebed.FolderIn(ctx, tx, r.Acc, "")
		return err
	}))
	r.Must(r.DB.Write(ctx, "test", func(tx *db.Tx) error {
		acc, err := account.Lock(ctx, tx, r.Acc)
		if err != nil {
			return err
		}
		facts := blob.Facts{SHA256: hex.EncodeToString(sha[:]), MD5: etag, Size: size, Type: picture.Sniff(content)}
		if _, err := blob.Finish(ctx, tx, key, facts); err != nil {
			return err
		}
		if err := drive.Put(ctx, tx, r.Acc, drive.File{ID: file, Parent: drive.Root, Name: name, BlobID: key.ID, Size: size, Etag: etag}, 0); err != nil {
			return err
		}
		if _, ok := picture.FormatOfName(name); !ok || size == 0 {
			return nil
		}
		placed, err := r.Bed.Place(ctx, tx, acc, []imagebed.Incoming{{
			Folder: folder, Name: name, BlobID: key.ID, Size: size, Etag: etag, UpdatedAt: tx.Micros(),
		}}, 0)
		if err == nil {
			img = placed[0].ID
		}
		return err
	}))
	return file, img
}

func (r *rooms) file(id drive.ID, size int) Thumbnail {
	r.Helper()
	th, err := r.OfFile(r.Context(), r.Acc, id, size)
	r.Must(err)
	return th
}

// plain is a PNG of one colour; each number is another.
func plain(number, w, h int) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = 0xff
	}
	m.Set(0, 0, color.NRGBA{byte(number >> 16), byte(number >> 8), byte(number), 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(fmt.Sprint(err)) // into memory
	}
	return b.Bytes()
}

// watched is a real store that counts what is opened, and lets it wait.
type watched struct {
	blob.Store
	opens atomic.Int64
	room  atomic.Pointer[int64]
	// opening is called before content is opened, and may wait or fail.
	opening atomic.Pointer[func(context.Context, blob.Key) error]
	// stuck: what is opened gives nothing until its time is over.
	stuck atomic.Bool
}

func (w *watched) Open(ctx context.Context, key blob.Key) (blob.Object, error) {
	w.opens.Add(1)
	if fn := w.opening.Load(); fn != nil {
		if err := (*fn)(ctx, key); err != nil {
			return nil, err
		}
	}
	if !w.stuck.Load() {
		return w.Store.Open(ctx, key)
	}
	object, err := w.Store.Open(context.WithoutCancel(ctx), key)
	return stuck{object, ctx}, err
}

func (w *watched) Room(ctx context.Context) (int64, error) {
	if n := w.room.Load(); n != nil {
		return *n, nil
	}
	return w.Store.Room(ctx)
}

type stuck struct {
	blob.Object
	ctx context.Context
}

func (s stuck) ReadAt([]byte, int64) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// gate lets what is opened wait: entered gets one for each, and who closes open lets all in.
func (r *rooms) gate() (entered chan blob.Key, open chan struct{}) {
	entered, open = make(chan blob.Key, 100), make(chan struct{})
	fn := func(ctx context.Context, key blob.Key) error {
		entered <- key
		select {
		case <-open:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.store.opening.Store(&fn)
	return entered, open
}

// await returns when so many ask, by themselves or with others.
func (r *rooms) await(askers int) {
	for now := -1; now < askers; runtime.Gosched() {
		now = 0
		r.mu.Lock()
		for _, f := range r.flights {
			now += f.askers
		}
		r.mu.Unlock()
	}
}

// putOf puts a picture into the drive of an account, under a name of its own.
func (r *rooms) putOf(acc account.ID, content []byte) drive.ID {
	r.Helper()
	theirs := *r.Owner
	theirs.Acc = acc
	other := rooms{Owner: &theirs, Thumbnails: r.Thumbnails, store: r.store}
	id, _ := other.put(fmt.Sprintf("%d.png", r.names.Add(1)), content)
	return id
}
