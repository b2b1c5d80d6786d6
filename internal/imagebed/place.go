package imagebed

import (
	"context"
	"slices"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// Incoming is content, stored already, that is to be shown in a folder.
type Incoming struct {
	Folder    ID
	Name      string // clean, see entryname
	BlobID    int64
	Size      int64
	Etag      string
	UpdatedAt int64 // microseconds; what the image says after a replacement
	Overwrite bool  // an image of the name: take its place, keeping its link, and be no other image's
	KeepBoth  bool  // be a new image, whatever is there
	New       bool  // the folder was made by this transaction, and nothing is in it: it need not be asked
}

// merges says that an image with the same content is the same picture. Where the name that
// is to be overwritten is a folder's, it is, or it would be another one each time.
func (i Incoming) merges(named map[string]ID) bool {
	return !i.KeepBoth && (!i.Overwrite || named[i.Name].isFolder())
}

// Placed says what became of it.
type Placed struct {
	ID       ID
	Name     string
	Replaced bool
	NoRoom   bool // the quota is used up; nothing was done
}

// Place shows contents in their folders, in order, as one set:
//
// Unless something else is said, an image of the folder with the same etag and size is
// the same picture: it keeps id and link and takes name, time and content from what
// comes (the oldest where there are several). All such images count as nameless first, so names may be
// swapped. Where other content holds the name, the new one is called name(1).ext.
// What is new takes quota, in order, where it still fits; reserved bytes of an
// upload are given back to it first. The same set placed again changes nothing.
//
// All that goes to one folder must come in one call with no etag and size twice.
// Call it with the account locked, acc being what the lock answered. fault.NotAnImage for
// a new image whose name ends with none of the bed's formats.
func (b *Bed) Place(ctx context.Context, tx *db.Tx, acc account.Account, in []Incoming, reserved int64) ([]Placed, error) {
	p := &placing{tx: tx, acc: acc.ID, in: in, out: make([]Placed, len(in)), room: acc.Room() + reserved}
	if err := p.decide(ctx); err != nil {
		return nil, fault.Wrap(err, "imagebed: place")
	}
	return p.out, fault.Wrap(p.write(ctx, reserved), "imagebed: place")
}

// decide says what becomes of all, folder by folder.
func (p *placing) decide(ctx context.Context) error {
	byFolder := make(map[ID][]int)
	var folders []ID
	for i, item := range p.in {
		if byFolder[item.Folder] == nil {
			folders = append(folders, item.Folder)
		}
		byFolder[item.Folder] = append(byFolder[item.Folder], i)
	}
	for _, f := range folders {
		if err := p.folder(ctx, f, byFolder[f]); err != nil {
			return err
		}
	}
	return nil
}

// SizeOf answers the size of the image of a name in a folder, as FolderIn takes it;
// 0 where there is none.
func SizeOf(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, name string) (size int64, err error) {
	if folder, err = FolderIn(ctx, tx, acc, folder); err != nil {
		return 0, err
	}
	_, err = tx.Get(ctx, `SELECT size FROM image WHERE account_id = $1 AND folder_id = $2 AND name = $3`, []any{acc, folder, name}, &size)
	return size, fault.Wrap(err, "imagebed: size of")
}

// placing is one call of Place.
type placing struct {
	tx   *db.Tx
	acc  account.ID
	in   []Incoming
	out  []Placed
	room int64 // bytes that new images may still take
	used int64 // change of the used bytes

	park   []parked // images that change their name
	freed  []int64  // contents that images cease to show
	update []int    // items whose image changes
	insert []int    // items that become a new image
}

// parked is an image that changes its name.
type parked struct {
	id   ID
	left Wanted // the name that it gives up
}

// existing is an image of the folder that matches an item.
type existing struct {
	id        ID
	name      string
	etag      string
	size      int64
	blobID    int64
	updatedAt int64
}

type content struct {
	etag string
	size int64
}

// folder decides on the items of one folder.
func (p *placing) folder(ctx context.Context, folder ID, items []int) error {
	isNew := p.in[items[0]].New
	var same map[content]existing
	var named map[string]ID
	if !isNew {
		var err error
		if named, err = p.named(ctx, folder, items); err != nil {
			return err
		}
		if same, err = p.same(ctx, folder, items, named); err != nil {
			return err
		}
	}
	chosen := make(map[ID]bool, len(same))
	for _, e := range same {
		chosen[e.id] = true
	}
	given := make(map[string]bool, len(items))
	last := make(map[string]int) // the suffix given last for a name
	// The answer is the same when the set is placed again: its images are the chosen
	// ones then. So the same free name is found.
	taken := func(name string) (bool, error) {
		if given[name] || isNew {
			return given[name], nil
		}
		id, known := named[name]
		if !known {
			var err error
			if id, _, err = holder(ctx, p.tx, p.acc, folder, name); err != nil {
				return false, err
			}
			named[name] = id
		}
		return id != "" && !chosen[id], nil
	}
	for _, i := range items {
		item := p.in[i]
		var old existing
		found := false
		if item.merges(named) {
			old, found = same[content{item.Etag, item.Size}]
		}
		if item.Overwrite && !found {
			if id := named[item.Name]; id != "" && !id.isFolder() && !chosen[id] {
				var err error
				if old, found, err = p.one(ctx, id); err != nil {
					return err
				}
			}
		}
		grow := item.Size
		if found {
			grow -= old.size
		}
		if grow > 0 && grow > p.room {
			p.out[i].NoRoom = true
			continue
		}
		p.room -= grow
		p.used += grow

		chosen[old.id] = true // also one that is overwritten by its name
		name := item.Name
		isTaken, err := taken(name)
		if err == nil && isTaken {
			name, last[item.Name], err = entryname.Free(item.Name, last[item.Name], taken)
		}
		if err != nil {
			return err
		}
		given[name] = true
		p.out[i] = Placed{ID: old.id, Name: name, Replaced: found}
		switch {
		case !found:
			if _, ok := picture.FormatOfName(name); !ok { // its link would have another ending
				return fault.New(fault.NotAnImage, "imagebed: place")
			}
			p.insert = append(p.insert, i)
		case old.name != name || old.blobID != item.BlobID || old.updatedAt != item.UpdatedAt || old.etag != item.Etag:
			p.update = append(p.update, i)
			if old.blobID != item.BlobID {
				p.freed = append(p.freed, old.blobID)
			}
			if old.name != name {
				p.park = append(p.park, parked{old.id, Wanted{folder, old.name}})
			}
		}
	}
	return nil
}

// same finds the oldest image of the folder for each item's etag and size.
func (p *placing) same(ctx context.Context, folder ID, items []int, named map[string]ID) (map[content]existing, error) {
	wanted := make(map[content]bool, len(items))
	etags := make([]string, 0, len(items))
	for _, i := range items {
		if p.in[i].merges(named) {
			wanted[content{p.in[i].Etag, p.in[i].Size}] = true
			etags = append(etags, p.in[i].Etag)
		}
	}
	found := make(map[content]existing)
	err := p.lookup(ctx, sameImages, folder, etags, func(row db.Row) error {
		var e existing
		if err := row.Scan(&e.id, &e.name, &e.etag, &e.size, &e.blobID, &e.updatedAt); err != nil {
			return err
		}
		c := content{e.etag, e.size}
		if old, ok := found[c]; wanted[c] && (!ok || e.id < old.id) {
			found[c] = e
		}
		return nil
	})
	return found, err
}

// named tells who holds the names that the items want; "" for nobody.
func (p *placing) named(ctx context.Context, folder ID, items []int) (map[string]ID, error) {
	named := make(map[string]ID, len(items))
	names := make([]string, 0, len(items))
	for _, i := range items {
		named[p.in[i].Name] = ""
		names = append(names, p.in[i].Name)
	}
	for _, st := range []db.Statements{namedImages, namedFolders} {
		err := p.lookup(ctx, st, folder, names, func(row db.Row) error {
			var id ID
			var name string
			err := row.Scan(&id, &name)
			named[name] = id
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return named, nil
}

func (p *placing) one(ctx context.Context, id ID) (e existing, found bool, err error) {
	found, err = p.tx.Get(ctx, `SELECT id, name, etag, size, blob_id, updated_at FROM image WHERE account_id = $1 AND id = $2`,
		[]any{p.acc, id}, &e.id, &e.name, &e.etag, &e.size, &e.blobID, &e.updatedAt)
	return e, found, err
}

func (p *placing) lookup(ctx context.Context, st db.Statements, folder ID, keys []string, scan func(db.Row) error) error {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	return db.Chunks(len(keys), func(from, to int) error {
		args := []any{p.acc, folder}
		for _, k := range keys[from:to] {
			args = append(args, k)
		}
		return p.tx.Each(ctx, scan, st[to-from], args...)
	})
}

// write carries out what was decided.
func (p *placing) write(ctx context.Context, reserved int64) error {
	acc, now := p.acc, p.tx.Micros()
	if _, err := p.tx.ExecRows(ctx, parkImages, []any{acc}, len(p.park), func(i int) []any { return []any{p.park[i].id} }); err != nil {
		return err
	}
	_, err := p.tx.ExecRows(ctx, updateImages, []any{acc, now}, len(p.update), func(n int) []any {
		i := p.update[n]
		item := p.in[i]
		return []any{p.out[i].ID, p.out[i].Name, item.BlobID, item.Size, item.Etag, item.UpdatedAt}
	})
	if err != nil {
		return err
	}
	if err := blob.Released(ctx, p.tx, int64(acc), p.freed); err != nil {
		return err
	}
	for _, i := range p.update {
		tellChanged(p.tx, p.out[i].ID)
	}
	for n, id := range mint.new(acc, kindImage, p.tx.Now(), len(p.insert)) {
		p.out[p.insert[n]].ID = id
	}
	_, err = p.tx.ExecRows(ctx, insertImage, nil, len(p.insert), func(n int) []any {
		i := p.insert[n]
		item, out := p.in[i], p.out[i]
		return []any{acc, out.ID, item.Folder, out.Name, linkExt(out.Name), item.BlobID, item.Size, item.Etag, out.ID.createdAt(), now, now}
	})
	if err != nil {
		return err
	}
	return account.Count(ctx, p.tx, acc, p.used, -reserved)
}

// linkExt is the ending that a new image's link keeps for ever: one of the nine.
func linkExt(name string) string { return picture.ExtOfName(name) }
