package transfer

import (
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
)

// The bytes kept in memory stay within their bound, and are what was put there.
func TestByteCacheIsBounded(t *testing.T) {
	var c byteCache
	var g errgroup.Group
	const size, many = 30_000, 2 * cachedBytes / 30_000
	for part := range 4 {
		g.Go(func() error {
			for i := part; i < many; i += 2 { // each key twice
				b := make([]byte, size)
				b[0], b[1] = byte(i), byte(i>>8)
				key := blob.Key{Account: 1, ID: int64(i)}
				c.put(key, b)
				if got := c.get(key); got != nil && (got[0] != b[0] || got[1] != b[1]) {
					return fmt.Errorf("content of %d under %d", got[0], i)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, b := range c.m {
		held += len(b)
	}
	if held != c.size || held > cachedBytes || held < cachedBytes-2*size {
		t.Errorf("holds %d bytes, counts %d, may hold %d", held, c.size, cachedBytes)
	}
}

// A name in a header comes out as it went in, and breaks nothing.
func TestHeaderText(t *testing.T) {
	for _, name := range []string{"a.png", "图 片.png", `;=,@:&+$!'()*%"\`, "a\r\nSet-Cookie: x", "é🙂", ""} {
		text := headerText(name)
		if strings.ContainsAny(text, " \r\n\";=,'()*") {
			t.Errorf("%q as %q", name, text)
		}
		_, options, err := mime.ParseMediaType("attachment; filename*=UTF-8''" + text)
		if err != nil || options["filename"] != name {
			t.Errorf("%q as %q is read as %q, %v", name, text, options["filename"], err)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "9007199254740991": 9007199254740991, "0": 0, "-1": 0, "+1": 0, "": 0, "1x": 0, "9223372036854775808": 0, " 1": 0,
	} {
		if got, ok := number(text); ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %d %v", text, got, ok)
		}
	}
}

// What can't be given leaves no trace of what it would have been, and no cache
// keeps the refusal.
func TestFail(t *testing.T) {
	tr := &Transfer{Options: Options{Log: slog.New(slog.DiscardHandler)}}
	for code, status := range map[fault.Code]int{
		fault.NotFound: 404, fault.Blocked: 404, fault.ContentMissing: 404, fault.BadSignature: 403, fault.Disabled: 403, fault.BadSlice: 400,
		fault.DiskFull: 507, fault.Unavailable: 503, fault.Internal: 500, fault.LeaseLost: 500,
	} {
		w := httptest.NewRecorder()
		w.Header()["Etag"] = []string{`"x"`}
		w.Header().Set("Content-Length", "99")
		w.Header().Set("Cache-Control", cacheForever)
		tr.fail(w, httptest.NewRequest(http.MethodGet, "/i/x", http.NoBody), fault.New(code, "test", "secret"))
		h := w.Header()
		if w.Code != status || h.Get("Etag") != "" || h.Get("Content-Length") != "" || h.Get("Cache-Control") != "no-store" ||
			h.Get("X-Content-Type-Options") != "nosniff" || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %v %s", code, w.Code, h, w.Body)
		}
	}
}
