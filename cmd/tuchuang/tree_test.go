package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// has compares what ls shows of a folder.
func (s *served) has(path string, want ...string) {
	s.t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, s.names(path)); diff != "" {
		s.t.Errorf("%s: -want +got\n%s", path, diff)
	}
}

func TestMv(t *testing.T) {
	s := serve(t, "")
	for _, name := range []string{"in/a.png", "in/b.png", "in/deep/c.png"} {
		s.file(name, name)
	}
	s.mustRun("put", "in", "--to", "/")
	s.mustRun("mv", "drive:/in/a.png", "drive:/in/1.png") // another name
	s.has("drive:/in", "deep/", "1.png", "b.png")
	s.mustRun("mv", "drive:/in/1.png", "drive:/in/b.png", "drive:/in/deep") // into a folder
	s.has("drive:/in/deep", "1.png", "b.png", "c.png")
	var rows []movedRow
	decode(t, s.mustRun("mv", "--json", "drive:/in/deep/b.png", "drive:/in/2.png"), &rows) // another place and name
	if len(rows) != 1 || rows[0].From != "drive:/in/deep/b.png" || rows[0].To != "drive:/in/2.png" || rows[0].ID == "" {
		t.Errorf("%+v", rows)
	}
	s.has("drive:/in", "deep/", "2.png")
	s.mustRun("mv", "drive:/in/2.png", "drive:/in/c.png")
	s.mustRun("mv", "drive:/in/c.png", "drive:/in/deep/3.png") // its old name is taken there
	s.has("drive:/in/deep", "1.png", "3.png", "c.png")
	s.mustRun("mv", "drive:/in/deep", "drive:/")
	s.has("drive:/", "deep/", "in/")
	s.mustRun("mv", "drive:/deep/c.png", "drive:/deep/c.png") // where it is

	for what, c := range map[string]struct {
		line string
		says string
	}{
		"what is not there":         {"drive:/x drive:/y", "/x does not exist"},
		"to nowhere":                {"drive:/deep drive:/x/y", "/x does not exist"},
		"onto a file":               {"drive:/deep/1.png drive:/deep/3.png", "drive:/deep/3.png is there already"},
		"two onto a file":           {"drive:/in drive:/deep/1.png drive:/deep/3.png", "is not a folder"},
		"two to nowhere":            {"drive:/in drive:/deep drive:/x", "/x does not exist"},
		"below itself":              {"drive:/deep drive:/deep/deeper", "into itself"},
		"onto a name that can't be": {"drive:/deep/1.png drive:/in/a:b.png", "255 characters"},
	} {
		r := s.run(append([]string{"mv"}, strings.Fields(c.line)...)...)
		if r.code != exitFailed || !strings.Contains(r.errOut, c.says) {
			t.Errorf("%s: exit %d\n%swant %q", what, r.code, r.errOut, c.says)
		}
	}
	s.has("drive:/deep", "1.png", "3.png", "c.png") // nothing of it was done half
	s.has("drive:/in")

	s.mustRun("copy", "/deep", "--to", "/")
	link := s.mustRun("links", "bed:/deep", "--format", "url")
	s.mustRun("mv", "bed:/deep/1.png", "bed:/deep/3.png", "bed:/")
	s.mustRun("mv", "bed:/1.png", "bed:/deep/one.png")
	s.mustRun("mv", "bed:/3.png", "bed:/deep")
	s.has("bed:/deep", "3.png", "c.png", "one.png")
	for line := range strings.FieldsSeq(link) {
		if got := s.mustRun("links", "bed:/deep", "--format", "url"); !strings.Contains(got, line) {
			t.Errorf("the link %s is not among\n%s", line, got)
		}
	}
}

func TestRmAndTrash(t *testing.T) {
	s := serve(t, "")
	for _, name := range []string{"in/a.png", "in/b.png", "other/a.png"} {
		s.file(name, name)
	}
	s.mustRun("put", "in", "other", "--to", "/")
	s.mustRun("copy", "/in", "--to", "/")
	trash := func() (rows []trashRow) {
		t.Helper()
		decode(t, s.mustRun("trash", "--json"), &rows)
		return rows
	}
	if out := s.mustRun("rm", "drive:/in/a.png", "drive:/other/a.png"); !strings.Contains(out, "into the trash drive:/other/a.png") {
		t.Error(out)
	}
	s.has("drive:/in", "b.png")
	rows := trash()
	if len(rows) != 2 || rows[0].Name != "a.png" || rows[0].Type != rowFile || rows[0].From != "in" && rows[1].From != "in" {
		t.Fatalf("%+v", rows)
	}
	for _, line := range [][]string{{"trash"}, {"trash", "ls"}, {"trash", "list"}} {
		if out := s.mustRun(line...); !strings.Contains(out, rows[1].ID) {
			t.Errorf("%q: %s", line, out)
		}
	}
	for what, says := range map[string]string{"x.png": "x.png is not in the trash", "a.png": "there are 2 in the trash"} {
		if r := s.run("trash", "recover", what); r.code != exitFailed || !strings.Contains(r.errOut, says) || !strings.Contains(r.errOut, "tuchuang trash") {
			t.Errorf("%s: exit %d %s", what, r.code, r.errOut)
		}
	}
	for path, there := range map[string]string{"drive:/in/a.png": "a.png b.png", "/other/a.png": "a.png"} { // as rm was told
		s.mustRun("trash", "recover", path)
		full := driveScheme + strings.TrimPrefix(path, driveScheme)
		s.has(strings.TrimSuffix(full, "/a.png"), strings.Fields(there)...)
		if r := s.run("trash", "recover", path); r.code != exitFailed || !strings.Contains(r.errOut, path+" is not in the trash") {
			t.Errorf("%s again: exit %d %s", path, r.code, r.errOut)
		}
		s.mustRun("rm", full)
	}
	rows = trash()
	first := rows[0]
	s.mustRun("trash", "recover", first.ID)
	s.has("drive:/"+first.From, map[string][]string{"in": {"a.png", "b.png"}, "other": {"a.png"}}[first.From]...)
	s.mustRun("rm", "drive:/in", "drive:/other")
	r := s.run("trash", "recover", "a.png", "--json") // the one that is in the trash by itself
	var recovered []recoveredRow
	decode(t, r.out, &recovered)
	if r.code != exitFailed || len(recovered) != 1 || recovered[0].Recovered || !strings.Contains(r.errOut, "--to names another folder") {
		t.Errorf("exit %d, %+v, %s", r.code, recovered, r.errOut)
	}
	s.mustRun("trash", "recover", "in", "a.png", "--to", "drive:/")
	s.has("drive:/", "in/", "a.png")

	if out := s.mustRun("trash", "empty"); !strings.Contains(out, "1 deleted for good") {
		t.Error(out)
	}
	if rows := trash(); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
	s.mustRun("rm", "--for-good", "drive:/in")
	if rows := trash(); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
	s.has("drive:/", "a.png")
	s.mustRun("rm", "--for-good", "bed:/in/a.png")
	s.has("bed:/in", "b.png")
	if r := s.run("rm", "drive:/a.png", "drive:/x"); r.code != exitFailed || !strings.Contains(r.errOut, "/x does not exist") {
		t.Errorf("exit %d %s", r.code, r.errOut)
	}
	s.has("drive:/", "a.png") // all or none
}
