package upload

import (
	"context"
	"io"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/picture"
)

// Single brings a file in one go: receive is called once, writes the bytes and
// then says what they are. No more than limit bytes are taken.
func (u *Uploads) Single(ctx context.Context, acc account.ID, limit int64, receive func(in *Incoming) (Request, error)) (Result, error) {
	in := &Incoming{u: u, acc: acc, limit: limit, declared: -1, digest: blob.NewDigest()}
	var key blob.Key
	err := u.db.Write(ctx, "upload: begin", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		in.quota, in.room = a.Quota, a.Room()
		key, err = begin(ctx, tx, acc)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	in.share = u.arriving.enter(acc)
	defer in.share.leave()
	killpoint.Here("upload.single.begun")
	id, err := u.receive(ctx, key, in, receive)
	if err == nil {
		return Result{ID: id}, nil
	}
	// The caller may have gone; what came must go all the same.
	if e := u.discard(context.WithoutCancel(ctx), key); e != nil {
		u.log.Error("upload: discard", "key", key, "err", e)
	}
	return Result{}, err
}

// received makes the file appear that came in one go.
func (u *Uploads) received(ctx context.Context, key blob.Key, in *Incoming, r Request) (string, error) {
	p, err := u.judge(r)
	if err == nil {
		err = p.matches(in.digest)
	}
	if err == nil {
		err = u.takeID(ctx, &p)
	}
	if err != nil {
		return "", err
	}
	return u.finish(ctx, in.acc, key, in.digest, p, nil, in.to.Commit)
}

// Late is a slice that came before it was said where it belongs.
type Late struct {
	io.Reader
	u     *Uploads
	key   blob.Key
	share *share
	kept  blob.Writer
}

// asideOver is how much of an account may be put aside at once, beyond what its open
// uploads are to bring.
const asideOver = BedSlice

// Keep puts a slice aside until its place is known. The caller closes it. More at
// once than the account's open uploads are to bring is fault.Unavailable.
func (u *Uploads) Keep(ctx context.Context, acc account.ID, body io.Reader) (*Late, error) {
	var key blob.Key
	var open int64
	err := u.db.Write(ctx, "upload: keep", func(tx *db.Tx) (err error) {
		if _, err = tx.Get(ctx, sumOpen, []any{acc}, &open); err != nil {
			return err
		}
		key, err = begin(ctx, tx, acc)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := &Late{u: u, key: key, share: u.aside.enter(acc)}
	if l.kept, err = u.store.Create(ctx, key); err != nil {
		l.Close()
		return nil, err
	}
	w := &asideWriter{to: l.kept, share: l.share, room: open + u.asideOver}
	if _, err = io.Copy(struct{ io.Writer }{w}, body); err != nil {
		l.Close()
		return nil, err
	}
	l.Reader = io.NewSectionReader(l.kept, 0, w.at)
	return l, nil
}

// asideWriter writes a slice that is put aside.
type asideWriter struct {
	to    io.Writer
	share *share
	room  int64
	at    int64
}

func (w *asideWriter) Write(p []byte) (int, error) {
	switch n := int64(len(p)); {
	case w.at+n > BedSlice:
		return 0, fault.New(fault.FileTooLarge, "upload: keep", picture.SizeWords(BedSlice))
	case !w.share.take(n, w.room, false):
		return 0, fault.New(fault.Unavailable, "upload: keep")
	}
	n, err := w.to.Write(p)
	w.at += int64(n)
	return n, err
}

// Close removes what was put aside. What can't be removed now is swept later.
func (l *Late) Close() {
	defer l.share.leave()
	if l.kept != nil {
		if err := l.kept.Close(); err != nil {
			l.u.log.Warn("upload: close", "key", l.key, "err", err)
		}
	}
	if err := l.u.discard(context.Background(), l.key); err != nil {
		l.u.log.Warn("upload: discard", "key", l.key, "err", err)
	}
}

// receive takes the bytes and makes the file appear. What fails gives its bytes back
// here: on a full disk the row could not be removed before.
func (u *Uploads) receive(ctx context.Context, key blob.Key, in *Incoming, receive func(in *Incoming) (Request, error)) (id string, err error) {
	if in.to, err = u.store.Create(ctx, key); err != nil {
		return "", err
	}
	r, err := receive(in)
	if in.err != nil {
		err = in.err // the door may have met it as a reading error
	}
	killpoint.Here("upload.single.received")
	if err == nil {
		id, err = u.received(ctx, key, in, r)
	}
	if e := in.to.Close(); e != nil {
		u.log.Warn("upload: close", "key", key, "err", e)
	}
	return id, err
}
