package blob

import (
	"context"
	"io"
	"os"
	"time"
)

// Told is called after each operation of a store: its name, a word of ours, how it
// ended, and how long it took.
type Told func(operation string, err error, took time.Duration)

// Watched is a store that tells of its operations. Objects that are a file of this
// machine come as they are, so that the kernel can copy them by itself.
func Watched(s Store, told Told) Store { return &watched{s, told} }

type watched struct {
	Store
	told Told
}

func (w *watched) Stage(ctx context.Context, key Key) (Staged, error) {
	began := time.Now()
	s, err := w.Store.Stage(ctx, key)
	w.told("stage", err, time.Since(began))
	if err != nil {
		return nil, err
	}
	return &watchedStaged{s, w.told}, nil
}

func (w *watched) Commit(ctx context.Context, key Key) error {
	began := time.Now()
	err := w.Store.Commit(ctx, key)
	w.told("commit", err, time.Since(began))
	return err
}

func (w *watched) Open(ctx context.Context, key Key) (Object, error) {
	began := time.Now()
	o, err := w.Store.Open(ctx, key)
	w.told("open", err, time.Since(began))
	if err != nil {
		return nil, err
	}
	if _, local := o.(interface{ File() *os.File }); local {
		return o, nil
	}
	return &watchedObject{o, w.told}, nil
}

func (w *watched) Remove(ctx context.Context, key Key) error {
	began := time.Now()
	err := w.Store.Remove(ctx, key)
	w.told("remove", err, time.Since(began))
	return err
}

type watchedStaged struct {
	Staged
	told Told
}

func (s *watchedStaged) WriteAt(p []byte, off int64) (int, error) {
	began := time.Now()
	n, err := s.Staged.WriteAt(p, off)
	s.told("write", err, time.Since(began))
	return n, err
}

func (s *watchedStaged) Sync() error {
	began := time.Now()
	err := s.Staged.Sync()
	s.told("sync", err, time.Since(began))
	return err
}

type watchedObject struct {
	Object
	told Told
}

func (o *watchedObject) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := o.Object.Read(p)
	o.told("read", ended(err), time.Since(began))
	return n, err
}

func (o *watchedObject) ReadAt(p []byte, off int64) (int, error) {
	began := time.Now()
	n, err := o.Object.ReadAt(p, off)
	o.told("read", ended(err), time.Since(began))
	return n, err
}

// ended passes over the end of content, which is no failure.
func ended(err error) error {
	if err == io.EOF { //nolint:errorlint // stores hand it on bare
		return nil
	}
	return err
}
