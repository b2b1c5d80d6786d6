package crash

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// inNamespace is set in a process that may mount because it was started for that.
const inNamespace = "TUCHUANG_TEST_MAY_MOUNT"

// smallDisk mounts a file system of so many bytes and answers its folder. Where
// the process may not mount, it runs the whole test once more in one that may, as
// root of a user namespace of its own, and answers "".
func smallDisk(t *testing.T, size int64) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if err == nil {
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		return dir
	}
	if !errors.Is(err, syscall.EPERM) || os.Getenv(inNamespace) != "" {
		t.Fatalf("mount a small disk: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in a user namespace: %v\n%s", err, out)
	}
	return ""
}

// ballast fills a disk but for some bytes, and answers what frees it again.
func ballast(t *testing.T, disk string, but int64) (free func()) {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(disk, &fs); err != nil {
		t.Fatal(err)
	}
	left := int64(fs.Bavail)*fs.Bsize - but
	path := filepath.Join(disk, "ballast")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(f, io.LimitReader(zeros{}, left))
	if n < left && !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("wrote %d of %d: %v", n, left, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A full disk: what can't be done says so and leaves nothing behind, what is there
// is served, and what was waiting goes on when there is space again.
func TestAFullDisk(t *testing.T) {
	disk := smallDisk(t, 160<<20) // the log of the database alone may take 64 MiB
	if disk == "" {
		return // it ran where it may mount
	}
	s := harness.New(t)
	s.Data = filepath.Join(disk, "data")
	s.Start()
	u, told := s.User("full"), &audit.Told{}
	album := manyFolders(t, u)
	picture := []byte("published before")
	u.Await(u.StartCopy("", u.PutFile(0, "before.png", picture)))
	before := onlyImage(t, u)
	told.Link(before.FileID, "png", before.Etag, before.Size)

	free := fill(t, s, u, disk)
	large := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	for _, c := range []struct {
		what string
		try  func() error
	}{
		{"single", func() error {
			_, err := u.Single(t.Context(), "", declare(0, "single.png", large, 0), contentOf(large))
			return err
		}},
		{"slices", func() error { return have(t.Context(), u.Client, 0, "slices.png", large) }},
		{"bed", func() error {
			made, err := u.BedCreate(t.Context(), client.NewImage{Filename: "bed.png", Etag: etagOf(large), Size: int64(len(large))})
			if err != nil {
				return err
			}
			url, err := u.BedUploadURL(t.Context(), made.PreuploadID, 1)
			if err != nil {
				return err
			}
			return u.Put(t.Context(), url, contentOf(large))
		}},
	} {
		err := c.try()
		if c.what == "single" {
			if left := staged(t, s); len(left) > 0 {
				t.Errorf("an upload that found no room has left %q", left)
			}
		}
		refusal, ok := errors.AsType[*client.Error](err)
		if !ok || !client.Is(err, fault.DiskFull) || refusal.Message != "服务器磁盘空间不足" {
			t.Errorf("%s on a full disk: %v", c.what, err)
		}
	}
	// Reading goes on.
	if res, err := http.Get(s.URL + "/i/" + before.FileID); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("a published picture on a full disk: %v, %v", res, err)
	} else if got, err := io.ReadAll(res.Body); err != nil || res.Body.Close() != nil || !bytes.Equal(got, picture) {
		t.Errorf("a published picture on a full disk: %q, %v", got, err)
	}
	if _, err := u.UserInfo(t.Context()); err != nil {
		t.Errorf("on a full disk: %v", err)
	}

	// A task that finds room to be created and none for its plan waits for space.
	free()
	free = fill(t, s, u, disk)
	task := u.StartCopy("", album)
	told.Task(u.UID, task)
	await(t, "an attempt meets the full disk", func() bool { return strings.Contains(s.Log(), "attempt failed") })
	if state, err := u.CopyProcess(t.Context(), task); err != nil || state.Ended() || state.Copied == 1000 {
		t.Errorf("on a full disk the task says %+v, %v", state, err)
	}
	free()
	if state := u.Await(task); state.Status != client.CopyFinished || state.Copied != 1000 {
		t.Errorf("with space again the task ended with %+v", state)
	}
	for n := range 3 {
		id := u.PutFile(0, fmt.Sprintf("after %d.png", n), append(large, byte(n)))
		told.File(u.UID, id, etagOf(append(large, byte(n))), int64(len(large)+1))
	}
	s.Stop()
	s.Start()
	u.SignIn()
	d := onDisk(t, s)
	await(t, "what was doomed is removed", func() bool { return count(t, d, `SELECT count(*) FROM doomed`) == 0 })
	clean(t, s, d, told, u)
}

// An upload that fills the disk leaves room to work with: to log in, to look, to
// delete, and for what is small.
func TestAnUploadThatFillsTheDisk(t *testing.T) {
	disk := smallDisk(t, 64<<20)
	if disk == "" {
		return // it ran where it may mount
	}
	s := harness.New(t)
	s.Data = filepath.Join(disk, "data")
	s.Start()
	u := s.User("someone")
	old := u.PutFile(0, "old.bin", []byte("uploaded before"))
	fits, tooMuch := bytes.Repeat([]byte("it fits "), 5<<20), bytes.Repeat([]byte("too much"), 5<<20)
	create := func(name string, b []byte) client.Created {
		made, err := u.CreateV2(t.Context(), declare(0, name, b, 0))
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	send := func(to client.Created, b []byte) error {
		for no, from := 1, int64(0); from < int64(len(b)); no, from = no+1, from+to.SliceSize {
			piece := contentOf(b).Part(from, to.SliceSize)
			if err := u.Slice(t.Context(), s.URL, to.PreuploadID, no, etagOf(b[from:from+piece.Size]), piece); err != nil {
				return err
			}
		}
		return nil
	}
	first, second := create("first.bin", fits), create("second.bin", tooMuch)
	if err := send(first, fits); err != nil {
		t.Fatal(err)
	}
	wantFull := func(err error, what string) {
		t.Helper()
		if !client.Is(err, fault.DiskFull) {
			t.Errorf("%s: %v, want disk_full", what, err)
		}
	}
	wantFull(send(second, tooMuch), "the second upload")
	third := bytes.Repeat([]byte("third"), 5<<20)
	_, err := u.CreateV2(t.Context(), declare(0, "third.bin", third, 0))
	wantFull(err, "another one of that size")
	_, err = u.Single(t.Context(), "", declare(0, "third.bin", third, 0), contentOf(third))
	wantFull(err, "a large one in one go")

	works := func(when string) {
		t.Helper()
		u.SignIn()
		s.AddUser(when)
		u.PutFile(0, when+".bin", []byte(when))
		files, err := u.ListV2(t.Context(), client.ListQuery{})
		if err != nil || len(files.FileList) == 0 {
			t.Errorf("%s: %+v, %v", when, files, err)
		}
	}
	works("full")
	if err := u.Trash(t.Context(), []int64{old}); err != nil {
		t.Error(err)
	}
	if err := u.Delete(t.Context(), []int64{old}); err != nil {
		t.Error(err)
	}
	done, err := u.CompleteV2(t.Context(), first.PreuploadID)
	if err != nil || !done.Completed {
		t.Errorf("the upload that fitted: %+v, %v", done, err)
	}
	s.Stop()
	s.Start()
	works("restarted")
}

// staged are the files of uploads on their way.
func staged(t *testing.T, s *harness.Server) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Data, "uploads", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// room is what a filled disk has left: enough for a server to start and for small
// writes, too little for a large upload or the plan of a large task.
const room = 256 << 10

// fill fills the disk of a server while it is down, since the database's log keeps
// the space it once had while it runs. Names that were still to be put into the index
// would take the room that is left.
func fill(t *testing.T, s *harness.Server, u *harness.User, disk string) (free func()) {
	t.Helper()
	d, err := audit.OpenDB(t.Context(), s.Data)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "all names are in the index", func() bool { return count(t, d, `SELECT count(*) FROM drive_unindexed`) == 0 })
	if err := d.Close(); err != nil { // before the server: the last to close takes the log away
		t.Fatal(err)
	}
	s.Stop()
	free = ballast(t, disk, room)
	s.Start()
	u.SignIn()
	return free
}

// manyFolders makes a folder with the thousand pictures that a task may have.
func manyFolders(t *testing.T, u *harness.User) (album int64) {
	t.Helper()
	album = u.MkFolder(0, "many")
	for f := range 5 {
		at := u.MkFolder(album, fmt.Sprint(f))
		group, ctx := errgroup.WithContext(t.Context())
		group.SetLimit(16)
		for n := range 200 {
			group.Go(func() error {
				return have(ctx, u.Client, at, fmt.Sprintf("%d.png", n), fmt.Appendf(nil, "one of many: %d", n))
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	return album
}

// onlyImage answers the one image of a bed.
func onlyImage(t *testing.T, u *harness.User) client.Image {
	t.Helper()
	page, err := u.BedList(t.Context(), client.BedListQuery{})
	if err != nil || len(page.FileList) != 1 {
		t.Fatal(page, err)
	}
	return page.FileList[0]
}
