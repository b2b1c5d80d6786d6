package drive

import (
	"context"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

// The places come first, so that each is found by its key.
var walkNames = db.MultiRow(`
	WITH RECURSIVE v (no, name) AS (VALUES`, 3, []string{"BIGINT", "TEXT"}, `),
	sub (no, id) AS (
		SELECT CAST(0 AS BIGINT), CAST($2 AS BIGINT)
		UNION ALL
		SELECT v.no, e.id FROM sub CROSS JOIN v CROSS JOIN drive_entry e
		WHERE v.no - 1 = sub.no AND e.account_id = $1 AND e.parent_id = sub.id AND e.name = v.name AND e.trashed = 0 AND e.id <> 0
	) SELECT id FROM sub WHERE no > 0 ORDER BY no`)

// ByPath answers the live entries on a way down from the root by their names, the last
// one among them: fault.NotFound where one is not there.
func ByPath(ctx context.Context, tx *db.Tx, acc account.ID, path []string) ([]ID, error) {
	none := fault.New(fault.NotFound, "drive: by path")
	if len(path) == 0 || len(path) > MaxDepth+1 {
		return nil, none
	}
	names := make([]string, len(path))
	for i, name := range path {
		clean, err := entryname.Find(name)
		if err != nil {
			return nil, fault.Because(fault.NotFound, "drive: by path", err)
		}
		names[i] = clean
	}
	way := []ID{Root}
	err := db.Chunks(len(names), func(from, to int) error {
		if len(way) <= from {
			return nil // one above is not there
		}
		args := []any{acc, way[from]}
		for no, name := range names[from:to] {
			args = append(args, no+1, name)
		}
		some, err := db.Collect(ctx, tx, scanID, walkNames[to-from], args...)
		way = append(way, some...)
		return err
	})
	if err != nil {
		return nil, fault.Wrap(err, "drive: by path")
	}
	if way = way[1:]; len(way) < len(path) {
		return nil, none
	}
	return way, nil
}

// Way answers a live entry and the folders above it, the highest first, without the root:
// fault.NotFound where it is not there or in the trash.
func Way(ctx context.Context, tx *db.Tx, acc account.ID, id ID) ([]Entry, error) {
	none := fault.New(fault.NotFound, "drive: way", int64(id))
	if id == Root {
		return nil, none
	}
	above, err := above(ctx, tx, acc, []ID{id})
	if err != nil {
		return nil, err
	}
	var ids []ID
	for at := id; at != Root; at = above[at].parent {
		if n, found := above[at]; !found || n.trashed != Live {
			return nil, none
		}
		ids = append(ids, at)
	}
	known, err := db.CollectIn(ctx, tx, scanEntry, selectByIDs, []any{acc}, unique(ids))
	if err != nil {
		return nil, fault.Wrap(err, "drive: way")
	}
	slices.Reverse(ids)
	way := make([]Entry, 0, len(ids))
	for _, id := range ids {
		i := slices.IndexFunc(known, func(e Entry) bool { return e.ID == id })
		if i < 0 {
			return nil, none
		}
		way = append(way, known[i])
	}
	return way, nil
}
