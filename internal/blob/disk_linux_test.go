package blob_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	_, changed, err := store.WriteSlice(t.Context(), blob.Slice{Key: key, No: 1, Size: 16}, strings.NewReader("no room for this"))
	if !fault.Is(err, fault.DiskFull) || !changed {
		t.Errorf("WriteSlice on a full disk: %v, %v", changed, err)
	}
	w, err := store.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("no room for this")); !fault.Is(err, fault.DiskFull) {
		t.Errorf("Write on a full disk: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, "blobs/", "uploads/")
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
	if !fault.Is(err, fault.BadData) {
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

// Files are kept open for the next reader, so many at the most, and none of them
// once its content is removed.
func TestDiskKeepsFilesOpen(t *testing.T) {
	store, dir := newDisk(t)
	open := func() (paths []string) {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range fds {
			if path, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(path, dir) {
				paths = append(paths, path)
			}
		}
		return paths
	}
	read := func(k blob.Key) {
		t.Helper()
		o, err := store.Open(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		file := o.(interface{ File() *os.File }).File() //nolint:forcetypeassert // a disk's
		if got, err := io.ReadAll(file); err != nil || string(got) != k.String() {
			t.Errorf("read %q, %v", got, err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Read(make([]byte, 1)); err == nil || o.Close() == nil {
			t.Error("a closed object can be read or closed again")
		}
	}
	look := func(k blob.Key) {
		t.Helper()
		o, err := store.Open(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil || len(open()) > 0 {
			t.Errorf("kept open, though nobody was served: %v", err)
		}
	}
	for n := range int64(1100) {
		k := blob.Key{Account: 1, ID: n + 1}
		stage(t, store, k, k.String())
		commit(t, store, k)
		if n <= 10 { // looked at once, as an upload's content is
			look(k)
			continue
		}
		read(k)
		read(k)
	}
	if n := len(open()); n != 1024 {
		t.Errorf("%d files are kept open", n)
	}
	for n := range int64(1100) {
		k := blob.Key{Account: 1, ID: n + 1}
		o, err := store.Open(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		o.(interface{ File() *os.File }).File() //nolint:forcetypeassert // a disk's
		if err := store.Remove(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil { // one that was open when it was removed
			t.Fatal(err)
		}
	}
	if paths := open(); len(paths) > 0 {
		t.Errorf("removed, and still open: %d, the first %s", len(paths), paths[0])
	}
}

// Where a process may have few files open, few are kept.
func TestDiskKeepsFewFilesOpen(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 80, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	store, _ := newDisk(t)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	var before, after []os.DirEntry
	for n := range int64(40) {
		k := blob.Key{Account: 1, ID: n + 1}
		stage(t, store, k, k.String())
		commit(t, store, k)
		serve(t, store, k)
		if n == 9 {
			before, _ = os.ReadDir("/proc/self/fd")
		}
	}
	after, err := os.ReadDir("/proc/self/fd")
	if err != nil || len(after) != len(before) || len(before) < 10 {
		t.Errorf("%d files are open, and were %d when ten of them were kept; %v", len(after), len(before), err)
	}
}

// serve opens content, hands its file on, and closes it.
func serve(t *testing.T, store *blob.Disk, k blob.Key) {
	t.Helper()
	o, err := store.Open(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	o.(interface{ File() *os.File }).File() //nolint:forcetypeassert // a disk's
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

// What is kept open is not taken for what has that name by now.
func TestDiskReadsWhatIsThere(t *testing.T) {
	store, dir := newDisk(t)
	stage(t, store, key, "old")
	commit(t, store, key)
	wantText(t, store, key, "old")
	serve(t, store, key)
	path := filepath.Join(dir, "blobs", strconv.FormatInt(key.Account, 10), strconv.FormatInt(key.ID/1024, 10), strconv.FormatInt(key.ID, 10))
	if err := errors.Join(os.WriteFile(path+".new", []byte("from a backup"), 0o600), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
	wantText(t, store, key, "from a backup")
	serve(t, store, key)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), key); !fault.Is(err, fault.ContentMissing) {
		t.Errorf("a lost file: %v", err)
	}
}

// What is no file is not waited for, and is no content: a FIFO, a device, a folder, a
// socket.
func TestDiskOpensFilesAlone(t *testing.T) {
	store, dir := newDisk(t)
	path := filepath.Join(dir, "blobs", "3", "4", "5000")
	for name, put := range map[string]func() error{
		"fifo":   func() error { return syscall.Mkfifo(path, 0o600) },
		"folder": func() error { return os.Mkdir(path, 0o700) },
		"device": func() error { return os.Symlink("/dev/zero", path) },
		"socket": func() error {
			fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err == nil {
				err = errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Close(fd))
			}
			return err
		},
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), put()); err != nil {
			t.Fatal(name, err)
		}
		_, err := store.Open(t.Context(), key)
		if args := fault.ArgsOf(err); !fault.Is(err, fault.ContentMissing) || len(args) != 2 || args[0] != fault.NotAFile || args[1] != path {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
