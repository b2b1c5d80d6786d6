package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// timed is an answer whose connection notes the limits of reading.
type timed struct {
	*httptest.ResponseRecorder
	limits []time.Time
}

func (w *timed) SetReadDeadline(t time.Time) error {
	w.limits = append(w.limits, t)
	return nil
}

// Each Read of a body has a limit of its own, none stays behind, and an interrupted
// body gives nothing any more.
func TestServerBodyLimits(t *testing.T) {
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	body := &idleBody{ReadCloser: io.NopCloser(strings.NewReader("abcdef")), rc: http.NewResponseController(w), early: func() {}}
	b := make([]byte, 3)
	for range 2 {
		w.limits = nil
		before := time.Now()
		if n, err := body.Read(b); n != 3 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if len(w.limits) != 2 || w.limits[0].Before(before.Add(readLimit)) || !w.limits[1].IsZero() {
			t.Errorf("limits of one Read: %v", w.limits)
		}
	}
	body.Interrupt()
	if last := w.limits[len(w.limits)-1]; last.IsZero() || last.After(time.Now()) {
		t.Errorf("interrupted until %v", last)
	}
	for range 2 {
		if n, err := body.Read(b); n != 0 || err == nil || err == io.EOF {
			t.Errorf("interrupted, and gives %d bytes, %v", n, err)
		}
	}
}
