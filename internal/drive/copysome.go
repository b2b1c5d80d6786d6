package drive

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

// A large tree is copied some entries at a time: first the entry itself, then what is right
// in each folder. Whoever does so keeps what is still to be done.

const (
	selectNextID = `SELECT next FROM id_block WHERE name = 'drive'`
	listLive     = `
		SELECT ` + columns + ` FROM drive_entry
		WHERE account_id = $1 AND parent_id = $2 AND id > $3 AND id < $4 AND trashed = 0 AND id <> 0 ORDER BY id LIMIT $5`
)

// NextID answers an id that all copies made from now on are not below.
func NextID(ctx context.Context, tx *db.Tx) (id ID, err error) {
	_, err = tx.Get(ctx, selectNextID, nil, &id)
	return id, fault.Wrap(err, "drive: next id")
}

// CanCopy says whether CopyOne would find entries and folder, and answers how many bytes
// the entries have with all below them. The errors are those of Copy.
func CanCopy(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID, to ID) (bytes int64, err error) {
	known, _, err := copySources(ctx, tx, acc, ids, to)
	for _, e := range known {
		bytes += e.Size + e.Total
	}
	return bytes, err
}

// IsThere is an error of liveFolder where a folder is not there.
func IsThere(ctx context.Context, tx *db.Tx, acc account.ID, folder ID) error {
	_, err := liveFolder(ctx, tx, acc, folder)
	return err
}

// CopyOne makes another of an entry in a folder, without what is below it. The errors are
// those of Copy. Call it with the account locked.
func CopyOne(ctx context.Context, tx *db.Tx, acc account.ID, id, to ID) (of, made Entry, err error) {
	known, way, err := copySources(ctx, tx, acc, []ID{id}, to)
	if err != nil {
		return of, made, err
	}
	of = known[id]
	list, err := copyInto(ctx, tx, acc, []Entry{of}, to, len(way))
	if err != nil {
		return of, made, err
	}
	return of, list[0], nil
}

// CopiedSome tells what CopySome has done: each of these was copied, to what is beside it.
type CopiedSome struct{ Of, Made []Entry }

// CopySome copies what is right in a folder and not in the trash into another folder, in
// order of id, after one id and before another, and without what is below it. Of a folder that
// is not there any more, or in the trash, nothing is copied: gone says so. The errors are those
// of Copy but for the folders'. Call it with the account locked.
func CopySome(ctx context.Context, tx *db.Tx, acc account.ID, from, into, after, before ID, limit int) (c CopiedSome, gone bool, err error) {
	depth := 0
	for _, folder := range []ID{from, into} {
		switch depth, err = liveFolder(ctx, tx, acc, folder); fault.CodeOf(err) {
		case "":
		case fault.ParentNotFound, fault.NotFolder:
			return c, true, nil
		default:
			return c, false, err
		}
	}
	if c.Of, err = db.Collect(ctx, tx, scanEntry, listLive, acc, from, after, before, limit); err != nil || len(c.Of) == 0 {
		return c, false, fault.Wrap(err, "drive: copy some")
	}
	c.Made, err = copyInto(ctx, tx, acc, c.Of, into, depth)
	return c, false, err
}

// copyInto makes copies in a folder of a depth, each empty.
func copyInto(ctx context.Context, tx *db.Tx, acc account.ID, list []Entry, to ID, depth int) ([]Entry, error) {
	var bytes int64
	taken := make(map[string]bool, len(list))
	for _, e := range list {
		if e.IsFolder() && depth+1 > MaxDepth {
			return nil, fault.New(fault.TooDeep, "drive: copy some", MaxDepth)
		}
		bytes += e.Size
		taken[e.Name] = true
	}
	if err := account.CountEntries(ctx, tx, acc, int64(len(list)), bytes, 0); err != nil {
		return nil, err
	}
	first, err := takeIDs(ctx, tx, len(list))
	if err != nil {
		return nil, err
	}
	made := make([]Entry, len(list))
	for i, e := range list {
		name := e.Name
		if _, there, err := byName(ctx, tx, acc, to, name); err != nil {
			return nil, err
		} else if there {
			name, _, err = entryname.Free(name, 0, func(other string) (bool, error) {
				if taken[other] {
					return true, nil
				}
				_, there, err := byName(ctx, tx, acc, to, other)
				return there, err
			})
			if err != nil {
				return nil, err
			}
			taken[name] = true
		}
		made[i] = Entry{ID: first + ID(i), Parent: to, Name: name, Class: classAs(e, name), BlobID: e.BlobID, Size: e.Size, Etag: e.Etag}
	}
	if err := putCopies(ctx, tx, acc, made); err != nil {
		return nil, err
	}
	return made, count(ctx, tx, acc, to, int64(len(made)), bytes)
}
