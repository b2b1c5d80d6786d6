package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"tuchuang/internal/fault"
)

// Null is the data of an answer that has none: a nil pointer to it is written as null.
type Null struct{}

// WriteOK answers with success, HTTP 200 and the four keys that typed clients
// insist on:
//
//	{"code":0,"message":"ok","data":…,"x-traceID":"…"}
//
// An error with nothing written (code Internal) means that data can't be told in
// JSON; an error of w is given as it is.
func WriteOK(w http.ResponseWriter, trace string, data any) error {
	b := newEnvelope()
	defer b.free()
	b.raw(`{"code":0,"message":"ok","data":`)
	b.value(data)
	b.raw(`,"x-traceID":`)
	b.value(trace)
	b.raw("}")
	return b.send(w, http.StatusOK)
}

// WriteFlat answers with success and data alone, without the envelope. Errors are those
// of WriteOK.
func WriteFlat(w http.ResponseWriter, data any) error {
	b := newEnvelope()
	defer b.free()
	b.value(data)
	return b.send(w, http.StatusOK)
}

// WriteFail answers with a failure: data is null, and an additional last key
// says it again for programs (faultCode) and in English. Errors are those of
// WriteOK.
//
//	{"code":1,"message":"…","data":null,"x-traceID":"…","error":{"code":"…","message":"…"}}
func WriteFail(w http.ResponseWriter, status int, trace string, code int, message, faultCode, english string) error {
	b := newEnvelope()
	defer b.free()
	b.raw(`{"code":`)
	b.raw(strconv.Itoa(code))
	b.raw(`,"message":`)
	b.value(message)
	b.raw(`,"data":null,"x-traceID":`)
	b.value(trace)
	b.raw(`,"error":{"code":`)
	b.value(faultCode)
	b.raw(`,"message":`)
	b.value(english)
	b.raw("}}")
	return b.send(w, status)
}

// envelope is an answer being written; the first error stays.
type envelope struct {
	buf bytes.Buffer
	err error
}

// envelopes are used again: an answer with a page of a list is some 50 KiB.
var envelopes = sync.Pool{New: func() any { return new(envelope) }}

func newEnvelope() *envelope { return envelopes.Get().(*envelope) } //nolint:forcetypeassert // nothing else is in it

const keptEnvelope = 256 << 10 // bytes; a larger one is not used again

func (b *envelope) free() {
	if b.buf.Cap() <= keptEnvelope {
		b.buf.Reset()
		b.err = nil
		envelopes.Put(b)
	}
}

func (b *envelope) raw(s string) { b.buf.WriteString(s) }

// value writes v as JSON. Links in answers stay readable: <, > and & are not
// escaped.
func (b *envelope) value(v any) {
	if b.err != nil {
		return
	}
	if a, ok := v.(Appender); ok {
		b.buf.Write(a.AppendJSON(b.buf.AvailableBuffer()))
		return
	}
	enc := json.NewEncoder(&b.buf)
	enc.SetEscapeHTML(false)
	if b.err = enc.Encode(v); b.err == nil {
		b.buf.Truncate(b.buf.Len() - 1) // Encode ends with a line break
	}
}

// send writes the whole answer, or nothing.
func (b *envelope) send(w http.ResponseWriter, status int) error {
	if b.err != nil {
		return fault.Because(fault.Internal, "wire: write answer", b.err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.buf.Len()))
	w.WriteHeader(status)
	_, err := w.Write(b.buf.Bytes())
	return fault.Wrap(err, "wire: write answer")
}
