package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"tuchuang/internal/fault"
)

// An answer that is no envelope comes in pieces, each with a limit of its own, so that it
// may take any time as long as it is taken.
const (
	pieceLimit       = time.Minute
	sharedPieceLimit = 10 * time.Minute // in HTTP/2, where the answers of a connection wait for each other
)

// What such answers are.
const (
	csvMedia   = "text/csv; charset=utf-8"
	jsonMedia  = "application/json; charset=utf-8"
	eventMedia = "text/event-stream; charset=utf-8"
)

// stream is data that is no envelope: it writes the answer itself, from the head on, as
// long as the context of the request goes on. Where it ends with an error the connection
// is broken off: what came must not be taken for the whole.
type stream func(ctx context.Context, f *flow) error

// appendJSON writes a value on one line. Links stay readable, as in the envelope.
func appendJSON(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	if err == nil {
		b.Truncate(b.Len() - 1) // Encode ends with a line break
	}
	return err
}

// flow sends a stream.
type flow struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	limit time.Duration
}

func newFlow(w http.ResponseWriter, r *http.Request) *flow {
	f := &flow{w, http.NewResponseController(w), pieceLimit}
	if r.ProtoMajor > 1 {
		f.limit = sharedPieceLimit
	}
	return f
}

// begin sets what the answer is; it goes out with the first piece.
func (f *flow) begin(contentType string) http.Header {
	h := f.w.Header()
	h.Set("Content-Type", contentType)
	return h
}

// extend gives the next piece its time.
func (f *flow) extend() error {
	err := f.rc.SetWriteDeadline(time.Now().Add(f.limit))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// send sends a piece at once; fault.Canceled where the client has gone, or takes nothing.
func (f *flow) send(b []byte) error {
	err := f.extend()
	if err == nil {
		_, err = f.w.Write(b)
	}
	if err == nil {
		err = f.rc.Flush()
	}
	if err != nil {
		return fault.Because(fault.Canceled, "api: send a piece", err)
	}
	return nil
}
