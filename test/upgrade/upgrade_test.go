// Package upgrade opens a data folder that the first version has made with the present
// program, and sees that everything is there.
package upgrade

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/picture/picturetest"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// Once a version is out its folder never changes again: -update is for before that.
var update = flag.Bool("update", false, "make the data folder anew, with the present program")

const (
	folderFile = "testdata/first.tar.gz"
	seenFile   = "testdata/first.json"
)

// known is what is known of the folder: who uses it, and what they see.
type known struct {
	Users []harness.Secrets
	Seen  map[int64]*seen // by account
}

type seen struct {
	Files  []client.File
	Images []client.Image
	Tasks  map[string]task
}

type task struct {
	State    client.CopyState
	Failures []client.CopyFailure
}

func TestFirstVersionOpens(t *testing.T) {
	if *update {
		makeFirst(t)
	}
	s := harness.NewOn(t, db.SQLite)
	unpack(t, s.Data)
	var want known
	b, err := os.ReadFile(seenFile)
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil || len(want.Users) < 2 {
		t.Fatal(want, err)
	}
	s.Start()
	// The folder is whole as every rule of today has it.
	d, err := audit.OpenDB(t.Context(), s.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	// What had expired is swept by and by.
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for swept := false; !swept; <-tick.C {
		var left int
		_, err := d.Get(t.Context(), "test", `SELECT (SELECT COUNT(*) FROM upload) + (SELECT COUNT(*) FROM doomed)`, nil, &left)
		if swept = left == 0; err != nil {
			t.Fatal(err)
		}
	}
	subject := audit.Subject{Data: s.Data, DB: d, URL: s.URL, Clients: map[int64]*client.Client{}}
	var users []*harness.User
	for _, secrets := range want.Users {
		u := signIn(t, s, secrets)
		users = append(users, u)
		subject.Clients[u.UID] = u.Client
	}
	for _, look := range []func(context.Context, audit.Subject) ([]audit.Finding, error){audit.AtRest, audit.Served} {
		findings, err := look(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			t.Error(f)
		}
	}
	// And its users find what they left.
	for _, u := range users {
		before := want.Seen[u.UID]
		if diff := cmp.Diff(before, look(t, u, before.Tasks)); diff != "" {
			t.Errorf("account %d before -, now +:\n%s", u.UID, diff)
		}
	}
	// It is a folder like any other: what is new goes into it.
	u := users[0]
	at := u.MkFolder(0, "new")
	u.PutFile(at, "new.png", picturetest.All(t)[0].Bytes)
	if state := u.Await(u.StartCopy("", at)); state.Status != client.CopyFinished {
		t.Errorf("a new task: %+v", state)
	}
}

func signIn(t *testing.T, s *harness.Server, secrets harness.Secrets) *harness.User {
	t.Helper()
	c, err := client.New(client.Options{Server: s.URL, ClientID: secrets.ClientID, Secret: secrets.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	return harness.Known(t, s, secrets, c)
}

// look collects what an account sees.
func look(t *testing.T, u *harness.User, tasks map[string]task) *seen {
	t.Helper()
	out := &seen{Tasks: map[string]task{}}
	for folders := []int64{0}; len(folders) > 0; folders = folders[1:] {
		for f, err := range u.ListAll(t.Context(), folders[0]) {
			if err != nil {
				t.Fatal(err)
			}
			out.Files = append(out.Files, f)
			if f.IsFolder() && f.Trashed == 0 {
				folders = append(folders, f.FileID)
			}
		}
	}
	for folders := []string{""}; len(folders) > 0; folders = folders[1:] {
		for i, err := range u.BedListAll(t.Context(), folders[0]) {
			if err != nil {
				t.Fatal(err)
			}
			i.DownloadURL, i.UserSelfURL = path(t, i.DownloadURL), path(t, i.UserSelfURL)
			out.Images = append(out.Images, i)
			if i.IsFolder() {
				folders = append(folders, i.FileID)
			}
		}
	}
	for id := range tasks {
		state, err := u.CopyProcess(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		failures, err := u.CopyFailAll(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		out.Tasks[id] = task{state, failures}
	}
	return out
}

// path is a link without its server, which is another one each time.
func path(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

// makeFirst makes the folder: accounts, a drive with a trash, a bed, tasks with every
// outcome, an upload that is open.
func makeFirst(t *testing.T) {
	t.Helper()
	s := harness.NewOn(t, db.SQLite)
	s.Start()
	one, two := s.User("one", "--quota", "1G"), s.User("二")
	k := known{Users: []harness.Secrets{one.Secrets, two.Secrets}, Seen: map[int64]*seen{}}
	s.Run("user", "add", "off", "--data", s.Data)
	s.Run("user", "disable", "off", "--unpublish", "--data", s.Data)
	tasks := map[string]task{}
	album := one.MkFolder(0, "相册")
	day := one.MkFolder(album, "第 1 天")
	var last int64
	var names []string
	for n, p := range picturetest.All(t) {
		if len(p.Bytes) == 0 || len(p.Bytes) > 4000 || p.Damaged || slices.Contains(names, p.Name) || len(names) == 10 {
			continue
		}
		names = append(names, p.Name)
		last = one.PutFile([]int64{album, day}[n%2], p.Name, p.Bytes)
	}
	if len(names) < 4 {
		t.Fatalf("only %d pictures are small", len(names))
	}
	one.PutFile(day, "notes.txt", []byte("notes"))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	target, err := one.BedMkdir(t.Context(), "", "图床")
	must(err)
	later, err := one.BedMkdir(t.Context(), "", "later")
	must(err)
	first := one.StartCopy(target.DirID, album)
	one.Await(first)
	d, err := db.Open(t.Context(), s.Base)
	must(err)
	// What was published lies in a folder that came later.
	must(one.BedMove(t.Context(), []string{target.DirID}, later.DirID))
	block := func(from, to int) {
		must(d.Write(t.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE blob SET state = $2 WHERE state = $3 AND id = (SELECT blob_id FROM drive_entry WHERE id = $1)`, last, to, from)
			return err
		}))
	}
	block(1, 2)
	second := one.StartCopy(target.DirID, album)
	if state := one.Await(second); state.Failed == 0 {
		t.Fatalf("a task without a failure: %+v", state)
	}
	block(2, 1)
	tasks[first], tasks[second] = task{}, task{}
	gone := one.PutFile(0, "gone.txt", []byte("gone"))
	must(one.Trash(t.Context(), []int64{gone}))
	open := []byte("a slice")
	made, err := one.CreateV2(t.Context(), client.NewFile{Filename: "open.bin", Etag: harness.MD5(open), Size: int64(len(open))})
	must(err)
	must(one.Slice(t.Context(), "", made.PreuploadID, 1, harness.MD5(open), client.Content{From: bytes.NewReader(open), Size: int64(len(open))}))
	two.PutFile(0, "own.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>`))
	// By the time anybody opens this folder the time of the upload is over.
	must(d.Write(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE upload SET expires_at = 1`)
		return err
	}))
	must(d.Close())
	k.Seen[one.UID], k.Seen[two.UID] = look(t, one, tasks), look(t, two, nil)
	s.Stop()
	pack(t, s.Data)
	b, err := json.MarshalIndent(k, "", " ")
	must(err)
	must(os.WriteFile(seenFile, append(b, '\n'), 0o600))
}

// pack writes a data folder into the archive.
func pack(t *testing.T, data string) {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	err = filepath.WalkDir(data, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "lock" {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(data, name)
		if err != nil {
			return err
		}
		err = w.WriteHeader(&tar.Header{Name: filepath.ToSlash(rel), Mode: 0o600, Size: int64(len(content)), ModTime: time.Unix(0, 0)})
		_, writeErr := w.Write(content)
		return errors.Join(err, writeErr)
	})
	if err = errors.Join(err, w.Close(), z.Close(), os.WriteFile(folderFile, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, data string) {
	t.Helper()
	f, err := os.Open(folderFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for r := tar.NewReader(z); ; n++ {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(data, filepath.FromSlash(h.Name))
		b, err := io.ReadAll(r)
		if err = errors.Join(err, os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if n < 5 {
		t.Fatal(fmt.Sprint(n, " files"))
	}
}
