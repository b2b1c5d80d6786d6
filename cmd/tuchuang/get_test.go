package main

import (
	"crypto/md5"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// read is a file below the user's folder; "" for none.
func (s *served) read(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.home, name))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return string(b)
}

func TestGet(t *testing.T) {
	s := serve(t, "")
	large := strings.Repeat("a large picture ", 100_000)
	want := map[string]string{"in/a.png": "a", "in/图 片/b.png": large, "in/图 片/deep/empty.txt": "", "in/c.png": "c"}
	for name, content := range want {
		s.file(name, content)
	}
	s.mustRun("put", "in", "--to", "/")
	get := func(code int, args ...string) (r getReport, said string) {
		t.Helper()
		ran := s.run(append([]string{"get", "--json"}, args...)...)
		if ran.code != code {
			t.Fatalf("%v: exit %d\n%s%s", args, ran.code, ran.out, ran.errOut)
		}
		decode(t, ran.out, &r)
		return r, ran.errOut
	}
	there := func(folder string) {
		t.Helper()
		for name, content := range want {
			if got := s.read(folder + "/" + name); got != content {
				t.Errorf("%s/%s has %d bytes, want %d", folder, name, len(got), len(content))
			}
		}
		if left, err := filepath.Glob(filepath.Join(s.home, folder, "in", "*", ".tuchuang-*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	}
	if r, _ := get(exitDone, "drive:/in", "--to", "out"); r.Downloaded != 4 || r.Bytes != int64(len(large)+2) || r.Failed+r.Skipped+r.Left != 0 {
		t.Errorf("%+v", r)
	}
	there("out")
	if r, _ := get(exitDone, "drive:/", "--to", "out"); r.Skipped != 4 || r.Bytes != 0 {
		t.Errorf("again: %+v", r)
	}
	// Other content of the name stays unless it is said otherwise.
	s.file("out/in/a.png", "b")
	r, said := get(exitFailed, "drive:/in/a.png", "drive:/in/c.png", "--to", "out/in")
	if r.Failed != 1 || r.Skipped != 1 || !strings.Contains(said, "--overwrite") || s.read("out/in/a.png") != "b" {
		t.Errorf("%+v %s", r, said)
	}
	get(exitDone, "drive:/in/a.png", "--to", "out/in", "--overwrite")
	there("out")

	// What has come is gone on with, if it is what it should be.
	sum := md5.Sum([]byte(large))
	f := getFile{from: "drive:/in/图 片/b.png", etag: hex.EncodeToString(sum[:])}
	half := len(large) / 2
	s.file("half/in/图 片/"+f.part(), large[:half])
	if r, _ := get(exitDone, "drive:/in", "--to", "half"); r.Bytes != int64(len(large)-half+2) {
		t.Errorf("%d bytes came", r.Bytes)
	}
	there("half")
	s.file("bad/in/图 片/"+f.part(), strings.Repeat("x", half))
	if r, said := get(exitFailed, "drive:/in", "--to", "bad"); r.Failed != 1 || r.Downloaded != 3 || !strings.Contains(said, "try again") {
		t.Errorf("%+v %s", r, said)
	}
	get(exitDone, "drive:/in", "--to", "bad")
	there("bad")

	// Of the bed too, and two of one name do not write over each other.
	s.mustRun("copy", "/in", "--to", "/")
	if r, _ := get(exitDone, "bed:/in", "--to", "bed"); r.Downloaded != 3 || s.read("bed/in/图 片/b.png") != large {
		t.Errorf("%+v", r)
	}
	if r, said := get(exitFailed, "bed:/in/a.png", "drive:/in/a.png", "--to", "both"); r.Downloaded != 1 || r.Failed != 1 || !strings.Contains(said, "same place") {
		t.Errorf("%+v %s", r, said)
	}
	if r := s.run("get", "drive:/x"); r.code != exitFailed || !strings.Contains(r.errOut, "/x does not exist") {
		t.Errorf("exit %d %s", r.code, r.errOut)
	}
}

// Nothing is written outside of the folder, not through a link that is in it.
func TestGetStaysInItsFolder(t *testing.T) {
	s := serve(t, "")
	s.file("in/a.png", "a")
	s.mustRun("put", "in", "--to", "/")
	if err := os.MkdirAll(filepath.Join(s.home, "outside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.home, "to"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(s.home, "outside"), filepath.Join(s.home, "to", "in")); err != nil {
		t.Fatal(err)
	}
	if r := s.run("get", "drive:/in", "--to", "to"); r.code != exitFailed {
		t.Errorf("exit %d\n%s", r.code, r.errOut)
	}
	if list, err := os.ReadDir(filepath.Join(s.home, "outside")); err != nil || len(list) > 0 {
		t.Errorf("outside there is %v %v", list, err)
	}
	// A server may say what it likes.
	for name, want := range map[string]bool{
		"a.png": true, "图 片.png": true, "..a": true, "": false, ".": false, "..": false, "../a": false, "a/../../b": false, "/a": false, "/": false,
		`..\a`: false, "c:a": runtime.GOOS != "windows", "a\x00": false, "a//b": false,
	} {
		if got := isLocal("drive:/in/"+name, below("in", name)); got != want {
			t.Errorf("%q is local: %v", name, got)
		}
	}
}
