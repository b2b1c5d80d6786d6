package db

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRewrite(t *testing.T) {
	tests := []struct {
		in, text string
		order    []int
	}{
		{"SELECT 1", "SELECT 1", nil},
		{"a = $1 AND b = $2\n", "a = ? AND b = ?", nil},
		{"a = $2 AND b = $1 AND c = $2", "a = ? AND b = ? AND c = ?", []int{1, 0, 1}},
		{"SELECT id FROM account WHERE id = $1 FOR UPDATE", "SELECT id FROM account WHERE id = ?", nil},
		{"x IN ($10,$1)", "x IN (?,?)", []int{9, 0}},
		{"SELECT " + OneText + "a, $2" + TextEnd + " FROM t WHERE b = $1", "SELECT concat_ws(char(31), a, ?) FROM t WHERE b = ?", []int{1, 0}},
	}
	for _, tt := range tests {
		text, order := rewrite(tt.in)
		if text != tt.text || !cmp.Equal(order, tt.order) {
			t.Errorf("rewrite(%q) = %q %v, want %q %v", tt.in, text, order, tt.text, tt.order)
		}
	}
}
