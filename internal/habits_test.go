package internal_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"io/fs"
	"slices"
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
	err := files(func(path string) error {
		text, err := fs.ReadFile(repository, path)
		if err != nil {
			return err
		}
		if path == itself || bytes.IndexByte(text, 0) >= 0 { // not a text
			return nil
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			for _, word := range foreign {
				if bytes.Contains(line, []byte(word)) {
					t.Errorf("%s:%d: mentions %s", path, i+1, word)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
