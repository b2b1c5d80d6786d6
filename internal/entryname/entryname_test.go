package entryname_test

import (
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

func TestSuffixed(t *testing.T) {
	tests := []struct {
		in   string
		n    int
		want string
	}{
		{"a.png", 1, "a(1).png"},
		{"a", 2, "a(2)"},
		{".hidden", 1, ".hidden(1)"},
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
