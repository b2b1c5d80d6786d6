package imagebed

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// Rename gives an image or folder another name where it is. Id and link stay, with
// the link's ending, and so does what it shows; the name it has already changes
// nothing.
//
// Errors: fault.NotFound where there is none of the id; fault.BadName, see entryname;
// fault.NotAnImage for an image whose name would end with none of the bed's formats;
// fault.NameTaken where another image or folder there has the name; BadRequest for
// "fileID" where it is the root, by its own id or "0", which has no name.
func (b *Bed) Rename(ctx context.Context, acc account.ID, id ID, name string) error {
	name, err := entryname.Clean(name)
	if err != nil {
		return err
	}
	if id == "0" {
		return fault.New(fault.BadRequest, "imagebed: rename the root", "fileID")
	}
	return b.db.Write(ctx, "imagebed: rename", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		e, found, err := entry(ctx, tx, acc, id)
		if err != nil {
			return err
		}
		switch {
		case !found:
			return fault.New(fault.NotFound, "imagebed: rename")
		case e.IsFolder && e.Folder == e.ID:
			return fault.New(fault.BadRequest, "imagebed: rename the root", "fileID")
		case e.Name == name:
			return nil
		}
		if _, ok := picture.FormatOfName(name); !e.IsFolder && !ok {
			return fault.New(fault.NotAnImage, "imagebed: rename")
		}
		_, taken, err := holder(ctx, tx, acc, e.Folder, name)
		if err != nil {
			return err
		}
		if taken {
			return fault.New(fault.NameTaken, "imagebed: rename", name)
		}
		query := renameImage
		if e.IsFolder {
			query = renameFolder
		}
		if _, err := tx.Exec(ctx, query, acc, id, name, tx.Micros()); err != nil {
			return fault.Wrap(err, "imagebed: rename")
		}
		tellChanged(tx, id)
		return nil
	})
}
