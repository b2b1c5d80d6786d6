// Package internal_test holds the plan of the house as data and compares every
// source file with it: which rooms there are, what each is for, who may import
// whom, and the few habits all of them share.
package internal_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"slices"
	"strings"
	"testing"
)

// layer is a floor of the house; arrows point down only, and may skip floors.
type layer int

const (
	foundation layer = iota // may be imported by every room
	ground                  // what the nouns stand on
	noun                    // what an account owns
	verb                    // what is done with it
	door                    // where requests come in
	aside                   // serves the commands alone, stands on the foundation alone
	command                 // package main
)

// room is a folder under internal/ with all below it, or cmd.
type room struct {
	name  string
	layer layer
	says  string
	may   []string // neighbours of its own layer that it may import
}

var house = []room{
	{name: "cmd", layer: command, says: "parses, wires, and reports how it ended; one thin file a command"},

	{name: "config", layer: aside, says: "merges defaults, file, environment and flags, and checks them once; rooms receive values"},
	{name: "metrics", layer: aside, says: "keeps a server's figures and gives them to Prometheus; knows none of the rooms, and they nothing of it"},
	{name: "client", layer: aside, says: "speaks the HTTP API for the commands and the tests, in shapes of its own"},

	{name: "api", layer: door, says: "answers the JSON wire; knows HTTP, nothing of SQL"},
	{name: "transfer", layer: door, says: "moves raw bytes in and out: slices, presigned PUT, downloads, published pictures"},
	{name: "web", layer: door, says: "answers pages for people, made on the server, and hands out the application; no JSON"},

	{name: "copytask", layer: verb, says: "copies drive folders into the bed as a durable task"},
	{name: "upload", layer: verb, says: "takes uploads into drive or bed, by slices, at once or by known content"},
	{name: "offline", layer: verb, says: "fetches a URL into drive or bed"},
	{name: "share", layer: verb, says: "gives files and folders of the drive to whoever has a link"},
	{name: "direct", layer: verb, says: "gives the files of chosen folders to everybody, at their paths"},
	{name: "treecopy", layer: verb, says: "copies files and folders of the drive as a durable task"},
	{name: "thumbnail", layer: verb, says: "gives small pictures of files and images, within bounds, and keeps them for a while"},
	{name: "sweep", layer: verb, says: "does what runs by itself: expired uploads, doomed content, large deletes"},
	{name: "ops", layer: verb, says: "does what an operator runs: check, backup, restore, migrate"},

	{name: "drive", layer: noun, says: "owns the folders and files of an account; does not know the bed"},
	{name: "imagebed", layer: noun, says: "owns the bed's folders and images; does not know the drive"},

	{name: "account", layer: ground, may: []string{"auditlog", "db", "often"}, says: "keeps accounts, credentials, tokens and quotas"},
	{name: "blob", layer: ground, may: []string{"db"}, says: "keeps immutable content by key"},
	{name: "picture", layer: ground, says: "knows what a picture is: formats, header, clean SVG, renditions"},
	{name: "fetch", layer: ground, says: "asks servers of strangers over HTTP, at public addresses alone"},
	{name: "entryname", layer: ground, says: "says what a file, folder or image may be called, in drive and bed alike"},
	{name: "linkformat", layer: ground, says: "writes direct links in the forms people paste, for the server and the commands alike"},
	{name: "auditlog", layer: ground, may: []string{"db"}, says: "keeps what must be answerable for later, in the transaction of what it tells"},
	{name: "often", layer: ground, may: []string{"db"}, says: "counts who does something too often: passwords, requests, lines of the log"},
	{name: "queue", layer: ground, may: []string{"db"}, says: "keeps durable work: claim, lease, fence, wake; knows no verb"},
	{name: "db", layer: ground, says: "opens the database, migrates it, runs transactions, tells its time"},

	{name: "fault", layer: foundation, says: "the one vocabulary of errors"},
	{name: "killpoint", layer: foundation, says: "names the instants at which the kill harness may end the process"},
}

// reserved are packages from outside the house that only some rooms may import.
// Tests are bound by it only where the last field says so.
var reserved = []struct {
	path  string // with everything below it
	rooms []string
	why   string
	tests bool
}{
	{"net/http", []string{"cmd", "client", "metrics", "api", "transfer", "web", "blob", "fetch"}, "HTTP is spoken at the doors, by the client, to an S3 store and to strangers", false},
	{"github.com/minio/minio-go/v7", []string{"blob"}, "blob alone knows where content is", true},
	{"database/sql", []string{"db"}, "db alone opens and speaks to the database; others may name types of rows", false},
	{"modernc.org/sqlite", []string{"db"}, "db alone knows the engine", true},
	{"github.com/pressly/goose/v3", []string{"db"}, "db alone migrates", true},
	{"github.com/prometheus", []string{"metrics"}, "metrics alone knows who reads the figures", true},
}

// rowTypes are the names of database/sql that say nothing of a connection.
var rowTypes = []string{"NullInt64", "Scanner"}

// tagged are the rooms whose types may be shapes of JSON.
var tagged = []string{"cmd", "api", "client", "web"}

func lookup(name string) (room, bool) {
	i := slices.IndexFunc(house, func(r room) bool { return r.name == name })
	if i < 0 {
		return room{}, false
	}
	return house[i], true
}

// objection says why a file of room from may not import room to; empty if it may.
func objection(from, to room) string {
	switch {
	case from.name == to.name:
		return ""
	case to.layer == foundation && from.layer > foundation:
		return ""
	case from.layer == aside:
		return "it stands beside the server and may use fault alone"
	case to.layer == aside && from.layer != command:
		return "only commands may"
	case to.layer > from.layer:
		return "arrows point down only"
	case to.layer == from.layer && !slices.Contains(from.may, to.name):
		return "rooms of one layer do not know each other"
	default:
		return ""
	}
}

// importFaults holds a file's imports against the plan.
func importFaults(f *source) []string {
	from, ok := lookup(f.room)
	if !ok {
		return nil // test/ and bench/ stand outside and look in everywhere
	}
	var faults []string
	for _, spec := range f.ast.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		if why := f.importObjection(from, path); why != "" {
			faults = append(faults, fmt.Sprintf("%s: %s imports %s: %s", f.at(spec), from.name, path, why))
		}
		faults = append(faults, f.reservedFaults(spec, path)...)
	}
	return faults
}

func (f *source) importObjection(from room, path string) string {
	inside, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	name := roomOf(inside)
	if isTestSupport(inside) || name == "test" {
		if f.forTests {
			return ""
		}
		return "what the product runs may not use what tests use"
	}
	to, ok := lookup(name)
	if !ok {
		return "no such room in the plan of the house"
	}
	return objection(from, to)
}

func (f *source) reservedFaults(spec *ast.ImportSpec, path string) []string {
	var faults []string
	for _, r := range reserved {
		under := path == r.path || strings.HasPrefix(path, r.path+"/")
		if !under || slices.Contains(r.rooms, f.room) || f.forTests && !r.tests {
			continue
		}
		if path != "database/sql" {
			faults = append(faults, fmt.Sprintf("%s: %s imports %s: %s", f.at(spec), f.room, path, r.why))
			continue
		}
		for sel := range f.selectors(localName(spec, "sql")) {
			if !slices.Contains(rowTypes, sel.Sel.Name) && !strings.HasPrefix(sel.Sel.Name, "Null") {
				faults = append(faults, fmt.Sprintf("%s: %s uses sql.%s: %s", f.at(sel), f.room, sel.Sel.Name, r.why))
			}
		}
	}
	return faults
}

// tagFaults finds JSON tags on exported types that are not shapes of a wire. What
// a room keeps to itself, as the claims of a token, may be written as JSON.
func tagFaults(f *source) []string {
	if _, ok := lookup(f.room); !ok || f.forTests || slices.Contains(tagged, f.room) {
		return nil
	}
	var faults []string
	for n := range ast.Preorder(f.ast) {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || !spec.Name.IsExported() {
			continue
		}
		for n := range ast.Preorder(spec.Type) {
			if field, ok := n.(*ast.Field); ok && field.Tag != nil && strings.Contains(field.Tag.Value, "json:") {
				faults = append(faults, fmt.Sprintf("%s: %s.%s carries a JSON tag: the wire's shapes live in %s",
					f.at(field.Tag), f.room, spec.Name.Name, strings.Join(tagged, ", ")))
			}
		}
	}
	return faults
}

func TestImportsFollowThePlan(t *testing.T) {
	for _, f := range sources(t) {
		for _, fault := range importFaults(f) {
			t.Error(fault)
		}
	}
}

func TestDomainTypesCarryNoTags(t *testing.T) {
	for _, f := range sources(t) {
		for _, fault := range tagFaults(f) {
			t.Error(fault)
		}
	}
}

func TestEveryFolderIsARoomOfThePlan(t *testing.T) {
	for _, name := range folders(t, "internal") {
		if _, ok := lookup(name); !ok {
			t.Errorf("internal/%s is not in the plan of the house: add it there with its layer and its sentence, or move it into a room", name)
		}
	}
}

// A package opens with what it is for: the sentence after "Package name".
func TestEveryPackageOpensWithASentence(t *testing.T) {
	sentences := map[string]string{}
	for _, f := range sources(t) {
		if f.forTests && !isTestSupport(f.dir) || !strings.HasPrefix(f.dir, "internal/") {
			continue
		}
		said := sentences[f.dir]
		if f.ast.Doc != nil {
			if first := new(doc.Package).Synopsis(f.ast.Doc.Text()); strings.HasPrefix(first, "Package "+f.ast.Name.Name+" ") {
				said = first
			}
		}
		sentences[f.dir] = said
	}
	for dir, said := range sentences {
		if said == "" {
			t.Errorf("%s: no file opens with \"// Package … \" and a sentence that says what the package is for", dir)
		}
	}
}

func TestThePlanIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range house {
		if r.says == "" {
			t.Errorf("%s has no sentence", r.name)
		}
		if seen[r.name] {
			t.Errorf("%s stands in the plan twice", r.name)
		}
		seen[r.name] = true
		for _, name := range r.may {
			if to, ok := lookup(name); !ok || to.layer != r.layer {
				t.Errorf("%s may import %s, which is no neighbour of its layer", r.name, name)
			}
		}
	}
}

// What the plan forbids is found, and what it allows is let pass.
func TestThePlanBites(t *testing.T) {
	for _, c := range []struct {
		path, imports string
		want          string // part of the one fault; empty for none
	}{
		{"cmd/tuchuang/main.go", "tuchuang/internal/api", ""},
		{"cmd/tuchuang/main.go", "tuchuang/internal/config", ""},
		{"internal/api/a.go", "tuchuang/internal/copytask", ""},
		{"internal/api/a.go", "tuchuang/internal/db", ""},
		{"internal/api/a.go", "tuchuang/internal/api/wire", ""},
		{"internal/api/wire/a.go", "tuchuang/internal/transfer", "do not know each other"},
		{"internal/api/a.go", "tuchuang/internal/config", "only commands"},
		{"internal/api/a_test.go", "tuchuang/internal/client", "only commands"},
		{"internal/copytask/a.go", "tuchuang/internal/imagebed", ""},
		{"internal/copytask/a.go", "tuchuang/internal/upload", "do not know each other"},
		{"internal/copytask/a.go", "net/http", "spoken at the doors"},
		{"internal/copytask/a_test.go", "net/http/httptest", ""},
		{"internal/drive/a.go", "tuchuang/internal/imagebed", "do not know each other"},
		{"internal/drive/a.go", "tuchuang/internal/copytask", "down only"},
		{"internal/drive/a_test.go", "tuchuang/internal/copytask", "down only"},
		{"internal/drive/a.go", "tuchuang/internal/nowhere", "no such room"},
		{"internal/queue/a.go", "tuchuang/internal/db", ""},
		{"internal/queue/a.go", "tuchuang/internal/account", "do not know each other"},
		{"internal/picture/a.go", "tuchuang/internal/db", "do not know each other"},
		{"internal/db/a.go", "tuchuang/internal/blob", "do not know each other"},
		{"internal/db/a.go", "modernc.org/sqlite", ""},
		{"internal/drive/a_test.go", "modernc.org/sqlite", "knows the engine"},
		{"internal/drive/a.go", "tuchuang/internal/db/dbtest", "what tests use"},
		{"internal/drive/a_test.go", "tuchuang/internal/db/dbtest", ""},
		{"internal/account/accounttest/a.go", "tuchuang/internal/db/dbtest", ""},
		{"internal/drive/a_test.go", "tuchuang/test/server", ""},
		{"internal/drive/a.go", "tuchuang/test/server", "what tests use"},
		{"internal/client/a.go", "tuchuang/internal/fault", ""},
		{"internal/client/a.go", "tuchuang/internal/picture", "fault alone"},
		{"internal/queue/a.go", "tuchuang/internal/metrics", "only commands"},
		{"internal/metrics/a.go", "tuchuang/internal/queue", "fault alone"},
		{"internal/queue/a_test.go", "github.com/prometheus/client_golang/prometheus", "who reads the figures"},
		{"internal/fault/a.go", "tuchuang/internal/killpoint", "do not know each other"},
		{"internal/fault/a.go", "tuchuang/internal/db", "down only"},
		{"internal/db/a.go", "tuchuang/internal/killpoint", ""},
		{"test/story/a.go", "tuchuang/internal/api", ""},
	} {
		text := fmt.Sprintf("package p\nimport %q\n", c.imports)
		expectFault(t, c.path+" importing "+c.imports, importFaults(parse(t, c.path, text)), c.want)
	}
	for _, c := range []struct{ path, text, want string }{
		{"internal/drive/sql.go", "package p\nimport \"database/sql\"\nvar _ sql.NullInt64\n", ""},
		{"internal/drive/sql.go", "package p\nimport \"database/sql\"\nvar _ *sql.DB\n", "uses sql.DB"},
		{"internal/drive/sql.go", "package p\nimport s \"database/sql\"\nvar _ *s.Tx\n", "uses sql.Tx"},
		{"internal/db/a.go", "package p\nimport \"database/sql\"\nvar _ *sql.DB\n", ""},
	} {
		expectFault(t, c.path+": "+c.text, importFaults(parse(t, c.path, c.text)), c.want)
	}
	const withTag = "package p\ntype T struct { A int `json:\"a\"` }\n"
	expectFault(t, "a tag in drive", tagFaults(parse(t, "internal/drive/a.go", withTag)), "carries a JSON tag")
	expectFault(t, "a tag in api", tagFaults(parse(t, "internal/api/a.go", withTag)), "")
	expectFault(t, "a tag on a type of the room alone", tagFaults(parse(t, "internal/drive/a.go", strings.Replace(withTag, "T", "own", 1))), "")
	expectFault(t, "a tag in a test", tagFaults(parse(t, "internal/drive/a_test.go", withTag)), "")
}

func expectFault(t *testing.T, what string, got []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("%s: found %q, want nothing", what, got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0], want)):
		t.Errorf("%s: found %q, want one with %q", what, got, want)
	}
}
