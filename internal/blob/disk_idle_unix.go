//go:build unix

package blob

import "syscall"

func idleLimit() int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return 0
	}
	return int(min(mostIdle, files.Cur/8))
}
