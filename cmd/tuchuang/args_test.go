package main

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func testParser(t *testing.T) *kong.Kong {
	t.Helper()
	u := newUI(nil, os.Stdout, os.Stderr, func(string) string { return "" })
	parser, err := newParser(t.Context(), &cli{}, u)
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

func TestFlagsStandAnywhere(t *testing.T) {
	model := testParser(t).Model
	for _, tt := range []struct{ line, want string }{
		{"put a b", "put -- a b"},
		{"put a --to /x b", "put --to /x -- a b"},
		{"--to /x put a", "put --to /x -- a"},
		{"put --to=/x a --json", "put --to=/x --json -- a"},
		{"--json put a", "put --json -- a"},
		{"put a -j 4 b", "put -j 4 -- a b"},
		{"put -j4 a", "put -j4 -- a"},
		{"put a -- --to b", "put -- a --to b"},
		{"put -", "put -- -"},
		{"put put", "put -- put"},
		{"put a --overwrite b", "put --overwrite -- a b"},
		{"put a --to", "put --to -- a"},
		{"version", "version"},
		{"foo bar", "-- foo bar"},
		{"", ""},
	} {
		if got := strings.Join(arrange(model, strings.Fields(tt.line)), " "); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.line, got, tt.want)
		}
	}
}

// A flag that takes a value in one command and none in another could not be told
// apart before its command.
func TestFlagsOfOneNameAreAlike(t *testing.T) {
	valued := map[string]bool{}
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			for _, name := range flagNames(f) {
				takes := !f.IsBool() && !f.IsCounter()
				if before, seen := valued[name]; seen && before != takes {
					t.Errorf("%s takes a value in some commands only", name)
				}
				valued[name] = takes
			}
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(testParser(t).Model.Node)
	if !valued["--to"] || !valued["-j"] || valued["--json"] {
		t.Errorf("flags: %v", valued)
	}
}
