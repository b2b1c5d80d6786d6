package thumbnail

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/drive"
)

// files are those in the folder of thumbnails, by name, with their sizes.
func (r *rooms) files() map[string]int64 {
	r.Helper()
	all := make(map[string]int64)
	err := filepath.WalkDir(r.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			all[path] = info.Size()
		}
		return err
	})
	r.Must(err)
	return all
}

// opened is how often content was opened while fn ran.
func (r *rooms) opened(fn func()) int64 {
	before := r.store.opens.Load()
	fn()
	return r.store.opens.Load() - before
}

// What was drawn is there at the next start too.
func TestKept(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		var ids []drive.ID
		var first []Thumbnail
		for i := range 5 {
			id := r.putOf(r.Acc, plain(i, 400, 400))
			ids, first = append(ids, id), append(first, r.file(id, 320))
		}
		r.file(ids[0], 128)
		if n := len(r.files()); n != 6 {
			t.Errorf("%d files", n)
		}
		for name := range r.files() {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Before the folder is looked through, and after.
		kept := r.kept.bytes()
		r.Thumbnails = newWithin(r.limits, r.Options)
		if n := r.opened(func() { r.file(ids[0], 320) }); n != 0 || kept < 6*diskBlock {
			t.Errorf("opened %d times, %d bytes are kept", n, kept)
		}
		r.Must(r.Sweep(r.Context()))
		if got := r.kept.bytes(); got != kept {
			t.Errorf("%d bytes are kept, were %d", got, kept)
		}
		for i, id := range ids {
			if n := r.opened(func() {
				if got := r.file(id, 320); !bytes.Equal(got.Bytes, first[i].Bytes) || got.Kind != Picture || got.Type != first[i].Type {
					t.Errorf("%d: another", i)
				}
			}); n != 0 {
				t.Errorf("%d: opened", i)
			}
		}
		r.Thumbnails.Close()
	})
}

// Those that nobody has asked for the longest go first.
func TestEviction(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		r.again(8 * diskBlock)
		var ids []drive.ID
		for i := range 8 {
			ids = append(ids, r.putOf(r.Acc, plain(i, 200, 200)))
			r.file(ids[i], 128)
		}
		if got := r.kept.bytes(); got != 8*diskBlock || len(r.files()) != 8 {
			t.Fatalf("%d bytes in %v", got, r.files())
		}
		r.file(ids[0], 128) // asked for again
		for i := range 3 {
			r.file(r.putOf(r.Acc, plain(100+i, 200, 200)), 128)
		}
		if got := r.kept.bytes(); got > 8*diskBlock || len(r.files()) != 8 {
			t.Errorf("%d bytes in %v", got, r.files())
		}
		for i, id := range ids {
			want := int64(0)
			if i >= 1 && i <= 3 {
				want = 1
			}
			if i > 3 || i == 0 { // asking for what is gone would push others out
				if n := r.opened(func() { r.file(id, 128) }); n != want {
					t.Errorf("%d: opened %d times", i, n)
				}
			}
		}
		for i := 1; i <= 3; i++ {
			if n := r.opened(func() { r.file(ids[i], 128) }); n != 1 {
				t.Errorf("%d: opened %d times", i, n)
			}
		}
		// A smaller cap holds from the next start on, and the oldest go then.
		old := time.Now().Add(-time.Hour)
		for name := range r.files() {
			if !strings.HasPrefix(filepath.Base(name), r.nameOfFile(ids[3])) {
				r.Must(os.Chtimes(name, old, old))
			}
		}
		r.again(diskBlock)
		if left := r.files(); len(left) != 1 {
			t.Errorf("left are %v", left)
		}
		if n := r.opened(func() { r.file(ids[3], 128) }); n != 0 {
			t.Error("the newest has gone")
		}
	})
}

// nameOfFile begins the names of a file's thumbnails.
func (r *rooms) nameOfFile(id drive.ID) string {
	r.Helper()
	c, err := r.Drive.Content(r.Context(), r.Acc, id)
	r.Must(err)
	return fmt.Sprintf("%d-%d-", r.Acc, c.BlobID)
}

// A file that was torn, or changed, is made anew, wherever that was; so is one of another
// way to draw.
func TestTorn(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		id := r.putOf(r.Acc, plain(1, 200, 200))
		want := r.file(id, 128)
		var name string
		for n := range r.files() {
			name = n
		}
		whole, err := os.ReadFile(name)
		r.Must(err)
		damage := [][]byte{nil, append([]byte("tn00"), whole[4:]...), append(bytes.Clone(whole), 0)}
		for n := range min(len(whole), 40) {
			damage = append(damage, whole[:n])
			flipped := bytes.Clone(whole)
			flipped[n] ^= 1
			damage = append(damage, flipped)
		}
		damage = append(damage, whole[:len(whole)-1])
		for i, d := range damage {
			r.Must(os.WriteFile(name, d, 0o600))
			if n := r.opened(func() {
				if got := r.file(id, 128); got.Kind != Picture || !bytes.Equal(got.Bytes, want.Bytes) {
					t.Errorf("damage %d: %s", i, got.Kind)
				}
			}); n != 1 {
				t.Errorf("damage %d: opened %d times", i, n)
			}
		}
		if now, err := os.ReadFile(name); err != nil || !bytes.Equal(now, whole) {
			t.Errorf("it is not whole again: %v", err)
		}
		if n := r.opened(func() { r.file(id, 128) }); n != 0 {
			t.Error("it is not kept")
		}
	})
}

// What was being written when a process ended is removed, once it is nobody's; what is not
// ours stays, and is never answered.
func TestLeftOver(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		id := r.putOf(r.Acc, plain(1, 200, 200))
		r.file(id, 128)
		var name string
		for n := range r.files() {
			name = n
		}
		dir := filepath.Dir(name)
		old := time.Now().Add(-time.Hour)
		for file, stays := range map[string]bool{temporary + "old": false, temporary + "new": true, "README": true, "0-1-128": true, "1-2-x": true} {
			path := filepath.Join(dir, file)
			r.Must(os.WriteFile(path, []byte("x"), 0o600))
			if file != temporary+"new" {
				r.Must(os.Chtimes(path, old, old))
			}
			defer func() {
				if _, err := os.Stat(path); (err == nil) != stays {
					t.Errorf("%s: %v", file, err)
				}
			}()
		}
		r.again(64 << 20)
		if got := r.kept.bytes(); got != diskBlock {
			t.Errorf("%d bytes are kept", got)
		}
	})
}

// Of content that is no more nothing is kept; that of others stays.
func TestSweepWithContent(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		gone, stays := r.putOf(r.Acc, plain(1, 200, 200)), r.putOf(r.Acc, plain(2, 200, 200))
		second := r.Account("second", account.NoQuota)
		other := r.putOf(second, plain(3, 200, 200))
		for _, size := range []int{128, 320} {
			r.file(gone, size)
			r.file(stays, size)
			_, err := r.OfFile(r.Context(), second, other, size)
			r.Must(err)
		}
		name := r.nameOfFile(gone)
		c, err := r.Drive.Content(r.Context(), r.Acc, gone)
		r.Must(err)
		r.Exec(`DELETE FROM drive_entry WHERE account_id = $1 AND id = $2`, r.Acc, gone)
		r.Exec(`DELETE FROM image WHERE account_id = $1 AND blob_id = $2`, r.Acc, c.BlobID)
		r.Exec(`DELETE FROM blob WHERE account_id = $1 AND id = $2`, r.Acc, c.BlobID)
		for range 2 {
			r.Must(r.Sweep(r.Context()))
			left := r.files()
			if len(left) != 4 || r.kept.bytes() != 4*diskBlock {
				t.Errorf("left are %v, %d bytes", left, r.kept.bytes())
			}
			for path := range left {
				if strings.HasPrefix(filepath.Base(path), name) {
					t.Errorf("%s is left", path)
				}
			}
		}
	})
}

// Thumbnails are drawn where none can be kept.
func TestNotKept(t *testing.T) {
	each(t, usual(), func(r *rooms) {
		id := r.putOf(r.Acc, plain(1, 200, 200))
		twice := func(when string) {
			if n := r.opened(func() { r.file(id, 128); r.file(id, 128) }); n != 2 {
				t.Errorf("%s: opened %d times", when, n)
			}
		}
		r.again(0)
		twice("with a size of 0")
		r.again(10)
		twice("with a size that none has")
		r.again(64 << 20)
		full := int64(leastRoom)
		r.store.room.Store(&full)
		twice("on a full disk")
		r.store.room.Store(nil)
		if _, err := os.Stat(r.dir); err == nil {
			t.Error("there is a folder")
		}
		r.Must(os.WriteFile(r.dir, nil, 0o600)) // in the folder's place
		r.log.Reset()
		twice("without a folder")
		if got := r.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "can't be used") {
			t.Errorf("the log says: %s", got)
		}
		r.Must(os.Remove(r.dir))
		r.file(id, 128)
		if n := r.opened(func() { r.file(id, 128) }); n != 0 {
			t.Error("it is not kept when it can be")
		}
	})
}

func TestNames(t *testing.T) {
	for _, k := range []key{{blob.Key{Account: 1, ID: 2}, 0}, {blob.Key{Account: int64(account.ID(99)), ID: 1 << 50}, 1280}} {
		if got, ok := keyOf(nameOf(k)); !ok || got != k {
			t.Errorf("%s: %v %v", nameOf(k), got, ok)
		}
	}
	for _, name := range []string{"", "1-2", "1-2-3-4", "01-2-3", "-1-2-3", "1-2-12345", "a-b-c", "1-2-3.png", "9999999999999999999-1-128"} {
		if k, ok := keyOf(name); ok {
			t.Errorf("%q: %v", name, k)
		}
	}
}
