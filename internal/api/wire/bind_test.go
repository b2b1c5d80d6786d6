package wire_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
)

const testBody = 1 << 20

// request makes a request as a server would see it. An empty contentType sends
// none.
func request(method, target, contentType, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func parse(t *testing.T, r *http.Request) *wire.Params {
	t.Helper()
	p, err := wire.Parse(r, testBody)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return p
}

// driveID and bedID stand for the rooms' typed ids.
type driveID int64

func (id *driveID) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err == nil && n < 0 {
		err = errors.New("negative")
	}
	*id = driveID(n)
	return err
}

type bedID string

func (id *bedID) UnmarshalText(text []byte) error {
	if strings.ContainsAny(string(text), "/.") {
		return errors.New("not an id")
	}
	*id = bedID(text)
	return nil
}

type copyIn struct {
	FileIDs        []driveID `wire:"fileIDs;required;max=100"`
	ToParentFileID bedID     `wire:"toParentFileID"`
	SourceType     int64     `wire:"sourceType;default=1"`
	Type           int64     `wire:"type;default=1"`
}

type copyFailIn struct {
	TaskID string `wire:"taskID;required"`
	Limit  int    `wire:"limit"`
	Page   int    `wire:"page"`
}

type mkdirIn struct {
	Name     []string `wire:"name;required;max=100"`
	ParentID bedID    `wire:"parentID"`
}

type bedListIn struct {
	Parent bedID  `wire:"parentFileId"`
	Limit  int    `wire:"limit;default=100"`
	Last   string `wire:"lastFileId"`
}

type bedDeleteIn struct {
	FileIDs []bedID `wire:"fileIDs,fileID;required;max=100"`
}

type driveMkdirIn struct {
	Name     string  `wire:"name;required"`
	ParentID driveID `wire:"parentID"`
}

type listIn struct {
	Parent     driveID `wire:"parentFileId"`
	Limit      int     `wire:"limit;default=100"`
	SearchData string  `wire:"searchData"`
	SearchMode *int    `wire:"searchMode"`
	Last       driveID `wire:"lastFileId"`
	Trashed    *bool   `wire:"trashed"`
}

type offlineIn struct {
	URL      string  `wire:"url;required"`
	FileName *string `wire:"fileName,savePath"`
	Dir      string  `wire:"businessDirID,dirID"`
}

type tokenIn struct {
	ID     string `wire:"clientID;required"`
	Secret string `wire:"clientSecret;required"`
}

type recoverIn struct {
	FileIDs []driveID `wire:"fileIDs;required;max=100"`
	Parent  driveID   `wire:"parentFileID,toParentFileID"`
}

type createIn struct {
	Parent    driveID `wire:"parentFileID"`
	Name      string  `wire:"filename;required"`
	Duplicate int     `wire:"duplicate"`
	Contain   bool    `wire:"containDir"`
}

type taskIn struct {
	TaskID driveID `wire:"taskId;required"`
}

type shareIn struct {
	FileIDs []driveID `wire:"fileIDList;required;max=100"`
}

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// TestClients is section 6 of the wire contract, as far as it is about reading
// a request: what each client really sends, and what must be understood.
func TestClients(t *testing.T) {
	tests := []struct {
		client      string
		method      string
		target      string
		contentType string
		body        string
		out, want   any
	}{
		{
			"documented copy", "POST", "/", asJSON,
			`{"fileIDs":["14802190","14802189"],"toParentFileID":"yk6baz","sourceType":1,"type":1}`,
			&copyIn{}, &copyIn{[]driveID{14802190, 14802189}, "yk6baz", 1, 1},
		},
		{
			"PHP demo: urlencoded under a JSON header", "POST", "/", asJSON,
			`clientID=abc&clientSecret=s%2Bx+y`,
			&tokenIn{}, &tokenIn{"abc", "s+x y"},
		},
		{
			"SodaCodeSave: repeated keys, int ids, JSON header", "POST", "/", asJSON,
			`fileIDs=1&fileIDs=2&toParentFileID=0&sourceType=1&type=1`,
			&copyIn{}, &copyIn{[]driveID{1, 2}, "0", 1, 1},
		},
		{
			"SodaCodeSave: form in the body of a GET", "GET", "/", asJSON,
			`name=summer&parentID=&type=1`,
			&mkdirIn{}, &mkdirIn{Name: []string{"summer"}},
		},
		{
			"SodaCodeSave: POST on fail with page 0", "POST", "/", asJSON,
			`taskID=1ketmm&limit=1&page=0`,
			&copyFailIn{}, &copyFailIn{"1ketmm", 1, 0},
		},
		{
			"SodaCodeSave: savePath", "POST", "/", asJSON,
			`url=https%3A%2F%2Fexample.org%2Fa.png&savePath=a.png`,
			&offlineIn{}, &offlineIn{"https://example.org/a.png", new("a.png"), ""},
		},
		{
			"p123client: lower-cased JSON keys", "POST", "/", asJSON,
			`{"fileids":[14802190,14802189],"toparentfileid":"yk6baz","sourcetype":1,"type":1}`,
			&copyIn{}, &copyIn{[]driveID{14802190, 14802189}, "yk6baz", 1, 1},
		},
		{
			"p123client: lower-cased form instead of JSON", "POST", "/", asForm,
			`parentfileid=yk6&limit=50&lastfileid=&Page=1`,
			&bedListIn{}, &bedListIn{"yk6", 50, ""},
		},
		{
			"p123client: lower-cased query", "GET", "/?taskid=1ketmm&limit=100&page=1", "", "",
			&copyFailIn{}, &copyFailIn{"1ketmm", 100, 1},
		},
		{
			"p123client: Python booleans", "POST", "/", asForm,
			`parentfileid=0&filename=a%2Fb.png&duplicate=1&containdir=False`,
			&createIn{}, &createIn{0, "a/b.png", 1, false},
		},
		{
			"p123client: toParentFileID for parentFileID", "POST", "/", asJSON,
			`{"fileids":[5],"toparentfileid":7}`,
			&recoverIn{}, &recoverIn{[]driveID{5}, 7},
		},
		{
			"picgo: name as array", "POST", "/", asJSON,
			`{"name":["blog, 2026"],"parentID":"","type":1}`,
			&mkdirIn{}, &mkdirIn{Name: []string{"blog, 2026"}},
		},
		{
			"okatu: name as string", "POST", "/", asJSON,
			`{"name":"blog, 2026","parentID":"yk6"}`,
			&mkdirIn{}, &mkdirIn{[]string{"blog, 2026"}, "yk6"},
		},
		{
			"picgo: both parent spellings, first non-empty wins", "POST", "/", asJSON,
			`{"parentFileID":"","parentFileId":"yk6","limit":100}`,
			&bedListIn{}, &bedListIn{"yk6", 100, ""},
		},
		{
			"picgo: both parent spellings, no type", "POST", "/", asJSON,
			`{"parentFileID":"first","parentFileId":"second","limit":100}`,
			&bedListIn{}, &bedListIn{"first", 100, ""},
		},
		{
			"picgo: delete with fileID holding an array", "POST", "/", asJSON,
			`{"fileID":["yk6","yk7"]}`,
			&bedDeleteIn{}, &bedDeleteIn{[]bedID{"yk6", "yk7"}},
		},
		{
			"okatu: dirID for businessDirID", "POST", "/", asJSON,
			`{"url":"https://example.org/a.png","dirID":"yk6"}`,
			&offlineIn{}, &offlineIn{"https://example.org/a.png", nil, "yk6"},
		},
		{
			"okatu: taskId in query and JSON body of a GET", "GET", "/?taskId=9", asJSON, `{"taskId":9}`,
			&taskIn{}, &taskIn{9},
		},
		{
			"Qialas: toParentFileID left out", "POST", "/", asJSON,
			`{"fileIDs":["1"],"sourceType":1,"type":1}`,
			&copyIn{}, &copyIn{[]driveID{1}, "", 1, 1},
		},
		{
			"Qialas: GET with JSON body alone", "GET", "/", "", `{"taskId":1758176091289}`,
			&taskIn{}, &taskIn{1758176091289},
		},
		{
			"@123pan TS SDK, chest: sourceType as string", "POST", "/", asJSON,
			`{"fileIDs":["1"],"toParentFileID":"","sourceType":"1","type":1}`,
			&copyIn{}, &copyIn{[]driveID{1}, "", 1, 1},
		},
		{
			"go-123pan-pic: parentFileID, lastFileID", "POST", "/", asJSON,
			`{"parentFileID":"yk6","limit":100,"lastFileID":"yk9"}`,
			&bedListIn{}, &bedListIn{"yk6", 100, "yk9"},
		},
		{
			"restic: clientId", "POST", "/", asJSON, `{"clientId":"abc","clientSecret":"s"}`,
			&tokenIn{}, &tokenIn{"abc", "s"},
		},
		{
			"OpenList: parentID as string", "POST", "/", asJSON, `{"parentID":"14749954","name":"pics"}`,
			&driveMkdirIn{}, &driveMkdirIn{"pics", 14749954},
		},
		{
			"OpenList: empty query values", "GET",
			"/?parentFileId=0&limit=100&searchData=&searchMode=&lastFileId=0&trashed=false", "", "",
			&listIn{}, &listIn{Limit: 100, Trashed: new(false)},
		},
		{
			"OpenList fork: credentials in the query of a POST", "POST", "/?client_id=x&clientID=abc&clientSecret=s", asJSON, "",
			&tokenIn{}, &tokenIn{"abc", "s"},
		},
		{
			"cpan123: path without leading slash", "POST", "/", "multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=\"containDir\"\r\n\r\ntrue\r\n" +
				"--b\r\nContent-Disposition: form-data; name=\"filename\"\r\n\r\na/b/图.png\r\n--b--\r\n",
			&createIn{}, &createIn{0, "a/b/图.png", 0, true},
		},
		{
			"123PanOpen: explicit nulls", "POST", "/", asJSON,
			`{"url":"https://example.org/a.png","fileName":null,"businessDirID":null,"callBackUrl":null}`,
			&offlineIn{}, &offlineIn{URL: "https://example.org/a.png"},
		},
		{
			"123pan-3rd go-sdk: PUT without Content-Type", "PUT", "/", "", `{"name":"pics","parentID":3}`,
			&driveMkdirIn{}, &driveMkdirIn{"pics", 3},
		},
		{
			"jerrita: GET with JSON body", "GET", "/", asJSON, `{"parentFileId":5,"limit":100,"trashed":true}`,
			&listIn{}, &listIn{Parent: 5, Limit: 100, Trashed: new(true)},
		},
		{
			"share: comma-joined ids", "POST", "/", asJSON, `{"fileIDList":"11, 12,13,"}`,
			&shareIn{}, &shareIn{[]driveID{11, 12, 13}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.client, func(t *testing.T) {
			p := parse(t, request(tt.method, tt.target, tt.contentType, tt.body))
			if err := wire.Bind(p, tt.out); err != nil {
				t.Fatalf("Bind: %v", err)
			}
			if diff := cmp.Diff(tt.want, tt.out); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestRenameList: strings with the documentation, objects with chest SDK.
func TestRenameList(t *testing.T) {
	type renameIn struct {
		List []wire.Raw `wire:"renameList;required;max=30"`
	}
	type item struct {
		FileID driveID `wire:"fileID;required"`
		Name   string  `wire:"filename,fileName2;required"`
	}
	var in renameIn
	body := `{"renameList":["14705301|a, b.png", {"fileId":"14705306","fileName":"c.png"}, null, [7]]}`
	if err := wire.Bind(parse(t, request("POST", "/", asJSON, body)), &in); err != nil {
		t.Fatal(err)
	}
	if len(in.List) != 3 {
		t.Fatalf("%d elements, want the 3 that aren't null", len(in.List))
	}
	if s, ok := in.List[0].Text(); !ok || s != "14705301|a, b.png" {
		t.Errorf("first element: %q, %v", s, ok)
	}
	object, ok := in.List[1].Object()
	if !ok {
		t.Fatal("the second element is no object")
	}
	var got item
	if err := wire.Bind(object, &got); err != nil {
		t.Fatal(err)
	}
	if want := (item{14705306, "c.png"}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, ok := in.List[0].Object(); ok {
		t.Error("a string is an object")
	}
	if _, ok := in.List[2].Text(); ok {
		t.Error("an array is a text")
	}

	in = renameIn{}
	form := url.Values{"renameList": {"1|a,b", "2|c"}}.Encode()
	if err := wire.Bind(parse(t, request("POST", "/", asForm, form)), &in); err != nil {
		t.Fatal(err)
	}
	if s, _ := in.List[0].Text(); len(in.List) != 2 || s != "1|a,b" {
		t.Errorf("from a form: %d elements, first %q", len(in.List), s)
	}
}

func TestPrecedence(t *testing.T) {
	type in struct {
		ID    string   `wire:"id,key,other"`
		Names []string `wire:"names,name;max=9"`
	}
	tests := []struct {
		name   string
		target string
		body   string
		want   in
	}{
		{"body over query", "/?id=q", `{"ID":"b"}`, in{ID: "b"}},
		{"an empty body value is absent", "/?id=q", `{"id":"","ID":null}`, in{ID: "q"}},
		{"a name over its alias", "/", `{"other":"3","key":"2","ID":"1"}`, in{ID: "1"}},
		{"an alias over a later one", "/", `{"other":"3","KEY":"2","id":""}`, in{ID: "2"}},
		{"a name in the query over an alias in the body", "/?id=q", `{"key":"b"}`, in{ID: "q"}},
		{"first spelling", "/", `{"Id":"1","ID":"2","id":"3"}`, in{ID: "1"}},
		{"first spelling that isn't empty", "/", `{"Id":"","ID":[],"id":"3"}`, in{ID: "3"}},
		{"a duplicate JSON key", "/", `{"id":"","id":"2","id":"3"}`, in{ID: "2"}},
		{"a duplicate JSON key makes no list", "/", `{"names":"1","names":"2"}`, in{Names: []string{"1"}}},
		{"first of a repeated query key", "/?id=&id=2&id=3", "", in{ID: "2"}},
		{"a repeated query key makes a list", "/?names=1&id=x&names=&names=2", "", in{ID: "x", Names: []string{"1", "2"}}},
		{"another spelling doesn't join the list", "/?Names=1&names=2&Names=3", "", in{Names: []string{"1", "3"}}},
		{"a list's body over its query", "/?names=1&names=2", `{"names":["3"]}`, in{Names: []string{"3"}}},
		{"key[] and key[0] in a query", "/?names[]=1&names%5B1%5D=2&names=3", "", in{Names: []string{"1", "2", "3"}}},
		{"key[] and key[0] in a form", "/", "names[0]=1&names[1]=2", in{Names: []string{"1", "2"}}},
		{"other brackets are another name", "/", "names[x]=1&[]=2&[0]=3&names]=4&names[=5", in{}},
		{"one value for a list", "/", "name=a,b", in{Names: []string{"a,b"}}},
		{"unknown names are ignored", "/?Page=1", `{"trashed":{"a":[1]},"id":"1"}`, in{ID: "1"}},
		{"name without a value", "/?id&key=2&&", "", in{ID: "2"}},
		{"an escaped JSON key", "/", `{"\u0069d":"1"}`, in{ID: "1"}},
		{"a name that only Unicode folds", "/?\u212aey=1&key=2", "", in{ID: "2"}},
		{"space around JSON", "/", " \r\n\t{ \"id\" : \"1\" } \n", in{ID: "1"}},
		{"a JSON null is no body", "/?id=q", "null", in{ID: "q"}},
		{"a body of spaces", "/?id=q", " \r\n", in{ID: "q"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got in
			if err := wire.Bind(parse(t, request("POST", tt.target, "", tt.body)), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestScalars reads one value into every sort of field. A want of nil is a
// fault naming the parameter.
func TestScalars(t *testing.T) {
	type name string
	type num int32
	type flag bool
	tests := []struct {
		json string
		into any
		want any
	}{
		{`9223372036854775807`, new(int64), int64(9223372036854775807)},
		{`"9223372036854775807"`, new(int64), int64(9223372036854775807)},
		{`-9223372036854775808`, new(int64), int64(-9223372036854775808)},
		{`-9223372036854775808.0`, new(int64), int64(-9223372036854775808)},
		{`9007199254740993`, new(int64), int64(9007199254740993)},
		{`9007199254740993.000`, new(int64), int64(9007199254740993)},
		{`900719925474099.3e1`, new(int64), int64(9007199254740993)},
		{`9223372036854775808`, new(int64), nil},
		{`9.3e18`, new(int64), nil},
		{`1e19`, new(int64), nil},
		{`1e999999999`, new(int64), nil},
		{`1e-999999999`, new(int64), nil},
		{`1e99999999999999999999`, new(int64), nil},
		{`0e5`, new(int64), int64(0)},
		{`0.00e-7`, new(int64), int64(0)},
		{`-0`, new(int64), int64(0)},
		{`100.0`, new(int64), int64(100)},
		{`"100.0"`, new(int64), int64(100)},
		{`1e2`, new(int64), int64(100)},
		{`-1.5E+1`, new(int64), int64(-15)},
		{`5000e-3`, new(int64), int64(5)},
		{`1.5`, new(int64), nil},
		{`5e-1`, new(int64), nil},
		{`" 7 "`, new(int64), int64(7)},
		{`"0x10"`, new(int64), nil},
		{`"1_000"`, new(int64), nil},
		{`"1.-5"`, new(int64), nil},
		{`"."`, new(int64), nil},
		{`"e5"`, new(int64), nil},
		{`"-"`, new(int64), nil},
		{`"seven"`, new(int64), nil},
		{`true`, new(int64), nil},
		{`[7]`, new(int64), nil},
		{`{"a":7}`, new(int64), nil},
		{`7`, new(int), 7},
		{`7`, new(num), num(7)},
		{`2147483648`, new(num), nil},
		{`7`, new(*int64), new(int64(7))},
		{`"x"`, new(*int64), nil},

		{`true`, new(bool), true},
		{`"True"`, new(bool), true},
		{`"TRUE"`, new(flag), flag(true)},
		{`1`, new(bool), true},
		{`1.0`, new(bool), true},
		{`"1"`, new(bool), true},
		{`false`, new(*bool), new(false)},
		{`"False"`, new(*bool), new(false)},
		{`0`, new(*bool), new(false)},
		{`"0"`, new(*bool), new(false)},
		{`2`, new(bool), nil},
		{`"yes"`, new(bool), nil},
		{`[true]`, new(bool), nil},

		{`"a\u0062\n\"\\\/\ud83d\ude00"`, new(string), "ab\n\"\\/😀"},
		{`"<&>"`, new(name), name("<&>")},
		{`" "`, new(string), " "},
		{`12`, new(string), "12"},
		{`1e2`, new(string), "100"},
		{`1.50`, new(string), "1.50"},
		{`92233720368547758070`, new(string), "92233720368547758070"},
		{`true`, new(string), "true"},
		{`{}`, new(string), nil},

		{`1e2`, new(driveID), driveID(100)},
		{`"100.0"`, new(driveID), driveID(100)},
		{`-1`, new(driveID), nil},
		{`"x"`, new(*driveID), nil},
		{`14749954`, new(bedID), bedID("14749954")},
		{`100.0`, new(bedID), bedID("100")},
		{`"a/b"`, new(bedID), nil},
		{`{"id":1}`, new(bedID), nil},
		{`["a"]`, new(bedID), nil},
	}
	for _, tt := range tests {
		t.Run(tt.json, func(t *testing.T) {
			p := parse(t, request("POST", "/", asJSON, `{"value":`+tt.json+`}`))
			got, err := bindOne(p, tt.into)
			if tt.want == nil {
				if code, args := fault.CodeOf(err), fault.ArgsOf(err); code != fault.BadRequest || len(args) != 1 || args[0] != "theValue" {
					t.Errorf("got %v, error %v; want bad_request [theValue]", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestLists(t *testing.T) {
	type plain string
	tests := []struct {
		name string
		body string
		into any
		want any
		code fault.Code
	}{
		{"mixed elements", `{"value":[1,"2",3.0,"4,5",null,""]}`, new([]int64), []int64{1, 2, 3, 4, 5}, ""},
		{"joined", `{"value":"1,,2 , 3"}`, new([]driveID), []driveID{1, 2, 3}, ""},
		{"joined in a form", `value=1%2C2&value=3`, new([]driveID), []driveID{1, 2, 3}, ""},
		{"an array as text", `{"value":"[1, \"2\",\"3,4\",null]"}`, new([]int64), []int64{1, 2, 3, 4}, ""},
		{"an array as text in a form", `value=%5B1%2C2%5D&value=3`, new([]bedID), []bedID{"1", "2", "3"}, ""},
		{"an array as text with nothing in it", `value=%5B%5D`, new([]int64), []int64(nil), ""},
		{"an array as text in another", `{"value":["[[1]]"]}`, new([]int64), nil, fault.BadRequest},
		{"an array as text cut off", `value=%5B1%2C2`, new([]int64), nil, fault.BadRequest},
		{"an array as text over the limit", `value=%5B1,1,1,1,1,1%5D`, new([]int64), nil, fault.TooManyIDs},
		{"a plain string in brackets", `value=%5B1%2C2%5D`, new([]string), []string{"[1,2]"}, ""},
		{"one number", `{"value":7}`, new([]bedID), []bedID{"7"}, ""},
		{"named strings part at commas", `{"value":"a,b"}`, new([]plain), []plain{"a", "b"}, ""},
		{"plain strings don't", `{"value":"a,b"}`, new([]string), []string{"a,b"}, ""},
		{"booleans", `{"value":[true,"False",0]}`, new([]bool), []bool{true, false, false}, ""},
		{"duplicates stay", `{"value":[2,1,2]}`, new([]int64), []int64{2, 1, 2}, ""},
		{"nothing in it", `{"value":["",null,[]]}`, new([]int64), []int64(nil), ""},
		{"only commas", `{"value":","}`, new([]int64), []int64(nil), ""},
		{"spaces in the array", `{"value":[ ]}`, new([]int64), []int64(nil), ""},
		{"bad element", `{"value":[1,"x"]}`, new([]int64), nil, fault.BadRequest},
		{"nested list", `{"value":[[1]]}`, new([]int64), nil, fault.BadRequest},
		{"object", `{"value":{"0":1}}`, new([]int64), nil, fault.BadRequest},
		{"at the limit", `{"value":[1,2,3,4,5]}`, new([]int64), []int64{1, 2, 3, 4, 5}, ""},
		{"over the limit", `{"value":[1,1,1,1,1,1]}`, new([]int64), nil, fault.TooManyIDs},
		{"over the limit by commas", `{"value":"1,1,1,1,1,1"}`, new([]int64), nil, fault.TooManyIDs},
		{"over the limit in a form", `value=1&value=1&value=1&value=1&value=1&value=1`, new([]int64), nil, fault.TooManyIDs},
		{"the limit is told before a bad element", `{"value":["x",1,1,1,1,1]}`, new([]int64), nil, fault.TooManyIDs},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := bindOne(parse(t, request("POST", "/", "", tt.body)), tt.into)
			if code := fault.CodeOf(err); code != tt.code {
				t.Fatalf("code %q, want %q (%v)", code, tt.code, err)
			}
			switch tt.code {
			case fault.TooManyIDs:
				if args := fault.ArgsOf(err); len(args) != 1 || args[0] != 5 {
					t.Errorf("args %v, want the limit 5", args)
				}
			case "":
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
		})
	}
}

// bindOne binds the parameter theValue, alias value, to the type that into
// points to; a list takes 5 elements.
func bindOne(p *wire.Params, into any) (any, error) {
	t := reflect.TypeOf(into).Elem()
	tag := `wire:"theValue,value"`
	if t.Kind() == reflect.Slice {
		tag = `wire:"theValue,value;max=5"`
	}
	in := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Value", Type: t, Tag: reflect.StructTag(tag)}}))
	err := wire.Bind(p, in.Interface())
	return in.Elem().Field(0).Interface(), err
}

func TestRequired(t *testing.T) {
	for _, body := range []string{``, `{}`, `{"fileIDs":null}`, `{"fileIDs":""}`, `{"fileIDs":[]}`, `{"fileIDs":[""]}`, `fileIDs=`, `fileIDs=,`} {
		err := wire.Bind(parse(t, request("POST", "/", "", body)), &copyIn{})
		if args := fault.ArgsOf(err); !fault.Is(err, fault.BadRequest) || len(args) != 1 || args[0] != "fileIDs" {
			t.Errorf("%s: %v, want bad_request [fileIDs]", body, err)
		}
	}
}

// TestSameEitherWay: the same values arrive, whichever way they travel.
func TestSameEitherWay(t *testing.T) {
	type in struct {
		IDs  []int64  `wire:"fileIDs;max=100"`
		Text []string `wire:"texts;max=100"`
		Name string   `wire:"name"`
		Flag bool     `wire:"flag"`
	}
	letter := rapid.Rune().Filter(func(r rune) bool { return r != 0 }) // see TestBindNUL
	rapid.Check(t, func(t *rapid.T) {
		want := in{
			IDs:  rapid.SliceOfN(rapid.Int64(), 1, 5).Draw(t, "ids"),
			Text: rapid.SliceOfN(rapid.StringOfN(letter, 1, 8, -1), 1, 5).Draw(t, "texts"),
			Name: rapid.StringOf(letter).Draw(t, "name"),
			Flag: rapid.Bool().Draw(t, "flag"),
		}
		form := url.Values{"texts": want.Text, "name": {want.Name}, "flag": {strconv.FormatBool(want.Flag)}}
		for _, id := range want.IDs {
			form.Add("fileids", strconv.FormatInt(id, 10))
		}
		body, err := json.Marshal(map[string]any{"FILEIDS": want.IDs, "texts": want.Text, "name": want.Name, "flag": want.Flag})
		if err != nil {
			t.Fatal(err)
		}
		for way, r := range map[string]*http.Request{
			"JSON":  request("POST", "/", asJSON, string(body)),
			"form":  request("GET", "/", asJSON, form.Encode()),
			"query": request("POST", "/?"+form.Encode(), "", ""),
		} {
			p, err := wire.Parse(r, testBody)
			if err != nil {
				t.Fatalf("%s: %v", way, err)
			}
			var got in
			if err := wire.Bind(p, &got); err != nil {
				t.Fatalf("%s: %v", way, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-want +got)\n%s", way, diff)
			}
		}
	})
}

// A NUL is refused wherever it may come from, also where a type would take it.
func TestBindNUL(t *testing.T) {
	type in struct {
		Text  string   `wire:"text"`
		Words []string `wire:"words;max=3"`
		ID    bedID    `wire:"id"`
		IDs   []bedID  `wire:"ids;max=3"`
		Maybe *string  `wire:"maybe"`
		Any   wire.Raw `wire:"any"`
		Count int      `wire:"count"`
		Flag  bool     `wire:"flag"`
	}
	for _, f := range wire.Describe(reflect.TypeFor[in]()) {
		for how, r := range map[string]*http.Request{
			"JSON":      request("POST", "/", asJSON, `{"`+f.Name+`":"1\u0000"}`),
			"a list":    request("POST", "/", asJSON, `{"`+f.Name+`":["1","a\u0000b"]}`),
			"a form":    request("POST", "/", asForm, f.Name+"=%00"),
			"a query":   request("GET", "/?"+f.Name+"=1,%002", "", ""),
			"multipart": request("POST", "/", asMultipart, field(f.Name, "\x00")+end),
		} {
			if how == "a list" && !f.List {
				continue
			}
			err := wire.Bind(parse(t, r), new(in))
			if args := fault.ArgsOf(err); !fault.Is(err, fault.BadRequest) || len(args) != 1 || args[0] != f.Name {
				t.Errorf("%s in %s: %v", f.Name, how, err)
			}
		}
	}
	var out in
	if err := wire.Bind(parse(t, request("POST", "/", asJSON, `{"text":"a\\u0000b","strange":"\u0000"}`)), &out); err != nil || out.Text != `a\u0000b` {
		t.Errorf("what only looks like one, or nobody asks for: %q, %v", out.Text, err)
	}
}

// A limit that is given stands in the place of those of the tags, and of theirs alone.
func TestBindUpTo(t *testing.T) {
	for body, want := range map[string]fault.Code{`{"ids":[1,2,3],"n":7}`: "", `{"ids":[1,2,3,4]}`: fault.TooManyIDs, `{"few":"1,2,3,x"}`: fault.TooManyIDs, `{"few":"1,2,3"}`: ""} {
		var in struct {
			IDs []int64 `wire:"ids;max=5"`
			Few []int64 `wire:"few;max=2"`
			N   int     `wire:"n"`
		}
		err := wire.BindUpTo(parse(t, request("POST", "/", "", body)), &in, 3)
		if code := fault.CodeOf(err); code != want || want != "" && fault.ArgsOf(err)[0] != 3 {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
		if want == "" && len(in.IDs)+len(in.Few) != 3 {
			t.Errorf("%s: %+v", body, in)
		}
	}
}
