package imagebed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// room is the real bed of an account on a real database.
type room struct {
	*testing.T
	*Bed
	ctx   context.Context
	acc   account.ID
	ahead *time.Duration // the clock's lead
}

// each runs a test in a bed of its own on every engine.
func each(t *testing.T, fn func(r *room)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			ahead := new(time.Duration)
			d := dbtest.Open(t, e, func() time.Time { return time.Now().Add(*ahead) })
			r := &room{T: t, Bed: New(d), ctx: t.Context(), ahead: ahead}
			fn(r.account("writer", account.NoQuota))
		})
	}
}

// account gives the bed of another account.
func (r *room) account(name string, quota int64) *room {
	r.Helper()
	other := *r
	r.write(func(tx *db.Tx) error {
		s, err := account.Add(r.ctx, tx, name, quota, false, account.Password{})
		if err != nil {
			return err
		}
		other.acc = s.ID
		return MakeRoot(r.ctx, tx, s.ID)
	})
	return &other
}

func (r *room) write(fn func(tx *db.Tx) error) {
	r.Helper()
	r.must(r.db.Write(r.ctx, "test", fn))
}

func (r *room) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *room) exec(query string, args ...any) {
	r.Helper()
	r.write(func(tx *db.Tx) error {
		n, err := tx.Exec(r.ctx, query, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("no row for %s", query)
		}
		return err
	})
}

func etag(content int) string { return fmt.Sprintf("%032x", content) }

func size(content int) int64 { return 10 * int64(content) }

// incoming is numbered content for a folder.
func (r *room) incoming(folder ID, name string, content int) Incoming {
	r.Helper()
	in := Incoming{Folder: r.folder(folder), Name: name, Size: size(content), Etag: etag(content), UpdatedAt: int64(content)}
	r.write(func(tx *db.Tx) (err error) {
		var found bool
		if in.BlobID, found, err = blob.Find(r.ctx, tx, int64(r.acc), in.Etag, in.Size); err != nil || found {
			return err
		}
		if in.BlobID, err = account.NextBlob(r.ctx, tx, r.acc); err != nil {
			return err
		}
		key := blob.Key{Account: int64(r.acc), ID: in.BlobID}
		if err := blob.Begin(r.ctx, tx, key); err != nil {
			return err
		}
		_, err = blob.Finish(r.ctx, tx, key, blob.Facts{SHA256: in.Etag, MD5: in.Etag, Size: in.Size, Type: "image/png"})
		return err
	})
	return in
}

func (r *room) place(in ...Incoming) (out []Placed) {
	r.Helper()
	r.write(func(tx *db.Tx) error {
		acc, err := account.Lock(r.ctx, tx, r.acc)
		if err != nil {
			return err
		}
		out, err = r.Place(r.ctx, tx, acc, in, 0)
		return err
	})
	return out
}

// image places one content.
func (r *room) image(folder ID, name string, content int) ID {
	r.Helper()
	return r.place(r.incoming(folder, name, content))[0].ID
}

func (r *room) mkdir(parent ID, name string) ID {
	r.Helper()
	ids, err := r.Mkdir(r.ctx, r.acc, parent, []string{name})
	r.must(err)
	return ids[0]
}

// delete deletes what is small.
func (r *room) delete(ids []ID) {
	r.Helper()
	if detached, err := r.Delete(r.ctx, r.acc, ids); err != nil || detached {
		r.Fatalf("detached: %v, %v", detached, err)
	}
}

func (r *room) root() (id ID) {
	r.Helper()
	return r.folder("")
}

// folder is FolderIn.
func (r *room) folder(said ID) (id ID) {
	r.Helper()
	r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) (err error) {
		id, err = FolderIn(r.ctx, tx, r.acc, said)
		return err
	}))
	return id
}

func (r *room) get(id ID) Image {
	r.Helper()
	img, err := r.Get(r.ctx, r.acc, id)
	r.must(err)
	return img
}

// tree reads the bed by path; folders end with /.
func (r *room) tree() map[string]ID {
	r.Helper()
	out := make(map[string]ID)
	var walk func(id ID, path string)
	walk = func(id ID, path string) {
		list, more, err := r.List(r.ctx, r.acc, Query{Folder: id, Limit: 1000})
		if err != nil || more {
			r.Fatalf("list %s: more %v, %v", path, more, err)
		}
		for _, img := range list {
			name := path + img.Name
			if img.IsFolder {
				name += "/"
				walk(img.ID, name)
			}
			out[name] = img.ID
		}
	}
	walk("", "")
	return out
}

func (r *room) has(want ...string) {
	r.Helper()
	got := slices.Sorted(maps.Keys(r.tree()))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.Errorf("the bed holds %q, want %q", got, want)
	}
}

func (r *room) used() int64 {
	r.Helper()
	var a account.Account
	r.write(func(tx *db.Tx) (err error) {
		a, err = account.Lock(r.ctx, tx, r.acc)
		return err
	})
	return a.Used
}
