package client_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// drive is the far end of an upload, with breaks at chosen calls.
type drive struct {
	t         *testing.T
	sliceSize int
	breaks    map[string]int // path: how many of its first calls break off half way
	slices    map[int][]byte
	order     []string
	files     []client.File
	lostAfter bool // the file arrives although the answer is lost
}

func (d *drive) handle(_ int, w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	d.order = append(d.order, name)
	broken := d.breaks[name] > 0
	d.breaks[name]--
	if broken && !d.lostAfter {
		io.CopyN(io.Discard, r.Body, 100)
		cut(w)
		return
	}
	switch r.URL.Path {
	case "/upload/v2/file/single/create":
		data := d.file(r, "file")
		d.add(r.FormValue("filename"), data)
		if broken {
			cut(w)
			return
		}
		answer(w, `{"completed":true,"fileID":1}`)
	case "/upload/v2/file/create":
		answer(w, fmt.Sprintf(`{"fileID":0,"reuse":false,"preuploadID":"p","sliceSize":%d,"servers":["http://%s"]}`, d.sliceSize, r.Host))
	case "/upload/v2/file/slice":
		data := d.file(r, "slice")
		if sum := md5.Sum(data); hex.EncodeToString(sum[:]) != r.FormValue("sliceMD5") {
			d.t.Errorf("slice %s has another MD5 than declared", r.FormValue("sliceNo"))
		}
		no, _ := strconv.Atoi(r.FormValue("sliceNo"))
		d.slices[no] = data
		answer(w, "null")
	case "/upload/v1/file/list_upload_parts":
		var parts []string
		for no, data := range d.slices {
			parts = append(parts, fmt.Sprintf(`{"partNumber":"%d","size":%d,"etag":"%x"}`, no, len(data), md5.Sum(data)))
		}
		answer(w, `{"parts":[`+strings.Join(parts, ",")+`]}`)
	case "/upload/v2/file/upload_complete":
		var whole []byte
		for no := 1; no <= len(d.slices); no++ {
			whole = append(whole, d.slices[no]...)
		}
		d.add("big", whole)
		answer(w, `{"completed":true,"fileID":2}`)
	case "/api/v2/file/list":
		list, _ := json.Marshal(d.files)
		answer(w, `{"lastFileId":-1,"fileList":`+string(list)+`}`)
	default:
		d.t.Errorf("unexpected call of %s", r.URL.Path)
	}
}

func (d *drive) file(r *http.Request, field string) []byte {
	f, _, err := r.FormFile(field)
	if err != nil {
		d.t.Errorf("%s: %v", r.URL.Path, err)
		return nil
	}
	data, err := io.ReadAll(f)
	if err != nil {
		d.t.Error(err)
	}
	return data
}

func (d *drive) add(name string, data []byte) {
	d.files = append(d.files, client.File{
		FileID: 1, Filename: name, Size: int64(len(data)), Etag: fmt.Sprintf("%x", md5.Sum(data)),
	})
}

func TestUploadsSurviveBreaks(t *testing.T) {
	small := bytes.Repeat([]byte("small "), 100_000)
	big := bytes.Repeat([]byte("0123456789abcdef"), (17<<20)/16) // over the size of one request
	for _, tt := range []struct {
		name   string
		data   []byte
		file   string
		breaks map[string]int
		lost   bool
		resume bool
		have   int // slices the server has already
		calls  string
	}{
		{"small, no break", small, "small", nil, false, false, 0, "create"},
		{"small, cut half way", small, "small", map[string]int{"create": 1}, false, false, 0, "create list create"},
		{"small, arrived but the answer was lost", small, "small", map[string]int{"create": 1}, true, false, 0, "create list"},
		{"big, no break", big, "big", nil, false, false, 0, "create slice slice slice upload_complete"},
		{"big, a slice cut twice", big, "big", map[string]int{"slice": 2}, false, false, 0, "create slice slice slice slice slice upload_complete"},
		{"big, complete cut", big, "big", map[string]int{"upload_complete": 1}, false, false, 0, "create slice slice slice upload_complete upload_complete"},
		{"big, taken up after two slices", big, "big", nil, false, true, 2, "list_upload_parts slice upload_complete"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &drive{t: t, sliceSize: 8 << 20, breaks: map[string]int{}, slices: map[int][]byte{}, lostAfter: tt.lost}
			for k, v := range tt.breaks {
				d.breaks[k] = v
			}
			for no := 1; no <= tt.have; no++ {
				d.slices[no] = tt.data[(no-1)*d.sliceSize : no*d.sliceSize]
			}
			c, _ := open(t, tokenOr(d.handle))
			var sent int64
			u := client.Upload{
				File:    client.NewFile{Filename: tt.file, Etag: fmt.Sprintf("%x", md5.Sum(tt.data)), Size: int64(len(tt.data))},
				Content: client.Content{From: bytes.NewReader(tt.data), Size: int64(len(tt.data)), Sent: func(n int64) { sent += n }},
			}
			if tt.resume {
				u.Resume = &client.Session{PreuploadID: "p", SliceSize: int64(d.sliceSize)}
			}
			done, err := c.Upload(t.Context(), u)
			if err != nil || done.FileID == 0 {
				t.Fatalf("%+v, %v", done, err)
			}
			if got := strings.Join(d.order, " "); got != tt.calls {
				t.Errorf("calls: %s\nwant:  %s", got, tt.calls)
			}
			if len(d.files) != 1 || !client.Same(d.files[0], u.File) {
				t.Errorf("arrived: %+v", d.files)
			}
			want := int64(len(tt.data))
			if tt.lost {
				want = 0 // nothing that is known to have gone
			}
			if sent != want {
				t.Errorf("told of %d bytes, want %d", sent, want)
			}
		})
	}
}

func TestAStalledConnectionIsGivenUp(t *testing.T) {
	free := make(chan struct{})
	c, n := open(t, func(_ int, w http.ResponseWriter, r *http.Request) { <-free })
	t.Cleanup(func() { close(free) })
	c.StallAfter(10 * time.Millisecond)
	// More than the buffers of a connection hold, and nobody reads it.
	err := c.Put(t.Context(), n.server.URL+"/put", client.Content{From: zeros{}, Size: 1 << 30})
	if !client.Broken(err) || !strings.Contains(err.Error(), "stalled") {
		t.Errorf("got %v", err)
	}
}

// What is to be sent has become shorter: that is said at once, and is no break of the
// connection.
func TestContentThatEndsEarly(t *testing.T) {
	c, n := open(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("the server got a whole body")
		}
	})
	err := c.Put(t.Context(), n.server.URL+"/put", client.Content{From: strings.NewReader("short"), Size: 1 << 20})
	if client.Broken(err) || !errors.Is(err, io.ErrUnexpectedEOF) || n.away.Load() > 0 {
		t.Errorf("got %v after waiting %d times", err, n.away.Load())
	}
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }

func TestSame(t *testing.T) {
	want := client.NewFile{Filename: "a.tar.gz", Etag: "AB", Size: 3}
	both := want
	both.Duplicate = client.DuplicateKeepBoth
	for _, tt := range []struct {
		there string
		want  client.NewFile
		same  bool
	}{
		{"a.tar.gz", want, true},
		{"a.tar(1).gz", want, false},
		{"a.tar(1).gz", both, true},
		{"a.tar(12).gz", both, true},
		{"a.tar().gz", both, false},
		{"a.tar(x).gz", both, false},
		{"b.tar.gz", both, false},
	} {
		if got := client.Same(client.File{Filename: tt.there, Etag: "ab", Size: 3}, tt.want); got != tt.same {
			t.Errorf("%s beside %+v: %v", tt.there, tt.want, got)
		}
	}
	if client.Same(client.File{Filename: "a.tar.gz", Etag: "ab", Size: 4}, want) {
		t.Error("another size is the same")
	}
}

func TestUploadEnded(t *testing.T) {
	for reason, want := range map[fault.Code]bool{
		fault.UploadNotFound: true, fault.HashMismatch: true, fault.BadSlice: true, fault.ParentNotFound: true,
		fault.Disabled: false, fault.DiskFull: false, fault.QuotaExceeded: false, fault.Unavailable: false,
		fault.NameTaken: false, fault.TokenExpired: false, fault.Internal: false,
	} {
		if got := client.UploadEnded(&client.Error{Code: 1, Reason: string(reason)}); got != want {
			t.Errorf("%s: %v", reason, got)
		}
	}
	for code, want := range map[int]bool{0: false, 1: true, 429: false} { // without a reason
		if got := client.UploadEnded(&client.Error{Code: code}); got != want {
			t.Errorf("%d: %v", code, got)
		}
	}
	if client.UploadEnded(nil) || client.UploadEnded(io.ErrUnexpectedEOF) {
		t.Error("what is no refusal ends an upload")
	}
}
