package upload

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
)

func (r *rooms) refused(err error, code fault.Code) {
	r.Helper()
	if !fault.Is(err, code) {
		r.Errorf("the answer is %v, want %s", err, code)
	}
}

// An upload lives its time and no longer; what came of it goes.
func TestExpiredUpload(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(1, DriveSlice+10)
		id := r.open(file("a.bin", b))
		answered := r.open(file("b.bin", bytesOf(2, 10)))
		r.send(answered, bytesOf(2, 10), 1)
		first, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, answered)
		r.Must(err)
		r.send(id, b, 1)

		r.Pass(Life - time.Minute)
		r.Must(r.uploads.SweepExpired(r.Context()))
		r.send(id, b, 2) // still open
		again, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, answered)
		r.Must(err)
		if again != first {
			t.Errorf("completed as %+v, then %+v", first, again)
		}

		r.Pass(2 * time.Minute)
		_, err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.UploadNotFound)
		r.refused(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 1, bytes.NewReader(slice(b, 1)), ""), fault.UploadNotFound)
		_, err = r.uploads.CheckSlice(r.Context(), r.Acc, ToDrive, id, 1)
		r.refused(err, fault.UploadNotFound)
		_, err = r.uploads.Parts(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.UploadNotFound)
		_, err = r.uploads.Finished(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.UploadNotFound)
		if got, want := r.left(), (left{staged: 1, pending: 1, open: 1, reserved: int64(len(b))}); got != want {
			t.Errorf("before the sweep: %+v, want %+v", got, want)
		}
		r.Must(r.uploads.SweepExpired(r.Context()))
		r.nothingLeft()
		if n := r.Number(`SELECT count(*) FROM upload`) + r.Number(`SELECT count(*) FROM upload_slice`); n != 0 {
			t.Errorf("%d rows of uploads are left", n)
		}
		r.holds(first.ID, bytesOf(2, 10))
	})
}

// An upload that is dropped leaves nothing, and has no room any more; one that is complete
// stays what it has become.
func TestDrop(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(1, DriveSlice+10)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1)
		other := r.Account("other", account.NoQuota)
		r.refused(r.uploads.Drop(r.Context(), other, id), fault.UploadNotFound)
		if got := r.left(); got.open != 1 || got.reserved != int64(len(b)) {
			t.Errorf("another account has dropped it: %+v", got)
		}
		r.Must(r.uploads.Drop(r.Context(), r.Acc, id))
		r.nothingLeft()
		r.refused(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 2, bytes.NewReader(slice(b, 2)), ""), fault.UploadNotFound)
		r.refused(r.uploads.Drop(r.Context(), r.Acc, id), fault.UploadNotFound)
		r.refused(r.uploads.Drop(r.Context(), r.Acc, ""), fault.UploadMissing)

		done := r.open(file("b.bin", bytesOf(2, 10)))
		r.send(done, bytesOf(2, 10), 1)
		first, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, done)
		r.Must(err)
		r.refused(r.uploads.Drop(r.Context(), r.Acc, done), fault.UploadNotFound)
		r.holds(first.ID, bytesOf(2, 10))
	})
}

// No account may open more than so many uploads, and none stands in another's way.
func TestTooManyUploads(t *testing.T) {
	each(t, func(r *rooms) {
		const most = 40
		r.uploads.open = most
		var g errgroup.Group
		for n := range most {
			g.Go(func() error {
				_, err := r.uploads.Create(r.Context(), r.Acc, file(fmt.Sprint(n), bytesOf(byte(n), 100+n)))
				return err
			})
		}
		r.Must(g.Wait())
		one := file("one more", bytesOf(1, 5000))
		_, err := r.uploads.Create(r.Context(), r.Acc, one)
		r.refused(err, fault.TooManyUploads)
		if args := fault.ArgsOf(err); len(args) != 1 || args[0] != most {
			t.Errorf("it names %v, want %d", args, most)
		}
		_, err = r.uploads.Create(r.Context(), r.Account("other", account.NoQuota), one)
		r.Must(err)
		r.Pass(Life + time.Second)
		r.open(one) // without waiting for the sweep
		r.Must(r.uploads.SweepExpired(r.Context()))
		if got, want := r.left(), (left{staged: r.begun(1), pending: 1, open: 1, reserved: 5000}); got != want {
			t.Errorf("left are %+v, want %+v", got, want)
		}
	})
}

// What an upload has reserved is free when its time is over.
func TestExpiredUploadReservesNothing(t *testing.T) {
	each(t, func(r *rooms) {
		r.Acc = r.Account("small", 1000)
		b, more := bytesOf(1, 900), bytesOf(2, 950)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1)
		_, err := r.uploads.Create(r.Context(), r.Acc, file("b.bin", more))
		r.refused(err, fault.QuotaExceeded)
		r.Pass(Life + time.Second)
		r.open(file("b.bin", more))
		_, err = r.uploads.Create(r.Context(), r.Acc, file("c.bin", b))
		r.refused(err, fault.QuotaExceeded)
		if got, want := r.left(), (left{staged: r.begun(1), pending: 1, open: 1, reserved: 950}); got != want {
			t.Errorf("left are %+v, want %+v", got, want)
		}
	})
}

// Completing a large file does not read it again: what comes in order is hashed on its
// way, the rest is read once, right after it was written, and what is looked at in the
// end is its beginning.
func TestCompleteReadsNothingAgain(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(3, 3*DriveSlice+77)
		id := r.open(file("large.bin", b))
		for _, step := range []struct {
			send int
			read int64 // that this one may cost: those that have come before and now continue the prefix
		}{{1, 0}, {3, 0}, {4, 0}, {2, DriveSlice + 77}} {
			if r.place == onS3 { // it shows nothing yet
				step.read = 0
			}
			before := r.store.read.Load()
			r.send(id, b, step.send)
			if got := r.store.read.Load() - before; got != step.read {
				t.Errorf("slice %d: %d bytes were read, want %d", step.send, got, step.read)
			}
		}
		before := r.store.read.Load()
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		rest := int64(0)
		if r.place == onS3 { // the two slices that came too early to be hashed on their way
			rest = DriveSlice + 77
		}
		if got := r.store.read.Load() - before; got < rest || got > rest+1<<20 {
			t.Errorf("completing read %d bytes of %d", got, len(b))
		}
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// timed is a context whose time is over when end is called. Contexts made from it
// end before that returns.
type timed struct {
	context.Context
	mu     sync.Mutex
	ended  chan struct{}
	ending []func()
}

func limited(ctx context.Context) *timed { return &timed{Context: ctx, ended: make(chan struct{})} }

func (c *timed) Done() <-chan struct{} { return c.ended }

func (c *timed) Err() error {
	select {
	case <-c.ended:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// AfterFunc is what package context looks for.
func (c *timed) AfterFunc(fn func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = append(c.ending, fn)
	return func() bool { return false }
}

func (c *timed) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.ended:
		return
	default:
		close(c.ended)
	}
	for _, fn := range c.ending {
		fn()
	}
}

// A completion that has more to check than time gets further with each try, however
// it is asked for, and reads nothing twice.
func TestCompletionGetsFurther(t *testing.T) {
	each(t, func(r *rooms) {
		r.uploads.ahead = 100 // as if the slices were larger
		b := bytesOf(16, 3*DriveSlice+77)
		id := r.open(file("a.bin", b))
		r.send(id, b, 4, 3, 2, 1)
		early, err := r.uploads.Finished(r.Context(), r.Acc, ToDrive, id)
		if err != nil || early != "" {
			t.Fatalf("before it was asked for: %q, %v", early, err)
		}
		hashed := func() int64 { return r.Number(`SELECT hashed FROM upload WHERE id = $1`, id) }
		before := r.store.read.Load()
		for n, ask := range []func(context.Context) error{
			func(ctx context.Context) error {
				_, err := r.uploads.Complete(ctx, r.Acc, ToDrive, id)
				return err
			},
			func(ctx context.Context) error {
				found, err := r.uploads.Finished(ctx, r.Acc, ToDrive, id)
				if err == nil && found == "" {
					err = fault.New(fault.Verifying, "test: not yet")
				}
				return err
			},
		} {
			had, pieces := hashed(), 0
			ctx := limited(r.Context())
			r.store.reading.Store(new(func() {
				if pieces++; pieces == 20 {
					ctx.end()
				}
			}))
			r.refused(ask(ctx), fault.Verifying)
			// Elsewhere the pieces are those of the line.
			if got := hashed(); got <= had || got > had+20*bufSize || r.place != onS3 && got != had+20*bufSize {
				t.Errorf("try %d: %d bytes are hashed of %d, %d before", n, got, len(b), had)
			}
		}
		ctx, cancel := context.WithCancel(r.Context())
		r.store.reading.Store(new(func() { cancel() })) // the caller goes
		had := hashed()
		_, err = r.uploads.Complete(ctx, r.Acc, ToDrive, id)
		r.refused(err, fault.Canceled)
		if got := hashed(); got < had || got > had+bufSize || r.place != onS3 && got != had+bufSize {
			t.Errorf("%d bytes are hashed, %d before", got, had)
		}
		r.store.reading.Store(nil)
		found, err := r.uploads.Finished(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(found, b)
		if got := r.store.read.Load() - before; got > 2*int64(len(b))+1<<20 { // once to check it, once by the test
			t.Errorf("%d bytes were read of %d", got, len(b))
		}
		r.nothingLeft()
	})
}

// stalled is a body that gives some bytes and then nothing until it is interrupted.
type stalled struct {
	some    io.Reader
	waiting chan struct{} // closed when nothing more comes
	once    sync.Once
	ended   chan struct{}
	end     sync.Once
}

func stall(some []byte) *stalled {
	return &stalled{some: bytes.NewReader(some), waiting: make(chan struct{}), ended: make(chan struct{})}
}

func (s *stalled) Read(p []byte) (int, error) {
	if n, err := s.some.Read(p); err == nil {
		return n, nil
	}
	s.once.Do(func() { close(s.waiting) })
	<-s.ended
	return 0, errors.New("interrupted")
}

func (s *stalled) Interrupt() { s.end.Do(func() { close(s.ended) }) }

// A body that has stalled ends when its caller goes, or when the slice comes again.
func TestStalledSliceEnds(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(4, 300_000)
		id := r.open(file("a.bin", b))
		begin := func(ctx context.Context) (*stalled, chan error) {
			body, ended := stall(b[:200_000]), make(chan error, 1)
			go func() { ended <- r.uploads.Slice(ctx, r.Acc, ToDrive, id, 1, body, "") }()
			<-body.waiting
			return body, ended
		}
		ctx, cancel := context.WithCancel(r.Context())
		_, ended := begin(ctx)
		cancel()
		r.refused(<-ended, fault.Canceled)

		_, ended = begin(r.Context())
		r.send(id, b, 1) // the newest wins
		r.refused(<-ended, fault.Canceled)

		_, ended = begin(r.Context())
		_, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id) // waits for nobody who has stalled
		r.Must(err)
		if err := <-ended; err == nil {
			t.Error("a slice was taken after the end")
		}
	})
}

// piped is a body that comes as the test writes it.
type piped struct{ *io.PipeReader }

func (p piped) Interrupt() { p.CloseWithError(errors.New("interrupted")) }

// A completion that comes too early says what is missing, and breaks nothing off.
func TestCompleteBeforeAllHasCome(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(15, DriveSlice+200_000)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1)
		from, to := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 2, piped{from}, "") }()
		if _, err := to.Write(slice(b, 2)[:100_000]); err != nil {
			t.Fatal(err)
		}
		_, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.SliceMissing)
		if args := fault.ArgsOf(err); len(args) != 1 || args[0] != int64(2) {
			t.Errorf("it names %v, want 2", args)
		}
		if _, err := to.Write(slice(b, 2)[100_000:]); err != nil {
			t.Errorf("the slice was broken off: %v", err)
		}
		r.Must(to.Close())
		r.Must(<-ended)
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
	})
}

// A slice that fails gives back the room it took, and takes nothing from the others.
func TestFailedSliceGivesBack(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(17, 3*DriveSlice+200_000)
		id := r.open(file("a.bin", b))
		size := func(want int64, when string) {
			t.Helper()
			if r.place == onS3 {
				want = -1 // it does not tell
			}
			r.Must(r.store.List(r.Context(), func(e blob.Entry) error {
				if e.Size != want {
					t.Errorf("%s: %d bytes are staged, want %d", when, e.Size, want)
				}
				return nil
			}))
		}
		begin := func(no int) (to *io.PipeWriter, ended chan error) {
			from, to := io.Pipe()
			ended = make(chan error, 1)
			go func() { ended <- r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, int64(no), piped{from}, "") }()
			if _, err := to.Write(slice(b, no)[:150_000]); err != nil {
				t.Fatal(err)
			}
			return to, ended
		}
		fail := func(to *io.PipeWriter, ended chan error) {
			t.Helper()
			r.Must(to.CloseWithError(io.ErrUnexpectedEOF))
			r.refused(<-ended, fault.BadSlice)
		}
		to, ended := begin(3)
		fail(to, ended)
		size(0, "the only one failed")

		r.send(id, b, 2)
		to, ended = begin(3)
		last, lastEnded := begin(4)
		fail(to, ended)
		_, err := last.Write(slice(b, 4)[150_000:])
		r.Must(err)
		r.Must(last.Close())
		r.Must(<-lastEnded)
		r.Must(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 1, bytes.NewReader(slice(b, 1)), ""))
		size(int64(len(b)), "one failed before another that came")

		r.refused(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 4, bytes.NewReader(bytesOf(18, 200_000)), etag(b)), fault.HashMismatch)
		size(2*DriveSlice, "the last one came again, and failed")
		r.send(id, b, 3, 4)
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// What does not fit on the disk is refused before its first byte; what is there
// already needs no room.
func TestCreateAsksForRoom(t *testing.T) {
	each(t, func(r *rooms) {
		b, other := bytesOf(19, 1000), bytesOf(20, 1000)
		_, err := r.single(file("a.bin", b), b)
		r.Must(err)
		r.store.room.Store(new(int64(999)))
		_, err = r.uploads.Create(r.Context(), r.Acc, file("other.bin", other))
		r.refused(err, fault.DiskFull)
		instant, err := r.uploads.Create(r.Context(), r.Acc, file("b.bin", b))
		if err != nil || !instant.Reuse {
			t.Errorf("%+v, %v", instant, err)
		}
		r.nothingLeft()
		r.store.room.Store(new(int64(1000)))
		r.open(file("other.bin", other))
	})
}

// A body may be as slow as it likes.
func TestSlowSlice(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(5, 150_000)
		id := r.open(file("a.bin", b))
		r.Must(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 1, iotest.OneByteReader(bytes.NewReader(b)), etag(b)))
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
	})
}

// Many who complete one upload get one file.
func TestCompleteAtOnce(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(6, 1000)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1)
		var g errgroup.Group
		results := make([]Result, 8)
		for i := range results {
			g.Go(func() (err error) {
				results[i], err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
				return err
			})
		}
		r.Must(g.Wait())
		for _, res := range results {
			if res != results[0] || res.ID == "" {
				t.Errorf("answers differ: %+v", results)
			}
		}
		if n := r.Number(`SELECT count(*) FROM drive_entry WHERE class > 0`); n != 1 {
			t.Errorf("%d files", n)
		}
	})
}

// A disk that is full is said, and what had come goes.
func TestFullDisk(t *testing.T) {
	each(t, func(r *rooms) {
		full := fault.New(fault.DiskFull, "test: write")
		b := bytesOf(14, 100_000)
		for _, fail := range []*atomic.Pointer[error]{&r.store.failWriting, &r.store.failCommit} {
			fail.Store(&full)
			_, err := r.single(file("a.bin", b), b)
			r.refused(err, fault.DiskFull)
			r.nothingLeft()
			fail.Store(nil)
		}
		done, err := r.single(file("a.bin", b), b)
		r.Must(err)
		r.holds(done.ID, b)
	})
}

// The upload that met a full disk goes on when there is room.
func TestUploadGoesOnAfterAFullDisk(t *testing.T) {
	each(t, func(r *rooms) {
		full := fault.New(fault.DiskFull, "test: write")
		b := bytesOf(7, 100_000)
		id := r.open(file("a.bin", b))
		r.store.failWriting.Store(&full)
		r.refused(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 1, bytes.NewReader(b), ""), fault.DiskFull)
		r.store.failWriting.Store(nil)
		r.send(id, b, 1)
		r.store.failCommit.Store(&full)
		_, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.DiskFull)
		r.store.failCommit.Store(nil)
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// A name that is taken at the end is said while slices can still come, and the
// upload goes on when it is free.
func TestCompleteIntoATakenName(t *testing.T) {
	each(t, func(r *rooms) {
		b, other := bytesOf(8, DriveSlice+5), bytesOf(9, 10)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1, 2)
		taken, err := r.single(file("a.bin", other), other)
		r.Must(err)
		_, err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.refused(err, fault.NameTaken)
		n, err := drive.ParseID(taken.ID)
		r.Must(err)
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{n}))
		r.send(id, b, 1) // a client that begins anew
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// What a process that is gone had begun is removed; what can go on stays.
func TestSweepOrphans(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(10, 100)
		id := r.open(file("a.bin", b))
		r.send(id, b, 1)
		var key blob.Key
		r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) (err error) {
			key, err = begin(r.Context(), tx, r.Acc)
			return err
		}))
		ref, err := r.store.Begin(r.Context(), key)
		r.Must(err)
		_, _, err = r.store.WriteSlice(r.Context(), blob.Slice{Key: key, Ref: ref, No: 1, Size: 100}, bytes.NewReader(b))
		r.Must(err)
		// What a URL is fetched into is somebody's.
		var fetched blob.Key
		r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) (err error) {
			if err = queue.Add(r.Context(), tx, queue.Offline, int64(r.Acc), 1, "1"); err != nil {
				return err
			}
			if fetched, err = begin(r.Context(), tx, r.Acc); err != nil {
				return err
			}
			_, err = tx.Exec(r.Context(), `
				INSERT INTO offline_task (account_id, task_seq, dest, url, parent, path, name, found, blob_id, store_ref, got, total, shown, validator,
					hash_state, reserved, tries, fail_code, fail_status, trace_id, result_id, result_name, callback, callback_seq, callback_try)
				VALUES ($1, 1, 1, 'u', '', '', '', '', $2, '', 0, 1, 0, '', '', 0, 0, '', 0, '', '', '', '', 0, 0)`, r.Acc, fetched.ID)
			return err
		}))
		r.Must(r.uploads.SweepOrphans(r.Context(), true))
		r.Must(blob.SweepDoomed(r.Context(), r.DB, r.store))
		if got, want := r.left(), (left{staged: 1, pending: 2, open: 1, reserved: 100}); got != want {
			t.Errorf("after the sweep: %+v, want %+v", got, want)
		}
		if n := r.Number(`SELECT count(*) FROM blob WHERE state = 0 AND id = $1`, fetched.ID); n != 1 {
			t.Errorf("what is being fetched was swept")
		}
		r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) error {
			if _, err := tx.Exec(r.Context(), `UPDATE offline_task SET blob_id = 0`); err != nil {
				return err
			}
			return nil
		}))
		r.Must(r.uploads.SweepOrphans(r.Context(), true))
		r.Must(blob.SweepDoomed(r.Context(), r.DB, r.store))
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// Content that went missing comes back to all who show it when it is uploaded
// again, and is no instant upload before.
func TestMissingContentComesAgain(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(11, 1000)
		first, err := r.single(file("a.png", b), b)
		r.Must(err)
		for _, name := range []string{"first time", "second time", "third time"} {
			r.Must(r.store.List(r.Context(), func(e blob.Entry) error { return r.store.Remove(r.Context(), e.Key) }))
			res, err := r.uploads.Create(r.Context(), r.Acc, file(name+" declared.png", b))
			r.Must(err)
			if res.Reuse {
				t.Errorf("%s: missing content was given away", name)
			}
			again, err := r.single(file(name+".png", b), b)
			r.Must(err)
			r.holds(first.ID, b)
			r.holds(again.ID, b)
		}
	})
}

// A file whose content is lost gets it again by the same upload once more: it stays the
// one it is, in one piece or in slices, below a path too. What has its name and other
// content, or content that is well, is in the way as ever.
func TestLostContentComesAgainUnderItsName(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(12, 1000)
		q := file("/below/a.png", b)
		q.Path = true
		first, err := r.single(q, b)
		r.Must(err)
		shown, err := r.single(file("b.png", b), b)
		r.Must(err)
		used := r.Number(`SELECT used FROM account WHERE id = $1`, r.Acc)
		r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) error { // there is no room for more
			_, err := tx.Exec(r.Context(), `UPDATE account SET quota = used WHERE id = $1`, r.Acc)
			return err
		}))
		damage := map[string]func(){
			"damaged": func() {
				r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) error {
					_, err := tx.Exec(r.Context(), `UPDATE blob SET state = $2 WHERE account_id = $1 AND state = $3`, r.Acc, blob.Damaged, blob.Live)
					return err
				}))
			},
			"gone from the store": func() {
				r.Must(r.store.List(r.Context(), func(e blob.Entry) error { return r.store.Remove(r.Context(), e.Key) }))
			},
		}
		for name, breaks := range damage {
			for _, sliced := range []bool{false, true} {
				_, err := r.uploads.Create(r.Context(), r.Acc, q)
				r.refused(err, fault.NameTaken)
				breaks()
				other := q
				other.Etag = etag(bytesOf(13, 1000))
				_, err = r.uploads.Create(r.Context(), r.Acc, other)
				r.refused(err, fault.NameTaken)
				var again Result
				if sliced {
					id := r.open(q)
					r.send(id, b, 1)
					again, err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
				} else {
					again, err = r.declared(q, b)
				}
				r.Must(err)
				if again.ID != first.ID {
					t.Errorf("%s: it is %s, was %s", name, again.ID, first.ID)
				}
				r.holds(first.ID, b)
				r.holds(shown.ID, b)
			}
		}
		if now := r.Number(`SELECT used FROM account WHERE id = $1`, r.Acc); now != used {
			t.Errorf("%d bytes are used, were %d", now, used)
		}
		if n := r.Number(`SELECT reserved FROM account WHERE id = $1`, r.Acc); n != 0 {
			t.Errorf("%d bytes are reserved", n)
		}
	})
}

// A receiver that fails leaves nothing, whatever had come.
func TestSingleThatFails(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(12, 100_000)
		broken := fault.New(fault.BadBody, "test: receive")
		_, err := r.uploads.Single(r.Context(), r.Acc, drive.MaxSingleSize, func(w *Incoming) (Request, error) {
			if _, err := w.Write(b); err != nil {
				return Request{}, err
			}
			return Request{}, broken
		})
		r.refused(err, fault.BadBody)
		_, err = r.uploads.Single(r.Context(), r.Acc, 1000, func(w *Incoming) (Request, error) {
			_, err := w.Write(b)
			return file("a.bin", b), err
		})
		r.refused(err, fault.FileTooLarge)
		ctx, cancel := context.WithCancel(r.Context())
		_, err = r.uploads.Single(ctx, r.Acc, drive.MaxSingleSize, func(w *Incoming) (Request, error) {
			_, err := w.Write(b)
			cancel() // the caller goes
			return file("a.bin", b), err
		})
		if err == nil {
			t.Error("a caller who had gone was served")
		}
		r.nothingLeft()
	})
}

// Slices that wait for their place are kept aside, and leave nothing.
func TestLateSlice(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(13, 500_000)
		id := r.open(file("a.bin", b))
		late, err := r.uploads.Keep(r.Context(), r.Acc, bytes.NewReader(b))
		r.Must(err)
		r.Must(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 1, late, etag(b)))
		late.Close()
		_, err = r.uploads.Keep(r.Context(), r.Acc, iotest.TimeoutReader(bytes.NewReader(b)))
		if err == nil {
			t.Error("a body that broke was kept")
		}
		done, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.holds(done.ID, b)
		r.nothingLeft()
	})
}

// Slices that came and are no more end their upload: nothing appears with a hole.
func TestWhatCameIsGone(t *testing.T) {
	each(t, func(r *rooms) {
		b := bytesOf(19, 2*DriveSlice+100)
		for n, id := range []string{r.open(file("a.bin", b)), r.open(file("b.bin", b))} {
			r.send(id, b, 1)
			if n == 1 {
				r.send(id, b, 2, 3)
			}
			r.Must(r.store.Remove(r.Context(), blob.Key{Account: int64(r.Acc), ID: int64(n + 1)}))
			if n == 0 {
				// A store may hang up before it has said so, and is asked again then, as clients do.
				err := error(nil)
				for try := 0; try == 0 || try < 20 && fault.Is(err, fault.Unavailable); try++ {
					err = r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 2, bytes.NewReader(slice(b, 2)), "")
				}
				r.refused(err, fault.UploadNotFound)
				continue
			}
			_, err := r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
			r.refused(err, fault.UploadNotFound)
		}
	})
}

// A value of duplicate that does not exist is refused, whichever way a file comes.
func TestNoSuchDuplicate(t *testing.T) {
	each(t, func(r *rooms) {
		old, b := bytesOf(1, 100), bytesOf(2, 200)
		kept, err := r.single(file("a.png", old), old)
		r.Must(err)
		_, err = r.Drive.Mkdir(r.Context(), r.Acc, drive.Root, "empty")
		r.Must(err)
		full, err := r.Drive.Mkdir(r.Context(), r.Acc, drive.Root, "full")
		r.Must(err)
		_, err = r.Drive.Mkdir(r.Context(), r.Acc, full, "inside")
		r.Must(err)
		for _, dup := range []drive.Duplicate{3, -1} {
			for _, name := range []string{"a.png", "empty", "full"} {
				for what, q := range map[string]Request{"other content": file(name, b), "content that is owned": file(name, old)} {
					q.Duplicate = dup
					_, err := r.uploads.Create(r.Context(), r.Acc, q)
					r.names(err, "duplicate", what)
					_, err = r.single(q, b)
					r.names(err, "duplicate", what)
					_, err = r.uploads.ReuseSHA1(r.Context(), r.Acc, q, sha1Of(old))
					r.names(err, "duplicate", what)
				}
			}
			image := Request{Dest: ToBed, Name: "a.png", Etag: etag(old), Size: int64(len(old)), Duplicate: dup}
			_, err := r.uploads.Create(r.Context(), r.Acc, image)
			r.names(err, "duplicate", "the bed")
		}
		r.holds(kept.ID, old)
		if n := r.Number(`SELECT count(*) FROM drive_entry WHERE trashed = 0`); n != 5 {
			t.Errorf("%d entries are there, want 5", n)
		}
		r.nothingLeft()
	})
}

// What is refused makes no folder, whatever it is refused for.
func TestRefusedMakesNoFolders(t *testing.T) {
	each(t, func(r *rooms) {
		r.Acc = r.Account("small", 1000)
		b := bytesOf(1, 300)
		owned, err := r.single(file("owned.png", b), b)
		r.Must(err)
		into := func(path string, b []byte) Request {
			q := file(path, b)
			q.Path = true
			return q
		}
		create := func(q Request) error {
			_, err := r.uploads.Create(r.Context(), r.Acc, q)
			return err
		}
		single := func(q Request, b []byte) error {
			_, err := r.single(q, b)
			return err
		}
		r.refused(create(into("new/large.bin", bytesOf(2, 701))), fault.QuotaExceeded)
		r.refused(single(into("new/large.bin", bytesOf(2, 701)), bytesOf(2, 701)), fault.QuotaExceeded)
		r.refused(single(into("new/other.bin", b), bytesOf(2, 300)), fault.HashMismatch)
		r.Must(create(into("new/owned.png/below.bin", nil)))
		r.refused(create(into("owned.png/below/x.bin", bytesOf(2, 10))), fault.NameTaken)
		r.refused(create(into("owned.png/below/x.png", b)), fault.NameTaken) // instantly too
		r.refused(single(into("owned.png/below/x.bin", b), b), fault.NameTaken)
		if n := r.Number(`SELECT count(*) FROM drive_entry WHERE account_id = $1 AND class = 0 AND id <> 0`, r.Acc); n != 2 {
			t.Errorf("%d folders were made, want the two of the one that was taken", n)
		}
		r.uploads.open = 20
		for n := range r.uploads.open - 1 {
			r.Must(create(file(fmt.Sprint(n), bytesOf(3, 0))))
		}
		r.refused(create(into("late/x.bin", bytesOf(2, 10))), fault.TooManyUploads)
		q := into("late/x.bin", b)
		q.Etag = etag(bytesOf(4, 300))
		missing, err := r.uploads.ReuseSHA1(r.Context(), r.Acc, q, sha1Of(bytesOf(4, 300)))
		if err != nil || missing.ID != "" {
			t.Errorf("content that nobody has: %+v, %v", missing, err)
		}
		if n := r.Number(`SELECT count(*) FROM drive_entry WHERE account_id = $1 AND class = 0 AND id <> 0`, r.Acc); n != 2 {
			t.Errorf("%d folders are there, want 2", n)
		}
		r.Must(create(into("a/e\u0301/twice.png", b))) // instantly
		r.Must(single(into("/a//\u00e9/single.bin", bytesOf(5, 10)), bytesOf(5, 10)))
		if n := r.Number(`SELECT count(*) FROM drive_entry WHERE account_id = $1 AND class = 0 AND id <> 0`, r.Acc); n != 4 {
			t.Errorf("%d folders are there, want 4", n)
		}
		r.holds(owned.ID, b)
	})
}

// arrival is a file that comes in one request, piece by piece, as a test says.
type arrival struct {
	*rooms
	pieces chan []byte
	taken  chan error // of each piece
	ended  chan error
}

// arrive begins to bring a file; where it is declared, that is the first piece.
func (r *rooms) arrive(q Request, declared bool) *arrival {
	a := &arrival{rooms: r, pieces: make(chan []byte), taken: make(chan error), ended: make(chan error, 1)}
	go func() {
		_, err := r.uploads.Single(r.Context(), r.Acc, drive.MaxSingleSize, func(in *Incoming) (Request, error) {
			if declared {
				err := in.Declare(r.Context(), q)
				if a.taken <- err; err != nil {
					return q, err
				}
			}
			for piece := range a.pieces {
				_, err := in.Write(piece)
				if a.taken <- err; err != nil {
					return q, err
				}
			}
			return q, nil
		})
		a.ended <- err
	}()
	return a
}

func (a *arrival) send(b []byte) error {
	a.pieces <- b
	return <-a.taken
}

func (a *arrival) end() error {
	close(a.pieces)
	return <-a.ended
}

// However many files come at once in one request each, they take no more room than
// the account has, but for one of which nothing is known.
func TestFilesAtOnceHaveRoom(t *testing.T) {
	each(t, func(r *rooms) {
		r.Acc = r.Account("small", 1000)
		old := bytesOf(1, 700)
		_, err := r.single(file("old.bin", old), old)
		r.Must(err)
		b := bytesOf(2, 200)

		first := r.arrive(file("first.bin", b), true)
		r.Must(<-first.taken) // 200 of 300
		second := r.arrive(file("second.bin", bytesOf(3, 101)), true)
		r.refused(<-second.taken, fault.QuotaExceeded) // before its first byte
		r.refused(<-second.ended, fault.QuotaExceeded)

		over := file("old.bin", bytesOf(4, 750))
		over.Duplicate = drive.Overwrite
		third := r.arrive(over, true) // gives 700 back
		r.Must(<-third.taken)
		fourth := r.arrive(file("fourth.bin", bytesOf(5, 60)), false)
		r.Must(fourth.send(bytesOf(5, 50))) // the last 50 bytes there are
		r.Must(fourth.send(bytesOf(5, 60)[50:]))
		fifth := r.arrive(file("fifth.bin", bytesOf(6, 10)), false)
		r.refused(fifth.send(bytesOf(6, 10)), fault.QuotaExceeded) // one comes already that has no room
		r.refused(<-fifth.ended, fault.QuotaExceeded)

		r.refused(first.send(bytesOf(7, 201)), fault.HashMismatch) // more than it said
		r.refused(<-first.ended, fault.HashMismatch)
		r.Must(third.send(bytesOf(4, 750)))
		r.Must(third.end())
		r.Must(fourth.end())
		if used := r.Number(`SELECT used FROM account WHERE id = $1`, r.Acc); used != 810 {
			t.Errorf("%d bytes are used, want 810", used)
		}
		again := r.arrive(file("again.bin", bytesOf(8, 190)), true) // all room is given back
		r.Must(<-again.taken)
		r.Must(again.send(bytesOf(8, 190)))
		r.Must(again.end())
		r.nothingLeft()

		r.store.room.Store(new(int64(10)))
		r.Acc = r.Account("large", account.NoQuota)
		full := r.arrive(file("full.bin", b), true)
		r.refused(<-full.taken, fault.DiskFull)
		r.refused(<-full.ended, fault.DiskFull)
		r.nothingLeft()
	})
}

// However many slices wait for their place, they are no more than what is awaited.
func TestLateSlicesHaveRoom(t *testing.T) {
	each(t, func(r *rooms) {
		r.uploads.asideOver = 1000
		b := bytesOf(1, 5000)
		id := r.open(file("a.bin", b))
		first, err := r.uploads.Keep(r.Context(), r.Acc, bytes.NewReader(b))
		r.Must(err)
		second, err := r.uploads.Keep(r.Context(), r.Acc, bytes.NewReader(b[:1000]))
		r.Must(err)
		_, err = r.uploads.Keep(r.Context(), r.Acc, bytes.NewReader(b[:1]))
		r.refused(err, fault.Unavailable)
		second.Close()
		third, err := r.uploads.Keep(r.Context(), r.Acc, bytes.NewReader(b[:1000]))
		r.Must(err)
		third.Close()
		r.Must(r.uploads.Slice(r.Context(), r.Acc, ToDrive, id, 1, first, etag(b)))
		first.Close()
		_, err = r.uploads.Complete(r.Context(), r.Acc, ToDrive, id)
		r.Must(err)
		r.nothingLeft()
		_, err = r.uploads.Keep(r.Context(), r.Acc, bytes.NewReader(b)) // nothing is awaited
		r.refused(err, fault.Unavailable)
		r.nothingLeft()
	})
}

// names says that a parameter was refused.
func (r *rooms) names(err error, parameter, when string) {
	r.Helper()
	if args := fault.ArgsOf(err); !fault.Is(err, fault.BadRequest) || len(args) != 1 || args[0] != parameter {
		r.Errorf("%s: the answer is %v, want bad_request of %s", when, err, parameter)
	}
}

func sha1Of(b []byte) string {
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:])
}
