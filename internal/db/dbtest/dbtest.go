// Package dbtest opens empty databases for the tests of the rooms: the same suite
// runs on every engine that db knows. It knows no table.
package dbtest

import (
	"path/filepath"
	"testing"
	"time"

	"tuchuang/internal/db"
)

// Engines are all that a suite runs on.
var Engines = []db.Engine{db.SQLite, db.PostgreSQL}

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

// Again opens a database that may have been opened before, or be open. now is the
// leases' clock too.
func Again(t testing.TB, place db.Options, now func() time.Time) *db.DB {
	t.Helper()
	place.Now, place.Clock, place.Upgrade = now, now, true
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
