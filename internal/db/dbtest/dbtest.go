// Package dbtest opens empty databases for the tests of the rooms: the same suite
// runs on every engine that db knows. It knows no table.
package dbtest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/db"
)

// Engines are all that a suite runs on.
var Engines = []db.Engine{db.SQLite}

// Each runs a test on an empty database of every engine.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, e := range Engines {
		t.Run(string(e), func(t *testing.T) { fn(t, Open(t, e, nil)) })
	}
}

// Open opens an empty database that ends with the test. now may be nil.
func Open(t testing.TB, e db.Engine, now func() time.Time) *db.DB {
	t.Helper()
	return Again(t, Place(t, e), now)
}

// Place names an empty database of an engine, which ends with the test.
func Place(t testing.TB, e db.Engine) db.Options {
	t.Helper()
	if e == db.PostgreSQL {
		return db.Options{URL: newDatabase(t)}
	}
	return db.Options{Path: filepath.Join(t.TempDir(), "tuchuang.db")}
}

// Again opens a database that may have been opened before, or be open.
func Again(t testing.TB, place db.Options, now func() time.Time) *db.DB {
	t.Helper()
	place.Now, place.Upgrade = now, true
	d, err := db.Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Plan answers how the engine would run a statement, a step a line, as the engine
// words it.
func Plan(t testing.TB, d *db.DB, query string) (steps []string) {
	t.Helper()
	args := make([]any, strings.Count(query, "$")) // at least as many as the statement has
	for n := len(args); n > 0 && !strings.Contains(query, fmt.Sprintf("$%d", n)); n-- {
		args = args[:n-1]
	}
	err := d.Read(t.Context(), "dbtest: plan", func(tx *db.Tx) (err error) {
		steps, err = db.Collect(t.Context(), tx, func(row db.Row) (step string, err error) {
			var id, parent, unused int
			return step, row.Scan(&id, &parent, &unused, &step)
		}, "EXPLAIN QUERY PLAN "+query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	return steps
}

// Planned holds a statement against the plan it is meant for: each of the steps is
// part of it (a part of the engine's words is enough), and no other one reads all
// of a table or all of an account. What the statement makes itself may be read
// whole, as a list of values.
func Planned(t testing.TB, d *db.DB, name, query string, steps ...string) {
	t.Helper()
	plan := Plan(t, d, query)
	wanted := make(map[string]bool)
	for _, want := range steps {
		for _, step := range plan {
			if strings.Contains(step, want) {
				wanted[step], wanted[want] = true, true
			}
		}
		if !wanted[want] {
			t.Errorf("%s: nowhere is %q:\n\t%s", name, want, strings.Join(plan, "\n\t"))
		}
	}
	for _, step := range plan {
		what, scans := strings.CutPrefix(step, "SCAN ")
		scans = scans && !slices.Contains(made, strings.Fields(what)[0])
		if (scans || strings.Contains(step, "AUTOMATIC") || strings.HasSuffix(step, "(account_id=?)")) && !wanted[step] {
			t.Errorf("%s reads too much: %s", name, step)
		}
	}
}

// made are what our statements call what they make themselves, and what the engine
// calls their lists of values.
var made = []string{"v", "up", "sub", "s", "CONSTANT", "64", "(subquery-3)"}
