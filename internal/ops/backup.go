package ops

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// A backup is a folder:
//
//	tuchuang-backup                        says what the folder is: "1"
//	content/ACCOUNT/ID÷1024/ID-SHA256      contents, shared by all snapshots
//	parts/                                 what is being written
//	snapshots/TIME/tuchuang.db             the database at one moment, as a file of SQLite's, whichever engine it came from
//	snapshots/TIME/content.txt             the contents that it refers to, in order of the keys: ACCOUNT/ID, bytes, SHA-256, and
//	                                       "lost" where the database knows that its store does not have it any more
//	snapshots/TIME/manifest.json           written last: without it there is no backup
//
// A content never changes under its name, so one that is there with its size is not
// copied again, and a backup that was broken off goes on with the contents.

// BackupOptions say what to copy where.
type BackupOptions struct {
	DB       *db.DB
	Store    blob.Store
	To       string // a folder; it is made where it is missing
	Program  string // its version, for who reads the manifest
	Keep     int    // so many backups stay, the newest; 0: all
	Verify   bool   // contents that are there already are read, and copied again where they have changed
	Progress Progress
}

// Backed is what a backup has done.
type Backed struct {
	Name               string // of the snapshot
	Contents, Bytes    int64  // that the backup has of those that the snapshot refers to
	Copied, CopyBytes  int64  // of them in this run
	Lost               []blob.Key
	Kept               []blob.Key   // the store has lost them, and the backup has them
	Unreadable         []Unreadable // what of Lost and Kept the store has and can't read
	Damaged            []string     // older snapshots that were left alone; while there are any no content is removed
	Removed            []string     // older snapshots
	Freed, FreedBytes  int64        // contents that went with them
	DatabaseBytes      int64
	Accounts, Pictures int64
}

// holdLength is how long doomed content is kept for a backup that says nothing any
// more; one that goes on says so three times as often.
const holdLength = 15 * time.Minute

// Backup copies the database as it is at one moment, and then the contents that it
// refers to, while servers go on. What can't be copied since the store has lost it or
// can't read it is in the answer and in the manifest; everything else is in the backup,
// checked against its row when it was copied, and durable, when Backup has returned nil.
// A store that has nothing of what is looked for is fault.NoContent. One backup at a time
// may run into a folder: the caller sees to that.
func Backup(ctx context.Context, o BackupOptions) (out Backed, err error) {
	if err := blob.SameOwner(ctx, o.DB, o.Store); err != nil {
		return out, at(blob.NameOf(o.Store), err)
	}
	to := folder(o.To)
	if err := to.prepare(); err != nil {
		return out, err
	}
	ctx, held, err := hold(ctx, o.DB)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, held.end()) }()

	if out.Name, err = to.begin(o.DB.Now()); err != nil {
		return out, err
	}
	m := manifest{Format: formatNumber, Taken: o.DB.Now().UTC(), Program: o.Program, Engine: string(o.DB.Engine())}
	if err := saveDatabase(ctx, o.DB, to.in(out.Name, databaseFile)); err != nil {
		place := o.DB.Name()
		if fault.Is(err, fault.DiskFull) { // it is read here, and written there
			place = to.in(out.Name, databaseFile)
		}
		return out, at(place, causeOf(ctx, err))
	}
	killpoint.Here("backup.database")
	if err := to.list(ctx, out.Name, &m); err != nil {
		return out, causeOf(ctx, err)
	}
	if out.Damaged, err = to.sameAs(m, o.DB.Name()); err == nil {
		err = o.DB.WorkerRead(ctx, "ops: backup", func(tx *db.Tx) error { return ofThis(ctx, tx, o.Store) })
	}
	if err != nil {
		return out, errors.Join(err, os.RemoveAll(to.in(out.Name)))
	}
	out.Accounts, out.Pictures = m.Accounts, m.Images
	if err := o.contents(ctx, to, m, &out); err != nil {
		return out, causeOf(ctx, err)
	}
	killpoint.Here("backup.contents")
	if err := held.still(ctx); err != nil {
		return out, err
	}
	for _, k := range out.Lost {
		m.Lost = append(m.Lost, k.String())
	}
	if err := to.finish(out.Name, &m); err != nil {
		return out, err
	}
	out.DatabaseBytes = m.Database.Size
	killpoint.Here("backup.manifest")
	if o.Keep > 0 {
		err = to.prune(ctx, o.Keep, &out)
	}
	return out, err
}

// saveDatabase writes what the database holds at one moment to a new file of SQLite's.
func saveDatabase(ctx context.Context, d *db.DB, path string) (err error) {
	if d.Engine() == db.SQLite {
		if err := d.SaveFile(ctx, path); err != nil {
			return err
		}
		return syncFile(path)
	}
	to, err := db.Open(ctx, db.Options{Path: path, Upgrade: true})
	if err != nil {
		return err
	}
	err = d.Snapshot(ctx, "ops: backup", func(tx *db.Tx) error {
		return copyRows(ctx, tx, func(c copier, rows [][]any) error {
			return to.Write(ctx, "ops: backup", func(w *db.Tx) error {
				_, err := c.write(ctx, w, rows)
				return err
			})
		})
	})
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	return syncFile(path)
}

// copyRows reads every table of a snapshot and hands its rows on.
func copyRows(ctx context.Context, tx *db.Tx, write func(copier, [][]any) error) error {
	tables, err := copied(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		c := newCopier(t)
		for after, more := []any(nil), true; more; more = after != nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			var rows [][]any
			if rows, after, err = c.read(ctx, tx, after); err != nil {
				return err
			}
			if err := write(c, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// contents copies what the folder does not have yet, and sees whether the store still has
// what the folder has.
func (o *BackupOptions) contents(ctx context.Context, to folder, m manifest, out *Backed) error {
	there, err := takeInventory(ctx, o.Store)
	if err != nil {
		return err
	}
	t := &tally{tell: o.Progress, total: m.Contents, bytes: m.Bytes}
	touched := &folders{}
	err = eachContent(ctx, func(ctx context.Context, give func(blob.Stored) error) error {
		return to.eachListed(ctx, out.Name, give)
	}, func(ctx context.Context, s blob.Stored) error {
		has, err := to.has(s, o.Verify)
		if err != nil {
			return err
		}
		become := had
		if s.Lost {
			become = kept
		}
		if has {
			if become == had {
				still, err := there.stillHas(ctx, o.Store, s)
				switch {
				case err != nil && isAway(ctx, err):
					return at(blob.NameOf(o.Store), err)
				case err != nil:
					t.cantRead(s, err)
				}
				if !still {
					become = kept
				}
			}
			t.done(s, become)
			return nil
		}
		n, err := o.fetch(ctx, to, s, touched, t)
		switch {
		case fault.Is(err, fault.ContentMissing):
			become = lost
		case err != nil:
			return err
		default:
			t.mu.Lock()
			out.Copied++
			out.CopyBytes += n
			t.mu.Unlock()
		}
		t.done(s, become)
		return nil
	})
	out.Contents, out.Bytes = t.contents, t.contentSize
	out.Lost, out.Kept, out.Unreadable = sortedKeys(t.lost), sortedKeys(t.kept), sortedUnreadable(t.unreadable)
	if err != nil {
		return err
	}
	return touched.sync()
}

// fetch copies one content into the folder. Content that is not there, can't be read or is
// not what its row says is fault.ContentMissing.
func (o *BackupOptions) fetch(ctx context.Context, to folder, s blob.Stored, touched *folders, t *tally) (int64, error) {
	from, err := openContent(ctx, o.Store, s, t)
	if err != nil {
		return 0, err
	}
	same := false
	path, part := to.content(s), to.part(s)
	read := &reading{from: from}
	err = full(os.MkdirAll(filepath.Dir(path), 0o700))
	if err == nil {
		err = writeDurably(part, func(w io.Writer) (err error) {
			same, err = copyChecked(w, read, s)
			return err
		})
	}
	if e := from.Close(); read.err == nil {
		err = errors.Join(err, e)
	}
	if read.err != nil {
		return 0, unread(ctx, o.Store, s, t, read.err)
	}
	if err != nil {
		return 0, err
	}
	if !same {
		return 0, errors.Join(fault.New(fault.ContentMissing, "ops: backup "+s.Key.String()), os.Remove(part))
	}
	touched.add(filepath.Dir(path))
	return s.Size, full(os.Rename(part, path))
}

// openContent opens content for reading. What is there and can't be opened is noted, and
// is fault.ContentMissing like what is not there.
func openContent(ctx context.Context, store blob.Store, s blob.Stored, t *tally) (blob.Object, error) {
	o, err := store.Open(ctx, s.Key)
	if err != nil {
		return nil, unread(ctx, store, s, t, err)
	}
	return o, nil
}

// unread notes content that can't be read.
func unread(ctx context.Context, store blob.Store, s blob.Stored, t *tally, err error) error {
	if isAway(ctx, err) {
		return at(blob.NameOf(store), err)
	}
	if !fault.Is(err, fault.ContentMissing) {
		t.cantRead(s, err)
	}
	return fault.Because(fault.ContentMissing, "ops: read "+s.Key.String(), err)
}

// folders are those that got a new entry, with all above them that may be new.
type folders struct {
	mu  sync.Mutex
	all map[string]bool
}

func (f *folders) add(dir string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string]bool{}
	}
	for range 3 { // the bucket, the account, all contents
		f.all[dir] = true
		dir = filepath.Dir(dir)
	}
}

func (f *folders) sync() error {
	for dir := range f.all {
		if err := syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

// holding is a hold that is kept alive.
type holding struct {
	db   *db.DB
	name string
	stop func()
	done sync.WaitGroup
}

var errHoldLost = errors.New("removal of content could not be held off any longer")

// hold keeps doomed content in the store until end; the context is cancelled where
// that fails.
func hold(ctx context.Context, d *db.DB) (context.Context, *holding, error) {
	h := &holding{db: d, name: "backup-" + rand.Text()}
	if err := blob.Hold(ctx, d, h.name, holdLength); err != nil {
		return ctx, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	h.stop = func() { cancel(nil) }
	h.done.Go(func() {
		tick := time.NewTicker(holdLength / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// An error is tried again at the next tick, and there is time for two.
			if held, err := blob.Renew(ctx, d, h.name, holdLength); err == nil && !held {
				cancel(fault.Because(fault.Unavailable, "ops: backup", errHoldLost))
			}
		}
	})
	return ctx, h, nil
}

// still fails where the hold has run out: something may have been removed.
func (h *holding) still(ctx context.Context) error {
	held, err := blob.Renew(ctx, h.db, h.name, holdLength)
	if err == nil && !held {
		err = fault.Because(fault.Unavailable, "ops: backup", errHoldLost)
	}
	return err
}

func (h *holding) end() error {
	h.stop()
	h.done.Wait()
	return blob.Release(context.Background(), h.db, h.name)
}

// causeOf prefers why a context was cancelled to that it was.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// has says whether a content is in the folder already.
func (f folder) has(s blob.Stored, read bool) (bool, error) {
	path := f.content(s)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() != s.Size {
		return false, nil
	}
	if err != nil || !read {
		return err == nil, full(err)
	}
	sum, _, err := sumFile(path)
	return err == nil && sum == s.SHA256, nil // what can't be read is copied again
}
