package upload

import (
	"context"
	"io"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// Single brings a file in one go: receive is called once, writes the bytes and
// then says what they are. No more than limit bytes are taken.
func (u *Uploads) Single(ctx context.Context, acc account.ID, limit int64, receive func(w io.Writer) (Request, error)) (Result, error) {
	var key blob.Key
	room := limit
	err := u.db.Write(ctx, "upload: begin", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		// Whether it fits is known when its name is: it may overwrite a file, or
		// be content that is owned already. More than the whole quota never does.
		if room = limit; a.Quota >= 0 {
			room = min(limit, a.Quota)
		}
		key, err = begin(ctx, tx, acc)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	killpoint.Here("upload.single.begun")
	digest := blob.NewDigest()
	request, err := u.receive(ctx, key, digest, limit, room, receive)
	killpoint.Here("upload.single.received")
	if err == nil {
		var id string
		if id, err = u.received(ctx, acc, key, digest, request); err == nil {
			return Result{ID: id}, nil
		}
	}
	// The caller may have gone; what came must go all the same.
	if e := u.discard(context.WithoutCancel(ctx), key); e != nil {
		u.log.Error("upload: discard", "key", key, "err", e)
	}
	return Result{}, err
}

// received makes the file appear that came in one go.
func (u *Uploads) received(ctx context.Context, acc account.ID, key blob.Key, digest *blob.Digest, r Request) (string, error) {
	p, err := check(r)
	if err == nil {
		err = p.matches(digest)
	}
	if err == nil {
		err = u.takeID(ctx, &p)
	}
	if err != nil {
		return "", err
	}
	return u.finish(ctx, acc, key, digest, p, nil)
}

// Late is a slice that came before it was said where it belongs.
type Late struct {
	io.Reader
	u      *Uploads
	key    blob.Key
	staged blob.Staged
}

// Keep puts a slice aside until its place is known. The caller closes it.
func (u *Uploads) Keep(ctx context.Context, acc account.ID, body io.Reader) (*Late, error) {
	var key blob.Key
	err := u.db.Write(ctx, "upload: keep", func(tx *db.Tx) (err error) {
		key, err = begin(ctx, tx, acc)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := &Late{u: u, key: key}
	if l.staged, err = u.store.Stage(ctx, key); err != nil {
		l.Close()
		return nil, err
	}
	w := &stageWriter{staged: l.staged, digest: blob.NewDigest(), limit: BedSlice, room: BedSlice}
	if _, err = io.Copy(struct{ io.Writer }{w}, body); err != nil {
		if e := l.staged.Truncate(0); e != nil { // see receive
			u.log.Warn("upload: truncate", "key", key, "err", e)
		}
		l.Close()
		return nil, err
	}
	l.Reader = io.NewSectionReader(l.staged, 0, w.digest.Size())
	return l, nil
}

// Close removes what was put aside. What can't be removed now is swept later.
func (l *Late) Close() {
	if l.staged != nil {
		if err := l.staged.Close(); err != nil {
			l.u.log.Warn("upload: close", "key", l.key, "err", err)
		}
	}
	if err := l.u.discard(context.Background(), l.key); err != nil {
		l.u.log.Warn("upload: discard", "key", l.key, "err", err)
	}
}

func (u *Uploads) receive(ctx context.Context, key blob.Key, digest *blob.Digest, limit, room int64, receive func(w io.Writer) (Request, error)) (Request, error) {
	staged, err := u.store.Stage(ctx, key)
	if err != nil {
		return Request{}, err
	}
	w := &stageWriter{staged: staged, digest: digest, limit: limit, room: room}
	r, err := receive(w)
	if w.err != nil {
		err = w.err // the door may have met it as a reading error
	}
	if err != nil {
		// The bytes go first: on a full disk the row could not be removed before.
		if e := staged.Truncate(0); e != nil {
			u.log.Warn("upload: truncate", "key", key, "err", e)
		}
	}
	if e := staged.Close(); err == nil && e != nil {
		err = fault.Wrap(e, "upload: close")
	}
	return r, err
}

// stageWriter writes a file from its start on and takes its hashes.
type stageWriter struct {
	staged      blob.Staged
	digest      *blob.Digest
	limit, room int64
	err         error
}

func (w *stageWriter) Write(p []byte) (int, error) {
	at := w.digest.Size()
	switch end := at + int64(len(p)); {
	case end > w.limit:
		w.err = fault.New(fault.FileTooLarge, "upload: single", SizeWords(w.limit))
	case end > w.room:
		w.err = fault.New(fault.QuotaExceeded, "upload: single")
	}
	if w.err != nil {
		return 0, w.err
	}
	if _, w.err = w.staged.WriteAt(p, at); w.err != nil {
		return 0, w.err
	}
	return w.digest.Write(p)
}
