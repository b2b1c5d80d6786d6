package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
)

// A server and every command leave the store of another installation alone, and say
// whose it is and what to do.
func TestServerLeavesTheStoreOfAnother(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	theirs, ours := filepath.Join(p.home, "theirs"), filepath.Join(p.home, "ours")
	for _, data := range []string{theirs, ours} {
		r := p.start("--data", data)
		publish(t, r.account(p, data, "writer"), "picture of "+data)
		r.stop()
	}
	ids := make(map[string]string)
	for _, data := range []string{theirs, ours} {
		b, err := os.ReadFile(filepath.Join(data, "blobs", "installation"))
		if err != nil || len(b) < 20 {
			t.Fatalf("%q %v", b, err)
		}
		ids[data] = strings.TrimSpace(string(b))
	}
	if err := os.RemoveAll(filepath.Join(ours, "blobs")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(ours, "blobs"), os.DirFS(filepath.Join(theirs, "blobs"))); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"serve", "--listen", "127.0.0.1:0"}, {"fsck"}, {"fsck", "--repair"}, {"fsck", "--read"},
		{"backup", filepath.Join(p.home, "b")}, {"migrate", "--to", filepath.Join(p.home, "there")},
	} {
		r := p.run(append(args, "--data", ours)...)
		if r.code != exitFailed || !strings.Contains(r.errOut, ids[theirs]) || !strings.Contains(r.errOut, ids[ours]) || !strings.Contains(r.errOut, "--adopt-store") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	inChinese(t, p, exitFailed, "fsck", "--data", ours)
	stored, err := filepath.Glob(filepath.Join(ours, "blobs", "*", "*", "*"))
	if err != nil || len(stored) != 1 {
		t.Errorf("stored are %q, %v", stored, err)
	}
	// Where a disk is mounted, an empty folder appears without it.
	aside := filepath.Join(p.home, "aside")
	if err := os.Rename(filepath.Join(theirs, "blobs"), aside); err != nil {
		t.Fatal(err)
	}
	if r := p.run("serve", "--data", theirs, "--listen", "127.0.0.1:0"); r.code != exitFailed || !strings.Contains(r.errOut, "not mounted") {
		t.Errorf("without its disk: %+v", r)
	}
	if err := os.RemoveAll(filepath.Join(theirs, "blobs")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, filepath.Join(theirs, "blobs")); err != nil {
		t.Fatal(err)
	}
	if code := p.start("--data", theirs).stop(); code != exitDone {
		t.Errorf("with its disk again: %d", code)
	}
	p.run("fsck", "--data", ours, "--adopt-store")
	if code := p.start("--data", ours).stop(); code != exitDone {
		t.Errorf("adopted: %d", code)
	}
}

// In a bucket the same; one that was used before there were notes is known by what is in
// it.
func TestServerLeavesTheBucketOfAnother(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	bucket := blobtest.S3(t)
	store := bucket.Open(t)
	p.env = append(bucket.Env(), "TUCHUANG_BLOB_URL="+bucket.URL())
	r := p.start("--data", "theirs")
	publish(t, r.account(p, "theirs", "writer"), "theirs")
	r.stop()
	if r := p.run("serve", "--data", "ours", "--listen", "127.0.0.1:0"); r.code != exitFailed || !strings.Contains(r.errOut, "--adopt-store") {
		t.Errorf("another's: %+v", r)
	} else if r.out != "" {
		t.Errorf("an operator was made: %s", r.out)
	}
	if err := store.SetOwner(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if r := p.run("serve", "--data", "ours", "--listen", "127.0.0.1:0"); r.code != exitFailed || !strings.Contains(r.errOut, "--adopt-store") {
		t.Errorf("another's without a note: %+v", r)
	}
	if code := p.start("--data", "theirs").stop(); code != exitDone {
		t.Errorf("its own ended with %d", code)
	}
	if id, err := store.Owner(t.Context()); id == "" || err != nil {
		t.Errorf("noted is %q, %v", id, err)
	}
	n := 0
	if err := store.List(t.Context(), func(blob.Entry) error { n++; return nil }); n != 1 || err != nil {
		t.Errorf("%d contents, %v", n, err)
	}
}
