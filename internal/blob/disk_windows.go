package blob

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// What Windows says when there is no room, by its own names.
const (
	errorHandleDiskFull    = syscall.Errno(39)
	errorDiskFull          = syscall.Errno(112)
	errorDiskQuotaExceeded = syscall.Errno(1295)
)

// dontWait is for what can be waited for when it is opened: there is no such thing.
const dontWait = 0

// syncFolder does nothing: Windows can't sync a folder, its file systems keep a
// journal of the entries.
func syncFolder(string) error { return nil }

func isDiskFull(err error) bool {
	return errors.Is(err, errorHandleDiskFull) ||
		errors.Is(err, errorDiskFull) ||
		errors.Is(err, errorDiskQuotaExceeded)
}

// freeSpace answers the bytes that this user may still write, and those of the whole
// file system.
func freeSpace(dir string) (free, all int64, err error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, err
	}
	var mine, total uint64
	err = windows.GetDiskFreeSpaceEx(path, &mine, &total, nil)
	return int64(mine), int64(total), err
}
