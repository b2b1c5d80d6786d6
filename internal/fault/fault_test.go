package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"tuchuang/internal/fault"
)

func TestCodeSurvivesWrapping(t *testing.T) {
	base := fault.Because(fault.TooManyTasks, "copytask: create", io.EOF, 3)
	tests := []struct {
		name string
		err  error
		want fault.Code
	}{
		{"nil", nil, ""},
		{"itself", base, fault.TooManyTasks},
		{"wrapped", fault.Wrap(fault.Wrap(base, "inner"), "outer"), fault.TooManyTasks},
		{"the outermost code counts", fault.Because(fault.DiskFull, "blob: put", base), fault.DiskFull},
		{"plain", errors.New("boom"), fault.Internal},
		{"cancelled", fmt.Errorf("query: %w", context.Canceled), fault.Canceled},
		{"deadline", fmt.Errorf("query: %w", context.DeadlineExceeded), fault.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fault.CodeOf(tt.err); got != tt.want {
				t.Errorf("CodeOf(%v) = %q, want %q", tt.err, got, tt.want)
			}
		})
	}
	if !errors.Is(fault.Wrap(base, "outer"), io.EOF) {
		t.Error("the cause is lost")
	}
	if got := fault.ArgsOf(fault.Wrap(base, "outer")); len(got) != 1 || got[0] != 3 {
		t.Errorf("ArgsOf = %v, want [3]", got)
	}
	if fault.Wrap(nil, "anything") != nil {
		t.Error("Wrap(nil) is not nil")
	}
}

func TestErrorReadsOutermostFirst(t *testing.T) {
	err := fault.Wrap(fault.Because(fault.NotFound, "drive: find", io.EOF, int64(7)), "copytask: create")
	const want = "copytask: create: drive: find: not_found [7]: EOF"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}
