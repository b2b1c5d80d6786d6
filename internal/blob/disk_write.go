package blob

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync"

	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

const bufSize = 64 << 10

var bufs = sync.Pool{New: func() any { return new([bufSize]byte) }}

// writeAt writes to a staged file, as long as the disk has room beside the reserve.
func (d *Disk) writeAt(f *os.File, p []byte, off int64, op string) error {
	switch room, err := d.room(op); {
	case err != nil:
		return err
	case room < int64(len(p)):
		return fault.New(fault.DiskFull, op)
	}
	_, err := f.WriteAt(p, off)
	return failed(err, op)
}

// WriteSlice writes a slice to its place in the staged file, see Store.
func (d *Disk) WriteSlice(ctx context.Context, s Slice, body io.Reader) (part Part, changed bool, err error) {
	op := "blob: write " + s.Key.String()
	if err := begin(ctx, s.Key, op); err != nil {
		return Part{}, false, err
	}
	w := &diskSlice{Slice: s, disk: d, op: op, have: s.Known != "", sum: md5.New()}
	committed, err := exists(d.finalPath(s.Key))
	if err != nil {
		return Part{}, false, failed(err, op)
	}
	if committed {
		if _, err := io.Copy(w.sum, body); err != nil {
			return Part{}, false, err
		}
		return w.part(), false, fault.New(fault.Exists, op)
	}
	flags := os.O_CREATE
	if s.Others { // the file is theirs too: a new one would have a hole in their place
		flags = 0
	}
	switch w.file, err = d.stage(s.Key, flags); {
	case s.Others && errors.Is(err, fs.ErrNotExist):
		return Part{}, false, fault.New(fault.UploadNotFound, op)
	case err != nil:
		return Part{}, false, failed(err, op)
	}
	if err = w.take(body); err == nil && w.changed {
		killpoint.Here("blob.slice.written")
		err = w.sync()
		killpoint.Here("blob.slice.synced")
	}
	if e := w.file.Close(); err == nil {
		err = failed(e, op)
	}
	return w.part(), w.changed, err
}

// diskSlice writes one slice.
type diskSlice struct {
	Slice
	disk    *Disk
	file    *os.File
	op      string
	sum     hash.Hash
	have    bool // the bytes so far are those of the file
	changed bool
}

func (w *diskSlice) part() Part {
	return Part{No: w.No, Size: w.Size, MD5: hex.EncodeToString(w.sum.Sum(nil))}
}

// take writes the bytes, but for those that are there already, up to the first that
// differs.
func (w *diskSlice) take(body io.Reader) error {
	buf, old := bufs.Get().(*[bufSize]byte), bufs.Get().(*[bufSize]byte)
	defer bufs.Put(buf)
	defer bufs.Put(old)
	for at := w.Offset; ; {
		n, readErr := fill(body, buf[:])
		if readErr != nil && readErr != io.EOF { //nolint:errorlint // a body's error may have it for a cause
			return readErr
		}
		piece := buf[:n]
		if err := w.compare(piece, old[:n], at); err != nil {
			return err
		}
		if !w.have && n > 0 {
			w.changed = true
			if err := w.disk.writeAt(w.file, piece, at, w.op); err != nil {
				return err
			}
		}
		w.sum.Write(piece)
		if at += int64(n); readErr != nil {
			break
		}
	}
	if sum := w.part().MD5; w.Declared != "" && w.Declared != sum {
		return fault.New(fault.HashMismatch, w.op)
	}
	return nil
}

// fill reads until p is full or an error comes, which it passes on as it is.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

// compare notes where the bytes begin to differ from those of the file.
func (w *diskSlice) compare(piece, old []byte, at int64) error {
	if !w.have {
		return nil
	}
	m, err := w.file.ReadAt(old, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return failed(err, w.op)
	}
	if w.have = bytes.Equal(piece, old[:m]); w.have {
		return nil
	}
	return w.Changing()
}

// sync makes the bytes durable, and the file's entry in its folder, without which the
// bytes could not be found again.
func (w *diskSlice) sync() error {
	if err := w.file.Sync(); err != nil {
		return failed(err, w.op)
	}
	return failed(w.disk.ensureEntry(w.Key), w.op)
}

// Trim cuts the staged file, see Store.
func (d *Disk) Trim(ctx context.Context, key Key, size int64) error {
	op := "blob: trim " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return err
	}
	f, err := d.stage(key, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed(err, op)
	}
	info, err := f.Stat()
	if err == nil && info.Size() > size {
		err = f.Truncate(size)
	}
	return failed(errors.Join(err, f.Close()), op)
}

// Staged opens the staged file, see Store.
func (d *Disk) Staged(ctx context.Context, key Key) (Staged, error) {
	op := "blob: staged " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return nil, err
	}
	f, err := os.Open(d.stagedPath(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(err, op)
	}
	return f, nil
}

// Create begins a staged file, see Store.
func (d *Disk) Create(ctx context.Context, key Key) (Writer, error) {
	op := "blob: create " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return nil, err
	}
	f, err := d.stage(key, os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, failed(err, op)
	}
	return &diskWriter{disk: d, key: key, file: f, op: op}, nil
}

// diskWriter writes a staged file from its beginning to its end.
type diskWriter struct {
	disk *Disk
	key  Key
	file *os.File
	op   string
	at   int64
	done bool // committed
}

func (w *diskWriter) Write(p []byte) (int, error) {
	if err := w.disk.writeAt(w.file, p, w.at, w.op); err != nil {
		return 0, err
	}
	w.at += int64(len(p))
	return len(p), nil
}

func (w *diskWriter) ReadAt(p []byte, off int64) (int, error) { return w.file.ReadAt(p, off) }

// Commit closes the file first: Windows moves none that is open.
func (w *diskWriter) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil || w.done {
		return fault.Wrap(err, w.op)
	}
	if err := w.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return failed(err, w.op)
	}
	if err := w.disk.place(w.key, w.op); err != nil {
		return err
	}
	w.done = true
	return nil
}

// Close takes the file away where it was not committed: on a full disk the database
// could not forget it before.
func (w *diskWriter) Close() error {
	if w.done {
		return nil
	}
	err := w.file.Close()
	if errors.Is(err, os.ErrClosed) { // by a Commit that failed
		err = nil
	}
	if e := os.Remove(w.disk.stagedPath(w.key)); e != nil && !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return failed(err, w.op)
}
