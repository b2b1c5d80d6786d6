//go:build unix

package blob

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"tuchuang/internal/fault"
)

func TestFailedGivesTheCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want fault.Code
	}{
		{nil, ""},
		{syscall.ENOSPC, fault.DiskFull},
		{syscall.EDQUOT, fault.DiskFull},
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, fault.DiskFull},
		{&os.LinkError{Op: "rename", Old: "x", New: "y", Err: syscall.EDQUOT}, fault.DiskFull},
		{errors.Join(io.ErrShortWrite, syscall.ENOSPC), fault.DiskFull},
		{syscall.EIO, fault.Internal},
		{os.ErrPermission, fault.Internal},
	} {
		err := failed(test.err, "blob: try")
		if got := fault.CodeOf(err); got != test.want {
			t.Errorf("failed(%v) has the code %q, want %q", test.err, got, test.want)
		}
		if !errors.Is(err, test.err) {
			t.Errorf("failed(%v) lost its cause", test.err)
		}
	}
}
