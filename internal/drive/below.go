package drive

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// atOnce is how many rows any request may go through; what needs more waits for its turn.
const atOnce = 10_000

// long is Read for what goes through more rows than that. A statement is cancelled with the
// context only up to its first row: it has to find all of its rows before it answers one.
func (d *Drive) long(ctx context.Context, op string, fn func(context.Context, *db.Tx) error) error {
	return d.db.LongRead(ctx, d.turn, op, fn)
}

// The limit comes first, so that a folder's million of entries is not gone through.
var listBelow = db.List(`SELECT id, class, size FROM drive_entry WHERE account_id = $1 AND parent_id IN (`, 3, `) AND id <> 0 LIMIT $2`)

// below counts an entry and all that is below it and sums their sizes, up to a limit
// of rows; more says that there are more.
func below(ctx context.Context, tx *db.Tx, acc account.ID, top Entry, limit int) (rows int, size int64, more bool, err error) {
	rows, size = 1, top.Size
	var folders []ID
	if top.IsFolder() {
		folders = []ID{top.ID}
	}
	for len(folders) > 0 && rows <= limit {
		var next []ID
		err := db.Chunks(len(folders), func(from, to int) error {
			args := []any{acc, limit + 1 - rows}
			for _, id := range folders[from:to] {
				args = append(args, id)
			}
			return tx.Each(ctx, func(row db.Row) error {
				var id ID
				var class Class
				var bytes int64
				if err := row.Scan(&id, &class, &bytes); err != nil {
					return err
				}
				if class == picture.Folder {
					next = append(next, id)
				}
				rows, size = rows+1, size+bytes
				return nil
			}, listBelow[to-from], args...)
		})
		if err != nil {
			return 0, 0, false, fault.Wrap(err, "drive: below")
		}
		folders = next
	}
	return rows, size, rows > limit, nil
}
