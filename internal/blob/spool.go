package blob

import (
	"crypto/md5"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"tuchuang/internal/fault"
)

// inMemory is how much of a body waits in memory; more goes to a file.
const inMemory = 256 << 10

// spool holds a body until all of it has come, so that no line to the store waits for a
// slow client, nothing is sent that is not what was declared, and what the store did
// not take can be sent again. Its file is nobody's after a crash: it has lost its name
// before, where the system allows that.
type spool struct {
	dir  string
	head []byte
	file *os.File // what follows head
	name string   // of the file, where it still has one
	size int64
	sum  hash.Hash
}

// ClearSpool takes away what processes that were killed have left in a folder for
// spools. One that is in use loses its name at most, or stays.
func ClearSpool(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "spool-*"))
	for _, name := range names {
		_ = os.Remove(name) // in use, or gone meanwhile
	}
	return failed(err, "blob: clear the spool")
}

func newSpool(dir string) *spool { return &spool{dir: dir, sum: md5.New()} }

func (s *spool) md5() []byte { return s.sum.Sum(nil) }

// fill takes a body to its end.
func (s *spool) fill(body io.Reader) error {
	buf := bufs.Get().(*[bufSize]byte)
	defer bufs.Put(buf)
	for {
		n, err := body.Read(buf[:])
		if _, e := s.Write(buf[:n]); e != nil {
			return e
		}
		if err == io.EOF { // as it is: a body's error may have it for a cause
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *spool) Write(p []byte) (int, error) {
	const op = "blob: keep until it is whole"
	rest := p
	if room := inMemory - len(s.head); room > 0 {
		n := min(room, len(rest))
		s.head = append(s.head, rest[:n]...)
		rest = rest[n:]
	}
	if len(rest) > 0 {
		if err := s.open(int64(len(rest)), op); err != nil {
			return 0, err
		}
		if _, err := s.file.Write(rest); err != nil {
			return 0, failed(err, op)
		}
	}
	s.sum.Write(p)
	s.size += int64(len(p))
	return len(p), nil
}

// open makes the file, and asks for room as the disk store does.
func (s *spool) open(more int64, op string) (err error) {
	if s.file == nil {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return failed(err, op)
		}
	}
	switch room, err := roomIn(s.dir, op); {
	case err != nil:
		return err
	case room < more:
		return fault.New(fault.DiskFull, op)
	}
	if s.file != nil {
		return nil
	}
	if s.file, err = os.CreateTemp(s.dir, "spool-*"); err != nil {
		return failed(err, op)
	}
	if err := os.Remove(s.file.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) { // Windows keeps the name of what is open
		s.name = s.file.Name()
	}
	return nil
}

// reader gives the content from its beginning, as often as it is asked.
func (s *spool) reader() *io.SectionReader { return io.NewSectionReader(s, 0, s.size) }

func (s *spool) ReadAt(p []byte, off int64) (n int, err error) {
	if off < int64(len(s.head)) {
		n = copy(p, s.head[off:])
	}
	if n < len(p) && s.file != nil {
		var m int
		m, err = s.file.ReadAt(p[n:], off+int64(n)-int64(len(s.head)))
		n += m
	}
	if n < len(p) && err == nil {
		err = io.EOF
	}
	return n, err
}

func (s *spool) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	return failed(err, "blob: close what was kept")
}
