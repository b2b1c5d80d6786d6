package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/db"
)

// fsck as an operator runs it: beside a server, and after something has happened. Its
// exit code says whether anything is left wrong.
func TestServerFsck(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "图床 data")
	if r := p.run("fsck", "--data", data); r.code != exitUsage || !strings.Contains(r.errOut, "no data of tuchuang") {
		t.Errorf("a check of nothing: %+v", r)
	}
	s := p.start("--data", data)
	c := s.account(p, data, "writer")
	content := bytes.Repeat([]byte("picture "), 5000)
	sum := md5.Sum(content)
	file := client.NewFile{Filename: "a.bin", Etag: hex.EncodeToString(sum[:]), Size: int64(len(content))}
	from := client.Content{From: bytes.NewReader(content), Size: int64(len(content))}
	if _, err := c.Single(t.Context(), s.url, file, from); err != nil {
		t.Fatal(err)
	}
	checked := func(wantCode int, wantFound, wantFixed int, args ...string) {
		t.Helper()
		args = append([]string{"fsck", "--data", data}, args...)
		r := p.run(append(args, "--json")...)
		var counts fsckOut
		last := r.out[strings.LastIndex(strings.TrimSpace(r.out), "\n")+1:]
		decode(t, last, &counts)
		if r.code != wantCode || counts.Found == nil || *counts.Found != wantFound || *counts.Fixed != wantFixed {
			t.Errorf("%q: %+v, want exit code %d, %d found, %d fixed", args, r, wantCode, wantFound, wantFixed)
		}
	}
	checked(exitDone, 0, 0)
	checked(exitDone, 0, 0, "--read", "--rate", "1G")
	if r := p.run("fsck", "--data", data, "--rate", "fast"); r.code != exitUsage || !strings.Contains(r.errOut, "--rate") {
		t.Errorf("a rate that is none: %+v", r)
	}
	inChinese(t, p, exitUsage, "fsck", "--data", data, "--rate", "fast")

	// A counter that is wrong is told, and put right.
	d, err := db.Open(t.Context(), db.Options{Path: dataFile(data, "tuchuang.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Write(t.Context(), "test: damage", func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE account SET used = used + 7`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	checked(exitFailed, 2, 0) // writer and admin
	checked(exitDone, 2, 2, "--repair")
	checked(exitDone, 0, 0)

	// Content that is gone can't be made again: that is said, and remembered by --read.
	stored, err := filepath.Glob(filepath.Join(data, "blobs", "*", "*", "*"))
	if err != nil || len(stored) != 1 || os.Remove(stored[0]) != nil {
		t.Fatal(stored, err)
	}
	r := p.run("fsck", "--data", data)
	if r.code != exitFailed || !strings.Contains(r.out, "content.missing") || r.errOut != "" {
		t.Errorf("content that is gone: %+v", r)
	}
	checked(exitFailed, 1, 0, "--repair")
	s.stop()
	checked(exitFailed, 1, 0) // also where no server runs
}
