package drive

import (
	"context"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

const renameEntry = `UPDATE drive_entry SET name = $3, class = $4, updated_at = $5 WHERE account_id = $1 AND id = $2`

// NewName is what an entry is to be called.
type NewName struct {
	ID   ID
	Name string
}

// Renamed tells what became of a NewName.
type Renamed struct {
	ID        ID
	UpdatedAt time.Time // of the entry, where it has the name now
	Err       error     // see Rename
}

// Rename gives an entry another name where it is; the name it has already changes
// nothing.
//
// Errors: fault.NotFound where there is none of the id, or it is in the trash;
// fault.BadName, see entryname; fault.NameTaken where another entry there has the name.
func (d *Drive) Rename(ctx context.Context, acc account.ID, id ID, name string) error {
	out, err := d.RenameEach(ctx, acc, []NewName{{id, name}})
	if err == nil {
		err = out[0].Err
	}
	return err
}

// RenameEach is Rename for several, one after another, each decided by itself.
func (d *Drive) RenameEach(ctx context.Context, acc account.ID, list []NewName) (out []Renamed, err error) {
	err = d.db.Write(ctx, "drive: rename", func(tx *db.Tx) error {
		out = make([]Renamed, 0, len(list))
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		for _, n := range list {
			at, err := rename(ctx, tx, acc, n)
			switch fault.CodeOf(err) {
			case "", fault.NotFound, fault.BadName, fault.NameTaken:
				out = append(out, Renamed{n.ID, at, err})
			default:
				return err
			}
		}
		return nil
	})
	return out, err
}

func rename(ctx context.Context, tx *db.Tx, acc account.ID, n NewName) (updated time.Time, err error) {
	name, err := entryname.Clean(n.Name)
	if err != nil {
		return updated, err
	}
	e, err := find(ctx, tx, acc, n.ID)
	switch {
	case err != nil:
		return updated, err
	case e.Trashed != Live:
		return updated, fault.New(fault.NotFound, "drive: rename", int64(n.ID))
	case e.Name == name:
		return e.UpdatedAt, nil
	}
	if _, taken, err := byName(ctx, tx, acc, e.Parent, name); err != nil || taken {
		if taken {
			err = fault.New(fault.NameTaken, "drive: rename", name)
		}
		return updated, err
	}
	_, err = tx.Exec(ctx, renameEntry, acc, e.ID, name, classAs(e, name), tx.Micros())
	return tx.Now(), fault.Wrap(err, "drive: rename")
}

// classAs is the class of an entry that is called so.
func classAs(e Entry, name string) Class {
	if e.IsFolder() {
		return picture.Folder
	}
	return picture.ClassOf(name, e.Size)
}
