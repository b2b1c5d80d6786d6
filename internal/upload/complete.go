package upload

import (
	"context"
	"errors"
	"io"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

const (
	aheadOfSlice = 256 << 20 // bytes that are hashed before a slice is answered
	keptEvery    = 256 << 20 // bytes that are hashed before their state is kept
)

// advance takes the hashes of what now continues the hashed prefix, no more than
// atMost bytes and as far as the store shows it before it is committed, and keeps
// their state, also where the caller goes: completing a large file does not read it
// again.
func (u *Uploads) advance(ctx context.Context, s *session, acc account.ID, id string, atMost int64) error {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	r, parts, err := u.findAll(ctx, acc, id)
	if err != nil {
		return err
	}
	digest := r.digest()
	var end int64
	for _, p := range parts {
		if from, size := r.span(p.No); from == end {
			end += size
		}
	}
	if end = min(end, digest.Size()+atMost); end <= digest.Size() {
		return nil
	}
	staged, err := u.store.Staged(ctx, r.key)
	if err != nil || staged == nil {
		return err
	}
	err = u.hash(ctx, r, digest, io.NewSectionReader(staged, digest.Size(), end-digest.Size()), end)
	if e := staged.Close(); err == nil {
		err = e
	}
	return fault.Wrap(err, "upload: hash")
}

// readBack takes the hashes of what was committed before all of it was hashed.
func (u *Uploads) readBack(ctx context.Context, r row, digest *blob.Digest) error {
	object, err := u.store.Open(ctx, r.key)
	if err != nil {
		return err
	}
	if _, err = object.Seek(digest.Size(), io.SeekStart); err == nil {
		err = u.hash(ctx, r, digest, object, r.prepared.Size)
	}
	if e := object.Close(); err == nil {
		err = e
	}
	return fault.Wrap(err, "upload: read back")
}

// hash takes the hashes of content up to end and keeps their state now and then.
func (u *Uploads) hash(ctx context.Context, r row, digest *blob.Digest, content io.Reader, end int64) (err error) {
	for err == nil && digest.Size() < end {
		err = hashTo(ctx, digest, content, min(end, digest.Size()+keptEvery))
		if e := u.keepHashed(context.WithoutCancel(ctx), r.acc, r.id, digest); err == nil {
			err = e
		}
	}
	return err
}

// hashTo takes the hashes of content up to end. When ctx ends it has taken some.
func hashTo(ctx context.Context, digest *blob.Digest, content io.Reader, end int64) error {
	buf := bufs.Get().(*[bufSize]byte)
	defer bufs.Put(buf)
	for digest.Size() < end {
		n, err := io.ReadFull(content, buf[:min(bufSize, end-digest.Size())])
		if _, e := digest.Write(buf[:n]); e != nil {
			return e
		}
		switch {
		case digest.Size() == end:
		case err == io.EOF || err == io.ErrUnexpectedEOF: // the end, as ReadFull says it
			return fault.Because(fault.ContentMissing, "upload: hash", io.ErrUnexpectedEOF)
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
	return nil
}

func (u *Uploads) keepHashed(ctx context.Context, acc account.ID, id string, digest *blob.Digest) error {
	state, err := digest.MarshalBinary()
	if err != nil {
		return fault.Wrap(err, "upload: hash state")
	}
	killpoint.Here("upload.hashed")
	return u.db.Write(ctx, "upload: hashed", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, setHashed, acc, id, digest.Size(), state)
		return err
	})
}

// Complete checks the whole file and makes it appear. It may be asked again while
// the upload lives and answers the same. fault.SliceMissing names the first slice
// that has not come; after fault.HashMismatch the upload is gone. Where the time of
// ctx is over before all is checked it is fault.Verifying: each further call, or one
// of Finished, goes on from there. fault.UploadNotFound where there is none of that id
// that goes to that destination: one that goes to the other is left as it is.
func (u *Uploads) Complete(ctx context.Context, acc account.ID, to Dest, id string) (Result, error) {
	r, parts, err := u.findAll(ctx, acc, id)
	if err == nil {
		err = r.goesTo(to)
	}
	if err != nil {
		return Result{}, err
	}
	if r.completed {
		return Result{ID: r.resultID}, nil
	}
	// Asked before the place is taken, which breaks off the slices on their way.
	if err := r.allHere(parts); err != nil {
		return Result{}, err
	}
	done, err := u.complete(ctx, acc, id)
	if fault.Is(err, fault.Unavailable) && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = errors.Join(fault.Because(fault.Verifying, "upload: complete", err), u.setVerifying(context.WithoutCancel(ctx), acc, id))
	}
	return done, err
}

// setVerifying notes that a completion was asked for, and is to go on.
func (u *Uploads) setVerifying(ctx context.Context, acc account.ID, id string) error {
	return u.db.Write(ctx, "upload: verifying", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, setVerifying, acc, id)
		return err
	})
}

func (u *Uploads) complete(ctx context.Context, acc account.ID, id string) (Result, error) {
	ctx, s, leave := u.sessions.enter(ctx, acc, id, wholeUpload)
	defer leave()
	resultID, err := u.check(ctx, s, acc, id)
	// Where other processes commit at the same moment, a store may show nothing between
	// the one and the other; each does so once.
	for try := 0; fault.Is(err, fault.ContentMissing) && try < lookAgain; try++ {
		if e := pause(ctx, 20*time.Millisecond<<try); e != nil {
			err = e
			break
		}
		resultID, err = u.check(ctx, s, acc, id)
	}
	switch {
	case err == nil:
	case fault.Is(err, fault.HashMismatch):
		if _, e := u.drop(context.WithoutCancel(ctx), acc, id); e != nil {
			u.log.Error("upload: drop", "upload", id, "err", e)
		}
	default:
		// Another process may have been quicker: then its answer is the answer.
		switch r, e := u.find(ctx, acc, id); {
		case e == nil && r.completed:
			return Result{ID: r.resultID}, nil
		case fault.Is(e, fault.UploadNotFound):
			err = e
		}
	}
	return Result{ID: resultID}, err
}

// lookAgain is how often content is looked for that was committed and is not to be seen.
const lookAgain = 5

// pause waits, or answers that ctx has ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// check checks the whole file, commits it and makes it appear.
func (u *Uploads) check(ctx context.Context, s *session, acc account.ID, id string) (resultID string, err error) {
	if err := u.advance(ctx, s, acc, id, drive.MaxSize); err != nil {
		return "", err
	}
	r, parts, err := u.findAll(ctx, acc, id)
	if err != nil || r.completed {
		return r.resultID, err
	}
	// And again: one that came once more, with other bytes, has not come until it ends.
	if err := r.allHere(parts); err != nil {
		return "", err
	}
	commit := func(ctx context.Context) error { return u.commit(ctx, r, parts) }
	digest := r.digest()
	if digest.Size() < r.prepared.Size {
		// The store shows the rest only when it is committed.
		if _, err := u.nameToBeHad(ctx, acc, r.prepared); err != nil {
			return "", err
		}
		if err := commit(ctx); err != nil {
			return "", err
		}
		commit = func(context.Context) error { return nil }
		if err := u.readBack(ctx, r, digest); err != nil {
			return "", err
		}
	}
	if r.prepared.Dest == ToDrive {
		if r.prepared.fileID, err = u.drive.NewID(ctx); err != nil {
			return "", err
		}
	}
	return u.finish(ctx, acc, r.key, digest, r.prepared, &r, commit)
}

// commit commits the slices. One that another process has written anew, and did not
// record, has to come once more.
func (u *Uploads) commit(ctx context.Context, r row, parts []Part) error {
	err := u.store.Commit(ctx, r.key, r.ref, parts)
	if fault.Is(err, fault.NotFound) { // what has come is no more
		return fault.Because(fault.UploadNotFound, "upload: commit", err)
	}
	if !fault.Is(err, fault.SliceMissing) {
		return err
	}
	no, _ := fault.ArgsOf(err)[0].(int64)
	from, _ := r.span(no)
	return errors.Join(err, u.db.Write(ctx, "upload: a slice was replaced", func(tx *db.Tx) error {
		var sum, ref string
		found, e := tx.Get(ctx, selectSlice, []any{r.acc, r.id, no}, &sum, &ref)
		if e != nil || !found || ref != parts[no-1].Ref { // it has come meanwhile
			return e
		}
		return forget(ctx, tx, r, no, from)
	}))
}

// allHere is fault.SliceMissing where a slice has not come.
func (r row) allHere(parts []Part) error {
	for n := range r.slices() {
		if int64(len(parts)) <= n || parts[n].No != n+1 {
			return fault.New(fault.SliceMissing, "upload: complete", n+1)
		}
	}
	return nil
}
