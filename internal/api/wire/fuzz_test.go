package wire_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
)

type fuzzIn struct {
	IDs    []driveID  `wire:"fileIDs,fileID;max=100"`
	Bed    []bedID    `wire:"bedIDs;max=100"`
	Names  []string   `wire:"name;max=10"`
	Parent *bedID     `wire:"parentFileID"`
	Limit  int        `wire:"limit;default=100"`
	Flag   *bool      `wire:"trashed"`
	Items  []wire.Raw `wire:"renameList;max=30"`
	Text   string     `wire:"filename"`
}

// fuzzRequest makes a request of any query, header and body.
func fuzzRequest(query, contentType, body string) *http.Request {
	return &http.Request{
		Method:        http.MethodPost,
		URL:           &url.URL{Path: "/", RawQuery: query},
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// known are the codes that reading a request may end with.
var known = map[fault.Code]bool{"": true, fault.BadRequest: true, fault.BadBody: true, fault.BodyTooLarge: true, fault.TooManyIDs: true}

// FuzzParse: no request makes Parse or Bind panic or fail with a code of its
// own, and what is read once is read the same again.
func FuzzParse(f *testing.F) {
	for _, body := range []string{
		`{"fileIDs":["1",2,3e1],"parentFileID":null,"limit":100.0,"trashed":"True","renameList":[{"fileID":1},"1|a"]}`,
		`{"name":"a\u00e9","NAME":["b"],"a":{"b":[{}]}}`,
		`fileIDs=1&fileIDs[]=2&fileIDs[0]=3&name=%E5%9B%BE`,
		`[1]`, `{"a":1}x`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}",
		field("name", "x") + file(`name="file"; filename="a"`, "y") + end,
	} {
		f.Add("fileID=1&limit=5", asMultipart, body)
	}
	f.Fuzz(func(t *testing.T, query, contentType, body string) {
		read := func() (in fuzzIn, code fault.Code) {
			p, err := wire.Parse(fuzzRequest(query, contentType, body), 1<<16)
			if err == nil {
				err = wire.Bind(p, &in)
			}
			return in, fault.CodeOf(err)
		}
		first, code := read()
		if !known[code] {
			t.Errorf("code %q", code)
		}
		second, again := read()
		if code != again || !reflect.DeepEqual(first, second) {
			t.Errorf("read twice: %+v %q, then %+v %q", first, code, second, again)
		}
		if code != "" {
			return
		}
		if len(first.IDs) > 100 || len(first.Names) > 10 || !utf8.ValidString(first.Text) {
			t.Errorf("outside its limits: %+v", first)
		}
	})
}

// FuzzJSON: our splitting of JSON agrees with encoding/json about what is JSON
// and what its values are.
func FuzzJSON(f *testing.F) {
	for _, value := range []string{
		`1,"a\"]",{"b":[1,{"c":"}"}]},[ ],true,null,-1.5e+3`, `"\\"`, `{}`, ``, `,`, `]`, `"\u12`, "\"\x01\"", `{"a":1,"a":2} , 3`, "\u00a01",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, elements string) {
		body := `{"theValue":[` + elements + `]}`
		var want struct{ TheValue []json.RawMessage }
		dec := json.NewDecoder(strings.NewReader(body))
		jsonErr := dec.Decode(&want)
		if jsonErr == nil && len(bytes.TrimSpace([]byte(body[dec.InputOffset():]))) > 0 {
			return // more than one value: refused, as TestParseFaults shows
		}
		p, err := wire.Parse(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), 1<<16)
		if err != nil {
			if jsonErr == nil && utf8.ValidString(body) && strings.Count(body, "[")+strings.Count(body, "{") <= 32 && len(body) <= 1<<16 {
				t.Fatalf("refused valid JSON %q: %v", body, err)
			}
			return
		}
		if jsonErr != nil {
			t.Fatalf("took %q, but %v", body, jsonErr)
		}
		var in struct {
			Value []wire.Raw `wire:"theValue;max=70000"`
		}
		if err := wire.Bind(p, &in); err != nil {
			t.Fatal(err)
		}
		if strings.Count(body, "heValue") > 1 {
			return // a duplicate key: the first wins here, the last there
		}
		i := 0
		for _, raw := range want.TheValue {
			if isEmpty(raw) {
				continue
			}
			if i == len(in.Value) {
				t.Fatalf("%d elements of %q, want more", i, body)
			}
			compare(t, raw, in.Value[i])
			i++
		}
		if i != len(in.Value) {
			t.Errorf("%d elements of %q, want %d", len(in.Value), body, i)
		}
	})
}

func isEmpty(raw json.RawMessage) bool {
	var list []json.RawMessage
	return string(raw) == "null" || string(raw) == `""` || json.Unmarshal(raw, &list) == nil && len(list) == 0
}

// compare holds one value against what encoding/json says of it.
func compare(t *testing.T, want json.RawMessage, got wire.Raw) {
	t.Helper()
	s, scalar := got.Text()
	_, object := got.Object()
	switch want[0] {
	case '{':
		if !object || scalar {
			t.Errorf("%s is no object", want)
		}
	case '[':
		if object || scalar {
			t.Errorf("%s is no array", want)
		}
	case '"':
		var text string
		if err := json.Unmarshal(want, &text); err != nil || !scalar || s != text {
			t.Errorf("%s reads as %q, want %q (%v)", want, s, text, err)
		}
	default:
		// A number may be written otherwise, as long as it is the same.
		var number, mine json.Number
		if string(want) == "true" || string(want) == "false" {
			if s != string(want) {
				t.Errorf("%s reads as %q", want, s)
			}
			return
		}
		if json.Unmarshal(want, &number) != nil || json.Unmarshal([]byte(s), &mine) != nil {
			t.Errorf("%s reads as %q, no number", want, s)
			return
		}
		a, errA := number.Float64()
		b, errB := mine.Float64()
		if a != b || (errA == nil) != (errB == nil) {
			t.Errorf("%s reads as %q", want, s)
		}
	}
}

// FuzzMultipart: no body makes Multipart panic, and Multipart and Parse agree
// about the fields wherever both take the body.
func FuzzMultipart(f *testing.F) {
	f.Add(field("name", "x") + file(`name="file"; filename="a"`, "y") + field("limit", "3") + end)
	f.Add(field("fileIDs[]", "1") + field("fileIDs[]", "2") + "--b--")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--b--")
	f.Fuzz(func(t *testing.T, body string) {
		streamed, err := wire.Multipart(fuzzRequest("", asMultipart, body), 1<<16, func(_, _ string, part io.Reader, _ *wire.Params) error {
			_, err := io.Copy(io.Discard, part)
			return err
		})
		if code := fault.CodeOf(err); !known[code] {
			t.Fatalf("code %q", code)
		}
		if err != nil {
			return
		}
		if first := strings.TrimLeft(body, " \t\r\n"); first == "" || first[0] == '{' || first[0] == '[' {
			return // no multipart body to Parse
		}
		whole, err := wire.Parse(fuzzRequest("", asMultipart, body), 1<<16)
		if err != nil {
			if fault.Is(err, fault.BodyTooLarge) {
				return
			}
			t.Fatalf("Parse: %v", err)
		}
		var a, b fuzzIn
		errA, errB := wire.Bind(streamed, &a), wire.Bind(whole, &b)
		if fault.CodeOf(errA) != fault.CodeOf(errB) || !reflect.DeepEqual(a, b) {
			t.Errorf("streamed %+v %v, whole %+v %v", a, errA, b, errB)
		}
	})
}
