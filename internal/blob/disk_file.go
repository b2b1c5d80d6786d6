package blob

import (
	"io"
	"os"
	"time"
)

// diskStaged is a staged file.
type diskStaged struct {
	disk *Disk
	key  Key
	file *os.File
}

func (s *diskStaged) WriteAt(p []byte, off int64) (int, error) {
	n, err := s.file.WriteAt(p, off)
	return n, failed(err, "blob: write "+s.key.String())
}

func (s *diskStaged) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.file.ReadAt(p, off)
	if err == io.EOF { // callers compare with ==
		return n, err
	}
	return n, failed(err, "blob: read "+s.key.String())
}

func (s *diskStaged) Truncate(size int64) error {
	return failed(s.file.Truncate(size), "blob: truncate "+s.key.String())
}

// Sync makes the bytes durable, and the file's entry in its folder, without
// which the bytes could not be found again.
func (s *diskStaged) Sync() error {
	op := "blob: sync " + s.key.String()
	if err := s.file.Sync(); err != nil {
		return failed(err, op)
	}
	return failed(s.disk.ensureEntry(s.key), op)
}

func (s *diskStaged) Close() error {
	return failed(s.file.Close(), "blob: close "+s.key.String())
}

// diskObject is a committed file. Its size and time are asked for only when they are
// wanted: who serves a picture knows them already.
type diskObject struct{ file *os.File }

func (o *diskObject) Read(p []byte) (int, error)                { return o.file.Read(p) }
func (o *diskObject) ReadAt(p []byte, off int64) (int, error)   { return o.file.ReadAt(p, off) }
func (o *diskObject) Seek(off int64, whence int) (int64, error) { return o.file.Seek(off, whence) }
func (o *diskObject) Close() error                              { return o.file.Close() }

// Size is that of the file, or -1 where the system does not say.
func (o *diskObject) Size() int64 {
	info, err := o.file.Stat()
	if err != nil {
		return -1
	}
	return info.Size()
}

// ModTime is that of the file, or zero where the system does not say.
func (o *diskObject) ModTime() time.Time {
	info, err := o.file.Stat()
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// File gives the open file; it stays the Object's, which closes it.
func (o *diskObject) File() *os.File { return o.file }
