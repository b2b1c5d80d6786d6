package wire_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
)

func TestWriteOK(t *testing.T) {
	type item struct {
		ID   int64     `json:"fileID"`
		URL  string    `json:"downloadURL"`
		Made wire.Time `json:"createAt"`
	}
	made := time.Date(2026, 2, 3, 23, 5, 6, 999, time.UTC)
	tests := []struct {
		name  string
		trace string
		data  any
		want  string
	}{
		{"nothing", "", nil, `{"code":0,"message":"ok","data":null,"x-traceID":""}`},
		{"empty list", "t_1", []int{}, `{"code":0,"message":"ok","data":[],"x-traceID":"t_1"}`},
		{"empty object", "t_1", struct{}{}, `{"code":0,"message":"ok","data":{},"x-traceID":"t_1"}`},
		{
			"links stay readable", "t_1", item{1758176091289, "https://h/a?x=1&y=<2>", wire.Time(made)},
			`{"code":0,"message":"ok","data":{"fileID":1758176091289,"downloadURL":"https://h/a?x=1&y=<2>","createAt":"2026-02-04 07:05:06"},"x-traceID":"t_1"}`,
		},
		{"a trace to be escaped", "a\"b\n", nil, `{"code":0,"message":"ok","data":null,"x-traceID":"a\"b\n"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if err := wire.WriteOK(w, tt.trace, tt.data); err != nil {
				t.Fatal(err)
			}
			checkAnswer(t, w, http.StatusOK, tt.want)
		})
	}
}

func TestWriteFail(t *testing.T) {
	w := httptest.NewRecorder()
	if err := wire.WriteFail(w, http.StatusNotFound, "t_1", 5066, "文件不存在 <&>", "not_found", "No such \"file\"."); err != nil {
		t.Fatal(err)
	}
	checkAnswer(t, w, http.StatusNotFound,
		`{"code":5066,"message":"文件不存在 <&>","data":null,"x-traceID":"t_1","error":{"code":"not_found","message":"No such \"file\"."}}`)
}

func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status %d, want %d", w.Code, status)
	}
	if got := w.Body.String(); got != body {
		t.Errorf("body\n%s, want\n%s", got, body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(len(body)) {
		t.Errorf("Content-Length %s, want %d", got, len(body))
	}
}

// TestWriteOKUntellable: what can't be told leaves the answer unwritten, so that
// a failure can still be told.
func TestWriteOKUntellable(t *testing.T) {
	w := httptest.NewRecorder()
	if err := wire.WriteOK(w, "t_1", make(chan int)); !fault.Is(err, fault.Internal) {
		t.Errorf("got %v, want internal", err)
	}
	if w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("written already: %v %s", w.Header(), w.Body)
	}
}

var errGone = errors.New("gone")

type goneWriter struct{ http.ResponseWriter }

func (goneWriter) Write([]byte) (int, error) { return 0, errGone }

func TestWriteToNobody(t *testing.T) {
	if err := wire.WriteOK(goneWriter{httptest.NewRecorder()}, "t_1", nil); !errors.Is(err, errGone) {
		t.Errorf("got %v, want the writer's error", err)
	}
}

func TestTimes(t *testing.T) {
	zones := []*time.Location{time.UTC, time.FixedZone("west", -5*3600), time.FixedZone("east", 8*3600)}
	for _, zone := range zones {
		at := time.Date(2025, 12, 31, 16, 4, 5, 678e6, time.UTC).In(zone)
		texts := []struct {
			value interface{ MarshalText() ([]byte, error) }
			want  string
		}{
			{wire.Time(at), "2026-01-01 00:04:05"},
			{wire.TimeV1(at), "2026-01-01 00:04:05 +0800 CST"},
			{wire.TimeRFC(at), "2026-01-01T00:04:05+08:00"},
		}
		for _, tt := range texts {
			got, err := tt.value.MarshalText()
			if err != nil || string(got) != tt.want {
				t.Errorf("%T in %v: %q, %v; want %q", tt.value, zone, got, err, tt.want)
			}
		}
		rfc, err := wire.TimeRFC(at).MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		back, err := time.Parse(time.RFC3339, string(rfc))
		if err != nil || !back.Equal(at.Truncate(time.Second)) {
			t.Errorf("read back as %v, %v; want %v", back, err, at)
		}
	}
}
