package main

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
)

// What links writes in each format is what the server answers in it, picture by
// picture; of a whole tree it tells the paths too, and numbers a template on.
func TestLinksInEveryFormat(t *testing.T) {
	s := serve(t, "")
	names := []string{"=1+1,2.png", `a](x)'b.png`, "图 [1].PNG"} // in the order of a list by name
	for _, name := range names {
		s.file("album/"+name, "picture "+name)
	}
	s.file("album/sub/last.png", "the last")
	s.mustRun("put", "album")
	s.mustRun("copy", "/album", "--to", "/public")
	c, err := client.New(client.Options{Server: s.url, ClientID: s.id, Secret: s.secret})
	if err != nil {
		t.Fatal(err)
	}
	at, err := c.BedTree().Resolve(t.Context(), "/public/album")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][2]string{{"url"}, {"md"}, {"html"}, {"bbcode"}, {"template", "{stem:html}|{ext}|{size}|{etag}|{id}|{url}"}} {
		page, err := c.BedLinks(t.Context(), client.LinksQuery{Parent: at.FileID, Format: args[0], Template: args[1]})
		if err != nil || len(page.List) != len(names) {
			t.Fatalf("%v: %+v, %v", args, page, err)
		}
		slices.SortFunc(page.List, func(a, b client.ImageLink) int { return strings.Compare(a.Filename, b.Filename) })
		line := []string{"links", "/public", "--format", args[0]}
		if args[1] != "" {
			line = append(line, "--template", args[1])
		}
		got := strings.Split(s.mustRun(line...), "\n")
		for i, l := range page.List {
			if l.Filename != names[i] || got[i] != l.Text {
				t.Errorf("%v: %s of %q, want %s", args, got[i], names[i], l.Text)
			}
		}
		if len(got) != len(names)+2 || got[len(names)+1] != "" { // the one in the folder below, and the last line's end
			t.Errorf("%v: %q", args, got)
		}
	}
	if got := s.mustRun("links", "/public/album", "--template", "{n} {name}"); got != "1 "+names[0]+"\n2 "+names[1]+"\n3 "+names[2]+"\n4 last.png\n" {
		t.Errorf("a template alone: %q", got)
	}

	paths := []string{"/public/album/" + names[0], "/public/album/" + names[1], "/public/album/" + names[2], "/public/album/sub/last.png"}
	var rows []struct{ Path, ID, Name, URL string }
	if err := json.Unmarshal([]byte(s.mustRun("links", "/public", "--json")), &rows); err != nil || len(rows) != len(paths) {
		t.Fatalf("%v in %+v", err, rows)
	}
	table, err := csv.NewReader(strings.NewReader(s.mustRun("links", "/public", "-f", "csv"))).ReadAll()
	if err != nil || len(table) != len(paths)+1 {
		t.Fatalf("%v in %q", err, table)
	}
	if diff := cmp.Diff([]string{"path", "id", "name", "url", "etag", "size"}, table[0]); diff != "" {
		t.Error(diff)
	}
	for i, path := range paths {
		r, cells := rows[i], table[i+1]
		if r.Path != path || !strings.HasSuffix(path, "/"+r.Name) || !strings.Contains(r.URL, "/i/"+r.ID+".") || fetched(t, r.URL) == "" {
			t.Errorf("%+v of %s", r, path)
		}
		if cells[0] != path || cells[1] != r.ID || strings.TrimPrefix(cells[2], "'") != r.Name || cells[3] != r.URL || strings.HasPrefix(cells[2], "=") {
			t.Errorf("%q of %+v", cells, r)
		}
	}
	if r := s.run("links", "/public/album/sub/last.png"); r.out != rows[3].URL+"\n" {
		t.Errorf("one picture, no format: %+v", r)
	}
}
