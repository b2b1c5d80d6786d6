package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlan(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"one.png": "1", "album/a.png": "a", "album/deep/b.png": "bb", "album/cafe\u0301.png": "c", "other/a.png": "x",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"album/inside.png": "a.png", "link.png": "one.png", "linked": "album", "dangling": "nowhere"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	album := func(base string) []string {
		return []string{base + "/a.png", base + "/café.png", base + "/deep/b.png"}
	}
	for _, tt := range []struct {
		name   string
		locals []string
		to     string
		want   []string // paths in the drive
		failed []string // what is said of the others
		notes  []string
	}{
		{"a file", []string{"one.png"}, "/", []string{"/one.png"}, nil, nil},
		{"a file into a folder", []string{"./one.png"}, "/x/y", []string{"/x/y/one.png"}, nil, nil},
		{"a folder keeps its name", []string{"album"}, "/x", album("/x/album"), nil, []string{"inside.png"}},
		{"and with a slash", []string{"album/"}, "/x", album("/x/album"), nil, []string{"inside.png"}},
		{"the folder one is in", []string{"album/."}, "/", album("/album"), nil, []string{"inside.png"}},
		{"a link to a file is followed", []string{"link.png"}, "/", []string{"/link.png"}, nil, nil},
		{"a link to a folder is followed", []string{"linked"}, "/", album("/linked"), nil, []string{"inside.png"}},
		{"what is not there", []string{"missing.png", "one.png"}, "/", []string{"/one.png"}, []string{"no such file"}, nil},
		{"a link to nowhere", []string{"dangling"}, "/", nil, []string{"no such file"}, nil},
		{"one file twice", []string{"one.png", "./one.png", "album", "album/"}, "/", append([]string{"/one.png"}, album("/album")...), nil, []string{"inside.png"}},
		{"two of one name", []string{"album/a.png", "other/a.png"}, "/", []string{"/a.png"}, []string{"same place as album/a.png"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var notes bytes.Buffer
			u := &ui{out: &notes, err: &notes}
			var got, failed []string
			for _, f := range plan(t.Context(), u, tt.locals, tt.to) {
				if f.outcome == outcomeFailed {
					failed = append(failed, f.err.Error())
					continue
				}
				got = append(got, f.drive)
				if _, err := os.Stat(f.local); err != nil {
					t.Errorf("planned from nowhere: %v", err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if len(failed) != len(tt.failed) {
				t.Errorf("failed: %v", failed)
			}
			for i, want := range tt.failed {
				if !strings.Contains(failed[i], want) {
					t.Errorf("failed with %q, want %q", failed[i], want)
				}
			}
			for _, want := range tt.notes {
				if !strings.Contains(notes.String(), want) {
					t.Errorf("no word of %s in %q", want, notes.String())
				}
			}
			if tt.notes == nil && notes.Len() > 0 {
				t.Errorf("said: %s", notes.String())
			}
		})
	}
}
