package offline

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/picture"
	"tuchuang/internal/queue"
)

// publish makes what came durable, and the file or image appear. In the same transaction
// the task ends.
func (d *Downloads) publish(ctx context.Context, w *work, commit func(context.Context) error) error {
	sha256, sha1, md5 := w.digest.Sums()
	facts := blob.Facts{
		SHA256: hex.EncodeToString(sha256[:]), SHA1: hex.EncodeToString(sha1[:]), MD5: hex.EncodeToString(md5[:]), Size: w.digest.Size(),
	}
	if w.dest == ToBed && facts.Size == 0 {
		return refusal{code: Empty}
	}
	if err := commit(ctx); err != nil {
		return afresh(err)
	}
	killpoint.Here("offline.stored")
	kind, err := d.probe(ctx, w.key, &facts)
	if err != nil {
		return err
	}
	if w.dest == ToBed && extensions[kind] == "" {
		return refusal{code: NotAnImage}
	}
	name := w.finalName(kind)
	lost, err := d.lost(ctx, w.acc, facts)
	if err != nil {
		return err
	}
	var fileID drive.ID
	if w.dest == ToDrive {
		if fileID, err = d.drive.NewID(ctx); err != nil {
			return err
		}
	}
	var done blob.Finished
	err = d.step(ctx, w, "offline: publish", w.FenceProgress, func(tx *db.Tx, a account.Account) error {
		if lost != 0 {
			if err := blob.MarkMissing(ctx, tx, blob.Key{Account: int64(w.acc), ID: lost}); err != nil {
				return err
			}
		}
		if done, err = blob.Finish(ctx, tx, w.key, facts); err != nil {
			return err
		}
		for _, lost := range done.Instead {
			if err := drive.MoveContent(ctx, tx, w.acc, lost, done.ID); err != nil {
				return err
			}
			if err := d.bed.MoveContent(ctx, tx, w.acc, lost, done.ID); err != nil {
				return err
			}
		}
		var id, shown string
		if w.dest == ToBed {
			id, shown, err = d.show(ctx, tx, a, w, name, done.ID, facts)
		} else {
			id, shown, err = put(ctx, tx, w, fileID, name, done.ID, facts)
		}
		if err != nil {
			return err
		}
		call, err := w.tellEnd(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteSlices, w.acc, w.Seq); err != nil {
			return fault.Wrap(err, "offline: publish")
		}
		if _, err := tx.Exec(ctx, setDone, w.acc, w.Seq, id, shown, facts.Size, call); err != nil {
			return fault.Wrap(err, "offline: publish")
		}
		killpoint.Here("offline.settling")
		d.watch.ended(tx, queue.Done, "")
		return w.Finish(ctx, tx, queue.Done)
	})
	if err != nil {
		return err
	}
	d.bury(ctx, w.key, done.Joined)
	return nil
}

// way are the folders of the path below the one that was named.
func (w *work) way() []string {
	return strings.FieldsFunc(w.path, func(r rune) bool { return r == '/' })
}

// put makes the file appear; a name that is taken gets a suffix.
func put(ctx context.Context, tx *db.Tx, w *work, id drive.ID, name string, blobID int64, facts blob.Facts) (string, string, error) {
	parent := drive.Root
	if w.parent != "" {
		var err error
		if parent, err = drive.ParseID(w.parent); err != nil {
			return "", "", err
		}
	}
	parent, err := drive.MkdirAll(ctx, tx, w.acc, parent, w.way())
	if err != nil {
		return "", "", err
	}
	f := drive.File{ID: id, Parent: parent, Name: name, BlobID: blobID, Size: facts.Size, Etag: facts.MD5, Duplicate: drive.KeepBoth}
	if err := drive.Put(ctx, tx, w.acc, f, w.reserved); err != nil {
		return "", "", err
	}
	made, err := drive.Lookup(ctx, tx, w.acc, []drive.ID{id})
	return id.String(), made[id].Name, err
}

// show makes the image appear, or the one that shows the same content in its folder.
func (d *Downloads) show(ctx context.Context, tx *db.Tx, a account.Account, w *work, name string, blobID int64, facts blob.Facts) (string, string, error) {
	folder, err := imagebed.FolderIn(ctx, tx, w.acc, imagebed.ID(w.parent))
	if err != nil {
		return "", "", err
	}
	for _, below := range w.way() {
		depth, err := imagebed.Depth(ctx, tx, w.acc, folder)
		if err != nil {
			return "", "", err
		}
		if depth >= imagebed.MaxDepth {
			return "", "", fault.New(fault.TooDeep, "offline: show", imagebed.MaxDepth)
		}
		found, err := imagebed.Subfolders(ctx, tx, w.acc, []imagebed.Wanted{{Parent: folder, Name: below}}, make(map[imagebed.ID]bool))
		if err != nil {
			return "", "", err
		}
		folder = found[0].ID
	}
	placed, err := d.bed.Place(ctx, tx, a, []imagebed.Incoming{{
		Folder: folder, Name: name, BlobID: blobID, Size: facts.Size, Etag: facts.MD5, UpdatedAt: tx.Micros(),
	}}, w.reserved)
	if err != nil {
		return "", "", err
	}
	if placed[0].NoRoom {
		return "", "", fault.New(fault.QuotaExceeded, "offline: show")
	}
	return string(placed[0].ID), placed[0].Name, nil
}

// probe reads what content is: its facts, and the kind that its name follows where
// nothing else says it.
func (d *Downloads) probe(ctx context.Context, key blob.Key, facts *blob.Facts) (kind string, err error) {
	object, err := d.store.Open(ctx, key)
	if err != nil {
		return "", err
	}
	defer func() {
		if e := object.Close(); err == nil {
			err = e
		}
	}()
	if object.Size() != facts.Size {
		return "", fault.Because(fault.ContentMissing, "offline: probe", fmt.Errorf("stored %d bytes, hashed %d", object.Size(), facts.Size))
	}
	// What the store can't give now is no picture that can't be told.
	head := make([]byte, picture.SVGHead)
	n, err := object.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fault.Wrap(err, "offline: probe")
	}
	found := picture.Probe(object, facts.Size)
	facts.Type, facts.Width, facts.Height = found.Type, found.Width, found.Height
	if facts.Type == "" && picture.LooksSVG(head[:n]) {
		return picture.SVG.Type(), nil
	}
	return facts.Type, nil
}

// lost looks up content that the account is said to own and answers its id where the
// store does not have it: then what came takes its place. 0 where all is well.
func (d *Downloads) lost(ctx context.Context, acc account.ID, facts blob.Facts) (id int64, err error) {
	var found bool
	err = d.db.WorkerRead(ctx, "offline: look for content", func(tx *db.Tx) error {
		id, found, err = blob.FindSHA256(ctx, tx, int64(acc), facts.SHA256)
		return err
	})
	if err != nil || !found {
		return 0, err
	}
	object, err := d.store.Open(ctx, blob.Key{Account: int64(acc), ID: id})
	if fault.Is(err, fault.ContentMissing) {
		d.log.Error("offline: stored content is missing", "account", acc, "blob", id)
		return id, nil
	}
	if err != nil {
		return 0, err
	}
	if object.Size() == facts.Size {
		id = 0
	}
	return id, fault.Wrap(object.Close(), "offline: look for content")
}
