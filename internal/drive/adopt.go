package drive

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// LostAndFound is the folder below the root for what has lost its own.
const LostAndFound = "lost+found"

const setParent = `UPDATE drive_entry SET parent_id = $3, name = $4, updated_at = $5 WHERE account_id = $1 AND id = $2`

// Adopt hangs an entry that does not hang below the root, with all below it, into
// LostAndFound; what hangs where it should stays. It is for repairs. Call it with the
// account locked.
func Adopt(ctx context.Context, tx *db.Tx, acc account.ID, id ID) error {
	list, err := db.Collect(ctx, tx, scanEntry, selectByID, acc, id)
	if err != nil || len(list) == 0 || id == Root {
		return fault.Wrap(err, "drive: adopt")
	}
	above, err := above(ctx, tx, acc, []ID{id})
	if err != nil || hangs(above, id) {
		return err
	}
	e := list[0]
	home, err := MkdirAll(ctx, tx, acc, Root, []string{LostAndFound})
	if err != nil {
		return err
	}
	name, err := nameIn(ctx, tx, acc, home, e.Name)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, setParent, acc, id, home, name, tx.Micros()); err != nil {
		return fault.Wrap(err, "drive: adopt")
	}
	for _, folder := range []ID{e.Parent, home} {
		if err := Recount(ctx, tx, acc, folder); err != nil {
			return err
		}
	}
	return nil
}

// hangs says whether the way up from an entry ends at the root, through folders.
func hangs(above map[ID]node, id ID) bool {
	for at, steps := id, 0; steps <= len(above); steps++ {
		n, found := above[at]
		if !found || at != id && n.class != 0 {
			return false
		}
		if at == Root {
			return true
		}
		at = n.parent
	}
	return false
}
