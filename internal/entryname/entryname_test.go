package entryname_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

func TestClean(t *testing.T) {
	long := strings.Repeat("图", 255)
	tests := []struct {
		in, want string
		bad      bool
	}{
		{in: "a.png", want: "a.png"},
		{in: " 屏幕 截图 1.png ", want: " 屏幕 截图 1.png "},
		{in: "e\u0301.png", want: "\u00e9.png"}, // NFC
		{in: "A.PNG", want: "A.PNG"},            // case stays
		{in: long, want: long},                  // characters, not bytes
		{in: long + "x", bad: true},
		{in: "", bad: true},
		{in: "  ", bad: true},
		{in: "　", bad: true}, // an ideographic space alone
		{in: ".", bad: true},
		{in: "..", bad: true},
		{in: "a\xff", bad: true},
		{in: "a\nb", bad: true},
		{in: "a\x00b", bad: true},
	}
	for _, c := range `"\/:*?|><` {
		tests = append(tests, struct {
			in, want string
			bad      bool
		}{in: "a" + string(c) + "b", bad: true})
	}
	for _, tt := range tests {
		got, err := entryname.Clean(tt.in)
		if tt.bad != fault.Is(err, fault.BadName) || got != tt.want {
			t.Errorf("Clean(%q) = %q, %v", tt.in, got, err)
		}
	}
}

// What the product itself makes can be looked for and is in order, though nobody may call
// anything so.
func TestFind(t *testing.T) {
	second := entryname.Suffixed(entryname.Offline, 1)
	for name, there := range map[string]bool{
		entryname.Offline: true, second: true, entryname.Suffixed(second, 12): true, "a.png": true,
		entryname.Offline + "(0)": false, entryname.Offline + "(1": false, entryname.Offline + "x": false, "x" + entryname.Offline: false, entryname.Offline + "\n": false, "来自:别处": false,
	} {
		if found, err := entryname.Find(name); (err == nil && found == name) != there || entryname.Kept(name) != there {
			t.Errorf("%q is found as %q: %v", name, found, err)
		}
	}
	if _, err := entryname.Clean(second); err == nil {
		t.Error("it may be given")
	}
}

func TestSuffixed(t *testing.T) {
	tests := []struct {
		in   string
		n    int
		want string
	}{
		{"a.png", 1, "a(1).png"},
		{"a", 2, "a(2)"},
		{".hidden", 1, "(1).hidden"},
		{".png", 12, "(12).png"},
		{"." + strings.Repeat("x", 254), 1, "." + strings.Repeat("x", 251) + "(1)"},
		{"a.tar.gz", 3, "a.tar(3).gz"},
		{strings.Repeat("图", 251) + ".png", 1, strings.Repeat("图", 248) + "(1).png"},
		{strings.Repeat("图", 251) + ".png", 100, strings.Repeat("图", 246) + "(100).png"},
		{"a." + strings.Repeat("x", 253), 1, "a." + strings.Repeat("x", 250) + "(1)"},
	}
	for _, tt := range tests {
		if got := entryname.Suffixed(tt.in, tt.n); got != tt.want {
			t.Errorf("Suffixed(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestFree(t *testing.T) {
	for name, tt := range map[string]struct {
		taken func(n int) bool
		after int
		want  int
		asked int // at most
	}{
		"nothing":             {func(int) bool { return false }, 0, 1, 1},
		"after some":          {func(int) bool { return false }, 7, 8, 1},
		"the lowest of few":   {func(n int) bool { return n < 12 && n != 5 }, 0, 5, 5},
		"after the sixteenth": {func(n int) bool { return n <= 16 }, 0, 17, 22},
		"20,000":              {func(n int) bool { return n <= 20_000 }, 0, 20_001, 45},
		"20,000 after 19,990": {func(n int) bool { return n <= 20_000 }, 19_990, 20_001, 11},
		"a million":           {func(n int) bool { return n <= 1_000_000 }, 0, 1_000_001, 60},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			taken := func(s string) (bool, error) {
				asked++
				var n int
				_, err := fmt.Sscanf(s, "a(%d).png", &n)
				return tt.taken(n), err
			}
			got, n, err := entryname.Free("a.png", tt.after, taken)
			if want := entryname.Suffixed("a.png", tt.want); err != nil || n != tt.want || got != want {
				t.Errorf("%q %d %v, want %q", got, n, err, want)
			}
			if asked > tt.asked {
				t.Errorf("asked %d times", asked)
			}
		})
	}
	// With gaps: any free one whose predecessor is taken.
	even := func(s string) (bool, error) {
		var n int
		_, err := fmt.Sscanf(s, "a(%d)", &n)
		return n <= 16 || n < 1000 && n%2 == 0, err
	}
	if _, n, err := entryname.Free("a", 0, even); err != nil || n < 17 || n > 1000 || n%2 == 0 {
		t.Errorf("%d %v", n, err)
	}
	failed := errors.New("failed")
	if _, _, err := entryname.Free("a", 0, func(string) (bool, error) { return false, failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
}
