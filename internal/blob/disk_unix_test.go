//go:build unix

package blob_test

import (
	"io"
	"io/fs"
	"path/filepath"
	"testing"
)

func TestDiskPermissions(t *testing.T) {
	store, dir := newDisk(t)
	stage(t, store, key, "committed")
	commit(t, store, key)
	other := key
	other.ID++
	stage(t, store, other, "staged")

	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDiskRemoveWhileReading(t *testing.T) {
	store, _ := newDisk(t)
	stage(t, store, key, "being served")
	commit(t, store, key)
	o, err := store.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Remove(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(o); err != nil || string(got) != "being served" {
		t.Errorf("read %q, %v after Remove", got, err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}
