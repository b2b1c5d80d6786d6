// Package owner gives the tests of the verbs whom they act for: an account with a drive
// and a bed, on a real database.
package owner

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
)

// Owner is an account, and the rooms of what it owns.
type Owner struct {
	*testing.T
	DB    *db.DB
	Drive *drive.Drive
	Bed   *imagebed.Bed
	Acc   account.ID
	Ahead *atomic.Int64 // the clock's lead, a time.Duration
}

// Each runs a test for an owner of its own, called "writer" and of no quota, on every engine.
func Each(t *testing.T, fn func(o *Owner)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) { fn(New(t, e)) })
	}
}

// New makes an owner on an empty database.
func New(t *testing.T, e db.Engine) *Owner {
	t.Helper()
	ahead := new(atomic.Int64)
	return On(t, dbtest.Open(t, e, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }), ahead)
}

// On makes an owner on a database that has none of that name; ahead is what its clock
// looks at.
func On(t *testing.T, d *db.DB, ahead *atomic.Int64) *Owner {
	t.Helper()
	o := &Owner{T: t, DB: d, Drive: drive.New(d), Bed: imagebed.New(d), Ahead: ahead}
	o.Acc = o.Account("writer", account.NoQuota)
	return o
}

// Disk is an empty store in a folder.
func Disk(t *testing.T, folder string) blob.Store {
	t.Helper()
	store, err := blob.NewDisk(filepath.Join(folder, "blobs"), filepath.Join(folder, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// Account makes another account.
func (o *Owner) Account(name string, quota int64) (id account.ID) {
	o.Helper()
	o.Write(func(ctx context.Context, tx *db.Tx) error {
		s, err := account.Add(ctx, tx, name, quota, false, account.Password{})
		if err != nil {
			return err
		}
		id = s.ID
		if err := drive.MakeRoot(ctx, tx, s.ID); err != nil {
			return err
		}
		return imagebed.MakeRoot(ctx, tx, s.ID)
	})
	return id
}

// Must ends the test where there is an error.
func (o *Owner) Must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// Fails holds an error against the one that is wanted, "" for none.
func (o *Owner) Fails(err error, want fault.Code, when string) {
	o.Helper()
	if got := fault.CodeOf(err); got != want {
		o.Errorf("%s: %q (%v), want %q", when, got, err, want)
	}
}

// Write does something in a transaction.
func (o *Owner) Write(fn func(ctx context.Context, tx *db.Tx) error) {
	o.Helper()
	ctx := o.Context()
	o.Must(o.DB.Write(ctx, "test", func(tx *db.Tx) error { return fn(ctx, tx) }))
}

// Exec changes at least one row.
func (o *Owner) Exec(query string, args ...any) {
	o.Helper()
	o.Write(func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("no row for %s", query)
		}
		return err
	})
}

// Number asks the database for one number.
func (o *Owner) Number(query string, args ...any) (n int64) {
	o.Helper()
	_, err := o.DB.Get(o.Context(), "test", query, args, &n)
	o.Must(err)
	return n
}

// Pass moves the clock on.
func (o *Owner) Pass(d time.Duration) { o.Ahead.Add(int64(d)) }

// MkFolder makes a folder of the drive.
func (o *Owner) MkFolder(parent drive.ID, name string) drive.ID {
	o.Helper()
	id, err := o.Drive.Mkdir(o.Context(), o.Acc, parent, name)
	o.Must(err)
	return id
}

// MkFile makes a file of the drive, of content of its own that no store has.
func (o *Owner) MkFile(parent drive.ID, name string) drive.ID {
	o.Helper()
	return o.PutFile(parent, name, drive.Refuse)
}

// PutFile is MkFile under a name that may be taken.
func (o *Owner) PutFile(parent drive.ID, name string, dup drive.Duplicate) drive.ID {
	o.Helper()
	id, err := o.Drive.NewID(o.Context())
	o.Must(err)
	o.Write(func(ctx context.Context, tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, o.Acc); err != nil {
			return err
		}
		no, err := account.NextBlob(ctx, tx, o.Acc)
		if err != nil {
			return err
		}
		key, etag := blob.Key{Account: int64(o.Acc), ID: no}, Etag(no)
		if err := blob.Begin(ctx, tx, key); err != nil {
			return err
		}
		if _, err := blob.Finish(ctx, tx, key, blob.Facts{SHA256: etag, MD5: etag, Size: FileSize}); err != nil {
			return err
		}
		return drive.Put(ctx, tx, o.Acc, drive.File{ID: id, Parent: parent, Name: name, BlobID: no, Size: FileSize, Etag: etag, Duplicate: dup}, 0)
	})
	return id
}

// Etag is what the content of a number has, of those that one owner's files are made of.
func Etag(no int64) string { return fmt.Sprintf("%032x", no) }

// FileSize is what one of MkFile has, in bytes.
const FileSize = 7
