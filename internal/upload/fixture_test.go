package upload

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/test/owner"
)

// rooms are the room, on a real folder, and whom it acts for.
type rooms struct {
	*owner.Owner
	store   *watched
	uploads *Uploads
	place   string // where all this is
}

// place is an engine and a store that uploads run on.
type place struct {
	name   string
	engine db.Engine
	store  func(t *testing.T) blob.Store
}

func places() (list []place) {
	for _, e := range dbtest.Engines {
		list = append(list, place{string(e), e, disk})
	}
	return append(list, place{onS3, db.SQLite, func(t *testing.T) blob.Store { return blobtest.S3(t).Open(t) }})
}

// onS3 is where the store shows nothing before it is committed.
const onS3 = "sqlite and s3"

func disk(t *testing.T) blob.Store { return owner.Disk(t, t.TempDir()) }

// each runs a test in rooms of their own on every engine and store.
func each(t *testing.T, fn func(r *rooms)) {
	t.Helper()
	for _, place := range places() {
		t.Run(place.name, func(t *testing.T) {
			r := &rooms{Owner: owner.New(t, place.engine), store: &watched{Store: place.store(t)}, place: place.name}
			r.uploads = New(r.DB, r.store, r.Drive, r.Bed, slog.New(slog.DiscardHandler))
			fn(r)
		})
	}
}

// bytesOf is content of some size; each seed is another.
func bytesOf(seed byte, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i>>8)*31 + byte(i)*7 + seed
	}
	return b
}

func etag(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// file is a request for a drive file of that content.
func file(name string, b []byte) Request {
	return Request{Dest: ToDrive, Parent: "0", Name: name, Etag: etag(b), Size: int64(len(b))}
}

// open opens an upload.
func (r *rooms) open(q Request) string {
	r.Helper()
	res, err := r.uploads.Create(r.Context(), r.Acc, q)
	r.Must(err)
	if res.UploadID == "" || res.Reuse {
		r.Fatalf("no upload was opened: %+v", res)
	}
	return res.UploadID
}

// slice is the nth piece of a file.
func slice(b []byte, no int) []byte {
	from := (no - 1) * DriveSlice
	return b[from:min(len(b), from+DriveSlice)]
}

// begun is how much the store lists of n open uploads of which nothing has come.
func (r *rooms) begun(n int64) int64 {
	if r.place == onS3 {
		return n
	}
	return 0
}

// commit commits the slices that have come, as a completion does before it is cut off.
func (r *rooms) commit(id string) {
	r.Helper()
	row, parts, err := r.uploads.findAll(r.Context(), r.Acc, id)
	r.Must(err)
	r.Must(r.store.Commit(r.Context(), row.key, row.ref, parts))
}

func (r *rooms) send(id string, b []byte, numbers ...int) {
	r.Helper()
	for _, no := range numbers {
		piece := slice(b, no)
		r.Must(r.uploads.Slice(r.Context(), r.Acc, ToEither, id, int64(no), bytes.NewReader(piece), etag(piece)))
	}
}

// single uploads in one go.
func (r *rooms) single(q Request, b []byte) (Result, error) {
	return r.uploads.Single(r.Context(), r.Acc, drive.MaxSingleSize, func(w *Incoming) (Request, error) {
		_, err := w.Write(b)
		return q, err
	})
}

// declared is single where it is said before what comes.
func (r *rooms) declared(q Request, b []byte) (Result, error) {
	return r.uploads.Single(r.Context(), r.Acc, drive.MaxSingleSize, func(w *Incoming) (Request, error) {
		if err := w.Declare(r.Context(), q); err != nil {
			return q, err
		}
		_, err := w.Write(b)
		return q, err
	})
}

// holds compares a drive file with what it shall be.
func (r *rooms) holds(id string, b []byte) {
	r.Helper()
	n, err := drive.ParseID(id)
	r.Must(err)
	c, err := r.Drive.Content(r.Context(), r.Acc, n)
	r.Must(err)
	o, err := r.store.Open(r.Context(), blob.Key{Account: int64(r.Acc), ID: c.BlobID})
	r.Must(err)
	got, err := io.ReadAll(o)
	r.Must(err)
	r.Must(o.Close())
	if !bytes.Equal(got, b) || c.Etag != etag(b) {
		r.Errorf("file %s holds %d bytes of %s, want %d of %s", id, len(got), c.Etag, len(b), etag(b))
	}
}

// left says what there is beside what is visible: staged files, content without a
// live row, rows that wait, reserved bytes.
type left struct{ staged, committed, pending, doomed, open, reserved int64 }

func (r *rooms) left() (l left) {
	r.Helper()
	r.Must(r.store.List(r.Context(), func(e blob.Entry) error {
		switch {
		case e.Staged:
			l.staged++
		case r.Number(`SELECT count(*) FROM blob WHERE account_id = $1 AND id = $2 AND state = 1`, e.Key.Account, e.Key.ID) == 0:
			l.committed++
		}
		return nil
	}))
	l.pending = r.Number(`SELECT count(*) FROM blob WHERE state = 0`)
	l.doomed = r.Number(`SELECT count(*) FROM doomed`)
	l.open = r.Number(`SELECT count(*) FROM upload WHERE state = 1`)
	l.reserved = r.Number(`SELECT sum(reserved) FROM account`)
	return l
}

func (r *rooms) nothingLeft() {
	r.Helper()
	if got := r.left(); got != (left{}) {
		r.Errorf("left behind: %+v", got)
	}
}

// watched is a real store that counts what is read, and fails where it is told to.
type watched struct {
	blob.Store
	read        atomic.Int64           // bytes read of staged and committed content
	reading     atomic.Pointer[func()] // called before each piece of an upload is read
	room        atomic.Pointer[int64]  // that it says it has
	failCommit  atomic.Pointer[error]
	failWriting atomic.Pointer[error]
}

func (w *watched) Create(ctx context.Context, key blob.Key) (blob.Writer, error) {
	to, err := w.Store.Create(ctx, key)
	if err != nil {
		return nil, err
	}
	return &watchedWriter{to, w}, nil
}

func (w *watched) WriteSlice(ctx context.Context, s blob.Slice, body io.Reader) (blob.Part, bool, error) {
	if err := w.failWriting.Load(); err != nil {
		return blob.Part{}, true, *err
	}
	return w.Store.WriteSlice(ctx, s, body)
}

func (w *watched) Staged(ctx context.Context, key blob.Key) (blob.Staged, error) {
	s, err := w.Store.Staged(ctx, key)
	if s == nil || err != nil {
		return nil, err
	}
	return &watchedStaged{s, w}, nil
}

func (w *watched) Room(ctx context.Context) (int64, error) {
	if n := w.room.Load(); n != nil {
		return *n, nil
	}
	return w.Store.Room(ctx)
}

func (w *watched) Commit(ctx context.Context, key blob.Key, ref string, parts []blob.Part) error {
	if err := w.failCommit.Load(); err != nil {
		return *err
	}
	return w.Store.Commit(ctx, key, ref, parts)
}

func (w *watched) Open(ctx context.Context, key blob.Key) (blob.Object, error) {
	o, err := w.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &watchedObject{o, w}, nil
}

// count notes what was read, and calls who waits for it before.
func (w *watched) count(read func() (int, error)) (int, error) {
	if fn := w.reading.Load(); fn != nil {
		(*fn)()
	}
	n, err := read()
	w.read.Add(int64(n))
	return n, err
}

type watchedWriter struct {
	blob.Writer
	w *watched
}

func (o *watchedWriter) Write(p []byte) (int, error) {
	if err := o.w.failWriting.Load(); err != nil {
		return 0, *err
	}
	return o.Writer.Write(p)
}

func (o *watchedWriter) Commit(ctx context.Context) error {
	if err := o.w.failCommit.Load(); err != nil {
		return *err
	}
	return o.Writer.Commit(ctx)
}

type watchedStaged struct {
	blob.Staged
	w *watched
}

func (s *watchedStaged) ReadAt(p []byte, off int64) (int, error) {
	return s.w.count(func() (int, error) { return s.Staged.ReadAt(p, off) })
}

type watchedObject struct {
	blob.Object
	w *watched
}

func (o *watchedObject) Read(p []byte) (int, error) {
	return o.w.count(func() (int, error) { return o.Object.Read(p) })
}

func (o *watchedObject) ReadAt(p []byte, off int64) (int, error) {
	return o.w.count(func() (int, error) { return o.Object.ReadAt(p, off) })
}
