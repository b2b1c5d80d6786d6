// Package direct gives the files of folders that an account has chosen to everybody, at
// URLs that are the files' paths. It promises that nobody reads by them what is not
// below such a folder now, nor from an address that the account has blocked, nor, where
// the account signs its URLs, without its signature; and that reading costs no write. It
// moves no bytes.
package direct

import (
	"context"
	"crypto/rand"
	"net/url"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// Prefix is what the path of every link begins with; the account's number follows, and
// the path of the file in its drive.
const Prefix = "/dl/"

// MaxFolders is how many folders of an account may have links.
const MaxFolders = 1000

// Links is the room's door to the database. Its methods may be called at the same time.
type Links struct {
	db     *db.DB
	max    int // folders of an account
	counts counts
	turn   chan struct{} // of what takes seconds
}

// New makes the room's door.
func New(d *db.DB) *Links { return &Links{db: d, max: MaxFolders, turn: make(chan struct{}, 1)} }

// Enable gives all files below a folder links, also those that come later, and answers
// its name. Again is no error. What is not there is fault.NotFound, a file
// fault.NotFolder, the root fault.BadRequest: all that comes into the drive would be open.
func (l *Links) Enable(ctx context.Context, acc account.ID, id drive.ID) (name string, err error) {
	return l.change(ctx, acc, id, "direct: enable", func(tx *db.Tx, e drive.Entry, is bool) error {
		if is {
			return nil
		}
		var there int
		if _, err := tx.Get(ctx, countFolders, []any{acc}, &there); err != nil {
			return err
		}
		if there >= l.max {
			return fault.New(fault.TooManyDirect, "direct: enable", l.max)
		}
		if _, err := tx.Exec(ctx, insertFolder, acc, e.ID, tx.Micros()); err != nil {
			return err
		}
		return note(ctx, tx, acc, auditlog.DirectEnable, Folder{ID: e.ID, Name: e.Name})
	})
}

// Disable takes what Enable gave, and answers the folder's name: fault.DirectOff for a
// folder that was not enabled itself. Where one above it is, its files still have links.
func (l *Links) Disable(ctx context.Context, acc account.ID, id drive.ID) (name string, err error) {
	return l.change(ctx, acc, id, "direct: disable", func(tx *db.Tx, e drive.Entry, is bool) error {
		if !is {
			return fault.New(fault.DirectOff, "direct: disable", int64(id))
		}
		if _, err := tx.Exec(ctx, deleteFolder, acc, e.ID); err != nil {
			return err
		}
		return note(ctx, tx, acc, auditlog.DirectDisable, Folder{ID: e.ID, Name: e.Name})
	})
}

// note tells the audit log of what was done to folders.
func note(ctx context.Context, tx *db.Tx, acc account.ID, action auditlog.Action, list ...Folder) error {
	var noted auditlog.Things
	for _, f := range list {
		noted.Add(f.ID.String(), f.Name)
	}
	return auditlog.Note(ctx, tx, int64(acc), action, noted.String())
}

// EndAll ends all links of an account: no folder is enabled any more, and what was signed
// with its key is good no more, should one be enabled again. It says of how many folders
// they were.
func (l *Links) EndAll(ctx context.Context, acc account.ID) (n int, err error) {
	_, err = l.set(ctx, acc, "direct: end all", func(tx *db.Tx, s *Settings) error {
		list, err := db.Collect(ctx, tx, scanFolder, selectFolders, acc, 0, l.max)
		if err != nil {
			return err
		}
		if n = len(list); n > 0 {
			if _, err := tx.Exec(ctx, deleteFolders, acc); err != nil {
				return err
			}
			if err := note(ctx, tx, acc, auditlog.DirectDisable, list...); err != nil {
				return err
			}
		}
		if s.Key != "" {
			s.Key = rand.Text()
		}
		return nil
	})
	return n, err
}

// change does something to a folder under the account's lock; is says that it is enabled.
func (l *Links) change(ctx context.Context, acc account.ID, id drive.ID, op string, fn func(tx *db.Tx, e drive.Entry, is bool) error) (name string, err error) {
	if id == drive.Root {
		return "", fault.New(fault.BadRequest, op, "fileID")
	}
	err = l.db.Write(ctx, op, func(tx *db.Tx) error {
		if _, err := account.LockAsked(ctx, tx, acc); err != nil {
			return err
		}
		known, err := drive.Lookup(ctx, tx, acc, []drive.ID{id})
		if err != nil {
			return err
		}
		e, found := known[id]
		is, err := enabled(ctx, tx, acc, []drive.ID{id})
		switch {
		case err != nil:
			return err
		case !found || e.Trashed != drive.Live && !is: // what is enabled can be disabled in the trash too
			return fault.New(fault.NotFound, op, int64(id))
		case !e.IsFolder():
			return fault.New(fault.NotFolder, op, int64(id))
		}
		name = e.Name
		return fault.Wrap(fn(tx, e, is), op)
	})
	return name, err
}

// Path answers the URL of a file from Prefix on, signed where the account signs:
// fault.NotFound where it is not there, fault.NotFile for a folder, fault.DirectOff where
// no folder above it is enabled.
func (l *Links) Path(ctx context.Context, acc account.ID, id drive.ID) (path string, err error) {
	err = l.db.Read(ctx, "direct: path", func(tx *db.Tx) error {
		way, err := drive.Way(ctx, tx, acc, id)
		if err != nil {
			return err
		}
		if !way[len(way)-1].IsFolder() {
			path, err = l.pathOf(ctx, tx, acc, way)
			return err
		}
		return fault.New(fault.NotFile, "direct: path", int64(id))
	})
	return path, err
}

func (l *Links) pathOf(ctx context.Context, tx *db.Tx, acc account.ID, way []drive.Entry) (string, error) {
	is, err := enabled(ctx, tx, acc, idsOf(way))
	if err != nil {
		return "", err
	}
	if !is {
		return "", fault.New(fault.DirectOff, "direct: path", int64(way[len(way)-1].ID))
	}
	s, err := settings(ctx, tx, acc)
	if err != nil {
		return "", err
	}
	path := Prefix + strconv.FormatInt(int64(acc), 10) + Plain(way)
	if !s.Signed {
		return escaped(path), nil
	}
	return escaped(path) + "?" + url.Values{keyName: {sign(path, acc, s.Key, tx.Now().Add(signLife))}}.Encode(), nil
}

func idsOf(way []drive.Entry) []drive.ID {
	ids := make([]drive.ID, len(way))
	for i, e := range way {
		ids[i] = e.ID
	}
	return ids
}

// Plain is the path of an entry in its drive, as /a/b, by the way to it.
func Plain(way []drive.Entry) string {
	var b strings.Builder
	for _, e := range way {
		b.WriteByte('/')
		b.WriteString(e.Name)
	}
	return b.String()
}

// URL is the link of a file by its path in the drive, from Prefix on, without a signature.
func URL(acc account.ID, path string) string {
	return escaped(Prefix + strconv.FormatInt(int64(acc), 10) + path)
}

// escaped writes a path as it stands in a URL.
func escaped(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// Folder is a folder whose files have links.
type Folder struct {
	ID        drive.ID
	Name      string
	Path      string // in the drive, as /a/b; "" while it is in the trash, where its files have no links
	EnabledAt int64  // microseconds
}

// List answers a page of the enabled folders in order of their ids, those after one; and
// whether there are more.
func (l *Links) List(ctx context.Context, acc account.ID, after drive.ID, limit int) (list []Folder, more bool, err error) {
	err = l.db.Read(ctx, "direct: list", func(tx *db.Tx) error {
		if list, err = db.Collect(ctx, tx, scanFolder, selectFolders, acc, after, limit+1); err != nil {
			return err
		}
		if more = len(list) > limit; more {
			list = list[:limit]
		}
		for i := range list {
			way, err := drive.Way(ctx, tx, acc, list[i].ID)
			switch {
			case err == nil:
				list[i].Path = Plain(way)
			case !fault.Is(err, fault.NotFound):
				return err
			}
		}
		return nil
	})
	return list, more, err
}

func enabled(ctx context.Context, tx *db.Tx, acc account.ID, ids []drive.ID) (bool, error) {
	list, err := db.CollectIn(ctx, tx, scanID, selectEnabled, []any{acc}, ids)
	return len(list) > 0, fault.Wrap(err, "direct: enabled")
}
