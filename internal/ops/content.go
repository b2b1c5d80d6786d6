package ops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"tuchuang/internal/blob"
	"tuchuang/internal/fault"
)

// Progress is told how far something is: counts of contents and of their bytes. It
// may be called by several goroutines.
type Progress func(done, total, bytes, totalBytes int64)

// copyWorkers are how many contents are copied at a time.
const copyWorkers = 4

// put stores whole content under a key; it is durable when put has returned nil.
func put(ctx context.Context, s blob.Store, key blob.Key, from io.Reader) error {
	w, err := s.Create(ctx, key)
	if err != nil {
		return err
	}
	if _, err = io.Copy(w, from); err == nil {
		err = w.Commit(ctx)
	}
	return errors.Join(err, w.Close())
}

// copyChecked copies content and says whether it is what its row says.
func copyChecked(to io.Writer, from io.Reader, want blob.Stored) (same bool, err error) {
	var sum summer
	_, err = io.Copy(io.MultiWriter(to, &sum), from)
	return sum.is(want), err
}

// summer takes the SHA-256 and the size of what is written to it.
type summer struct {
	sum  hash.Hash
	size int64
}

func (s *summer) Write(p []byte) (int, error) {
	s.add(p)
	return len(p), nil
}

func (s *summer) add(p []byte) {
	if s.sum == nil {
		s.sum = sha256.New()
	}
	s.sum.Write(p) // hashes never fail
	s.size += int64(len(p))
}

func (s *summer) is(want blob.Stored) bool {
	s.add(nil)
	return s.size == want.Size && hex.EncodeToString(s.sum.Sum(nil)) == want.SHA256
}

// eachContent has fn called for every content that next gives, by a few goroutines,
// and ends with the first error.
func eachContent(ctx context.Context, next func(ctx context.Context, give func(blob.Stored) error) error,
	fn func(context.Context, blob.Stored) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan blob.Stored, copyWorkers)
	var all sync.WaitGroup
	for range copyWorkers {
		all.Go(func() {
			for s := range todo {
				if ctx.Err() != nil {
					continue
				}
				if err := fault.Guard("ops: content", func() error { return fn(ctx, s) }); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := next(ctx, func(s blob.Stored) error {
		select {
		case todo <- s:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(todo)
	all.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// tally counts what is done and tells it.
type tally struct {
	mu           sync.Mutex
	tell         Progress
	total, bytes int64 // in all
	n, nBytes    int64
	lost         []blob.Key
}

func (t *tally) done(s blob.Stored) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	t.nBytes += s.Size
	if t.tell != nil {
		t.tell(t.n, t.total, t.nBytes, t.bytes)
	}
}

func (t *tally) lose(s blob.Stored) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lost = append(t.lost, s.Key)
}

// writeDurably has fn write a new file whose bytes are durable when it has returned
// nil; otherwise there is none.
func writeDurably(path string, fn func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return full(err)
	}
	if err = errors.Join(fn(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(full(err), os.Remove(path))
	}
	return nil
}

// writeFile is writeDurably for a file that is there as a whole or not at all.
func writeFile(path string, fn func(io.Writer) error) error {
	part := path + ".part"
	if err := writeDurably(part, fn); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return full(err)
	}
	return syncFolder(filepath.Dir(path))
}

// full gives an error of the disk its code.
func full(err error) error {
	if isDiskFull(err) {
		return fault.Because(fault.DiskFull, "ops: write", err)
	}
	return fault.Wrap(err, "ops: write")
}

// syncFolder makes the entries of a folder durable; Windows keeps a journal of them.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return fault.Wrap(err, "ops: sync")
	}
	return fault.Wrap(errors.Join(f.Sync(), f.Close()), "ops: sync")
}

// syncFile makes a file durable that somebody else has written.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fault.Wrap(err, "ops: sync")
	}
	return fault.Wrap(errors.Join(f.Sync(), f.Close()), "ops: sync")
}

// sumFile answers the SHA-256 of a file, and its size.
func sumFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
