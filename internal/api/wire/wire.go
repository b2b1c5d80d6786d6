// Package wire is the one place of leniency: it turns whatever HTTP request a
// client sends into typed values, and typed values into the answer's envelope.
// It promises that a request is read the same way each time, that what it can't
// read exactly is a fault and never a guess, and that no request costs more
// than a few times the bytes it sent. It must not know any endpoint, any room,
// or what the values mean.
//
// Reading has two halves. Parse (or Multipart, where a file streams by) collects
// the parameters of query and body into Params; Bind fills a struct from them
// by its tags. Names are matched without regard to ASCII case; null, "" and []
// count as absent; the body wins over the query; and of two spellings of one
// name the first that isn't empty wins.
package wire

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"

	"tuchuang/internal/fault"
)

const (
	maxEntries = 10_000   // parameters in one request, query and body together
	maxDepth   = 32       // nesting of a JSON body; the deepest that any client sends is 3
	firstRead  = 64 << 10 // bytes set aside for a body on the word of its Content-Length
)

// source is where a parameter stood. Smaller wins.
type source int

const (
	fromJSON source = iota
	fromForm        // urlencoded or multipart body
	fromQuery
	sources // how many there are
)

// entry is one parameter as it was sent. Names are compared when they are
// bound, so that a request full of strange names fills no map.
type entry struct {
	name   string // as spelled, without a form's trailing [] or [0]
	value  Raw    // never empty
	source source
}

// Params are the parameters of one request in the order they were sent. The
// strings bound from it share memory with the body: clone one that is kept long
// after the request.
type Params struct {
	entries []entry
	seen    int // entries sent, with the empty ones that were dropped
}

// errTooMany is the cause when a request has more than maxEntries parameters.
var errTooMany = errors.New("too many parameters")

// add keeps one parameter, unless it is empty.
func (p *Params) add(name string, value Raw, from source) error {
	if p.seen++; p.seen > maxEntries {
		return errTooMany
	}
	if !value.empty() {
		p.entries = append(p.entries, entry{name, value, from})
	}
	return nil
}

// Parse reads query and body of r, whatever the method. The body is JSON if it
// begins with { or [, else multipart if the header says so (its files are left
// out, see Multipart), else urlencoded. At most maxBody bytes of it are read.
//
// Errors: BadRequest naming "query" for a query that can't be decoded, BadBody
// for a body that can't, that ended early, or that is a JSON array, BodyTooLarge.
func Parse(r *http.Request, maxBody int64) (*Params, error) {
	p := &Params{entries: make([]entry, 0, 8)}
	if err := p.addQuery(r); err != nil {
		return nil, err
	}
	body, err := readBody(r, maxBody)
	if err != nil {
		return nil, err
	}
	trimmed := bytes.Trim(bytes.TrimPrefix(body, byteOrderMark), " \t\r\n")
	if len(trimmed) == 0 {
		return p, nil
	}
	switch contentType := r.Header.Get("Content-Type"); {
	case trimmed[0] == '{' || trimmed[0] == '[':
		err = p.addJSON(trimmed)
	case isMultipart(contentType):
		// Its fields are bounded by the body, which is in memory already.
		err = p.addParts(bytes.NewReader(body), contentType, maxBody, nil)
	default:
		err = p.addPairs(string(trimmed), fromForm)
	}
	if err != nil {
		return nil, bodyFault(err)
	}
	return p, nil
}

// byteOrderMark stands before what some clients send.
var byteOrderMark = []byte("\xef\xbb\xbf")

// addQuery reads the parameters of the URL.
func (p *Params) addQuery(r *http.Request) error {
	if err := p.addPairs(r.URL.RawQuery, fromQuery); err != nil {
		return fault.Because(fault.BadRequest, "wire: parse query", err, "query")
	}
	return nil
}

// readBody reads a body of at most limit bytes.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, fault.New(fault.BodyTooLarge, "wire: read body")
	}
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), firstRead)) + bytes.MinRead)
	n, err := b.ReadFrom(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, bodyFault(err)
	}
	if n > limit {
		return nil, fault.New(fault.BodyTooLarge, "wire: read body")
	}
	return b.Bytes(), nil
}

// bodyFault gives an error of reading or decoding a body its code; a fault
// keeps the one it has.
func bodyFault(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Because(fault.BodyTooLarge, "wire: read body", err)
	}
	return fault.Because(fault.BadBody, "wire: read body", err)
}

// isMultipart says whether the header announces a multipart form.
func isMultipart(contentType string) bool {
	// A header that can't be parsed announces nothing: the body is then a form.
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "multipart/form-data"
}

var errUTF8 = errors.New("not UTF-8")

// checkText refuses what is no text.
func checkText(texts ...string) error {
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return errUTF8
		}
	}
	return nil
}
