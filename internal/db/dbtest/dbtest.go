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
	d, err := db.Open(t.Context(), db.Options{Engine: e, Path: filepath.Join(t.TempDir(), "tuchuang.db"), Now: now})
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
