package upload

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/picture"
)

// canPut says whether put would find its folder and its name, and how many bytes it
// would give back: those of the file or image that it overwrites, or of the one that
// it heals. lost is content that the store does not have, 0 for none.
func canPut(ctx context.Context, tx *db.Tx, acc account.ID, p prepared, lost int64) (frees int64, err error) {
	if p.Dest == ToDrive {
		frees, err = drive.CanPut(ctx, tx, acc, p.driveParent, p.path, p.Name, p.Duplicate)
		if fault.Is(err, fault.NameTaken) && p.Duplicate == drive.Refuse {
			switch is, e := heals(ctx, tx, acc, p, lost); {
			case e != nil:
				return 0, e
			case is:
				return p.Size, nil
			}
		}
		return frees, err
	}
	folder, err := imagebed.FolderIn(ctx, tx, acc, imagebed.ID(p.Parent))
	if err != nil || p.Duplicate != drive.Overwrite {
		return 0, err
	}
	return imagebed.SizeOf(ctx, tx, acc, folder, p.Name)
}

// heals says whether the file that has the name of what comes shows the same content,
// which is lost: then the name is no obstacle, and the file stays the one it is.
func heals(ctx context.Context, tx *db.Tx, acc account.ID, p prepared, lost int64) (bool, error) {
	e, found, err := drive.Under(ctx, tx, acc, p.driveParent, p.path, p.Name)
	if err != nil || !found || e.IsFolder() || e.Etag != p.Etag || e.Size != p.Size {
		return false, err
	}
	states, err := blob.States(ctx, tx, int64(acc), []int64{e.BlobID})
	is := states[e.BlobID]
	return is == blob.Missing || is == blob.Damaged || e.BlobID == lost, err
}

// healed answers the drive file that has the name of what came, where that has taken the
// place of its content; then nothing else is to appear.
func healed(ctx context.Context, tx *db.Tx, acc account.ID, p prepared, done blob.Finished) (id string, is bool, err error) {
	if p.Dest != ToDrive || p.Duplicate != drive.Refuse || len(done.Instead) == 0 {
		return "", false, nil
	}
	e, found, err := drive.Under(ctx, tx, acc, p.driveParent, p.path, p.Name)
	return e.ID.String(), found && e.BlobID == done.ID, err
}

// put makes the file or image appear, showing stored content.
func (u *Uploads) put(ctx context.Context, tx *db.Tx, acc account.Account, p prepared, blobID int64, etag string, reserved int64) (id string, err error) {
	if p.Dest == ToDrive {
		f := drive.File{ID: p.fileID, Parent: p.driveParent, Name: p.Name, BlobID: blobID, Size: p.Size, Etag: etag, Duplicate: p.Duplicate}
		return p.fileID.String(), drive.Put(ctx, tx, acc.ID, f, reserved)
	}
	folder, err := imagebed.FolderIn(ctx, tx, acc.ID, imagebed.ID(p.Parent))
	if err != nil {
		return "", err
	}
	placed, err := u.bed.Place(ctx, tx, acc, []imagebed.Incoming{{
		Folder: folder, Name: p.Name, BlobID: blobID, Size: p.Size, Etag: etag,
		UpdatedAt: tx.Micros(), Overwrite: p.Duplicate == drive.Overwrite, KeepBoth: p.Duplicate == drive.KeepBoth,
	}}, reserved)
	if err != nil {
		return "", err
	}
	if placed[0].NoRoom {
		return "", fault.New(fault.QuotaExceeded, "upload: put")
	}
	return string(placed[0].ID), nil
}

// nameToBeHad is canPut at this moment, which meets a name or folder that is not to be
// had while what came can still be sent again; later it is met only where it changes at
// that moment. Whether content is lost is looked for where it may make a difference.
func (u *Uploads) nameToBeHad(ctx context.Context, acc account.ID, p prepared) (frees int64, err error) {
	var lost int64
	ask := func(tx *db.Tx) (err error) {
		frees, err = canPut(ctx, tx, acc, p, lost)
		return err
	}
	err = u.db.Read(ctx, "upload: name", ask)
	if !fault.Is(err, fault.NameTaken) || p.Dest != ToDrive || p.Duplicate != drive.Refuse {
		return frees, err
	}
	var e error
	if lost, e = u.lostByMD5(ctx, acc, p); e != nil {
		return 0, e
	}
	if lost != 0 {
		err = u.db.Read(ctx, "upload: name", ask)
	}
	return frees, err
}

// finish checks what came, has commit make it durable, and makes the file or image
// appear. In the same transaction the open upload it came by, if any, ends.
func (u *Uploads) finish(ctx context.Context, acc account.ID, key blob.Key, digest *blob.Digest, p prepared, open *row,
	commit func(context.Context) error,
) (id string, err error) {
	sha256, sha1, md5 := digest.Sums()
	facts := blob.Facts{
		SHA256: hex.EncodeToString(sha256[:]), SHA1: hex.EncodeToString(sha1[:]), MD5: hex.EncodeToString(md5[:]), Size: digest.Size(),
	}
	if err := p.matches(digest); err != nil {
		return "", err
	}
	if _, err := u.nameToBeHad(ctx, acc, p); err != nil {
		return "", err
	}
	if err := commit(ctx); err != nil {
		return "", err
	}
	killpoint.Here("upload.stored")
	if err := u.probe(ctx, key, &facts); err != nil {
		return "", err
	}
	lost, err := u.lost(ctx, acc, facts.Size, func(tx *db.Tx) (int64, bool, error) {
		return blob.FindSHA256(ctx, tx, int64(acc), facts.SHA256)
	})
	if err != nil {
		return "", err
	}
	var done blob.Finished
	err = u.db.Write(ctx, "upload: finish", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		p := p // this may run more than once
		if err := p.makeWay(ctx, tx, acc); err != nil {
			return err
		}
		if lost != 0 {
			if err := blob.MarkMissing(ctx, tx, blob.Key{Account: int64(acc), ID: lost}); err != nil {
				return err
			}
		}
		if done, err = blob.Finish(ctx, tx, key, facts); err != nil {
			return err
		}
		for _, lost := range done.Instead {
			if err := drive.MoveContent(ctx, tx, acc, lost, done.ID); err != nil {
				return err
			}
			if err := u.bed.MoveContent(ctx, tx, acc, lost, done.ID); err != nil {
				return err
			}
		}
		var reserved int64
		if open != nil {
			reserved = open.reserved
		}
		var is bool
		if id, is, err = healed(ctx, tx, acc, p, done); err != nil {
			return err
		}
		if is {
			err = account.Count(ctx, tx, acc, 0, -reserved)
		} else {
			id, err = u.put(ctx, tx, a, p, done.ID, facts.MD5, reserved)
		}
		if err != nil || open == nil {
			return err
		}
		n, err := tx.Exec(ctx, completeUpload, acc, open.id, id, tx.Now().Add(Life).UnixMicro())
		if err == nil && n == 0 {
			err = fault.New(fault.UploadNotFound, "upload: finish")
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if done.Joined {
		if err := blob.Bury(context.WithoutCancel(ctx), u.db, u.store, key); err != nil {
			u.log.Warn("upload: remove what was there twice; a sweep will", "key", key, "err", err)
		}
	}
	return id, nil
}

// matches says whether content is what was declared of it.
func (p prepared) matches(digest *blob.Digest) error {
	if _, _, md5 := digest.Sums(); digest.Size() != p.Size || hex.EncodeToString(md5[:]) != p.Etag {
		return fault.New(fault.HashMismatch, "upload: check content")
	}
	return nil
}

func (u *Uploads) probe(ctx context.Context, key blob.Key, facts *blob.Facts) error {
	object, err := u.store.Open(ctx, key)
	if err != nil {
		return err
	}
	if object.Size() != facts.Size {
		err = fault.Because(fault.ContentMissing, "upload: probe",
			fmt.Errorf("stored %d bytes, hashed %d", object.Size(), facts.Size))
		return errors.Join(err, object.Close())
	}
	watch := &readErrors{r: object}
	found := picture.Probe(watch, facts.Size)
	facts.Type, facts.Width, facts.Height = found.Type, found.Width, found.Height
	return fault.Wrap(errors.Join(watch.err, object.Close()), "upload: probe")
}

// readErrors keeps the first error of reading: what the store can't give now is no
// picture that can't be told.
type readErrors struct {
	r   io.ReaderAt
	err error
}

func (w *readErrors) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && w.err == nil {
		w.err = err
	}
	return n, err
}

// discard forgets content that was begun and removes what came of it.
func (u *Uploads) discard(ctx context.Context, key blob.Key) error {
	var doomed bool
	err := u.db.Write(ctx, "upload: discard", func(tx *db.Tx) (err error) {
		doomed, err = blob.Discard(ctx, tx, key)
		return err
	})
	if err != nil || !doomed {
		return err
	}
	return blob.Bury(ctx, u.db, u.store, key)
}

func begin(ctx context.Context, tx *db.Tx, acc account.ID) (blob.Key, error) {
	n, err := account.NextBlob(ctx, tx, acc)
	if err != nil {
		return blob.Key{}, err
	}
	key := blob.Key{Account: int64(acc), ID: n}
	return key, blob.Begin(ctx, tx, key)
}
