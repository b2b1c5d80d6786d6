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
		{exitFailed, "is not a folder of backups", []string{"restore", p.home, "--data", filepath.Join(p.home, "new")}},
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

	// The store loses it: a backup that has it already does not notice, a new one does.
	stored, err := filepath.Glob(filepath.Join(data, "blobs", "*", "*", "*"))
	if err != nil || len(stored) != 1 || os.Remove(stored[0]) != nil {
		t.Fatal(stored, err)
	}
	lost := p.run("backup", dest+"2", "--data", data)
	if lost.code != exitFailed || !strings.Contains(lost.errOut, "is missing or damaged") || !strings.Contains(lost.out, "1 contents") {
		t.Errorf("a backup of what is lost: %+v", lost)
	}
	inChinese(t, p, exitFailed, "backup", dest+"2", "--data", data)

	var back restoreOut
	decode(t, p.run("restore", dest, "--data", "again", "--json").out, &back)
	if back.Snapshot != made.Snapshot || back.Contents != 1 || back.Accounts != 2 {
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
	if got := fetch(t, link); got != string(content) {
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
	if r := p.run("migrate", "--data", data, "--to-data", there+"2"); r.code != exitFailed || !strings.Contains(r.errOut, "moved, to "+there) {
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
	if r := p.run("migrate", "--data", data, "--unmark"); r.code != exitDone || !strings.Contains(r.out, "takes writes again") {
		t.Errorf("%+v", r)
	}
	if r := p.run("user", "add", "new", "--data", data); r.code != exitDone {
		t.Errorf("the old place takes no writes again: %+v", r)
	}
	s.stop()
}
