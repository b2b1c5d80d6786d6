package db_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// heard collects what a handle is told; "lost" is what it may not have been told.
func heard(d *db.DB) <-chan string {
	c := make(chan string, 10_000)
	d.OnTell("test", func(text string) { c <- text })
	d.OnForeignWrite(func() { c <- "lost" })
	return c
}

func next(t *testing.T, c <-chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-t.Context().Done():
		t.Fatal("nothing was told")
		return ""
	}
}

func tell(t *testing.T, d *db.DB, texts ...string) {
	t.Helper()
	err := d.Write(t.Context(), "test: tell", func(tx *db.Tx) error {
		for _, s := range texts {
			tx.Tell("test", s)
			tx.Tell("of no interest", s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a transaction tells comes to every process once it is committed, in order, and
// to the own one before Write returns.
func TestTell(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	here, there := dbtest.Again(t, place, nil), dbtest.Again(t, place, nil)
	own, others := heard(here), heard(there)
	if err := here.Write(t.Context(), "test", func(tx *db.Tx) error {
		tx.Tell("test", "rolled-back")
		return context.Canceled
	}); err == nil {
		t.Fatal("committed")
	}
	var many []string
	for n := range 2000 {
		many = append(many, fmt.Sprintf("%s-%d", strings.Repeat("x", n%50), n))
	}
	tell(t, here, many...)
	if len(own) != len(many) {
		t.Errorf("told itself %d of %d", len(own), len(many))
	}
	for _, c := range []<-chan string{own, others} {
		var got []string
		for range many {
			got = append(got, next(t, c))
		}
		if !slices.Equal(got, many) {
			t.Error("told something else")
		}
	}
}

// Where the server drops every connection, what was told meanwhile may be lost, which is
// said; then everything goes on as before.
func TestConnectionsAreMadeAnew(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	here, there := dbtest.Again(t, place, nil), dbtest.Again(t, place, nil)
	c := heard(here)
	for range 2 {
		put(here, fmt.Sprint("before", len(c)))
		if n := count(t, here); n == 0 {
			t.Error("nothing was written")
		}
		dbtest.Disconnect(t, place)
		if err := here.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v", err)
		}
		before := count(t, here)
		if err := put(here, fmt.Sprint("after", before)); err != nil {
			t.Errorf("write: %v", err)
		}
		if after := count(t, there); after != before+1 {
			t.Errorf("%d rows, then %d", before, after)
		}
		err := here.WorkerRead(t.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Get(t.Context(), `SELECT 1`, nil, new(int))
			return err
		})
		if err != nil {
			t.Errorf("long read: %v", err)
		}
		for next(t, c) != "lost" {
		}
		tell(t, there, "again")
		for next(t, c) != "again" {
		}
	}
}
