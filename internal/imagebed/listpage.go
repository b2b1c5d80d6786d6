package imagebed

import (
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/text/unicode/norm"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Order names what ListPage orders by.
type Order string

// What a page can be ordered by. Of one size, and of folders by size, the times of creation
// decide.
const (
	ByCreated Order = "create_at"
	ByName    Order = "file_name"
	BySize    Order = "size"
)

// PageQuery asks for a numbered page of a folder: its folders, then its images, each in
// the order.
type PageQuery struct {
	Folder ID     // as FolderIn takes it
	Begins string // where it is not "": those whose names begin with it
	Order  Order
	Desc   bool
	Page   int // from 1
	Limit  int
}

const (
	// sortAtOnce is how many rows any request may sort, and countAtOnce how many of an index
	// it may count or skip; what needs more waits for its turn.
	sortAtOnce  = 10_000
	countAtOnce = 10 * sortAtOnce
)

// kind is one of the two lists that a list consists of.
type kind struct {
	table, where string
	byID         db.Statements
	scan         func(db.Row) (Image, error)
}

var (
	folderKind = kind{`bed_folder`, `account_id = $1 AND parent_id = $2 AND id <> $2 AND detached = 0`, foldersWhole, scanFolder}
	imageKind  = kind{`image`, `account_id = $1 AND folder_id = $2`, imagesByID, scanImage}
)

// within is the condition of those that are in a folder, or of those of them whose names
// begin with a text; next is the number of the argument after its own.
func (k kind) within(begins bool) (where string, next int) {
	if begins {
		return k.where + ` AND name >= $3 AND name < $4`, 5
	}
	return k.where, 3
}

// count counts up to a limit.
func (k kind) count(begins bool) string {
	where, next := k.within(begins)
	return fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT $%d) s`, k.table, where, next)
}

// ids pages through the ids alone: where an index has them in order no row is read. Every
// part of the text is a constant of this room.
func (k kind) ids(begins bool, by Order, desc bool) string {
	direction := "ASC"
	if desc {
		direction = "DESC"
	}
	order := "id " + direction // it begins with the time of creation
	switch {
	case by == ByName:
		order = "name " + direction
	case by == BySize && k.table == imageKind.table:
		order = "size " + direction + ", " + order
	case begins:
		order = "id || '' " + direction // sorted: along the index of ids all of the folder would be looked through
	}
	where, next := k.within(begins)
	return fmt.Sprintf(`SELECT id FROM %s WHERE %s ORDER BY %s LIMIT $%d OFFSET $%d`, k.table, where, order, next, next+1)
}

// part answers so many of a list of so many rows, from one on; args are those of within.
func (k kind) part(ctx context.Context, tx *db.Tx, acc account.ID, q PageQuery, args []any, rows, offset, limit int64) ([]Image, error) {
	limit = min(limit, rows-offset)
	desc := q.Desc
	fromEnd := offset > rows/2 // then there is less to be skipped
	if fromEnd {
		desc, offset = !desc, rows-offset-limit
	}
	ids, err := db.Collect(ctx, tx, scanID, k.ids(q.Begins != "", q.Order, desc), append(args, limit, offset)...)
	if err != nil {
		return nil, err
	}
	if fromEnd {
		slices.Reverse(ids)
	}
	list, err := db.CollectIn(ctx, tx, k.scan, k.byID, []any{acc}, ids)
	slices.SortFunc(list, func(a, b Image) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return list, err
}

// ListPage answers a numbered page and how many entries there are in all. One for which many
// rows have to be counted, skipped or sorted waits for its turn; what does not get turn and
// answer in time is fault.Unavailable.
func (b *Bed) ListPage(ctx context.Context, acc account.ID, q PageQuery) (list []Image, total int64, err error) {
	const op = "imagebed: list page"
	switch q.Order {
	case ByCreated, ByName, BySize:
	default:
		return nil, 0, fault.New(fault.BadRequest, op, "orderBy")
	}
	begins := q.Begins != ""
	sorted := q.Order == ByName || q.Order == ByCreated && !begins // by an index
	large := false                                                 // it goes through more than any request may
	page := func(ctx context.Context, tx *db.Tx, most int64) error {
		folder, err := FolderIn(ctx, tx, acc, q.Folder)
		if err != nil {
			return err
		}
		args := []any{acc, folder}
		if begins {
			text := norm.NFC.String(q.Begins)
			args = append(args, text, past(text))
		}
		args = slices.Clip(args)
		list, total = nil, 0
		kinds := []kind{folderKind, imageKind}
		rows := make([]int64, len(kinds))
		for n, k := range kinds {
			if _, err := tx.Get(ctx, k.count(begins), append(args, most+1-total), &rows[n]); err != nil {
				return err
			}
			total += rows[n]
		}
		if large = total > most || !sorted && most == countAtOnce && total > sortAtOnce; large {
			return nil
		}
		limit := int64(q.Limit)
		if pages := (total + limit - 1) / limit; int64(q.Page) > pages {
			return nil
		}
		offset := int64(q.Page-1) * limit
		for n, k := range kinds {
			if rest := limit - int64(len(list)); rest > 0 && offset < rows[n] {
				some, err := k.part(ctx, tx, acc, q, args, rows[n], offset, rest)
				if err != nil {
					return err
				}
				list = append(list, some...)
			}
			offset = max(0, offset-rows[n])
		}
		return nil
	}
	err = b.db.Read(ctx, op, func(tx *db.Tx) error { return page(ctx, tx, countAtOnce) })
	if err == nil && large {
		err = b.long(ctx, op, func(ctx context.Context, tx *db.Tx) error { return page(ctx, tx, math.MaxInt64-1) })
	}
	return list, total, err
}

// long is Read for what goes through more rows than any request may.
func (b *Bed) long(ctx context.Context, op string, fn func(context.Context, *db.Tx) error) error {
	return b.db.LongRead(ctx, b.turn, op, fn)
}
