package db_test

import (
	"context"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// A COMMIT whose answer was lost may have been carried out: it is not tried again, and
// nobody is told that it was not.
func TestLostCommitIsUncertain(t *testing.T) {
	d := dbtest.Open(t, db.PostgreSQL, nil)
	for _, statement := range []string{
		`CREATE FUNCTION drop_line() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`,
		`CREATE CONSTRAINT TRIGGER drop_line AFTER INSERT ON signing_key DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION drop_line()`,
	} {
		err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), statement)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	times := 0
	err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
		times++
		_, err := tx.Exec(t.Context(), insertKey, "a", "s")
		return err
	})
	if times != 1 || !fault.Is(err, fault.Uncertain) {
		t.Errorf("run %d times: %v", times, err)
	}
}

// What was never sent was not committed: a transaction whose connection has ended before
// its COMMIT is run again.
func TestUnsentCommitIsRunAgain(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	d, other := dbtest.Again(t, place, nil), dbtest.Again(t, place, nil)
	times := 0
	err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
		times++
		if _, err := tx.Exec(t.Context(), insertKey, "a", "s"); err != nil || times > 1 {
			return err
		}
		var pid int64
		if _, err := tx.Get(t.Context(), `SELECT pg_backend_pid()`, nil, &pid); err != nil {
			return err
		}
		dbtest.Disconnect(t, place)
		for {
			there, err := other.Get(t.Context(), "test", `SELECT 1 FROM pg_stat_activity WHERE pid = $1`, []any{pid}, new(int))
			if err != nil || !there {
				return err
			}
		}
	})
	if n := count(t, d); err != nil || times != 2 || n != 1 {
		t.Errorf("run %d times, %d rows: %v", times, n, err)
	}
}

// However many connections a server has dropped, nobody who asks then is refused for it.
func TestAllConnectionsMayBeLost(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	place.URL += "&idle_in_transaction_session_timeout=0" // the first waits for the others
	d := dbtest.Again(t, place, nil)
	var nest func(n int, do func(context.Context, string, func(*db.Tx) error) error) error
	nest = func(n int, do func(context.Context, string, func(*db.Tx) error) error) error {
		return do(t.Context(), "test", func(tx *db.Tx) error {
			if _, err := tx.Get(t.Context(), `SELECT 1`, nil, new(int)); err != nil || n == 1 {
				return err
			}
			return nest(n-1, do)
		})
	}
	for _, do := range []func(context.Context, string, func(*db.Tx) error) error{d.Read, d.Write} {
		if err := nest(8, do); err != nil { // so many connections are there
			t.Fatal(err)
		}
		dbtest.Disconnect(t, place)
		if err := nest(1, do); err != nil {
			t.Error(err)
		}
	}
}
