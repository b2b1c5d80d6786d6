package imagebed

import (
	"context"
	"math"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const (
	downwards = `
		WITH RECURSIVE sub (id, level) AS (
			SELECT id, 1 FROM bed_folder WHERE account_id = $1 AND id = $2
			UNION ALL
			SELECT f.id, sub.level + 1 FROM sub JOIN bed_folder f
				ON f.account_id = $1 AND f.parent_id = sub.id AND f.id <> f.parent_id AND f.detached = 0
		) `
	levelsBelow = downwards + `SELECT max(level) FROM sub`
	// CROSS JOIN keeps the engine from reading the account's images first.
	imagesBelow        = `FROM sub CROSS JOIN image i WHERE i.account_id = $1 AND i.folder_id = sub.id`
	sizeBelow          = downwards + `SELECT coalesce(sum(i.size), 0) ` + imagesBelow
	countFoldersBelow  = downwards + `SELECT count(*) FROM (SELECT id FROM sub LIMIT $3) s`
	countImagesBelow   = downwards + `SELECT count(*) FROM (SELECT i.id ` + imagesBelow + ` LIMIT $3) s`
	idsBelow           = downwards + `SELECT i.id ` + imagesBelow + ` LIMIT $3`
	deleteImagesBelow  = downwards + `DELETE FROM image WHERE account_id = $1 AND folder_id IN (SELECT id FROM sub) RETURNING blob_id`
	deleteFoldersBelow = downwards + `DELETE FROM bed_folder WHERE account_id = $1 AND id IN (SELECT id FROM sub) AND id <> parent_id`

	deleteImage = `DELETE FROM image WHERE account_id = $1 AND id = $2 RETURNING blob_id`
	// What is detached hangs below the root, under a name that no other has.
	detachFolder = `UPDATE bed_folder SET parent_id = $3, name = '/' || id, detached = 1 WHERE account_id = $1 AND id = $2`
	makeRoot     = `UPDATE bed_folder SET parent_id = id, name = '' WHERE account_id = $1 AND id = $2`
)

// deleteAtOnce is how many rows a request deletes itself; a larger tree is detached
// in one statement and SweepDetached finishes.
const deleteAtOnce = 10_000

// Links answers how many images would go with Delete of some ids, each counted once.
// Where there is much to count it waits for its turn; what does not get turn and answer in
// time is fault.Unavailable.
func (b *Bed) Links(ctx context.Context, acc account.ID, ids []ID) (n int, err error) {
	const op = "imagebed: links"
	var more bool
	err = b.db.Read(ctx, op, func(tx *db.Tx) error {
		n, more, err = countLinks(ctx, tx, acc, ids, countAtOnce)
		return err
	})
	if err == nil && more {
		err = b.long(ctx, op, func(ctx context.Context, tx *db.Tx) error {
			n, _, err = countLinks(ctx, tx, acc, ids, math.MaxInt-1)
			return err
		})
	}
	return n, err
}

// countLinks is Links that goes through so many rows, folders and images; more says that there
// are more of them.
func countLinks(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID, most int) (n int, more bool, err error) {
	ids = uniqueIDs(ids)
	for _, id := range ids {
		e, found, err := entry(ctx, tx, acc, id)
		if err != nil {
			return 0, false, err
		}
		if !found {
			continue
		}
		above, err := collect(ctx, tx, idsAbove, acc, e.Folder)
		if err != nil {
			return 0, false, err
		}
		delete(above, id) // the root is in itself
		if slices.ContainsFunc(ids, func(other ID) bool { return above[other] }) {
			continue // it is counted with that
		}
		folders, images := 0, 1
		if e.IsFolder {
			if _, err := tx.Get(ctx, countFoldersBelow, []any{acc, id, most + 1}, &folders); err != nil {
				return 0, false, err
			}
			if folders > most {
				return n, true, nil
			}
			if _, err := tx.Get(ctx, countImagesBelow, []any{acc, id, most - folders + 1}, &images); err != nil {
				return 0, false, err
			}
		}
		n += images
		if most -= folders + images; most < 0 {
			return n, true, nil
		}
	}
	return n, false, nil
}

// Delete removes images, and folders with all that is below them, for good, and
// gives their bytes back to the quota. Ids that are not there are passed over. The
// root is emptied; where it is large another root takes its place. detached says
// that a large tree is left to SweepDetached: nobody sees anything of it any more,
// but its bytes are in use until then.
func (b *Bed) Delete(ctx context.Context, acc account.ID, ids []ID) (detached bool, err error) {
	return b.remove(ctx, acc, ids, math.MaxInt)
}

// DeleteUpTo is Delete where so many images at most would go; where there are more nothing is
// deleted, and it is fault.LinksMore. They are counted before, as Links does; where what is to
// be deleted has deleteAtOnce folders and images at most, again in the transaction that deletes
// them: of more what comes between goes too.
func (b *Bed) DeleteUpTo(ctx context.Context, acc account.ID, ids []ID, most int) (detached bool, err error) {
	n, err := b.Links(ctx, acc, ids)
	if err == nil && n > most {
		err = fault.New(fault.LinksMore, "imagebed: delete", most)
	}
	if err != nil {
		return false, err
	}
	return b.remove(ctx, acc, ids, most)
}

func (b *Bed) remove(ctx context.Context, acc account.ID, ids []ID, most int) (detached bool, err error) {
	err = b.db.Write(ctx, "imagebed: delete", func(tx *db.Tx) error {
		detached = false
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		if most < math.MaxInt {
			n, more, err := countLinks(ctx, tx, acc, ids, deleteAtOnce)
			if err == nil && !more && n > most {
				err = fault.New(fault.LinksMore, "imagebed: delete", most)
			}
			if err != nil {
				return err
			}
		}
		var freed int64
		var deleted auditlog.Things
		budget := deleteAtOnce
		for _, id := range uniqueIDs(ids) {
			e, found, err := entry(ctx, tx, acc, id)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			deleted.Add(string(id), e.Name)
			if !e.IsFolder {
				if err := removeImages(ctx, tx, acc, deleteImage, acc, id); err != nil {
					return err
				}
				freed += e.Size
				budget--
				tellChanged(tx, id)
				continue
			}
			tellAllChanged(tx)
			rows, err := countBelow(ctx, tx, acc, id, budget+1)
			if err != nil {
				return err
			}
			if rows > budget {
				detached = true
				if err := detach(ctx, tx, acc, e); err != nil {
					return err
				}
				continue
			}
			budget -= rows
			var size int64
			if _, err := tx.Get(ctx, sizeBelow, []any{acc, id}, &size); err != nil {
				return err
			}
			if err := removeImages(ctx, tx, acc, deleteImagesBelow, acc, id); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, deleteFoldersBelow, acc, id); err != nil {
				return err
			}
			freed += size
		}
		if deleted.String() != "" {
			if err := auditlog.Note(ctx, tx, int64(acc), auditlog.BedDelete, deleted.String()); err != nil {
				return err
			}
		}
		return account.Count(ctx, tx, acc, -freed, 0)
	})
	return detached, err
}

// removeImages runs a statement that deletes images and answers what they showed,
// which may be referred to by nobody now.
func removeImages(ctx context.Context, tx *db.Tx, acc account.ID, query string, args ...any) error {
	blobs, err := db.Collect(ctx, tx, scanBlob, query, args...)
	if err != nil {
		return fault.Wrap(err, "imagebed: delete")
	}
	return blob.Released(ctx, tx, int64(acc), blobs)
}

// countBelow counts a folder, and the folders and images below it, up to a limit; a
// limit that was passed already counts none. (LIMIT takes a number below 0 for no
// limit on one engine and refuses it on the other.)
func countBelow(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, limit int) (rows int, err error) {
	limit = max(limit, 0)
	if _, err := tx.Get(ctx, countFoldersBelow, []any{acc, folder, limit}, &rows); err != nil || rows >= limit {
		return rows, err
	}
	var images int
	_, err = tx.Get(ctx, countImagesBelow, []any{acc, folder, limit - rows}, &images)
	return rows + images, err
}

// detach takes a folder out of the tree, with all that is below it.
func detach(ctx context.Context, tx *db.Tx, acc account.ID, e Image) error {
	if e.Folder != e.ID {
		root, err := FolderIn(ctx, tx, acc, "")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, detachFolder, acc, e.ID, root)
		return fault.Wrap(err, "imagebed: detach")
	}
	// An account has one root: the new one is made below the old one and becomes the
	// root once the old one has ceased to be it.
	id := mint.new(acc, kindFolder, tx.Now(), 1)[0]
	if _, err := tx.Exec(ctx, insertFolder[1], acc, id, e.ID, id, id.createdAt(), tx.Micros()); err != nil {
		return fault.Wrap(err, "imagebed: detach")
	}
	if _, err := tx.Exec(ctx, detachFolder, acc, e.ID, id); err != nil {
		return fault.Wrap(err, "imagebed: detach")
	}
	_, err := tx.Exec(ctx, makeRoot, acc, id)
	return fault.Wrap(err, "imagebed: detach")
}
