// Package drive keeps the folders and files of an account's drive (云盘): names,
// the tree, the trash, and which stored content a file shows. It promises that a
// name is unique among the live entries of a folder, that no tree passes MaxDepth,
// and that quota changes with what it counts. It does not know the bed, and it
// moves no bytes.
package drive

import (
	"context"
	"strconv"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

// ID is a file's or folder's number, unique over all accounts and below 2^53.
type ID int64

// Root is every account's top folder.
const Root ID = 0

// MaxDepth is how many levels of folders a tree may have.
const MaxDepth = 128

// Limits of one call.
const (
	MaxSize       = 10 << 30 // bytes of one file
	MaxSingleSize = 1 << 30  // bytes of a file uploaded in one request
	MaxIDs        = 100
)

// Class says what an entry is to a copy task; folders have picture.Folder.
type Class = picture.Class

// Trashed says where an entry itself stands; those below it follow it.
type Trashed int

// The values as they are stored.
const (
	Live     Trashed = 0
	InTrash  Trashed = 1
	Detached Trashed = 2 // being deleted for good: nobody sees it any more
)

// Entry is a file or folder as it was when it was read.
type Entry struct {
	ID        ID
	Parent    ID
	Name      string
	Class     Class
	BlobID    int64 // 0 for folders
	Size      int64 // 0 for folders
	Etag      string
	Trashed   Trashed // of the entry itself
	Children  int64   // live entries right below a folder
	Total     int64   // bytes of the files below a folder that are not in the trash with something below it; 0 for files
	CreatedAt time.Time
	UpdatedAt time.Time

	ParentName string // "" for the root's; only ListPage tells
	Blocked    bool   // the operator has blocked its content; only what lists and tells of entries says so
}

// IsFolder says whether the entry is a folder.
func (e Entry) IsFolder() bool { return e.Class == picture.Folder }

// ParseID reads an id as the wire has it.
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.BadRequest, "drive: parse id", "fileID")
	}
	return ID(n), nil
}

// UnmarshalText reads an id as the wire has it.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// Duplicate says what to do where the name of a new file is taken.
type Duplicate int

// The values of the wire.
const (
	Refuse    Duplicate = 0 // fault.NameTaken
	KeepBoth  Duplicate = 1 // the new one is called name(1).ext
	Overwrite Duplicate = 2 // the old file goes; the new one has an id of its own. A folder never goes: fault.NameTaken
)

// Check is fault.BadRequest for what is none of the values.
func (dup Duplicate) Check() error {
	switch dup {
	case Refuse, KeepBoth, Overwrite:
		return nil
	}
	return fault.New(fault.BadRequest, "drive: duplicate", "duplicate")
}

// Drive is the room's door to the database. Its methods may be called at the same
// time.
type Drive struct {
	db   *db.DB
	ids  *ids
	turn chan struct{} // held by the one long read, see long
}

// New makes the room's door.
func New(d *db.DB) *Drive { return &Drive{db: d, ids: &ids{db: d}, turn: make(chan struct{}, 1)} }

// MakeRoot makes a new account's top folder.
func MakeRoot(ctx context.Context, tx *db.Tx, acc account.ID) error {
	_, err := tx.Exec(ctx, insertEntry, acc, Root, Root, "", picture.Folder, nil, 0, "", tx.Micros())
	return fault.Wrap(err, "drive: make root")
}

// Mkdir makes a folder and answers its id. A folder of that name is
// fault.FolderTaken, a file of that name fault.NameTaken.
func (d *Drive) Mkdir(ctx context.Context, acc account.ID, parent ID, name string) (ID, error) {
	name, err := entryname.Clean(name)
	if err != nil {
		return 0, err
	}
	id, err := d.ids.next(ctx)
	if err != nil {
		return 0, err
	}
	return id, d.db.Write(ctx, "drive: mkdir", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		depth, err := liveFolder(ctx, tx, acc, parent)
		if err != nil {
			return err
		}
		if depth+1 > MaxDepth {
			return fault.New(fault.TooDeep, "drive: mkdir", MaxDepth)
		}
		switch old, taken, err := byName(ctx, tx, acc, parent, name); {
		case err != nil:
			return err
		case taken && old.IsFolder():
			return fault.New(fault.FolderTaken, "drive: mkdir", name)
		case taken:
			return fault.New(fault.NameTaken, "drive: mkdir", name)
		}
		if err := account.CountEntries(ctx, tx, acc, 1, 0, 0); err != nil {
			return err
		}
		return insert(ctx, tx, acc, id, parent, name, picture.Folder, nil, 0, "")
	})
}

// MkdirAll makes the folders of a path below a folder, as far as they are missing,
// and answers the last one's id. The names are as of entryname.Clean. A file on the
// way is fault.NameTaken. Call it with the account locked.
func MkdirAll(ctx context.Context, tx *db.Tx, acc account.ID, parent ID, path []string) (ID, error) {
	at, missing, err := walkDown(ctx, tx, acc, parent, path)
	if err != nil || len(missing) == 0 {
		return at, err
	}
	if err := account.CountEntries(ctx, tx, acc, int64(len(missing)), 0, 0); err != nil {
		return 0, err
	}
	first, err := takeIDs(ctx, tx, len(missing))
	if err != nil {
		return 0, err
	}
	for i, name := range missing {
		id := first + ID(i)
		if err := insert(ctx, tx, acc, id, at, name, picture.Folder, nil, 0, ""); err != nil {
			return 0, err
		}
		at = id
	}
	return at, nil
}

// walkDown answers the last folder of a path that is there, and the names of those
// that are missing below it: fault.NameTaken where a file has the first one's,
// fault.TooDeep where there may not be so many.
func walkDown(ctx context.Context, tx *db.Tx, acc account.ID, parent ID, path []string) (at ID, missing []string, err error) {
	depth, err := liveFolder(ctx, tx, acc, parent)
	if err != nil {
		return 0, nil, err
	}
	for at = parent; len(path) > 0; path = path[1:] {
		e, found, err := byName(ctx, tx, acc, at, path[0])
		switch {
		case err != nil:
			return 0, nil, err
		case found && !e.IsFolder():
			return 0, nil, fault.New(fault.NameTaken, "drive: walk down", path[0])
		case !found && depth+len(path) > MaxDepth:
			return 0, nil, fault.New(fault.TooDeep, "drive: walk down", MaxDepth)
		case !found:
			return at, path, nil
		}
		at = e.ID
		depth++
	}
	return at, nil, nil
}

// Under answers what a path of folders and a name lead to below a folder.
func Under(ctx context.Context, tx *db.Tx, acc account.ID, parent ID, path []string, name string) (e Entry, found bool, err error) {
	at, missing, err := walkDown(ctx, tx, acc, parent, path)
	if err != nil || len(missing) > 0 {
		return Entry{}, false, err
	}
	return byName(ctx, tx, acc, at, name)
}

// NewID takes an id for a file that Put will make. Call it outside transactions.
func (d *Drive) NewID(ctx context.Context) (ID, error) { return d.ids.next(ctx) }

// File is a file to be made, showing content that is stored already.
type File struct {
	ID        ID // of NewID
	Parent    ID
	Name      string // as of entryname.Clean
	BlobID    int64
	Size      int64
	Etag      string
	Duplicate Duplicate
}

// CanPut says whether Put would find its folder and its name once MkdirAll has made
// the folders of the path, so that an upload can be refused before its bytes are
// sent. It answers the size of the file that would be overwritten.
func CanPut(ctx context.Context, tx *db.Tx, acc account.ID, parent ID, path []string, name string, dup Duplicate) (frees int64, err error) {
	at, missing, err := walkDown(ctx, tx, acc, parent, path)
	if err != nil {
		return 0, err
	}
	more := int64(len(missing)) + 1
	if len(missing) == 0 {
		old, taken, err := canPut(ctx, tx, acc, at, name, dup)
		if err != nil {
			return 0, err
		}
		if taken && dup == Overwrite {
			frees, more = old.Size, 0
		}
	}
	return frees, account.CanMake(ctx, tx, acc, more)
}

func canPut(ctx context.Context, tx *db.Tx, acc account.ID, parent ID, name string, dup Duplicate) (old Entry, taken bool, err error) {
	if _, err := liveFolder(ctx, tx, acc, parent); err != nil {
		return Entry{}, false, err
	}
	old, taken, err = byName(ctx, tx, acc, parent, name)
	if err == nil && taken && dup != KeepBoth && (dup != Overwrite || old.IsFolder()) {
		err = fault.New(fault.NameTaken, "drive: put", name)
	}
	return old, taken, err
}

// Put makes a file appear. Its bytes are counted to the quota and, where they were
// reserved by an upload, taken from the reserved ones. Call it with the account
// locked.
func Put(ctx context.Context, tx *db.Tx, acc account.ID, f File, reserved int64) error {
	old, taken, err := canPut(ctx, tx, acc, f.Parent, f.Name, f.Duplicate)
	if err != nil {
		return err
	}
	freed, more := int64(0), int64(1)
	switch {
	case taken && f.Duplicate == KeepBoth:
		if f.Name, err = freeName(ctx, tx, acc, f.Parent, f.Name); err != nil {
			return err
		}
	case taken && f.Duplicate == Overwrite:
		freed, more = old.Size, 0
		if err := deleteRow(ctx, tx, acc, old); err != nil {
			return err
		}
	}
	if err := account.CountEntries(ctx, tx, acc, more, f.Size-freed, -reserved); err != nil {
		return err
	}
	return insert(ctx, tx, acc, f.ID, f.Parent, f.Name, picture.ClassOf(f.Name, f.Size), f.BlobID, f.Size, f.Etag)
}
