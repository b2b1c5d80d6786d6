package blob

import (
	"errors"
	"io"
	"os"
	"time"
)

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
