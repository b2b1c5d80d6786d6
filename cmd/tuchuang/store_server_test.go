package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api"
	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/client"
	"tuchuang/internal/config"
	"tuchuang/internal/copytask"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/ops"
	"tuchuang/internal/transfer"
	"tuchuang/internal/upload"
	"tuchuang/internal/web"
)

// overBucket is the server of serve, but that its store loses patience soon.
type overBucket struct {
	t      *testing.T
	bucket *blobtest.S3Server
	store  *blob.S3
	db     *db.DB
	url    string
	*client.Client
}

func startOverBucket(t *testing.T, redirect bool) *overBucket {
	t.Helper()
	o := &overBucket{t: t, bucket: blobtest.S3(t)}
	o.bucket.Options.Stall, o.bucket.Options.Tries, o.bucket.Options.Opening = 400*time.Millisecond, 2, 3*time.Second
	o.store = o.bucket.Open(t)
	log, ctx := slog.New(slog.DiscardHandler), t.Context()
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	o.db, err = openDB(ctx, config.Config{Data: t.TempDir()}, db.Options{Upgrade: true}, log)
	must()
	s := &server{log: log, db: o.db, draining: make(chan struct{}), stopWork: func() {}, broken: make(chan error, 1)}
	s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	must()
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	o.url = "http://" + s.listener.Addr().String()
	s.conf = config.Config{PublicURL: o.url, ImageURL: o.url}
	accounts, err := account.Open(ctx, s.db)
	must()
	secrets, _, err := ops.FirstStart(ctx, s.db)
	must()
	dr, bed := drive.New(s.db), imagebed.New(s.db)
	watched := blob.Watched(o.store, func(string, error, time.Duration) {})
	uploads := upload.New(s.db, watched, dr, bed, log)
	tasks, _ := copytask.New(s.db, bed, log)
	sent, err := sentTo(ctx, watched, redirect)
	must()
	pages, err := web.New(web.Options{Accounts: accounts, PublicURL: o.url, ImageURL: o.url, StoreURL: sent, Log: log, ClientAddr: clientAddr(nil)})
	must()
	s.answer(s.handler(
		api.New(api.Options{Accounts: accounts, Drive: dr, Bed: bed, Uploads: uploads, Tasks: tasks, PublicURL: o.url, ImageURL: o.url, Log: log, ClientAddr: clientAddr(nil)}),
		transfer.New(transfer.Options{Accounts: accounts, Drive: dr, Bed: bed, Uploads: uploads, Store: watched, Redirect: redirect, Log: log}), pages), log)
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetUnencryptedHTTP2(true)
	o.Client, err = client.New(client.Options{Server: o.url, ClientID: secrets.ClientID, Secret: secrets.ClientSecret})
	must()
	return o
}

// reply is an answer read as far as it goes; err is how that ended.
type reply struct {
	*http.Response
	body []byte
	err  error
}

// ask follows no redirect.
func (o *overBucket) ask(method, path string, h http.Header) reply {
	return o.askBy(http.DefaultTransport, method, path, h)
}

func (o *overBucket) askBy(by http.RoundTripper, method, path string, h http.Header) reply {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.url+path, http.NoBody)
	if err != nil {
		o.t.Fatal(err)
	}
	if h != nil {
		r.Header = h
	}
	res, err := by.RoundTrip(r)
	if err != nil { // it was cut before there was an answer
		return reply{&http.Response{Status: "nothing"}, nil, err}
	}
	b, err := io.ReadAll(res.Body)
	return reply{res, b, errors.Join(err, res.Body.Close())}
}

// key is that of the newest content.
func (o *overBucket) key() (k blob.Key) {
	o.t.Helper()
	if err := o.db.Read(o.t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Get(o.t.Context(), "SELECT account_id, id FROM blob ORDER BY id DESC LIMIT 1", nil, &k.Account, &k.ID)
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	return k
}

// ways are all ways to bytes: a picture that is kept in memory, one that is not, and a
// file of the drive.
func (o *overBucket) ways() map[string]way {
	o.t.Helper()
	small, large, file := drawn(1, 20_000), drawn(2, 400_000), drawn(3, 300_000)
	ways := map[string]way{
		"a small picture": {publish(o.t, o.Client, string(small)), small, o.key()},
		"a large picture": {publish(o.t, o.Client, string(large)), large, o.key()},
	}
	done, err := o.Single(o.t.Context(), "", client.NewFile{Filename: "a.bin", Etag: sumHex(file), Size: int64(len(file))}, client.Content{From: bytes.NewReader(file), Size: int64(len(file))})
	if err != nil {
		o.t.Fatal(err)
	}
	at, err := o.DownloadInfo(o.t.Context(), done.FileID)
	if err != nil {
		o.t.Fatal(err)
	}
	ways["a file"] = way{strings.TrimPrefix(at, o.url), file, o.key()}
	return ways
}

type way struct {
	path    string
	content []byte
	key     blob.Key
}

// A store that refuses or says nothing is 503 for a while, which nobody keeps and
// nothing remembers: when it answers again, everything is there.
func TestStoreOutOfOrder(t *testing.T) {
	t.Parallel()
	o := startOverBucket(t, false)
	ways := o.ways()
	for how, f := range map[string]blobtest.Fault{"500": {Status: 500}, "503": {Status: 503}, "hangs": {Hang: true}, "cut": {Cut: -1}} {
		o.bucket.Fail(func(*http.Request) blobtest.Fault { return f })
		for name, w := range ways {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got := o.ask(method, w.path, http.Header{"Range": {"bytes=5-10"}})
				if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" || got.Header.Get("Cache-Control") != "no-store" || got.err != nil {
					t.Errorf("%s, %s %s: %s %v %v", how, method, name, got.Status, got.Header, got.err)
				}
			}
		}
	}
	o.bucket.Fail(nil)
	for name, w := range ways {
		if got := o.ask(http.MethodGet, w.path, nil); got.StatusCode != http.StatusOK || !bytes.Equal(got.body, w.content) || got.err != nil {
			t.Errorf("afterwards, %s: %s, %d bytes, %v", name, got.Status, len(got.body), got.err)
		}
	}
	if live := o.rows("SELECT count(*) FROM blob WHERE state = 1"); live != int64(len(ways)) {
		t.Errorf("%d contents are live", live)
	}
}

func (o *overBucket) rows(query string) (n int64) {
	o.t.Helper()
	if err := o.db.Read(o.t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Get(o.t.Context(), query, nil, &n)
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// Where the store's line is cut within a body the answer is whole all the same, and where
// it can't be, the asker's line is cut too: nothing short is taken for the whole.
func TestStoreCutsTheLine(t *testing.T) {
	t.Parallel()
	o := startOverBucket(t, false)
	ways := o.ways()
	h2 := &http.Transport{Protocols: new(http.Protocols)}
	h2.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(h2.CloseIdleConnections)
	beyond := func(r *http.Request) bool { return !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") }
	for name, w := range ways {
		if len(w.content) < 200_000 {
			continue // all of it has come when it is open
		}
		for what, by := range map[string]http.RoundTripper{"HTTP/1.1": http.DefaultTransport, "HTTP/2": h2} {
			for span, want := range map[string][]byte{"": w.content, "bytes=1000-250000": w.content[1000:250001], "bytes=200000-": w.content[200_000:]} {
				h := http.Header{}
				if span != "" {
					h.Set("Range", span)
				}
				times := 0
				o.bucket.Fail(func(r *http.Request) (f blobtest.Fault) {
					if times++; beyond(r) && times < 3 {
						f.Cut = 5000
					}
					return f
				})
				if got := o.askBy(by, http.MethodGet, w.path, h); got.err != nil || !bytes.Equal(got.body, want) {
					t.Errorf("%s, %s of %s, once: %s, %d bytes, %v", what, span, name, got.Status, len(got.body), got.err)
				}
				for _, f := range []blobtest.Fault{{Cut: -1}, {Status: 503}, {Hang: true}} {
					o.bucket.Fail(func(r *http.Request) blobtest.Fault {
						if beyond(r) {
							return f
						}
						return blobtest.Fault{}
					})
					got := o.askBy(by, http.MethodGet, w.path, h)
					if got.err == nil || len(got.body) >= len(want) || !bytes.HasPrefix(want, got.body) {
						t.Errorf("%s, %s of %s, for good (%+v): %s, %d bytes, %v", what, span, name, f, got.Status, len(got.body), got.err)
					}
				}
			}
		}
	}
}

// So it is with an archive, whose size nobody has been told.
func TestStoreCutsTheLineOfAnArchive(t *testing.T) {
	t.Parallel()
	o := startOverBucket(t, false)
	var ids []int64
	for n := range byte(3) {
		b := drawn(n, 300_000)
		done, err := o.Single(t.Context(), "", client.NewFile{Filename: string('a' + n), Etag: sumHex(b), Size: int64(len(b))}, client.Content{From: bytes.NewReader(b), Size: int64(len(b))})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, done.FileID)
	}
	at, err := o.ArchiveInfo(t.Context(), ids, "all")
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(at, o.url)
	whole := o.ask(http.MethodGet, path, nil)
	if whole.err != nil || len(whole.body) < 900_000 {
		t.Fatalf("%s, %d bytes, %v", whole.Status, len(whole.body), whole.err)
	}
	o.bucket.Fail(func(r *http.Request) (f blobtest.Fault) {
		if !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") {
			f.Cut = -1
		}
		return f
	})
	if got := o.ask(http.MethodGet, path, nil); got.err == nil || len(got.body) >= len(whole.body) {
		t.Errorf("cut: %s, %d bytes, %v", got.Status, len(got.body), got.err)
	}
	o.bucket.Fail(func(*http.Request) blobtest.Fault { return blobtest.Fault{Status: http.StatusServiceUnavailable} })
	if got := o.ask(http.MethodGet, path, nil); got.err != nil || got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("away: %s, %d bytes, %v", got.Status, len(got.body), got.err)
	}
}

// An object of another size than its row says is never sent.
func TestStoreHasAnotherSize(t *testing.T) {
	t.Parallel()
	for _, redirect := range []bool{false, true} {
		o := startOverBucket(t, redirect)
		for name, w := range o.ways() {
			for _, other := range [][]byte{w.content[:len(w.content)-1], append(bytes.Clone(w.content), 'x'), {}} {
				o.overwrite(w.key, other)
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					for _, h := range []http.Header{{}, {"Range": {"bytes=0-9"}}} {
						if got := o.ask(method, w.path, h); got.StatusCode != http.StatusNotFound || got.Header.Get("Cache-Control") != "no-store" {
							t.Errorf("%s %s of %d bytes: %s %v", method, name, len(other), got.Status, got.Header)
						}
					}
				}
			}
			o.overwrite(w.key, w.content)
			if got := o.ask(http.MethodGet, w.path, nil); got.StatusCode != http.StatusOK && got.StatusCode != http.StatusTemporaryRedirect {
				t.Errorf("%s as it was: %s", name, got.Status)
			}
		}
	}
}

func (o *overBucket) overwrite(key blob.Key, content []byte) {
	o.t.Helper()
	w, err := o.store.Create(o.t.Context(), key)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = errors.Join(w.Commit(o.t.Context()), w.Close())
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

var maxAge = regexp.MustCompile(`^private, max-age=(\d+)$`)

// With the switch pictures come from the store itself, by links that are good for longer
// than anybody keeps the redirect.
func TestRedirect(t *testing.T) {
	t.Parallel()
	o := startOverBucket(t, true)
	ways := o.ways()
	file := ways["a file"]
	delete(ways, "a file")
	if got := o.ask(http.MethodGet, file.path, nil); got.StatusCode != http.StatusOK || !bytes.Equal(got.body, file.content) {
		t.Errorf("a file is answered %s", got.Status)
	}
	for name, w := range ways {
		var locations []string
		for _, method := range []string{http.MethodGet, http.MethodGet, http.MethodHead} {
			got := o.ask(method, w.path, http.Header{"Range": {"bytes=3-9"}})
			h := got.Header
			age := maxAge.FindStringSubmatch(h.Get("Cache-Control"))
			to, err := url.Parse(h.Get("Location"))
			if err != nil || got.StatusCode != http.StatusTemporaryRedirect || age == nil || h.Get("Etag")+h.Get("Last-Modified")+h.Get("Content-Type") != "" {
				t.Fatalf("%s %s: %s %v", method, name, got.Status, h)
			}
			kept, _ := strconv.Atoi(age[1])
			life, _ := strconv.Atoi(to.Query().Get("X-Amz-Expires"))
			signed, err := time.Parse("20060102T150405Z", to.Query().Get("X-Amz-Date"))
			end := signed.Add(time.Duration(life) * time.Second)
			if left := time.Until(end) - time.Duration(kept)*time.Second; err != nil || kept <= 0 || left < 5*time.Minute || life > 7200 {
				t.Errorf("%s: it is kept for %d s, the link is good until %v", name, kept, end)
			}
			if to.Host != o.bucket.Options.Endpoint {
				t.Errorf("%s leads to %s", name, to)
			}
			locations = append(locations, to.String())
		}
		if locations[0] != locations[1] {
			t.Errorf("%s: each asker gets another link, which no cache knows", name)
		}
		for span, want := range map[string][]byte{"": w.content, "bytes=3-9": w.content[3:10]} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r, _ := http.NewRequestWithContext(t.Context(), method, o.url+w.path, http.NoBody)
				if span != "" {
					r.Header.Set("Range", span)
				}
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(res.Body)
				if method == http.MethodHead {
					want = nil
				}
				if err := errors.Join(err, res.Body.Close()); err != nil || !bytes.Equal(got, want) || res.StatusCode >= 300 || res.Header.Get("Content-Type") != "image/png" {
					t.Errorf("%s %s of %s, followed: %s, %d bytes, %v", method, span, name, res.Status, len(got), err)
				}
			}
		}
		if got := o.ask(http.MethodGet, w.path, http.Header{"If-None-Match": {`"` + sumHex(w.content) + `"`}}); got.StatusCode != http.StatusNotModified {
			t.Errorf("%s, for who has it: %s", name, got.Status)
		}
	}

	// The script of an SVG is kept from running by a header that the store can't send.
	const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	if got := o.ask(http.MethodGet, publishAs(t, o.Client, "a.svg", svg), nil); got.StatusCode != http.StatusOK || string(got.body) != svg ||
		!strings.HasPrefix(got.Header.Get("Content-Type"), "image/svg+xml") || got.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("an SVG: %s %v", got.Status, got.Header)
	}
}

// The page shows pictures that the store sends, and nobody else's.
func TestThePageShowsWhatTheStoreSends(t *testing.T) {
	t.Parallel()
	for _, redirect := range []bool{false, true} {
		o := startOverBucket(t, redirect)
		want := "img-src 'self' data: blob: " + o.url
		if redirect {
			to, err := url.Parse(o.ask(http.MethodGet, publish(t, o.Client, string(drawn(1, 100))), nil).Header.Get("Location"))
			if err != nil || to.Host == "" {
				t.Fatal(to, err)
			}
			want += " " + to.Scheme + "://" + to.Host
		}
		got := o.ask(http.MethodGet, "/", http.Header{"Accept": {"text/html"}}).Header.Get("Content-Security-Policy")
		if !slices.Contains(strings.Split(got, "; "), want) {
			t.Errorf("redirect %v: %q has no %q", redirect, got, want)
		}
	}
}

// What is missing or blocked, and what the store does not answer for, is no redirect.
func TestNoRedirectToNothing(t *testing.T) {
	t.Parallel()
	o := startOverBucket(t, true)
	answered := func(name, path string, status int) {
		t.Helper()
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if got := o.ask(method, path, nil); got.StatusCode != status || got.Header.Get("Location") != "" || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %s %v", method, name, got.Status, got.Header)
			}
		}
	}
	gone := publish(t, o.Client, string(drawn(1, 100)))
	if err := o.store.Remove(t.Context(), o.key()); err != nil {
		t.Fatal(err)
	}
	answered("one that the store has lost", gone, http.StatusNotFound)
	for state, name := range map[blob.State]string{blob.Blocked: "a blocked one", blob.Missing: "a missing one", blob.Damaged: "a damaged one"} {
		path := publish(t, o.Client, string(drawn(2, 200+int(state))))
		key := o.key()
		if err := o.db.Write(t.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE blob SET state = $1 WHERE account_id = $2 AND id = $3", state, key.Account, key.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		answered(name, path, http.StatusNotFound)
	}
	answered("an unknown one", gone[:len(gone)-8]+".png", http.StatusNotFound)
	there := publish(t, o.Client, string(drawn(3, 300)))
	o.bucket.Fail(func(*http.Request) blobtest.Fault { return blobtest.Fault{Status: 503} })
	answered("one that can't be asked for", there, http.StatusServiceUnavailable)
	o.bucket.Fail(nil)
	if got := o.ask(http.MethodGet, there, nil); got.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("afterwards: %s", got.Status)
	}
}
