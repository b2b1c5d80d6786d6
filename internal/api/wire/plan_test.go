package wire_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tuchuang/internal/api/wire"
)

type paging struct {
	Limit int `wire:"limit;default=100"`
	Page  int `wire:"page;default=1"`
}

type described struct {
	paging
	IDs     []driveID  `wire:"fileIDs,ids,fileID;required;max=100"`
	Bed     bedID      `wire:"toParentFileID"`
	Names   []string   `wire:"names;csv;max=5"`
	Trashed *bool      `wire:"trashed"`
	Items   []wire.Raw `wire:"renameList;max=30"`
	Sort    string     `wire:"orderBy;default=a,b=c"`
	Account int64      `wire:"-"`
	private int
}

func TestDescribe(t *testing.T) {
	want := []wire.Field{
		{Name: "limit", Aliases: []string{}, Kind: wire.Integer, Default: "100"},
		{Name: "page", Aliases: []string{}, Kind: wire.Integer, Default: "1"},
		{Name: "fileIDs", Aliases: []string{"ids", "fileID"}, Kind: wire.Integer, List: true, Required: true, Max: 100},
		{Name: "toParentFileID", Aliases: []string{}, Kind: wire.String},
		{Name: "names", Aliases: []string{}, Kind: wire.String, List: true, Max: 5},
		{Name: "trashed", Aliases: []string{}, Kind: wire.Boolean},
		{Name: "renameList", Aliases: []string{}, Kind: wire.Any, List: true, Max: 30},
		{Name: "orderBy", Aliases: []string{}, Kind: wire.String, Default: "a,b=c"},
	}
	got := wire.Describe(reflect.TypeFor[described]())
	if id := got[2]; id.Type != reflect.TypeFor[driveID]() || !strings.HasPrefix(id.Tag.Get("wire"), "fileIDs,ids,fileID;") {
		t.Errorf("the list of ids is of %v, tagged %s", id.Type, id.Tag)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(wire.Field{}, "Type", "Tag")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got[2].Aliases[0] = "changed"
	if again := wire.Describe(reflect.TypeFor[described]()); again[2].Aliases[0] != "ids" {
		t.Error("a caller can change the plan")
	}
}

// TestBindDescribed: embedded fields, defaults, csv, and fields that are left
// alone.
func TestBindDescribed(t *testing.T) {
	in := described{Account: 7, private: 8}
	if err := wire.Bind(parse(t, request("GET", "/?IDS=3&names=a,b&page=2&account=9", "", "")), &in); err != nil {
		t.Fatal(err)
	}
	want := described{paging: paging{100, 2}, IDs: []driveID{3}, Names: []string{"a", "b"}, Sort: "a,b=c", Account: 7, private: 8}
	if diff := cmp.Diff(want, in, cmp.AllowUnexported(described{}), cmp.Comparer(func(a, b wire.Raw) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		in   any
		want string // within the error; "" for none
	}{
		{struct{}{}, ""},
		{described{}, ""},
		{copyIn{}, ""},
		{7, "no struct"},
		{&copyIn{}, "no struct"},
		{struct{ A int }{}, "has no tag"},
		{struct {
			a int `wire:"a"`
		}{}, "isn't exported"},
		{struct {
			A int `wire:""`
		}{}, "is no name"},
		{struct {
			A int `wire:"a, b"`
		}{}, "is no name"},
		{struct {
			A int `wire:"a;"`
		}{}, ""},
		{struct {
			A int `wire:"a;wanted"`
		}{}, "unknown option"},
		{struct {
			A int `wire:"fileID,fileId"`
		}{}, `"fileId" is taken`},
		{struct {
			A int `wire:"a"`
			B int `wire:"b,A"`
		}{}, `field B: the name "A" is taken`},
		{struct {
			paging
			Limit int `wire:"limit"`
		}{}, "is taken"},
		{struct {
			A []int64 `wire:"a"`
		}{}, "needs max"},
		{struct {
			A []int64 `wire:"a;max=0"`
		}{}, "no positive number"},
		{struct {
			A []int64 `wire:"a;max=many"`
		}{}, "no positive number"},
		{struct {
			A int `wire:"a;max=5"`
		}{}, "for lists"},
		{struct {
			A string `wire:"a;csv"`
		}{}, "for lists"},
		{struct {
			A int `wire:"a;default=x"`
		}{}, "not an integer"},
		{struct {
			A int `wire:"a;default=1;required"`
		}{}, "a default is for"},
		{struct {
			A *int `wire:"a;default=1"`
		}{}, "a default is for"},
		{struct {
			A []int `wire:"a;default=1;max=3"`
		}{}, "a default is for"},
		{struct {
			A float64 `wire:"a"`
		}{}, "can be a float64"},
		{struct {
			A uint `wire:"a"`
		}{}, "can be a uint"},
		{struct {
			A []*int `wire:"a;max=3"`
		}{}, "can be a *int"},
		{struct {
			A *[]int `wire:"a;max=3"`
		}{}, "can be a []int"},
		{struct {
			A paging `wire:"a"`
		}{}, "can be a wire_test.paging"},
	}
	for _, tt := range tests {
		typ := reflect.TypeOf(tt.in)
		t.Run(typ.String(), func(t *testing.T) {
			err := wire.Check(typ)
			switch {
			case tt.want == "":
				if err != nil {
					t.Error(err)
				}
			case err == nil || !strings.Contains(err.Error(), tt.want):
				t.Errorf("got %v, want %q", err, tt.want)
			default:
				mustPanic(t, "Describe", func() { wire.Describe(typ) })
				mustPanic(t, "Bind", func() { t.Error(wire.Bind(&wire.Params{}, reflect.New(typ).Interface())) })
			}
		})
	}
	mustPanic(t, "Bind to no pointer", func() { t.Error(wire.Bind(&wire.Params{}, copyIn{})) })
	mustPanic(t, "Bind to nil", func() { t.Error(wire.Bind(&wire.Params{}, (*copyIn)(nil))) })
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}
