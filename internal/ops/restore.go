package ops

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// RestoreOptions say what to restore where.
type RestoreOptions struct {
	From     string // the folder of backups
	Name     string // of the snapshot; "" for the newest
	To       db.Options
	Store    blob.Store
	Work     string // an empty folder, for what is needed meanwhile
	GoOn     bool   // the store may hold contents that an earlier run has put there
	Settle   Settle
	Progress Progress
}

// Settle ends what can't go on in another place: uploads that are open, which have
// their slices in the old one, and what was begun by a request that nobody waits for
// any more. Nothing else is going on when it is called.
type Settle func(context.Context, *db.DB, blob.Store) error

// Restored is what a restore has done.
type Restored struct {
	Name             string
	Taken            time.Time
	Contents, Bytes  int64
	Accounts, Images int64
	Lost             []blob.Key // that the backup does not have either
	Back             []blob.Key // that were lost when the backup was made, and are there again
}

// LeftError says that a restore has left contents in the store, which another run may go on
// with.
type LeftError struct{ Err error }

func (l *LeftError) Error() string { return l.Err.Error() }

// Unwrap gives what broke the restore off.
func (l *LeftError) Unwrap() error { return l.Err }

// Restore fills an empty database and an empty store from a backup, of either engine,
// and checks every content against its row. Anything there already is fault.BadData,
// and nothing is touched. After an error a server's database is empty again, and the store
// too, unless the error is a LeftError: then the store could not be asked to remove what was put
// into it, or was not empty to begin with (GoOn), or nobody can say whether the database is
// filled (fault.Uncertain). A file of SQLite's is the caller's to take away.
func Restore(ctx context.Context, o RestoreOptions) (out Restored, err error) {
	from := folder(o.From)
	m, err := from.choose(&o, &out)
	if err != nil {
		return out, err
	}
	if !o.GoOn {
		if err := emptyStore(ctx, o.Store); err != nil {
			return out, err
		}
	}
	path := o.To.Path
	if o.To.URL != "" {
		path = filepath.Join(o.Work, databaseFile)
	}
	if exists(path) {
		return out, fault.New(fault.BadData, "ops: restore", fault.NotEmpty, path)
	}
	target, err := openEmpty(ctx, o.To, out.Name)
	if err != nil {
		return out, err
	}
	if target != nil {
		release, lockErr := fillAlone(ctx, target)
		if lockErr != nil {
			return out, errors.Join(lockErr, target.Close())
		}
		defer func() { err = errors.Join(err, release()) }()
		defer func() {
			if err != nil { // it holds nothing, as before
				ctx := context.WithoutCancel(ctx)
				err = errors.Join(err, target.Write(ctx, "ops: restore", func(tx *db.Tx) error { return tx.SetMark(ctx, db.FillingMark, "") }))
			}
			err = errors.Join(err, target.Close())
		}()
	}
	if err := from.copyDatabase(out.Name, m, path); err != nil {
		return out, err
	}
	killpoint.Here("restore.database")
	file := o.To
	file.URL, file.Path, file.Upgrade = "", path, true
	d, err := db.Open(ctx, file)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if o.GoOn {
		if err := onlyOf(ctx, d, o.Store); err != nil {
			return out, &LeftError{err}
		}
	}
	defer func() {
		if err != nil {
			err = o.undo(ctx, err)
		}
	}()
	if err := o.contents(ctx, from, d, m, &out); err != nil {
		return out, err
	}
	killpoint.Here("restore.contents")
	if err := o.settle(ctx, d, &out); err != nil || target == nil {
		return out, at(path, err)
	}
	return out, filled(ctx, target, at(target.Name(), fill(ctx, d, target)))
}

// undo takes away what was put into the store, where that is all that it holds and nobody
// may need it.
func (o *RestoreOptions) undo(ctx context.Context, err error) error {
	if o.GoOn || fault.Is(err, fault.Uncertain) {
		return &LeftError{err}
	}
	if clearErr := clearStore(context.WithoutCancel(ctx), o.Store); clearErr != nil {
		return &LeftError{errors.Join(err, clearErr)}
	}
	return err
}

// filled looks what became of a transaction whose end is not known: the mark of the filling
// went with it.
func filled(ctx context.Context, target *db.DB, err error) error {
	if !fault.Is(err, fault.Uncertain) {
		return err
	}
	mark, lookErr := target.Mark(ctx, db.FillingMark)
	switch {
	case lookErr != nil:
		return err
	case mark == "":
		return nil
	}
	return fault.Because(fault.Unavailable, "ops: restore", err)
}

// onlyOf refuses a store that holds anything but contents of a database.
func onlyOf(ctx context.Context, d *db.DB, s blob.Store) error {
	return d.Snapshot(ctx, "ops: look", func(tx *db.Tx) error {
		return at(blob.NameOf(s), s.List(ctx, func(e blob.Entry) error {
			ours, err := tx.Get(ctx, `SELECT 1 FROM blob WHERE account_id = $1 AND id = $2 AND state > 0`, []any{e.Key.Account, e.Key.ID}, new(int))
			if err == nil && !ours {
				err = fault.New(fault.BadData, "ops: look", fault.NotEmpty, blob.NameOf(s))
			}
			return err
		}))
	})
}

// choose finds the snapshot and sees that it is whole.
func (f folder) choose(o *RestoreOptions, out *Restored) (m manifest, err error) {
	is, err := f.isBackup()
	if err != nil {
		return m, err
	}
	if !is {
		return m, fault.New(fault.BadData, "ops: restore", fault.NotBackups, string(f))
	}
	names, err := f.snapshots(true)
	if err != nil {
		return m, err
	}
	out.Name = o.Name
	if out.Name == "" && len(names) > 0 {
		out.Name = names[len(names)-1]
	}
	found := false
	for _, name := range names {
		found = found || name == out.Name
	}
	if !found {
		return m, fault.New(fault.BadData, "ops: restore", fault.NoBackup, filepath.Join(string(f), o.Name))
	}
	m, err = f.manifest(out.Name)
	out.Taken, out.Accounts, out.Images = m.Taken, m.Accounts, m.Images
	return m, err
}

// copyDatabase copies the file of a snapshot, which must be what its manifest says.
func (f folder) copyDatabase(name string, m manifest, to string) error {
	from, err := os.Open(f.in(name, databaseFile))
	if err != nil {
		return fault.Because(fault.BadData, "ops: restore", err, fault.BackupDamaged, f.in(name), databaseFile)
	}
	same := false
	err = writeDurably(to, func(w io.Writer) (err error) {
		same, err = copyChecked(w, from, blob.Stored{Size: m.Database.Size, SHA256: m.Database.SHA256})
		return err
	})
	if err = errors.Join(err, from.Close()); err == nil && !same {
		err = fault.New(fault.BadData, "ops: restore", fault.BackupDamaged, f.in(name), databaseFile)
	}
	return err
}

// contents puts every content that the database refers to into the store.
func (o *RestoreOptions) contents(ctx context.Context, from folder, d *db.DB, m manifest, out *Restored) error {
	known := map[string]bool{}
	for _, key := range m.Lost {
		known[key] = true
	}
	t := &tally{tell: o.Progress, total: m.Contents, bytes: m.Bytes}
	err := d.Snapshot(ctx, "ops: restore", func(tx *db.Tx) error {
		return eachContent(ctx, func(ctx context.Context, give func(blob.Stored) error) error {
			return eachNamed(ctx, tx, give)
		}, func(ctx context.Context, s blob.Stored) error {
			if s.Lost = s.Lost || known[s.Key.String()]; s.Lost && !exists(from.content(s)) {
				t.done(s, lost)
				return nil
			}
			err := o.give(ctx, from, s)
			if args := fault.ArgsOf(err); s.Lost && len(args) > 0 && args[0] == fault.RottenContent {
				t.done(s, lost) // nobody can copy it again
				return nil
			}
			if err != nil {
				return err
			}
			become := had
			if s.Lost {
				become = revive
			}
			t.done(s, become)
			return nil
		})
	})
	out.Contents, out.Bytes, out.Lost, out.Back = t.contents, t.contentSize, sortedKeys(t.lost), sortedKeys(t.back)
	return err
}

// give puts one content of the folder into the store, unless an earlier run has.
func (o *RestoreOptions) give(ctx context.Context, f folder, s blob.Stored) error {
	if o.GoOn {
		if err := same(ctx, o.Store, s); err == nil || !fault.Is(err, fault.ContentMissing) {
			return err
		}
	}
	damaged := func(err error) error {
		return fault.Because(fault.BadData, "ops: restore", err, fault.RottenContent, f.content(s), s.Key.String())
	}
	file, err := os.Open(f.content(s))
	if err != nil {
		return damaged(err)
	}
	c := &checking{from: file, want: s}
	err = at(blob.NameOf(o.Store), put(ctx, o.Store, s.Key, c))
	if c.wrong.Load() {
		err = damaged(nil)
	}
	return errors.Join(err, file.Close())
}

// checking reads content and fails at its end where it is not what its row says, so
// that it is never made readable.
type checking struct {
	from  io.Reader
	want  blob.Stored
	sum   summer
	wrong atomic.Bool
}

var errNotTheSame = errors.New("the content is not what its row says")

func (c *checking) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.sum.add(p[:n])
	if err == io.EOF && !c.sum.is(c.want) {
		c.wrong.Store(true)
		return n, errNotTheSame
	}
	return n, err
}

// settle makes the copy one that begins here.
func (o *RestoreOptions) settle(ctx context.Context, d *db.DB, out *Restored) error {
	// One that was taken while the data was being moved.
	if _, _, moved, err := d.Moved(ctx); err != nil {
		return err
	} else if moved {
		if err := d.AllowWrites(ctx); err != nil {
			return err
		}
	}
	err := d.Write(ctx, "ops: restore", func(tx *db.Tx) error {
		for _, table := range ofTheDatabase {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		for _, k := range out.Lost {
			if err := blob.MarkMissing(ctx, tx, k); err != nil {
				return err
			}
		}
		for _, k := range out.Back {
			if err := blob.Revive(ctx, tx, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := o.Settle(ctx, d, o.Store); err != nil {
		return err
	}
	return blob.Adopt(ctx, d, o.Store) // it is an installation of its own
}

// openEmpty opens a server's database, which must hold nothing, for the restore of a
// snapshot: nobody else can open it until it is filled. nil for a file.
func openEmpty(ctx context.Context, o db.Options, name string) (*db.DB, error) {
	if o.URL == "" {
		return nil, nil //nolint:nilnil // there is nothing to open yet
	}
	o.Upgrade, o.Filling = true, true
	d, err := db.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	err = emptyTables(ctx, d)
	if err == nil {
		err = d.Write(ctx, "ops: restore", func(tx *db.Tx) error { return tx.SetMark(ctx, db.FillingMark, name) })
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func emptyTables(ctx context.Context, d *db.DB) error {
	return d.Snapshot(ctx, "ops: look", func(tx *db.Tx) error { return holdsNothing(ctx, tx, d.Name()) })
}

// holdsNothing is fault.NotEmpty where any table has a row. What an earlier restore that
// was killed has noted is none.
func holdsNothing(ctx context.Context, tx *db.Tx, name string) error {
	tables, err := tx.Tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		query, args := `SELECT 1 FROM "`+t.Name+`" LIMIT 1`, []any(nil)
		if t.Name == "mark" {
			query, args = `SELECT 1 FROM mark WHERE name <> $1 LIMIT 1`, []any{db.FillingMark}
		}
		some, err := tx.Get(ctx, query, args, new(int))
		if err != nil {
			return err
		}
		if some {
			return fault.New(fault.BadData, "ops: look", fault.NotEmpty, name)
		}
	}
	return nil
}

var errFound = errors.New("there is something")

func emptyStore(ctx context.Context, s blob.Store) error {
	err := s.List(ctx, func(e blob.Entry) error { return errFound })
	if errors.Is(err, errFound) {
		return fault.New(fault.BadData, "ops: look", fault.NotEmpty, blob.NameOf(s))
	}
	return at(blob.NameOf(s), err)
}

// clearStore removes everything from a store that was empty before.
func clearStore(ctx context.Context, s blob.Store) error {
	var keys []blob.Key
	err := s.List(ctx, func(e blob.Entry) error {
		keys = append(keys, e.Key)
		return nil
	})
	for _, k := range keys {
		err = errors.Join(err, s.Remove(ctx, k))
	}
	return at(blob.NameOf(s), errors.Join(err, s.SetOwner(ctx, "")))
}

// fill copies all rows into an empty database, in one transaction, and opens it to
// everybody. Rows that somebody has written there meanwhile are fault.NotEmpty. They are
// counted as they are written: a count of a large table takes longer than a statement may.
func fill(ctx context.Context, from, to *db.DB) error {
	return to.Write(ctx, "ops: restore", func(w *db.Tx) error {
		if to.Engine() == db.PostgreSQL { // whoever writes rows writes an account first
			if _, err := w.Exec(ctx, `LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE`); err != nil {
				return err
			}
		}
		if err := holdsNothing(ctx, w, to.Name()); err != nil {
			return err
		}
		return from.Snapshot(ctx, "ops: restore", func(tx *db.Tx) error {
			written := map[string]int64{}
			err := copyRows(ctx, tx, func(c copier, rows [][]any) error {
				n, err := c.write(ctx, w, rows)
				written[c.Name] += n
				return err
			})
			if err != nil {
				return err
			}
			tables, err := copied(ctx, tx)
			if err != nil {
				return err
			}
			for _, t := range tables {
				ours, err := countRows(ctx, tx, t.Name)
				if err != nil {
					return err
				}
				if ours != written[t.Name] {
					return fault.New(fault.BadData, "ops: restore", fault.NotEmpty, to.Name())
				}
			}
			if err := blob.CopyOwner(ctx, from, w); err != nil {
				return err
			}
			return w.SetMark(ctx, db.FillingMark, "")
		})
	})
}
