package internal_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A test that sleeps is slow or flaky, and one that skips itself protects nothing.
var forbiddenCalls = []struct {
	receiver string // empty for any
	names    []string
	why      string
}{
	{"time", []string{"Sleep"}, "wait for what happens, use testing/synctest or a clock"},
	{"", []string{"Skip", "Skipf", "SkipNow"}, "a test runs or does not exist"},
	{"testing", []string{"Short"}, "there is one way to run the tests"},
}

func callFaults(f *source) []string {
	if !f.forTests {
		return nil
	}
	var faults []string
	for n := range ast.Preorder(f.ast) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			continue
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			continue
		}
		for _, c := range forbiddenCalls {
			id, plain := sel.X.(*ast.Ident)
			if slices.Contains(c.names, sel.Sel.Name) && (c.receiver == "" || plain && id.Name == c.receiver) {
				faults = append(faults, fmt.Sprintf("%s: calls %s: %s", f.at(call), sel.Sel.Name, c.why))
			}
		}
	}
	return faults
}

func TestTestsNeitherSleepNorSkip(t *testing.T) {
	for _, f := range sources(t) {
		for _, fault := range callFaults(f) {
			t.Error(fault)
		}
	}
	for _, c := range []struct{ path, call, want string }{
		{"internal/drive/a_test.go", "time.Sleep(1)", "calls Sleep"},
		{"internal/drive/a.go", "time.Sleep(1)", ""},
		{"internal/drive/a_test.go", "t.Skip()", "calls Skip"},
		{"internal/db/dbtest/a.go", "h.t.Skipf(``)", "calls Skipf"},
		{"test/story/a.go", "testing.Short()", "calls Short"},
		{"internal/drive/a_test.go", "clock.Sleep(1)", ""},
	} {
		f := parse(t, c.path, "package p\nfunc f() { "+c.call+" }\n")
		expectFault(t, c.call+" in "+c.path, callFaults(f), c.want)
	}
}

// foreign are words that speak of the machine somebody worked on, which nobody
// else has.
var foreign = []string{"/work/", "/root/", "proxy.golang.org"}

func TestTextsSpeakOfTheProductAlone(t *testing.T) {
	const itself = "internal/habits_test.go"
	err := files(func(name string) error {
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return err
		}
		if name == itself || bytes.IndexByte(text, 0) >= 0 { // not a text
			return nil
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			for _, word := range foreign {
				if bytes.Contains(line, []byte(word)) {
					t.Errorf("%s:%d: mentions %s", name, i+1, word)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// link is a Markdown link to a file; the first group is its path, without the
// heading that may follow.
var link = regexp.MustCompile(`\]\(([^)\s:#]+)(?:#[^)\s]*)?\)`)

// deadLinks are the links of a document that exists does not find, one a line.
func deadLinks(document, text string, exists func(path string) bool) []string {
	var dead []string
	for i, line := range strings.Split(text, "\n") {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			if target := path.Join(path.Dir(document), m[1]); !exists(target) {
				dead = append(dead, fmt.Sprintf("%s:%d: links to %s, which is not there", document, i+1, target))
			}
		}
	}
	return dead
}

func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	exists := func(path string) bool {
		_, err := fs.Stat(repository, path)
		return err == nil
	}
	err := files(func(name string) error {
		if path.Ext(name) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(repository, name)
		if err != nil {
			return err
		}
		for _, fault := range deadLinks(name, string(text), exists) {
			t.Error(fault)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"[a](../Makefile)":            "",
		"[a](../LICENSE#top), more":   "",
		"[a](https://example.org/x)":  "",
		"[a](#heading)":               "",
		"![a](nowhere.svg) and after": "links to docs/nowhere.svg",
	} {
		expectFault(t, text, deadLinks("docs/a.md", text, exists), want)
	}
}

// named is a test that a document names.
var named = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")

// What a document says is tested, is: `TestCopy09` stands for what begins with TestCopy09_
// too.
func TestDocumentsNameTestsThatAreThere(t *testing.T) {
	tests := make(map[string]bool)
	for _, f := range sources(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.forTests {
				short, _, _ := strings.Cut(fn.Name.Name, "_")
				tests[fn.Name.Name], tests[short] = true, true
			}
		}
	}
	found := 0
	err := files(func(name string) error {
		if path.Ext(name) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(repository, name)
		for _, m := range named.FindAllSubmatch(text, -1) {
			if found++; !tests[string(m[1])] {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
		return err
	})
	if err != nil || found == 0 {
		t.Fatalf("%d tests are named, %v", found, err)
	}
}
