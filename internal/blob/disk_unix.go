//go:build unix

package blob

import (
	"errors"
	"os"
	"syscall"
)

// dontWait has a file opened at once, whatever it is.
const dontWait = syscall.O_NONBLOCK

// syncFolder makes the entries of a folder durable: new files, moved files.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil // a file system that has no such thing, some network ones
	}
	return errors.Join(err, f.Close())
}

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
