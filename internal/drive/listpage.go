package drive

import (
	"context"
	"fmt"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Order names a column of ListPage.
type Order string

// The columns a page can be ordered by.
const (
	ByID      Order = "id"
	ByName    Order = "name"
	BySize    Order = "size"
	ByCreated Order = "created_at"
	ByUpdated Order = "updated_at"
)

// PageQuery asks for a numbered page of live entries of a folder or, with Trash,
// of all that was put in the trash by itself.
type PageQuery struct {
	Folder ID
	Trash  bool
	Search string // names containing this, as of Search; over the whole drive
	Order  Order
	Desc   bool
	Page   int // from 1
	Limit  int

	FoldersFirst bool // each in their order; not of the trash
}

// Which entries are asked for; $2 is what they are asked by.
const (
	inFolder = `parent_id = $2 AND trashed = 0 AND id <> 0`
	inTrash  = `trashed > 0 AND trashed = $2` // the first condition is the index's
	// Folders are few. Which entries are files is told by their ids: by name no row but the
	// page's is read for it.
	foldersIn = `parent_id = $2 AND trashed = 0 AND class = 0 AND id <> 0`
	filesIn   = `parent_id = $2 AND trashed = 0 AND id NOT IN (
		SELECT id FROM drive_entry WHERE account_id = $1 AND parent_id = $2 AND trashed = 0 AND class = 0)`

	countChildrenOf = `SELECT children FROM drive_entry WHERE account_id = $1 AND id = $2`
	countFoldersIn  = `SELECT count(*) FROM (SELECT 1 FROM drive_entry WHERE account_id = $1 AND ` + foldersIn + ` LIMIT $3) AS s`
	countTrash      = `SELECT count(*) FROM drive_entry WHERE account_id = $1 AND ` + inTrash
)

// pageOf pages through the ids first, so that by name no row is read but the page's.
// By id the rows of a folder lie in order, and are paged through themselves. Every
// part of the text is a constant of this file.
func pageOf(where string, by Order, desc bool) string {
	direction := "ASC"
	if desc {
		direction = "DESC"
	}
	order := "id " + direction
	if by != ByID {
		order = string(by) + " " + direction + ", " + order
	}
	if where == inFolder && by == ByID {
		return fmt.Sprintf(`SELECT %s FROM drive_entry WHERE account_id = $1 AND %s ORDER BY %s LIMIT $3 OFFSET $4`, columns, where, order)
	}
	return fmt.Sprintf(`
		WITH s (id) AS (SELECT id FROM drive_entry WHERE account_id = $1 AND %s ORDER BY %s LIMIT $3 OFFSET $4)
		SELECT %s FROM drive_entry WHERE account_id = $1 AND id IN (SELECT id FROM s) ORDER BY %s`, where, order, columns, order)
}

// part is one of the lists that a list consists of.
type part struct {
	where string
	rows  int64
}

// ListPage answers a numbered page and how many entries there are in all. One for which a
// large folder has to be sorted or skipped through waits for its turn, and so does a search
// of many names, see Search.
func (d *Drive) ListPage(ctx context.Context, acc account.ID, q PageQuery) (list []Entry, total int64, err error) {
	switch q.Order {
	case ByID, ByName, BySize, ByCreated, ByUpdated:
	default:
		return nil, 0, fault.New(fault.BadRequest, "drive: list page", "orderBy")
	}
	if q.Search != "" && !q.Trash {
		return d.searchPage(ctx, acc, q)
	}
	where, count, args := inFolder, countChildrenOf, []any{acc, q.Folder}
	if q.Trash {
		where, count, args = inTrash, countTrash, []any{acc, InTrash}
	}
	large := false // it goes through more than any request may
	page := func(ctx context.Context, tx *db.Tx, turn bool) error {
		above := Live
		if !q.Trash {
			var err error
			if above, err = standing(ctx, tx, acc, q.Folder); err != nil {
				return err
			}
		}
		if _, err := tx.Get(ctx, count, args, &total); err != nil {
			return err
		}
		list = nil
		pages := (total + int64(q.Limit) - 1) / int64(q.Limit)
		if int64(q.Page) > pages {
			return nil
		}
		offset := int64(q.Page-1) * int64(q.Limit)
		sorted := q.Order == ByID || q.Order == ByName && !q.Trash // by an index
		if large = !turn && (offset > 10*atOnce || !sorted && total > atOnce); large {
			return nil
		}
		parts := []part{{where, total}}
		if q.FoldersFirst && !q.Trash {
			most := int64(atOnce)
			if turn {
				most = total
			}
			var folders int64
			if _, err := tx.Get(ctx, countFoldersIn, append(args[:2:2], most+1), &folders); err != nil {
				return err
			}
			if large = folders > most; large {
				return nil
			}
			parts = []part{{foldersIn, folders}, {filesIn, total - folders}}
		}
		for _, p := range parts {
			if rest := q.Limit - len(list); rest > 0 && offset < p.rows {
				some, err := db.Collect(ctx, tx, scanEntry, pageOf(p.where, q.Order, q.Desc), append(args[:2:2], rest, offset)...)
				if err != nil {
					return err
				}
				list = append(list, some...)
			}
			offset = max(0, offset-p.rows)
		}
		if q.Trash {
			if list, err = visible(ctx, tx, acc, list); err != nil {
				return err
			}
		}
		for i := range list {
			list[i].Trashed = max(list[i].Trashed, above)
		}
		if err := tellBlocked(ctx, tx, acc, list); err != nil {
			return err
		}
		return nameParents(ctx, tx, acc, list)
	}
	const op = "drive: list page"
	err = d.db.Read(ctx, op, func(tx *db.Tx) error { return page(ctx, tx, false) })
	if err == nil && large {
		err = d.long(ctx, op, func(ctx context.Context, tx *db.Tx) error { return page(ctx, tx, true) })
	}
	return list, total, err
}

// visible leaves out what is being deleted for good with a folder above it, and
// tells of the rest where it stands.
func visible(ctx context.Context, tx *db.Tx, acc account.ID, list []Entry) ([]Entry, error) {
	ids := make([]ID, len(list))
	for i, e := range list {
		ids[i] = e.ID
	}
	known, err := Lookup(ctx, tx, acc, ids)
	kept := list[:0]
	for _, e := range list {
		if k, ok := known[e.ID]; ok {
			kept = append(kept, k)
		}
	}
	return kept, err
}

// nameParents tells entries of a page the names of the folders they are in.
func nameParents(ctx context.Context, tx *db.Tx, acc account.ID, list []Entry) error {
	ids := make([]ID, 0, len(list))
	for _, e := range list {
		ids = append(ids, e.Parent)
	}
	names := make(map[ID]string)
	parents, err := db.CollectIn(ctx, tx, scanEntry, selectByIDs, []any{acc}, unique(ids))
	for _, p := range parents {
		names[p.ID] = p.Name
	}
	for i := range list {
		list[i].ParentName = names[list[i].Parent]
	}
	return fault.Wrap(err, "drive: name parents")
}
