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

// advance takes the hashes of the slices that now continue the hashed prefix, and
// keeps their state: completing a large file does not read it again. What it reads
// has just been written. It answers the digest of the prefix.
func (u *Uploads) advance(ctx context.Context, s *session, acc account.ID, id string) (*blob.Digest, error) {
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
	end := digest.Size()
	for _, p := range parts {
		if from, size := r.span(p.No); from == end {
			end += size
		}
	}
	if end == digest.Size() {
		return digest, nil
	}
	content, err := u.content(ctx, r.key)
	if err != nil {
		return nil, err
	}
	buf := bufs.Get().(*[bufSize]byte)
	defer bufs.Put(buf)
	rest := io.NewSectionReader(content, digest.Size(), end-digest.Size())
	_, err = io.CopyBuffer(struct{ io.Writer }{digest}, struct{ io.Reader }{rest}, buf[:])
	if e := content.Close(); err == nil {
		err = e
	}
	if err == nil && digest.Size() != end {
		err = fault.Because(fault.ContentMissing, "upload: hash", io.ErrUnexpectedEOF)
	}
	if err != nil {
		return nil, fault.Wrap(err, "upload: hash")
	}
	state, err := digest.MarshalBinary()
	if err != nil {
		return nil, fault.Wrap(err, "upload: hash state")
	}
	killpoint.Here("upload.hashed")
	return digest, u.db.Write(ctx, "upload: hashed", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, setHashed, acc, id, end, state)
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
// that has not come; after fault.HashMismatch the upload is gone.
func (u *Uploads) Complete(ctx context.Context, acc account.ID, id string) (Result, error) {
	r, err := u.find(ctx, acc, id)
	if err != nil || r.completed {
		return Result{ID: r.resultID}, err
	}
	// Asked before the place is taken, which breaks off the slices on their way.
	if err := u.allHere(ctx, r); err != nil {
		return Result{}, err
	}
	ctx, s, leave := u.sessions.enter(ctx, acc, id, wholeUpload)
	defer leave()
	if r, err = u.find(ctx, acc, id); err != nil || r.completed {
		return Result{ID: r.resultID}, err
	}
	// And again: one that came once more, with other bytes, has not come until it ends.
	if err := u.allHere(ctx, r); err != nil {
		return Result{}, err
	}
	digest, err := u.advance(ctx, s, acc, id)
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
