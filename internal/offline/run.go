package offline

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/fetch"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/queue"
)

const (
	maxSize    = drive.MaxSize
	maxTries   = 8                // in vain, before a task has failed
	firstWait  = 2 * time.Second  // before the second try; twice as long each time
	longWait   = 5 * time.Minute  // no longer, unless the server asks for it
	politeWait = 50 * time.Minute // no longer then
	showEvery  = time.Second
)

// refusal is why a task ends without a file.
type refusal struct {
	code FailCode
	http int
}

func (r refusal) Error() string { return fmt.Sprintf("offline: %s %d", r.code, r.http) }

// Run brings a claimed task to its end, or puts it off. See queue.Handler.
func (d *Downloads) Run(ctx context.Context, l *queue.Lease) error {
	defer d.turns.take(turn{l.Account, l.Seq})()
	w, err := d.load(ctx, l)
	if err != nil {
		return err
	}
	err = d.fetch(ctx, w)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if f, ok := errors.AsType[*fetch.Failure](err); ok {
		if f.Again && w.tries+1 < maxTries {
			return d.putOff(ctx, w, f)
		}
		return d.fail(ctx, w, FailCode(f.Reason), f.Status, "")
	}
	if r, ok := errors.AsType[refusal](err); ok {
		return d.fail(ctx, w, r.code, r.http, "")
	}
	switch fault.CodeOf(err) {
	case fault.ParentNotFound, fault.NotFolder, fault.NameTaken:
		return d.fail(ctx, w, NoTarget, 0, "")
	case fault.TooDeep:
		return d.fail(ctx, w, TooDeep, 0, "")
	case fault.EntriesFull:
		return d.fail(ctx, w, Full, 0, "")
	case fault.QuotaExceeded:
		return d.fail(ctx, w, NoQuota, 0, "")
	case fault.NotAnImage:
		return d.fail(ctx, w, NotAnImage, 0, "")
	}
	return err
}

// Abandon ends a task whose attempts keep dying without progress. See queue.Handler.
func (d *Downloads) Abandon(ctx context.Context, l *queue.Lease) error {
	defer d.turns.take(turn{l.Account, l.Seq})()
	trace := rand.Text()
	d.log.Error("offline: given up after attempts without progress", "account", l.Account, "task", l.ID, "attempts", l.Idle-1, "trace", trace)
	w, err := d.load(ctx, l)
	if err != nil {
		return err
	}
	return d.fail(ctx, w, Broken, 0, trace)
}

// fetch gets what has not come yet, and makes the file or image appear.
func (d *Downloads) fetch(ctx context.Context, w *work) (err error) {
	if w.key.ID > 0 && w.total >= 0 && w.got == w.total {
		return d.publish(ctx, w, func(ctx context.Context) error { return d.store.Commit(ctx, w.key, w.ref, w.parts) })
	}
	a, err := d.client.Get(ctx, fetch.Request{URL: w.url, Limit: d.limit(w.dest), From: max(0, w.got), Validator: w.validator, Total: w.total})
	if err != nil {
		return err
	}
	defer func() {
		if e := a.Body.Close(); e != nil && err == nil {
			d.log.Warn("offline: close", "task", w.ID, "err", e)
		}
	}()
	if w.key.ID > 0 && (a.From == 0 || a.From != w.got) {
		if err := d.restart(ctx, w); err != nil {
			return err
		}
	}
	if w.key.ID == 0 {
		if err := d.begin(ctx, w, a); err != nil {
			return err
		}
	}
	if w.total < 0 {
		if err = d.whole(ctx, w, a.Body); fault.Is(err, fault.DiskFull) {
			// It would fill the disk again and again: so tries have an end. What has a length
			// waits for room instead.
			err = &fetch.Failure{Reason: fetch.Reason(NoDisk), Again: true, Afresh: true, Cause: err}
		}
		return err
	}
	return d.slices(ctx, w, a.Body)
}

// step is a transaction of a worker: it begins with the fence, and holds the account.
func (d *Downloads) step(ctx context.Context, w *work, what string, fence func(context.Context, *db.Tx) error, fn func(tx *db.Tx, a account.Account) error) error {
	return d.db.Write(ctx, what, func(tx *db.Tx) error {
		if err := fence(ctx, tx); err != nil {
			return err
		}
		a, err := account.Lock(ctx, tx, w.acc)
		if err != nil {
			return err
		}
		return fn(tx, a)
	})
}

// begin names the place that the content goes to, and reserves its size as far as that
// is known.
func (d *Downloads) begin(ctx context.Context, w *work, a *fetch.Answer) error {
	if w.dest == ToBed && a.Total == 0 {
		return refusal{code: Empty}
	}
	room, err := d.store.Room(ctx)
	if err != nil {
		return err
	}
	if a.Total > room {
		return fault.New(fault.DiskFull, "offline: room")
	}
	found, reserve := nameFrom(a.Name, a.URL), max(0, a.Total)
	var key blob.Key
	err = d.step(ctx, w, "offline: begin", w.Fence, func(tx *db.Tx, _ account.Account) error {
		if err := account.Count(ctx, tx, w.acc, 0, reserve); err != nil {
			return err
		}
		id, err := account.NextBlob(ctx, tx, w.acc)
		if err != nil {
			return err
		}
		key = blob.Key{Account: int64(w.acc), ID: id}
		if err := blob.Begin(ctx, tx, key); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, setBegun, w.acc, w.Seq, found, id, a.Total, a.Validator, reserve)
		return fault.Wrap(err, "offline: begin")
	})
	if err != nil {
		return err
	}
	w.found, w.key, w.ref, w.got, w.total, w.validator, w.reserved = found, key, "", 0, a.Total, a.Validator, reserve
	w.digest, w.parts = blob.NewDigest(), nil
	killpoint.Here("offline.begun")
	if w.total <= 0 {
		return nil
	}
	if w.ref, err = d.store.Begin(ctx, key); err != nil || w.ref == "" {
		return err
	}
	return d.db.Write(ctx, "offline: begin slices", func(tx *db.Tx) error {
		if err := w.Fence(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, setRef, w.acc, w.Seq, w.ref)
		return fault.Wrap(err, "offline: begin slices")
	})
}

// restart forgets what has come.
func (d *Downloads) restart(ctx context.Context, w *work) error {
	key, doomed := w.key, false
	err := d.step(ctx, w, "offline: restart", w.Fence, func(tx *db.Tx, _ account.Account) (err error) {
		doomed, err = w.forget(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	w.key.ID, w.got, w.total, w.reserved, w.validator = 0, 0, -1, 0, ""
	w.digest, w.parts = blob.NewDigest(), nil
	d.bury(ctx, key, doomed)
	return nil
}

// forget takes back what was begun, in the transaction of the caller.
func (w *work) forget(ctx context.Context, tx *db.Tx) (doomed bool, err error) {
	if w.key.ID == 0 {
		return false, nil
	}
	if err := account.Count(ctx, tx, w.acc, 0, -w.reserved); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, deleteSlices, w.acc, w.Seq); err != nil {
		return false, fault.Wrap(err, "offline: forget")
	}
	if doomed, err = blob.Discard(ctx, tx, w.key); err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, setBegun, w.acc, w.Seq, w.found, 0, -1, "", 0)
	return doomed, fault.Wrap(err, "offline: forget")
}

// bury removes what was doomed from the store. What can't be removed now is swept later.
func (d *Downloads) bury(ctx context.Context, key blob.Key, doomed bool) {
	if !doomed {
		return
	}
	if err := blob.Bury(context.WithoutCancel(ctx), d.db, d.store, key); err != nil {
		d.log.Warn("offline: remove what came; a sweep will", "key", key, "err", err)
	}
}

// fail ends a task without a file.
func (d *Downloads) fail(ctx context.Context, w *work, code FailCode, http int, trace string) error {
	key, doomed := w.key, false
	err := d.step(ctx, w, "offline: fail", w.Fence, func(tx *db.Tx, _ account.Account) (err error) {
		if doomed, err = w.forget(ctx, tx); err != nil {
			return err
		}
		call, err := w.tellEnd(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, setFailed, w.acc, w.Seq, code, http, trace, call); err != nil {
			return fault.Wrap(err, "offline: fail")
		}
		killpoint.Here("offline.settling")
		d.watch.ended(tx, queue.Failed, code)
		return w.Finish(ctx, tx, queue.Failed)
	})
	if err == nil {
		d.bury(ctx, key, doomed)
	}
	return err
}

// putOff has a task tried again later: each time twice as late, and not before the server
// wants it.
func (d *Downloads) putOff(ctx context.Context, w *work, f *fetch.Failure) error {
	wait := max(backOff(w.tries, firstWait, longWait), min(f.After, politeWait))
	key, doomed := w.key, false
	err := d.step(ctx, w, "offline: put off", w.Fence, func(tx *db.Tx, _ account.Account) (err error) {
		if f.Afresh || w.total < 0 || w.validator == "" {
			if doomed, err = w.forget(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, setTries, w.acc, w.Seq, w.tries+1, FailCode(f.Reason), f.Status); err != nil {
			return fault.Wrap(err, "offline: put off")
		}
		return w.PutOff(ctx, tx, wait)
	})
	if err == nil {
		d.bury(ctx, key, doomed)
	}
	d.log.Info("offline: it is to be tried again", "account", w.acc, "task", w.ID, "wait", wait, "err", f)
	return err
}

// backOff is how long to wait after so many tries in vain: twice as long each time, and
// up to half of it more, so that those that failed together don't come together again.
func backOff(tries int, first, most time.Duration) time.Duration {
	wait := min(first<<min(tries, 20), most)
	if more, err := rand.Int(rand.Reader, big.NewInt(int64(wait/2))); err == nil {
		wait += time.Duration(more.Int64())
	}
	return wait
}

// slices brings content of known length to its place, slice by slice.
func (d *Downloads) slices(ctx context.Context, w *work, body io.Reader) error {
	from := &progress{d: d, ctx: ctx, w: w, body: body, last: d.db.Now()}
	for w.got < w.total {
		size := min(d.sliceSize, w.total-w.got)
		no := w.got/d.sliceSize + 1
		part, _, err := d.store.WriteSlice(ctx, blob.Slice{
			Key: w.key, Ref: w.ref, No: no, Offset: w.got, Size: size, Others: len(w.parts) > 0, Changing: func() error { return nil },
		}, io.TeeReader(&exactly{from, size}, w.digest))
		if err != nil {
			return afresh(err)
		}
		killpoint.Here("offline.slice")
		if err := d.record(ctx, w, part); err != nil {
			return err
		}
		killpoint.Here("offline.recorded")
	}
	return d.publish(ctx, w, func(ctx context.Context) error { return d.store.Commit(ctx, w.key, w.ref, w.parts) })
}

// afresh has a task begin anew where what came for good is no more, or is not known: another
// process has written it anew.
func afresh(err error) error {
	switch fault.CodeOf(err) {
	case fault.SliceMissing, fault.UploadNotFound, fault.NotFound:
		return &fetch.Failure{Reason: fetch.BadRange, Again: true, Afresh: true, Cause: err}
	}
	return err
}

// record notes a slice that has come for good.
func (d *Downloads) record(ctx context.Context, w *work, part blob.Part) error {
	state, err := w.digest.MarshalBinary()
	if err != nil {
		return err
	}
	got := w.got + part.Size
	err = d.db.Write(ctx, "offline: record", func(tx *db.Tx) error {
		fence := w.Fence
		if got > w.farthest {
			fence = w.FenceProgress
		}
		if err := fence(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, insertSlice, w.acc, w.Seq, part.No, part.Size, part.MD5, part.Ref); err != nil {
			return fault.Wrap(err, "offline: record")
		}
		_, err := tx.Exec(ctx, setGot, w.acc, w.Seq, got, state)
		return fault.Wrap(err, "offline: record")
	})
	if err == nil {
		if w.got = got; got > w.farthest {
			w.farthest, w.tries = got, 0
		}
		w.parts = append(w.parts, part)
	}
	return err
}

// exactly gives so many bytes of what comes; that there are as many is the reader's to
// know.
type exactly struct {
	from io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.from.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF {
		if err = nil; e.left > 0 && n == 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// progress shows now and then how far it is.
type progress struct {
	d    *Downloads
	ctx  context.Context
	w    *work
	body io.Reader
	at   int64 // beyond what has come for good
	base int64
	last time.Time
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	if p.base != p.w.got {
		p.at, p.base = 0, p.w.got
	}
	p.at += int64(n)
	if now := p.d.db.Now(); err == nil && now.Sub(p.last) >= showEvery {
		p.last = now
		err = p.d.db.Write(p.ctx, "offline: show", func(tx *db.Tx) error {
			if err := p.w.Fence(p.ctx, tx); err != nil {
				return err
			}
			_, err := tx.Exec(p.ctx, setShown, p.w.acc, p.w.Seq, p.w.got+p.at)
			return fault.Wrap(err, "offline: show")
		})
	}
	return n, err
}

// whole brings content of unknown length to its place in one go: it begins anew where
// that breaks.
func (d *Downloads) whole(ctx context.Context, w *work, body io.Reader) (err error) {
	to, err := d.store.Create(ctx, w.key)
	if err != nil {
		return err
	}
	defer func() {
		if e := to.Close(); e != nil && err == nil {
			d.log.Warn("offline: close", "task", w.ID, "err", e)
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if err := d.take(ctx, w, w.digest.Size()+int64(n)); err != nil {
				return err
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
			if _, err := w.digest.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	return d.publish(ctx, w, to.Commit)
}

// take reserves room for content whose length is not known, some way ahead.
func (d *Downloads) take(ctx context.Context, w *work, end int64) error {
	if end <= w.reserved {
		return nil
	}
	var more int64
	err := d.step(ctx, w, "offline: reserve", w.Fence, func(tx *db.Tx, a account.Account) error {
		if more = min(max(end-w.reserved, d.sliceSize), a.Room()); end > w.reserved+more {
			return fault.New(fault.QuotaExceeded, "offline: reserve")
		}
		if err := account.Count(ctx, tx, w.acc, 0, more); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, setReserved, w.acc, w.Seq, w.reserved+more, end)
		return fault.Wrap(err, "offline: reserve")
	})
	if err == nil {
		w.reserved += more
	}
	return err
}
