package api

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/fault"
)

// A stranger who tries secrets can't fill the log, and how often he tried is said.
func TestRefusedSignInsAreBoundedInTheLog(t *testing.T) {
	var log bytes.Buffer
	counted := 0
	a := New(Options{
		Log:        slog.New(slog.NewTextHandler(&log, nil)),
		ClientAddr: func(*http.Request) string { return "192.0.2.7" },
		Watch: func(_, result string, _ time.Duration) {
			if result == string(fault.BadCredentials) {
				counted++
			}
		},
	})
	refuse := func(at time.Time) {
		w := httptest.NewRecorder()
		a.fail(w, httptest.NewRequest(http.MethodPost, "/api/v1/access_token", nil), a.newTrace(), 0, at, fault.New(fault.BadCredentials, "test"))
		if !strings.Contains(w.Body.String(), `"bad_credentials"`) {
			t.Errorf("answered %s", w.Body)
		}
	}
	start := time.Now()
	for i := range 1000 {
		refuse(start.Add(time.Duration(i) * time.Millisecond))
	}
	lines := strings.Count(log.String(), "a sign-in was refused")
	if lines != 10 || strings.Count(log.String(), "from=192.0.2.7") != lines || strings.Contains(log.String(), "unsaid") {
		t.Errorf("%d lines:\n%s", lines, &log)
	}
	log.Reset()
	refuse(start.Add(time.Minute))
	refuse(start.Add(time.Minute + time.Second))
	if got := log.String(); strings.Count(got, "\n") != 2 || strings.Count(got, "unsaid=990") != 1 {
		t.Errorf("a minute later:\n%s", got)
	}
	if counted != 1002 {
		t.Errorf("the figures have %d", counted)
	}
}
