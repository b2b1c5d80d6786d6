package upload

import (
	"context"
	"errors"
	"io"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

const (
	aheadOfSlice = 256 << 20 // bytes that are hashed before a slice is answered
	keptEvery    = 256 << 20 // bytes that are hashed before their state is kept
)

// advance takes the hashes of what now continues the hashed prefix, no more than
// atMost bytes, and keeps their state, also where the caller goes: completing a
// large file does not read it again. It answers the digest of the prefix.
func (u *Uploads) advance(ctx context.Context, s *session, acc account.ID, id string, atMost int64) (*blob.Digest, error) {
	s.hashing.Lock()
	defer s.hashing.Unlock()
	r, err := u.find(ctx, acc, id)
	if err != nil {
		return nil, err
	}
	digest := r.digest()
	parts, err := u.Parts(ctx, acc, id)
	if err != nil {
		return nil, err
	}
	var end int64
	for _, p := range parts {
		if from, size := r.span(p.No); from == end {
			end += size
		}
	}
	if end = min(end, digest.Size()+atMost); end <= digest.Size() {
		return digest, nil
	}
	content, err := u.content(ctx, r.key)
	if err != nil {
		return nil, err
	}
	for err == nil && digest.Size() < end {
		err = hashTo(ctx, digest, content, min(end, digest.Size()+keptEvery))
		if e := u.keepHashed(context.WithoutCancel(ctx), acc, id, digest); err == nil {
			err = e
		}
	}
	if e := content.Close(); err == nil {
		err = e
	}
	return digest, fault.Wrap(err, "upload: hash")
}

// hashTo takes the hashes of content up to end. When ctx ends it has taken some.
func hashTo(ctx context.Context, digest *blob.Digest, content io.ReaderAt, end int64) error {
	buf := bufs.Get().(*[bufSize]byte)
	defer bufs.Put(buf)
	for digest.Size() < end {
		n, err := content.ReadAt(buf[:min(bufSize, end-digest.Size())], digest.Size())
		if _, e := digest.Write(buf[:n]); e != nil {
			return e
		}
		switch {
		case digest.Size() == end:
		case errors.Is(err, io.EOF):
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

type readAtCloser interface {
	io.ReaderAt
	io.Closer
}

// content opens what has come of an upload: staged, or committed where a crash fell
// between that and the end of the upload.
func (u *Uploads) content(ctx context.Context, key blob.Key) (readAtCloser, error) {
	staged, err := u.store.Stage(ctx, key)
	if fault.Is(err, fault.Exists) {
		return u.store.Open(ctx, key)
	}
	return staged, err
}

// Complete checks the whole file and makes it appear. It may be asked again while
// the upload lives and answers the same. fault.SliceMissing names the first slice
// that has not come; after fault.HashMismatch the upload is gone. Where the time of
// ctx is over before all is checked it is fault.Verifying: each further call, or one
// of Finished, goes on from there.
func (u *Uploads) Complete(ctx context.Context, acc account.ID, id string) (Result, error) {
	r, err := u.find(ctx, acc, id)
	if err != nil || r.completed {
		return Result{ID: r.resultID}, err
	}
	// Asked before the place is taken, which breaks off the slices on their way.
	if err := u.allHere(ctx, r); err != nil {
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
	r, err := u.find(ctx, acc, id)
	if err != nil || r.completed {
		return Result{ID: r.resultID}, err
	}
	// And again: one that came once more, with other bytes, has not come until it ends.
	if err := u.allHere(ctx, r); err != nil {
		return Result{}, err
	}
	digest, err := u.advance(ctx, s, acc, id, r.prepared.Size)
	if err != nil {
		return Result{}, err
	}
	if r.prepared.Size == 0 { // no slice has made a file
		empty, err := u.content(ctx, r.key)
		if err != nil {
			return Result{}, err
		}
		if err := empty.Close(); err != nil {
			return Result{}, fault.Wrap(err, "upload: close")
		}
	}
	if r.prepared.Dest == ToDrive {
		if r.prepared.fileID, err = u.drive.NewID(ctx); err != nil {
			return Result{}, err
		}
	}
	resultID, err := u.finish(ctx, acc, r.key, digest, r.prepared, &r)
	if fault.Is(err, fault.HashMismatch) {
		if e := u.drop(context.WithoutCancel(ctx), acc, id); e != nil {
			u.log.Error("upload: drop", "upload", id, "err", e)
		}
	}
	return Result{ID: resultID}, err
}

// allHere is fault.SliceMissing where a slice has not come.
func (u *Uploads) allHere(ctx context.Context, r row) error {
	parts, err := u.Parts(ctx, r.acc, r.id)
	if err != nil {
		return err
	}
	for n := range r.slices() {
		if int64(len(parts)) <= n || parts[n].No != n+1 {
			return fault.New(fault.SliceMissing, "upload: complete", n+1)
		}
	}
	return nil
}
