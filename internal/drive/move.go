package drive

import (
	"cmp"
	"context"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

var (
	moveEntries = db.List(`UPDATE drive_entry SET parent_id = $2, updated_at = $3 WHERE account_id = $1 AND id IN (`, 4, `)`)
	// Folders alone, however many files lie beside them; no further than is asked.
	levelsOf = db.List(`
		WITH RECURSIVE sub (id, level) AS (
			SELECT id, 1 FROM drive_entry WHERE account_id = $1 AND class = 0 AND id IN (`, 3, `)
			UNION ALL
			SELECT e.id, sub.level + 1 FROM sub JOIN drive_entry e ON e.account_id = $1 AND e.parent_id = sub.id AND e.class = 0 AND e.id <> 0
			WHERE sub.level <= $2
		) SELECT coalesce(max(level), 0) FROM sub`)
)

// Move puts entries, with all that is below them, into another folder, all or none. Ids
// that are not there or in the trash are passed over; what is in the folder already stays
// as it is.
//
// Errors: fault.NotFound where none is there; those of liveFolder for the folder;
// fault.IntoItself where it is one of them or below it; fault.NameTaken where another
// entry has the name there, or two of them have one; fault.TooDeep.
func (d *Drive) Move(ctx context.Context, acc account.ID, ids []ID, to ID) error {
	return d.db.Write(ctx, "drive: move", func(tx *db.Tx) error {
		known, err := lockAndFind(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		way, err := wayTo(ctx, tx, acc, to)
		if err != nil {
			return err
		}
		var moving []Entry
		there := false
		for _, e := range known {
			switch {
			case e.Trashed != Live:
				continue
			case slices.Contains(way, e.ID):
				return fault.New(fault.IntoItself, "drive: move", int64(e.ID))
			case e.Parent != to:
				moving = append(moving, e)
			}
			there = true
		}
		if !there {
			return fault.New(fault.NotFound, "drive: move")
		}
		slices.SortFunc(moving, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
		if err := allFree(ctx, tx, acc, to, moving); err != nil {
			return err
		}
		if err := deepEnough(ctx, tx, acc, moving, len(way)); err != nil {
			return err
		}
		err = db.InChunks([]any{acc, to, tx.Micros()}, idsOf(moving), func(n int, args []any) error {
			_, err := tx.Exec(ctx, moveEntries[n], args...)
			return err
		})
		if err != nil {
			return fault.Wrap(err, "drive: move")
		}
		return recounted(ctx, tx, acc, moving, to)
	})
}

// recounted changes what folders count after entries have moved. One that moved together
// with a folder above it is counted right too: what each holds is as it was before, and
// each old folder hangs already where it hangs now.
func recounted(ctx context.Context, tx *db.Tx, acc account.ID, moved []Entry, to ID) error {
	type sum struct{ entries, bytes int64 }
	left, all := make(map[ID]sum), sum{}
	for _, e := range moved {
		s, bytes := left[e.Parent], e.Size+e.Total
		left[e.Parent] = sum{s.entries + 1, s.bytes + bytes}
		all = sum{all.entries + 1, all.bytes + bytes}
	}
	for folder, s := range left {
		if err := count(ctx, tx, acc, folder, -s.entries, -s.bytes); err != nil {
			return err
		}
	}
	return count(ctx, tx, acc, to, all.entries, all.bytes)
}

func idsOf(list []Entry) []ID {
	ids := make([]ID, len(list))
	for i, e := range list {
		ids[i] = e.ID
	}
	return ids
}

// allFree is fault.NameTaken where an entry of a folder has the name of one of a list,
// or two of the list have one.
func allFree(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, list []Entry) error {
	seen := make(map[string]bool)
	for _, e := range list {
		if seen[e.Name] {
			return fault.New(fault.NameTaken, "drive: move", e.Name)
		}
		seen[e.Name] = true
	}
	return db.Chunks(len(list), func(from, to int) error {
		args := []any{acc}
		for _, e := range list[from:to] {
			args = append(args, folder, e.Name)
		}
		taken, err := db.Collect(ctx, tx, scanID, selectPlaced[to-from], args...)
		if err == nil && len(taken) > 0 {
			err = fault.New(fault.NameTaken, "drive: move", int64(taken[0]))
		}
		return fault.Wrap(err, "drive: names there")
	})
}

// deepEnough is fault.TooDeep where folders, with what is below them, would pass MaxDepth
// in a folder of a depth. Only those that get deeper are measured.
func deepEnough(ctx context.Context, tx *db.Tx, acc account.ID, list []Entry, depth int) error {
	var parents []ID
	for _, e := range list {
		if e.IsFolder() {
			parents = append(parents, e.Parent)
		}
	}
	above, err := above(ctx, tx, acc, unique(parents))
	if err != nil {
		return err
	}
	var deeper []ID
	for _, e := range list {
		if e.IsFolder() && depthOf(above, e.Parent) < depth {
			deeper = append(deeper, e.ID)
		}
	}
	return db.InChunks([]any{acc, MaxDepth - depth}, deeper, func(n int, args []any) error {
		var levels int
		_, err := tx.Get(ctx, levelsOf[n], args, &levels)
		if err == nil && depth+levels > MaxDepth {
			err = fault.New(fault.TooDeep, "drive: depth", MaxDepth)
		}
		return err
	})
}

func depthOf(above map[ID]node, id ID) (depth int) {
	for ; id != Root; id = above[id].parent {
		depth++
	}
	return depth
}
