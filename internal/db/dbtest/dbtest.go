// Package dbtest opens empty databases for the tests of the rooms: the same suite
// runs on every engine that db knows. It knows no table.
package dbtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
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
	place := Place(t, e)
	if e == db.SQLite {
		file, err := emptyFile()
		if err == nil {
			err = os.WriteFile(place.Path, file, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return Again(t, place, now)
}

// emptyFile is a file of SQLite with all tables, made once: to make it again for each test
// costs more than most tests do.
var emptyFile = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "tuchuang-empty-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "empty.db")
	d, err := db.Open(context.Background(), db.Options{Path: path, Upgrade: true})
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

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
