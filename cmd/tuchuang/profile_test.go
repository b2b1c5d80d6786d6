package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
)

func reportOf(status int, total *int64, failCode, failMsg string) taskReport {
	return taskReport{
		newTaskRow("T", client.CopyState{Status: status, Total: total, Copied: 1, Failed: 1, FailCode: failCode, FailMsg: failMsg}),
		[]client.CopyFailure{{FileID: 1, Filename: "a.png", FailReason: "quota_exceeded"}},
	}
}

func TestProfileIsPrivateAndWhole(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	t.Setenv("AppData", home)
	u := &ui{out: os.Stdout, err: os.Stderr}
	if p, err := u.loadProfile(); err != nil || p != (profile{}) {
		t.Fatalf("without a file: %+v, %v", p, err)
	}
	want := profile{"https://pic.example.org", "id", "geheim", client.Token{AccessToken: "t", ExpiredAt: time.Unix(2e9, 0).UTC()}}
	path, err := want.save()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := u.loadProfile(); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v: %s", err, cmp.Diff(want, got))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := want.save(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode after a rewrite %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = u.loadProfile()
	if what, advice := u.explain(err); err == nil || !strings.Contains(what, path) || !strings.Contains(advice, "tuchuang login") {
		t.Errorf("a broken profile: %v", err)
	}
}

func TestWritePrivateLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	// A folder in the place of the file: the rename fails.
	if err := os.MkdirAll(filepath.Join(dir, "taken", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writePrivate(filepath.Join(dir, "taken"), []byte("x")); err == nil {
		t.Fatal("a folder was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// The secret of the profile goes nowhere but where it was kept for.
func TestWhoseSecretGoesWhere(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	t.Setenv("AppData", home)
	t.Setenv(secretVariable, "")
	u := &ui{out: os.Stdout, err: os.Stderr}
	p := profile{"https://mine.example.org", "me", "geheim", client.Token{AccessToken: "t", ExpiredAt: time.Now().Add(time.Hour)}}
	if _, err := p.save(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		r    remote
		kept bool
	}{
		{remote{}, true},
		{remote{Server: "https://mine.example.org/"}, true},
		{remote{ClientID: "me"}, true},
		{remote{Server: "https://other.example.org", ClientID: "me"}, false},
		{remote{Server: "http://mine.example.org"}, false},
		{remote{ClientID: "somebody"}, false},
	} {
		s, err := tt.r.connect(t.Context(), u)
		if (err == nil) != tt.kept {
			t.Errorf("%+v: %v", tt.r, err)
		}
		if tt.kept && (s.LastToken().AccessToken != "t" || s.kept == nil) {
			t.Errorf("%+v: token %q", tt.r, s.LastToken().AccessToken)
		}
	}
}

func TestUploadStates(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "uploads")
	s := &states{dir: dir, who: "server\nid"}
	f := &putFile{local: "big.png", size: 7, mod: time.Unix(1, 0)}
	want := client.NewFile{ParentFileID: 3, Filename: "big.png", Etag: "e", Size: 7}
	if got := s.load(f, want); got.Session != nil || got.Etag != "" {
		t.Errorf("before: %+v", got)
	}
	if err := s.save(f, want, client.Session{PreuploadID: "p", SliceSize: 9}); err != nil {
		t.Fatal(err)
	}
	if got := s.load(f, want); got.Etag != "e" || got.Session == nil || got.Session.PreuploadID != "p" {
		t.Errorf("after: %+v", got)
	}
	for name, other := range map[string]uploadState{
		"another account": (&states{dir: dir, who: "server\nother"}).load(f, want),
		"another folder":  s.load(f, client.NewFile{ParentFileID: 4, Filename: "big.png"}),
	} {
		if other.Session != nil {
			t.Errorf("%s got the state too", name)
		}
	}
	// A file that was written to is hashed again; what was begun goes on where that
	// gives the same, and only there.
	state, touched := s.load(f, want), &putFile{local: "big.png", size: 7, mod: time.Unix(2, 0)}
	if state.etag(f) != "e" || state.etag(touched) != "" {
		t.Errorf("the etag is known as %q, of the touched file as %q", state.etag(f), state.etag(touched))
	}
	for etag, goesOn := range map[string]bool{"e": true, "other": false} {
		if got := state.session(client.NewFile{Etag: etag, Size: 7}) != nil; got != goesOn {
			t.Errorf("content %q goes on: %v", etag, got)
		}
	}
	if err := s.forget(f, want); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.path(f, want)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}
