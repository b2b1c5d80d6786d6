package web

import (
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/fault"
)

const public = "https://pic.example.org"

// fixture is a door with a few pages of the test.
type fixture struct {
	t       *testing.T
	mux     *http.ServeMux
	log     strings.Builder
	results []string
	came    url.Values // the last form that was taken
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, mux: http.NewServeMux()}
	door, err := New(Options{
		PublicURL: public, ImageURL: "https://img.example.org", Version: "v1 <b>", Log: slog.New(slog.NewTextHandler(&f.log, nil)),
		ClientAddr: func(r *http.Request) string { return r.RemoteAddr },
		Watch:      func(route, result string, _ time.Duration) { f.results = append(f.results, route+" "+result) },
	})
	if err != nil {
		t.Fatal(err)
	}
	door.Routes(f.mux)
	f.mux.Handle("POST /form", door.page("/form", func(w http.ResponseWriter, r *http.Request) error {
		f.came = r.PostForm
		w.WriteHeader(http.StatusNoContent)
		return nil
	}))
	f.mux.Handle("GET /fails/{code}", door.page("/fails", func(_ http.ResponseWriter, r *http.Request) error {
		return fault.Because(fault.Code(r.PathValue("code")), "test", errors.New("the secret cause"))
	}))
	f.mux.Handle("GET /panics", door.page("/panics", func(http.ResponseWriter, *http.Request) error { panic("the secret cause") }))
	return f
}

// ask answers status, headers and body; headers are pairs.
func (f *fixture) ask(method, at, body string, headers ...string) (int, http.Header, string) {
	f.t.Helper()
	r := httptest.NewRequestWithContext(f.t.Context(), method, at, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return w.Code, w.Result().Header, string(b)
}

func TestPagesAreLockedDown(t *testing.T) {
	f := newFixture(t)
	for _, at := range []string{"/", "/fails/not_found", "/fails/internal"} {
		_, h, body := f.ask("GET", public+at, "")
		p := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !slices.Contains(strings.Split(p, "; "), want) {
				t.Errorf("%s: the policy %q has no %s", at, p, want)
			}
		}
		if strings.Contains(p, "script") || strings.Contains(p, "unsafe") || strings.Contains(body, "<script") {
			t.Errorf("%s: a script may run: %s", at, p)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", at, name, h.Get(name))
			}
		}
		// The browser takes the style only where the hash is of exactly what stands there.
		if !strings.Contains(body, "<style>"+style+"</style>") {
			t.Errorf("%s: the style is not the file's", at)
		}
		if !strings.Contains(style, "prefers-color-scheme:dark") {
			t.Error("there is no dark")
		}
	}
	if p := policy("https://app.example"); !strings.HasSuffix(p, "form-action 'self' https://app.example") {
		t.Error(p)
	}
}

func TestLanguages(t *testing.T) {
	f := newFixture(t)
	for accept, want := range map[string]string{
		"":                           "zh",
		"zh-CN,zh;q=0.9,en;q=0.8":    "zh",
		"zh-TW":                      "zh",
		"en-US,en;q=0.5":             "en",
		"de-DE,de,en;q=0.3,zh;q=0.2": "en",
		"zh;q=0.1, en":               "en",
		"fr":                         "en",
		"\x01;;;":                    "en",
	} {
		_, h, body := f.ask("GET", public+"/", "", "Accept-Language", accept)
		word := map[string]string{"zh": "自托管", "en": "self-hosted"}[want]
		if !strings.Contains(body, `<html lang="`+want+`">`) || !strings.Contains(body, word) || h.Get("Vary") != "Accept-Language" {
			t.Errorf("%q is not answered in %s", accept, want)
		}
	}
}

func TestHome(t *testing.T) {
	f := newFixture(t)
	status, _, body := f.ask("GET", public+"/", "")
	if status != 200 || !strings.Contains(body, "v1 &lt;b&gt;") || !strings.Contains(body, `<a href="/docs">`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := f.ask("GET", public+"/elsewhere", ""); status != 404 {
		t.Errorf("another path is %d", status)
	}
	if want := []string{"/ ok"}; !slices.Equal(f.results, want) {
		t.Errorf("told of %q, want %q", f.results, want)
	}
}

func TestFormsOfOtherSites(t *testing.T) {
	const here, fromProxy = public + "/form", "http://10.0.0.7:8123/form"
	for _, tt := range []struct {
		name, at string
		headers  []string
		taken    bool
	}{
		{"of our page", here, []string{"Origin", public, "Sec-Fetch-Site", "same-origin"}, true},
		{"of our page, an older browser", here, []string{"Origin", public}, true},
		{"of our page, behind a proxy that renames us", fromProxy, []string{"Origin", public}, true},
		{"by another name of ours", fromProxy, []string{"Origin", "http://10.0.0.7:8123"}, true},
		{"of no browser", here, nil, true},
		{"of another site", here, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, false},
		{"of another site, an older browser", here, []string{"Origin", "https://evil.example"}, false},
		{"of a neighbour", here, []string{"Sec-Fetch-Site", "same-site"}, false},
		{"of a page that hides", here, []string{"Origin", "null"}, false},
	} {
		f := newFixture(t)
		status, _, _ := f.ask("POST", tt.at, "a=b", tt.headers...)
		switch taken := f.came.Get("a") == "b"; {
		case taken != tt.taken:
			t.Errorf("%s: taken %v", tt.name, taken)
		case !taken && (status != 403 || !slices.Equal(f.results, []string{"/form foreign_form"})):
			t.Errorf("%s: %d %q", tt.name, status, f.results)
		}
	}
}

func TestFormsAreBounded(t *testing.T) {
	f := newFixture(t)
	for body, want := range map[string]int{
		"a=" + strings.Repeat("x", maxForm-2): 204,
		"a=" + strings.Repeat("x", maxForm-1): 413,
		"a=%zz":                               400,
	} {
		f.came = nil
		status, _, _ := f.ask("POST", public+"/form?a=query", body)
		if status != want || (f.came != nil) != (want == 204) {
			t.Errorf("a form of %d bytes is %d, want %d", len(body), status, want)
		}
	}
}

func TestErrorsSayNothingOfTheirCause(t *testing.T) {
	for path, want := range map[string]int{
		"/fails/not_found": 404, "/fails/bad_request": 400, "/fails/unavailable": 503, "/fails/internal": 500, "/fails/disk_full": 500, "/panics": 500,
	} {
		f := newFixture(t)
		status, h, body := f.ask("GET", public+path, "", "Accept-Language", "en")
		if status != want || strings.Contains(body, "secret") || !strings.Contains(body, "<h1>"+strconv.Itoa(want)+"</h1>") {
			t.Errorf("%s: %d, want %d\n%s", path, status, want, body)
		}
		_, trace, shown := strings.Cut(body, "<code>")
		trace, _, _ = strings.Cut(trace, "</code>")
		switch log := f.log.String(); {
		case shown != (want >= 500):
			t.Errorf("%s: a number is shown: %v", path, shown)
		case shown && (!strings.Contains(log, trace) || !strings.Contains(log, "the secret cause") || strings.Contains(log, "fails/")):
			t.Errorf("%s: logged %q", path, log)
		case !shown && log != "":
			t.Errorf("%s: logged %q", path, log)
		}
		if (want == 503) != (h.Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After %q", path, h.Get("Retry-After"))
		}
	}
}

// Browsers get the application, whose scripts are those that are built in, and nobody
// else's.
func TestApp(t *testing.T) {
	f := newFixture(t)
	status, h, body := f.ask("GET", public+"/", "", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if status != 200 || !strings.Contains(body, `<div id="app">`) || h.Get("Cache-Control") != "no-cache" {
		t.Fatalf("%d %v %s", status, h, body)
	}
	p := strings.Split(h.Get("Content-Security-Policy"), "; ")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "img-src 'self' data: blob: https://img.example.org", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !slices.Contains(p, want) {
			t.Errorf("the policy %q has no %s", p, want)
		}
	}
	if strings.Contains(body, "<script>") || strings.Contains(body, "//") && strings.Contains(body, "src=\"http") {
		t.Error("a script in the page, or of another host: ", body)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"} {
		if h.Get(name) != want {
			t.Errorf("%s is %q", name, h.Get(name))
		}
	}
	names := regexp.MustCompile(`/assets/[^"]+`).FindAllString(body, -1)
	if len(names) < 2 {
		t.Fatal("neither script nor style:", body)
	}
	for _, at := range names {
		status, h, plain := f.ask("GET", public+at, "")
		if status != 200 || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Content-Type") == "" {
			t.Errorf("%s: %d %v", at, status, h)
		}
		_, h, zipped := f.ask("GET", public+at, "", "Accept-Encoding", "gzip, br")
		r, err := gzip.NewReader(strings.NewReader(zipped))
		if err != nil || h.Get("Content-Encoding") != "gzip" {
			t.Fatal(at, err, h)
		}
		if b, err := io.ReadAll(r); err != nil || string(b) != plain {
			t.Errorf("%s: compressed it is another: %v", at, err)
		}
	}
	for _, at := range []string{"/assets/none.js", "/assets/", "/assets/..%2findex.html", "/index.html"} {
		if status, _, _ := f.ask("GET", public+at, ""); status != 404 {
			t.Errorf("%s is %d", at, status)
		}
	}
}
