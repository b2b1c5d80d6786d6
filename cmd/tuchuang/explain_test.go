package main

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
	"tuchuang/internal/ops"
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
		{fault.TooManyDownloads, exitLimit, false},
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

// Where several places have a part in what is done, an error says which one it was.
func TestErrorsNameTheirPlace(t *testing.T) {
	file := &fs.PathError{Op: "write", Path: "/backup/content", Err: syscall.EFBIG}
	for _, tt := range []struct {
		err  error
		says []string
		not  string
	}{
		{&ops.PlaceError{Place: "s3://h/b/", Err: fault.Because(fault.Unavailable, "blob: open", errors.New("cut"))}, []string{"s3://h/b/", "cut"}, "database"},
		{&ops.PlaceError{Place: "s3://h/b/", Err: fault.New(fault.DiskFull, "blob: put")}, []string{"s3://h/b/"}, "data folder"},
		{&ops.PlaceError{Place: "/backup/tuchuang.db", Err: fault.New(fault.DiskFull, "db: save")}, []string{"/backup/tuchuang.db"}, "data folder"},
		{fault.Because(fault.DiskFull, "ops: write", file), []string{"/backup/content"}, "data folder"},
		{file, []string{"/backup/content: "}, ""},
	} {
		for _, zh := range []bool{false, true} {
			what, _ := (&ui{zh: zh}).explain(tt.err)
			for _, want := range tt.says {
				if !strings.Contains(what, want) || tt.not != "" && strings.Contains(what, tt.not) {
					t.Errorf("%v: %s", tt.err, what)
				}
			}
		}
	}
}

// Nobody reads a list of thousands.
func TestListsAreBounded(t *testing.T) {
	var said bytes.Buffer
	u := &ui{err: &said}
	var list []string
	for n := range 20 {
		list = append(list, strconv.Itoa(n))
	}
	u.noteSome(contentLost, list)
	if n := strings.Count(said.String(), "\n"); n != 20 {
		t.Errorf("20 are told in %d lines", n)
	}
	said.Reset()
	u.noteSome(contentLost, append(list, make([]string, 1000)...))
	if n := strings.Count(said.String(), "\n"); n != 21 || !strings.Contains(said.String(), "1000 more") || !strings.Contains(said.String(), "--json") {
		t.Errorf("in %d lines: %s", n, &said)
	}
}
