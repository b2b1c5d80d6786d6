package fetch_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/fault"
	"tuchuang/internal/fetch"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

const limit = 1 << 20

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func client() *fetch.Client { return fetch.New(fetch.Options{Allow: loopback}) }

// reasonOf tells a Failure by its reason, and is "" for none.
func reasonOf(err error) fetch.Reason {
	if f, ok := errors.AsType[*fetch.Failure](err); ok {
		return f.Reason
	}
	return ""
}

// all gets all that comes.
func all(t *testing.T, c *fetch.Client, r fetch.Request) (*fetch.Answer, string, error) {
	t.Helper()
	if r.Limit == 0 {
		r.Limit = limit
	}
	a, err := c.Get(t.Context(), r)
	if err != nil {
		return nil, "", err
	}
	b, err := io.ReadAll(a.Body)
	if e := a.Body.Close(); e != nil {
		t.Error(e)
	}
	return a, string(b), err
}

func TestWhatAServerGives(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" || r.Header.Get("Authorization") != "" || r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("header %v", r.Header)
		}
		switch r.URL.Path {
		case "/a":
			http.Redirect(w, r, "/b/%E4%B8%AD.png?x=1", http.StatusFound)
		default:
			w.Header().Set("Etag", `"v1"`)
			w.Header().Set("Content-Disposition", `attachment; filename="a.png"`)
			fmt.Fprint(w, "hello")
		}
	})
	a, body, err := all(t, client(), fetch.Request{URL: " " + url + "/a#part"})
	if err != nil || body != "hello" || a.Total != 5 || a.From != 0 || a.Name != "a.png" || a.Validator != `"v1"` || a.URL.Path != "/b/中.png" {
		t.Errorf("%v %q %+v", err, body, a)
	}
}

// What goes on is the rest of the same content, or all of it anew.
func TestGoingOn(t *testing.T) {
	const content = "0123456789"
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		from   int64
		body   string
		reason fetch.Reason
	}{
		{"the rest", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v1"`)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		}, 4, "456789", ""},
		{"another version", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v2"`)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("other bytes"))
		}, 0, "other bytes", ""},
		{"no ranges", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }, 0, content, ""},
		{"another place", part("bytes 5-9/10", "56789"), 0, "", fetch.BadRange},
		{"another length", part("bytes 4-10/11", "456789a"), 0, "", fetch.BadRange},
		{"not to the end", part("bytes 4-5/10", "45"), 0, "", fetch.BadRange},
		{"another version in a part", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v2"`)
			part("bytes 4-9/10", "456789")(w, r)
		}, 0, "", fetch.BadRange},
		{"a part in gzip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			part("bytes 4-9/10", "456789")(w, r)
		}, 0, "", fetch.BadRange},
		{"no header of the part", part("", "456789"), 0, "", fetch.BadRange},
		{"a negative place", part("bytes -4-9/10", "456789"), 0, "", fetch.BadRange},
		{"not satisfiable", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) }, 0, "", fetch.BadRange},
	} {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "bytes=4-" || r.Header.Get("If-Range") != `"v1"` {
				t.Errorf("%s: %v", tt.name, r.Header)
			}
			tt.answer(w, r)
		})
		a, body, err := all(t, client(), fetch.Request{URL: url, From: 4, Total: 10, Validator: `"v1"`})
		if reasonOf(err) != tt.reason || body != tt.body || err == nil && a.From != tt.from {
			t.Errorf("%s: %v %q %+v", tt.name, err, body, a)
		}
		if f, ok := errors.AsType[*fetch.Failure](err); ok && !(f.Again && f.Afresh) {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
	// Nobody asked for a part.
	url := serve(t, part("bytes 0-4/5", "hello"))
	if _, _, err := all(t, client(), fetch.Request{URL: url}); reasonOf(err) != fetch.BadRange {
		t.Error(err)
	}
}

func part(contentRange, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", contentRange)
		w.WriteHeader(http.StatusPartialContent)
		fmt.Fprint(w, body)
	}
}

// With an ETag that is weak the time of the last change is what holds, where it is long
// enough ago.
func TestValidators(t *testing.T) {
	const date, soon, now = "Wed, 25 Nov 2026 10:00:00 GMT", "Wed, 25 Nov 2026 10:00:59 GMT", "Wed, 25 Nov 2026 10:01:00 GMT"
	for _, tt := range []struct{ etag, modified, want string }{
		{"", soon, ""}, {"", now, ""}, {"", "Wed, 25 Nov 2026 10:02:00 GMT", ""}, {`"a"`, soon, `"a"`},
		{`"a"`, date, `"a"`}, {`W/"a"`, date, date}, {`W/"a"`, "", ""}, {"", "yesterday", ""}, {"", date, date}, {"a", "", ""},
		{"\"\xff\"", "", ""}, {`"图"`, date, date}, {`"a b"`, "", ""}, {`"a`, "", ""}, {`""`, "", `""`},
		{`"` + strings.Repeat("a", 2000) + `"`, "", ""},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Etag", tt.etag)
			w.Header().Set("Last-Modified", tt.modified)
			w.Header().Set("Date", now)
			fmt.Fprint(w, "x")
		})
		if a, _, err := all(t, client(), fetch.Request{URL: url}); err != nil || a.Validator != tt.want {
			t.Errorf("%+v: %v %+v", tt, err, a)
		}
	}
}

func TestNamesThatServersGive(t *testing.T) {
	for header, want := range map[string]string{
		``:                                                "",
		`inline`:                                          "",
		`attachment; filename=a.png`:                      "a.png",
		`attachment; filename="a b.png"`:                  "a b.png",
		`attachment; filename="a\"b.png"`:                 `a"b.png`,
		`attachment; filename="图 片.png"`:                  "图 片.png",
		`attachment; filename=图片.png`:                     "图片.png",
		`attachment; filename=a b;c.png`:                  "a b",
		`filename="bare.png"`:                             "bare.png",
		`attachment; FileName="up.png"`:                   "up.png",
		`attachment; filename="%E5%9B%BE"`:                "图",
		`attachment; filename="100%.png"`:                 "100%.png",
		`attachment; filename="../../etc/passwd"`:         "../../etc/passwd", // cleaned by whoever uses it
		`attachment; filename="=?UTF-8?B?5Zu+LnBuZw==?="`: "图.png",
		`attachment; filename="fallback.png"; filename*=UTF-8''%E5%9B%BE%20%E7%89%87`: "图 片",
		`attachment; filename*=utf-8'zh'%e5%9b%be`:                                    "图",
		`attachment; filename="plain.png"; filename*=GB18030''%cd%bc`:                 "plain.png",
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Disposition", header) })
		if a, _, err := all(t, client(), fetch.Request{URL: url}); err != nil || a.Name != want {
			t.Errorf("%s: %v %q", header, err, a.Name)
		}
	}
}

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// A server that sends gzip though it was not asked to is understood, and no bomb.
func TestEncodings(t *testing.T) {
	for _, tt := range []struct {
		encoding string
		body     []byte
		want     string
		reason   fetch.Reason
	}{
		{"gzip", zipped("hello"), "hello", ""},
		{"identity", []byte("hello"), "hello", ""},
		{"gzip", zipped(strings.Repeat("a", limit)), strings.Repeat("a", limit), ""},
		{"gzip", zipped(strings.Repeat("a", limit+1)), "", fetch.TooLarge},
		{"gzip", []byte("no gzip at all"), "", fetch.BadEncoding},
		{"gzip", zipped("hello")[:12], "", fetch.Network},
		{"gzip", nil, "", fetch.Network},
		{"br", []byte("hello"), "", fetch.BadEncoding},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", tt.encoding)
			w.Header().Set("Etag", `"v1"`)
			if _, err := w.Write(tt.body); err != nil {
				t.Error(err)
			}
		})
		a, body, err := all(t, client(), fetch.Request{URL: url})
		if reasonOf(err) != tt.reason || err == nil && (body != tt.want || tt.encoding == "gzip" && (a.Total != -1 || a.Validator != "")) {
			t.Errorf("%s %.20q: %v, %d bytes", tt.encoding, tt.body, err, len(body))
		}
	}
}

// What can't be had, and whether it may be later.
func TestStatuses(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		status int
		retry  string
		reason fetch.Reason
		again  bool
		after  time.Duration
	}{
		{http.StatusNotFound, "", fetch.BadStatus, false, 0},
		{http.StatusForbidden, "7", fetch.BadStatus, false, 0},
		{http.StatusNoContent, "", fetch.BadStatus, false, 0},
		{http.StatusNotModified, "", fetch.BadStatus, false, 0},
		{http.StatusTooManyRequests, "7", fetch.Busy, true, 7 * time.Second},
		{http.StatusTooManyRequests, "Thu, 26 Nov 2026 12:01:00 GMT", fetch.Busy, true, time.Minute},
		{http.StatusTooManyRequests, "Thu, 26 Nov 2026 11:01:00 GMT", fetch.Busy, true, 0},
		{http.StatusServiceUnavailable, "99999999", fetch.Busy, true, time.Hour},
		{http.StatusServiceUnavailable, "-1", fetch.Busy, true, 0},
		{http.StatusBadGateway, "", fetch.Busy, true, 0},
		{http.StatusRequestTimeout, "", fetch.Busy, true, 0},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", tt.retry)
			w.WriteHeader(tt.status)
		})
		c := fetch.New(fetch.Options{Allow: loopback, Now: func() time.Time { return now }})
		_, _, err := all(t, c, fetch.Request{URL: url})
		f, ok := errors.AsType[*fetch.Failure](err)
		if !ok || f.Reason != tt.reason || f.Again != tt.again || f.After != tt.after || f.Status != tt.status {
			t.Errorf("%+v: %v", tt, err)
		}
		if err := c.Post(t.Context(), url, nil); (err == nil) != (tt.status == http.StatusNoContent) {
			t.Errorf("post %d: %v", tt.status, err)
		}
	}
}

// Servers that cut, lie about the length, hang or send without end.
func TestServersThatMisbehave(t *testing.T) {
	hijacked := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprint(conn, answer)
			conn.Close()
		}
	}
	hang := make(chan struct{})
	defer close(hang)
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		body   string
		reason fetch.Reason
		again  bool
	}{
		{"ends early", hijacked("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), "hello", fetch.Network, true},
		{"ends early in chunks", hijacked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "hello", fetch.Network, true},
		{"sends more than it says", hijacked("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"), "hello", "", false},
		{"says nothing", hijacked(""), "", fetch.Network, true},
		{"speaks no HTTP", hijacked("220 ready\r\n"), "", fetch.Network, true},
		{"has no end of headers", hijacked("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 1<<20)), "", fetch.Network, true},
		{"says it is large", hijacked("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"), "", fetch.TooLarge, false},
		{"is large", func(w http.ResponseWriter, _ *http.Request) {
			for range 40 {
				fmt.Fprint(w, strings.Repeat("a", limit/32))
				if err := http.NewResponseController(w).Flush(); err != nil {
					return
				}
			}
		}, "", fetch.TooLarge, false},
		{"redirects for ever", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, "", fetch.TooManyRedirects, false},
		{"hangs", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "hello")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-hang
		}, "hello", fetch.Stalled, true},
		{"hangs in a redirect", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-hang
		}, "", fetch.Stalled, true},
		{"breaks its gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			if _, err := w.Write(append(zipped("")[:10], 0xff, 0xff, 0xff)); err != nil {
				t.Error(err)
			}
		}, "", fetch.BadEncoding, false},
	} {
		url := serve(t, tt.answer)
		o := fetch.Options{Allow: loopback}
		switch tt.name {
		case "hangs":
			o.ToByte = 50 * time.Millisecond
		case "hangs in a redirect":
			o.ToAnswer = 50 * time.Millisecond
		}
		_, body, err := all(t, fetch.New(o), fetch.Request{URL: url + "/"})
		f, failed := errors.AsType[*fetch.Failure](err)
		switch {
		case failed != (tt.reason != "") || err != nil && !failed:
			t.Errorf("%s: %v", tt.name, err)
		case failed && strings.Contains(err.Error(), url):
			t.Errorf("%s tells the URL: %v", tt.name, err)
		case failed && (f.Reason != tt.reason || f.Again != tt.again):
			t.Errorf("%s: %v", tt.name, err)
		case tt.reason != fetch.TooLarge && body != tt.body:
			t.Errorf("%s: %q", tt.name, body)
		case tt.reason == fetch.TooLarge && len(body) > limit:
			t.Errorf("%s: %d bytes", tt.name, len(body))
		}
	}
}

// Ten redirects are followed.
func TestRedirectsAreFollowed(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) < 11 {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusMovedPermanently)
			return
		}
		fmt.Fprint(w, r.URL.Path)
	})
	if _, body, err := all(t, client(), fetch.Request{URL: url + "/"}); err != nil || body != "/xxxxxxxxxx" {
		t.Errorf("%v %q", err, body)
	}
}

// What is posted is posted there where it is sent on, or was not posted.
func TestRedirectsOfPosts(t *testing.T) {
	for status, arrives := range map[int]bool{http.StatusMovedPermanently: false, http.StatusFound: false, http.StatusSeeOther: false, http.StatusTemporaryRedirect: true, http.StatusPermanentRedirect: true} {
		var got string
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/there", status)
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			got = r.Method + " " + string(body)
		})
		err := client().Post(t.Context(), url+"/", []byte("{}"))
		if arrives && (err != nil || got != "POST {}") || !arrives && (reasonOf(err) != fetch.BadStatus || got != "") {
			t.Errorf("%d: %v %q", status, err, got)
		}
	}
}

// No proxy of the environment is asked: it would be the one that dials.
func TestNoProxy(t *testing.T) {
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") })
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	if _, _, err := all(t, fetch.New(fetch.Options{}), fetch.Request{URL: "http://10.1.2.3/"}); reasonOf(err) != fetch.Refused {
		t.Error(err)
	}
}

// A certificate that nobody vouches for is none.
func TestCertificates(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	if _, _, err := all(t, client(), fetch.Request{URL: s.URL}); reasonOf(err) != fetch.BadCertificate {
		t.Error(err)
	}
}

func TestPost(t *testing.T) {
	got := ""
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = r.Method + " " + r.Header.Get("Content-Type") + " " + string(b)
	})
	if err := client().Post(t.Context(), url, []byte(`{"a":1}`)); err != nil || got != `POST application/json {"a":1}` {
		t.Errorf("%v %s", err, got)
	}
	if err := fetch.New(fetch.Options{}).Post(t.Context(), url, nil); reasonOf(err) != fetch.Refused {
		t.Error(err)
	}
	if _, err := client().Check("http://" + strings.Repeat("a", fetch.MaxURL)); !fault.Is(err, fault.BadURL) {
		t.Error(err)
	}
}

// What drips holds nobody for ever; the time that the reader takes is not the server's.
func TestServersThatAreSlow(t *testing.T) {
	const content = "0123456789"
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, content)
			return
		case "/large":
			w.Header().Set("Content-Length", fmt.Sprint(len(content)<<16))
			fmt.Fprint(w, strings.Repeat(content, 1<<16))
			return
		}
		for r.Context().Err() == nil { // until nobody reads any more
			fmt.Fprint(w, "a")
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
		}
	})
	var now time.Time
	var wait time.Duration // each Read takes as long
	c := fetch.New(fetch.Options{Allow: loopback, Now: func() time.Time {
		now = now.Add(wait)
		return now
	}})
	get := func(path string, limit int64) io.ReadCloser {
		t.Helper()
		a, err := c.Get(t.Context(), fetch.Request{URL: url + path, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		return a.Body
	}
	one := make([]byte, 1)
	for _, tt := range []struct {
		wait  time.Duration
		reads int // that bring a byte
	}{{40 * time.Second, 2}, {time.Minute, 1}, {10 * time.Second, 11}, {time.Hour, 0}} {
		wait = tt.wait
		body := get("/drips", limit)
		for n := range tt.reads {
			if _, err := body.Read(one); err != nil {
				t.Fatalf("%v: read %d: %v", tt.wait, n, err)
			}
		}
		_, err := body.Read(one)
		if f, ok := errors.AsType[*fetch.Failure](err); !ok || f.Reason != fetch.Stalled || !f.Again {
			t.Errorf("%v: %v", tt.wait, err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
	// What is quick enough, and what is all there.
	for path, want := range map[string]string{"/": content, "/large": strings.Repeat(content, 1<<16)} {
		wait = time.Hour
		if path == "/large" {
			wait = time.Second / 4 // for each page
		}
		body := get(path, limit)
		var got bytes.Buffer
		if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, body, make([]byte, 4096)); err != nil || got.String() != want {
			t.Errorf("%s: %d bytes, %v", path, got.Len(), err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
	wait = 0
	body := get("/", limit)
	for n := range content {
		now = now.Add(time.Hour)
		if _, err := body.Read(one); err != nil && !errors.Is(err, io.EOF) || one[0] != content[n] {
			t.Errorf("the reader is slow: %q %v", one, err)
		}
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
}
