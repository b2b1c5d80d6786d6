package ops_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/ops"
)

// eachStore is each, on a disk with SQLite and in a bucket with PostgreSQL.
func eachStore(t *testing.T, fn func(p *place)) {
	t.Helper()
	t.Run("disk", func(t *testing.T) { fn(newPlace(t, dbtest.Open(t, db.SQLite, nil), newDiskStore(t))) })
	t.Run("s3", func(t *testing.T) { fn(newPlace(t, dbtest.Open(t, db.PostgreSQL, nil), blobtest.S3(t).Open(t))) })
}

// without does what no room would do: past all foreign keys.
func (p *place) without(statements ...string) {
	p.Helper()
	if p.db.Engine() == db.SQLite {
		d, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: p.db.Name()}).String())
		p.must(err)
		for _, s := range statements {
			_, e := d.ExecContext(p.Context(), s)
			err = errors.Join(err, e)
		}
		p.must(errors.Join(err, d.Close()))
		return
	}
	p.must(p.db.Write(p.Context(), "test: damage", func(tx *db.Tx) error {
		for _, s := range append([]string{`SET LOCAL session_replication_role = replica`}, statements...) {
			if _, err := tx.Exec(p.Context(), s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	}))
}

func (p *place) key(id int64) blob.Key { return blob.Key{Account: int64(p.acc), ID: id} }

func (p *place) reads(key blob.Key, want []byte) {
	p.Helper()
	o, err := p.store.Open(p.Context(), key)
	p.must(err)
	got := make([]byte, o.Size())
	if _, err := o.ReadAt(got, 0); len(got) > 0 && err != nil && int64(len(got)) != o.Size() {
		p.Error(err)
	}
	p.must(o.Close())
	if !bytes.Equal(got, want) {
		p.Errorf("%v: %q, want %q", key, got, want)
	}
}

func codesOf(found []ops.Finding) (list []string) {
	for _, f := range found {
		if !strings.HasSuffix(f.Code, ".content_lost") { // it follows from what is marked
			list = append(list, f.Code)
		}
	}
	slices.Sort(list)
	return list
}

// What a file or an image shows is never removed, though its row has gone: the row is
// made again from the bytes, where they are what was meant.
func TestRepairMakesARowAgain(t *testing.T) {
	for _, numbers := range []bool{false, true} {
		eachStore(t, func(p *place) {
			want := []byte("the only copy")
			_, err := p.put("a.png", want)
			p.must(err)
			_, err = p.put("b.png", []byte("another"))
			p.must(err)
			damage := []string{`DELETE FROM blob WHERE id = 1`}
			if numbers {
				damage = append(damage, `UPDATE account SET next_blob = 1`)
			}
			p.without(damage...)
			if got, want := codesOf(p.fsck(ops.Fsck{})), "drive.content_row image.content_row store.needed"; strings.Join(slices.DeleteFunc(got, func(c string) bool { return c == "account.next_blob" }), " ") != want {
				p.Errorf("found %q, want %q", got, want)
			}
			for _, f := range p.fsck(ops.Fsck{Repair: true}) {
				if !f.Fixed {
					p.Errorf("not mended: %+v", f)
				}
			}
			if found := p.fsck(ops.Fsck{Read: true}); len(found) > 0 {
				p.Errorf("left: %+v", found)
			}
			p.reads(p.key(1), want)
		})
	}
}

// Where the bytes are others than what was meant, both stay; what only a task names goes
// the way of everything that nothing shows.
func TestRepairLeavesWhatIsNamed(t *testing.T) {
	eachStore(t, func(p *place) {
		_, err := p.put("a.png", []byte("the only copy"))
		p.must(err)
		_, err = p.put("b.png", []byte("another"))
		p.must(err)
		p.must(putContent(p.Context(), p.store, p.key(1), []byte("the only mock")))
		p.without(`DELETE FROM blob WHERE id = 1`)
		for range 2 {
			found := p.fsck(ops.Fsck{Repair: true})
			if got, want := strings.Join(codesOf(found), " "), "drive.content_row image.content_row store.needed"; got != want || slices.ContainsFunc(found, func(f ops.Finding) bool { return f.Fixed }) {
				p.Errorf("%+v", found)
			}
			p.reads(p.key(1), []byte("the only mock"))
		}
	})
}

// The same content is there under another key: what showed the row that has gone shows
// that.
func TestRepairMovesToTheSameContent(t *testing.T) {
	eachStore(t, func(p *place) {
		want := []byte("twice")
		_, err := p.put("a.png", want)
		p.must(err)
		p.without(`DELETE FROM blob WHERE id = 1`)
		_, err = p.put("b.png", want)
		p.must(err)
		p.fsck(ops.Fsck{Repair: true})
		p.fsck(ops.Fsck{Repair: true})
		if found := p.fsck(ops.Fsck{Read: true}); len(found) > 0 {
			p.Errorf("left: %+v", found)
		}
		p.reads(p.key(2), want)
	})
}

// Damage of all kinds in either store is found, marked, and mended as far as it can be.
func TestDamageInEveryStore(t *testing.T) {
	eachStore(t, func(p *place) {
		for n := range 6 {
			_, err := p.put(fmt.Sprintf("%d.png", n), fmt.Appendf(nil, "content %d", n))
			p.must(err)
		}
		p.must(p.db.Write(p.Context(), "test", func(tx *db.Tx) error {
			_, err := tx.Exec(p.Context(), `UPDATE account SET next_blob = 100`)
			return err
		}))
		ctx := p.Context()
		p.must(p.store.Remove(ctx, p.key(1)))
		p.must(putContent(ctx, p.store, p.key(2), []byte("cont")))
		p.must(putContent(ctx, p.store, p.key(3), []byte("content!2")))
		p.must(putContent(ctx, p.store, p.key(50), []byte("stranger")))
		p.must(putContent(ctx, p.store, p.key(500), []byte("foreign")))
		p.must(putContent(ctx, p.store, blob.Key{Account: 9999, ID: 1}, []byte("foreign")))
		want := "content.damaged content.missing content.size store.foreign store.foreign store.stranger"
		if got := strings.Join(codesOf(p.fsck(ops.Fsck{Read: true})), " "); got != want {
			p.Errorf("found %q, want %q", got, want)
		}
		for _, f := range p.fsck(ops.Fsck{Read: true, Repair: true}) {
			if f.Fixed != (f.Code == "store.stranger") && !strings.HasSuffix(f.Code, "_lost") {
				p.Errorf("%+v", f)
			}
		}
		if _, err := p.store.Open(ctx, p.key(50)); !fault.Is(err, fault.ContentMissing) {
			p.Errorf("the stranger: %v", err)
		}
		p.reads(p.key(500), []byte("foreign"))
		for id, content := range map[int64]string{1: "content 0", 2: "content 1", 3: "content 2"} {
			p.must(putContent(ctx, p.store, p.key(id), []byte(content)))
		}
		p.fsck(ops.Fsck{Read: true, Repair: true})
		if got := strings.Join(codesOf(p.fsck(ops.Fsck{Read: true})), " "); got != "store.foreign store.foreign" {
			p.Errorf("left: %q", got)
		}
	})
}

// The store of another installation is left alone, by everything that could harm it.
func TestTheStoreOfAnotherInstallation(t *testing.T) {
	eachStore(t, func(p *place) {
		ctx := p.Context()
		ours, theirs := newPlace(p.T, dbtest.Open(p.T, p.db.Engine(), nil), p.store), p
		_, err := theirs.put("a.png", []byte("theirs"))
		p.must(err)
		p.must(blob.Own(ctx, theirs.db, theirs.store))
		p.must(ours.db.Write(ctx, "test", func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO doomed (account_id, blob_id, created_at) VALUES ($1, 1, 1)`, ours.acc)
			return err
		}))
		for _, started := range []bool{false, true} { // before its first start, and after it
			if started {
				p.must(blob.Own(ctx, ours.db, newDiskStore(p.T)))
				if err := blob.SweepDoomed(ctx, ours.db, ours.store); whyOf(err) != fault.StoreForeign {
					p.Errorf("the sweep: %v", err)
				}
			}
			if err := blob.Own(ctx, ours.db, ours.store); whyOf(err) != fault.StoreForeign {
				p.Errorf("at the start: %v", err)
			}
			for _, how := range []ops.Fsck{{}, {Read: true}, {Repair: true}} {
				how.DB, how.Store = ours.db, ours.store
				if _, err := how.Run(ctx); whyOf(err) != fault.StoreForeign {
					p.Errorf("fsck: %v", err)
				}
			}
			if _, err := ops.Backup(ctx, ops.BackupOptions{DB: ours.db, Store: ours.store, To: filepath.Join(p.TempDir(), "b")}); whyOf(err) != fault.StoreForeign {
				p.Errorf("backup: %v", err)
			}
		}
		theirs.reads(theirs.key(1), []byte("theirs"))
		if found := theirs.fsck(ops.Fsck{Read: true}); len(found) > 0 {
			p.Errorf("%+v", found)
		}
		how := ops.Fsck{Adopt: true, DB: ours.db, Store: ours.store, Found: func(ops.Finding) error { return nil }}
		_, err = how.Run(ctx)
		p.must(err)
		p.must(blob.Own(ctx, ours.db, ours.store))
	})
}

// A store without a note gets it where one of the database's first contents is in it,
// byte for byte, or where it is empty and so is the database.
func TestAStoreWithoutANote(t *testing.T) {
	eachStore(t, func(p *place) {
		ctx := p.Context()
		other := newPlace(p.T, dbtest.Open(p.T, p.db.Engine(), nil), p.store)
		_, err := p.put("a.png", []byte("ours"))
		p.must(err)
		kept := other.store
		other.store = newDiskStore(p.T)
		_, err = other.put("a.png", []byte("more"))
		p.must(err)
		other.store = kept
		if err := blob.Own(ctx, other.db, other.store); whyOf(err) != fault.StoreUnmarked {
			p.Errorf("of other bytes under the same key: %v", err)
		}
		if owner, err := p.store.Owner(ctx); owner != "" || err != nil {
			p.Errorf("noted as %q, %v", owner, err)
		}
		p.must(blob.Own(ctx, p.db, p.store))
		owner, err := p.store.Owner(ctx)
		p.must(err)
		p.must(blob.Own(ctx, p.db, p.store))
		if again, err := p.store.Owner(ctx); owner == "" || again != owner || err != nil {
			p.Errorf("noted as %q and then %q, %v", owner, again, err)
		}
		// A database that was put back from before it had an id knows its own.
		p.must(p.db.Write(ctx, "test", func(tx *db.Tx) error { return tx.SetMark(ctx, "installation", "") }))
		p.must(blob.Own(ctx, p.db, p.store))
		if err := blob.Own(ctx, other.db, other.store); whyOf(err) != fault.StoreForeign {
			p.Errorf("another: %v", err)
		}
		empty := newDiskStore(p.T)
		if err := blob.Own(ctx, other.db, empty); whyOf(err) != fault.StoreUnmarked {
			p.Errorf("an empty one, where contents should be: %v", err)
		}
		fresh := newPlace(p.T, dbtest.Open(p.T, p.db.Engine(), nil), empty)
		p.must(blob.Own(ctx, fresh.db, empty))
		if id, err := empty.Owner(ctx); id == "" || id == owner || err != nil {
			p.Errorf("an empty one is %q, %v", id, err)
		}
	})
}

// What can't be read is told, and everything else is looked at; nothing is marked.
func TestFsckGoesOnWhereContentCantBeRead(t *testing.T) {
	each(t, func(p *place) {
		for n := range 4 {
			_, err := p.put(fmt.Sprintf("%d.png", n), fmt.Appendf(nil, "content %d", n))
			p.must(err)
		}
		path := func(id int) string { return filepath.Join(fmt.Sprint(p.store), fmt.Sprint(p.acc), "0", fmt.Sprint(id)) }
		p.must(errors.Join(os.Remove(path(1)), os.Symlink("1", path(1)))) // to itself
		p.must(p.store.Remove(p.Context(), p.key(3)))
		for _, read := range []bool{false, true} {
			found := p.fsck(ops.Fsck{Read: read})
			at := slices.IndexFunc(found, func(f ops.Finding) bool { return f.Code == "content.unreadable" })
			if at < 0 || found[at].Place != "blob "+p.key(1).String() || !strings.Contains(found[at].Has, "symbolic links") {
				p.Errorf("%+v", found)
			}
			if got := strings.Join(codesOf(found), " "); got != "content.missing content.unreadable" {
				p.Errorf("found %q", got)
			}
		}
		var state int
		_, err := p.db.Get(p.Context(), "test", `SELECT state FROM blob WHERE id = 1`, nil, &state)
		if p.must(err); state != int(blob.Live) {
			p.Errorf("the state is %d", state)
		}
	})
}

// Files that are of nobody are counted and left; one that has the name of content in the
// wrong place is damage.
func TestFsckTellsOfFilesOfOthers(t *testing.T) {
	each(t, func(p *place) {
		_, err := p.put("a.png", []byte("a"))
		p.must(err)
		p.must(blob.Own(p.Context(), p.db, p.store))
		top := fmt.Sprint(p.store)
		for _, name := range []string{"note", "1002/0/5.bak", "1002/foreign", "../uploads/18.part", "1002/0/9999", "1002/1/7"} {
			path := filepath.Join(top, name)
			p.must(os.MkdirAll(filepath.Dir(path), 0o700))
			p.must(os.WriteFile(path, []byte("x"), 0o600))
		}
		found := p.fsckAll(ops.Fsck{Repair: true})
		var wrong []string
		for _, f := range found {
			switch f.Code {
			case "store.misplaced":
				wrong = append(wrong, f.Place)
			case "store.others":
				if !f.Note || !strings.HasPrefix(f.Has, "4, 4 B: ") || !strings.Contains(f.Has, filepath.Join(top, "note")) {
					p.Errorf("%+v", f)
				}
			default:
				p.Errorf("%+v", f)
			}
		}
		slices.Sort(wrong)
		if want := []string{filepath.Join(top, "1002/0/9999"), filepath.Join(top, "1002/1/7")}; !slices.Equal(wrong, want) || len(found) != 3 {
			p.Errorf("misplaced are %q, want %q", wrong, want)
		}
	})
}

// away is a store that does not answer any more.
type away struct{ blob.Store }

func (away) Open(context.Context, blob.Key) (blob.Object, error) {
	return nil, fault.New(fault.Unavailable, "test", fault.Store)
}

// A store that does not answer ends the check, and the error says who it was.
func TestFsckEndsWithoutAStore(t *testing.T) {
	p := newPlace(t, dbtest.Open(t, db.SQLite, nil), newDiskStore(t))
	_, err := p.put("a.png", []byte("a"))
	p.must(err)
	how := ops.Fsck{DB: p.db, Store: away{p.store}, Found: func(f ops.Finding) error { return fmt.Errorf("told: %+v", f) }}
	if _, err := how.Run(t.Context()); !fault.Is(err, fault.Unavailable) || whyOf(err) != fault.Store {
		t.Errorf("%v", err)
	}
}

func whyOf(err error) fault.Why {
	if args := fault.ArgsOf(err); len(args) > 0 {
		why, _ := args[0].(fault.Why)
		return why
	}
	return ""
}

func putContent(ctx context.Context, s blob.Store, key blob.Key, content []byte) error {
	w, err := s.Create(ctx, key)
	if err != nil {
		return err
	}
	if _, err = w.Write(content); err == nil {
		err = w.Commit(ctx)
	}
	return errors.Join(err, w.Close())
}

func newDiskStore(t *testing.T) blob.Store {
	t.Helper()
	dir := t.TempDir()
	store, err := blob.NewDisk(filepath.Join(dir, "blobs"), filepath.Join(dir, "uploads"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func newPlace(t *testing.T, d *db.DB, store blob.Store) *place {
	t.Helper()
	if _, err := account.Open(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	s, err := ops.AddUser(t.Context(), d, "someone", account.NoQuota, false)
	if err != nil {
		t.Fatal(err)
	}
	return &place{T: t, db: d, store: store, drive: drive.New(d), bed: imagebed.New(d), acc: s.ID}
}
