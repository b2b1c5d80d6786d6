package crash

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// installation is a folder that no server is at: pictures, some of them published, an
// upload that is not complete.
type installation struct {
	data string
	told audit.Told
	user harness.Secrets
}

func makeInstallation(t *testing.T) *installation {
	t.Helper()
	s := harness.NewOn(t, db.SQLite)
	s.Start()
	u := s.User("someone")
	i := &installation{data: s.Data, user: u.Secrets}
	album := u.MkFolder(0, "相册 one")
	for n := range 40 {
		b := fmt.Appendf(nil, "picture %d", n)
		i.told.File(u.UID, u.PutFile(album, fmt.Sprintf("%d.png", n), b), harness.MD5(b), int64(len(b)))
	}
	task := u.StartCopy("", album)
	i.told.Task(u.UID, task)
	u.Await(task)
	slice := []byte("the first slice")
	made, err := u.CreateV2(t.Context(), declare(0, "open.bin", slice, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Slice(t.Context(), "", made.PreuploadID, 1, etagOf(slice), contentOf(slice)); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	return i
}

// copied is the installation in a folder of its own.
func (i *installation) copied(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(i.data)); err != nil {
		t.Fatal(err)
	}
	return data
}

// audited starts a server on a folder and holds it against every guarantee and all
// that was told.
func (i *installation) audited(t *testing.T, data string) {
	t.Helper()
	s := harness.NewOn(t, db.SQLite)
	s.Data = data
	s.Start()
	u := harness.Known(t, s, i.user, nil)
	u.SignIn()
	clean(t, s, onDisk(t, s), &i.told, u)
	s.Stop()
}

// command runs the program; at a point, where one is given, it is killed.
func command(t *testing.T, point string, args ...string) {
	t.Helper()
	cmd := exec.Command(harness.Binary(t), args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TUCHUANG_KILL="+point)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	ended := "<nil>"
	if err := cmd.Run(); err != nil {
		ended = err.Error()
	}
	if want := map[bool]string{true: "<nil>", false: "signal: killed"}[point == ""]; ended != want {
		t.Fatalf("tuchuang %s, to be killed at %q, ended with %s, want %s:\n%s", strings.Join(args, " "), point, ended, want, said.String())
	}
}

// A backup, a restore or a move that is killed anywhere is whole once it has been run
// again, and what it was made from is as it was.
func TestCommandsThatAreKilledGoOn(t *testing.T) {
	i := makeInstallation(t)
	for _, point := range []string{"backup.database:1", "backup.contents:1", "backup.manifest:1"} {
		t.Run(point, func(t *testing.T) {
			dest, back := filepath.Join(t.TempDir(), "backups"), filepath.Join(t.TempDir(), "back")
			command(t, point, "backup", dest, "--data", i.data)
			command(t, "", "backup", dest, "--data", i.data)
			command(t, "", "restore", dest, "--data", back)
			i.audited(t, back)
		})
	}
	dest := filepath.Join(t.TempDir(), "backups")
	command(t, "", "backup", dest, "--data", i.data)
	for _, point := range []string{"restore.database:1", "restore.contents:1", "restore.ready:1", "restore.moved:1", "restore.moved:2", "restore.moved:3"} {
		t.Run(point, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			command(t, point, "restore", dest, "--data", data)
			command(t, "", "restore", dest, "--data", data)
			i.audited(t, data)
		})
	}
	for _, point := range []string{"migrate.marked:1", "migrate.rows:1", "migrate.rows:9", "migrate.contents:1", "migrate.settle:1"} {
		t.Run(point, func(t *testing.T) {
			from, to := i.copied(t), filepath.Join(t.TempDir(), "new")
			command(t, point, "migrate", "--data", from, "--to-data", to)
			command(t, "", "migrate", "--data", from, "--to-data", to)
			i.audited(t, to)
			// The old place is whole as well, once it may be written to again.
			command(t, "", "migrate", "--data", from, "--unmark")
			i.audited(t, from)
		})
	}
}
