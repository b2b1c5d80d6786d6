package upload

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/blob"
	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/fault"
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
		fn(r, New(r.db, r.store, r.drive, r.bed, slog.New(slog.DiscardHandler)))
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
		if n := r.number(`SELECT hashed FROM upload WHERE id = $1`, id); n != int64(len(b)) {
			t.Errorf("%d bytes are hashed of %d", n, len(b))
		}
		done, err := other.Complete(r.Context(), r.acc, id)
		r.must(err)
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
		go func() { ended <- other.Slice(r.Context(), r.acc, id, 1, piped{from}, "") }()
		_, err := to.Write(wrong[:100_000])
		r.must(err)
		r.send(id, b, 1) // and the other one is later
		_, err = to.Write(wrong[100_000:])
		r.must(err)
		r.must(to.Close())
		r.must(<-ended)
		r.send(id, b, 1)
		done, err := other.Complete(r.Context(), r.acc, id)
		r.must(err)
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
		row, err := r.uploads.find(r.Context(), r.acc, id)
		r.must(err)
		w := &sliceWriter{u: other, r: row, no: 2}
		_, _, err = r.store.WriteSlice(r.Context(), w.at("", "", nil), bytes.NewReader(bytesOf(5, 10)))
		r.must(err)
		_, err = r.uploads.Complete(r.Context(), r.acc, id)
		r.refused(err, fault.SliceMissing)
		if args := fault.ArgsOf(err); len(args) != 1 || args[0] != int64(2) {
			t.Errorf("it names %v, want 2", args)
		}
		r.on(other, func() { r.send(id, b, 2) })
		done, err := r.uploads.Complete(r.Context(), r.acc, id)
		r.must(err)
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
					results[i], err = u.Complete(r.Context(), r.acc, id)
					return err
				})
			}
			r.must(g.Wait())
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
			_, err := r.uploads.Complete(r.Context(), r.acc, id)
			r.refused(err, fault.Unavailable)
			_, err = r.single(file("b.png", b), b)
			r.refused(err, fault.Unavailable)
			if n := r.number(`SELECT count(*) FROM blob WHERE state <> 0`); n != 0 {
				t.Errorf("%d contents are live", n)
			}
		}
		s.Fail(nil)
		r.must(blob.SweepDoomed(r.Context(), r.db, r.store))
		done, err := r.uploads.Complete(r.Context(), r.acc, id)
		r.must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}
