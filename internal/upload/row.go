package upload

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// row is an upload as the database has it.
type row struct {
	acc       account.ID
	id        string
	key       blob.Key
	prepared  prepared
	sliceSize int64
	ref       string // what the store calls the place of the slices
	reserved  int64  // bytes of the quota
	completed bool
	verifying bool // a completion was asked for, and its time was over
	resultID  string
	hashed    int64
	hashState []byte
}

// slices is how many slices the upload has; an empty file has none.
func (r row) slices() int64 { return (r.prepared.Size + r.sliceSize - 1) / r.sliceSize }

// span tells where a slice lies.
func (r row) span(no int64) (from, size int64) {
	from = (no - 1) * r.sliceSize
	return from, min(r.sliceSize, r.prepared.Size-from)
}

// find reads an upload; fault.UploadNotFound where the account has none of that
// id, or it has expired, fault.Disabled where the account is: presigned URLs come
// without a token.
func (u *Uploads) find(ctx context.Context, acc account.ID, id string) (r row, err error) {
	err = u.db.Read(ctx, "upload: find", func(tx *db.Tx) error {
		r, err = read(ctx, tx, acc, id)
		return err
	})
	return r, err
}

// goesTo is fault.UploadNotFound where the upload goes elsewhere: who asks at the other
// door would be answered in that one's shape.
func (r row) goesTo(to Dest) error {
	if to != ToEither && to != r.prepared.Dest {
		return fault.New(fault.UploadNotFound, "upload: it goes elsewhere")
	}
	return nil
}

// findAll reads an upload and the slices that have come, as they are at one moment.
func (u *Uploads) findAll(ctx context.Context, acc account.ID, id string) (r row, parts []Part, err error) {
	err = u.db.Read(ctx, "upload: find all", func(tx *db.Tx) error {
		if r, err = read(ctx, tx, acc, id); err == nil {
			parts, err = db.Collect(ctx, tx, scanPart, selectSlices, acc, id)
		}
		return err
	})
	return r, parts, err
}

func read(ctx context.Context, tx *db.Tx, acc account.ID, id string) (r row, err error) {
	if id == "" {
		return row{}, fault.New(fault.UploadMissing, "upload: find")
	}
	r = row{acc: acc, id: id, key: blob.Key{Account: int64(acc)}}
	var state int
	var who account.State
	p := &r.prepared
	found, err := tx.Get(ctx, selectUpload, []any{acc, id, tx.Micros()}, &r.key.ID, &p.Dest, &p.Parent, &p.Name, &p.Etag, &p.Size,
		&p.Duplicate, &r.sliceSize, &r.ref, &r.reserved, &state, &r.resultID, &r.hashed, &r.hashState, &r.verifying, &who)
	switch {
	case err != nil:
		return r, err
	case !found:
		return r, fault.New(fault.UploadNotFound, "upload: find")
	case who != account.Enabled:
		return r, fault.New(fault.Disabled, "upload: find")
	}
	r.completed = state == 2
	if p.Dest == ToDrive {
		p.driveParent, err = drive.ParseID(p.Parent)
	}
	return r, err
}

// Part is a slice that has come.
type Part = blob.Part

// Parts answers the slices that have come, in order. Its errors are those of Complete
// for an upload that is not there.
func (u *Uploads) Parts(ctx context.Context, acc account.ID, to Dest, id string) ([]Part, error) {
	r, list, err := u.findAll(ctx, acc, id)
	if err == nil {
		err = r.goesTo(to)
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

func scanPart(row db.Row) (p Part, err error) { return p, row.Scan(&p.No, &p.Size, &p.MD5, &p.Ref) }

func (r row) check(no int64) error {
	if r.completed {
		return fault.New(fault.UploadNotFound, "upload: slice of a completed upload")
	}
	if no < 1 || no > r.slices() {
		return fault.New(fault.BadSlice, "upload: slice", no)
	}
	return nil
}

// digest takes the stored hash state up again; where it can't be read the file is
// hashed from its start.
func (r row) digest() *blob.Digest {
	d := blob.NewDigest()
	if r.hashed > 0 && (d.UnmarshalBinary(r.hashState) != nil || d.Size() != r.hashed) {
		return blob.NewDigest()
	}
	return d
}

// Finished answers what a completed upload has become; "" while it is open. Where
// a completion was asked for that had too little time, it goes on with it, and its
// errors are those of Complete.
func (u *Uploads) Finished(ctx context.Context, acc account.ID, to Dest, id string) (string, error) {
	r, err := u.find(ctx, acc, id)
	if err == nil {
		err = r.goesTo(to)
	}
	if err != nil {
		return "", err
	}
	if r.completed || !r.verifying {
		return r.resultID, nil
	}
	done, err := u.Complete(ctx, acc, to, id)
	if fault.Is(err, fault.Verifying) {
		return "", nil
	}
	return done.ID, err
}
