package main

import (
	"bytes"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
)

// A refusal ends the command with the code for what is asked too much, or the usual one, and
// sends only that to the operator which he can do something about.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		reason   fault.Code
		code     int
		operator bool
	}{
		{fault.TooManyIDs, exitLimit, false},
		{fault.TooManyImages, exitLimit, false},
		{fault.TooManyTasks, exitLimit, false},
		{fault.PlanPastLimit, exitLimit, false},
		{fault.QuotaExceeded, exitLimit, false},
		{fault.TaskEnded, exitFailed, false},
		{fault.NoneFailed, exitFailed, false},
		{fault.NotFile, exitFailed, false},
		{fault.NotFolder, exitFailed, false},
		{fault.NotPublished, exitFailed, false},
		{fault.PlanChanged, exitFailed, false},
		{fault.Internal, exitFailed, true},
		{fault.ContentMissing, exitFailed, true},
		{"", exitFailed, true}, // of another server
	} {
		var said bytes.Buffer
		u := &ui{err: &said}
		code := u.ended(t.Context(), &client.Error{Code: 1, Message: "no", Reason: string(tt.reason), TraceID: "trace-7"})
		if code != tt.code || strings.Contains(said.String(), "trace-7") != tt.operator {
			t.Errorf("%q: exit %d, says %s", tt.reason, code, &said)
		}
	}
}

// Why an image stays as it is has its sentence, whatever the reason.
func TestKeptReasons(t *testing.T) {
	for _, why := range []copytask.Reason{
		copytask.WasReplaced, copytask.Republished, copytask.WasChanged, copytask.WasMoved, copytask.WasTouched,
		copytask.FormerGone, copytask.SourceBlocked, copytask.QuotaExceeded,
	} {
		if _, known := keptReasons[string(why)]; !known {
			t.Errorf("%s has none", why)
		}
	}
}
