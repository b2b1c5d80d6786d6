package drive

import (
	"context"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// Page is part of a listing. Next is the id to go on after; More says whether
// there is anything.
type Page struct {
	Entries []Entry
	Next    ID
	More    bool
}

// List answers the entries of a folder in order of id, those in the trash
// included, from the one after a given id on. A folder that is not there is
// fault.NotFound.
func (d *Drive) List(ctx context.Context, acc account.ID, folder, after ID, limit int) (p Page, err error) {
	err = d.db.Read(ctx, "drive: list", func(tx *db.Tx) error {
		trashed, err := standing(ctx, tx, acc, folder)
		if err != nil {
			return err
		}
		p, err = page(ctx, tx, limit, listByID, acc, folder, after, limit+1)
		for i := range p.Entries {
			p.Entries[i].Trashed = max(p.Entries[i].Trashed, trashed)
		}
		if err != nil {
			return err
		}
		return tellBlocked(ctx, tx, acc, p.Entries)
	})
	return p, err
}

// tellBlocked tells entries whether their content is blocked.
func tellBlocked(ctx context.Context, tx *db.Tx, acc account.ID, list []Entry) error {
	ids := make([]int64, 0, len(list))
	for _, e := range list {
		ids = append(ids, e.BlobID)
	}
	blocked, err := blob.BlockedAmong(ctx, tx, int64(acc), ids)
	for i := range list {
		list[i].Blocked = blocked[list[i].BlobID]
	}
	return err
}

// Pictures answers the live eligible pictures right in a folder, of at most so many bytes
// each, in order of id, from the one after a given id on. A folder that is not there is fault.NotFound; one in the trash
// has none.
func Pictures(ctx context.Context, tx *db.Tx, acc account.ID, folder, after ID, most int64, limit int) (p Page, err error) {
	trashed, err := standing(ctx, tx, acc, folder)
	if err != nil || trashed != Live {
		return p, err
	}
	// Among many other files the pictures are looked for in short statements.
	for rows := limit + 1; ; rows = min(4*rows, 1000) {
		list, err := db.Collect(ctx, tx, scanEntry, listByID, acc, folder, after, rows)
		if err != nil {
			return p, fault.Wrap(err, "drive: pictures")
		}
		for _, e := range list {
			if after = e.ID; e.Class.UpTo(most, e.Size) != picture.Eligible || e.Trashed != Live {
				continue
			}
			if p.More = len(p.Entries) == limit; p.More {
				p.Next = p.Entries[limit-1].ID
				return p, nil
			}
			p.Entries = append(p.Entries, e)
		}
		if len(list) < rows {
			return p, nil
		}
	}
}

func page(ctx context.Context, tx *db.Tx, limit int, query string, args ...any) (p Page, err error) {
	if p.Entries, err = db.Collect(ctx, tx, scanEntry, query, args...); err != nil {
		return p, err
	}
	if p.More = len(p.Entries) > limit; p.More {
		p.Entries = p.Entries[:limit]
	}
	if n := len(p.Entries); n > 0 {
		p.Next = p.Entries[n-1].ID
	}
	return p, nil
}

// standing says whether a folder, or one above it, is in the trash: fault.NotFound where
// there is none, fault.NotFolder for a file.
func standing(ctx context.Context, tx *db.Tx, acc account.ID, folder ID) (trashed Trashed, err error) {
	if folder == Root {
		return Live, nil
	}
	above, err := above(ctx, tx, acc, []ID{folder})
	if err != nil {
		return Live, err
	}
	for id := folder; id != Root; id = above[id].parent {
		trashed = max(trashed, above[id].trashed)
	}
	switch at, found := above[folder]; {
	case !found || trashed == Detached:
		return Live, fault.New(fault.NotFound, "drive: find", int64(folder))
	case at.class != picture.Folder:
		return Live, fault.New(fault.NotFolder, "drive: folder", int64(folder))
	}
	return trashed, nil
}

func find(ctx context.Context, tx *db.Tx, acc account.ID, id ID) (Entry, error) {
	known, err := Lookup(ctx, tx, acc, []ID{id})
	if err != nil {
		return Entry{}, err
	}
	e, ok := known[id]
	if !ok {
		return Entry{}, fault.New(fault.NotFound, "drive: find", int64(id))
	}
	return e, nil
}

// Get answers one entry, for a folder with the size of what is below it and for both
// with the name of the folder it is in.
func (d *Drive) Get(ctx context.Context, acc account.ID, id ID) (e Entry, parentName string, err error) {
	err = d.db.Read(ctx, "drive: get", func(tx *db.Tx) error {
		if e, err = find(ctx, tx, acc, id); err != nil {
			return err
		}
		e.Size += e.Total
		told := []Entry{e}
		if err := tellBlocked(ctx, tx, acc, told); err != nil {
			return err
		}
		e = told[0]
		_, err = tx.Get(ctx, `SELECT name FROM drive_entry WHERE account_id = $1 AND id = $2`, []any{acc, e.Parent}, &parentName)
		return err
	})
	return e, parentName, err
}

// Infos answers the entries that are there, in the order of the ids.
func (d *Drive) Infos(ctx context.Context, acc account.ID, ids []ID) (list []Entry, err error) {
	err = d.db.Read(ctx, "drive: infos", func(tx *db.Tx) error {
		known, err := Lookup(ctx, tx, acc, ids)
		for _, id := range ids {
			if e, ok := known[id]; ok {
				list = append(list, e)
				delete(known, id) // named twice, answered once
			}
		}
		if err != nil {
			return err
		}
		return tellBlocked(ctx, tx, acc, list)
	})
	return list, err
}

// Tree is an entry that is not in the trash and all below it that is not, each behind the
// folder that it is in.
type Tree []Entry

// What trees may have of paths, in bytes: one, which no file system takes in whole beyond that,
// and all together.
const (
	maxPath  = 4096
	maxPaths = 8 << 20
)

// Trees answers the trees of entries, in the order of the ids. One that is in the trash or not
// there is left out; where none is left it is fault.NotFound. Of all together there may be
// MaxCopy entries, else it is fault.TooManyEntries, and so it is for maxPaths; for a path longer
// than maxPath it is fault.PathTooLong.
func (d *Drive) Trees(ctx context.Context, acc account.ID, ids []ID) (trees []Tree, err error) {
	const op = "drive: trees"
	err = d.db.Read(ctx, op, func(tx *db.Tx) error {
		known, err := Lookup(ctx, tx, acc, ids)
		if err != nil {
			return err
		}
		trees = nil
		rows, bytes := 0, 0
		for _, id := range ids {
			top, there := known[id]
			if !there || top.Trashed != Live {
				continue
			}
			delete(known, id) // named twice, answered once
			tree, err := liveTree(ctx, tx, acc, top, MaxDepth)
			if err != nil {
				return err
			}
			paths := make(map[ID]int) // how long those of folders are
			for _, e := range tree {
				path := paths[e.Parent] + len("/") + len(e.Name)
				if path > maxPath {
					return fault.New(fault.PathTooLong, op, maxPath)
				}
				if e.IsFolder() {
					paths[e.ID] = path
				}
				bytes += path
			}
			if rows += len(tree); rows > MaxCopy || bytes > maxPaths {
				return fault.New(fault.TooManyEntries, op, MaxCopy)
			}
			trees = append(trees, tree)
		}
		if len(trees) == 0 {
			return fault.New(fault.NotFound, op)
		}
		return nil
	})
	return trees, err
}

// Walk answers the next live folders and eligible pictures of a folder by name,
// after a given one.
func Walk(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, after string, limit int) ([]Entry, error) {
	list, err := db.Collect(ctx, tx, scanEntry, listWalk, acc, folder, after, limit)
	return list, fault.Wrap(err, "drive: walk")
}

// WalkRest answers the next live files of a folder that are no eligible pictures,
// by name, after a given one.
func WalkRest(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, after string, limit int) ([]Entry, error) {
	list, err := db.Collect(ctx, tx, scanEntry, listRest, acc, folder, after, limit)
	return list, fault.Wrap(err, "drive: walk")
}

// Path answers where a folder is: "/" for the root, else "/a/b/". What has gone on
// the way is left out.
func Path(ctx context.Context, tx *db.Tx, acc account.ID, folder ID) (string, error) {
	path := "/"
	for id := folder; id != Root; {
		var parent ID
		var name string
		found, err := tx.Get(ctx, `SELECT parent_id, name FROM drive_entry WHERE account_id = $1 AND id = $2`, []any{acc, id}, &parent, &name)
		if err != nil {
			return "", fault.Wrap(err, "drive: path")
		}
		if !found {
			break
		}
		path = "/" + name + path
		id = parent
	}
	return path, nil
}

// Content is what is needed to give a file to a reader.
type Content struct {
	BlobID    int64
	Name      string
	Etag      string
	Size      int64
	Type      string // sniffed; "" where it is no raster picture
	UpdatedAt time.Time
}

const selectContent = `
	SELECT e.blob_id, e.name, e.etag, e.size, b.type, e.updated_at, b.state, a.state
	FROM drive_entry e
	JOIN blob b ON b.account_id = e.account_id AND b.id = e.blob_id
	JOIN account a ON a.id = e.account_id
	WHERE e.account_id = $1 AND e.id = $2 AND e.trashed < 2`

// Content reads what is needed to give a file to a reader; fault.NotFound where
// there is none, fault.Blocked, fault.ContentMissing or fault.Disabled where it is
// not to be had.
func (d *Drive) Content(ctx context.Context, acc account.ID, id ID) (c Content, err error) {
	err = d.db.Read(ctx, "drive: content", func(tx *db.Tx) error {
		if _, err := find(ctx, tx, acc, id); err != nil {
			return err
		}
		c, err = ContentOf(ctx, tx, acc, id)
		return err
	})
	return c, err
}

// ContentOf is Content for an entry that was found in the same transaction.
func ContentOf(ctx context.Context, tx *db.Tx, acc account.ID, id ID) (c Content, err error) {
	var updated int64
	var state blob.State
	var who account.State
	found, err := tx.Get(ctx, selectContent, []any{acc, id}, &c.BlobID, &c.Name, &c.Etag, &c.Size, &c.Type, &updated, &state, &who)
	switch {
	case err != nil:
		return c, err
	case !found:
		return c, fault.New(fault.NotFound, "drive: content", int64(id))
	case who != account.Enabled:
		return c, fault.New(fault.Disabled, "drive: content")
	case state == blob.Blocked:
		return c, fault.New(fault.Blocked, "drive: content", int64(id))
	case state != blob.Live:
		return c, fault.New(fault.ContentMissing, "drive: content", int64(id))
	}
	c.UpdatedAt = time.UnixMicro(updated)
	return c, nil
}
