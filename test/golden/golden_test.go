// Package golden holds every documented request of the API with its whole answer,
// one file an endpoint. It plays one story through the real server, again for each
// way in which clients spell requests: all get the same answers. The files are
// written anew by: go test ./test/golden -update
package golden

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/api"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	folder = "testdata"
	ending = ".golden"
)

// fileOf is the golden file of a path: what stands between slashes, joined.
func fileOf(path string) string {
	return filepath.Join(folder, strings.ReplaceAll(strings.Trim(path, "/"), "/", "_")+ending)
}

// Every spelling of the documented requests gets the documented answers.
func TestAnswers(t *testing.T) {
	if *update {
		write(t, play(t, spellings[0]))
		return
	}
	for _, sp := range spellings {
		t.Run(sp.name, func(t *testing.T) {
			t.Parallel()
			got := play(t, sp)
			for file, text := range got {
				want, err := os.ReadFile(file)
				if err != nil {
					t.Error(err)
					continue
				}
				if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
					t.Errorf("%s (-golden +answered):\n%s", file, diff)
				}
			}
		})
	}
}

func write(t *testing.T, files map[string]string) {
	t.Helper()
	old, err := filepath.Glob(filepath.Join(folder, "*"+ending))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range files {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The table of routes and the golden files name the same endpoints.
func TestEveryEndpointHasAGolden(t *testing.T) {
	known := map[string]bool{fileOf(putPath): true, documentFile: true}
	for _, e := range api.Endpoints() {
		known[fileOf(e.Path)] = true
		text, err := os.ReadFile(fileOf(e.Path))
		if err != nil {
			t.Errorf("%s %s has no golden file", e.Method, e.Path)
			continue
		}
		if !strings.Contains(string(text), "\n"+e.Method+" "+e.Path) {
			t.Errorf("%s has no request by %s", fileOf(e.Path), e.Method)
		}
	}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !known[path] {
			t.Errorf("%s is of no endpoint", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
