package imagebed

import (
	"context"
	"errors"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
)

const (
	nextDetached = `SELECT account_id, id FROM bed_folder WHERE detached = 1 ORDER BY account_id, id LIMIT 1`
	firstImages  = `
		SELECT count(*), coalesce(sum(size), 0), coalesce(max(id), '')
		FROM (SELECT id, size FROM image WHERE account_id = $1 AND folder_id = $2 ORDER BY id LIMIT $3) s`
	deleteImages = `DELETE FROM image WHERE account_id = $1 AND folder_id = $2 AND id <= $3 RETURNING blob_id`
	// Empty folders can go; before what is not empty the reader stops.
	listChildren = `
		SELECT f.id, EXISTS (SELECT 1 FROM image i WHERE i.account_id = $1 AND i.folder_id = f.id)
			OR EXISTS (SELECT 1 FROM bed_folder c WHERE c.account_id = $1 AND c.parent_id = f.id)
		FROM bed_folder f WHERE f.account_id = $1 AND f.parent_id = $2 ORDER BY f.id LIMIT $3`
	deleteChildren = `DELETE FROM bed_folder WHERE account_id = $1 AND parent_id = $2 AND id <= $3`
)

// SweepDetached removes up to limit images and folders of a tree that Delete has
// detached, in one short transaction, gives their bytes back to the quota, and says
// whether there may be more to do. Whatever shape the tree has, it reads little
// more than it removes.
func (b *Bed) SweepDetached(ctx context.Context, limit int) (more bool, err error) {
	err = b.db.Write(ctx, "imagebed: sweep detached", func(tx *db.Tx) error {
		var acc account.ID
		var top ID
		if more, err = tx.Get(ctx, nextDetached, nil, &acc, &top); err != nil || !more {
			return err
		}
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		freed := int64(0)
		for way := []ID{top}; limit > 0 && len(way) > 0; {
			at := way[len(way)-1]
			images, size, err := removeFirst(ctx, tx, acc, at, limit)
			if err != nil {
				return err
			}
			limit -= images
			freed += size
			if limit == 0 {
				break
			}
			folders, inside, err := removeFolders(ctx, tx, acc, at, limit)
			if err != nil {
				return err
			}
			limit -= folders
			switch {
			case inside != "":
				way = append(way, inside)
			case limit > 0:
				way = way[:len(way)-1] // empty now: the one above removes it
			}
			if len(way) == 0 {
				if _, err := tx.Exec(ctx, deleteFolders[1], acc, top); err != nil {
					return err
				}
			}
		}
		return account.Count(ctx, tx, acc, -freed, 0)
	})
	return more, err
}

// removeFirst removes the first images of a folder.
func removeFirst(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, limit int) (n int, size int64, err error) {
	var last ID
	if _, err := tx.Get(ctx, firstImages, []any{acc, folder, limit}, &n, &size, &last); err != nil || n == 0 {
		return 0, 0, err
	}
	return n, size, removeImages(ctx, tx, acc, deleteImages, acc, folder, last)
}

var errRunEnds = errors.New("the run ends")

// removeFolders removes the empty folders that a folder begins with; inside is the
// next one, "" for none.
func removeFolders(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, limit int) (n int, inside ID, err error) {
	var last ID
	err = tx.Each(ctx, func(row db.Row) error {
		var id ID
		var full bool
		if err := row.Scan(&id, &full); err != nil {
			return err
		}
		if full {
			inside = id
			return errRunEnds
		}
		n, last = n+1, id
		return nil
	}, listChildren, acc, folder, limit)
	if errors.Is(err, errRunEnds) {
		err = nil
	}
	if err != nil || n == 0 {
		return 0, inside, err
	}
	_, err = tx.Exec(ctx, deleteChildren, acc, folder, last)
	return n, inside, err
}
