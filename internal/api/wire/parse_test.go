package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
)

func TestParseFaults(t *testing.T) {
	const small = 64
	part := "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
	tests := []struct {
		name        string
		target      string
		contentType string
		body        string
		want        fault.Code
	}{
		{"exactly at the limit", "/", "", `{"a":"` + strings.Repeat("x", small-8) + `"}`, ""},
		{"one over it", "/", "", `{"a":"` + strings.Repeat("x", small-7) + `"}`, fault.BodyTooLarge},
		{"JSON array", "/", "", `[1,2]`, fault.BadBody},
		{"cut off", "/", "", `{"a":1`, fault.BadBody},
		{"cut off in a string", "/", "", `{"a":"b\`, fault.BadBody},
		{"cut off in a number", "/", "", `{"a":-`, fault.BadBody},
		{"only a bracket", "/", "", `{`, fault.BadBody},
		{"trailing garbage", "/", "", `{"a":1}x`, fault.BadBody},
		{"two values", "/", "", `{"a":1}{"a":2}`, fault.BadBody},
		{"trailing comma", "/", "", `{"a":1,}`, fault.BadBody},
		{"not a JSON number", "/", "", `{"a":0x10}`, fault.BadBody},
		{"bad UTF-8 in a value", "/", "", "{\"a\":\"\xff\"}", fault.BadBody},
		{"bad UTF-8 in a name nobody asks for", "/", "", "{\"\xc3\":1}", fault.BadBody},
		{"bad UTF-8 in a form", "/", "", "a=\xff", fault.BadBody},
		{"bad UTF-8 escaped in a form", "/", "", "a=%ff", fault.BadBody},
		{"bad UTF-8 in a multipart field", "/", "multipart/form-data; boundary=b", part + "\xff\r\n--b--\r\n", fault.BadBody},
		{"bad escape in a form", "/", "", "a=%zz", fault.BadBody},
		{"bad escape in a form's name", "/", "", "%zz=1", fault.BadBody},
		{"bad escape in the query", "/?a=100%25&b=%zz", "", "", fault.BadRequest},
		{"bad UTF-8 in the query", "/?a=%ff", "", "", fault.BadRequest},
		{"multipart without a boundary", "/", "multipart/form-data", "--b--", fault.BadBody},
		{"multipart without its end", "/", "multipart/form-data; boundary=b", part + "x", fault.BadBody},
		{"multipart that isn't", "/", "multipart/form-data; boundary=b", "a=1", fault.BadBody},
		{"JSON under a multipart header", "/", "multipart/form-data; boundary=b", `{"a":1}`, ""},
		{"a broken header announces nothing", "/", "multipart/;;", `a=1`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			limit := int64(testBody)
			if strings.Contains(tt.body, "xx") {
				limit = small
			}
			for way, length := range map[string]int64{"with a length": int64(len(tt.body)), "without": -1} {
				r := request("POST", tt.target, tt.contentType, tt.body)
				r.ContentLength = length
				_, err := wire.Parse(r, limit)
				if got := fault.CodeOf(err); got != tt.want {
					t.Errorf("%s: code %q, want %q (%v)", way, got, tt.want, err)
				}
				if args := fault.ArgsOf(err); tt.want == fault.BadRequest && (len(args) != 1 || args[0] != "query") {
					t.Errorf("%s: args %v, want [query]", way, args)
				}
			}
		})
	}
}

// TestBombs: what would be expensive to read is refused, or read at a price in
// proportion to its length.
func TestBombs(t *testing.T) {
	const mib = 1 << 20
	deep := func(open, end string, n int) string {
		return `{"value":` + strings.Repeat(open, n) + "1" + strings.Repeat(end, n) + `}`
	}
	flood := func(n int, format, sep string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteString(sep)
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	tests := []struct {
		name string
		body string
		want fault.Code
	}{
		{"nested 31 deep", deep("[", "]", 31), ""},
		{"nested 32 deep", deep("[", "]", 32), fault.BadBody},
		{"nested a thousand deep", deep("[", "]", 1000), fault.BadBody},
		{"objects a thousand deep", deep(`{"a":`, "}", 1000), fault.BadBody},
		{"a million brackets, never closed", strings.Repeat("[", mib), fault.BadBody},
		{"a million objects, never closed", strings.Repeat(`{"a":`, mib/5), fault.BadBody},
		{"brackets in a string are no depth", `{"value":"` + strings.Repeat(`[\"{`, mib/4) + `"}`, ""},
		{"10000 keys", "{" + flood(10000, `"k%d":1`, ",") + "}", ""},
		{"10001 keys", "{" + flood(10001, `"k%d":1`, ",") + "}", fault.BadBody},
		{"10001 empty keys", "{" + flood(10001, `"k%d":null`, ",") + "}", fault.BadBody},
		{"one key 10001 times", "{" + flood(10001, `"value":"%d"`, ",") + "}", fault.BadBody},
		{"10001 form keys", flood(10001, "k%d=1", "&"), fault.BadBody},
		{"one form key 10000 times", flood(10000, "value=%d", "&"), ""},
		{"a million ampersands", strings.Repeat("&", mib), ""},
		{"half a million elements", `{"value":[` + strings.Repeat("1,", mib/2) + `1]}`, ""},
		{"half a million empty elements", `{"value":[` + strings.Repeat(`"",`, mib/3) + `1]}`, ""},
		{"half a million joined ids", `{"value":"` + strings.Repeat("1,", mib/2) + `1"}`, ""},
		{"a number of a million digits", `{"value":1` + strings.Repeat("0", mib) + `}`, ""},
		{"a fraction of a million digits", `{"value":1.` + strings.Repeat("0", mib) + `}`, ""},
		{"a million escapes", `{"value":"` + strings.Repeat(`\n`, mib/2) + `"}`, ""},
		{"a million escapes in a form", "value=" + strings.Repeat("%41", mib/3), ""},
		{"a name of a megabyte", `{"` + strings.Repeat("k", mib) + `":1}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			used := allocated(func() {
				p, err := wire.Parse(request("POST", "/", "", tt.body), 4*mib)
				if got := fault.CodeOf(err); got != tt.want {
					t.Errorf("code %q, want %q (%v)", got, tt.want, err)
				}
				if err != nil {
					return
				}
				// To be told too long or malformed is as good as to be read; the point
				// is what it costs.
				for _, into := range []any{new([]string), new([]int64), new(string), new(int64), new(wire.Raw)} {
					_, err := bindOne(p, into)
					if code := fault.CodeOf(err); code != "" && code != fault.TooManyIDs && code != fault.BadRequest {
						t.Errorf("Bind to %T: %v", into, err)
					}
				}
			})
			// All that was ever set aside, garbage and growing buffers included; the
			// constant is for 10000 entries and what their slice outgrew.
			if limit := uint64(8*len(tt.body) + 4*mib); used > limit {
				t.Errorf("%d bytes allocated for a body of %d, limit %d", used, len(tt.body), limit)
			}
		})
	}
}

// allocated gives the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestLengthIsNoPromise: a body that is announced costs nothing until it comes.
func TestLengthIsNoPromise(t *testing.T) {
	r := request("POST", "/", "", `{"a":1}`)
	r.ContentLength = 64 << 20
	used := allocated(func() {
		if _, err := wire.Parse(r, 64<<20); err != nil {
			t.Error(err)
		}
	})
	if used > 1<<20 {
		t.Errorf("%d bytes allocated for 7 bytes of body", used)
	}
}

// TestCutOff: a client goes away in the middle of its body, on a real connection.
func TestCutOff(t *testing.T) {
	parsers := map[string]func(*http.Request) error{
		"Parse": func(r *http.Request) error {
			_, err := wire.Parse(r, testBody)
			return err
		},
		"Multipart": func(r *http.Request) error {
			_, err := wire.Multipart(r, testBody, func(_, _ string, part io.Reader, _ *wire.Params) error {
				_, err := io.Copy(io.Discard, part)
				return err
			})
			return err
		},
	}
	const field = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
	requests := map[string]string{
		"in a form":    "Content-Length: 100\r\n\r\na=1&b=",
		"in JSON":      "Content-Length: 100\r\n\r\n{\"a\":1}",
		"in a chunk":   "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n",
		"in a field":   "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n" + field + "v",
		"after fields": "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n" + field + "v\r\n--b\r\n",
	}
	for parser, parse := range parsers {
		for where, head := range requests {
			t.Run(parser+" "+where, func(t *testing.T) {
				result := make(chan error, 1)
				server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { result <- parse(r) }))
				defer server.Close()
				conn, err := net.Dial("tcp", server.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\n"+head)
				if err := errors.Join(err, conn.Close()); err != nil {
					t.Fatal(err)
				}
				if err := <-result; !fault.Is(err, fault.BadBody) {
					t.Errorf("got %v, want bad_body", err)
				}
			})
		}
	}
}

// TestServersLimit: where the server itself limits the body, its error counts.
func TestServersLimit(t *testing.T) {
	r := request("POST", "/", "", strings.Repeat("a", 100))
	r.ContentLength = -1
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 10)
	if _, err := wire.Parse(r, testBody); !fault.Is(err, fault.BodyTooLarge) {
		t.Errorf("got %v, want body_too_large", err)
	}
}

// TestAllocations keeps the hot path lean: a canonical request and its answer.
func TestAllocations(t *testing.T) {
	body := []byte(`{"fileIDs":["14802190","14802189"],"toParentFileID":"yk6baz03t0l000d7w33fbyq51l4izkne","sourceType":1,"type":1}`)
	r := request("POST", "/api/v1/oss/source/copy", asJSON, "")
	r.ContentLength = int64(len(body))
	reader := bytes.NewReader(body)
	r.Body = io.NopCloser(reader)
	got := testing.AllocsPerRun(100, func() {
		reader.Reset(body)
		p, err := wire.Parse(r, testBody)
		if err != nil {
			t.Fatal(err)
		}
		var in copyIn
		if err := wire.Bind(p, &in); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v allocations", got)
	if got > 20 {
		t.Errorf("%v allocations for one small request, want at most 20", got)
	}
}

func BenchmarkParseBind(b *testing.B) {
	body := []byte(`{"fileIDs":["14802190","14802189"],"toParentFileID":"yk6baz03t0l000d7w33fbyq51l4izkne","sourceType":1,"type":1}`)
	r := request("POST", "/api/v1/oss/source/copy", asJSON, "")
	r.ContentLength = int64(len(body))
	reader := bytes.NewReader(body)
	r.Body = io.NopCloser(reader)
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		p, err := wire.Parse(r, testBody)
		if err != nil {
			b.Fatal(err)
		}
		var in copyIn
		if err := wire.Bind(p, &in); err != nil {
			b.Fatal(err)
		}
	}
}
