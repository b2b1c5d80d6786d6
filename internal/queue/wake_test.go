package queue

import (
	"fmt"
	"log/slog"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// A task that one process adds wakes the workers of every process once it is there, and
// those of its kind alone; so does one that is given back.
func TestWorkersOfEveryProcessAreWoken(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	here, there := dbtest.Again(t, place, nil), dbtest.Again(t, place, nil)
	silent := slog.New(slog.DiscardHandler)
	workers := []*Workers{NewWorkers(here, Copy, nil, silent), NewWorkers(there, Copy, nil, silent)}
	others := NewWorkers(there, Copy+1, nil, silent)
	woken := func(what string) {
		t.Helper()
		for n, w := range workers {
			select {
			case <-w.bell:
			case <-t.Context().Done():
				t.Fatalf("%s: process %d is not woken", what, n)
			}
			if found, err := w.anything(t.Context()); err != nil || !found {
				t.Errorf("%s: process %d finds nothing: %v", what, n, err)
			}
		}
	}
	for n := range int64(2) {
		err := here.Write(t.Context(), "test", func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), `
				INSERT INTO account (id, name, operator, state, quota, password_hash, created_at) VALUES ($1, $2, 0, 1, -1, '', 0)`, n, fmt.Sprint(n)); err != nil {
				return err
			}
			return Add(t.Context(), tx, Copy, n, 1, fmt.Sprint(n))
		})
		if err != nil {
			t.Fatal(err)
		}
		woken("added")
	}
	l, err := workers[0].Claim(t.Context())
	if err != nil || l == nil {
		t.Fatal(l, err)
	}
	if err := workers[0].giveBack(t.Context(), l, 0); err != nil {
		t.Fatal(err)
	}
	woken("given back")
	if len(others.bell) > 0 {
		t.Error("workers of another kind were woken")
	}
}
