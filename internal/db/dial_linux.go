package db

import (
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unheard bounds how long what is sent over TCP may go unreceived.
func unheard(limit time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(network, _ string, c syscall.RawConn) error {
		if !strings.HasPrefix(network, "tcp") {
			return nil
		}
		var err error
		if e := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
		}); e != nil {
			return e
		}
		return err
	}
}
