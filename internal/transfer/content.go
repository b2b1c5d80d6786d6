package transfer

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"tuchuang/internal/blob"
)

// open opens content, which must have the size that its row says: what has another is
// as good as missing, and nothing of it is sent.
func (t *Transfer) open(ctx context.Context, key blob.Key, size int64) (blob.Object, error) {
	object, err := t.Store.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	if has := object.Size(); has != size {
		return nil, errors.Join(wrongSize(key, has, size), object.Close())
	}
	if file(object) != nil {
		return object, nil // its reader is the kernel
	}
	return &content{Object: object}, nil
}

// content remembers that it could not be read: net/http, which reads it, tells nobody.
type content struct {
	blob.Object
	failed atomic.Pointer[error]
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.Object.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.failed.Store(&err)
	}
	return n, err
}

// ended breaks an answer off whose content could not be read to its end: its head has
// promised all of it, so the connection must not be seen to end well.
func (t *Transfer) ended(r *http.Request, from io.Reader) {
	c, ok := from.(*content)
	if !ok {
		return
	}
	err := c.failed.Load()
	if err == nil {
		return
	}
	t.breakOff(r, *err)
}

// breakOff ends an answer that has begun so that nobody takes it for whole.
func (t *Transfer) breakOff(r *http.Request, err error) {
	if r.Context().Err() == nil { // the asker is still there
		t.Log.Error("transfer: an answer is broken off", "method", r.Method, "trace", rand.Text(), "err", err)
	}
	panic(http.ErrAbortHandler)
}
