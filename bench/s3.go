package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/db"
)

// bucket makes an empty bucket of an S3 server, noted as a database's own, and answers what
// a server is told of it by its environment.
func (b *bench) bucket(ctx context.Context, of db.Options) (env []string, end func() error, err error) {
	t := &borrowed{ctx: ctx, dir: b.dir}
	done := make(chan *blobtest.S3Server, 1)
	go func() { // Fatal ends a goroutine
		defer close(done)
		s := blobtest.S3(t)
		if err := adopt(ctx, of, s.Open(t)); err != nil {
			t.Fatal(err)
		}
		done <- s
	}()
	s, ok := <-done
	if !ok {
		return nil, nil, errors.Join(t.err, t.end())
	}
	return append(s.Env(), "TUCHUANG_BLOB_URL="+s.URL()), t.end, nil
}

// borrowed is as much of a test as what is made for tests wants.
type borrowed struct {
	testing.TB
	ctx      context.Context //nolint:containedctx // a test has one
	dir      string
	err      error
	cleanups []func()
}

func (t *borrowed) Helper()                  {}
func (t *borrowed) Context() context.Context { return t.ctx }
func (t *borrowed) TempDir() string          { return t.dir }
func (t *borrowed) Cleanup(fn func())        { t.cleanups = append(t.cleanups, fn) }
func (t *borrowed) Error(args ...any)        { t.err = errors.Join(t.err, errors.New(fmt.Sprint(args...))) }
func (t *borrowed) Fatal(args ...any)        { t.Error(args...); runtime.Goexit() }
func (t *borrowed) Fatalf(format string, args ...any) {
	t.Fatal(fmt.Sprintf(format, args...))
}

func (t *borrowed) end() error {
	for len(t.cleanups) > 0 {
		last := len(t.cleanups) - 1
		t.cleanups[last]()
		t.cleanups = t.cleanups[:last]
	}
	return t.err
}
