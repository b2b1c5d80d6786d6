package blob_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/fault"
)

var key = blob.Key{Account: 3, ID: 5000}

func TestDisk(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		store, _ := newDisk(t)
		return store
	})
}

// newDisk gives an empty store in dir/blobs and dir/uploads.
func newDisk(t *testing.T) (store *blob.Disk, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	return reopen(t, dir), dir
}

// reopen is what the next process does.
func reopen(t *testing.T, dir string) *blob.Disk {
	t.Helper()
	store, err := blob.NewDisk(filepath.Join(dir, "blobs"), filepath.Join(dir, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func stage(t *testing.T, store blob.Store, key blob.Key, text string) {
	t.Helper()
	_, _, err := store.WriteSlice(t.Context(), blob.Slice{Key: key, No: 1, Size: int64(len(text))}, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, store blob.Store, key blob.Key) {
	t.Helper()
	if err := store.Commit(t.Context(), key, "", []blob.Part{{No: 1}}); err != nil {
		t.Fatal(err)
	}
}

func wantText(t *testing.T, store blob.Store, key blob.Key, want string) {
	t.Helper()
	o, err := store.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(o)
	if err != nil || string(got) != want {
		t.Errorf("%v holds %q, %v; want %q", key, got, err, want)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// files lists what is under dir, folders with a slash, as slash paths.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if e.IsDir() {
			name += "/"
		}
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("files are %q, want %q", got, want)
	}
}

func TestDiskPaths(t *testing.T) {
	store, dir := newDisk(t)
	stage(t, store, key, "x")
	wantFiles(t, dir, "blobs/", "uploads/", "uploads/3-5000.part")
	commit(t, store, key)
	wantFiles(t, dir, "blobs/", "blobs/3/", "blobs/3/4/", "blobs/3/4/5000", "uploads/")
}

func TestDiskAfterRestart(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(t *testing.T, store *blob.Disk, dir string)
	}{
		{"staged", func(t *testing.T, store *blob.Disk, dir string) {
			stage(t, store, key, "picture")
		}},
		{"folder made, not moved", func(t *testing.T, store *blob.Disk, dir string) {
			stage(t, store, key, "picture")
			if err := os.MkdirAll(filepath.Join(dir, "blobs/3/4"), 0o700); err != nil {
				t.Fatal(err)
			}
		}},
		{"moved, not answered", func(t *testing.T, store *blob.Disk, dir string) {
			stage(t, store, key, "picture")
			commit(t, store, key)
		}},
		{"committed, with something staged beside it", func(t *testing.T, store *blob.Disk, dir string) {
			stage(t, store, key, "picture")
			commit(t, store, key)
			if err := os.WriteFile(filepath.Join(dir, "uploads/3-5000.part"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, dir := newDisk(t)
			test.before(t, store, dir)

			next := reopen(t, dir)
			commit(t, next, key)
			wantText(t, next, key, "picture")
			wantFiles(t, dir, "blobs/", "blobs/3/", "blobs/3/4/", "blobs/3/4/5000", "uploads/")
		})
	}
}

func TestDiskFolderTakenAway(t *testing.T) {
	store, dir := newDisk(t)
	first, second := blob.Key{Account: 3, ID: 1}, blob.Key{Account: 3, ID: 2}
	stage(t, store, first, "first")
	commit(t, store, first)
	if err := os.RemoveAll(filepath.Join(dir, "blobs/3")); err != nil {
		t.Fatal(err)
	}
	stage(t, store, second, "second")
	commit(t, store, second)
	wantText(t, store, second, "second")
	_, err := store.Open(t.Context(), first)
	if !fault.Is(err, fault.ContentMissing) {
		t.Errorf("Open of what was taken away: %v", err)
	}
}

func TestDiskListsOnlyItsOwn(t *testing.T) {
	store, dir := newDisk(t)
	stage(t, store, key, "committed")
	commit(t, store, key)
	stage(t, store, blob.Key{Account: 3, ID: 9}, "staged")

	for _, name := range []string{
		"uploads/notes.txt", "uploads/3-7", "uploads/3.part", "uploads/-3-7.part", "uploads/03-7.part",
		"uploads/3-+7.part", "uploads/0-7.part", "uploads/3-7.part.part", "uploads/probe-123",
		"uploads/3-8.part/x", // a folder
		"blobs/5000", "blobs/3/5000", "blobs/lost+found/4/5000", "blobs/3/4/5001.bak", "blobs/3/4/05001",
		"blobs/3/4/6000",   // not of this folder
		"blobs/3/4/5002/x", // a folder
		"blobs/0/0/5",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("foreign"), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	var got []string
	if err := store.List(t.Context(), func(e blob.Entry) error {
		place := "committed "
		if e.Staged {
			place = "staged "
		}
		got = append(got, place+e.Key.String())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"staged 3/9", "committed 3/5000"}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func TestDiskObjectGivesItsFile(t *testing.T) {
	store, dir := newDisk(t)
	stage(t, store, key, "for the kernel")
	commit(t, store, key)
	o, err := store.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	f := o.(interface{ File() *os.File }).File()
	if want := filepath.Join(dir, "blobs", "3", "4", "5000"); f.Name() != want {
		t.Errorf("File is %s, want %s", f.Name(), want)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

func TestNewDiskRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, blobs := range []string{file, filepath.Join(file, "below")} {
		if _, err := blob.NewDisk(blobs, filepath.Join(dir, "uploads")); err == nil {
			t.Errorf("NewDisk(%s) takes a file for a folder", blobs)
		}
	}
}
