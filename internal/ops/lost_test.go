package ops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

func (h *house) state(d *db.DB, k blob.Key) (state blob.State) {
	h.Helper()
	_, err := d.Get(h.Context(), "test", `SELECT state FROM blob WHERE account_id = $1 AND id = $2`, []any{k.Account, k.ID}, &state)
	h.must(err)
	return state
}

func (h *house) mark(k blob.Key, state blob.State) {
	h.Helper()
	h.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE blob SET state = $2 WHERE id = $1`, k.ID, state)
		return err
	})
}

// What the store has lost stays in the backup, whatever the database knows of it, as long
// as something refers to it; a restore brings it back.
func TestBackupKeepsWhatIsLost(t *testing.T) {
	eachHouse(t, func(h *house) {
		dest := h.TempDir()
		h.backup(dest)
		gone, changed, unused := h.blobs[9].Key, h.blobs[11].Key, h.blobs[40].Key
		for _, k := range []blob.Key{gone, changed, unused} {
			h.must(h.store.Remove(h.Context(), k))
		}
		h.must(put(h.Context(), h.store, changed, strings.NewReader("shorter")))
		keepOne := func(o *BackupOptions) { o.Keep = 1 }
		if made := h.backup(dest, keepOne); !slices.Equal(made.Kept, []blob.Key{gone, changed, unused}) || made.Lost != nil || made.Contents != 41 || made.Freed != 0 {
			h.Errorf("lost since: %+v", made)
		}
		h.mark(gone, blob.Missing)
		h.mark(changed, blob.Damaged)
		h.mark(unused, blob.Missing)
		for range 2 {
			if made := h.backup(dest, keepOne); !slices.Equal(made.Kept, []blob.Key{gone, changed}) || made.Lost != nil || made.Contents != 40 {
				h.Errorf("marked as lost: %+v", made)
			}
		}
		// A backup that never had them says that they are lost.
		other := h.backup(h.TempDir())
		if !slices.Equal(other.Lost, []blob.Key{gone, changed}) || other.Kept != nil || other.Contents != 38 {
			h.Errorf("a new backup: %+v", other)
		}
		for _, e := range dbtest.Engines {
			d, store, out := restore(h.T, dest, "", e)
			h.sameContent(store, unused)
			if !slices.Equal(out.Back, []blob.Key{gone, changed}) || out.Lost != nil || h.state(d, gone) != blob.Live || h.state(d, changed) != blob.Live {
				h.Errorf("restored %+v, states %d %d", out, h.state(d, gone), h.state(d, changed))
			}
		}
		// What no row refers to any more goes.
		if made := h.backup(dest, keepOne); made.Freed != 0 {
			h.Errorf("%+v", made)
		}
	})
}

// Where the only copy of a content has changed in the backup too, it is lost, and the rest
// is restored.
func TestRestoreWithoutWhatIsRotten(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	h.backup(dest)
	gone, marked := h.blobs[9], h.blobs[11]
	h.mark(marked.Key, blob.Missing)
	for _, s := range []blob.Stored{gone, marked} {
		h.must(h.store.Remove(t.Context(), s.Key))
		h.must(os.WriteFile(folder(dest).content(s), bytes.Repeat([]byte("r"), int(s.Size)), 0o600))
	}
	lost := []blob.Key{gone.Key, marked.Key}
	if made := h.backup(dest, func(o *BackupOptions) { o.Verify = true }); !slices.Equal(made.Lost, lost) || made.Kept != nil || made.Contents != 39 {
		t.Errorf("%+v", made)
	}
	d, store, out := restore(t, dest, "", db.SQLite)
	h.sameContent(store, lost...)
	if !slices.Equal(out.Lost, lost) || out.Back != nil || h.state(d, gone.Key) != blob.Missing || h.state(d, marked.Key) != blob.Missing {
		t.Errorf("%+v", out)
	}
}

// A bucket is asked whether it still has what the backup has.
func TestBackupAsksTheBucket(t *testing.T) {
	h, bucket := newHouse(t, db.SQLite), blobtest.S3(t)
	store, dest := bucket.Open(t), t.TempDir()
	for _, s := range h.blobs {
		o, err := h.store.Open(t.Context(), s.Key)
		h.must(err)
		h.must(errors.Join(put(t.Context(), store, s.Key, o), o.Close()))
	}
	there := func(o *BackupOptions) { o.Store = store }
	if made := h.backup(dest, there); made.Copied != 41 || made.Kept != nil {
		t.Errorf("%+v", made)
	}
	h.must(store.Remove(t.Context(), h.blobs[3].Key))
	h.must(put(t.Context(), store, h.blobs[5].Key, strings.NewReader("other")))
	asked := atomic.Int64{}
	bucket.Fail(func(*http.Request) blobtest.Fault {
		asked.Add(1)
		return blobtest.Fault{}
	})
	if made := h.backup(dest, there); !slices.Equal(made.Kept, []blob.Key{h.blobs[3].Key, h.blobs[5].Key}) || made.Copied != 0 || asked.Load() > 20 {
		t.Errorf("%+v, asked %d times", made, asked.Load())
	}
}

// A store that has nothing of a database's is not its own: nothing is done, and the source
// of a move can be written to as before.
func TestNothingIsDoneWithAnotherStore(t *testing.T) {
	eachHouse(t, func(h *house) {
		dest, wrong, there := h.TempDir(), disk(h.T, h.TempDir()), newTarget(h.T, db.SQLite)
		first := h.backup(dest)
		if _, err := Backup(h.Context(), BackupOptions{DB: h.db, Store: wrong, To: dest, Keep: 1}); why(err) != fault.NoContent {
			h.Errorf("a backup: %v", err)
		}
		if names, err := folder(dest).snapshots(false); !slices.Equal(names, []string{first.Name}) || err != nil {
			h.Errorf("there are %v, %v", names, err)
		}
		for _, stay := range []bool{false, true} {
			_, err := h.move(h.Context(), there, func(o *MigrateOptions) {
				o.Begun = func() { h.Error("it has begun") }
				if o.Store = wrong; stay {
					o.ToStore = nil
				}
			})
			if why(err) != fault.NoContent {
				h.Errorf("a move: %v", err)
			}
		}
		if _, err := AddUser(h.Context(), h.db, "new", -1, false); err != nil {
			h.Errorf("the source takes no writes: %v", err)
		}
		// One of them is a share, and who has marked all the others has said that it is right.
		for _, s := range h.blobs[1:] {
			h.must(h.store.Remove(h.Context(), s.Key))
		}
		made := h.backup(h.TempDir())
		if made.Contents != 1 || made.Bytes != h.blobs[0].Size || len(made.Lost) != 40 {
			h.Errorf("a backup of one content: %+v", made)
		}
		out, err := h.move(h.Context(), there)
		h.must(err)
		if out.Contents != 1 || out.Bytes != h.blobs[0].Size || len(out.Lost) != 40 {
			h.Errorf("a move of one content: %+v", out)
		}
	})
}

// Content that can't be read is told, and the rest goes on.
func TestContentThatCantBeRead(t *testing.T) {
	eachHouse(t, func(h *house) {
		dest, bad := h.TempDir(), h.blobs[6]
		path := filepath.Join(h.dir, "blobs", fmt.Sprint(bad.Key.Account), "0", fmt.Sprint(bad.Key.ID))
		h.must(os.Remove(path))
		h.must(os.Symlink(path, path))
		tells := func(what string, list []Unreadable) {
			h.Helper()
			if len(list) != 1 || list[0].Key != bad.Key || !strings.Contains(list[0].Cause.Error(), path) {
				h.Errorf("%s: %v", what, list)
			}
		}
		made := h.backup(dest)
		tells("a backup", made.Unreadable)
		if made.Contents != 40 || !slices.Equal(made.Lost, []blob.Key{bad.Key}) {
			h.Errorf("%+v", made)
		}
		_, store, out := restore(h.T, dest, "", db.SQLite)
		h.sameContent(store, bad.Key)
		if !slices.Equal(out.Lost, made.Lost) {
			h.Errorf("restored %+v", out)
		}
		stay, err := h.move(h.Context(), newTarget(h.T, db.SQLite), func(o *MigrateOptions) { o.ToStore = nil })
		h.must(err)
		tells("a move of rows", stay.Unreadable)
		if stay.Lost != nil || stay.Contents != 40 {
			h.Errorf("%+v", stay)
		}
		h.must(h.db.AllowWrites(h.Context()))
		there := newTarget(h.T, db.SQLite)
		moved, err := h.move(h.Context(), there)
		h.must(err)
		tells("a move", moved.Unreadable)
		h.sameContent(there.store, bad.Key)
		if !slices.Equal(moved.Lost, []blob.Key{bad.Key}) || moved.Contents != 40 || h.state(dbtest.Again(h.T, there.place, nil), bad.Key) != blob.Missing {
			h.Errorf("%+v", moved)
		}
	})
}

// Content that was taken for lost and is there moves, and is live in the new place.
func TestMigrateOfWhatIsBack(t *testing.T) {
	eachHouse(t, func(h *house) {
		back := h.blobs[4].Key
		h.mark(back, blob.Missing)
		there := newTarget(h.T, db.SQLite)
		out, err := h.move(h.Context(), there)
		h.must(err)
		h.sameContent(there.store)
		if state := h.state(dbtest.Again(h.T, there.place, nil), back); out.Lost != nil || out.Contents != 41 || state != blob.Live {
			h.Errorf("%+v, state %d", out, state)
		}
	})
}

// A restore that an outage of the store breaks off goes on when it is called again; it
// takes nothing for its own that is not of the backup.
func TestRestoreGoesOnAfterAnOutage(t *testing.T) {
	h, dest, bucket := newHouse(t, db.SQLite), t.TempDir(), blobtest.S3(t)
	h.backup(dest)
	store := bucket.Open(t)
	bucket.Options.Tries = 1
	for _, e := range dbtest.Engines {
		p := Place{Data: filepath.Join(t.TempDir(), "data"), Store: bucket.Open(t)} // of little patience
		place := db.Options{Path: filepath.Join(p.Data, databaseFile)}
		if e == db.PostgreSQL {
			place = dbtest.Place(t, e)
			p.Database = place.URL
		}
		again := func() (Restored, error) {
			out, _, err := RestoreInto(t.Context(), p, RestoreOptions{From: dest, Settle: nothingToSettle})
			return out, err
		}
		puts := atomic.Int64{}
		bucket.Fail(func(r *http.Request) blobtest.Fault {
			if r.Method == http.MethodPut {
				puts.Add(1)
			}
			if puts.Load() > 10 {
				return blobtest.Fault{Status: http.StatusServiceUnavailable}
			}
			return blobtest.Fault{}
		})
		_, err := again()
		left, some := errors.AsType[*LeftError](err)
		if where, named := errors.AsType[*PlaceError](err); !some || !fault.Is(left, fault.Unavailable) || !named || where.Place != store.String() {
			t.Fatalf("%s: broken off: %v", e, err)
		}
		bucket.Fail(nil)
		p.Store = store
		stranger := blob.Key{Account: h.acc, ID: 7777}
		h.must(put(t.Context(), store, stranger, strings.NewReader("mine")))
		if _, err := again(); why(err) != fault.NotEmpty {
			t.Errorf("%s: with something else in it: %v", e, err)
		}
		h.must(store.Remove(t.Context(), stranger))
		elsewhere := Place{Data: filepath.Join(t.TempDir(), "other"), Store: store}
		if _, _, err := RestoreInto(t.Context(), elsewhere, RestoreOptions{From: dest, Settle: nothingToSettle}); why(err) != fault.NotEmpty {
			t.Errorf("%s: another one takes it for its own: %v", e, err)
		}
		out, err := again()
		h.must(err)
		if out.Contents != 41 {
			t.Errorf("%s: %+v", e, out)
		}
		h.sameContent(store)
		if diff := cmp.Diff(rowsOf(t, h.db), rowsOf(t, dbtest.Again(t, place, nil))); diff != "" {
			t.Errorf("%s: restored -, +:\n%s", e, diff)
		}
		h.must(clearStore(t.Context(), store))
	}
}

// Where nobody can say whether the database was filled, it is looked at, and nothing that
// it may refer to is removed.
func TestRestoreThatNobodyKnowsTheEndOf(t *testing.T) {
	h, target := newHouse(t, db.SQLite), dbtest.Open(t, db.PostgreSQL, nil)
	unknown := fault.New(fault.Uncertain, "test")
	o := &RestoreOptions{Store: h.store}
	if err := o.undo(t.Context(), at("there", unknown)); !fault.Is(err, fault.Uncertain) {
		t.Error(err)
	}
	h.sameContent(h.store)
	if err := filled(t.Context(), target, at("there", unknown)); err != nil {
		t.Errorf("it is filled: %v", err)
	}
	h.must(target.Write(t.Context(), "test", func(tx *db.Tx) error { return tx.SetMark(t.Context(), db.FillingMark, "x") }))
	err := filled(t.Context(), target, at("there", unknown))
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("it is not: %v", err)
	}
	if err := o.undo(t.Context(), err); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	h.must(emptyStore(t.Context(), h.store))
}

// A move that was given up begins anew in its target; another one's target stays.
func TestMigrateBeginsAnew(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to db.Engine) {
		h, there := newHouse(t, from), newTarget(t, to)
		store := &broken{Store: there.store}
		store.left.Store(20)
		begun := 0
		count := func(o *MigrateOptions) { o.Begun = func() { begun++ } }
		if _, err := h.move(t.Context(), there, count, func(o *MigrateOptions) { o.ToStore = store }); !errors.Is(err, errBrokenOff) || begun != 1 {
			t.Fatal(err, begun)
		}
		h.must(h.db.AllowWrites(t.Context()))
		if _, err := newHouse(t, db.SQLite).move(t.Context(), there, count); why(err) != fault.DataOther || begun != 1 {
			t.Errorf("from elsewhere: %v", err)
		}
		h.content([]byte("written since"))
		h.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM drive_entry WHERE id = 1007`)
			return err
		})
		if _, err := db.Open(t.Context(), there.place); why(err) != fault.DataUnfinished || !slices.Contains(fault.ArgsOf(err), any(h.db.Name())) {
			t.Errorf("opened: %v", err)
		}
		out, err := h.move(t.Context(), there, count)
		h.must(err)
		if out.GoneOn || out.Contents != 42 || begun != 2 {
			t.Errorf("%+v, begun %d times", out, begun)
		}
		if diff := cmp.Diff(rowsOf(t, h.db), rowsOf(t, dbtest.Again(t, there.place, nil))); diff != "" {
			t.Errorf("moved -, +:\n%s", diff)
		}
		h.sameContent(there.store)
		if _, err := h.move(t.Context(), there, func(o *MigrateOptions) { o.ToName, o.Begun = "elsewhere", func() { t.Error("begun") } }); why(err) != fault.DataMoved {
			t.Error(err)
		}
	})
}

// A snapshot that can't be read, or is of a newer program, is told and left alone, and so
// is all content; the others go on.
func TestBackupBesideADamagedSnapshot(t *testing.T) {
	for _, manifest := range []string{"{", `{"format": 2}`} {
		h, dest := newHouse(t, db.SQLite), t.TempDir()
		first := h.backup(dest)
		h.must(os.WriteFile(folder(dest).in(first.Name, manifestFile), []byte(manifest), 0o600))
		h.write(func(ctx context.Context, tx *db.Tx) (err error) {
			for _, q := range []string{`DELETE FROM publication`, `DELETE FROM image`, `DELETE FROM drive_entry WHERE blob_id = 1`, `DELETE FROM blob WHERE id = 1`} {
				_, e := tx.Exec(ctx, q)
				err = errors.Join(err, e)
			}
			return err
		})
		second := h.backup(dest)
		third := h.backup(dest, func(o *BackupOptions) { o.Keep = 1 })
		if !slices.Equal(third.Damaged, []string{first.Name}) || !slices.Equal(third.Removed, []string{second.Name}) || third.Freed != 0 {
			t.Errorf("%+v", third)
		}
		if !exists(folder(dest).content(h.blobs[0])) || !exists(folder(dest).in(first.Name, listFile)) {
			t.Error("what the damaged one refers to is gone")
		}
		h.must(os.RemoveAll(folder(dest).in(first.Name)))
		if last := h.backup(dest, func(o *BackupOptions) { o.Keep = 1 }); last.Freed != 1 || last.Damaged != nil {
			t.Errorf("%+v", last)
		}
	}
}

// An outage says which of the places is away; a full disk, also one that takes no file of
// that size, keeps its path.
func TestErrorsSayWhere(t *testing.T) {
	h, bucket := newHouse(t, db.SQLite), blobtest.S3(t)
	bucket.Options.Tries = 1
	store := bucket.Open(t)
	bucket.Fail(func(*http.Request) blobtest.Fault { return blobtest.Fault{Status: http.StatusServiceUnavailable} })
	_, backupErr := Backup(t.Context(), BackupOptions{DB: h.db, Store: store, To: t.TempDir()})
	_, moveErr := h.move(t.Context(), target{place: dbtest.Place(t, db.SQLite)}, func(o *MigrateOptions) { o.ToStore = store })
	for what, err := range map[string]error{"backup": backupErr, "move": moveErr} {
		if where, ok := errors.AsType[*PlaceError](err); !ok || where.Place != store.String() || !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	err := full(&fs.PathError{Op: "write", Path: "/there", Err: syscall.EFBIG})
	if e, ok := errors.AsType[*fs.PathError](err); !fault.Is(err, fault.DiskFull) || !ok || e.Path != "/there" {
		t.Error(err)
	}
}

// The list of a snapshot tells what is lost, in a way that an older program reads too.
func TestListOfASnapshot(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	h.backup(dest)
	h.mark(h.blobs[2].Key, blob.Missing)
	made := h.backup(dest)
	b, err := os.ReadFile(folder(dest).in(made.Name, listFile))
	h.must(err)
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	for i, line := range lines {
		if lost := bytes.HasSuffix(line, []byte(" lost")); len(lines) != 41 || lost != (i == 2) {
			t.Errorf("line %d of %d: %s", i, len(lines), line)
		}
	}
}

// Whether anything refers to a content is seen by the indexes of who may.
func TestReferencesAreFoundByIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dbtest.Planned(t, d, "refers to", refersTo, `drive_entry USING COVERING INDEX drive_blob (account_id=? AND blob_id=?)`, `image USING COVERING INDEX image_blob (account_id=? AND blob_id=?)`)
	})
}
