package ops_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/ops"
)

// place is a database and a store with an account in it.
type place struct {
	*testing.T
	db    *db.DB
	store blob.Store
	drive *drive.Drive
	bed   *imagebed.Bed
	acc   account.ID
}

func each(t *testing.T, fn func(p *place)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		fn(newPlace(t, d, newDiskStore(t)))
	})
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// put stores content and shows it as a file and as an image.
func (p *place) put(name string, content []byte) (drive.ID, error) {
	ctx := p.Context()
	m, s1, s256 := md5.Sum(content), sha1.Sum(content), sha256.Sum256(content)
	facts := blob.Facts{MD5: hex.EncodeToString(m[:]), SHA1: hex.EncodeToString(s1[:]), SHA256: hex.EncodeToString(s256[:]), Size: int64(len(content))}
	key := blob.Key{Account: int64(p.acc)}
	id, err := p.drive.NewID(ctx)
	if err != nil {
		return 0, err
	}
	err = p.db.Write(ctx, "test: begin", func(tx *db.Tx) (err error) {
		if key.ID, err = account.NextBlob(ctx, tx, p.acc); err != nil {
			return err
		}
		return blob.Begin(ctx, tx, key)
	})
	if err != nil {
		return 0, err
	}
	w, err := p.store.Create(ctx, key)
	if err != nil {
		return 0, err
	}
	if _, err = w.Write(content); err == nil {
		err = w.Commit(ctx)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return 0, err
	}
	var joined bool
	err = p.db.Write(ctx, "test: finish", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, p.acc); err != nil {
			return err
		}
		done, err := blob.Finish(ctx, tx, key, facts)
		if err != nil {
			return err
		}
		joined = done.Joined
		if err := drive.Put(ctx, tx, p.acc, drive.File{ID: id, Name: name, BlobID: done.ID, Size: facts.Size, Etag: facts.MD5, Duplicate: drive.Overwrite}, 0); err != nil {
			return err
		}
		acc, err := account.Lock(ctx, tx, p.acc)
		if err != nil {
			return err
		}
		root, err := imagebed.FolderIn(ctx, tx, p.acc, "")
		if err != nil {
			return err
		}
		_, err = p.bed.Place(ctx, tx, acc, []imagebed.Incoming{{Folder: root, Name: name, BlobID: done.ID, Size: facts.Size, Etag: facts.MD5, Overwrite: true}}, 0)
		return err
	})
	if err == nil && joined {
		err = blob.Bury(ctx, p.db, p.store, key)
	}
	return id, err
}

// fsck answers what is wrong.
func (p *place) fsck(how ops.Fsck) []ops.Finding {
	p.Helper()
	return slices.DeleteFunc(p.fsckAll(how), func(f ops.Finding) bool { return f.Note })
}

func (p *place) fsckAll(how ops.Fsck) (found []ops.Finding) {
	p.Helper()
	how.DB, how.Store = p.db, p.store
	how.Found = func(f ops.Finding) error {
		found = append(found, f)
		return nil
	}
	c, err := how.Run(p.Context())
	p.must(err)
	notes := 0
	for _, f := range found {
		if f.Note {
			notes++
		}
	}
	if c.Found+notes != len(found) {
		p.Errorf("counted %d and %d notes, told %d", c.Found, notes, len(found))
	}
	return found
}

// On every engine: what is well is no finding, and counters are put right.
func TestFsckPutsCountersRight(t *testing.T) {
	each(t, func(p *place) {
		for n := range 3 {
			_, err := p.put(fmt.Sprintf("%d.png", n), fmt.Appendf(nil, "content %d", n))
			p.must(err)
		}
		folder, err := p.drive.Mkdir(p.Context(), p.acc, drive.Root, "folder")
		p.must(err)
		_, err = p.bed.Mkdir(p.Context(), p.acc, "", []string{"folder"})
		p.must(err)
		if found := p.fsck(ops.Fsck{Read: true}); len(found) > 0 {
			t := found[0]
			p.Fatalf("all is well: %+v", t)
		}
		p.must(p.db.Write(p.Context(), "test: damage", func(tx *db.Tx) error {
			for _, s := range []string{
				`UPDATE account SET used = used + 1, reserved = reserved + 1, next_blob = 1, next_task = 1`,
				`UPDATE drive_entry SET children = 7`,
				`UPDATE drive_entry SET class = 2 WHERE class = 1`,
				`UPDATE image SET ext = 'html'`,
				`INSERT INTO queue_turn (account_id, kind, served_at, unfinished) VALUES (` + fmt.Sprint(p.acc) + `, 1, 0, 0)`,
				`UPDATE drive_entry SET parent_id = id WHERE id = ` + folder.String(),
			} {
				if _, err := tx.Exec(p.Context(), s); err != nil {
					return err
				}
			}
			return nil
		}))
		mended := []string{"account.next_blob", "account.reserved", "account.used", "drive.children", "drive.class", "drive.cycle", "queue.turn"}
		var codes []string
		for _, f := range p.fsck(ops.Fsck{Repair: true}) {
			if f.Fixed != slices.Contains(mended, f.Code) {
				p.Errorf("%+v", f)
			}
			codes = append(codes, f.Code)
		}
		slices.Sort(codes)
		if want := append(mended, "image.ext"); !slices.Equal(slices.Compact(codes), slices.Sorted(slices.Values(want))) {
			p.Errorf("found %q, want %q", codes, want)
		}
		for _, f := range p.fsck(ops.Fsck{}) {
			if f.Code != "image.ext" {
				p.Errorf("left: %+v", f)
			}
		}
	})
}

// While files come and go, and content with them, nothing that is only on its way is
// told.
func TestFsckBesideWriters(t *testing.T) {
	each(t, func(p *place) {
		ctx, cancel := context.WithCancel(p.Context())
		var writers sync.WaitGroup
		for w := range 3 {
			writers.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					id, err := p.put(fmt.Sprintf("%d-%d.png", w, n%4), fmt.Appendf(nil, "content %d", n%7))
					if err == nil && n%3 == 0 {
						err = p.drive.Trash(p.Context(), p.acc, []drive.ID{id})
						if err == nil {
							_, err = p.drive.Delete(p.Context(), p.acc, []drive.ID{id})
						}
					}
					if err != nil {
						p.Error(err)
						return
					}
				}
			})
		}
		for range 8 {
			for _, f := range p.fsck(ops.Fsck{Read: true, Settle: 10 * time.Millisecond}) {
				p.Errorf("told: %+v", f)
			}
		}
		cancel()
		writers.Wait()
		if found := p.fsck(ops.Fsck{}); len(found) > 0 {
			p.Errorf("at rest: %+v", found)
		}
	})
}

// crowded is a store that answers the first so many Opens only when all have come, and
// counts how many contents are open and are read at a moment.
type crowded struct {
	blob.Store
	first         int64
	came          atomic.Int64
	together      chan struct{}
	open, mostly  atomic.Int64
	reads, beside atomic.Int64
}

func (c *crowded) Open(ctx context.Context, key blob.Key) (blob.Object, error) {
	if c.came.Add(1) == c.first {
		close(c.together)
	}
	select {
	case <-c.together:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	o, err := c.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	if n := c.open.Add(1); n > c.mostly.Load() {
		c.mostly.Store(n)
	}
	return &crowdedObject{o, c}, nil
}

type crowdedObject struct {
	blob.Object
	in *crowded
}

func (o *crowdedObject) Read(b []byte) (int, error) {
	if o.in.reads.Add(1) > 1 {
		o.in.beside.Add(1)
	}
	defer o.in.reads.Add(-1)
	return o.Object.Read(b)
}

func (o *crowdedObject) Close() error {
	o.in.open.Add(-1)
	return o.Object.Close()
}

// Contents are opened several at once, so that a store far away is not waited for one by
// one, and are read one after the other; what is found comes in order.
func TestFsckOpensSeveralContents(t *testing.T) {
	each(t, func(p *place) {
		const several, all = 8, 30
		var want []string
		for n := range all {
			_, err := p.put(fmt.Sprintf("%02d.png", n), bytes.Repeat([]byte{byte(n)}, 100_000))
			p.must(err)
			if n%3 == 1 {
				key := blob.Key{Account: int64(p.acc), ID: int64(n + 1)}
				p.must(p.store.Remove(p.Context(), key))
				want = append(want, fmt.Sprintf("content.missing blob %d/%d", key.Account, key.ID))
			}
		}
		ctx, cancel := context.WithTimeout(p.Context(), time.Minute)
		defer cancel()
		for _, read := range []bool{false, true} {
			c := &crowded{Store: p.store, first: several, together: make(chan struct{})}
			if read {
				c.first = 1
			}
			var got []string
			check := ops.Fsck{DB: p.db, Store: c, Read: read, Found: func(f ops.Finding) error {
				if f.Code == "content.missing" {
					got = append(got, f.Code+" "+f.Place)
				}
				return nil
			}}
			_, err := check.Run(ctx)
			p.must(err)
			if !slices.Equal(got, want) {
				p.Errorf("reading %v: found %q, want %q", read, got, want)
			}
			if c.mostly.Load() > several || c.open.Load() != 0 || c.beside.Load() > 0 {
				p.Errorf("reading %v: %d open at once, %d left open, %d reads beside another", read, c.mostly.Load(), c.open.Load(), c.beside.Load())
			}
		}
	})
}
