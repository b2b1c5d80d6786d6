package drive

import (
	"cmp"
	"context"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// MaxCopy is how many files and folders one call of Copy may make.
const MaxCopy = 10_000

var (
	// The limit comes with each question, so that a folder's million of entries is not read.
	liveIn = db.List(`SELECT `+columns+` FROM drive_entry WHERE account_id = $1 AND trashed = 0 AND id <> 0 AND parent_id IN (`, 3, `) LIMIT $2`)

	insertCopies = db.Insert(`
		INSERT INTO drive_entry (account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, total, created_at, updated_at)
		VALUES`, 13)
)

// Copy makes another of an entry in a folder and answers its id: of a folder with all that
// is below it, but for what is in the trash. The files show the same content, and count to
// the quota again; where the name is taken it gets a suffix. All or nothing.
//
// Errors: fault.NotFound where there is none of the id, or it is in the trash; those of
// liveFolder for the folder; fault.IntoItself where that is the entry or below it;
// fault.TooManyEntries above MaxCopy; fault.TooDeep; fault.QuotaExceeded; fault.EntriesFull.
func (d *Drive) Copy(ctx context.Context, acc account.ID, id, to ID) (made ID, err error) {
	err = d.db.Write(ctx, "drive: copy", func(tx *db.Tx) error {
		made, err = copyTree(ctx, tx, acc, id, to)
		return err
	})
	return made, err
}

func copyTree(ctx context.Context, tx *db.Tx, acc account.ID, id, to ID) (made ID, err error) {
	if _, err := account.Lock(ctx, tx, acc); err != nil {
		return 0, err
	}
	known, way, err := copySources(ctx, tx, acc, []ID{id}, to)
	if err != nil {
		return 0, err
	}
	top := known[id]
	if err := account.Count(ctx, tx, acc, top.Size+top.Total, 0); err != nil {
		return 0, err
	}
	list, err := liveTree(ctx, tx, acc, top, MaxDepth-len(way))
	if err != nil {
		return 0, err
	}
	if err := account.CountEntries(ctx, tx, acc, int64(len(list)), 0, 0); err != nil {
		return 0, err
	}
	first, err := takeIDs(ctx, tx, len(list))
	if err != nil {
		return 0, err
	}
	ids := make(map[ID]ID, len(list)+1)
	for i, e := range list {
		ids[e.ID] = first + ID(i)
	}
	ids[top.Parent] = to
	if list[0].Name, err = nameIn(ctx, tx, acc, to, top.Name); err != nil {
		return 0, err
	}
	list[0].Class = classAs(top, list[0].Name)
	// Each below the one above it, which comes before it. What a folder counts and sums is
	// what its copy does: both count what is not in the trash.
	for i, e := range list {
		list[i].ID, list[i].Parent = ids[e.ID], ids[e.Parent]
	}
	if err := putCopies(ctx, tx, acc, list); err != nil {
		return 0, err
	}
	return first, count(ctx, tx, acc, to, 1, top.Size+top.Total)
}

// copySources answers what is to be copied, and the way to the folder it comes into.
func copySources(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID, to ID) (known map[ID]Entry, way []ID, err error) {
	if known, err = Lookup(ctx, tx, acc, ids); err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if e, there := known[id]; !there || e.Trashed != Live {
			return nil, nil, fault.New(fault.NotFound, "drive: copy", int64(id))
		}
	}
	if way, err = wayTo(ctx, tx, acc, to); err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if slices.Contains(way, id) {
			return nil, nil, fault.New(fault.IntoItself, "drive: copy", int64(id))
		}
	}
	return known, way, nil
}

// putCopies writes down entries that were made of others.
func putCopies(ctx context.Context, tx *db.Tx, acc account.ID, made []Entry) error {
	_, err := tx.ExecRows(ctx, insertCopies, nil, len(made), func(i int) []any {
		e := made[i]
		var blobID any
		if e.BlobID != 0 {
			blobID = e.BlobID
		}
		return []any{acc, e.ID, e.Parent, e.Name, e.Class, blobID, e.Size, e.Etag, Live, e.Children, e.Total, tx.Micros(), tx.Micros()}
	})
	return fault.Wrap(err, "drive: copy")
}

// liveTree answers an entry and all below it that is not in the trash, level by level:
// fault.TooDeep for more levels of folders than given, fault.TooManyEntries.
func liveTree(ctx context.Context, tx *db.Tx, acc account.ID, top Entry, levels int) ([]Entry, error) {
	list := []Entry{top}
	for from := 0; from < len(list); levels-- {
		var folders []ID
		for _, e := range list[from:] {
			if e.IsFolder() {
				folders = append(folders, e.ID)
			}
		}
		from = len(list)
		if len(folders) > 0 && levels < 1 {
			return nil, fault.New(fault.TooDeep, "drive: tree", MaxDepth)
		}
		err := db.Chunks(len(folders), func(a, b int) error {
			args := []any{acc, MaxCopy + 1 - len(list)}
			for _, id := range folders[a:b] {
				args = append(args, id)
			}
			some, err := db.Collect(ctx, tx, scanEntry, liveIn[b-a], args...)
			if list = append(list, some...); err == nil && len(list) > MaxCopy {
				err = fault.New(fault.TooManyEntries, "drive: tree", MaxCopy)
			}
			return err
		})
		if err != nil {
			return nil, fault.Wrap(err, "drive: tree")
		}
		// The copies of a folder's entries are listed in the order of these.
		slices.SortFunc(list[from:], func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	}
	return list, nil
}

// nameIn is a name, with a suffix where a live entry of the folder has it.
func nameIn(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, name string) (string, error) {
	_, taken, err := byName(ctx, tx, acc, folder, name)
	if err != nil || !taken {
		return name, err
	}
	return freeName(ctx, tx, acc, folder, name)
}
