package upload

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// CheckSlice says whether an upload is open for a slice, and how long that is.
func (u *Uploads) CheckSlice(ctx context.Context, acc account.ID, id string, no int64) (size int64, err error) {
	r, err := u.find(ctx, acc, id)
	if err != nil {
		return 0, err
	}
	if err := r.check(no); err != nil {
		return 0, err
	}
	_, size = r.span(no)
	return size, nil
}

// Slice takes a slice, numbered from 1, from a reader that must hold exactly its
// bytes. declared is their MD5 in hex, or "". When it has returned nil the slice
// survives a crash. The same slice may come again; the newest wins over one that
// is still on its way.
func (u *Uploads) Slice(ctx context.Context, acc account.ID, id string, no int64, body io.Reader, declared string) error {
	r, err := u.find(ctx, acc, id)
	if err != nil {
		return err
	}
	if err := r.check(no); err != nil {
		return err
	}
	ctx, s, leave := u.sessions.enter(ctx, acc, id, no)
	defer leave()
	// Read again: it may have been completed while this one waited for its turn.
	if r, err = u.find(ctx, acc, id); err == nil {
		err = r.check(no)
	}
	if err != nil {
		return err
	}
	w := &sliceWriter{u: u, r: r, s: s, no: no}
	return w.take(ctx, body, strings.ToLower(declared))
}

// Interrupter is a body whose blocked Read can be ended from outside.
type Interrupter interface{ Interrupt() }

// sliceWriter puts one slice in its place.
type sliceWriter struct {
	u      *Uploads
	r      row
	s      *session
	no     int64
	staged blob.Staged

	changed bool // the file has been written to
}

func (w *sliceWriter) take(ctx context.Context, body io.Reader, declared string) error {
	if i, ok := body.(Interrupter); ok {
		defer context.AfterFunc(ctx, i.Interrupt)()
	}
	var err error
	if w.staged, err = w.u.store.Stage(ctx, w.r.key); fault.Is(err, fault.Exists) {
		return w.again(ctx, body, declared)
	}
	if err != nil {
		return err
	}
	err = w.receive(ctx, body, declared)
	if err != nil && w.changed {
		if e := w.giveBack(context.WithoutCancel(ctx)); e != nil {
			w.u.log.Warn("upload: cut off a slice that failed", "key", w.r.key, "err", e)
		}
	}
	if e := w.staged.Close(); err == nil && e != nil {
		err = fault.Wrap(e, "upload: close")
	}
	if err != nil || !w.changed {
		return err
	}
	killpoint.Here("upload.slice.recorded")
	_, err = w.u.advance(ctx, w.s, w.r.acc, w.r.id, w.u.ahead)
	return err
}

// receive writes the slice, makes it durable and records it.
func (w *sliceWriter) receive(ctx context.Context, body io.Reader, declared string) error {
	sum, err := w.write(ctx, body)
	if err == nil && declared != "" && declared != sum {
		err = fault.New(fault.HashMismatch, "upload: slice")
	}
	if err != nil || !w.changed {
		return err
	}
	killpoint.Here("upload.slice.written")
	if err := w.staged.Sync(); err != nil {
		return err
	}
	killpoint.Here("upload.slice.synced")
	return w.record(ctx, sum)
}

// giveBack cuts off what came of a slice that failed, up to the furthest that has
// come: on a full disk nobody else could write before. Where others write behind
// that, the last one of them to fail cuts.
func (w *sliceWriter) giveBack(ctx context.Context) error {
	w.s.mu.Lock() // nobody begins or ends meanwhile
	defer w.s.mu.Unlock()
	parts, err := w.u.recorded(ctx, w.r.acc, w.r.id)
	if err != nil {
		return err
	}
	var end, last int64
	if n := len(parts); n > 0 {
		last = parts[n-1].No
		from, size := w.r.span(last)
		end = from + size
	}
	for no := range w.s.active {
		if no != w.no && no > last {
			return nil
		}
	}
	return w.staged.Truncate(end)
}

// write puts the bytes in their place and answers their MD5. A slice that comes
// again changes nothing, up to the first byte that differs.
func (w *sliceWriter) write(ctx context.Context, body io.Reader) (sum string, err error) {
	have, err := w.known(ctx)
	if err != nil {
		return "", err
	}
	from, size := w.r.span(w.no)
	buf, old := bufs.Get().(*[bufSize]byte), bufs.Get().(*[bufSize]byte)
	defer bufs.Put(buf)
	defer bufs.Put(old)
	hash := md5.New()
	for at := from; at < from+size; {
		n, readErr := io.ReadFull(body, buf[:min(int64(bufSize), from+size-at)])
		if err := ctx.Err(); err != nil {
			return "", fault.Because(fault.Canceled, "upload: the slice came again", err)
		}
		piece := buf[:n]
		if have {
			if m, e := w.staged.ReadAt(old[:n], at); e != nil && !errors.Is(e, io.EOF) {
				return "", fault.Wrap(e, "upload: compare slice")
			} else if have = bytes.Equal(piece, old[:m]); !have {
				if err := w.forget(ctx); err != nil {
					return "", err
				}
				killpoint.Here("upload.slice.forgotten")
			}
		}
		if !have {
			w.changed = true
			if _, err := w.staged.WriteAt(piece, at); err != nil {
				return "", err
			}
		}
		hash.Write(piece)
		if at += int64(n); readErr != nil {
			if !errors.Is(readErr, io.EOF) && !errors.Is(readErr, io.ErrUnexpectedEOF) {
				return "", fault.Because(fault.BadBody, "upload: read slice", readErr)
			}
			return "", fault.Because(fault.BadSlice, "upload: slice is short", readErr, w.no)
		}
	}
	if n, _ := io.ReadFull(body, buf[:1]); n > 0 {
		return "", fault.New(fault.BadSlice, "upload: slice is long", w.no)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// again answers a slice of a file that is whole, checked and committed, though its
// completion was not answered: the same bytes are fine, and nothing changes.
func (w *sliceWriter) again(ctx context.Context, body io.Reader, declared string) error {
	var want string
	found, err := w.u.db.Get(ctx, "upload: slice", selectSliceMD5, []any{w.r.acc, w.r.id, w.no}, &want)
	if err != nil {
		return err
	}
	_, size := w.r.span(w.no)
	hash := md5.New()
	n, err := io.Copy(hash, io.LimitReader(body, size+1))
	switch {
	case err != nil:
		return fault.Because(fault.BadBody, "upload: read slice", err)
	case n != size:
		return fault.New(fault.BadSlice, "upload: slice", w.no)
	case !found || hex.EncodeToString(hash.Sum(nil)) != want || declared != "" && declared != want:
		return fault.New(fault.HashMismatch, "upload: slice of a committed file")
	}
	return nil
}

// known says whether this slice has come before.
func (w *sliceWriter) known(ctx context.Context) (have bool, err error) {
	return w.u.db.Get(ctx, "upload: slice", selectSliceMD5, []any{w.r.acc, w.r.id, w.no}, new(string))
}

// forget makes the slice one that has not come, before its bytes are changed.
func (w *sliceWriter) forget(ctx context.Context) error {
	w.s.hashing.Lock()
	defer w.s.hashing.Unlock()
	from, _ := w.r.span(w.no)
	return w.u.db.Write(ctx, "upload: forget slice", func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, deleteSlice, w.r.acc, w.r.id, w.no); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, dropHashed, w.r.acc, w.r.id, from)
		return err
	})
}

// record notes that the slice has come.
func (w *sliceWriter) record(ctx context.Context, sum string) error {
	_, size := w.r.span(w.no)
	return w.u.db.Write(ctx, "upload: record slice", func(tx *db.Tx) error {
		open, err := tx.Get(ctx, `SELECT 1 FROM upload WHERE account_id = $1 AND id = $2 AND state = 1`, []any{w.r.acc, w.r.id}, new(int))
		if err == nil && !open {
			err = fault.New(fault.UploadNotFound, "upload: record slice")
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteSlice, w.r.acc, w.r.id, w.no); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertSlice, w.r.acc, w.r.id, w.no, size, sum)
		return err
	})
}
