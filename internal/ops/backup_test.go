package ops

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

func (h *house) backup(to string, change ...func(*BackupOptions)) Backed {
	h.Helper()
	o := BackupOptions{DB: h.db, Store: h.store, To: to}
	for _, c := range change {
		c(&o)
	}
	out, err := Backup(h.Context(), o)
	h.must(err)
	return out
}

func nothingToSettle(context.Context, *db.DB, blob.Store) error { return nil }

// restore restores into a new place of an engine and opens it.
func restore(t *testing.T, from, name string, e db.Engine) (*db.DB, *blob.Disk, Restored) {
	t.Helper()
	p := Place{Data: filepath.Join(t.TempDir(), "data")}
	place := db.Options{Path: filepath.Join(p.Data, databaseFile)}
	if e == db.PostgreSQL {
		place = dbtest.Place(t, e)
		p.Database = place.URL
	}
	out, goneOn, err := RestoreInto(t.Context(), p, RestoreOptions{From: from, Name: name, Settle: nothingToSettle})
	if err != nil || goneOn {
		t.Fatal(goneOn, err)
	}
	if left, err := os.ReadDir(p.Data); err != nil || slices.ContainsFunc(left, func(e fs.DirEntry) bool {
		return !slices.Contains(parts, e.Name())
	}) {
		t.Errorf("in the folder are %v, %v", left, err)
	}
	return dbtest.Again(t, place, nil), disk(t, p.Data), out
}

// Every row of every table and every content comes back, on either engine.
func TestBackupIsWhole(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to db.Engine) {
		h, dest := newHouse(t, from), t.TempDir()
		want := rowsOf(t, h.db)
		for table, rows := range want {
			if len(rows) == 0 {
				t.Errorf("%s has no row in this test: what becomes of it is not seen", table)
			}
		}
		made := h.backup(dest)
		if made.Contents != 41 || made.Copied != 41 || made.Lost != nil || made.Accounts != 1 || made.Pictures != 1 {
			t.Errorf("a backup of %+v", made)
		}
		d, store, out := restore(t, dest, "", to)
		if diff := cmp.Diff(want, rowsOf(t, d)); diff != "" {
			t.Errorf("restored -, +:\n%s", diff)
		}
		h.sameContent(store)
		if out.Name != made.Name || out.Contents != 41 || out.Bytes != made.Bytes || out.Lost != nil {
			t.Errorf("restored %+v of %+v", out, made)
		}
		err := d.Read(t.Context(), "test", func(tx *db.Tx) error {
			for table, want := range map[string]int64{"blob_hold": 0, "mark": 1} {
				if n, err := countRows(t.Context(), tx, table); n != want || err != nil {
					t.Errorf("%s has %d rows (%v)", table, n, err)
				}
			}
			return nil
		})
		h.must(err)
		// It is an installation of its own, and has its store.
		h.must(blob.Own(t.Context(), h.db, h.store))
		theirs, err := h.store.Owner(t.Context())
		h.must(err)
		owner, err := store.Owner(t.Context())
		h.must(err)
		if id, err := d.Mark(t.Context(), "installation"); owner == "" || owner == theirs || id != owner || err != nil {
			t.Errorf("it is %q, %v, its store %q, that of what was saved %q", id, err, owner, theirs)
		}
	})
}

// What was backed up while it was being moved elsewhere is restored as it was, and can
// be written to.
func TestBackupOfWhatIsMoved(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	want := rowsOf(t, h.db)
	h.must(h.db.RefuseWrites(t.Context(), "id", "there"))
	h.backup(dest)
	d, _, _ := restore(t, dest, "", db.SQLite)
	if diff := cmp.Diff(want, rowsOf(t, d)); diff != "" {
		t.Errorf("restored -, +:\n%s", diff)
	}
	if _, err := AddUser(t.Context(), d, "new", -1, false); err != nil {
		t.Error(err)
	}
}

// Contents are copied once, whichever snapshots refer to them; older snapshots go, and
// with them what only they referred to.
func TestBackupsShareContent(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	first := h.backup(dest)
	gone := h.blobs[0]
	h.write(func(ctx context.Context, tx *db.Tx) error {
		for _, q := range []string{`DELETE FROM publication`, `DELETE FROM image`, `DELETE FROM drive_entry WHERE blob_id = 1`, `DELETE FROM blob WHERE id = 1`} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	h.blobs = h.blobs[1:]
	h.content([]byte("new"))
	second := h.backup(dest)
	if second.Copied != 1 || second.CopyBytes != 3 || second.Contents != 41 {
		t.Errorf("the second backup: %+v", second)
	}
	_, store, _ := restore(t, dest, first.Name, db.SQLite)
	if o, err := store.Open(t.Context(), gone.Key); err != nil {
		t.Errorf("the first backup has lost %s: %v", gone.Key, err)
	} else {
		h.must(o.Close())
	}
	third := h.backup(dest, func(o *BackupOptions) { o.Keep = 2 })
	if !slices.Equal(third.Removed, []string{first.Name}) || third.Freed != 1 || third.FreedBytes != gone.Size || third.Copied != 0 {
		t.Errorf("the third backup: %+v", third)
	}
	d, store, _ := restore(t, dest, second.Name, db.SQLite)
	h.sameContent(store)
	if diff := cmp.Diff(rowsOf(t, h.db), rowsOf(t, d)); diff != "" {
		t.Errorf("restored -, +:\n%s", diff)
	}
}

// A backup that was broken off is none; the next one goes on with its contents.
func TestBackupBrokenOff(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Backup(ctx, BackupOptions{DB: h.db, Store: h.store, To: dest, Progress: func(done, _, _, _ int64) {
		if done == 10 {
			cancel()
		}
	}})
	if !fault.Is(err, fault.Canceled) {
		t.Fatalf("broken off: %v", err)
	}
	_, _, err = RestoreInto(t.Context(), Place{Data: t.TempDir()}, RestoreOptions{From: dest})
	if why(err) != fault.NoBackup {
		t.Errorf("what was broken off is restored: %v", err)
	}
	held := true
	h.must(h.db.Read(t.Context(), "test", func(tx *db.Tx) (err error) {
		held, err = tx.Get(t.Context(), `SELECT 1 FROM blob_hold`, nil, new(int))
		return err
	}))
	if held {
		t.Error("what was broken off still holds the removal of content off")
	}
	again := h.backup(dest)
	if again.Copied == 0 || again.Copied > 31 {
		t.Errorf("the next one has copied %d", again.Copied)
	}
	names, err := folder(dest).snapshots(false)
	if len(names) != 1 || err != nil {
		t.Errorf("there are %v, %v", names, err)
	}
	_, store, _ := restore(t, dest, "", db.SQLite)
	h.sameContent(store)
}

// While a backup runs, the removal of content is held off.
func TestBackupHoldsContent(t *testing.T) {
	h := newHouse(t, db.SQLite)
	held := 0
	h.backup(t.TempDir(), func(o *BackupOptions) {
		o.Progress = func(_, _, _, _ int64) {
			err := h.db.Read(t.Context(), "test", func(tx *db.Tx) error {
				found, err := tx.Get(t.Context(), `SELECT 1 FROM blob_hold WHERE held_until > $1`, []any{tx.Micros()}, new(int))
				if found {
					held++
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	if held != 41 {
		t.Errorf("held for %d of 41 contents", held)
	}
}

// What the store has lost is told, noted, and missing after a restore; what has
// changed in the backup is found.
func TestBackupOfDamage(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	gone, changed := h.blobs[3].Key, h.blobs[5].Key
	h.must(h.store.Remove(t.Context(), gone))
	h.must(h.store.Remove(t.Context(), changed))
	h.must(put(t.Context(), h.store, changed, strings.NewReader("other")))
	made := h.backup(dest)
	if !slices.Equal(made.Lost, []blob.Key{gone, changed}) {
		t.Errorf("lost are %v", made.Lost)
	}
	d, store, out := restore(t, dest, "", db.SQLite)
	h.sameContent(store, gone, changed)
	if !slices.Equal(out.Lost, made.Lost) {
		t.Errorf("restored without %v", out.Lost)
	}
	var missing int64
	if _, err := d.Get(t.Context(), "test", `SELECT COUNT(*) FROM blob WHERE state = 3 AND id IN ($1, $2)`, []any{gone.ID, changed.ID}, &missing); err != nil || missing != 2 {
		t.Errorf("%d rows say that their content is missing (%v)", missing, err)
	}

	rotten := folder(dest).content(h.blobs[7])
	b, err := os.ReadFile(rotten)
	h.must(err)
	b[1] ^= 1
	h.must(os.WriteFile(rotten, b, 0o600))
	data := filepath.Join(t.TempDir(), "data")
	if _, _, err := RestoreInto(t.Context(), Place{Data: data}, RestoreOptions{From: dest, Settle: nothingToSettle}); why(err) != fault.RottenContent {
		t.Errorf("restored from what has changed: %v", err)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	if again := h.backup(dest); again.Copied != 0 {
		t.Errorf("%d copied", again.Copied)
	}
	if again := h.backup(dest, func(o *BackupOptions) { o.Verify = true }); again.Copied != 1 {
		t.Errorf("%d copied again where one had changed", again.Copied)
	}
	_, store, _ = restore(t, dest, "", db.SQLite)
	h.sameContent(store, gone, changed)
}

func why(err error) fault.Why {
	args := fault.ArgsOf(err)
	if len(args) == 0 {
		return ""
	}
	w, _ := args[0].(fault.Why)
	return w
}

// A restore touches nothing that is there, and after an error nothing is.
func TestRestoreRefuses(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	made := h.backup(dest)
	for _, c := range []struct {
		name string
		file string // there already
		from string
		snap string
		want fault.Why
	}{
		{"a database", "tuchuang.db", dest, "", fault.NotEmpty},
		{"its log", "tuchuang.db-wal", dest, "", fault.NotEmpty},
		{"content", "blobs/1/0/1", dest, "", fault.NotEmpty},
		{"staged content", "uploads/1-1.part", dest, "", fault.NotEmpty},
		{"no folder of backups", "", t.TempDir(), "", fault.NotBackups},
		{"another name", "", dest, "x" + made.Name, fault.NoBackup},
	} {
		data := t.TempDir()
		if c.file != "" {
			h.must(os.MkdirAll(filepath.Dir(filepath.Join(data, c.file)), 0o700))
			h.must(os.WriteFile(filepath.Join(data, c.file), []byte("mine"), 0o600))
		}
		_, _, err := RestoreInto(t.Context(), Place{Data: data}, RestoreOptions{From: c.from, Name: c.snap, Settle: nothingToSettle})
		if why(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
		left := 0
		h.must(filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				left++
				b, _ := os.ReadFile(path)
				if !bytes.Equal(b, []byte("mine")) {
					t.Errorf("%s: wrote %s", c.name, path)
				}
			}
			return err
		}))
		if want := len(strings.Fields(c.file)); left != want {
			t.Errorf("%s: %d files are there, %d were", c.name, left, want)
		}
	}
	for _, e := range dbtest.Engines {
		if e != db.PostgreSQL {
			continue
		}
		other := dbtest.Place(t, e)
		d := dbtest.Again(t, other, nil)
		if _, err := AddUser(t.Context(), d, "one", -1, false); err != nil {
			t.Fatal(err)
		}
		if _, _, err := RestoreInto(t.Context(), Place{Data: t.TempDir(), Database: other.URL}, RestoreOptions{From: dest, Settle: nothingToSettle}); why(err) != fault.NotEmpty {
			t.Errorf("a database with an account: %v", err)
		}
	}
	mine := t.TempDir()
	h.must(os.WriteFile(filepath.Join(mine, "letter.txt"), []byte("mine"), 0o600))
	if _, err := Backup(t.Context(), BackupOptions{DB: h.db, Store: h.store, To: mine}); why(err) != fault.NotABackup {
		t.Errorf("a backup into a folder with something else: %v", err)
	}
}
