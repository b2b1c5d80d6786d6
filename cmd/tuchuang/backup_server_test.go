package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/db/dbtest"
)

// Backup and restore as an operator runs them, beside a server.
func TestServerBackup(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data, dest := filepath.Join(p.home, "data"), filepath.Join(p.home, "backups")
	if r := p.run("backup", dest, "--data", data); r.code != exitUsage || !strings.Contains(r.errOut, "no data of tuchuang") || exists(dest) {
		t.Errorf("a backup of nothing: %+v", r)
	}
	s := p.start("--data", data)
	c := s.account(p, data, "writer")
	content := bytes.Repeat([]byte("picture "), 5000)
	sum := md5.Sum(content)
	up, err := c.Single(t.Context(), s.url, client.NewFile{Filename: "a.bin", Etag: hex.EncodeToString(sum[:]), Size: int64(len(content))},
		client.Content{From: bytes.NewReader(content), Size: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	if r := p.run("backup", dest, "--data", data); r.code != exitDone || !strings.Contains(r.out, "2 accounts, 0 pictures, 1 contents (39 KiB)") || r.errOut != "" {
		t.Fatalf("%+v", r)
	}
	var made backupOut
	decode(t, p.run("backup", dest, "--data", data, "--keep", "1", "--json").out, &made)
	if made.Contents != 1 || made.Copied != 0 || len(made.Removed) != 1 || made.Freed != 0 || made.Lost == nil || made.DatabaseBytes == 0 {
		t.Errorf("%+v", made)
	}

	for _, tt := range []struct {
		code int
		says string
		args []string
	}{
		{exitUsage, "--keep wants a number", []string{"backup", dest, "--data", data, "--keep=-1"}},
		{exitFailed, "is not a folder of backups", []string{"backup", p.home, "--data", data}},
		{exitFailed, "in use by another tuchuang serve", []string{"restore", dest, "--data", data}},
		{exitFailed, "that tuchuang backup has written to", []string{"restore", p.home, "--data", filepath.Join(p.home, "new")}},
		{exitFailed, "no complete backup", []string{"restore", dest, "--snapshot", "x", "--data", filepath.Join(p.home, "new")}},
	} {
		r := p.run(tt.args...)
		if r.code != tt.code || !strings.Contains(r.errOut, tt.says) || r.out != "" {
			t.Errorf("%q: %+v", tt.args, r)
		}
		inChinese(t, p, tt.code, tt.args...)
	}
	if exists(filepath.Join(p.home, "new")) {
		t.Error("a restore of nothing has left a folder")
	}
	s.stop()
	if r := p.run("restore", dest, "--data", data); r.code != exitFailed || !strings.Contains(r.errOut, "overwrites nothing") {
		t.Errorf("restored over what is there: %+v", r)
	}

	// The store loses it: the backup that has it keeps it and says so, whatever the
	// database knows, and one that does not have it is refused until somebody has said that
	// this is the right store.
	stored, err := filepath.Glob(filepath.Join(data, "blobs", "*", "*", "*"))
	if err != nil || len(stored) != 1 {
		t.Fatal(stored, err)
	}
	keeps := func() {
		t.Helper()
		args := []string{"backup", dest, "--data", data, "--keep", "1"}
		r := p.run(args...)
		if r.code != exitFailed || !strings.Contains(r.errOut, "the backup has it") || !strings.Contains(r.out, "1 contents") || strings.Contains(r.out, "and 1 contents that") {
			t.Errorf("a backup that has what the store has lost: %+v", r)
		}
		inChinese(t, p, exitFailed, args...)
		var out backupOut
		if decode(t, p.run(append(args, "--json")...).out, &out); len(out.Kept) != 1 || len(out.Lost) != 0 {
			t.Errorf("%+v", out)
		}
	}
	if err := errors.Join(os.Remove(stored[0]), os.Symlink(stored[0], stored[0])); err != nil {
		t.Fatal(err)
	}
	if r := p.run("backup", dest+"3", "--data", data); r.code != exitFailed || !strings.Contains(r.errOut, "can't be read") || !strings.Contains(r.errOut, stored[0]) || !strings.Contains(r.out, "0 contents (0 B)") {
		t.Errorf("a backup of what can't be read: %+v", r)
	}
	inChinese(t, p, exitFailed, "backup", dest+"3", "--data", data)
	if err := os.Remove(stored[0]); err != nil {
		t.Fatal(err)
	}
	without := func(says string) {
		t.Helper()
		if r := p.run("backup", dest+"2", "--data", data); r.code != exitFailed || !strings.Contains(r.out+r.errOut, says) {
			t.Errorf("a new backup of what is lost: %+v, want %s", r, says)
		}
		inChinese(t, p, exitFailed, "backup", dest+"2", "--data", data)
	}
	without("has none of the contents")
	if r := p.run("fsck", "--read", "--repair", "--data", data); r.code != exitFailed {
		t.Fatalf("%+v", r)
	}
	keeps()
	without("is missing or damaged")
	without("0 contents (0 B)")
	if r := p.run("migrate", "--data", data, "--to-data", filepath.Join(p.home, "part")); r.code != exitFailed || !strings.Contains(r.out, "not all of the contents") ||
		strings.Contains(r.out, "all of it checked") || strings.Contains(r.out, "deleted") || !strings.Contains(r.out, "0 contents (0 B)") {
		t.Errorf("a move without the contents: %+v", r)
	}
	inChinese(t, p, exitFailed, "migrate", "--data", data, "--to-data", filepath.Join(p.home, "part"))
	p.run("migrate", "--data", data, "--unmark")

	var back restoreOut
	decode(t, p.run("restore", dest, "--data", "again", "--json").out, &back)
	if back.Contents != 1 || back.Accounts != 2 || len(back.Back) != 1 {
		t.Errorf("%+v", back)
	}
	s = p.start("--data", "again")
	if c, err = client.New(client.Options{Server: s.url, ClientID: "x", Secret: "y", Token: c.LastToken()}); err != nil {
		t.Fatal(err)
	}
	link, err := c.DownloadInfo(t.Context(), up.FileID)
	if err != nil {
		t.Fatal(err)
	}
	if got := fetched(t, link); got != string(content) {
		t.Errorf("what was restored has %d bytes", len(got))
	}
	s.stop()
}

// A data folder moves while its server answers: reads go on, writes are refused with a
// sentence that says why, and so are those of the other commands.
func TestServerMigrate(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data, there := filepath.Join(p.home, "data"), filepath.Join(p.home, "there")
	s := p.start("--data", data)
	c := s.account(p, data, "writer")
	if _, err := c.Mkdir(t.Context(), 0, "album"); err != nil {
		t.Fatal(err)
	}
	if r := p.run("migrate", "--data", data); r.code != exitUsage || !strings.Contains(r.errOut, "--to-database-url") {
		t.Errorf("moved nowhere: %+v", r)
	}
	inChinese(t, p, exitUsage, "migrate", "--data", data)
	r := p.run("migrate", "--data", data, "--to-data", there)
	if r.code != exitDone || !strings.Contains(r.out, "drive_entry") || !strings.Contains(r.out, "0 contents") || !strings.Contains(r.out, "--unmark") ||
		!strings.Contains(r.errOut, "from now on the source can only be read") {
		t.Fatalf("%+v", r)
	}

	list, err := c.ListV2(t.Context(), client.ListQuery{Limit: 10})
	if err != nil || len(list.FileList) != 1 || list.FileList[0].Filename != "album" {
		t.Errorf("the old place shows %+v, %v", list, err)
	}
	once, err := client.New(client.Options{Server: s.url, ClientID: "x", Secret: "y", Token: c.LastToken(), Patience: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = once.Mkdir(t.Context(), 0, "more")
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Code != 1 || !strings.Contains(refusal.Message, "系统正在迁移数据") || strings.Contains(refusal.Message, there) {
		t.Errorf("a write to the old place: %v", err)
	}
	if r := p.run("user", "add", "new", "--data", data); r.code != exitFailed || !strings.Contains(r.errOut, "moved, to "+there) || r.out != "" {
		t.Errorf("a command: %+v", r)
	}
	inChinese(t, p, exitFailed, "user", "add", "new", "--data", data)
	if r := p.run("migrate", "--data", data, "--to-data", there+"2"); r.code != exitFailed || !strings.Contains(r.errOut, "moved, to "+there) || untrue(r) {
		t.Errorf("moved twice: %+v", r)
	}
	var again migrateOut
	decode(t, p.run("migrate", "--data", data, "--to-data", there, "--json").out, &again)
	if !again.Already || again.Rows["drive_entry"] != 3 || again.To != there {
		t.Errorf("%+v", again)
	}

	n := p.start("--data", there)
	token := c.LastToken()
	if c, err = client.New(client.Options{Server: n.url, ClientID: "x", Secret: "y", Token: token}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Mkdir(t.Context(), 0, "more"); err != nil {
		t.Errorf("a write to the new place: %v", err)
	}
	n.stop()
	if r := p.run("migrate", "--data", there, "--to-data", data); r.code != exitFailed || !strings.Contains(r.errOut, "overwrites nothing") && !strings.Contains(r.errOut, "in use") || untrue(r) {
		t.Errorf("moved over what is there: %+v", r)
	}
	if r := p.run("migrate", "--data", data, "--unmark"); r.code != exitDone || !strings.Contains(r.out, "takes writes again") {
		t.Errorf("%+v", r)
	}
	if r := p.run("user", "add", "new", "--data", data); r.code != exitDone {
		t.Errorf("the old place takes no writes again: %+v", r)
	}
	s.stop()
}

// untrue says that a move which was refused speaks as if it had begun.
func untrue(r result) bool {
	return strings.Contains(r.errOut, "can only be read") || strings.Contains(r.errOut, "goes on")
}

// Rows in a server's database say nothing of where contents are: no folder is taken for
// that, and none is made.
func TestServerContentsAreNamed(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	base, data := dbtest.Server(t), filepath.Join(p.home, "mine")
	p.env = []string{"TUCHUANG_DATABASE_URL=" + base}
	s := p.start("--data", data)
	c := s.account(p, data, "writer")
	publish(t, c, string(drawn(1, 2000)))
	s.stop()
	for _, line := range [][]string{{"migrate", "--from", base, "--to", "there"}, {"backup", "backups"}} {
		if r := p.run(line...); r.code != exitUsage || !strings.Contains(r.errOut, "no such folder") || untrue(r) {
			t.Errorf("%s: %+v", line, r)
		}
		inChinese(t, p, exitUsage, line...)
	}
	if err := os.MkdirAll(filepath.Join(p.home, "data", "blobs"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{{"migrate", "--from", base, "--to", "there"}, {"backup", "backups"}} {
		if r := p.run(line...); r.code != exitFailed || !strings.Contains(r.errOut, "has none of the contents") || untrue(r) {
			t.Errorf("%s: %+v", line, r)
		}
		inChinese(t, p, exitFailed, line...)
	}
	if r := p.run("backup", filepath.Join(data, "backups"), "--data", data); r.code != exitDone || !strings.Contains(r.errOut, "inside the data folder") {
		t.Errorf("a backup inside the folder: %+v", r)
	}
	inChinese(t, p, exitDone, "backup", filepath.Join(data, "backups"), "--data", data)
	if r := p.run("migrate", "--from", base, "--from", data, "--to", "there"); r.code != exitDone || !strings.Contains(r.out, "1 contents") || !strings.Contains(r.errOut, "can only be read") {
		t.Errorf("a move of rows and contents: %+v", r)
	}
}
