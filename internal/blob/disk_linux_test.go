package blob_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
)

// A staged file that is /dev/full in truth: the kernel answers each write with
// "no space left on device".
func TestDiskFull(t *testing.T) {
	store, dir := newDisk(t)
	if err := os.Symlink("/dev/full", filepath.Join(dir, "uploads", "3-5000.part")); err != nil {
		t.Fatal(err)
	}
	staged, err := store.Stage(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := staged.WriteAt([]byte("no room for this"), 0); !fault.Is(err, fault.DiskFull) {
		t.Errorf("WriteAt on a full disk: %v", err)
	}
	if err := staged.Close(); err != nil {
		t.Error(err)
	}
}

func TestNewDiskOnTwoFileSystems(t *testing.T) {
	blobs := t.TempDir()
	parent := "/dev/shm" // always of its own, unless all temporary files are there
	if device(t, blobs) == device(t, parent) {
		parent = "."
	}
	uploads, err := os.MkdirTemp(parent, "blob-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(uploads)
	_, err = blob.NewDisk(blobs, uploads)
	if !fault.Is(err, fault.BadConfig) {
		t.Errorf("NewDisk over two file systems: %v", err)
	}
	wantFiles(t, uploads)
	wantFiles(t, blobs)
}

// device is the number of the file system that holds path.
func device(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(info.Sys().(*syscall.Stat_t).Dev)
}
