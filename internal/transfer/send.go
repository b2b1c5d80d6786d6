package transfer

import (
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"time"
)

// An answer that is a file may take any time as long as it goes on: each piece of it
// has a limit of its own, so that a reader who has stopped ends soon, however much is
// left for him.
const (
	piece   = 4 << 20     // bytes; whole runs of the kernel's, which costs nothing
	slowest = 16 << 10    // bytes a second that a reader must take beside the minute
	minute  = time.Minute // for what is on its way already

	// In HTTP/2 the readers of a connection share it, so the rate of one says little,
	// and a connection that takes nothing at all ends by the server's WriteByteTimeout.
	// This is for one answer that is not taken beside others that are.
	sharedLimit = 10 * time.Minute // for 32 KiB, the buffer of io.Copy
)

// sender sends the bytes of files with limits of time.
type sender struct {
	http.ResponseWriter
	t      *Transfer
	rc     *http.ResponseController
	shared bool              // the connection, with other answers
	sent   func(bytes int64) // is told of the content that goes, where it is set
}

func (t *Transfer) sender(w http.ResponseWriter, r *http.Request) *sender {
	return &sender{ResponseWriter: w, t: t, rc: http.NewResponseController(w), shared: r.ProtoMajor > 1}
}

// serve answers with content or the part that is asked for through w, which leads to
// the sender; see http.ServeContent.
func (s *sender) serve(w http.ResponseWriter, r *http.Request, modified time.Time, content io.ReadSeeker) {
	s.limit(0)
	if f := file(content); f != nil {
		content = f
	}
	http.ServeContent(w, r, "", modified, content)
}

// file is the file behind content; nil where there is none. The kernel copies it by
// itself where it is seen to be one.
func file(object io.ReadSeeker) *os.File {
	if f, ok := object.(interface{ File() *os.File }); ok {
		return f.File()
	}
	return nil
}

// ReadFrom sends what src has, all of it or what io.LimitedReader leaves.
func (s *sender) ReadFrom(src io.Reader) (sent int64, err error) {
	rest := int64(math.MaxInt64)
	if l, ok := src.(*io.LimitedReader); ok {
		src, rest = l.R, l.N
		defer func() { l.N -= sent }()
	}
	if sent, err = s.send(src, rest); errors.Is(err, io.EOF) {
		err = nil
	}
	return sent, err
}

// send sends n bytes of src. It goes around the sender's own Write and ReadFrom.
func (s *sender) send(src io.Reader, n int64) (sent int64, err error) {
	if s.shared {
		return io.CopyN(&sharedWriter{s}, &sharedReader{src, s}, n)
	}
	for err == nil && sent < n {
		part := min(n-sent, piece)
		s.limit(part)
		var did int64
		did, err = io.CopyN(s.ResponseWriter, src, part)
		sent += did
		s.tell(did)
	}
	return sent, err
}

func (s *sender) tell(n int64) {
	if s.sent != nil && n > 0 {
		s.sent(n)
	}
}

// limit gives so many bytes the time that they may take from now on.
func (s *sender) limit(n int64) {
	limit := minute + time.Duration(n)*time.Second/slowest
	if s.shared {
		limit = sharedLimit
	}
	if err := s.rc.SetWriteDeadline(time.Now().Add(limit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.t.Log.Debug("transfer: write deadline", "err", err)
	}
}

// sharedReader begins the limit anew for each buffer that is about to be written. It
// is read by the goroutine that answers: no other may set limits in HTTP/2.
type sharedReader struct {
	io.Reader
	s *sender
}

func (r *sharedReader) Read(p []byte) (int, error) {
	r.s.limit(0)
	return r.Reader.Read(p)
}

// sharedWriter tells of each buffer.
type sharedWriter struct{ s *sender }

func (w *sharedWriter) Write(p []byte) (int, error) {
	n, err := w.s.ResponseWriter.Write(p)
	w.s.tell(int64(n))
	return n, err
}

// paced writes what is made while it is sent, each piece of it in its time.
type paced struct {
	s     *sender
	left  int64 // of the piece that has its time
	begun bool  // something has gone
}

func (p *paced) Write(b []byte) (int, error) {
	if p.left <= 0 || p.s.shared {
		p.s.limit(piece)
		p.left = piece
	}
	p.left -= int64(len(b))
	p.begun = true
	return p.s.ResponseWriter.Write(b)
}
