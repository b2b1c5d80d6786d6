package imagebed

import (
	"context"
	"maps"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

// Wanted is a folder that is to be found, or made where it is missing.
type Wanted struct {
	Parent ID
	Name   string // clean, see entryname
}

// Subfolder is what a wanted folder has become.
type Subfolder struct {
	ID   ID
	Name string
	Made bool // not found
}

// Subfolders finds or makes folders, as one set, in order. Where an image, or a
// folder that is not to be used, holds the name, it is called name(1), name(2)…,
// which is a folder or free; so the same set finds the next time what it has made
// the first. Folders found and made join those not to be used: no two wanted ones
// become one. The parents must be there and not as deep as MaxDepth. Call it with
// the account locked.
func Subfolders(ctx context.Context, tx *db.Tx, acc account.ID, want []Wanted, not map[ID]bool) ([]Subfolder, error) {
	out, err := chooseSubfolders(ctx, tx, acc, want, not, nil)
	if err != nil {
		return nil, err
	}
	var missing []int
	for n := range out {
		if out[n].Made {
			missing = append(missing, n)
		}
	}
	now := tx.Micros()
	_, err = tx.ExecRows(ctx, insertFolder, nil, len(missing), func(i int) []any {
		f := out[missing[i]]
		return []any{acc, f.ID, want[missing[i]].Parent, f.Name, f.ID.createdAt(), now}
	})
	return out, fault.Wrap(err, "imagebed: make folders")
}

// chooseSubfolders decides which folders are found and which are to be made. draft has
// the names that are held otherwise than the database says.
func chooseSubfolders(ctx context.Context, tx *db.Tx, acc account.ID, want []Wanted, not map[ID]bool, draft map[Wanted]ID) ([]Subfolder, error) {
	held, err := holders(ctx, tx, acc, want)
	if err != nil {
		return nil, err
	}
	maps.Copy(held, draft)
	out := make([]Subfolder, len(want))
	for n, id := range mint.new(acc, kindFolder, tx.Now(), len(want)) {
		taken := func(name string) (bool, error) {
			w := Wanted{want[n].Parent, name}
			id, known := held[w]
			if !known {
				var err error
				if id, _, err = holder(ctx, tx, acc, w.Parent, name); err != nil {
					return false, err
				}
				held[w] = id
			}
			return id != "" && !(id.isFolder() && !not[id]), nil
		}
		name := want[n].Name
		isTaken, err := taken(name)
		if err == nil && isTaken {
			name, _, err = entryname.Free(name, 0, taken)
		}
		if err != nil {
			return nil, err
		}
		at := Wanted{want[n].Parent, name}
		if held[at] == "" {
			held[at] = id
		}
		out[n] = Subfolder{ID: held[at], Name: name, Made: held[at] == id}
		not[out[n].ID] = true
	}
	return out, nil
}

// UnmakeFolders takes back folders that the same transaction has made, those below
// before those above.
func UnmakeFolders(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) error {
	_, err := tx.ExecRows(ctx, deleteFolders, []any{acc}, len(ids), func(i int) []any { return []any{ids[i]} })
	return fault.Wrap(err, "imagebed: unmake folders")
}

// holders tells who has each of some names; "" for nobody.
func holders(ctx context.Context, tx *db.Tx, acc account.ID, want []Wanted) (map[Wanted]ID, error) {
	held := make(map[Wanted]ID, len(want))
	err := db.Chunks(len(want), func(from, to int) error {
		args := make([]any, 0, 1+2*(to-from))
		args = append(args, acc)
		for _, w := range want[from:to] {
			held[w] = ""
			args = append(args, w.Parent, w.Name)
		}
		return tx.Each(ctx, func(row db.Row) error {
			var w Wanted
			var id ID
			err := row.Scan(&w.Parent, &w.Name, &id)
			held[w] = id
			return err
		}, selectHolders[to-from], args...)
	})
	return held, fault.Wrap(err, "imagebed: who has the names")
}
