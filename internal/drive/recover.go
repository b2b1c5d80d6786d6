package drive

import (
	"cmp"
	"context"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const takeOut = `
	UPDATE drive_entry SET parent_id = $3, name = $4, class = $5, trashed = 0, updated_at = $6 WHERE account_id = $1 AND id = $2
	RETURNING size + total`

// Recover takes entries out of the trash, with all that is below them, back to where they
// were; where the name is taken by now they get a suffix. Ids that are not there are
// passed over: fault.NotFound where none is, fault.NotTrashed where one is not in the
// trash. abnormal are those that stay in the trash, since the folder they were in, or one
// above it, is there and is not recovered with them.
func (d *Drive) Recover(ctx context.Context, acc account.ID, ids []ID) (abnormal []ID, err error) {
	err = d.db.Write(ctx, "drive: recover", func(tx *db.Tx) error {
		abnormal = nil
		list, above, err := lockAndFindTrashed(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		// What is above comes first: what is below it may follow.
		slices.SortStableFunc(list, func(a, b Entry) int { return cmp.Compare(depthOf(above, a.ID), depthOf(above, b.ID)) })
		for _, e := range list {
			itself := above[e.ID]
			if !standsLive(above, e.Parent) {
				abnormal = append(abnormal, e.ID)
				continue
			}
			if itself.trashed == Live { // it came with the folder above it
				continue
			}
			if err := outOfTrash(ctx, tx, acc, e, itself.trashed, e.Parent); err != nil {
				return err
			}
			itself.trashed = Live
			above[e.ID] = itself
		}
		slices.Sort(abnormal)
		return nil
	})
	return abnormal, err
}

// RecoverTo takes entries out of the trash, with all that is below them, into a folder,
// all or none; what is in the trash by a folder above it alone is taken out of that. Where
// a name is taken they get a suffix. The errors for the entries are those of Recover, those
// for the folder of liveFolder, and fault.TooDeep.
func (d *Drive) RecoverTo(ctx context.Context, acc account.ID, ids []ID, to ID) error {
	return d.db.Write(ctx, "drive: recover to", func(tx *db.Tx) error {
		list, above, err := lockAndFindTrashed(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		depth, err := liveFolder(ctx, tx, acc, to)
		if err != nil {
			return err
		}
		if err := deepEnough(ctx, tx, acc, list, depth); err != nil {
			return err
		}
		for _, e := range list {
			if err := outOfTrash(ctx, tx, acc, e, above[e.ID].trashed, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockAndFindTrashed answers the entries of the trash in order of id, with all above them
// as it is.
func lockAndFindTrashed(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) (list []Entry, all map[ID]node, err error) {
	known, err := lockAndFind(ctx, tx, acc, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range known {
		if e.Trashed == Live {
			return nil, nil, fault.New(fault.NotTrashed, "drive: recover", int64(e.ID))
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	all, err = above(ctx, tx, acc, idsOf(list))
	return list, all, err
}

func standsLive(above map[ID]node, id ID) bool {
	for ; id != Root; id = above[id].parent {
		if above[id].trashed != Live {
			return false
		}
	}
	return true
}

// outOfTrash hangs an entry into a live folder. itself says where it stood: what is in the
// trash by itself is counted nowhere.
func outOfTrash(ctx context.Context, tx *db.Tx, acc account.ID, e Entry, itself Trashed, to ID) error {
	name, err := nameIn(ctx, tx, acc, to, e.Name)
	if err != nil {
		return err
	}
	var bytes int64 // as it is now, after those before it in the list
	if _, err := tx.Get(ctx, takeOut, []any{acc, e.ID, to, name, classAs(e, name), tx.Micros()}, &bytes); err != nil {
		return fault.Wrap(err, "drive: out of the trash")
	}
	if itself == Live {
		if err := count(ctx, tx, acc, e.Parent, -1, -bytes); err != nil {
			return err
		}
	}
	return count(ctx, tx, acc, to, 1, bytes)
}
