//go:build unix

package db

import (
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// modes answers the files of a folder and who may do what with them.
func modes(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]fs.FileMode)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = info.Mode().Perm()
	}
	return found
}

func write(t *testing.T, d *DB, name string) {
	t.Helper()
	err := d.Write(t.Context(), "test", func(tx *Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO signing_key (name, secret) VALUES ($1, 's')`, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Nobody else may read the database, its log or the copy before an upgrade, whatever
// the folder allows; what was made by another program is mended, in words.
func TestOthersMayNotReadTheDatabase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a]*?")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tuchuang.db")
	var said strings.Builder
	open := func() *DB {
		t.Helper()
		d, err := Open(t.Context(), Options{Path: path, Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	write(t, d, "a")
	if name, err := dsn(path, writing); err != nil {
		t.Fatal(err)
	} else if conn, err := sql.Open("sqlite", name); err != nil {
		t.Fatal(err)
	} else if err := errors.Join(snapshot(t.Context(), conn, path+".of-version-1"), conn.Close()); err != nil {
		t.Fatal(err)
	}
	found := modes(t, dir)
	for _, name := range []string{"tuchuang.db", "tuchuang.db-wal", "tuchuang.db-shm", "tuchuang.db.of-version-1"} {
		if mode, ok := found[name]; !ok || mode != 0o600 {
			t.Errorf("%s: %v, there %v", name, mode, ok)
		}
	}
	if said.Len() > 0 {
		t.Errorf("said of a new database: %s", &said)
	}

	// Beside a handle that has its locks, which must be kept.
	widened := 0
	for name := range found {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
		widened++
	}
	again := open()
	write(t, d, "b")
	write(t, again, "c")
	for name, mode := range modes(t, dir) {
		if mode != 0o600 {
			t.Errorf("%s stays %v", name, mode)
		}
	}
	lines := slices.DeleteFunc(strings.Split(said.String(), "\n"), func(s string) bool { return !strings.Contains(s, "mode=-rw-r--r--") })
	if len(lines) != widened {
		t.Errorf("said of %d files:\n%s", widened, &said)
	}
	if err := errors.Join(again.Close(), d.Close()); err != nil {
		t.Error(err)
	}
}
