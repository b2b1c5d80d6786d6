package db_test

import (
	"testing"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// overLine opens an empty database that a test can freeze, and that is waited for a
// few seconds.
func overLine(t *testing.T) (*db.DB, *dbtest.Line) {
	t.Helper()
	place, line := dbtest.OverLine(t, dbtest.Place(t, db.PostgreSQL))
	place.Patience = 3 * time.Second
	return dbtest.Again(t, place, nil), line
}

// Nobody waits for a server that stands still, wherever it was asked; what became of a
// COMMIT nobody knows. When it goes on, so does everything.
func TestFrozenServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	insert := func(tx *db.Tx, name string) error {
		_, err := tx.Exec(t.Context(), insertKey, name, "s")
		return err
	}
	for name, tt := range map[string]struct {
		ask  func(d *db.DB, line *dbtest.Line) error
		want fault.Code
	}{
		"a single statement": {func(d *db.DB, line *dbtest.Line) error {
			line.Hold()
			return d.Ping(t.Context())
		}, fault.Unavailable},
		"the beginning of a read": {func(d *db.DB, line *dbtest.Line) error {
			line.Hold()
			return d.Read(t.Context(), "test", func(*db.Tx) error { return nil })
		}, fault.Unavailable},
		"a statement of a read": {func(d *db.DB, line *dbtest.Line) error {
			return d.Read(t.Context(), "test", func(tx *db.Tx) error {
				line.Hold()
				_, err := tx.Get(t.Context(), `SELECT 1`, nil, new(int))
				return err
			})
		}, fault.Unavailable},
		"a statement of a write": {func(d *db.DB, line *dbtest.Line) error {
			return d.Write(t.Context(), "test", func(tx *db.Tx) error {
				if err := insert(tx, "a"); err != nil {
					return err
				}
				line.Hold()
				return insert(tx, "b")
			})
		}, fault.Unavailable},
		"a commit": {func(d *db.DB, line *dbtest.Line) error {
			return d.Write(t.Context(), "test", func(tx *db.Tx) error {
				err := insert(tx, "a")
				line.Hold()
				return err
			})
		}, fault.Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, line := overLine(t)
			if err := d.Ping(t.Context()); err != nil { // so that there is a connection
				t.Fatal(err)
			}
			if err := tt.ask(d, line); !fault.Is(err, tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
			line.Release()
			if err := put(d, "later"); err != nil {
				t.Errorf("it is back: %v", err)
			}
		})
	}
}

// Workers may wait longer.
func TestWorkersHavePatience(t *testing.T) {
	t.Parallel()
	d, _ := overLine(t)
	err := d.WorkerRead(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), `SELECT 1 FROM pg_sleep(4)`, nil, new(int))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
