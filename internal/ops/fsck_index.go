package ops

import (
	"context"
	"strconv"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
)

// The index of names is compared with the names: what is noted as to be put into it is as
// good as there. It is made of them again name by name.

// driveIndexed finds the names of a page that the index does not have.
func driveIndexed(ctx context.Context, tx *db.Tx, acc int64, from, to any) (found []Finding, err error) {
	type named struct {
		id   drive.ID
		name string
	}
	list, err := db.Collect(ctx, tx, func(row db.Row) (n named, err error) { return n, row.Scan(&n.id, &n.name) },
		`SELECT x.id, x.name FROM drive_entry x WHERE`+paged+`AND x.id <> 0`, acc, from, to)
	if err != nil {
		return nil, err
	}
	for _, n := range list {
		has, err := drive.Indexed(ctx, tx, account.ID(acc), n.id, n.name)
		if err != nil {
			return nil, err
		}
		if !has {
			found = append(found, inIndex("drive.indexed", acc, n.id))
		}
	}
	return found, nil
}

// leftInIndex finds what the index has of an account that is not there.
func (f *Fsck) leftInIndex(ctx context.Context, acc int64) error {
	for after, more := drive.Root, true; more; {
		var next drive.ID
		err := f.look(ctx, acc, func(tx *db.Tx) (found []Finding, err error) {
			var none []drive.ID
			if none, next, err = drive.IndexedNone(ctx, tx, account.ID(acc), after); err != nil {
				return nil, err
			}
			for _, id := range none {
				found = append(found, inIndex("drive.index_left", acc, id))
			}
			return found, nil
		})
		if err != nil {
			return err
		}
		after, more = next, next != drive.Root
	}
	return nil
}

func inIndex(code string, acc int64, id drive.ID) Finding {
	return Finding{Code: code, Place: place("drive_words", acc, strconv.FormatInt(int64(id), 10)),
		fix: func(ctx context.Context, tx *db.Tx) error {
			return drive.Reindex(ctx, tx, account.ID(acc), []drive.ID{id})
		}}
}
