// Package imagebed keeps the folders and images of an account's image bed (图床):
// which stored content a permanent link shows, under which name, in which folder.
// It promises that an image's id and link never change while it exists, that a
// name is unique in its folder, and that quota changes with what it counts. It
// does not know the drive, and it moves no bytes.
package imagebed

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// MaxDepth is how many levels of folders a tree may have.
const MaxDepth = 128

// MaxIDs is how many ids one call may name.
const MaxIDs = 100

// Image is an image or, with IsFolder, a folder, as it was when it was read.
type Image struct {
	ID         ID
	Folder     ID // the folder it is in; the root's is itself
	FolderName string
	IsFolder   bool
	Name       string
	Ext        string // of its link; fixed at first publication
	BlobID     int64
	Size       int64
	Etag       string
	Blocked    bool // by the operator
	Width      int  // in pixels; 0 where that is not known; only Get tells
	Height     int
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Bed is the room's door to the database. Its methods may be called at the same
// time.
type Bed struct {
	db    *db.DB
	drops drops
	turn  chan struct{} // held by the one long read, see long
}

// New makes the room's door.
func New(d *db.DB) *Bed {
	b := &Bed{db: d, turn: make(chan struct{}, 1)}
	d.OnTell(changed, b.drops.heard)
	d.OnTell(account.StateChanged, func(string) { b.drops.all() })
	d.OnForeignWrite(b.drops.all)
	return b
}

// MakeRoot makes a new account's top folder.
func MakeRoot(ctx context.Context, tx *db.Tx, acc account.ID) error {
	id := mint.new(acc, kindFolder, tx.Now(), 1)[0]
	_, err := tx.Exec(ctx, insertFolder[1], acc, id, id, "", id.createdAt(), tx.Micros())
	return fault.Wrap(err, "imagebed: make root")
}

// FolderIn finds the folder that a request means: "" and "0" are the root, whose own
// id stands for it too. fault.ParentNotFound where there is none, fault.NotFolder
// for an image.
func FolderIn(ctx context.Context, tx *db.Tx, acc account.ID, said ID) (id ID, err error) {
	if said == "" || said == "0" {
		_, err = tx.Get(ctx, selectRoot, []any{acc}, &id)
		return id, fault.Wrap(err, "imagebed: root")
	}
	if !said.isFolder() {
		var found bool
		if _, ok := said.account(); ok {
			found, err = tx.Get(ctx, selectImageID, []any{acc, said}, &id)
		}
		switch {
		case err != nil:
			return "", fault.Wrap(err, "imagebed: folder")
		case found:
			return "", fault.New(fault.NotFolder, "imagebed: folder")
		}
		return "", fault.New(fault.ParentNotFound, "imagebed: folder")
	}
	found, err := tx.Get(ctx, selectFolderID, []any{acc, said}, &id)
	if err == nil && !found {
		err = fault.New(fault.ParentNotFound, "imagebed: folder")
	}
	return id, err
}

// Mkdir makes folders in one folder, all or none of them, and answers their ids
// in order. A taken name is fault.BedFolderTaken.
func (b *Bed) Mkdir(ctx context.Context, acc account.ID, parent ID, names []string) (ids []ID, err error) {
	clean := make([]string, len(names))
	for i, n := range names {
		if clean[i], err = entryname.Clean(n); err != nil {
			return nil, err
		}
	}
	err = b.db.Write(ctx, "imagebed: mkdir", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		if parent, err = FolderIn(ctx, tx, acc, parent); err != nil {
			return err
		}
		depth, err := Depth(ctx, tx, acc, parent)
		if err != nil {
			return err
		}
		if depth+1 > MaxDepth {
			return fault.New(fault.TooDeep, "imagebed: mkdir", MaxDepth)
		}
		ids = ids[:0]
		for _, name := range clean {
			_, taken, err := holder(ctx, tx, acc, parent, name)
			if err != nil {
				return err
			}
			if taken {
				return fault.New(fault.BedFolderTaken, "imagebed: mkdir", name)
			}
			id := mint.new(acc, kindFolder, tx.Now(), 1)[0]
			if _, err := tx.Exec(ctx, insertFolder[1], acc, id, parent, name, id.createdAt(), tx.Micros()); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// Depth answers how many levels a folder is below the root, which has 0.
func Depth(ctx context.Context, tx *db.Tx, acc account.ID, folder ID) (n int, err error) {
	_, err = tx.Get(ctx, countAbove, []any{acc, folder}, &n)
	return n - 1, fault.Wrap(err, "imagebed: depth")
}

// Folders says which of some folders are there.
func Folders(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) (map[ID]bool, error) {
	there := make(map[ID]bool, len(ids))
	list, err := db.CollectIn(ctx, tx, scanID, foldersByID, []any{acc}, ids)
	for _, id := range list {
		there[id] = true
	}
	return there, fault.Wrap(err, "imagebed: folders")
}

// Path answers where a folder is: "/" for the root, else "/a/b/". What has gone on the
// way is left out.
func Path(ctx context.Context, tx *db.Tx, acc account.ID, folder ID) (string, error) {
	paths, err := Paths(ctx, tx, acc, []ID{folder})
	return paths[folder], err
}

// Paths is Path for many folders.
func Paths(ctx context.Context, tx *db.Tx, acc account.ID, folders []ID) (map[ID]string, error) {
	folders = uniqueIDs(folders)
	above := make(map[ID]node)
	err := db.InChunks([]any{acc}, folders, func(n int, args []any) error {
		return tx.Each(ctx, func(row db.Row) error {
			var id ID
			var at node
			err := row.Scan(&id, &at.parent, &at.name)
			above[id] = at
			return err
		}, allAbove[n], args...)
	})
	out := make(map[ID]string, len(folders))
	for _, folder := range folders {
		out[folder] = pathOf(above, folder)
	}
	return out, fault.Wrap(err, "imagebed: paths")
}

// node is a folder on the way to another.
type node struct {
	parent ID
	name   string
}

// pathOf joins the names on the way to a folder.
func pathOf(above map[ID]node, folder ID) string {
	names := []string{""}
	for id := folder; len(names) <= MaxDepth+1; {
		at, there := above[id]
		if !there || at.parent == id { // the root has no name
			break
		}
		names = append(names, at.name)
		id = at.parent
	}
	names = append(names, "")
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// Published answers those of some images that are there.
func Published(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) (map[ID]Image, error) {
	list, err := db.CollectIn(ctx, tx, scanImage, imagesByID, []any{acc}, ids)
	out := make(map[ID]Image, len(list))
	for _, i := range list {
		out[i.ID] = i
	}
	return out, fault.Wrap(err, "imagebed: published")
}

// Get answers an image or folder; fault.NotFound where there is none.
func (b *Bed) Get(ctx context.Context, acc account.ID, id ID) (img Image, err error) {
	err = b.db.Read(ctx, "imagebed: get", func(tx *db.Tx) error {
		query, scan := selectImage, scanImage
		if id.isFolder() {
			query, scan = selectFolder, scanFolder
		}
		list, err := db.Collect(ctx, tx, scan, query, acc, id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.New(fault.NotFound, "imagebed: get")
		}
		img = list[0]
		if img.IsFolder {
			return nil
		}
		_, err = tx.Get(ctx, selectSides, []any{acc, img.BlobID}, &img.Width, &img.Height)
		return err
	})
	return img, err
}

// Images answers images in the order of their ids, one as often as it is named.
// fault.NotFound where one is not there, fault.NotFile where one is a folder.
func (b *Bed) Images(ctx context.Context, acc account.ID, ids []ID) (list []Image, err error) {
	err = b.db.Read(ctx, "imagebed: images", func(tx *db.Tx) error {
		list, err = ImagesByID(ctx, tx, acc, ids)
		return err
	})
	return list, err
}

// ImagesByID is Bed.Images in a transaction.
func ImagesByID(ctx context.Context, tx *db.Tx, acc account.ID, ids []ID) ([]Image, error) {
	byID, err := Published(ctx, tx, acc, uniqueIDs(ids))
	if err != nil {
		return nil, err
	}
	list := make([]Image, len(ids))
	for i, id := range ids {
		var there bool
		if list[i], there = byID[id]; there {
			continue
		}
		folders, err := Folders(ctx, tx, acc, []ID{id})
		if err != nil {
			return nil, err
		}
		if folders[id] {
			return nil, fault.New(fault.NotFile, "imagebed: images")
		}
		return nil, fault.New(fault.NotFound, "imagebed: images")
	}
	return list, nil
}

// Below answers the ids of the images of a folder, as FolderIn takes it, and of all below
// it, in order of creation where there are fewer than a limit, else any so many.
func Below(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, limit int) ([]ID, error) {
	folder, err := FolderIn(ctx, tx, acc, folder)
	if err != nil {
		return nil, err
	}
	ids, err := db.Collect(ctx, tx, scanID, idsBelow, acc, folder, limit)
	slices.Sort(ids)
	return ids, fault.Wrap(err, "imagebed: below")
}

// Query asks for a page of a folder: its folders, then its images, the newest
// first, after the entry that the page before ended with.
type Query struct {
	Folder   ID   // as FolderIn takes it
	Images   bool // no folders
	After    ID   // "" for the first page
	From, To time.Time
	Begins   string // where it is not "": those whose names begin with it, by name
	Limit    int
}

// List answers a page and whether there is more. From and To bound the time of
// creation, both inclusive; the zero time is no bound. After need not be there any
// more; fault.BadRequest for one that is no id. With Begins there are no bounds of time,
// and After must be there still.
func (b *Bed) List(ctx context.Context, acc account.ID, q Query) (list []Image, more bool, err error) {
	if _, isID := q.After.account(); q.After != "" && !isID {
		return nil, false, fault.New(fault.BadRequest, "imagebed: list", "lastFileId")
	}
	if q.Begins != "" {
		return b.named(ctx, acc, q)
	}
	// An id begins with the time of creation: a span of time is a range of ids.
	from, to := int64(0), int64(maxMicros)
	if !q.From.IsZero() {
		from = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		to = q.To.UnixMicro() + 1_000_000 // the whole second
	}
	err = b.db.Read(ctx, "imagebed: list", func(tx *db.Tx) error {
		folder, err := FolderIn(ctx, tx, acc, q.Folder)
		if err != nil {
			return err
		}
		list = nil
		first, end := firstID(acc, kindFolder, from), firstID(acc, kindFolder, to)
		if !q.Images && (q.After == "" || q.After.isFolder()) {
			if q.After != "" {
				end = min(end, q.After)
			}
			if list, err = db.Collect(ctx, tx, scanFolder, listFolders, acc, folder, end, first, q.Limit+1); err != nil {
				return err
			}
		}
		if rest := q.Limit + 1 - len(list); rest > 0 {
			first, end = firstID(acc, kindImage, from), firstID(acc, kindImage, to)
			if q.After != "" && !q.After.isFolder() {
				end = min(end, q.After)
			}
			images, err := db.Collect(ctx, tx, scanImage, listImages, acc, folder, end, first, rest)
			if err != nil {
				return err
			}
			list = append(list, images...)
		}
		if more = len(list) > q.Limit; more {
			list = list[:q.Limit]
		}
		return nil
	})
	return list, more, err
}

// named is List for names that begin with a text.
func (b *Bed) named(ctx context.Context, acc account.ID, q Query) (list []Image, more bool, err error) {
	if !q.From.IsZero() || !q.To.IsZero() {
		return nil, false, fault.New(fault.BadRequest, "imagebed: list", "startTime")
	}
	begins := norm.NFC.String(q.Begins)
	end := past(begins)
	err = b.db.Read(ctx, "imagebed: list by name", func(tx *db.Tx) error {
		folder, err := FolderIn(ctx, tx, acc, q.Folder)
		if err != nil {
			return err
		}
		list = nil
		folders, images := begins, begins // from which names on
		if q.After != "" {
			last, found, err := entry(ctx, tx, acc, q.After)
			if err != nil {
				return err
			}
			if !found || last.Folder != folder {
				return fault.New(fault.BadRequest, "imagebed: list", "lastFileId")
			}
			if last.IsFolder {
				folders = max(folders, last.Name)
			} else {
				folders, images = "", max(images, last.Name)
			}
		}
		for _, part := range []struct {
			query, from string
			scan        func(db.Row) (Image, error)
			left        bool
		}{{namedFoldersFrom, folders, scanFolder, q.Images || folders == ""}, {namedImagesFrom, images, scanImage, false}} {
			rest := q.Limit + 1 - len(list)
			if part.left || rest <= 0 {
				continue
			}
			some, err := db.Collect(ctx, tx, part.scan, part.query, acc, folder, part.from, end, rest+1) // the last one comes again
			if err != nil {
				return err
			}
			some = slices.DeleteFunc(some, func(i Image) bool { return i.ID == q.After })
			list = append(list, some[:min(rest, len(some))]...)
		}
		if more = len(list) > q.Limit; more {
			list = list[:q.Limit]
		}
		return nil
	})
	return list, more, err
}

// past is the least text above all that begin with another, in the order of code points.
func past(text string) string {
	runes := []rune(text)
	for n := len(runes) - 1; n >= 0; n-- {
		switch r := runes[n]; r {
		case utf8.MaxRune:
			continue
		case 0xd7ff: // what follows is no character
			runes[n] = 0xe000
		default:
			runes[n]++
		}
		return string(runes[:n+1])
	}
	return text + text
}

// Move puts images and folders into another folder. They keep ids and links; one
// whose name is taken there gets a suffix, and two are never merged. Ids that are
// not there are passed over; fault.NotFound where none is, fault.IntoItself for a
// folder into itself or below.
func (b *Bed) Move(ctx context.Context, acc account.ID, ids []ID, to ID) error {
	return b.db.Write(ctx, "imagebed: move", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		target, err := FolderIn(ctx, tx, acc, to)
		if err != nil {
			return err
		}
		above, err := collect(ctx, tx, idsAbove, acc, target)
		if err != nil {
			return err
		}
		moved := 0
		for _, id := range uniqueIDs(ids) {
			e, found, err := entry(ctx, tx, acc, id)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			moved++
			if e.Folder == target {
				continue
			}
			if e.IsFolder {
				if e.Folder == e.ID || above[id] {
					return fault.New(fault.IntoItself, "imagebed: move")
				}
				var below int
				if _, err := tx.Get(ctx, levelsBelow, []any{acc, id}, &below); err != nil {
					return err
				}
				if len(above)-1+below > MaxDepth {
					return fault.New(fault.TooDeep, "imagebed: move", MaxDepth)
				}
			}
			taken := func(name string) (bool, error) {
				_, taken, err := holder(ctx, tx, acc, target, name)
				return taken, err
			}
			name := e.Name
			isTaken, err := taken(name)
			if err == nil && isTaken {
				name, _, err = entryname.Free(e.Name, 0, taken)
			}
			if err != nil {
				return err
			}
			query := moveImage
			if e.IsFolder {
				query = moveFolder
			}
			if _, err := tx.Exec(ctx, query, acc, id, target, name, tx.Micros()); err != nil {
				return err
			}
			tellChanged(tx, id)
		}
		if moved == 0 {
			return fault.New(fault.NotFound, "imagebed: move")
		}
		return nil
	})
}

// Facts are what is needed to serve an image to the public.
type Facts struct {
	ID        ID
	Account   account.ID
	BlobID    int64
	Size      int64
	Etag      string
	Type      string    // to serve it as, see picture.ServeType
	ShownAt   time.Time // since when it shows this content
	Published bool      // false: blocked, missing, or the account's links are off
}

// Facts reads what is needed to serve an image; fault.NotFound where there is
// none.
func (b *Bed) Facts(ctx context.Context, id ID) (f Facts, err error) {
	acc, ok := id.account()
	if !ok || id.isFolder() {
		return Facts{}, fault.New(fault.NotFound, "imagebed: facts")
	}
	err = b.db.Read(ctx, "imagebed: facts", func(tx *db.Tx) error {
		var name, sniffed string
		var shown int64
		found, err := tx.Get(ctx, selectFacts, []any{acc, id}, &f.BlobID, &f.Size, &f.Etag, &name, &sniffed, &shown, &f.Published)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.NotFound, "imagebed: facts")
		}
		f.ID, f.Account, f.ShownAt = id, acc, time.UnixMicro(shown)
		f.Type = picture.ServeType(sniffed, picture.ExtOfName(name))
		return nil
	})
	return f, err
}

// Content is what an image shows, for its owner.
type Content struct {
	BlobID int64
	Name   string
	Etag   string
	Size   int64
	Type   string // sniffed; "" where it is no raster picture
}

// Content reads what is needed to give an image to its owner; fault.NotFound where there
// is none, fault.Blocked or fault.ContentMissing where it is not to be had.
func (b *Bed) Content(ctx context.Context, acc account.ID, id ID) (c Content, err error) {
	err = b.db.Read(ctx, "imagebed: content", func(tx *db.Tx) error {
		var state blob.State
		found, err := tx.Get(ctx, selectContent, []any{acc, id}, &c.BlobID, &c.Name, &c.Etag, &c.Size, &c.Type, &state)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.New(fault.NotFound, "imagebed: content")
		case state == blob.Blocked:
			return fault.New(fault.Blocked, "imagebed: content")
		case state != blob.Live:
			return fault.New(fault.ContentMissing, "imagebed: content")
		}
		return nil
	})
	return c, err
}
