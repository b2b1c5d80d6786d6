package ops

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// What belongs to another installation, or came after what was restored, is told and
// left alone.

func (h *house) check(how Fsck) (found []Finding, err error) {
	h.Helper()
	how.DB, how.Store = h.db, h.store
	how.Found = func(f Finding) error {
		found = append(found, f)
		return nil
	}
	_, err = how.Run(h.Context())
	return found, err
}

func eachHouse(t *testing.T, fn func(h *house)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) { fn(newHouse(t, e)) })
	}
}

// Tables that somebody else keeps in the same database, even those without a key, are in
// nobody's way, and stay where they are.
func TestTablesOfOthersStay(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to db.Engine) {
		h, dest, there := newHouse(t, from), t.TempDir(), newTarget(t, to)
		want := rowsOf(t, h.db)
		h.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `CREATE TABLE keyless (n BIGINT)`)
			if err == nil {
				_, err = tx.Exec(ctx, `INSERT INTO keyless (n) VALUES (1)`)
			}
			return err
		})
		h.backup(dest)
		d, _, _ := restore(t, dest, "", to)
		if diff := cmp.Diff(want, rowsOf(t, d)); diff != "" {
			t.Errorf("restored -, +:\n%s", diff)
		}
		_, err := h.move(t.Context(), there)
		h.must(err)
		if diff := cmp.Diff(want, rowsOf(t, dbtest.Again(t, there.place, nil))); diff != "" {
			t.Errorf("moved -, +:\n%s", diff)
		}
	})
}

// Content that this database has never made is not removed, of whichever account.
func TestRepairLeavesTheContentOfOthers(t *testing.T) {
	eachHouse(t, func(h *house) {
		keys := []blob.Key{{Account: h.acc, ID: 1 << 30}, {Account: h.acc + 1, ID: 1}}
		for _, key := range keys {
			h.must(put(h.Context(), h.store, key, bytes.NewReader([]byte("theirs"))))
		}
		found, err := h.check(Fsck{Repair: true})
		h.must(err)
		var foreign []string
		for _, f := range found {
			if f.Code == "store.foreign" && !f.Fixable && !f.Fixed {
				foreign = append(foreign, f.Place)
			}
		}
		slices.Sort(foreign)
		if want := []string{"store " + keys[0].String(), "store " + keys[1].String()}; !slices.Equal(foreign, want) {
			h.Errorf("foreign are %q, want %q of %+v", foreign, want, found)
		}
		for _, key := range keys {
			o, err := h.store.Open(h.Context(), key)
			if err != nil {
				h.Fatal(err)
			}
			h.must(o.Close())
		}
	})
}

// A database whose data has gone elsewhere is looked at and not repaired: the store may
// be the new one's.
func TestNothingIsRepairedWhereItIsMoved(t *testing.T) {
	eachHouse(t, func(h *house) {
		key := blob.Key{Account: h.acc, ID: h.last + 1} // given out, and never written down
		h.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE account SET next_blob = $1`, h.last+2)
			return err
		})
		h.must(put(h.Context(), h.store, key, bytes.NewReader([]byte("stray"))))
		h.must(h.db.RefuseWrites(h.Context(), "id", "there"))
		found, err := h.check(Fsck{})
		h.must(err)
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.Code == "store.stranger" && f.Fixable }) {
			h.Errorf("found %+v", found)
		}
		if _, err := h.check(Fsck{Repair: true}); why(err) != fault.DataMoved {
			h.Errorf("repaired: %v", err)
		}
		h.must(h.db.AllowWrites(h.Context()))
		if _, err := h.check(Fsck{Repair: true}); err != nil {
			h.Error(err)
		}
		if _, err := h.store.Open(h.Context(), key); !fault.Is(err, fault.ContentMissing) {
			h.Errorf("the stray content is there still: %v", err)
		}
	})
}

// Where a store has nothing of what the rows say, it is another one, and nothing is
// marked.
func TestNothingIsMarkedForAnotherStore(t *testing.T) {
	eachHouse(t, func(h *house) {
		marked := func() (n int) {
			_, err := h.db.Get(h.Context(), "test", `SELECT count(*) FROM blob WHERE state = 3`, nil, &n)
			h.must(err)
			return n
		}
		right := h.store
		h.store = disk(h.T, h.TempDir())
		if found, err := h.check(Fsck{Read: true}); why(err) != fault.StoreOther || len(found) > 0 || marked() > 0 {
			h.Errorf("%v, %d findings, %d marked", err, len(found), marked())
		}
		// One that has some of it is the right one, however much is lost.
		h.store = right
		for _, s := range h.blobs[1:] {
			h.must(h.store.Remove(h.Context(), s.Key))
		}
		if _, err := h.check(Fsck{Read: true}); err != nil || marked() != len(h.blobs)-1 {
			h.Errorf("%v, %d marked of %d", err, marked(), len(h.blobs)-1)
		}
	})
}

// A repair that the database refuses says why.
func TestARefusedRepairSaysWhy(t *testing.T) {
	eachHouse(t, func(h *house) {
		refuse := []string{`CREATE TRIGGER no BEFORE UPDATE ON account BEGIN SELECT RAISE(ABORT, 'not today'); END`}
		if h.db.Engine() == db.PostgreSQL {
			refuse = []string{
				`CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN RAISE EXCEPTION 'not today'; END $body$`,
				`CREATE TRIGGER no BEFORE UPDATE ON account FOR EACH STATEMENT EXECUTE FUNCTION no()`,
			}
		}
		h.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE account SET reserved = 7`)
			for _, q := range refuse {
				_, e := tx.Exec(ctx, q)
				err = errors.Join(err, e)
			}
			return err
		})
		found, err := h.check(Fsck{Repair: true})
		h.must(err)
		at := slices.IndexFunc(found, func(f Finding) bool { return f.Code == "account.reserved" })
		if at < 0 || found[at].Fixed || found[at].Failed == nil || !bytes.Contains([]byte(found[at].Failed.Error()), []byte("not today")) {
			h.Errorf("%+v", found)
		}
	})
}

// A folder of backups is of one installation; what has no account is none.
func TestBackupsOfOneInstallation(t *testing.T) {
	eachHouse(t, func(h *house) {
		dest := h.TempDir()
		h.backup(dest)
		empty := dbtest.Open(h.T, h.db.Engine(), nil)
		other := newHouse(h.T, h.db.Engine())
		for _, c := range []struct {
			db    *db.DB
			store blob.Store
			want  fault.Why
		}{
			{empty, disk(h.T, h.TempDir()), fault.NoAccounts},
			{other.db, other.store, fault.BackupOther},
		} {
			for range 2 {
				if _, err := Backup(h.Context(), BackupOptions{DB: c.db, Store: c.store, To: dest, Keep: 1}); why(err) != c.want {
					h.Errorf("want %s: %v", c.want, err)
				}
			}
		}
		if names, err := folder(dest).snapshots(false); len(names) != 1 || err != nil {
			h.Errorf("snapshots %q, %v", names, err)
		}
		_, store, _ := restore(h.T, dest, "", db.SQLite)
		h.sameContent(store)
		h.backup(dest, func(o *BackupOptions) { o.Keep = 1 })
	})
}

// What a snapshot refers to stays, also where its list was damaged.
func TestNothingIsPrunedByADamagedList(t *testing.T) {
	h, dest := newHouse(t, db.SQLite), t.TempDir()
	first := h.backup(dest)
	h.write(func(ctx context.Context, tx *db.Tx) (err error) {
		for _, q := range []string{`DELETE FROM publication`, `DELETE FROM image`, `DELETE FROM drive_entry WHERE blob_id = 1`, `DELETE FROM blob WHERE id = 1`} {
			_, e := tx.Exec(ctx, q)
			err = errors.Join(err, e)
		}
		return err
	})
	list := folder(dest).in(first.Name, listFile)
	whole, err := os.ReadFile(list)
	h.must(err)
	h.must(os.Truncate(list, 0))
	if made := h.backup(dest, func(o *BackupOptions) { o.Keep = 5 }); !slices.Equal(made.Damaged, []string{first.Name}) || made.Freed != 0 {
		t.Errorf("pruned: %+v", made)
	}
	h.must(os.WriteFile(list, whole, 0o600))
	_, store, _ := restore(t, dest, first.Name, db.SQLite)
	h.sameContent(store)
}

// Nobody opens a server's database while it is restored; rows that were written there
// all the same are not mixed with those of the backup.
func TestRestoreIsAlone(t *testing.T) {
	for _, intrude := range []bool{false, true} {
		h, dest, to := newHouse(t, db.SQLite), t.TempDir(), dbtest.Place(t, db.PostgreSQL)
		h.backup(dest)
		beside := dbtest.Again(t, to, nil) // it was opened before
		looked := false
		_, _, err := RestoreInto(t.Context(), Place{Data: t.TempDir(), Database: to.URL}, RestoreOptions{
			From: dest, Settle: nothingToSettle,
			Progress: func(done, _, _, _ int64) {
				if done != 3 {
					return
				}
				looked = true
				if d, err := db.Open(t.Context(), to); why(err) != fault.DataUnfinished {
					t.Errorf("opened meanwhile: %v %v", d, err)
				}
				if intrude {
					if _, err := AddUser(t.Context(), beside, "first", -1, true); err != nil {
						t.Error(err)
					}
				}
			},
		})
		if !looked {
			t.Error("nobody looked")
		}
		var accounts int64
		if _, e := beside.Get(t.Context(), "test", `SELECT count(*) FROM account`, nil, &accounts); e != nil {
			t.Fatal(e)
		}
		switch {
		case intrude && why(err) != fault.NotEmpty:
			t.Errorf("mixed with what was there: %v", err)
		case !intrude && err != nil:
			t.Error(err)
		case accounts != 1:
			t.Errorf("%d accounts", accounts)
		}
		if d, err := db.Open(t.Context(), to); err != nil {
			t.Errorf("it can't be opened afterwards: %v", err)
		} else if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
