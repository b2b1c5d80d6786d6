package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/test/audit"
)

// writer fills an installation and looks at it again.
type writer struct {
	t     *testing.T
	token client.Token
	uid   int64
	links map[string][]byte // by path
}

func (w *writer) at(r *running) *client.Client {
	w.t.Helper()
	c, err := client.New(client.Options{Server: r.url, ClientID: "x", Secret: "y", Token: w.token})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// add uploads and publishes pictures of all sizes, and leaves an upload open.
func (w *writer) add(r *running, seed byte) {
	w.t.Helper()
	c := w.at(r)
	for i, size := range []int{500, 40_000, 1 << 20} {
		content := drawn(seed+byte(i), size)
		w.links[publishAs(w.t, c, sumHex(content)+".png", string(content))] = content
		w.put(c, content)
	}
	_, err := c.CreateV2(w.t.Context(), client.NewFile{Filename: sumHex([]byte{seed}) + ".bin", Etag: sumHex([]byte{seed}), Size: 100})
	if err != nil {
		w.t.Fatal(err)
	}
}

// put has a copy in the drive as well, and one that is not published.
func (w *writer) put(c *client.Client, content []byte) {
	w.t.Helper()
	for _, b := range [][]byte{content, append(bytes.Clone(content), 1)} {
		_, err := c.Single(w.t.Context(), "", client.NewFile{Filename: sumHex(b) + ".png", Etag: sumHex(b), Size: int64(len(b))}, client.Content{From: bytes.NewReader(b), Size: int64(len(b))})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *writer) sees(what string, r *running) {
	w.t.Helper()
	for path, content := range w.links {
		if got := fetched(w.t, r.url+path); got != string(content) {
			w.t.Errorf("%s: %s gives %d bytes, want %d", what, path, len(got), len(content))
		}
	}
}

// An installation moves from a folder to PostgreSQL and a bucket and back, while its
// server answers reads; on its way it is backed up, and restored into either kind.
func TestServerMovesToServersAndBack(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data, dest := filepath.Join(p.home, "data"), filepath.Join(p.home, "backups")
	bucket, base := blobtest.S3(t), dbtest.Server(t)
	s := p.start("--data", data)
	c := s.account(p, data, "writer")
	me, err := c.UserInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t, c.LastToken(), me.UID, map[string][]byte{}}
	w.add(s, 10)

	p.env = bucket.Env()
	if r := p.run("migrate", "--data", data, "--to-blob-url", bucket.URL()); r.code != exitUsage || !strings.Contains(r.errOut, "--to-data") {
		t.Errorf("rows go nowhere: %+v", r)
	}
	if r := p.run("migrate", "--data", data, "--to-database-url", base, "--to-blob-url", "s3://"+bucket.Options.Bucket+"?key=x"); r.code != exitUsage || !strings.Contains(r.errOut, "to-blob-url") {
		t.Errorf("a wrong bucket: %+v", r)
	}
	var moved migrateOut
	out := p.run("migrate", "--data", data, "--to-database-url", base, "--to-blob-url", bucket.URL(), "--json")
	decode(t, out.out, &moved)
	if out.code != exitDone || !moved.Copied || moved.Contents != 6 || len(moved.Lost) != 0 || strings.Contains(moved.To, data) || !strings.Contains(moved.To, bucket.Options.Bucket) {
		t.Fatalf("%+v", out)
	}
	w.sees("the old place", s)
	if _, err := w.at(s).Mkdir(t.Context(), 0, "more"); err == nil {
		t.Error("the old place takes a write")
	}
	s.stop()

	p.env = append(bucket.Env(), "TUCHUANG_DATABASE_URL="+base, "TUCHUANG_BLOB_URL="+bucket.URL())
	s = p.start("--data", "none")
	w.sees("PostgreSQL and a bucket", s)
	w.audit("PostgreSQL and a bucket", s, db.Options{URL: base})
	w.add(s, 20)
	if r := p.run("fsck", "--read"); r.code != exitDone {
		t.Errorf("fsck: %+v", r)
	}
	if r := p.run("backup", dest); r.code != exitDone || !strings.Contains(r.out, "12 contents") {
		t.Fatalf("backup: %+v", r)
	}
	if r := p.run("restore", dest); r.code != exitFailed || !strings.Contains(r.errOut, "overwrites nothing") {
		t.Errorf("restored over what is there: %+v", r)
	}

	// The backup is whole, whatever it is restored into.
	otherBucket, otherBase := blobtest.S3(t), dbtest.Server(t)
	for what, env := range map[string][]string{
		"a folder": nil,
		"others":   append(otherBucket.Env(), "TUCHUANG_DATABASE_URL="+otherBase, "TUCHUANG_BLOB_URL="+otherBucket.URL()),
	} {
		q := newProgram(t)
		q.env = env
		if r := q.run("restore", dest); r.code != exitDone || !strings.Contains(r.out, "12 contents") {
			t.Fatalf("restored into %s: %+v", what, r)
		}
		if env != nil && exists(filepath.Join(q.home, "data")) {
			t.Errorf("restored into %s: a folder is left", what)
		}
		if r := q.run("fsck", "--read"); r.code != exitDone {
			t.Errorf("fsck of what was restored into %s: %+v", what, r)
		}
		r := q.start()
		w.sees("restored into "+what, r)
		place := db.Options{URL: otherBase}
		if env == nil {
			place = db.Options{Path: filepath.Join(q.home, "data", "tuchuang.db")}
		}
		w.audit("restored into "+what, r, place)
		r.stop()
		if r := q.run("restore", dest); r.code != exitFailed || !strings.Contains(r.errOut, "overwrites nothing") {
			t.Errorf("restored twice into %s: %+v", what, r)
		}
	}

	// Back, in the other words.
	there := filepath.Join(p.home, "there")
	decode(t, p.run("migrate", "--from", base, "--from", bucket.URL(), "--to", there, "--json").out, &moved)
	if !moved.Copied || moved.Contents != 12 || moved.To != there {
		t.Fatalf("%+v", moved)
	}
	w.sees("the bucket", s)
	s.stop()
	p.env = nil
	if r := p.run("fsck", "--read", "--data", there); r.code != exitDone {
		t.Errorf("fsck: %+v", r)
	}
	s = p.start("--data", there)
	w.sees("back again", s)
	w.audit("back again", s, db.Options{Path: filepath.Join(there, "tuchuang.db")})
	s.stop()
}

// audit holds an installation against all that is promised of it; its contents too,
// where they are in a folder.
func (w *writer) audit(what string, r *running, base db.Options) {
	w.t.Helper()
	d, err := db.Open(w.t.Context(), base)
	if err != nil {
		w.t.Fatal(err)
	}
	look, data := audit.Snapshot, ""
	if base.URL == "" {
		look, data = audit.AtRest, filepath.Dir(base.Path)
	}
	subject := audit.Subject{Data: data, DB: d, URL: r.url, Clients: map[int64]*client.Client{w.uid: w.at(r)}}
	rows, err := look(w.t.Context(), subject)
	served, errServed := audit.Served(w.t.Context(), subject)
	if err := errors.Join(err, errServed, d.Close()); err != nil {
		w.t.Fatal(err)
	}
	for _, f := range append(rows, served...) {
		w.t.Errorf("%s: %s", what, f)
	}
}

// Rows move while contents stay in their bucket, by whatever name it is called.
func TestServerMovesRowsAlone(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	bucket, base := blobtest.S3(t), dbtest.Server(t)
	p.env = append(bucket.Env(), "TUCHUANG_BLOB_URL="+bucket.URL())
	s := p.start("--data", "data")
	c := s.account(p, "data", "writer")
	me, err := c.UserInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t, c.LastToken(), me.UID, map[string][]byte{}}
	w.add(s, 10)
	var moved migrateOut
	out := p.run("migrate", "--from", "data", "--from", bucket.URL(), "--to", base, "--to", bucket.URL()+"&region=us-east-1", "--json")
	if out.code != exitUsage { // region is given twice
		t.Errorf("%+v", out)
	}
	decode(t, p.run("migrate", "--from", "data", "--from", bucket.URL(), "--to", base, "--to", strings.Replace(bucket.URL(), "?", "/?", 1), "--json").out, &moved)
	if moved.Copied || moved.Contents != 6 || len(moved.Lost) != 0 {
		t.Fatalf("%+v", moved)
	}
	s.stop()
	p.env = append(p.env, "TUCHUANG_DATABASE_URL="+base)
	s = p.start("--data", "data")
	w.sees("rows in PostgreSQL", s)
	s.stop()
	if r := p.run("fsck", "--read"); r.code != exitDone {
		t.Errorf("fsck: %+v", r)
	}
	// Who forgets the new setting is told, and nothing of the new place's is repaired away.
	p.env = append(bucket.Env(), "TUCHUANG_BLOB_URL="+bucket.URL())
	if r := p.run("fsck", "--repair", "--data", "data"); r.code == exitDone || !strings.Contains(r.errOut, "has been moved") {
		t.Errorf("the old place is repaired: %+v", r)
	}
	s = p.start("--data", "data")
	s.logs("has been moved")
	s.stop()
}

// What looks like a URL is no folder: a place of a kind that is not known is refused, and
// nothing is moved. Schemes are known in capital letters too.
func TestMoveToAnUnknownPlace(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.run("user", "add", "x", "--data", "data")
	for _, place := range []string{"mysql://u:s3cret@h/d", "postgre://h/d", "file:///tmp/x", "S4://pics", "://x"} {
		for _, line := range [][]string{{"migrate", "--data", "data", "--to", place}, {"migrate", "--from", place, "--to", "there"}} {
			if r := p.run(line...); r.code != exitUsage || strings.Contains(r.errOut, "s3cret") || !strings.Contains(r.errOut, "postgres://") {
				t.Errorf("%s: %+v", line, r)
			}
			inChinese(t, p, exitUsage, line...)
		}
	}
	left, err := filepath.Glob(filepath.Join(p.home, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("there are %v, %v", left, err)
	}
	if r := p.run("migrate", "--data", "data", "--to", "there", "--to", "S3:pics"); r.code != exitUsage || !strings.Contains(r.errOut, "to-blob-url") {
		t.Errorf("a bucket in capital letters: %+v", r)
	}
	base := strings.Replace(dbtest.Server(t), "postgres://", "Postgres://", 1)
	if r := p.run("migrate", "--data", "data", "--to", base); r.code != exitDone {
		t.Errorf("a database in capital letters: %+v", r)
	}
}
