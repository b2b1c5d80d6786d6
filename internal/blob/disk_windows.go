package blob

import (
	"errors"
	"syscall"
)

// What Windows says when there is no room, by its own names.
const (
	errorHandleDiskFull    = syscall.Errno(39)
	errorDiskFull          = syscall.Errno(112)
	errorDiskQuotaExceeded = syscall.Errno(1295)
)

// syncFolder does nothing: Windows can't sync a folder, its file systems keep a
// journal of the entries.
func syncFolder(string) error { return nil }

func isDiskFull(err error) bool {
	return errors.Is(err, errorHandleDiskFull) ||
		errors.Is(err, errorDiskFull) ||
		errors.Is(err, errorDiskQuotaExceeded)
}
