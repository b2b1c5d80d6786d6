package drive

import (
	"context"
	"slices"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

const (
	columns = db.OneText + `id, parent_id, name, class, coalesce(blob_id, 0), size, etag, trashed, children, total, created_at, updated_at` + db.TextEnd

	insertEntry = `
		INSERT INTO drive_entry (account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $9)`
	countChildren = `UPDATE drive_entry SET children = children + $3 WHERE account_id = $1 AND id = $2`
	// Up to the root, or to what is in the trash by itself: that counts for nothing above it.
	countBelow = `
		WITH RECURSIVE up (id, parent_id, trashed) AS (
			SELECT id, parent_id, trashed FROM drive_entry WHERE account_id = $1 AND id = $2
			UNION
			SELECT e.id, e.parent_id, e.trashed FROM up JOIN drive_entry e ON e.account_id = $1 AND e.id = up.parent_id
			WHERE up.trashed = 0
		)
		UPDATE drive_entry SET total = total + $4, children = children + CASE WHEN id = $2 THEN CAST($3 AS BIGINT) ELSE 0 END
		WHERE account_id = $1 AND id IN (SELECT id FROM up)`
	selectByName = `
		SELECT ` + columns + ` FROM drive_entry
		WHERE account_id = $1 AND parent_id = $2 AND name = $3 AND trashed = 0 AND id <> 0`
	selectByID = `SELECT ` + columns + ` FROM drive_entry WHERE account_id = $1 AND id = $2`

	listByID = `
		SELECT ` + columns + ` FROM drive_entry
		WHERE account_id = $1 AND parent_id = $2 AND id > $3 AND trashed < 2 ORDER BY id LIMIT $4`
	// The walk of a copy task reads folders and eligible pictures, and the other
	// files, from an index each.
	listWalk = `
		SELECT ` + columns + ` FROM drive_entry
		WHERE account_id = $1 AND parent_id = $2 AND name > $3 AND trashed = 0 AND class <= 1 ORDER BY name LIMIT $4`
	listRest = `
		SELECT ` + columns + ` FROM drive_entry
		WHERE account_id = $1 AND parent_id = $2 AND name > $3 AND trashed = 0 AND class >= 2 ORDER BY name LIMIT $4`
	listByName = `
		SELECT ` + columns + ` FROM drive_entry
		WHERE account_id = $1 AND parent_id = $2 AND name > $3 AND trashed = 0 AND id <> 0 ORDER BY name LIMIT $4`

	setTrashed = `UPDATE drive_entry SET trashed = $3, updated_at = $4 WHERE account_id = $1 AND id = $2 AND trashed < $3
		RETURNING size + total`
	deleteOne = `DELETE FROM drive_entry WHERE account_id = $1 AND id = $2` + released
	released  = ` RETURNING coalesce(blob_id, 0)`

	subtree = `
		WITH RECURSIVE sub (id) AS (
			SELECT CAST($2 AS BIGINT)
			UNION ALL
			SELECT e.id FROM sub JOIN drive_entry e ON e.account_id = $1 AND e.parent_id = sub.id AND e.id <> 0
		) `
	deleteBelow    = subtree + `DELETE FROM drive_entry WHERE account_id = $1 AND id IN (SELECT id FROM sub)` + released
	ancestorsOfSet = `
		WITH RECURSIVE up (id, parent_id, class, trashed) AS (
			SELECT id, parent_id, class, trashed FROM drive_entry WHERE account_id = $1 AND id IN (`
	ancestorsEnd = `)
			UNION
			SELECT e.id, e.parent_id, e.class, e.trashed FROM up JOIN drive_entry e ON e.account_id = $1 AND e.id = up.parent_id
		) SELECT id, parent_id, class, trashed FROM up`
)

var (
	// The places come first, so that each is found by its key.
	selectPlaced = db.MultiRow(`WITH v (parent_id, name) AS (VALUES`, 2, []string{"BIGINT", "TEXT"}, `)
		SELECT e.id FROM v CROSS JOIN drive_entry e
		WHERE e.account_id = $1 AND e.parent_id = v.parent_id AND e.name = v.name AND e.trashed = 0 AND e.id <> 0`)
	selectByIDs = db.List(`SELECT `+columns+` FROM drive_entry WHERE account_id = $1 AND id IN (`, 2, `)`)
	ancestors   = db.List(ancestorsOfSet, 2, ancestorsEnd)
	shown       = db.List(`SELECT DISTINCT blob_id FROM drive_entry WHERE account_id = $1 AND blob_id IN (`, 2, `)`)
)

func scanEntry(row db.Row) (e Entry, err error) {
	var created, updated int64
	err = row.Scan(&e.ID, &e.Parent, &e.Name, &e.Class, &e.BlobID, &e.Size, &e.Etag, &e.Trashed, &e.Children, &e.Total, &created, &updated)
	e.CreatedAt, e.UpdatedAt = time.UnixMicro(created), time.UnixMicro(updated)
	return e, err
}

func insert(ctx context.Context, tx *db.Tx, acc account.ID, id, parent ID, name string, class Class, blobID any, size int64, etag string) error {
	if _, err := tx.Exec(ctx, insertEntry, acc, id, parent, name, class, blobID, size, etag, tx.Micros()); err != nil {
		return fault.Wrap(err, "drive: insert")
	}
	return count(ctx, tx, acc, parent, 1, size)
}

// count changes what a folder counts: entries right below it, and bytes below it, which
// the folders above it count too.
func count(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, entries, bytes int64) (err error) {
	if bytes == 0 {
		_, err = tx.Exec(ctx, countChildren, acc, folder, entries)
	} else {
		_, err = tx.Exec(ctx, countBelow, acc, folder, entries, bytes)
	}
	return fault.Wrap(err, "drive: count")
}

// deleteRow removes a live file that is being overwritten.
func deleteRow(ctx context.Context, tx *db.Tx, acc account.ID, e Entry) error {
	if _, err := remove(ctx, tx, acc, deleteOne, acc, e.ID); err != nil {
		return err
	}
	return count(ctx, tx, acc, e.Parent, -1, -e.Size)
}

// remove runs a statement that deletes entries and answers what they showed, which
// may be referred to by nobody now. n is how many those were.
func remove(ctx context.Context, tx *db.Tx, acc account.ID, query string, args ...any) (n int64, err error) {
	blobs, err := db.Collect(ctx, tx, scanBlob, query, args...)
	if err != nil {
		return 0, fault.Wrap(err, "drive: delete")
	}
	return int64(len(blobs)), blob.Released(ctx, tx, int64(acc), blobs)
}

func scanBlob(row db.Row) (id int64, err error) { return id, row.Scan(&id) }

// Shown answers which of the contents a file shows, in the trash or not.
func Shown(ctx context.Context, tx *db.Tx, acc account.ID, blobs []int64) (out []int64, err error) {
	out, err = db.CollectIn(ctx, tx, scanBlob, shown, []any{acc}, blobs)
	return out, fault.Wrap(err, "drive: shown")
}

func byName(ctx context.Context, tx *db.Tx, acc account.ID, parent ID, name string) (Entry, bool, error) {
	list, err := db.Collect(ctx, tx, scanEntry, selectByName, acc, parent, name)
	if err != nil || len(list) == 0 {
		return Entry{}, false, fault.Wrap(err, "drive: by name")
	}
	return list[0], true, nil
}

func freeName(ctx context.Context, tx *db.Tx, acc account.ID, parent ID, name string) (string, error) {
	free, _, err := entryname.Free(name, 0, func(other string) (bool, error) {
		_, taken, err := byName(ctx, tx, acc, parent, other)
		return taken, err
	})
	return free, err
}

// liveFolder answers how deep a folder is (the root is 0): fault.ParentNotFound
// where it, or one above it, is gone or in the trash, fault.NotFolder for a file.
func liveFolder(ctx context.Context, tx *db.Tx, acc account.ID, id ID) (depth int, err error) {
	way, err := wayTo(ctx, tx, acc, id)
	return len(way), err
}

// wayTo answers a folder and those above it, without the root. The errors are those of
// liveFolder.
func wayTo(ctx context.Context, tx *db.Tx, acc account.ID, id ID) (way []ID, err error) {
	if id == Root {
		return nil, nil
	}
	above, err := above(ctx, tx, acc, []ID{id})
	if err != nil {
		return nil, err
	}
	at, found := above[id]
	switch {
	case !found:
		return nil, fault.New(fault.ParentNotFound, "drive: folder", int64(id))
	case at.class != picture.Folder:
		return nil, fault.New(fault.NotFolder, "drive: folder", int64(id))
	}
	for ; id != Root; id = at.parent {
		if at = above[id]; at.trashed != Live {
			return nil, fault.New(fault.ParentNotFound, "drive: folder", int64(id))
		}
		way = append(way, id)
	}
	return way, nil
}

type node struct {
	parent  ID
	class   Class
	trashed Trashed
}

// above reads entries and all folders above them, the root included.
func above(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) (map[ID]node, error) {
	out := make(map[ID]node, len(ids)+16)
	err := db.InChunks([]any{acc}, ids, func(n int, args []any) error {
		return tx.Each(ctx, func(row db.Row) error {
			var id ID
			var at node
			err := row.Scan(&id, &at.parent, &at.class, &at.trashed)
			out[id] = at
			return err
		}, ancestors[n], args...)
	})
	return out, fault.Wrap(err, "drive: folders above")
}

// Place is where an entry stands.
type Place struct {
	Parent ID
	Name   string
}

// Placed answers the live files that stand at some places.
func Placed(ctx context.Context, tx *db.Tx, acc account.ID, places []Place) (map[Place]Entry, error) {
	var ids []ID
	err := db.Chunks(len(places), func(from, to int) error {
		args := []any{acc}
		for _, p := range places[from:to] {
			args = append(args, p.Parent, p.Name)
		}
		some, err := db.Collect(ctx, tx, scanID, selectPlaced[to-from], args...)
		ids = append(ids, some...)
		return err
	})
	if err != nil {
		return nil, fault.Wrap(err, "drive: placed")
	}
	found, err := Lookup(ctx, tx, acc, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[Place]Entry, len(found))
	for _, e := range found {
		if e.Trashed == Live && !e.IsFolder() {
			out[Place{e.Parent, e.Name}] = e
		}
	}
	return out, nil
}

// Lookup reads entries by id. One that is not there, or is being deleted for good,
// is left out; Trashed tells of the entry and of all folders above it.
func Lookup(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) (map[ID]Entry, error) {
	out := make(map[ID]Entry, len(ids))
	ids = slices.DeleteFunc(unique(ids), func(id ID) bool { return id == Root })
	list, err := db.CollectIn(ctx, tx, scanEntry, selectByIDs, []any{acc}, ids)
	if err != nil {
		return nil, fault.Wrap(err, "drive: look up")
	}
	for _, e := range list {
		out[e.ID] = e
	}
	parents := make([]ID, 0, len(out))
	for _, e := range out {
		parents = append(parents, e.Parent)
	}
	above, err := above(ctx, tx, acc, unique(parents))
	if err != nil {
		return nil, err
	}
	for id, e := range out {
		for p := e.Parent; p != Root; p = above[p].parent {
			e.Trashed = max(e.Trashed, above[p].trashed)
		}
		if e.Trashed == Detached {
			delete(out, id)
			continue
		}
		out[id] = e
	}
	return out, nil
}

func unique(ids []ID) []ID {
	ids = slices.Clone(ids)
	slices.Sort(ids) // keys are always taken in one order
	return slices.Compact(ids)
}

// MoveContent lets every file that showed one content show another, the same one
// uploaded again. Call it with the account locked.
func MoveContent(ctx context.Context, tx *db.Tx, acc account.ID, from, to int64) error {
	_, err := tx.Exec(ctx, `UPDATE drive_entry SET blob_id = $3 WHERE account_id = $1 AND blob_id = $2`, acc, from, to)
	return fault.Wrap(err, "drive: move content")
}
