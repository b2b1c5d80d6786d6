//go:build unix

package db

import "golang.org/x/sys/unix"

// writable says why this user may not write to a file. It is asked, not opened, see
// makePrivate.
func writable(path string) error {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS)
}
