package upload

import (
	"bytes"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// A crash falls after the content was committed and before the upload ended. What
// clients do then (send slices again, whole, short or other ones, and complete)
// never changes a byte of it.
func TestCommittedBeforeACrash(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(5, DriveSlice+1000)
		id := r.open(file("picture.png", b))
		r.send(id, b, 1, 2)
		r.commit(id)

		send := func(no int64, body []byte) error {
			return r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, no, bytes.NewReader(body), "")
		}
		r.refused(send(1, nil), fault.BadSlice)
		r.refused(send(2, slice(b, 2)[:10]), fault.BadSlice)
		r.refused(send(2, append(slice(b, 2), 0)), fault.BadSlice)
		r.refused(send(2, bytesOf(6, 1000)), fault.HashMismatch)
		r.Must(send(2, slice(b, 2)))
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// The hash state of another version of the program can't be read: the file is
// hashed from its start, staged or committed.
func TestHashStateThatCannotBeRead(t *testing.T) {
	each(t, func(r *rooms) {
		for _, committed := range []bool{false, true} {
			b := bytesOf(7, 5000)
			if committed {
				b = bytesOf(8, 5000)
			}
			id := r.open(file(string('a'+b[0]%26)+".png", b))
			r.send(id, b, 1)
			if committed {
				r.commit(id)
			}
			r.Must(r.uploads.db.Write(r.Context(), "test", func(tx *db.Tx) error {
				_, err := tx.Exec(r.Context(), `UPDATE upload SET hash_state = 'of another version' WHERE id = $1`, id)
				return err
			}))
			done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
			r.Must(err)
			r.holds(done.ID, b)
		}
		r.nothingLeft()
	})
}

// Content of another length than was hashed never becomes live.
func TestStoredShort(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(9, 5000)
		id := r.open(file("short.png", b))
		r.send(id, b, 1)
		r.commit(id)
		row, err := r.uploads.find(r.Context(), r.Acc, id)
		r.Must(err)
		short, err := r.store.Create(r.Context(), row.key)
		r.Must(err)
		_, err = short.Write(b[:100])
		r.Must(err)
		r.Must(short.Commit(r.Context()))
		r.Must(short.Close())
		_, err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.ContentMissing)
		if n := r.Number(`SELECT count(*) FROM blob WHERE state <> 0`); n != 0 {
			t.Errorf("%d contents are live", n)
		}
	})
}

// A file that overwrites another one takes the difference from the quota.
func TestOverwriteInAFullAccount(t *testing.T) {
	each(t, func(r *rooms) {
		r.Acc = r.Account("small", 1000)
		put := func(seed byte, size int) error {
			q := file("a.png", bytesOf(seed, size))
			q.Duplicate = drive.Overwrite
			_, err := r.single(q, bytesOf(seed, size))
			return err
		}
		r.Must(put(1, 900))
		r.Must(put(2, 1000))
		r.refused(put(3, 1001), fault.QuotaExceeded)
		b := bytesOf(4, 950)
		q := file("a.png", b)
		q.Duplicate = drive.Overwrite
		id := r.open(q)
		r.send(id, b, 1)
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		q.Name = "another.png"
		q.Etag = strings.Repeat("0", 32)
		_, err = r.uploads.Create(r.Context(), r.Acc, q)
		r.refused(err, fault.QuotaExceeded)
		if used := r.Number(`SELECT used FROM account WHERE id = $1`, r.Acc); used != 950 {
			t.Errorf("%d bytes are counted, want 950", used)
		}
		r.nothingLeft()
	})
}

// So does an image that is given other content in place.
func TestOverwriteInAFullBed(t *testing.T) {
	each(t, func(r *rooms) {
		r.Acc = r.Account("small", 1000)
		put := func(seed byte, size int) (Result, error) {
			b := bytesOf(seed, size)
			q := Request{Dest: ToBed, Name: "a.png", Etag: etag(b), Size: int64(size), Duplicate: drive.Overwrite}
			created, err := r.uploads.Create(r.Context(), r.Acc, q)
			if err != nil {
				return Result{}, err
			}
			r.send(created.UploadID, b, 1)
			return r.uploads.Complete(r.Context(), r.Acc, ToBed, created.UploadID)
		}
		first, err := put(1, 900)
		r.Must(err)
		second, err := put(2, 1000)
		r.Must(err)
		if second.ID != first.ID {
			t.Errorf("the image %s became %s", first.ID, second.ID)
		}
		_, err = put(3, 1001)
		r.refused(err, fault.QuotaExceeded)
		if used := r.Number(`SELECT used FROM account WHERE id = $1`, r.Acc); used != 1000 {
			t.Errorf("%d bytes are counted, want 1000", used)
		}
		r.nothingLeft()
	})
}

// A presigned URL of an account that was disabled meanwhile takes nothing.
func TestDisabledAccount(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(1, 100)
		id := r.open(file("a.png", b))
		accounts, err := account.Open(r.Context(), r.uploads.db)
		r.Must(err)
		list, err := accounts.List(r.Context())
		r.Must(err)
		for _, a := range list {
			_, err := accounts.SetState(r.Context(), a.Name, account.Disabled)
			r.Must(err)
		}
		r.refused(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 1, bytes.NewReader(b), ""), fault.Disabled)
		_, err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.Disabled)
	})
}

// What was begun in one request and ended without telling is doomed: all of it at
// the start, later only what is old; an open upload's never.
func TestOrphansByAge(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(1, 100)
		id := r.open(file("open.png", b))
		var key blob.Key
		r.Must(r.uploads.db.Write(r.Context(), "test", func(tx *db.Tx) (err error) {
			key, err = begin(r.Context(), tx, r.Acc)
			return err
		}))
		r.Must(r.uploads.SweepOrphans(r.Context(), false))
		if n := r.Number(`SELECT count(*) FROM doomed`); n != 0 {
			t.Errorf("%d doomed that may still be on their way", n)
		}
		r.Must(r.uploads.SweepOrphans(r.Context(), true))
		if n := r.Number(`SELECT count(*) FROM doomed WHERE blob_id = $1`, key.ID); n != 1 {
			t.Errorf("%d doomed, want the one", n)
		}
		r.Must(blob.SweepDoomed(r.Context(), r.uploads.db, r.store))
		r.send(id, b, 1)
		_, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.nothingLeft()
	})
}
