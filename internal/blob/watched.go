package blob

import (
	"context"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// Told is called after each operation of a store: its name, a word of ours, how it
// ended, and how long it took.
type Told func(operation string, err error, took time.Duration)

// Watched is a store that tells of its operations. Objects that are a file of this
// machine come as they are, so that the kernel can copy them by itself. It is a Linker
// where the store is one.
func Watched(s Store, told Told) Store {
	w := &watched{s, told}
	if links, ok := s.(Linker); ok {
		return &watchedLinker{w, links}
	}
	return w
}

type watchedLinker struct {
	*watched
	links Linker
}

func (w *watchedLinker) Link(ctx context.Context, method string, key Key, h Headers, life time.Duration) (Link, error) {
	began := time.Now()
	link, err := w.links.Link(ctx, method, key, h, life)
	w.told("link", err, time.Since(began))
	return link, err
}

func (w *watchedLinker) Origin(ctx context.Context) (string, error) { return w.links.Origin(ctx) }

type watched struct {
	Store
	told Told
}

func (w *watched) Create(ctx context.Context, key Key) (Writer, error) {
	began := time.Now()
	to, err := w.Store.Create(ctx, key)
	w.told("create", err, time.Since(began))
	if err != nil {
		return nil, err
	}
	return &watchedWriter{to, w.told}, nil
}

func (w *watched) Begin(ctx context.Context, key Key) (string, error) {
	began := time.Now()
	ref, err := w.Store.Begin(ctx, key)
	w.told("begin", err, time.Since(began))
	return ref, err
}

func (w *watched) WriteSlice(ctx context.Context, s Slice, body io.Reader) (Part, bool, error) {
	from := &timedReader{r: body}
	began := time.Now()
	part, changed, err := w.Store.WriteSlice(ctx, s, from)
	w.told("slice", err, time.Since(began)-time.Duration(from.took.Load()))
	return part, changed, err
}

// timedReader says how long its bytes took to come: that is the sender's time, not
// the store's. A store may still be reading when it has answered.
type timedReader struct {
	r    io.Reader
	took atomic.Int64
}

func (t *timedReader) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := t.r.Read(p)
	t.took.Add(int64(time.Since(began)))
	return n, err
}

func (w *watched) Commit(ctx context.Context, key Key, ref string, parts []Part) error {
	began := time.Now()
	err := w.Store.Commit(ctx, key, ref, parts)
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

// String names the store for people.
func (w *watched) String() string { return NameOf(w.Store) }

type watchedWriter struct {
	Writer
	told Told
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	began := time.Now()
	n, err := w.Writer.Write(p)
	w.told("write", err, time.Since(began))
	return n, err
}

func (w *watchedWriter) Commit(ctx context.Context) error {
	began := time.Now()
	err := w.Writer.Commit(ctx)
	w.told("commit", err, time.Since(began))
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
