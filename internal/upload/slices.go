package upload

import (
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

const (
	countOpen    = `SELECT count(*) FROM upload WHERE account_id = $1 AND state = 1`
	insertUpload = `
		INSERT INTO upload (account_id, id, blob_id, dest, parent, name, etag, size, duplicate, slice_size, reserved, state,
			result_id, hashed, hash_state, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, '', 0, '', $12, $13)`
	selectUpload = `
		SELECT u.blob_id, u.dest, u.parent, u.name, u.etag, u.size, u.duplicate, u.slice_size, u.reserved, u.state,
			u.result_id, u.hashed, u.hash_state, a.state
		FROM upload u JOIN account a ON a.id = u.account_id
		WHERE u.account_id = $1 AND u.id = $2 AND u.expires_at > $3`
	completeUpload = `UPDATE upload SET state = 2, result_id = $3, expires_at = $4 WHERE account_id = $1 AND id = $2 AND state = 1`
	deleteUpload   = `DELETE FROM upload WHERE account_id = $1 AND id = $2 AND state = 1 RETURNING blob_id, reserved`
	selectExpired  = `SELECT account_id, id FROM upload WHERE state = 1 AND expires_at <= $1 ORDER BY expires_at LIMIT 100`
	deleteAnswered = `DELETE FROM upload WHERE state = 2 AND expires_at <= $1`

	selectSlices   = `SELECT no, size, md5 FROM upload_slice WHERE account_id = $1 AND upload_id = $2 ORDER BY no`
	selectSliceMD5 = `SELECT md5 FROM upload_slice WHERE account_id = $1 AND upload_id = $2 AND no = $3`
	deleteSlice    = `DELETE FROM upload_slice WHERE account_id = $1 AND upload_id = $2 AND no = $3`
	insertSlice    = `INSERT INTO upload_slice (account_id, upload_id, no, size, md5) VALUES ($1, $2, $3, $4, $5)`
	setHashed      = `UPDATE upload SET hashed = $3, hash_state = $4 WHERE account_id = $1 AND id = $2 AND state = 1`
	dropHashed     = `UPDATE upload SET hashed = 0, hash_state = '' WHERE account_id = $1 AND id = $2 AND state = 1 AND hashed > $3`

	orphans = `
		SELECT b.account_id, b.id FROM blob b
		WHERE b.state = 0 AND b.created_at < $1 AND NOT EXISTS (
			SELECT 1 FROM upload u WHERE u.account_id = b.account_id AND u.blob_id = b.id AND u.state = 1)
		ORDER BY b.created_at LIMIT 500`
)

// row is an upload as the database has it.
type row struct {
	acc       account.ID
	id        string
	key       blob.Key
	prepared  prepared
	sliceSize int64
	reserved  int64 // bytes of the quota
	completed bool
	resultID  string
	hashed    int64
	hashState []byte
}

// slices is how many slices the upload has; an empty file has none.
func (r row) slices() int64 { return (r.prepared.Size + r.sliceSize - 1) / r.sliceSize }

// span tells where a slice lies.
func (r row) span(no int64) (from, size int64) {
	from = (no - 1) * r.sliceSize
	return from, min(r.sliceSize, r.prepared.Size-from)
}

// find reads an upload; fault.UploadNotFound where the account has none of that
// id, or it has expired, fault.Disabled where the account is: presigned URLs come
// without a token.
func (u *Uploads) find(ctx context.Context, acc account.ID, id string) (r row, err error) {
	if id == "" {
		return row{}, fault.New(fault.UploadMissing, "upload: find")
	}
	r = row{acc: acc, id: id, key: blob.Key{Account: int64(acc)}}
	err = u.db.Read(ctx, "upload: find", func(tx *db.Tx) error {
		var state int
		var who account.State
		p := &r.prepared
		found, err := tx.Get(ctx, selectUpload, []any{acc, id, tx.Micros()}, &r.key.ID, &p.Dest, &p.Parent, &p.Name, &p.Etag, &p.Size,
			&p.Duplicate, &r.sliceSize, &r.reserved, &state, &r.resultID, &r.hashed, &r.hashState, &who)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.New(fault.UploadNotFound, "upload: find")
		case who != account.Enabled:
			return fault.New(fault.Disabled, "upload: find")
		}
		r.completed = state == 2
		return nil
	})
	if err != nil || r.prepared.Dest != ToDrive {
		return r, err
	}
	r.prepared.driveParent, err = drive.ParseID(r.prepared.Parent)
	return r, err
}

// Part is a slice that has come.
type Part struct {
	No   int64
	Size int64
	MD5  string
}

// Parts answers the slices that have come, in order.
func (u *Uploads) Parts(ctx context.Context, acc account.ID, id string) (list []Part, err error) {
	if _, err := u.find(ctx, acc, id); err != nil {
		return nil, err
	}
	err = u.db.Read(ctx, "upload: parts", func(tx *db.Tx) error {
		list, err = db.Collect(ctx, tx, scanPart, selectSlices, acc, id)
		return err
	})
	return list, err
}

func scanPart(rows *sql.Rows) (p Part, err error) { return p, rows.Scan(&p.No, &p.Size, &p.MD5) }

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

func (r row) check(no int64) error {
	if r.completed {
		return fault.New(fault.UploadNotFound, "upload: slice of a completed upload")
	}
	if no < 1 || no > r.slices() {
		return fault.New(fault.BadSlice, "upload: slice", no)
	}
	return nil
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
}

func (w *sliceWriter) take(ctx context.Context, body io.Reader, declared string) error {
	if i, ok := body.(Interrupter); ok {
		defer context.AfterFunc(ctx, i.Interrupt)()
	}
	var err error
	if w.staged, err = w.u.store.Stage(ctx, w.r.key); fault.Is(err, fault.Exists) {
		return w.again(ctx, body)
	}
	if err != nil {
		return err
	}
	changed, sum, err := w.write(ctx, body)
	if err == nil && declared != "" && declared != sum {
		err = fault.New(fault.HashMismatch, "upload: slice")
	}
	if err == nil && changed {
		killpoint.Here("upload.slice.written")
		err = w.staged.Sync()
	}
	if e := w.staged.Close(); err == nil && e != nil {
		err = fault.Wrap(e, "upload: close")
	}
	if err != nil || !changed {
		return err
	}
	killpoint.Here("upload.slice.synced")
	if err := w.record(ctx, sum); err != nil {
		return err
	}
	killpoint.Here("upload.slice.recorded")
	_, err = w.u.advance(ctx, w.s, w.r.acc, w.r.id)
	return err
}

// write puts the bytes in their place and answers their MD5. A slice that comes
// again changes nothing, up to the first byte that differs.
func (w *sliceWriter) write(ctx context.Context, body io.Reader) (changed bool, sum string, err error) {
	have, err := w.known(ctx)
	if err != nil {
		return false, "", err
	}
	from, size := w.r.span(w.no)
	buf, old := bufs.Get().(*[bufSize]byte), bufs.Get().(*[bufSize]byte)
	defer bufs.Put(buf)
	defer bufs.Put(old)
	hash := md5.New()
	for at := from; at < from+size; {
		n, readErr := io.ReadFull(body, buf[:min(int64(bufSize), from+size-at)])
		if err := ctx.Err(); err != nil {
			return false, "", fault.Because(fault.Canceled, "upload: the slice came again", err)
		}
		piece := buf[:n]
		if have {
			if m, e := w.staged.ReadAt(old[:n], at); e != nil && !errors.Is(e, io.EOF) {
				return false, "", fault.Wrap(e, "upload: compare slice")
			} else if have = bytes.Equal(piece, old[:m]); !have {
				if err := w.forget(ctx); err != nil {
					return false, "", err
				}
				killpoint.Here("upload.slice.forgotten")
			}
		}
		if !have {
			changed = true
			if _, err := w.staged.WriteAt(piece, at); err != nil {
				return false, "", err
			}
		}
		hash.Write(piece)
		if at += int64(n); readErr != nil {
			if !errors.Is(readErr, io.EOF) && !errors.Is(readErr, io.ErrUnexpectedEOF) {
				return false, "", fault.Because(fault.BadBody, "upload: read slice", readErr)
			}
			return false, "", fault.Because(fault.BadSlice, "upload: slice is short", readErr, w.no)
		}
	}
	if n, _ := io.ReadFull(body, buf[:1]); n > 0 {
		return false, "", fault.New(fault.BadSlice, "upload: slice is long", w.no)
	}
	return changed, hex.EncodeToString(hash.Sum(nil)), nil
}

// again answers a slice of a file that is whole, checked and committed, though its
// completion was not answered: the same bytes are fine, and nothing changes.
func (w *sliceWriter) again(ctx context.Context, body io.Reader) error {
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
	case !found || hex.EncodeToString(hash.Sum(nil)) != want:
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

// digest takes the stored hash state up again; where it can't be read the file is
// hashed from its start.
func (r row) digest() *blob.Digest {
	d := blob.NewDigest()
	if r.hashed > 0 && (d.UnmarshalBinary(r.hashState) != nil || d.Size() != r.hashed) {
		return blob.NewDigest()
	}
	return d
}

// Complete checks the whole file and makes it appear. It may be asked again while
// the upload lives and answers the same. fault.SliceMissing names the first slice
// that has not come; after fault.HashMismatch the upload is gone.
func (u *Uploads) Complete(ctx context.Context, acc account.ID, id string) (Result, error) {
	r, err := u.find(ctx, acc, id)
	if err != nil {
		return Result{}, err
	}
	if r.completed {
		return Result{ID: r.resultID}, nil
	}
	ctx, s, leave := u.sessions.enter(ctx, acc, id, wholeUpload)
	defer leave()
	if r, err = u.find(ctx, acc, id); err != nil || r.completed {
		return Result{ID: r.resultID}, err
	}
	parts, err := u.Parts(ctx, acc, id)
	if err != nil {
		return Result{}, err
	}
	for n := range r.slices() {
		if int64(len(parts)) <= n || parts[n].No != n+1 {
			return Result{}, fault.New(fault.SliceMissing, "upload: complete", n+1)
		}
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

// Finished answers what a completed upload has become; "" while it is open.
func (u *Uploads) Finished(ctx context.Context, acc account.ID, id string) (string, error) {
	r, err := u.find(ctx, acc, id)
	return r.resultID, err
}

// drop ends an open upload and removes what came of it.
func (u *Uploads) drop(ctx context.Context, acc account.ID, id string) error {
	key := blob.Key{Account: int64(acc)}
	err := u.db.Write(ctx, "upload: drop", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		var size int64
		found, err := tx.Get(ctx, deleteUpload, []any{acc, id}, &key.ID, &size)
		if err != nil || !found {
			return err
		}
		if err := account.Count(ctx, tx, acc, 0, -size); err != nil {
			return err
		}
		return blob.Discard(ctx, tx, key)
	})
	if err != nil || key.ID == 0 {
		return err
	}
	return blob.Bury(ctx, u.db, u.store, key)
}

// SweepExpired drops the uploads whose time is over and forgets the answers of
// completed ones. What can't be dropped now is left for the next time.
func (u *Uploads) SweepExpired(ctx context.Context) error {
	type named struct {
		acc account.ID
		id  string
	}
	var errs []error
	for len(errs) == 0 {
		var list []named
		err := u.db.Read(ctx, "upload: expired", func(tx *db.Tx) (err error) {
			list, err = db.Collect(ctx, tx, func(rows *sql.Rows) (n named, err error) {
				return n, rows.Scan(&n.acc, &n.id)
			}, selectExpired, tx.Micros())
			return err
		})
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, n := range list {
			errs = append(errs, u.dropExpired(ctx, n.acc, n.id))
		}
		errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	}
	return errors.Join(append(errs, u.db.Write(ctx, "upload: forget answers", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, deleteAnswered, tx.Micros())
		return err
	}))...)
}

// dropExpired drops an upload when nobody writes a slice of it any more.
func (u *Uploads) dropExpired(ctx context.Context, acc account.ID, id string) error {
	ctx, _, leave := u.sessions.enter(ctx, acc, id, wholeUpload)
	defer leave()
	return u.drop(ctx, acc, id)
}

// orphanAge is how old content without an upload must be to be nobody's while
// requests are served: no single request lasts so long.
const orphanAge = 7 * 24 * time.Hour

// SweepOrphans dooms what was begun in one request that has ended without telling.
// alone says that this process knows itself the only one and takes no requests
// yet: then all of it is.
func (u *Uploads) SweepOrphans(ctx context.Context, alone bool) error {
	for more := true; more; {
		err := u.db.Write(ctx, "upload: orphans", func(tx *db.Tx) error {
			before := tx.Now().Add(-orphanAge).UnixMicro()
			if alone {
				before = math.MaxInt64
			}
			keys, err := db.Collect(ctx, tx, func(rows *sql.Rows) (k blob.Key, err error) {
				return k, rows.Scan(&k.Account, &k.ID)
			}, orphans, before)
			more = len(keys) > 0
			for _, k := range keys {
				if err := blob.Discard(ctx, tx, k); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
