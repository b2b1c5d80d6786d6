package drive

import (
	"context"
	"errors"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
)

const (
	stillDetached = `SELECT size FROM drive_entry WHERE account_id = $1 AND id = $2 AND trashed = 2`
	nextDetached  = `SELECT account_id, id, size FROM drive_entry WHERE trashed = 2 ORDER BY account_id, id LIMIT 1`
	// Files and empty folders can go; before what is not empty the reader stops.
	listChildren = `
		SELECT e.id, e.size, e.class = 0 AND EXISTS (SELECT 1 FROM drive_entry c WHERE c.account_id = $1 AND c.parent_id = e.id)
		FROM drive_entry e WHERE e.account_id = $1 AND e.parent_id = $2 ORDER BY e.id LIMIT $3`
	deleteChildren = `DELETE FROM drive_entry WHERE account_id = $1 AND parent_id = $2 AND id <= $3` + released
)

// SweepDetached removes up to limit rows of a tree that Delete has detached, in one
// short transaction, gives their bytes back to the quota, and says whether there
// may be more to do. Whatever shape the tree has, it reads little more than it
// removes.
func (d *Drive) SweepDetached(ctx context.Context, limit int) (more bool, err error) {
	err = d.db.Write(ctx, "drive: sweep detached", func(tx *db.Tx) error {
		var acc account.ID
		var top ID
		var size int64
		if more, err = tx.Get(ctx, nextDetached, nil, &acc, &top, &size); err != nil || !more {
			return err
		}
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		if there, err := tx.Get(ctx, stillDetached, []any{acc, top}, &size); err != nil || !there {
			return err // another process has finished it
		}
		var gone, freed int64
		for way := []ID{top}; limit > 0; {
			at := way[len(way)-1]
			r, err := removable(ctx, tx, acc, at, limit)
			if err != nil {
				return err
			}
			if r.n > 0 {
				n, err := remove(ctx, tx, acc, deleteChildren, acc, at, r.last)
				if err != nil {
					return err
				}
				gone += n
			}
			limit -= r.n
			freed += r.size
			switch {
			case r.inside != 0:
				way = append(way, r.inside)
			case limit == 0: // there may be more
			case len(way) > 1:
				way = way[:len(way)-1] // empty now: the one above removes it
			default:
				n, err := remove(ctx, tx, acc, deleteOne, acc, top)
				if err != nil {
					return err
				}
				return account.CountEntries(ctx, tx, acc, -gone-n, -freed-size, 0)
			}
		}
		return account.CountEntries(ctx, tx, acc, -gone, -freed, 0)
	})
	return more, err
}

// run is what can be removed from the beginning of a folder by one statement.
type run struct {
	n      int
	size   int64
	last   ID
	inside ID // the folder that comes next and is not empty; 0 for none
}

var errRunEnds = errors.New("the run ends")

func removable(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, limit int) (r run, err error) {
	err = tx.Each(ctx, func(row db.Row) error {
		var id ID
		var size int64
		var full bool
		if err := row.Scan(&id, &size, &full); err != nil {
			return err
		}
		if full {
			r.inside = id
			return errRunEnds
		}
		r.n, r.size, r.last = r.n+1, r.size+size, id
		return nil
	}, listChildren, acc, folder, limit)
	if errors.Is(err, errRunEnds) {
		err = nil
	}
	return r, err
}
