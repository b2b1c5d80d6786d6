package client

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"sync"
)

// Content is Size bytes of a file, beginning at Offset. The file is read at
// places, so that a try can be repeated and parts can go side by side.
type Content struct {
	From   io.ReaderAt
	Offset int64
	Size   int64
	Sent   func(delta int64) // told of bytes as they leave, and of minus those of a try that failed; may be nil
}

// Part is size bytes of the content, beginning at offset within it.
func (c Content) Part(offset, size int64) Content {
	c.Offset += offset
	c.Size = min(size, c.Size-offset)
	return c
}

// Reader reads the content from its beginning. A file that can't be read, or has
// become shorter, is a contentError.
func (c Content) Reader() io.Reader {
	return &whole{io.NewSectionReader(c.From, c.Offset, c.Size), c.Size}
}

// contentError is a failure to read what is to be sent. It is no fault of the
// connection, and trying again is of no use.
type contentError struct{ cause error }

func (e *contentError) Error() string { return "client: read what is to be sent: " + e.cause.Error() }
func (e *contentError) Unwrap() error { return e.cause }

// whole reads all of a content, or fails.
type whole struct {
	r    io.Reader
	left int64
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.left -= int64(n)
	switch {
	case err == io.EOF && w.left > 0:
		return n, &contentError{io.ErrUnexpectedEOF}
	case err != nil && err != io.EOF:
		return n, &contentError{err}
	}
	return n, err
}

// raw is the content as a body of its own.
func (c Content) raw() body {
	from, undo := c.counted()
	return body{"application/octet-stream", c.Size, from, undo}
}

// counted makes readers of the content that report to Sent. A new one takes back
// what the one before has reported, and silences it: net/http may still be reading
// for a try that was given up. undo does the same without a new one.
func (c Content) counted() (from func() io.Reader, undo func()) {
	if c.Sent == nil {
		return c.Reader, nil
	}
	l := &ledger{report: c.Sent}
	return func() io.Reader { return &counter{c.Reader(), l, l.begin()} }, func() { l.begin() }
}

// ledger counts what the present try has sent.
type ledger struct {
	mu     sync.Mutex
	report func(int64)
	try    int
	sent   int64
}

func (l *ledger) begin() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent > 0 {
		l.report(-l.sent)
	}
	l.sent = 0
	l.try++
	return l.try
}

func (l *ledger) add(try int, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if try == l.try && n > 0 {
		l.sent += n
		l.report(n)
	}
}

type counter struct {
	r      io.Reader
	ledger *ledger
	try    int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.ledger.add(c.try, int64(n))
	return n, err
}

// field is one value of a form.
type field struct{ name, value string }

// form is a multipart body of fields and, after them, one file. Only what stands
// around the file is in memory.
func form(fields []field, file, filename string, content Content) (body, error) {
	var around bytes.Buffer
	w := multipart.NewWriter(&around)
	if err := w.SetBoundary("tuchuang" + rand.Text()); err != nil {
		return body{}, fmt.Errorf("client: %w", err)
	}
	for _, f := range fields {
		if err := w.WriteField(f.name, f.value); err != nil {
			return body{}, fmt.Errorf("client: %w", err)
		}
	}
	if _, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition(file, filename)},
		"Content-Type":        {"application/octet-stream"},
	}); err != nil {
		return body{}, fmt.Errorf("client: %w", err)
	}
	before := around.Len()
	if err := w.Close(); err != nil {
		return body{}, fmt.Errorf("client: %w", err)
	}
	head, tail := around.Bytes()[:before], around.Bytes()[before:]
	from, undo := content.counted()
	return body{w.FormDataContentType(), int64(around.Len()) + content.Size, func() io.Reader {
		return io.MultiReader(bytes.NewReader(head), from(), bytes.NewReader(tail))
	}, undo}, nil
}
