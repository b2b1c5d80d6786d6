package upload

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/test/owner"
)

// on runs fn as another process would: what this one has in memory is not there.
func (r *rooms) on(other *Uploads, fn func()) {
	mine := r.uploads
	r.uploads = other
	defer func() { r.uploads = mine }()
	fn()
}

// eachWithAnother runs a test with the uploads of a second process, on every store that
// processes share.
func eachWithAnother(t *testing.T, fn func(r *rooms, other *Uploads)) {
	t.Helper()
	each(t, func(r *rooms) {
		if r.place != onS3 {
			return // a folder is one process's
		}
		fn(r, New(r.DB, r.store, r.Drive, r.Bed, slog.New(slog.DiscardHandler)))
	})
}

// Slices reach two processes in turn, in order: all of it is hashed on its way.
func TestSlicesReachTwoProcesses(t *testing.T) {
	eachWithAnother(t, func(r *rooms, other *Uploads) {
		b := bytesOf(1, 2*DriveSlice+77)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1)
		r.on(other, func() { r.send(id, b, 2) })
		r.send(id, b, 3)
		if n := r.Number(`SELECT hashed FROM upload WHERE id = $1`, id); n != int64(len(b)) {
			t.Errorf("%d bytes are hashed of %d", n, len(b))
		}
		done, err := other.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// Two processes take the same slice with other bytes at once: whatever the store has in
// the end, the file is what was declared, or the slice has to come again.
func TestSliceReachesTwoProcessesAtOnce(t *testing.T) {
	eachWithAnother(t, func(r *rooms, other *Uploads) {
		b, wrong := bytesOf(2, 300_000), bytesOf(3, 300_000)
		id := r.open(file("a.bin", b))
		from, to := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- other.Slice(r.Context(), r.Acc, ToDrive, id, 1, piped{from}, "") }()
		_, err := to.Write(wrong[:100_000])
		r.Must(err)
		r.send(id, b, 1) // and the other one is later
		_, err = to.Write(wrong[100_000:])
		r.Must(err)
		r.Must(to.Close())
		r.Must(<-ended)
		r.send(id, b, 1)
		done, err := other.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// A process writes a slice anew and dies before it records that: the completion says
// which slice has to come again, and takes it then.
func TestSliceReplacedAndNotRecorded(t *testing.T) {
	eachWithAnother(t, func(r *rooms, other *Uploads) {
		b := bytesOf(4, DriveSlice+10)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1, 2)
		row, err := r.uploads.find(r.Context(), r.Acc, id)
		r.Must(err)
		w := &sliceWriter{u: other, r: row, no: 2}
		_, _, err = r.store.WriteSlice(r.Context(), w.at("", "", false, nil), bytes.NewReader(bytesOf(5, 10)))
		r.Must(err)
		_, err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.SliceMissing)
		if args := fault.ArgsOf(err); len(args) != 1 || args[0] != int64(2) {
			t.Errorf("it names %v, want 2", args)
		}
		r.on(other, func() { r.send(id, b, 2) })
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// Two processes complete one upload at once: both answer the one file.
func TestTwoProcessesComplete(t *testing.T) {
	eachWithAnother(t, func(r *rooms, other *Uploads) {
		for n := range byte(8) {
			b := bytesOf(10+n, 100_000+int(n))
			id := r.open(file(string('a'+n)+".bin", b))
			r.send(id, b, 1)
			var g errgroup.Group
			results := make([]Result, 4)
			for i := range results {
				g.Go(func() (err error) {
					u := r.uploads
					if i%2 == 1 {
						u = other
					}
					results[i], err = u.Complete(r.Context(), r.Acc, ToDrive, id)
					return err
				})
			}
			r.Must(g.Wait())
			for _, res := range results {
				if res != results[0] || res.ID == "" {
					t.Errorf("answers differ: %+v", results)
				}
			}
			r.holds(results[0].ID, b)
		}
		r.nothingLeft()
	})
}

// A store that fails while a file is completed makes no file, and the upload goes on
// when the store does.
func TestStoreFailsWhileCompleting(t *testing.T) {
	each(t, func(r *rooms) {
		if r.place != onS3 {
			return
		}
		s := blobtest.S3(t)
		s.Options.Tries = 1
		r.store.Store = s.Open(t)
		b := bytesOf(6, 400_000)
		id := r.open(file("a.png", b))
		r.send(id, b, 1)
		for _, f := range []blobtest.Fault{{Status: 500}, {Status: 503}, {Cut: -1}, {Deaf: true}} {
			s.Fail(func(*http.Request) blobtest.Fault { return f })
			_, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
			r.refused(err, fault.Unavailable)
			_, err = r.single(file("b.png", b), b)
			r.refused(err, fault.Unavailable)
			if n := r.Number(`SELECT count(*) FROM blob WHERE state <> 0`); n != 0 {
				t.Errorf("%d contents are live", n)
			}
		}
		s.Fail(nil)
		r.Must(blob.SweepDoomed(r.Context(), r.DB, r.store))
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// twoProcesses are the rooms of two processes that share a PostgreSQL and a bucket, and
// nothing in memory.
func twoProcesses(t *testing.T) (r *rooms, other *Uploads) {
	t.Helper()
	base, bucket, ahead := dbtest.Place(t, db.PostgreSQL), blobtest.S3(t), new(atomic.Int64)
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	process := func() (*db.DB, *watched, *Uploads) {
		d, store := dbtest.Again(t, base, clock), &watched{Store: bucket.Open(t)}
		return d, store, New(d, store, drive.New(d), imagebed.New(d), slog.New(slog.DiscardHandler))
	}
	_, _, other = process()
	d, store, mine := process()
	return &rooms{Owner: owner.On(t, d, ahead), store: store, uploads: mine, place: onS3}, other
}

// completeByBoth has an upload completed by both at once, more than once by each.
func (r *rooms) completeByBoth(other *Uploads, id string) (results [4]Result, errs [4]error) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range results {
		u := r.uploads
		if i%2 == 1 {
			u = other
		}
		all.Go(func() {
			<-begin
			results[i], errs[i] = u.Complete(r.Context(), r.Acc, ToDrive, id)
		})
	}
	close(begin)
	all.Wait()
	return results, errs
}

// Two processes complete one upload at once, on handles of their own, whose slices came
// in no order, so that each would commit before it has hashed: one file comes of it, both
// answer it, and it is whole, also where the account has that content already.
func TestTwoProcessesCompleteWhatIsReadBack(t *testing.T) {
	r, other := twoProcesses(t)
	for n := range 3 {
		b := bytesOf(byte(50+n), DriveSlice+1000)
		var ids []string // both opened while the account has no such content
		for _, name := range []string{"first", "second"} {
			id := r.open(file(fmt.Sprintf("%s %d.bin", name, n), b))
			r.send(id, b, 2)
			r.on(other, func() { r.send(id, b, 1) })
			ids = append(ids, id)
		}
		for _, id := range ids {
			results, errs := r.completeByBoth(other, id)
			for i, res := range results {
				r.Must(errs[i])
				if res != results[0] || res.ID == "" {
					t.Errorf("answers differ: %+v", results)
				}
			}
			r.holds(results[0].ID, b)
		}
	}
	if files := r.Number(`SELECT count(*) FROM drive_entry WHERE name LIKE '%.bin'`); files != 6 {
		t.Errorf("there are %d files", files)
	}
	r.Must(blob.SweepDoomed(r.Context(), r.DB, r.store))
	r.nothingLeft()
}

// And what is not what was declared is refused by both, in words that make sense, and
// gone.
func TestTwoProcessesCompleteWhatIsWrong(t *testing.T) {
	r, other := twoProcesses(t)
	for n := range 4 {
		b := bytesOf(byte(70+n), DriveSlice+1000)
		q := file(fmt.Sprintf("%d.bin", n), b)
		id := r.open(q)
		b[5]++
		r.send(id, b, 2)
		r.on(other, func() { r.send(id, b, 1) })
		_, errs := r.completeByBoth(other, id)
		refused := 0
		for _, err := range errs {
			switch fault.CodeOf(err) {
			case fault.HashMismatch:
				refused++
			case fault.UploadNotFound: // it came when another had refused it
			default:
				t.Errorf("refused with %v", err)
			}
		}
		if refused == 0 {
			t.Errorf("nobody says that it is wrong: %v", errs)
		}
	}
	if files := r.Number(`SELECT count(*) FROM drive_entry WHERE name LIKE '%.bin'`); files != 0 {
		t.Errorf("there are %d files", files)
	}
	r.Must(blob.SweepDoomed(r.Context(), r.DB, r.store))
	r.nothingLeft()
}
