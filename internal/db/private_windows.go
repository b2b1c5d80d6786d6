package db

import (
	"io/fs"
	"os"
)

// writable says why a file may not be written to, as far as its own mark goes.
func writable(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o200 == 0 {
		err = fs.ErrPermission
	}
	return err
}
