package db_test

import (
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// A database that is being moved refuses the writes of every process, in every table,
// says why, and is read as before; and takes them again afterwards.
func TestRefusedWrites(t *testing.T) {
	for _, e := range []db.Engine{db.SQLite, db.PostgreSQL} {
		t.Run(string(e), func(t *testing.T) {
			place := dbtest.Place(t, e)
			a, b := dbtest.Again(t, place, nil), dbtest.Again(t, place, nil)
			insert := func(d *db.DB, name string) error {
				return d.Write(t.Context(), "test", func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), `INSERT INTO id_block (name, next) VALUES ($1, 1)`, name)
					return err
				})
			}
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(insert(b, "before"))
			const to = "it's (over) there"
			must(a.RefuseWrites(t.Context(), "id", to))
			must(a.RefuseWrites(t.Context(), "id", to)) // after an answer that was lost
			for _, d := range []*db.DB{a, b} {
				err := insert(d, "meanwhile")
				args := fault.ArgsOf(err)
				if !fault.Is(err, fault.Unavailable) || len(args) != 2 || args[0] != fault.DataMoved || args[1] != to {
					t.Errorf("a write: %v %v", err, args)
				}
				if id, where, moved, err := d.Moved(t.Context()); id != "id" || where != to || !moved || err != nil {
					t.Errorf("%q %q %v %v", id, where, moved, err)
				}
			}
			tables := 0
			must(a.Read(t.Context(), "test", func(tx *db.Tx) error {
				all, err := tx.Tables(t.Context())
				tables = len(all)
				return err
			}))
			var guards int
			count := `SELECT COUNT(DISTINCT tbl_name) FROM sqlite_schema WHERE type = 'trigger'`
			if e == db.PostgreSQL {
				count = `SELECT COUNT(*) FROM pg_trigger WHERE tgname = 'refuse_writes'`
			}
			if _, err := a.Get(t.Context(), "test", count, nil, &guards); err != nil || guards != tables-2 {
				t.Errorf("%d of %d tables are guarded (%v)", guards, tables, err)
			}
			for _, change := range []string{`UPDATE id_block SET next = 2`, `DELETE FROM id_block`} {
				err := b.Write(t.Context(), "test", func(tx *db.Tx) error {
					_, err := tx.Exec(t.Context(), change)
					return err
				})
				if !fault.Is(err, fault.Unavailable) {
					t.Errorf("%s: %v", change, err)
				}
			}
			var next int
			if found, err := b.Get(t.Context(), "test", `SELECT next FROM id_block WHERE name = 'before'`, nil, &next); !found || next != 1 || err != nil {
				t.Errorf("read %v %d %v", found, next, err)
			}
			must(b.AllowWrites(t.Context()))
			must(insert(a, "after"))
			if _, _, moved, err := a.Moved(t.Context()); moved || err != nil {
				t.Errorf("still moved: %v", err)
			}
		})
	}
}

// What is being filled from another database is opened by who fills it alone.
func TestFilling(t *testing.T) {
	for _, e := range []db.Engine{db.SQLite, db.PostgreSQL} {
		t.Run(string(e), func(t *testing.T) {
			place := dbtest.Place(t, e)
			d := dbtest.Again(t, place, nil)
			set := func(id string) {
				t.Helper()
				if err := d.Write(t.Context(), "test", func(tx *db.Tx) error { return tx.SetMark(t.Context(), db.FillingMark, id) }); err != nil {
					t.Fatal(err)
				}
			}
			set("x")
			if _, err := db.Open(t.Context(), place); !fault.Is(err, fault.BadData) || fault.ArgsOf(err)[0] != fault.DataUnfinished {
				t.Errorf("opened: %v", err)
			}
			place.Filling = true
			other := dbtest.Again(t, place, nil)
			if from, err := other.Mark(t.Context(), db.FillingMark); from != "x" || err != nil {
				t.Errorf("%q %v", from, err)
			}
			set("")
			place.Filling = false
			dbtest.Again(t, place, nil)
		})
	}
}
