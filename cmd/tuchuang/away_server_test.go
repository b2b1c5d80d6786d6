package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/client"
)

// A store that goes away is one error, and one line when it is back; what fails
// meanwhile are warnings.
func TestServerTellsOnceOfItsStore(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	bucket := blobtest.S3(t)
	p.env = append(bucket.Env(), "TUCHUANG_BLOB_URL="+bucket.URL())
	r := p.start("--data", "data", "--metrics-listen", "127.0.0.1:0")
	c := r.account(p, "data", "writer")
	content := drawn(1, 400_000)
	path := publish(t, c, string(content))
	bucket.Fail(func(*http.Request) blobtest.Fault { return blobtest.Fault{Status: 503} })
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if status := statusOf(t, r.url+path); status != http.StatusServiceUnavailable {
				t.Errorf("a picture: %d", status)
			}
		})
	}
	all.Go(func() {
		b := drawn(10, 1000)
		file := client.NewFile{Filename: "b.bin", Etag: sumHex(b), Size: int64(len(b))}
		if _, err := c.Single(ctx, "", file, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err == nil {
			t.Error("it was stored without a store")
		}
	})
	r.logs(`upload: discard`)
	enough()
	all.Wait()
	bucket.Fail(nil)
	if got := fetched(t, r.url+path); got != string(content) {
		t.Errorf("afterwards: %d bytes", len(got))
	}
	if n := figures(t, r.aside("metrics"))[`tuchuang_log_lines_total{level="ERROR"}`]; n != 1 {
		t.Errorf("%v errors are counted", n)
	}
	r.stop()
	text := r.errs.String()
	for line, want := range map[string]int{"level=ERROR": 1, `level=ERROR msg="serve: the store does not answer"`: 1, `level=INFO msg="serve: the store answers again"`: 1} {
		if got := strings.Count(text, line); got != want {
			t.Errorf("%d times %s, want %d:\n%s", got, line, want, text)
		}
	}
}
