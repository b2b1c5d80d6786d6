package upload

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Create opens an upload, or answers at once with the file where the account owns
// content of that etag and size (instant upload). The size is reserved from the
// quota until the upload is completed or expires.
func (u *Uploads) Create(ctx context.Context, acc account.ID, r Request) (Result, error) {
	out, err := u.create(ctx, acc, r)
	if !fault.Is(err, fault.TooManyUploads) && !fault.Is(err, fault.QuotaExceeded) {
		return out, err
	}
	// What has expired counts until it is swept.
	dropped, e := u.sweepExpiredOf(ctx, acc)
	if e != nil || dropped == 0 {
		return Result{}, errors.Join(err, e)
	}
	return u.create(ctx, acc, r)
}

func (u *Uploads) create(ctx context.Context, acc account.ID, r Request) (out Result, err error) {
	p, err := u.prepare(ctx, r)
	if err != nil {
		return Result{}, err
	}
	lost, err := u.lostByMD5(ctx, acc, p)
	if err != nil {
		return Result{}, err
	}
	room, err := u.store.Room(ctx)
	if err != nil {
		return Result{}, err
	}
	var key blob.Key
	err = u.db.Write(ctx, "upload: create", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		p := p // this may run more than once
		if err := p.makeWay(ctx, tx, acc); err != nil {
			return err
		}
		id, found, err := blob.Find(ctx, tx, int64(acc), p.Etag, p.Size)
		if err != nil {
			return err
		}
		if found && id != lost {
			out = Result{Reuse: true}
			out.ID, err = u.put(ctx, tx, a, p, id, p.Etag, 0)
			return err
		}
		frees, err := canPut(ctx, tx, acc, p, lost)
		if err != nil {
			return err
		}
		var open int
		if _, err := tx.Get(ctx, countOpen, []any{acc}, &open); err != nil {
			return err
		}
		if open >= u.open {
			return fault.New(fault.TooManyUploads, "upload: create", u.open)
		}
		if p.Size > room {
			return fault.New(fault.DiskFull, "upload: room")
		}
		reserve := max(0, p.Size-frees)
		if err := account.Count(ctx, tx, acc, 0, reserve); err != nil {
			return err
		}
		if key, err = begin(ctx, tx, acc); err != nil {
			return err
		}
		out = Result{UploadID: rand.Text(), SliceSize: p.sliceSize()}
		now := tx.Now()
		_, err = tx.Exec(ctx, insertUpload, acc, out.UploadID, key.ID, p.Dest, p.Parent, p.Name, p.Etag, p.Size, p.Duplicate,
			out.SliceSize, reserve, now.UnixMicro(), now.Add(Life).UnixMicro())
		return err
	})
	if err != nil || out.UploadID == "" || p.Size == 0 {
		return out, err
	}
	if err := u.beginSlices(ctx, acc, out.UploadID, key); err != nil {
		if _, e := u.drop(context.WithoutCancel(ctx), acc, out.UploadID); e != nil {
			u.log.Warn("upload: drop", "upload", out.UploadID, "err", e)
		}
		return Result{}, err
	}
	return out, nil
}

// beginSlices has the store make the place of the slices, while nobody knows of the
// upload: processes need not agree whose it is.
func (u *Uploads) beginSlices(ctx context.Context, acc account.ID, id string, key blob.Key) error {
	ref, err := u.store.Begin(ctx, key)
	if err != nil || ref == "" {
		return err
	}
	return u.db.Write(ctx, "upload: begin slices", func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, setStoreRef, acc, id, ref)
		return err
	})
}

// ReuseSHA1 makes a drive file of content that the account owns already, found by
// SHA-1 (hex) and size; r.Etag is not used. The result's ID is "" where there is
// none.
func (u *Uploads) ReuseSHA1(ctx context.Context, acc account.ID, r Request, sha1 string) (out Result, err error) {
	sha1 = strings.ToLower(sha1)
	if !isHex(sha1, 40) {
		return Result{}, fault.New(fault.BadRequest, "upload: reuse", "sha1")
	}
	r.Etag = strings.Repeat("0", 32)
	p, err := u.prepare(ctx, r)
	if err != nil {
		return Result{}, err
	}
	lost, err := u.lost(ctx, acc, p.Size, func(tx *db.Tx) (int64, bool, error) {
		id, _, found, err := blob.FindSHA1(ctx, tx, int64(acc), sha1, p.Size)
		return id, found, err
	})
	if err != nil {
		return Result{}, err
	}
	err = u.db.Write(ctx, "upload: reuse", func(tx *db.Tx) error {
		out = Result{}
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		id, etag, found, err := blob.FindSHA1(ctx, tx, int64(acc), sha1, p.Size)
		if err != nil || !found || id == lost {
			return err
		}
		p := p // this may run more than once
		if err := p.makeWay(ctx, tx, acc); err != nil {
			return err
		}
		out.Reuse = true
		out.ID, err = u.put(ctx, tx, a, p, id, etag, 0)
		return err
	})
	return out, err
}

// lostByMD5 is lost for what a request says of its content.
func (u *Uploads) lostByMD5(ctx context.Context, acc account.ID, p prepared) (id int64, err error) {
	return u.lost(ctx, acc, p.Size, func(tx *db.Tx) (int64, bool, error) {
		return blob.Find(ctx, tx, int64(acc), p.Etag, p.Size)
	})
}

// lost looks up content that the account is said to own and answers its id where
// the store does not have it: then what comes is needed, and takes its place. 0
// where all is well.
func (u *Uploads) lost(ctx context.Context, acc account.ID, size int64, find func(*db.Tx) (int64, bool, error)) (id int64, err error) {
	var found bool
	err = u.db.Read(ctx, "upload: look for content", func(tx *db.Tx) error {
		id, found, err = find(tx)
		return err
	})
	if err != nil || !found {
		return 0, err
	}
	object, err := u.store.Open(ctx, blob.Key{Account: int64(acc), ID: id})
	if fault.Is(err, fault.ContentMissing) {
		u.log.Error("upload: stored content is missing", "account", acc, "blob", id)
		return id, nil
	}
	if err != nil {
		return 0, err
	}
	if object.Size() == size {
		id = 0
	} else {
		u.log.Error("upload: stored content has another size", "account", acc, "blob", id, "size", object.Size(), "want", size)
	}
	return id, fault.Wrap(object.Close(), "upload: look for content")
}
