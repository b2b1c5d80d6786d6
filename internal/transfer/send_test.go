package transfer

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// kernel is an answer whose connection copies files by itself, and notes how.
type kernel struct {
	*httptest.ResponseRecorder
	limits int // given since the last piece
	pieces []int64
	other  int // pieces that are not seen to be of a file, or have no limit of their own
}

func (k *kernel) SetWriteDeadline(at time.Time) error {
	if left := time.Until(at); left > 0 && left < 10*time.Minute {
		k.limits++
	}
	return nil
}

func (k *kernel) ReadFrom(src io.Reader) (int64, error) {
	l, ok := src.(*io.LimitedReader)
	if ok {
		_, ok = l.R.(*os.File)
	}
	if !ok || k.limits == 0 {
		k.other++
	}
	k.limits = 0
	n, err := io.Copy(io.Discard, src)
	k.pieces = append(k.pieces, n)
	return n, err
}

// stored is an object that is a file.
type stored struct {
	io.ReadSeekCloser
	io.ReaderAt
	file *os.File
}

func (s stored) File() *os.File   { return s.file }
func (stored) Size() int64        { return 10 << 20 }
func (stored) ModTime() time.Time { return time.Time{} }

// The kernel copies a file, whole or in part, and each piece has its own limit.
func TestPieces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 10<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tr := &Transfer{Options: Options{Log: slog.New(slog.DiscardHandler)}}
	for asked, want := range map[string][]int64{
		"": {4 << 20, 4 << 20, 2 << 20}, "bytes=0-0": {1}, "bytes=1-": {4 << 20, 4 << 20, 2<<20 - 1}, "bytes=2-4194305": {4 << 20},
	} {
		k := &kernel{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		if asked != "" {
			r.Header.Set("Range", asked)
		}
		send := tr.sender(k, r)
		var told []int64
		send.sent = func(n int64) { told = append(told, n) }
		send.serve(send, r, time.Time{}, stored{f, f, f})
		if !slices.Equal(k.pieces, want) || k.other != 0 {
			t.Errorf("%q went in pieces %v, want %v; %d not as they should", asked, k.pieces, want, k.other)
		}
		if !slices.Equal(told, want) {
			t.Errorf("%q was told in pieces %v, want %v", asked, told, want)
		}
		r.ProtoMajor, told = 2, nil
		w := httptest.NewRecorder()
		send = tr.sender(w, r)
		send.sent = func(n int64) { told = append(told, n) }
		send.serve(send, r, time.Time{}, stored{f, f, f})
		sum := int64(0)
		for _, n := range told {
			if sum += n; n > 32<<10 {
				t.Errorf("%q in HTTP/2 was told in a piece of %d", asked, n)
			}
		}
		if sum != int64(w.Body.Len()) || sum == 0 {
			t.Errorf("%q in HTTP/2: %d bytes were told of %d", asked, sum, w.Body.Len())
		}
	}
}

// What is made while it is sent has as long for a piece as a file has, however small the
// writes are.
func TestPaced(t *testing.T) {
	tr := &Transfer{Options: Options{Log: slog.New(slog.DiscardHandler)}}
	k := &kernel{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	p := paced{s: tr.sender(k, r)}
	if p.begun {
		t.Error("something has gone already")
	}
	sent := 0
	for sent < 2*piece+1 {
		n, err := p.Write(make([]byte, 4096))
		if sent += n; err != nil {
			t.Fatal(err)
		}
	}
	if k.limits != 3 || k.Body.Len() != sent || !p.begun {
		t.Errorf("%d limits for %d bytes, %d went", k.limits, sent, k.Body.Len())
	}
}
