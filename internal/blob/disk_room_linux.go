package blob

import "golang.org/x/sys/unix"

// freeSpace answers the bytes that this user may still write, and those of the whole
// file system.
func freeSpace(dir string) (free, all int64, err error) {
	var fs unix.Statfs_t
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Statfs(dir, &fs)
	}
	return int64(fs.Bavail) * int64(fs.Frsize), int64(fs.Blocks) * int64(fs.Frsize), err
}
