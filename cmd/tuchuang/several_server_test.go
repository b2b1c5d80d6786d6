package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// shared has a program's server on a PostgreSQL and a bucket.
func shared(p *program) *blobtest.S3Server {
	p.t.Helper()
	bucket := blobtest.S3(p.t)
	p.env = append(bucket.Env(), "TUCHUANG_DATABASE_URL="+dbtest.Server(p.t), "TUCHUANG_BLOB_URL="+bucket.URL())
	return bucket
}

// clients makes an account and a client of it at each server.
func (p *program) clients(name string, servers ...*running) (all []*client.Client) {
	p.t.Helper()
	var secrets struct{ ClientID, ClientSecret string }
	decode(p.t, p.run("user", "add", name).out, &secrets)
	for _, r := range servers {
		c, err := client.New(client.Options{Server: r.url, ClientID: secrets.ClientID, Secret: secrets.ClientSecret})
		if err != nil {
			p.t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// drawn is content that begins as a picture does, of any size; each seed is another.
func drawn(seed byte, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	copy(b, "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00")
	return b
}

func sumHex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// linkOf waits for a copy task at one server and answers the path of the one link that
// it has made.
func linkOf(t *testing.T, c *client.Client, task string) string {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		state, err := c.CopyProcess(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		if state.Ended() {
			break
		}
		<-poll.C
	}
	for image, err := range c.BedListAll(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if image.DownloadURL != "" {
			return image.DownloadURL[strings.Index(image.DownloadURL, "/i/"):]
		}
	}
	t.Fatalf("task %s has published nothing", task)
	return ""
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}

// Processes on one PostgreSQL and one bucket are equal and share nothing else: slices of
// one upload go to both, either completes, copies and serves.
func TestServerSharesDatabaseAndBucket(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	bucket := shared(p)
	one, two := p.start("--data", "one"), p.start("--data", "two")
	both := p.clients("writer", one, two)

	const size = 2*(16<<20) + 12345
	content := drawn(1, size)
	made, err := both[0].CreateV2(t.Context(), client.NewFile{Filename: "large.png", Etag: sumHex(content), Size: size})
	if err != nil {
		t.Fatal(err)
	}
	for no := 3; no >= 1; no-- { // the last one first
		from := (no - 1) * int(made.SliceSize)
		part := content[from:min(from+int(made.SliceSize), size)]
		err := both[no%2].Slice(t.Context(), both[no%2].Server(), made.PreuploadID, no, sumHex(part), client.Content{From: bytes.NewReader(part), Size: int64(len(part))})
		if err != nil {
			t.Fatalf("slice %d: %v", no, err)
		}
	}
	done, err := both[1].CompleteV2(t.Context(), made.PreuploadID)
	for ; err == nil && !done.Completed; done, err = both[1].CompleteV2(t.Context(), made.PreuploadID) {
	}
	if err != nil {
		t.Fatal(err)
	}
	task, err := both[0].Copy(t.Context(), []int64{done.FileID}, "")
	if err != nil {
		t.Fatal(err)
	}
	path := linkOf(t, both[1], task)
	for _, r := range []*running{one, two} {
		if got := fetched(t, r.url+path); got != string(content) {
			t.Errorf("%s%s gives %d bytes, want %d", r.url, path, len(got), size)
		}
	}
	// A delete at one is soon known to the other.
	id := strings.TrimSuffix(strings.TrimPrefix(path, "/i/"), ".png")
	if err := both[0].BedDelete(t.Context(), []string{id}); err != nil {
		t.Fatal(err)
	}
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for statusOf(t, two.url+path) != http.StatusNotFound {
		<-poll.C
	}

	if r := p.run("fsck", "--read"); r.code != exitDone {
		t.Errorf("fsck: %+v", r)
	}
	// Folders are of use to their process alone, and may be shared.
	third := p.start("--data", "one")
	third.stop()
	for _, name := range []string{"data", "one/lock", "one/tuchuang.db", "one/blobs", "two/uploads"} {
		if exists(filepath.Join(p.home, name)) {
			t.Errorf("there is %s", name)
		}
	}
	if text := one.out.String(); !strings.Contains(text, bucket.Options.Bucket) || strings.Contains(text, filepath.Join(p.home, "one")) {
		t.Errorf("it says:\n%s", text)
	}
	for _, r := range []*running{one, two} {
		if code := r.stop(); code != exitDone {
			t.Errorf("it ended with %d:\n%s", code, &r.errs)
		}
	}
}

// What a killed process has left where bodies wait is taken away by the next start.
func TestServerClearsItsSpool(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	shared(p)
	left, other := filepath.Join(p.home, "data", "spool", "spool-1"), filepath.Join(p.home, "data", "spool", "mine")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{left, other} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.start().stop()
	if exists(left) || !exists(other) {
		t.Errorf("the one left behind: %v; another file: %v", exists(left), exists(other))
	}
}

// Where one of the two is in the folder, one server has the folder to itself.
func TestServerOwnsItsFolder(t *testing.T) {
	t.Parallel()
	bucket, base := blobtest.S3(t), dbtest.Server(t)
	for name, set := range map[string]string{
		"content in the folder": "TUCHUANG_DATABASE_URL=" + base, "the database in the folder": "TUCHUANG_BLOB_URL=" + bucket.URL(),
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t)
			p.env = append(bucket.Env(), set)
			r := p.start()
			second := p.run("serve", "--listen", "127.0.0.1:0")
			if second.code != exitFailed || !strings.Contains(second.errOut, "in use by another tuchuang serve") {
				t.Errorf("the second one: %+v", second)
			}
			c := p.clients("writer", r)[0]
			content := drawn(2, 300<<10)
			done, err := c.Single(t.Context(), "", client.NewFile{Filename: "a.png", Etag: sumHex(content), Size: int64(len(content))},
				client.Content{From: bytes.NewReader(content), Size: int64(len(content))})
			if err != nil {
				t.Fatal(err)
			}
			task, err := c.Copy(t.Context(), []int64{done.FileID}, "")
			if err != nil {
				t.Fatal(err)
			}
			if got := fetched(t, r.url+linkOf(t, c, task)); got != string(content) {
				t.Errorf("%d bytes, want %d", len(got), len(content))
			}
			r.stop()
			if r := p.run("fsck", "--read"); r.code != exitDone {
				t.Errorf("fsck: %+v", r)
			}
		})
	}
}

// A bucket that can't be used is said before anything is done, in words.
func TestServerWithoutItsBucket(t *testing.T) {
	t.Parallel()
	bucket := blobtest.S3(t)
	for _, tt := range []struct {
		url  string
		env  []string
		want []string
	}{
		{bucket.URL(), nil, []string{"AWS_ACCESS_KEY_ID"}},
		{strings.Replace(bucket.URL(), "s3://t", "s3://u", 1), bucket.Env(), []string{"there is no bucket u"}},
		{strings.Replace(bucket.URL(), "endpoint=", "endpoind=", 1), bucket.Env(), []string{"blob-url", `no "endpoind"`}},
		{strings.Replace(bucket.URL(), "s3://", "s3://me:s3cret@", 1), bucket.Env(), []string{"blob-url", "AWS_ACCESS_KEY_ID"}},
	} {
		p := newProgram(t)
		p.env = append(tt.env, "TUCHUANG_BLOB_URL="+tt.url)
		for _, command := range []string{"serve", "fsck"} {
			if command == "fsck" && p.run("user", "add", "x").code == exitUsage {
				continue // it does not come as far as the bucket
			}
			r := p.run(command, "--data", "data")
			if r.code != exitUsage || strings.Contains(r.errOut, "s3cret") {
				t.Errorf("%s with %s: %+v", command, tt.url, r)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.errOut, want) {
					t.Errorf("%s with %s: %q is missing in %s", command, tt.url, want, r.errOut)
				}
			}
		}
	}
}

// A database that can't be used is said in words too: where it was looked for, why not,
// and never its password.
func TestServerWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	base, _ := dbtest.OverLine(t, db.Options{URL: dbtest.Server(t)})
	u, err := url.Parse(base.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("tuchuang", "s3cret")
	at := u.Host
	with := func(change func(u *url.URL)) string {
		c := *u
		change(&c)
		return c.String()
	}
	for _, tt := range []struct {
		url  string
		code int
		want []string
	}{
		{with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), exitUsage, []string{"PostgreSQL at 127.0.0.1:1 does not answer: 127.0.0.1:1 refuses the connection", "sslmode"}},
		{with(func(u *url.URL) { u.Host = "nowhere.invalid" }), exitUsage, []string{"PostgreSQL at nowhere.invalid:5432 does not answer: ", "nowhere.invalid"}},
		{with(func(u *url.URL) { u.RawQuery = "sslmode=require" }), exitUsage, []string{"PostgreSQL at " + at + " does not answer: tls error: server refused TLS connection"}},
		{with(func(u *url.URL) { u.Path = "/none" }), exitFailed, []string{"PostgreSQL refuses the connection: ", `database "none" does not exist`}},
		{with(func(u *url.URL) { u.User = url.UserPassword("nobody", "s3cret") }), exitFailed, []string{"PostgreSQL refuses the connection: ", `role "nobody" does not exist`}},
	} {
		p := newProgram(t)
		p.env = []string{"TUCHUANG_DATABASE_URL=" + tt.url}
		for _, command := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"user", "ls"}, {"fsck"}} {
			r := p.run(command...)
			if r.code != tt.code || strings.Contains(r.errOut, "s3cret") || strings.Count(strings.TrimSpace(r.errOut), "\n") > 1 {
				t.Errorf("%s with %s: %+v", command, tt.url, r)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.errOut, want) {
					t.Errorf("%s with %s: %q is missing in %s", command, tt.url, want, r.errOut)
				}
			}
			inChinese(t, p, tt.code, command...)
		}
	}
}

// A password on the line could be read by others: it is refused, and not repeated.
func TestServerRefusesPasswordsOnTheLine(t *testing.T) {
	t.Parallel()
	const secret = "postgres://u:s3cret@127.0.0.1:1/d"
	p := newProgram(t)
	for _, tt := range []struct {
		variable string
		line     []string
	}{
		{"TUCHUANG_DATABASE_URL", []string{"serve", "--database-url", secret}},
		{"TUCHUANG_DATABASE_URL", []string{"user", "ls", "--database-url", secret}},
		{"TUCHUANG_DATABASE_URL", []string{"migrate", "--from", secret, "--to", "there"}},
		{"TUCHUANG_TO_DATABASE_URL", []string{"migrate", "--to", secret}},
		{"TUCHUANG_TO_DATABASE_URL", []string{"migrate", "--to-database-url", secret}},
		{"TUCHUANG_TO_DATABASE_URL", []string{"migrate", "--to-database-url", "host=127.0.0.1 port=1 password=s3cret"}},
	} {
		r := p.run(tt.line...)
		if r.code != exitUsage || strings.Contains(r.errOut, "s3cret") || !strings.Contains(r.errOut, tt.variable) || !strings.Contains(r.errOut, "PGPASSWORD") {
			t.Errorf("%s: %+v", tt.line, r)
		}
		inChinese(t, p, exitUsage, tt.line...)
	}
	if exists(filepath.Join(p.home, "data")) || exists(filepath.Join(p.home, "there")) {
		t.Error("something was made")
	}
}

// What ends a token at one process ends it at the other: one too many, a reset.
func TestServersEndTokensTogether(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	shared(p)
	limits := []string{"--client-tokens", "2", "--token-days", "9"}
	one, two := p.start(append(limits, "--data", "one")...), p.start(append(limits, "--data", "two")...)
	cs := p.clients("writer", one, two, one)
	for _, c := range cs { // one after the other
		token, err := c.Token(t.Context())
		if days := time.Until(token.ExpiredAt).Hours() / 24; err != nil || days < 8.9 || days > 9 {
			t.Fatalf("a token for %g days, %v", days, err)
		}
	}
	asks := func(when string, want ...string) {
		t.Helper()
		for n, c := range cs {
			for _, r := range []*running{one, two} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/api/v1/user/info", http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer "+c.LastToken().AccessToken)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				if err := errors.Join(err, res.Body.Close()); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(string(body), want[n]) {
					t.Errorf("%s, token %d at %s: %s, want %s", when, n, r.url, body, want[n])
				}
			}
		}
	}
	const live, ended = `"code":0`, `"code":401,"message":"token is expired"`
	asks("one too many", ended, live, live)
	if r := p.run("user", "reset", "writer"); r.code != exitDone {
		t.Fatalf("%+v", r)
	}
	asks("after a reset", ended, ended, ended)
}
