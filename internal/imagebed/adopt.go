package imagebed

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

// LostAndFound is the folder below the root for what has lost its own.
const LostAndFound = "lost+found"

const foldersAbove = `
	WITH RECURSIVE up (id, parent_id) AS (
		SELECT id, parent_id FROM bed_folder WHERE account_id = $1 AND id = $2
		UNION
		SELECT f.id, f.parent_id FROM up JOIN bed_folder f ON f.account_id = $1 AND f.id = up.parent_id
	) SELECT count(*) FROM up WHERE id = parent_id`

// Adopt hangs an image or folder that does not hang below the root, with all below it,
// into LostAndFound; what hangs where it should stays. Links do not change. It is for
// repairs. Call it with the account locked.
func Adopt(ctx context.Context, tx *db.Tx, acc account.ID, id ID) error {
	query, move := `SELECT folder_id, name FROM image WHERE account_id = $1 AND id = $2`, moveImage
	if id.isFolder() {
		query, move = `SELECT parent_id, name FROM bed_folder WHERE account_id = $1 AND id = $2`, moveFolder
	}
	var folder ID
	var name string
	found, err := tx.Get(ctx, query, []any{acc, id}, &folder, &name)
	if err != nil || !found {
		return fault.Wrap(err, "imagebed: adopt")
	}
	var roots int
	if _, err := tx.Get(ctx, foldersAbove, []any{acc, folder}, &roots); err != nil || roots > 0 {
		return fault.Wrap(err, "imagebed: adopt")
	}
	root, err := FolderIn(ctx, tx, acc, "")
	if err != nil {
		return err
	}
	home, err := Subfolders(ctx, tx, acc, []Wanted{{root, LostAndFound}}, map[ID]bool{id: true})
	if err != nil {
		return err
	}
	taken := func(name string) (bool, error) {
		_, taken, err := holder(ctx, tx, acc, home[0].ID, name)
		return taken, err
	}
	if isTaken, err := taken(name); err != nil {
		return err
	} else if isTaken {
		if name, _, err = entryname.Free(name, 0, taken); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, move, acc, id, home[0].ID, name, tx.Micros())
	return fault.Wrap(err, "imagebed: adopt")
}
