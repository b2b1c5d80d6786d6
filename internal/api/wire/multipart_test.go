package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
)

const asMultipart = "multipart/form-data; boundary=b"

// field and file write one part of a multipart body.
func field(name, value string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func file(disposition, content string) string {
	return "--b\r\nContent-Disposition: form-data; " + disposition + "\r\nContent-Type: image/png\r\n\r\n" + content + "\r\n"
}

const end = "--b--\r\n"

type sliceIn struct {
	UploadID string `wire:"preuploadID"`
	SliceNo  int    `wire:"sliceNo"`
	MD5      string `wire:"sliceMD5"`
	Contain  bool   `wire:"containDir"`
}

func TestMultipart(t *testing.T) {
	type seen struct {
		Name, Filename, Content string
		Before                  sliceIn
	}
	tests := []struct {
		name   string
		target string
		body   string
		file   *seen
		want   sliceIn
	}{
		{
			"documented", "/",
			field("preuploadID", "u/+=") + field("sliceNo", "1") + field("sliceMD5", "d41d") + file(`name="slice"; filename="part"`, "bytes") + end,
			&seen{"slice", "part", "bytes", sliceIn{"u/+=", 1, "d41d", false}},
			sliceIn{"u/+=", 1, "d41d", false},
		},
		{
			"fields after the file", "/",
			file(`name="file"; filename="a.png"`, "bytes") + field("preuploadID", "u") + field("sliceNo", "2") + end,
			&seen{"file", "a.png", "bytes", sliceIn{}},
			sliceIn{UploadID: "u", SliceNo: 2},
		},
		{
			"p123client: lower-case names, Python booleans", "/",
			field("preuploadid", "u") + field("containdir", "True") + field("sliceno", "3") + file(`name="Slice"`, "bytes") + end,
			&seen{"Slice", "", "bytes", sliceIn{"u", 3, "", true}},
			sliceIn{"u", 3, "", true},
		},
		{
			"123PanOpen: a file named /", "/",
			file(`name="file"; filename="/"`, "bytes") + end,
			&seen{"file", "/", "bytes", sliceIn{}}, sliceIn{},
		},
		{
			"any name will do with a file name", "/",
			file(`name="upload"; filename="dir/图.png"`, "bytes") + end,
			&seen{"upload", "图.png", "bytes", sliceIn{}}, sliceIn{},
		},
		{
			"encoded file name", "/",
			file(`name=file; filename*=utf-8''%E5%9B%BE.png`, "bytes") + end,
			&seen{"file", "图.png", "bytes", sliceIn{}}, sliceIn{},
		},
		{
			"query and fields", "/?preuploadID=q&sliceNo=9",
			field("preuploadID", "u") + file(`name="slice"`, "") + end,
			&seen{"slice", "", "", sliceIn{UploadID: "u", SliceNo: 9}}, sliceIn{UploadID: "u", SliceNo: 9},
		},
		{
			"a file that looks like boundaries", "/",
			file(`name="slice"`, "\r\n--\r\n--a\r\n-b--\r\n") + field("sliceNo", "1") + end,
			&seen{"slice", "", "\r\n--\r\n--a\r\n-b--\r\n", sliceIn{}}, sliceIn{SliceNo: 1},
		},
		{
			"no line break at the end", "/",
			field("sliceNo", "1") + "--b--", nil, sliceIn{SliceNo: 1},
		},
		{
			"no file", "/", field("sliceNo", "1") + end, nil, sliceIn{SliceNo: 1},
		},
		{
			"a field of 64 KiB", "/", field("x", strings.Repeat("x", 64<<10)) + field("sliceNo", "1") + end, nil, sliceIn{SliceNo: 1},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got *seen
			p, err := wire.Multipart(request("POST", tt.target, asMultipart, tt.body), testBody,
				func(name, filename string, part io.Reader, sofar *wire.Params) error {
					got = &seen{Name: name, Filename: filename}
					content, err := io.ReadAll(part)
					got.Content = string(content)
					return errors.Join(err, wire.Bind(sofar, &got.Before))
				})
			if err != nil {
				t.Fatal(err)
			}
			var in sliceIn
			if err := wire.Bind(p, &in); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.file, got); diff != "" {
				t.Errorf("file (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, in); diff != "" {
				t.Errorf("fields (-want +got)\n%s", diff)
			}
		})
	}
}

func TestMultipartFaults(t *testing.T) {
	const total = 100 << 10
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(field(fmt.Sprintf("k%d", i), "v"))
		}
		return b.String()
	}
	tests := []struct {
		name        string
		target      string
		contentType string
		body        string
		want        fault.Code
		arg         any
	}{
		{"not multipart", "/", asJSON, `{"a":1}`, fault.BadBody, nil},
		{"no boundary", "/", "multipart/form-data", end, fault.BadBody, nil},
		{"another multipart", "/", "multipart/mixed; boundary=b", end, fault.BadBody, nil},
		{"nothing", "/", asMultipart, "", fault.BadBody, nil},
		{"bad query", "/?a=%zz", asMultipart, end, fault.BadRequest, "query"},
		{"second file", "/", asMultipart, file(`name="file"; filename="a"`, "1") + file(`name="slice"`, "2") + end, fault.BadRequest, "slice"},
		{"part without a name", "/", asMultipart, "--b\r\n\r\nv\r\n" + end, fault.BadBody, nil},
		{"bad UTF-8", "/", asMultipart, field("a", "\xff") + end, fault.BadBody, nil},
		{"field over 64 KiB", "/", asMultipart, field("a", strings.Repeat("x", 64<<10+1)) + end, fault.BodyTooLarge, nil},
		{"fields over the total", "/", asMultipart, field("a", strings.Repeat("x", 60<<10)) + field("b", strings.Repeat("x", 60<<10)) + end, fault.BodyTooLarge, nil},
		{"names over the total", "/", asMultipart, field(strings.Repeat("x", total+1), "") + end, fault.BodyTooLarge, nil},
		{"1000 parts", "/", asMultipart, many(1000) + end, "", nil},
		{"1001 parts", "/", asMultipart, many(1001) + end, fault.BadBody, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wire.Multipart(request("POST", tt.target, tt.contentType, tt.body), total,
				func(string, string, io.Reader, *wire.Params) error { return nil })
			if got := fault.CodeOf(err); got != tt.want {
				t.Fatalf("code %q, want %q (%v)", got, tt.want, err)
			}
			if args := fault.ArgsOf(err); tt.arg != nil && (len(args) != 1 || args[0] != tt.arg) {
				t.Errorf("args %v, want [%v]", args, tt.arg)
			}
		})
	}
}

// TestMultipartCutAnywhere ends one body after each of its bytes. Until the
// closing boundary is there it must be refused, whatever onFile makes of it.
func TestMultipartCutAnywhere(t *testing.T) {
	body := field("preuploadID", "u") + file(`name="slice"; filename="图.png"`, "some bytes") + field("sliceNo", "1") + end
	var hidden error
	takers := map[string]wire.FileFunc{
		"reads all": func(_, _ string, part io.Reader, _ *wire.Params) error {
			_, err := io.ReadAll(part)
			return err
		},
		"reads nothing": func(string, string, io.Reader, *wire.Params) error { return nil },
		"hides the error": func(_, _ string, part io.Reader, _ *wire.Params) error {
			_, hidden = io.ReadAll(part)
			return nil
		},
		"gives another code": func(_, _ string, part io.Reader, _ *wire.Params) error {
			if _, err := io.ReadAll(part); err != nil {
				return fault.Because(fault.DiskFull, "test: read", err)
			}
			return nil
		},
	}
	for name, take := range takers {
		t.Run(name, func(t *testing.T) {
			for n := range len(body) + 1 {
				// The last line break may be left out, but not be broken in two.
				complete := n == len(body) || n == len(body)-len("\r\n")
				_, err := wire.Multipart(request("POST", "/", asMultipart, body[:n]), testBody, take)
				if !complete && !fault.Is(err, fault.BadBody) {
					t.Errorf("after %d bytes %q: %v, want bad_body", n, body[max(0, n-20):n], err)
				}
				if complete && (err != nil || hidden != nil) {
					t.Errorf("complete after %d bytes: %v, %v", n, err, hidden)
				}
			}
		})
	}
}

func TestMultipartFileFault(t *testing.T) {
	want := fault.New(fault.QuotaExceeded, "test: full")
	body := file(`name="slice"`, "bytes") + end
	_, err := wire.Multipart(request("POST", "/", asMultipart, body), testBody,
		func(string, string, io.Reader, *wire.Params) error { return want })
	if err != want {
		t.Errorf("got %v, want onFile's own error", err)
	}
}

// TestMultipartServersLimit: a file over the server's limit is told as that.
func TestMultipartServersLimit(t *testing.T) {
	r := request("POST", "/", asMultipart, file(`name="slice"`, strings.Repeat("x", 1000))+end)
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 500)
	_, err := wire.Multipart(r, testBody, func(_, _ string, part io.Reader, _ *wire.Params) error {
		_, err := io.Copy(io.Discard, part)
		return fault.Because(fault.Internal, "test: copy", err)
	})
	if !fault.Is(err, fault.BodyTooLarge) {
		t.Errorf("got %v, want body_too_large", err)
	}
}

// TestMultipartStreams: a large file passes by without being collected.
func TestMultipartStreams(t *testing.T) {
	const size = 32 << 20
	head, tail := field("sliceNo", "1")+"--b\r\nContent-Disposition: form-data; name=\"slice\"\r\n\r\n", "\r\n"+end
	r := request("POST", "/", asMultipart, "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader(tail)))
	var got int64
	used := allocated(func() {
		_, err := wire.Multipart(r, testBody, func(_, _ string, part io.Reader, _ *wire.Params) (err error) {
			got, err = io.Copy(io.Discard, part)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	if got != size {
		t.Errorf("%d bytes of file, want %d", got, size)
	}
	if used > 1<<20 {
		t.Errorf("%d bytes allocated for a file of %d", used, size)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestParseLeavesFilesOut: Parse takes the fields of a multipart body alone.
func TestParseLeavesFilesOut(t *testing.T) {
	body := file(`name="sliceNo"; filename="x"`, "7") + file(`name="slice"`, "y") + field("preuploadID", "u") + end
	var in sliceIn
	if err := wire.Bind(parse(t, request("POST", "/", asMultipart, body)), &in); err != nil {
		t.Fatal(err)
	}
	if want := (sliceIn{UploadID: "u"}); in != want {
		t.Errorf("got %+v, want %+v", in, want)
	}
}

func BenchmarkMultipart(b *testing.B) {
	content := string(bytes.Repeat([]byte("0123456789abcdef"), 1<<16))
	body := field("preuploadID", "u") + field("sliceNo", "1") + file(`name="slice"`, content) + end
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := wire.Multipart(request("POST", "/", asMultipart, body), testBody, func(_, _ string, part io.Reader, _ *wire.Params) error {
			_, err := io.Copy(io.Discard, part)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
