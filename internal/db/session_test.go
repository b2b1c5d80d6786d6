package db

import (
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScan(t *testing.T) {
	type number int8
	type word string
	type yes bool
	for _, c := range []struct {
		to   any
		from driver.Value
		want any // behind to; nil where it does not fit
	}{
		{new(int64), int64(7), int64(7)},
		{new(int), int64(7), 7},
		{new(number), int64(7), number(7)},
		{new(number), int64(700), nil},
		{new(bool), int64(2), true},
		{new(yes), int64(0), yes(false)},
		{new(string), "a", "a"},
		{new(word), "a", word("a")},
		{new([]byte), []byte("a"), []byte("a")},
		{new([]byte), "", []byte{}},
		{new(sql.NullInt64), nil, sql.NullInt64{}},
		{new(sql.NullInt64), int64(7), sql.NullInt64{Int64: 7, Valid: true}},
		{new(int64), nil, nil},
		{new(string), nil, nil},
		{new(string), int64(7), nil},
		{new(int64), "7", nil},
		{new(uint), int64(7), nil},
		{new(float64), 1.5, nil},
		{int64(7), int64(7), nil},
		{(*number)(nil), int64(7), nil},
	} {
		ok := scan(c.to, c.from)
		if ok != (c.want != nil) {
			t.Errorf("%T into %T: %v", c.from, c.to, ok)
			continue
		}
		if !ok {
			continue
		}
		var got any
		switch p := c.to.(type) {
		case *int64:
			got = *p
		case *int:
			got = *p
		case *number:
			got = *p
		case *bool:
			got = *p
		case *yes:
			got = *p
		case *string:
			got = *p
		case *word:
			got = *p
		case *[]byte:
			got = *p
		case *sql.NullInt64:
			got = *p
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%T into %T (-want +got):\n%s", c.from, c.to, diff)
		}
	}
	var a any
	if !scan(&a, nil) || a != nil || !scan(&a, "x") || a != "x" {
		t.Errorf("into any: %v", a)
	}
	r := &driverRows{values: []driver.Value{int64(1), "x"}}
	var n int
	if err := r.Scan(&n); err == nil {
		t.Error("two columns were scanned into one place")
	}
	if err := r.Scan(&n, &n); err == nil {
		t.Error("a text was scanned into a number")
	}
}

func TestScanText(t *testing.T) {
	type number int8
	type word string
	type all struct {
		i int64
		n number
		w word
		s string
		b bool
	}
	scanned := func(text driver.Value) (v all, err error) {
		r := &joinedRows{&driverRows{values: []driver.Value{text}}}
		return v, r.Scan(&v.i, &v.n, &v.w, &v.s, &v.b)
	}
	for text, want := range map[string]all{
		"-9223372036854775808\x1f-7\x1fa\x1f图 1\x1f1": {-9223372036854775808, -7, "a", "图 1", true},
		"0\x1f0\x1f\x1f\x1f0":                         {},
	} {
		if got, err := scanned(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, wrong := range []driver.Value{
		"", "1\x1f2\x1fa\x1fb", "1\x1f2\x1fa\x1fb\x1f1\x1f1", "x\x1f2\x1fa\x1fb\x1f1", "1\x1f200\x1fa\x1fb\x1f1", "1\x1f\x1fa\x1fb\x1f1",
		"1\x1f2\x1fa\x1fb\x1fyes", int64(1), nil,
	} {
		if got, err := scanned(wrong); err == nil {
			t.Errorf("%q was scanned: %+v", wrong, got)
		}
	}
	one := &joinedRows{&driverRows{values: []driver.Value{"1"}}}
	for _, to := range []any{new([]byte), new(any), new(uint), 1, (*number)(nil)} {
		if err := one.Scan(to); err == nil {
			t.Errorf("a text was scanned into %T", to)
		}
	}
}
