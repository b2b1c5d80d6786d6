package blob

import (
	"errors"
	"io"
	"os"
	"time"

	"tuchuang/internal/fault"
)

// diskStaged is a staged file.
type diskStaged struct {
	disk *Disk
	key  Key
	file *os.File
}

func (s *diskStaged) WriteAt(p []byte, off int64) (int, error) {
	op := "blob: write " + s.key.String()
	switch room, err := s.disk.room(op); {
	case err != nil:
		return 0, err
	case room < int64(len(p)):
		return 0, fault.New(fault.DiskFull, op)
	}
	n, err := s.file.WriteAt(p, off)
	return n, failed(err, op)
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

// diskObject is a committed file.
type diskObject struct {
	disk   *Disk
	key    Key
	file   openFile
	served bool // by its file: it is likely to be so again
}

func (o *diskObject) Read(p []byte) (int, error)                { return o.file.Read(p) }
func (o *diskObject) ReadAt(p []byte, off int64) (int, error)   { return o.file.ReadAt(p, off) }
func (o *diskObject) Seek(off int64, whence int) (int64, error) { return o.file.Seek(off, whence) }
func (o *diskObject) Size() int64                               { return o.file.info.Size() }
func (o *diskObject) ModTime() time.Time                        { return o.file.info.ModTime() }

// Close keeps a file that was served open for the next reader, at its start.
func (o *diskObject) Close() error {
	file := o.file
	if file.File == nil {
		return os.ErrClosed
	}
	o.file = openFile{}
	if !o.served {
		return failed(file.Close(), "blob: close "+o.key.String())
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return errors.Join(failed(err, "blob: rewind "+o.key.String()), file.Close())
	}
	return failed(o.disk.idle.give(o.key, file), "blob: close a file")
}

// File gives the open file; it stays the Object's, which closes it.
func (o *diskObject) File() *os.File {
	o.served = true
	return o.file.File
}
