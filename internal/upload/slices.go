package upload

import (
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

// CheckSlice says whether an upload that goes there is open for a slice, and how long
// that is.
func (u *Uploads) CheckSlice(ctx context.Context, acc account.ID, to Dest, id string, no int64) (size int64, err error) {
	r, err := u.find(ctx, acc, id)
	if err == nil {
		err = r.goesTo(to)
	}
	if err == nil {
		err = r.check(no)
	}
	if err != nil {
		return 0, err
	}
	_, size = r.span(no)
	return size, nil
}

// Slice takes a slice, numbered from 1, from a reader that must hold exactly its
// bytes. declared is their MD5 in hex, or "". When it has returned nil the slice
// survives a crash. The same slice may come again; the newest wins over one that
// is still on its way.
func (u *Uploads) Slice(ctx context.Context, acc account.ID, to Dest, id string, no int64, body io.Reader, declared string) error {
	if _, err := u.CheckSlice(ctx, acc, to, id, no); err != nil {
		return err
	}
	ctx, s, leave := u.sessions.enter(ctx, acc, id, no)
	defer leave()
	// Read again: it may have been completed while this one waited for its turn.
	r, err := u.find(ctx, acc, id)
	if err == nil {
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

// interrupted has a body interrupted when ctx ends. done ends that, and waits for one that
// is under way: what comes after this request is not to be met by it.
func interrupted(ctx context.Context, body Interrupter) (done func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		body.Interrupt()
	})
	return func() {
		if !stop() {
			<-ended
		}
	}
}

// sliceWriter puts one slice in its place.
type sliceWriter struct {
	u  *Uploads
	r  row
	s  *session
	no int64
}

func (w *sliceWriter) take(ctx context.Context, body io.Reader, declared string) error {
	if i, ok := body.(Interrupter); ok {
		defer interrupted(ctx, i)()
	}
	var known, ref string
	others := false
	err := w.u.db.Read(ctx, "upload: slice", func(tx *db.Tx) (err error) {
		if _, err = tx.Get(ctx, selectSlice, []any{w.r.acc, w.r.id, w.no}, &known, &ref); err == nil {
			others, err = tx.Get(ctx, selectOther, []any{w.r.acc, w.r.id}, new(int))
		}
		return err
	})
	if err != nil {
		return err
	}
	from, size := w.r.span(w.no)
	in := &sliceBody{ctx: ctx, body: body, no: w.no, left: size}
	if digest := w.r.digest(); digest.Size() == from {
		in.digest = digest
	}
	part, changed, err := w.u.store.WriteSlice(ctx, w.at(declared, known, others, func() error { return w.forget(ctx) }), in)
	if fault.Is(err, fault.Exists) {
		return w.again(ctx, part, declared)
	}
	if err == nil && changed {
		err = w.record(ctx, part, in.digest)
	}
	if err != nil && changed {
		if e := w.giveBack(context.WithoutCancel(ctx)); e != nil {
			w.u.log.Warn("upload: cut off a slice that failed", "key", w.r.key, "err", e)
		}
	}
	if err != nil || !changed {
		return err
	}
	killpoint.Here("upload.slice.recorded")
	return w.u.advance(ctx, w.s, w.r.acc, w.r.id, w.u.ahead)
}

// at says where the slice belongs.
func (w *sliceWriter) at(declared, known string, others bool, changing func() error) blob.Slice {
	from, size := w.r.span(w.no)
	return blob.Slice{
		Key: w.r.key, Ref: w.r.ref, No: w.no, Offset: from, Size: size, Declared: declared, Known: known, Others: others, Changing: changing,
	}
}

// giveBack cuts off what came of a slice that failed, up to the furthest that has
// come: on a full disk nobody else could write before. Where others write behind
// that, the last one of them to fail cuts.
func (w *sliceWriter) giveBack(ctx context.Context) error {
	w.s.mu.Lock() // nobody begins or ends meanwhile
	defer w.s.mu.Unlock()
	_, parts, err := w.u.findAll(ctx, w.r.acc, w.r.id)
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
	return w.u.store.Trim(ctx, w.r.key, end)
}

// sliceBody gives the bytes of a slice, exactly as many as it has, or fails; and the
// digest takes them where they continue what is hashed.
type sliceBody struct {
	ctx    context.Context
	body   io.Reader
	no     int64
	left   int64
	digest *blob.Digest
}

func (b *sliceBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		if n, _ := io.ReadFull(b.body, new([1]byte)[:]); n > 0 {
			return 0, fault.New(fault.BadSlice, "upload: slice is long", b.no)
		}
		return 0, io.EOF
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	if e := b.ctx.Err(); e != nil {
		return 0, fault.Because(fault.Canceled, "upload: the slice came again", e)
	}
	if b.digest != nil {
		if _, e := b.digest.Write(p[:n]); e != nil {
			return 0, e
		}
	}
	b.left -= int64(n)
	switch {
	case err == nil || b.left == 0:
		return n, nil // what comes after the last byte is asked once more
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return n, fault.Because(fault.BadSlice, "upload: slice is short", err, b.no)
	}
	return n, fault.Because(fault.BadBody, "upload: read slice", err)
}

// again answers a slice of a file that is whole and committed, though its completion
// was not answered: the same bytes are fine, and nothing changes.
func (w *sliceWriter) again(ctx context.Context, part Part, declared string) error {
	from, size := w.r.span(w.no)
	object, err := w.u.store.Open(ctx, w.r.key)
	if err != nil {
		return err
	}
	hash := md5.New()
	if _, err = object.Seek(from, io.SeekStart); err == nil {
		_, err = io.CopyN(hash, object, size)
	}
	if err := errors.Join(err, object.Close()); err != nil {
		return fault.Wrap(err, "upload: compare slice")
	}
	if part.MD5 != hex.EncodeToString(hash.Sum(nil)) || declared != "" && declared != part.MD5 {
		return fault.New(fault.HashMismatch, "upload: slice of a committed file")
	}
	// Another process may have taken it for one that is to change, and was too late.
	return w.record(ctx, part, nil)
}

// forget makes the slice one that has not come, before its bytes are changed.
func (w *sliceWriter) forget(ctx context.Context) error {
	w.s.hashing.Lock()
	defer w.s.hashing.Unlock()
	from, _ := w.r.span(w.no)
	err := w.u.db.Write(ctx, "upload: forget slice", func(tx *db.Tx) error { return forget(ctx, tx, w.r, w.no, from) })
	killpoint.Here("upload.slice.forgotten")
	return err
}

func forget(ctx context.Context, tx *db.Tx, r row, no, from int64) error {
	if _, err := tx.Get(ctx, lockOpen, []any{r.acc, r.id}, new(int)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, deleteSlice, r.acc, r.id, no); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, dropHashed, r.acc, r.id, from)
	return err
}

// record notes that the slice has come, and that the digest has taken it, if it has:
// unless what was hashed before it is by now something else, in another process.
func (w *sliceWriter) record(ctx context.Context, part Part, digest *blob.Digest) error {
	from, size := w.r.span(w.no)
	var state []byte
	if digest != nil && digest.Size() == from+size {
		var err error
		if state, err = digest.MarshalBinary(); err != nil {
			return fault.Wrap(err, "upload: hash state")
		}
	}
	w.s.hashing.Lock()
	defer w.s.hashing.Unlock()
	return w.u.db.Write(ctx, "upload: record slice", func(tx *db.Tx) error {
		open, err := tx.Get(ctx, lockOpen, []any{w.r.acc, w.r.id}, new(int))
		if err == nil && !open {
			err = fault.New(fault.UploadNotFound, "upload: record slice")
		}
		if err != nil {
			return err
		}
		var sum, ref string
		found, err := tx.Get(ctx, selectSlice, []any{w.r.acc, w.r.id, w.no}, &sum, &ref)
		if err != nil || found && sum == part.MD5 && (ref == part.Ref || part.Ref == "") {
			return err
		}
		if err := forget(ctx, tx, w.r, w.no, from); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, insertSlice, w.r.acc, w.r.id, w.no, size, part.MD5, part.Ref); err != nil || state == nil {
			return err
		}
		_, err = tx.Exec(ctx, continueHashed, w.r.acc, w.r.id, digest.Size(), state, w.r.hashed, w.r.hashState)
		return err
	})
}
