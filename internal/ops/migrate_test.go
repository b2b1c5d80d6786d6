package ops

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// target is an empty place to move to.
type target struct {
	place db.Options
	store *blob.Disk
}

func newTarget(t *testing.T, e db.Engine) target {
	t.Helper()
	return target{dbtest.Place(t, e), disk(t, t.TempDir())}
}

func (h *house) move(ctx context.Context, to target, change ...func(*MigrateOptions)) (Migrated, error) {
	o := MigrateOptions{DB: h.db, Store: h.store, To: to.place, ToStore: to.store, ToName: "there", Settle: nothingToSettle}
	for _, c := range change {
		c(&o)
	}
	return Migrate(ctx, o)
}

// Every row and every content goes to the other place, on either engine; the source
// takes no writes any more, until it is told to.
func TestMigrate(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to db.Engine) {
		h, there := newHouse(t, from), newTarget(t, to)
		want := rowsOf(t, h.db)
		h.must(blob.Own(t.Context(), h.db, h.store))
		out, err := h.move(t.Context(), there)
		h.must(err)
		d := dbtest.Again(t, there.place, nil)
		if diff := cmp.Diff(want, rowsOf(t, d)); diff != "" {
			t.Errorf("moved -, +:\n%s", diff)
		}
		h.sameContent(there.store)
		id, err := h.store.Owner(t.Context())
		h.must(err)
		if owner, err := there.store.Owner(t.Context()); owner != id || err != nil {
			t.Errorf("the new store is of %q, %v, want %q", owner, err, id)
		}
		h.must(blob.SameOwner(t.Context(), d, there.store))
		if out.Contents != 41 || out.Lost != nil || out.GoneOn || out.Already || len(out.Tables) != len(want) {
			t.Errorf("moved %+v", out)
		}
		for _, table := range out.Tables {
			if table.Rows == 0 || table.Rows != int64(len(want[table.Name])) {
				t.Errorf("%+v, not %d", table, len(want[table.Name]))
			}
		}
		if _, err := AddUser(t.Context(), d, "new", -1, false); err != nil {
			t.Errorf("the new place takes no writes: %v", err)
		}
		_, err = AddUser(t.Context(), h.db, "new", -1, false)
		if !fault.Is(err, fault.Unavailable) || why(err) != fault.DataMoved {
			t.Errorf("the old place: %v", err)
		}
		if again, err := h.move(t.Context(), there); err != nil || !again.Already || again.Contents != 0 {
			t.Errorf("moved again: %+v, %v", again, err)
		}
		h.must(h.db.AllowWrites(t.Context()))
		if _, err := AddUser(t.Context(), h.db, "new", -1, false); err != nil {
			t.Errorf("the old place: %v", err)
		}
		// Both have gone on by now.
		if _, err := h.move(t.Context(), there); why(err) != fault.NotEmpty {
			t.Errorf("moved over what is there: %v", err)
		}
		if _, _, moved, err := h.db.Moved(t.Context()); moved || err != nil {
			t.Errorf("the source of what was refused takes no writes any more (%v)", err)
		}
	})
}

var errBrokenOff = errors.New("broken off")

// broken is a store that breaks off after so many contents.
type broken struct {
	blob.Store
	left atomic.Int64
}

func (b *broken) Create(ctx context.Context, key blob.Key) (blob.Writer, error) {
	w, err := b.Store.Create(ctx, key)
	return &brokenWriter{w, b}, err
}

type brokenWriter struct {
	blob.Writer
	of *broken
}

func (w *brokenWriter) Commit(ctx context.Context) error {
	if w.of.left.Add(-1) < 0 {
		return errBrokenOff
	}
	return w.Writer.Commit(ctx)
}

// A move that was broken off goes on, wherever that was; nobody opens its target
// meanwhile, and no other move does.
func TestMigrateBrokenOff(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to db.Engine) {
		h, there := newHouse(t, from), newTarget(t, to)
		want := rowsOf(t, h.db)
		for range 300 - len(h.blobs) { // more than are noted at once
			h.content([]byte{byte(h.last), byte(h.last >> 8), 'n'})
		}
		want["blob"], want["account"] = rowsOf(t, h.db)["blob"], rowsOf(t, h.db)["account"]
		runs := 0
		for _, left := range []int64{0, 100, 170} {
			store := &broken{Store: there.store}
			store.left.Store(left)
			_, err := h.move(t.Context(), there, func(o *MigrateOptions) { o.ToStore = store })
			if !errors.Is(err, errBrokenOff) {
				t.Fatal(err)
			}
			runs++
			if _, err := db.Open(t.Context(), there.place); why(err) != fault.DataUnfinished {
				t.Errorf("opened what is half: %v", err)
			}
		}
		_, err := h.move(t.Context(), there, func(o *MigrateOptions) {
			o.Settle = func(context.Context, *db.DB, blob.Store) error { return errBrokenOff }
		})
		if !errors.Is(err, errBrokenOff) {
			t.Fatal(err)
		}
		other := newHouse(t, db.SQLite)
		if _, err := other.move(t.Context(), there); why(err) != fault.DataOther {
			t.Errorf("filled from two sources: %v", err)
		}
		if _, err := h.move(t.Context(), there, func(o *MigrateOptions) { o.ToName = "elsewhere" }); why(err) != fault.DataMoved {
			t.Errorf("moved to two places: %v", err)
		}
		out, err := h.move(t.Context(), there)
		h.must(err)
		if !out.GoneOn || out.Contents != 0 {
			t.Errorf("after %d runs %+v", runs, out)
		}
		if diff := cmp.Diff(want, rowsOf(t, dbtest.Again(t, there.place, nil))); diff != "" {
			t.Errorf("moved -, +:\n%s", diff)
		}
		h.sameContent(there.store)
	})
}

// A context that ends in the middle of the rows ends the move; what is there already is
// passed over.
func TestMigrateGoesOnWithRows(t *testing.T) {
	h, there := newHouse(t, db.SQLite), newTarget(t, db.SQLite)
	want := rowsOf(t, h.db)
	m := &move{MigrateOptions: MigrateOptions{DB: h.db, Store: h.store, ToName: "there"}, out: &Migrated{}}
	place := there.place
	place.Filling = true
	m.to = dbtest.Again(t, place, nil)
	h.must(m.begin(t.Context()))
	all := m.tables
	i := slices.IndexFunc(all, func(t db.Table) bool { return t.Name == "drive_entry" })
	m.tables = all[:i]
	h.must(m.rows(t.Context()))
	// The first batch of the largest table, as a run that was broken off leaves it.
	c := newCopier(all[i])
	h.must(h.db.Read(t.Context(), "test", func(tx *db.Tx) error {
		rows, after, err := c.read(t.Context(), tx, nil)
		if err != nil {
			return err
		}
		note, err := noteOf(after)
		if err != nil {
			return err
		}
		return m.to.Write(t.Context(), "test", func(w *db.Tx) error {
			_, err := c.write(t.Context(), w, rows)
			return errors.Join(err, w.SetMark(t.Context(), rowsMark+"drive_entry", note))
		})
	}))
	out, err := h.move(t.Context(), there)
	h.must(err)
	if !out.GoneOn {
		t.Error("it does not say that it went on")
	}
	if diff := cmp.Diff(want, rowsOf(t, dbtest.Again(t, there.place, nil))); diff != "" {
		t.Errorf("moved -, +:\n%s", diff)
	}
}

// Contents that stay where they are are read; what is lost is told, and missing.
func TestMigrateOfDamage(t *testing.T) {
	for _, stay := range []bool{false, true} {
		h, there := newHouse(t, db.SQLite), newTarget(t, db.SQLite)
		gone := h.blobs[2].Key
		h.must(h.store.Remove(t.Context(), gone))
		out, err := h.move(t.Context(), there, func(o *MigrateOptions) {
			if stay {
				o.ToStore = nil
			}
		})
		h.must(err)
		if !slices.Equal(out.Lost, []blob.Key{gone}) || out.Contents != 40 {
			t.Errorf("moved %+v", out)
		}
		d := dbtest.Again(t, there.place, nil)
		var state int
		if _, err := d.Get(t.Context(), "test", `SELECT state FROM blob WHERE id = $1`, []any{gone.ID}, &state); state != int(blob.Missing) || err != nil {
			t.Errorf("the row of what is lost says %d (%v)", state, err)
		}
		if stay {
			h.sameContent(h.store, gone)
		} else {
			h.sameContent(there.store, gone)
		}
	}
}

// One at a time fills a server's database.
func TestMigrateTwiceAtOnce(t *testing.T) {
	h, to := newHouse(t, db.SQLite), newTarget(t, db.PostgreSQL)
	asked := 0
	out, err := h.move(t.Context(), to, func(o *MigrateOptions) {
		o.Progress = func(_, _, _, _ int64) {
			if asked++; asked > 2 {
				return
			}
			if _, err := h.move(t.Context(), to); why(err) != fault.FilledNow {
				t.Errorf("a second one beside it: %v", err)
			}
			if _, _, err := RestoreInto(t.Context(), Place{Data: t.TempDir(), Database: to.place.URL}, RestoreOptions{From: t.TempDir()}); err == nil {
				t.Error("something is restored beside it")
			}
		}
	})
	h.must(err)
	if asked == 0 || out.Contents != 41 {
		t.Errorf("asked %d times, moved %+v", asked, out)
	}
	h.sameContent(to.store)
}

// What is there already is not touched.
func TestMigrateRefuses(t *testing.T) {
	h, there := newHouse(t, db.SQLite), newTarget(t, db.SQLite)
	d := dbtest.Again(t, there.place, nil)
	if _, err := AddUser(t.Context(), d, "one", -1, false); err != nil {
		t.Fatal(err)
	}
	want := rowsOf(t, d)
	if _, err := h.move(t.Context(), there); why(err) != fault.NotEmpty {
		t.Errorf("a database with an account: %v", err)
	}
	if diff := cmp.Diff(want, rowsOf(t, d)); diff != "" {
		t.Errorf("changed -, +:\n%s", diff)
	}
	full := target{db.Options{Path: filepath.Join(t.TempDir(), databaseFile)}, h.store}
	if _, err := h.move(t.Context(), full); why(err) != fault.NotEmpty {
		t.Errorf("a store with content: %v", err)
	}
	if _, err := AddUser(t.Context(), h.db, "two", -1, false); err != nil {
		t.Errorf("what was refused has brought the source to rest: %v", err)
	}
}
