package drive

import (
	"context"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Inside answers an entry that is one of some entries or below one of them, and the
// folders that lead to it, from the nearest of those down to the one it is in:
// fault.NotFound where it is not there, not below them, or in the trash.
func Inside(ctx context.Context, tx *db.Tx, acc account.ID, tops []ID, id ID) (e Entry, way []Entry, err error) {
	if e, err = find(ctx, tx, acc, id); err != nil {
		return e, nil, err
	}
	none := fault.New(fault.NotFound, "drive: inside", int64(id))
	if e.Trashed != Live {
		return e, nil, none
	}
	above, err := above(ctx, tx, acc, []ID{id})
	if err != nil {
		return e, nil, err
	}
	var ids []ID
	for at := id; !slices.Contains(tops, at); {
		if at = above[at].parent; at == Root {
			return e, nil, none
		}
		ids = append(ids, at)
	}
	known, err := db.CollectIn(ctx, tx, scanEntry, selectByIDs, []any{acc}, unique(ids))
	if err != nil {
		return e, nil, fault.Wrap(err, "drive: inside")
	}
	slices.Reverse(ids)
	for _, id := range ids {
		i := slices.IndexFunc(known, func(e Entry) bool { return e.ID == id })
		if i < 0 {
			return e, nil, none
		}
		way = append(way, known[i])
	}
	return e, way, nil
}

// Children answers the next live entries right in a folder by name, after a given one.
func Children(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, after string, limit int) ([]Entry, error) {
	list, err := db.Collect(ctx, tx, scanEntry, listByName, acc, folder, after, limit)
	return list, fault.Wrap(err, "drive: children")
}
