package ops

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// A data folder is filled in a folder inside it, so that what was broken off is never
// taken for one, and moved to its place at the end. That it may be moved is written
// down first: a move that was broken off is only gone on with.
//
// A store that is not in the folder is noted before anything is put into it, so that
// what a run has left there is known to be of the restore.
const (
	restoringDir = "restoring"
	readyFile    = "ready"
	intoFile     = "into"
)

// Place is where an installation is.
type Place struct {
	Data     string     // its folder
	Database string     // the URL of a server's database; "" for a file in the folder
	Store    blob.Store // nil for the folder's own
}

// RestoreInto is Restore into a place, which must be empty. It fills To, Store and
// Work itself. goneOn says that an earlier restore was all but done, and now is; this
// one has done nothing else.
func RestoreInto(ctx context.Context, p Place, o RestoreOptions) (out Restored, goneOn bool, err error) {
	work := filepath.Join(p.Data, restoringDir)
	if exists(filepath.Join(work, readyFile)) {
		return out, true, p.moveIn()
	}
	if err := p.empty(); err != nil {
		return out, false, err
	}
	o.GoOn = p.Store != nil && noted(work) == blob.NameOf(p.Store)
	if err := p.clean(work, o.GoOn); err != nil {
		return out, false, err
	}
	o.Work, o.Store = work, p.Store
	o.To = db.Options{URL: p.Database}
	if p.Database == "" {
		o.To.Path = filepath.Join(work, databaseFile)
	}
	if o.Store == nil {
		if o.Store, err = blob.NewDisk(filepath.Join(work, "blobs"), filepath.Join(work, "uploads")); err != nil {
			return out, false, err
		}
	}
	if p.Store != nil && !o.GoOn {
		if err := p.note(ctx, work); err != nil {
			return out, false, errors.Join(err, os.RemoveAll(work))
		}
	}
	if out, err = Restore(ctx, o); err != nil {
		left, some := errors.AsType[*LeftError](err)
		if some && p.Store != nil && !fault.Is(left, fault.Uncertain) {
			return out, false, errors.Join(err, p.clean(work, true))
		}
		return out, false, errors.Join(err, os.RemoveAll(work))
	}
	if p.Database != "" { // that was only of use on the way
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.RemoveAll(filepath.Join(work, databaseFile+suffix)); err != nil {
				return out, false, full(err)
			}
		}
	}
	err = writeFile(filepath.Join(work, readyFile), func(w io.Writer) error {
		_, err := io.WriteString(w, out.Name+"\n")
		return err
	})
	killpoint.Here("restore.ready")
	if err == nil {
		err = p.moveIn()
	}
	return out, false, err
}

// note writes down that what will be in the store is of this restore, once it is seen to be
// empty.
func (p Place) note(ctx context.Context, work string) error {
	if err := emptyStore(ctx, p.Store); err != nil {
		return err
	}
	return writeFile(filepath.Join(work, intoFile), func(w io.Writer) error {
		_, err := io.WriteString(w, blob.NameOf(p.Store))
		return err
	})
}

func noted(work string) string {
	b, err := os.ReadFile(filepath.Join(work, intoFile))
	if err != nil {
		return ""
	}
	return string(b)
}

// clean makes the folder to work in empty, but for the note where that is still true.
func (p Place) clean(work string, butNote bool) error {
	if !butNote {
		return full(errors.Join(os.RemoveAll(work), os.MkdirAll(work, 0o700)))
	}
	entries, err := os.ReadDir(work)
	for _, e := range entries {
		if e.Name() != intoFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(work, e.Name())))
		}
	}
	return full(err)
}

// Unfinished says whether a restore into a data folder was broken off.
func Unfinished(data string) bool { return exists(filepath.Join(data, restoringDir)) }

// parts are what a data folder holds, the database last: with it, it is one.
var parts = []string{"blobs", "uploads", databaseFile}

// empty refuses a folder that holds something already. Folders without a file in them
// hold nothing. Where nothing is to be in it, it may hold what it likes.
func (p Place) empty() error {
	if p.Database != "" && p.Store != nil {
		return nil
	}
	for _, name := range append([]string{databaseFile + "-wal"}, parts...) {
		path := filepath.Join(p.Data, name)
		info, err := os.Lstat(path)
		if err != nil {
			continue
		}
		taken := info.Size() > 0
		if info.IsDir() {
			entries, err := os.ReadDir(path)
			taken = err != nil || len(entries) > 0
		}
		if taken {
			return fault.New(fault.BadData, "ops: restore", fault.NotEmpty, path)
		}
	}
	return nil
}

// moveIn moves what was restored to its place.
func (p Place) moveIn() error {
	work := filepath.Join(p.Data, restoringDir)
	for _, name := range parts {
		from, to := filepath.Join(work, name), filepath.Join(p.Data, name)
		if !exists(from) {
			continue
		}
		if exists(to) { // empty, as was looked
			if err := os.Remove(to); err != nil {
				return full(err)
			}
		}
		if err := os.Rename(from, to); err != nil {
			return full(err)
		}
		killpoint.Here("restore.moved")
	}
	if err := syncFolder(p.Data); err != nil {
		return err
	}
	return errors.Join(full(os.RemoveAll(work)), syncFolder(p.Data))
}
