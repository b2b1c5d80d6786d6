package api

import (
	"context"
	"io"
	"net/http"
	"os"
	"sync"

	"tuchuang/internal/fault"
	"tuchuang/internal/upload"
)

const (
	maxBody     = 4 << 20   // bytes of a JSON or form body
	maxOpenBody = 16 << 10  // of one from whoever there is: a clientID and its secret
	maxFields   = 256 << 10 // bytes of the fields beside a file
	largeBody   = 64 << 10  // bytes that a body may have without a turn
	largeBodies = 8         // turns: no more bodies than that are larger at a moment
)

// wholeBody is the body of a request that moves no file. It is held in memory, so one
// that is large waits for its turn; and it ends when the time of the request does,
// however slowly it comes.
type wholeBody struct {
	io.ReadCloser
	ctx   context.Context
	turns chan struct{} // one for each body that is large
	read  int
	large bool

	mu      sync.Mutex
	reading bool
	late    bool
}

// bounded puts a wholeBody in the place of a request's body. done gives back what it
// holds: the connection goes on with another request.
func (a *API) bounded(ctx context.Context, r *http.Request) (done func()) {
	body := &wholeBody{ReadCloser: r.Body, ctx: ctx, turns: a.turns}
	r.Body = body
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		body.end()
	})
	return func() {
		if !stop() {
			<-ended
		}
		r.Body = body.ReadCloser
		if body.large {
			<-body.turns
		}
	}
}

// end ends a Read that waits, and all later ones. A body that has come is left alone:
// from its end on the server reads, to notice that the client has gone.
func (b *wholeBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.late = true
	if i, ok := b.ReadCloser.(upload.Interrupter); ok && b.reading {
		i.Interrupt()
	}
}

func (b *wholeBody) Read(p []byte) (int, error) {
	if !b.large && b.read == largeBody {
		select {
		case b.turns <- struct{}{}:
			b.large = true
		case <-b.ctx.Done():
			err := b.ctx.Err()
			return 0, fault.Because(fault.CodeOf(err), "api: wait for the turn of a large body", err)
		}
	}
	if !b.large {
		p = p[:min(len(p), largeBody-b.read)]
	}
	if !b.begin() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := b.ReadCloser.Read(p)
	b.read += n
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	return n, err
}

// begin says whether there is time for another Read.
func (b *wholeBody) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = !b.late
	return b.reading
}
