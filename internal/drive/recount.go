package drive

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const recount = `
	UPDATE drive_entry SET (children, total) = (
		SELECT count(*), CAST(coalesce(sum(c.size + c.total), 0) AS BIGINT) FROM drive_entry c
		WHERE c.account_id = $1 AND c.parent_id = $2 AND c.trashed = 0 AND c.id <> 0)
	WHERE account_id = $1 AND id = $2 RETURNING parent_id`

var foldersOf = db.List(`SELECT id FROM drive_entry WHERE account_id = $1 AND class = 0 AND id <> 0 AND parent_id IN (`, 2, `)`)

// Recount counts anew what is right below a folder and, as that may change what they
// count, below the folders above it. It is for repairs. Call it with the account locked.
func Recount(ctx context.Context, tx *db.Tx, acc account.ID, folder ID) error {
	at := folder
	for range 2 * MaxDepth { // it may hang below itself
		var parent ID
		found, err := tx.Get(ctx, recount, []any{acc, at}, &parent)
		if err != nil || !found || at == Root {
			return fault.Wrap(err, "drive: recount")
		}
		at = parent
	}
	return nil
}

// RecountBelow is Recount for a folder below which others may count wrongly too.
func RecountBelow(ctx context.Context, tx *db.Tx, acc account.ID, folder ID) error {
	folders, seen := []ID{folder}, map[ID]bool{folder: true}
	for done := 0; done < len(folders); { // level by level
		next, err := db.CollectIn(ctx, tx, scanID, foldersOf, []any{acc}, folders[done:])
		if err != nil {
			return fault.Wrap(err, "drive: recount below")
		}
		done = len(folders)
		for _, id := range next {
			if !seen[id] {
				seen[id] = true
				folders = append(folders, id)
			}
		}
	}
	for i := len(folders) - 1; i > 0; i-- {
		if _, err := tx.Exec(ctx, recount, acc, folders[i]); err != nil {
			return fault.Wrap(err, "drive: recount below")
		}
	}
	return Recount(ctx, tx, acc, folder)
}

func scanID(row db.Row) (id ID, err error) { return id, row.Scan(&id) }
