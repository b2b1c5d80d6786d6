package ops

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/picture"
)

// What SQL can't judge: names, and the class that follows from one.

var driveRows = scan{
	query: `SELECT x.id, x.name, x.class, x.size FROM drive_entry x WHERE` + paged,
	judge: func(_ context.Context, _ *db.Tx, acc int64, row db.Row) (found []Finding, err error) {
		var id, size int64
		var name string
		var class picture.Class
		if err := row.Scan(&id, &name, &class, &size); err != nil || id == 0 {
			return nil, err
		}
		at := place("drive_entry", acc, strconv.FormatInt(id, 10))
		if !entryname.Kept(name) {
			found = append(found, Finding{Code: "drive.name", Place: at, Has: name})
		}
		if want := picture.ClassOf(name, size); class != picture.Folder && class != want {
			found = append(found, Finding{Code: "drive.class", Place: at, Has: class.String(), Want: want.String(),
				fix: func(ctx context.Context, tx *db.Tx) error {
					_, err := tx.Exec(ctx, `
						UPDATE drive_entry SET class = $3 WHERE account_id = $1 AND id = $2 AND name = $4 AND size = $5 AND class <> 0`, acc, id, want, name, size)
					return err
				}})
		}
		return found, nil
	},
}

var bedRows = scan{
	query: `SELECT x.id, x.name FROM bed_folder x WHERE` + paged + `AND x.id <> x.parent_id AND x.detached = 0`,
	judge: func(_ context.Context, _ *db.Tx, acc int64, row db.Row) ([]Finding, error) {
		var id, name string
		if err := row.Scan(&id, &name); err != nil || entryname.Kept(name) {
			return nil, err
		}
		return []Finding{{Code: "bed.name", Place: place("bed_folder", acc, id), Has: name}}, nil
	},
}

// nine are the endings that links have.
var nine = []string{"png", "gif", "jpeg", "tiff", "webp", "jpg", "tif", "svg", "bmp"}

var imageRows = scan{
	query: `SELECT x.id, x.name, x.ext FROM image x WHERE` + paged,
	judge: func(_ context.Context, _ *db.Tx, acc int64, row db.Row) (found []Finding, err error) {
		var id, name, ext string
		if err := row.Scan(&id, &name, &ext); err != nil {
			return nil, err
		}
		if !entryname.Kept(name) {
			found = append(found, Finding{Code: "image.name", Place: place("image", acc, id), Has: name})
		}
		if !slices.Contains(nine, ext) {
			found = append(found, Finding{Code: "image.ext", Place: place("image", acc, id), Has: ext, Want: strings.Join(nine, " ")})
		}
		return found, nil
	},
}
