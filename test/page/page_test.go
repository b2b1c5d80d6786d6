//go:build page

// Package page drives the page in a real browser, against a real server. A script waits as
// long as it works: several at a time are sooner done. What measures is no parallel test,
// and so runs before them, alone.
package page

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tuchuang/internal/blob"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/picture"
	"tuchuang/internal/picture/draw"
	"tuchuang/test/harness"
)

// The whole job: sign in, upload, publish, copy the links, put back, delete; a task takes few.
func TestPage(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "--copy-images", "4")
	run(t, "page.mjs", "PAGE_URL="+s.URL, "PAGE_NAME=writer", "PAGE_PASSWORD="+s.AddUser("writer").Password)
}

// What goes wrong is said, goes on where it can, and is nobody else's.
func TestPageWhereThingsGoWrong(t *testing.T) {
	t.Parallel()
	s := harness.Start(t)
	run(t, "wrong.mjs", "PAGE_URL="+s.URL, "PAGE_NAME=writer", "PAGE_PASSWORD="+s.AddUser("writer").Password,
		"PAGE_OTHER=reader", "PAGE_OTHER_PASSWORD="+s.AddUser("reader").Password)
}

// The page is there at once on what the demo makes, and a hundred thousand pictures are no
// more to it than a hundred. How long it takes is told.
func TestPageIsQuick(t *testing.T) {
	s := harness.NewOn(t, db.SQLite)
	s.Run("demo", "--keep", s.Data)
	s.Start()
	var demo harness.Secrets
	if err := json.Unmarshal(s.Run("user", "reset", "demo", "--data", s.Data), &demo); err != nil {
		t.Fatal(err)
	}
	u := s.User("keeper")
	many(t, u, u.MkFolder(0, "many 很多"), 100_000)
	crowd(t, u, 100_000)
	run(t, "quick.mjs", "PAGE_URL="+s.URL, "PAGE_NAME=demo", "PAGE_PASSWORD="+demo.Password, "PAGE_MANY="+u.Name, "PAGE_MANY_PASSWORD="+u.Password)
}

// Nothing of the page is out of reach of a screen reader or a keyboard, in either theme or
// language, nor of the pages that the server makes itself.
func TestPageLooks(t *testing.T) {
	t.Parallel()
	s := harness.NewOn(t, db.SQLite)
	s.Start()
	u := s.User("looker")
	fill(t, u)
	crowd(t, u, 1000)
	change(t, u, `UPDATE account SET operator = 1 WHERE id = $1`)
	sharer := s.User("sharer")
	travel := sharer.MkFolder(0, "旅行 Travel")
	town, err := draw.Picture(picture.JPEG, 2000, 64, 64, "")
	if err != nil {
		t.Fatal(err)
	}
	sharer.PutFile(travel, "kyoto 01.png", town)
	share := func(password string) string {
		made, err := sharer.ShareCreate(t.Context(), client.NewShare{
			Name: "old town", FileIDs: []int64{travel, sharer.PutFile(0, "harbour"+password+".jpg", town)}, Password: password,
		})
		if err != nil {
			t.Fatal(err)
		}
		return "/s/" + made.ShareKey
	}
	s.Run("user", "app", "set", sharer.Name, "--name", "Album 相册", "--redirect", "https://app.example.org/back", "--data", s.Data)
	auth := url.Values{"client_id": {sharer.ClientID}, "redirect_uri": {"https://app.example.org/back"}, "scope": {"user:base,file:all:read"}, "state": {"x"}}
	run(t, "looks.mjs", "PAGE_URL="+s.URL, "PAGE_NAME="+u.Name, "PAGE_PASSWORD="+u.Password,
		"PAGE_NEW=newcomer", "PAGE_NEW_PASSWORD="+s.AddUser("newcomer").Password,
		"PAGE_SHARE="+share(""), "PAGE_SHARED="+strconv.FormatInt(travel, 10), "PAGE_LOCKED="+share("secret"), "PAGE_AUTH=/auth?"+auth.Encode())
}

// What hands do to the lists of drive and bed, where a task takes few.
func TestPageHands(t *testing.T) {
	t.Parallel()
	s := harness.NewOn(t, db.SQLite)
	s.Args = []string{"--copy-ids", "5"}
	s.Start()
	u := s.User("handy")
	paint := func(n int64) []byte {
		b, err := draw.Picture(picture.PNG, n, 200, 150, "")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	inbox := u.MkFolder(0, "inbox")
	for i := range 12 {
		u.PutFile(inbox, fmt.Sprintf("p%02d.png", i+1), paint(int64(i+1)))
	}
	u.MkFolder(0, "target")
	u.PutFile(u.MkFolder(u.MkFolder(0, "far"), "further"), "needle.png", paint(20))
	u.PutFile(0, "broken.png", paint(21)[:200])
	u.Await(u.StartCopy("", u.PutFile(0, "stale.png", paint(22))))
	replace(t, u, "stale.png", paint(23))
	many(t, u, u.MkFolder(0, "many 很多"), 300)
	run(t, "hands.mjs", "PAGE_URL="+s.URL, "PAGE_NAME="+u.Name, "PAGE_PASSWORD="+u.Password)
}

// fill makes folders and pictures, of which some are published, one is out of date, and one
// could not be published.
func fill(t *testing.T, u *harness.User) {
	t.Helper()
	n := int64(0)
	paint := func(format picture.Format, w, h int) []byte {
		n++
		b, err := draw.Picture(format, n, w, h, "")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	travel := u.MkFolder(0, "旅行 Travel")
	spring := u.MkFolder(travel, "2024 Kyoto 京都")
	u.MkFolder(travel, "2025 Lofoten")
	u.MkFolder(0, "blog 博客")
	var ids []int64
	for i, name := range []string{"harbour", "湖边的清晨", "old town", "sunrise", "ferry", "market", "garden", "灯塔", "bridge", "station"} {
		ids = append(ids, u.PutFile(0, fmt.Sprintf("%s %02d.jpg", name, i+1), paint(picture.JPEG, 640, 420+40*(i%3))))
		u.PutFile(spring, fmt.Sprintf("kyoto %02d.png", i+1), paint(picture.PNG, 320, 240))
	}
	u.PutFile(0, "notes.txt", []byte("no picture"))
	damaged := u.PutFile(spring, "damaged.jpg", paint(picture.JPEG, 200, 200))
	if err := u.Trash(t.Context(), []int64{u.PutFile(0, "old.png", paint(picture.PNG, 100, 100))}); err != nil {
		t.Fatal(err)
	}
	change(t, u, `UPDATE blob SET state = 3 WHERE account_id = $1 AND id = (SELECT blob_id FROM drive_entry WHERE account_id = $1 AND id = $2)`, damaged)
	u.Await(u.StartCopy("", ids[:6]...))
	b := paint(picture.JPEG, 800, 500)
	replace(t, u, "harbour 01.jpg", b)
	u.Await(u.StartCopy("", travel))
}

// replace uploads a file of the root over the one that is there.
func replace(t *testing.T, u *harness.User, name string, b []byte) {
	t.Helper()
	if _, err := u.Single(t.Context(), "", client.NewFile{
		Filename: name, Etag: harness.MD5(b), Size: int64(len(b)), Duplicate: client.DuplicateOverwrite,
	}, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
		t.Fatal(err)
	}
}

// many fills a folder with entries that all show one picture, each under an etag of its own.
func many(t *testing.T, u *harness.User, folder int64, n int) {
	t.Helper()
	b, err := draw.Picture(picture.PNG, 1000, 64, 64, "")
	if err != nil {
		t.Fatal(err)
	}
	first := u.PutFile(folder, "00000.png", b)
	change(t, u, `
		WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $3)
		INSERT INTO drive_entry (account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, created_at, updated_at)
		SELECT e.account_id, e.id * 1000000 + s.n, e.parent_id, substr('00000' || s.n, -5) || '.png', e.class, e.blob_id, e.size, printf('%032x', s.n), 0, 0, e.created_at, e.updated_at
		FROM s JOIN drive_entry e ON e.account_id = $1 AND e.id = $2`, first, n-1)
	change(t, u, `UPDATE drive_entry SET children = $3 WHERE account_id = $1 AND id = $2`, folder, n)
}

// crowd publishes a folder, and fills it with images as many does the drive.
func crowd(t *testing.T, u *harness.User, n int) {
	t.Helper()
	folder := u.MkFolder(0, "crowd")
	b, err := draw.Picture(picture.PNG, 1001, 64, 64, "")
	if err != nil {
		t.Fatal(err)
	}
	u.PutFile(folder, "00000.png", b)
	u.Await(u.StartCopy("", folder))
	change(t, u, `
		WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $2)
		INSERT INTO image (account_id, id, folder_id, name, ext, blob_id, size, etag, created_at, updated_at, shown_at)
		SELECT i.account_id, substr(i.id, 1, length(i.id) - 16) || printf('%016d', s.n), i.folder_id, substr('00000' || s.n, -5) || '.png', i.ext, i.blob_id, i.size, printf('%032x', s.n), i.created_at, i.updated_at, i.shown_at
		FROM s JOIN image i ON i.account_id = $1 AND i.folder_id = (SELECT id FROM bed_folder WHERE account_id = $1 AND name = 'crowd')`, n-1)
}

// change changes the database beside the server.
func change(t *testing.T, u *harness.User, query string, args ...any) {
	t.Helper()
	d, err := db.Open(t.Context(), u.Server.Base)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), query, append([]any{u.UID}, args...)...)
		return err
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
}

// A person's own account, and an operator's accounts.
func TestPageAccount(t *testing.T) {
	t.Parallel()
	s := harness.Start(t)
	run(t, "account.mjs", "PAGE_URL="+s.URL, "PAGE_LINK="+s.FirstLink(), "PAGE_NAME=writer", "PAGE_PASSWORD="+s.AddUser("writer").Password)
}

// A task goes on while the server does not, and a person needs no mouse.
func TestPageGoesOn(t *testing.T) {
	t.Parallel()
	s := harness.NewOn(t, db.SQLite)
	s.Start()
	u := s.User("goer")
	album := u.MkFolder(0, "album 相册")
	for _, name := range []string{"a", "b", "c", "d"} {
		many(t, u, u.MkFolder(album, name), 250)
	}
	one, err := draw.Picture(picture.PNG, 1, 64, 64, "")
	if err != nil {
		t.Fatal(err)
	}
	u.PutFile(0, "one.png", one)
	story := u.MkFolder(0, "story")
	var ids []int64
	third := filepath.Join(t.TempDir(), "3.png")
	for i := range 4 {
		b, err := draw.Picture(picture.PNG, int64(2+i), 64, 64, "")
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.PutFile(story, fmt.Sprintf("%d.png", i+1), b))
		if i == 2 {
			if err := os.WriteFile(third, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	state := func(file int64, is blob.State) {
		change(t, u, `UPDATE blob SET state = $3 WHERE account_id = $1 AND id = (SELECT blob_id FROM drive_entry WHERE account_id = $1 AND id = $2)`, file, is)
	}
	state(ids[2], blob.Damaged)
	state(ids[3], blob.Damaged)
	s.Stop()
	// The first task is of one picture; the second goes no further after a folder or two.
	s.Args, s.Env = []string{"--listen", strings.TrimPrefix(s.URL, "http://")}, []string{"TUCHUANG_HOLD=copytask.batch.committed:3"}
	s.Start()
	answers, answer := io.Pipe()
	defer answer.Close()
	runWith(t, answers, func(line string) {
		switch line {
		case "mend the last":
			state(ids[3], blob.Live)
		case "restart", "restart held":
			s.Kill()
			s.Env = nil
			if line == "restart held" { // no task gets beyond a folder
				s.Env = []string{"TUCHUANG_HOLD=copytask.batch.committed:1"}
			}
			s.Start()
		default:
			return
		}
		if _, err := io.WriteString(answer, "done\n"); err != nil {
			t.Error(err)
		}
	}, "going.mjs", "PAGE_URL="+s.URL, "PAGE_NAME=goer", "PAGE_PASSWORD="+u.Password, "PAGE_DAMAGED="+third)
}

func run(t *testing.T, script string, env ...string) {
	t.Helper()
	runWith(t, nil, func(string) {}, script, env...)
}

// runWith hands on each line that a script says.
func runWith(t *testing.T, in io.Reader, said func(line string), script string, env ...string) {
	t.Helper()
	failed, err := filepath.Abs("../../bin/log") // where it shows what it failed at
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(failed, 0o755); err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", script)
	node.Env = append(append(os.Environ(), "PAGE_FAILED="+failed), env...)
	if in != nil {
		w, err := node.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(w, in) }() // the script may have ended
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var wrong bytes.Buffer
	node.Stderr = &wrong
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		t.Log(lines.Text())
		said(lines.Text())
	}
	if err := errors.Join(lines.Err(), node.Wait()); err != nil {
		t.Errorf("%v\n%s", err, wrong.Bytes())
	}
}
