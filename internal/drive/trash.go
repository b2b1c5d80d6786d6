package drive

import (
	"context"
	"strconv"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// deleteAtOnce is how many rows a request deletes itself; a larger tree is detached
// in one statement and SweepDetached finishes.
const deleteAtOnce = 10_000

// Trash puts entries in the trash, with all that is below them. Ids that are not
// there are passed over; fault.NotFound where none is.
func (d *Drive) Trash(ctx context.Context, acc account.ID, ids []ID) error {
	return d.db.Write(ctx, "drive: trash", func(tx *db.Tx) error {
		known, err := lockAndFind(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		for _, id := range unique(ids) {
			e, ok := known[id]
			if !ok {
				continue
			}
			var bytes int64 // as it is now, after those before it in the list
			if live, err := tx.Get(ctx, setTrashed, []any{acc, id, InTrash, tx.Micros()}, &bytes); err != nil || !live {
				if err != nil {
					return err
				}
				continue
			}
			if err := count(ctx, tx, acc, e.Parent, -1, -bytes); err != nil {
				return err
			}
		}
		return nil
	})
}

// Delete removes entries of the trash for good, with all that is below them, and
// gives their bytes back to the quota. Ids that are not there are passed over;
// fault.NotFound where none is, fault.NotTrashed where one is not in the trash.
// detached says that a large tree is left to SweepDetached.
func (d *Drive) Delete(ctx context.Context, acc account.ID, ids []ID) (detached bool, err error) {
	err = d.db.Write(ctx, "drive: delete", func(tx *db.Tx) error {
		detached = false
		known, err := lockAndFind(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		var deleted auditlog.Things
		budget := deleteAtOnce
		for _, id := range unique(ids) {
			e, ok := known[id]
			if !ok {
				continue
			}
			if e.Trashed != InTrash {
				return fault.New(fault.NotTrashed, "drive: delete", int64(id))
			}
			// It may have gone with an earlier one of the list.
			var itself Trashed
			var bytes int64
			if found, err := tx.Get(ctx, `SELECT trashed, size + total FROM drive_entry WHERE account_id = $1 AND id = $2`, []any{acc, id}, &itself, &bytes); err != nil || !found {
				if err != nil {
					return err
				}
				continue
			}
			if itself == Live {
				if err := count(ctx, tx, acc, e.Parent, -1, -bytes); err != nil {
					return err
				}
			}
			deleted.Add(strconv.FormatInt(int64(id), 10), e.Name)
			rows, size, more, err := below(ctx, tx, acc, e, budget)
			if err != nil {
				return err
			}
			if more {
				detached = true
				if _, err := tx.Exec(ctx, setTrashed, acc, id, Detached, tx.Micros()); err != nil {
					return err
				}
				continue
			}
			budget -= rows
			n, err := remove(ctx, tx, acc, deleteBelow, acc, id)
			if err != nil {
				return err
			}
			if err := account.CountEntries(ctx, tx, acc, -n, -size, 0); err != nil {
				return err
			}
		}
		return auditlog.Note(ctx, tx, int64(acc), auditlog.DriveDelete, deleted.String())
	})
	return detached, err
}

func lockAndFind(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) (map[ID]Entry, error) {
	if _, err := account.Lock(ctx, tx, acc); err != nil {
		return nil, err
	}
	known, err := Lookup(ctx, tx, acc, ids)
	if err == nil && len(known) == 0 {
		err = fault.New(fault.NotFound, "drive: find")
	}
	return known, err
}
