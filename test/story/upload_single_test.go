package story

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// Fields may stand before the file, after it and on both sides.
func TestUploadSingleTakesFieldsAnywhere(t *testing.T) {
	s, u := writer(t)
	n := noise{20, 300_000}
	fields := [][2]string{{"parentFileID", "0"}, {"etag", n.etag(t)}, {"size", strconv.FormatInt(n.size, 10)}, {"filename", ""}}
	for before := range len(fields) + 1 {
		fields[3][1] = fmt.Sprintf("%d.bin", before)
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		put := func(list [][2]string) {
			for _, f := range list {
				if err := w.WriteField(f[0], f[1]); err != nil {
					t.Fatal(err)
				}
			}
		}
		put(fields[:before])
		part, err := w.CreateFormFile("file", "/")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(part, n.content().Reader()); err != nil {
			t.Fatal(err)
		}
		put(fields[before:])
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		a := s.Send(http.MethodPost, "/upload/v2/file/single/create", u.Token, w.FormDataContentType(), b.Bytes())
		if a.Code != 0 || a.Field("completed") != true {
			t.Fatalf("%d fields before the file: %+v", before, a)
		}
		id, err := strconv.ParseInt(fmt.Sprint(a.Field("fileID")), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		holds(t, u, id, n.etag(t), n.size)
	}
	clean(t, u)
}

// What is wrong with an upload in one request is said, and leaves nothing.
func TestUploadSingleRefusals(t *testing.T) {
	_, u := writer(t, "--quota", "1M")
	u.PutFile(0, "taken.png", content(1))
	b := content(2)
	big := noise{21, 2 << 20}
	for _, tt := range []struct {
		name    string
		change  func(f *client.NewFile)
		content client.Content
		reason  fault.Code
	}{
		{"another etag", func(f *client.NewFile) { f.Etag = harness.MD5(nil) }, client.Content{}, fault.HashMismatch},
		{"a larger size", func(f *client.NewFile) { f.Size++ }, client.Content{}, fault.HashMismatch},
		{"a smaller size", func(f *client.NewFile) { f.Size-- }, client.Content{}, fault.HashMismatch},
		{"an etag that is none", func(f *client.NewFile) { f.Etag = "x" }, client.Content{}, fault.BadEtag},
		{"no etag", func(f *client.NewFile) { f.Etag = "" }, client.Content{}, fault.BadRequest},
		{"no name", func(f *client.NewFile) { f.Filename = "" }, client.Content{}, fault.BadRequest},
		{"a name that can't be", func(f *client.NewFile) { f.Filename = "a/b" }, client.Content{}, fault.BadName},
		{"a name that is taken", func(f *client.NewFile) { f.Filename = "taken.png" }, client.Content{}, fault.NameTaken},
		{"no such folder", func(f *client.NewFile) { f.ParentFileID = 1 << 52 }, client.Content{}, fault.ParentNotFound},
		{"a negative size", func(f *client.NewFile) { f.Size = -1 }, client.Content{}, fault.BadRequest},
		{"more than there is room", func(f *client.NewFile) { f.Etag, f.Size = big.etag(t), big.size }, big.content(), fault.QuotaExceeded},
		{"more than declared", func(*client.NewFile) {}, big.content(), fault.HashMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFile(0, "new.png", b, 0)
			tt.change(&f)
			c := tt.content
			if c.From == nil {
				c = client.Content{From: bytes.NewReader(b), Size: int64(len(b))}
			}
			_, err := u.Single(t.Context(), u.Server.URL, f, c)
			refusedFor(t, err, tt.reason)
			clean(t, u)
		})
	}
	if got := names(t, u, 0); len(got) != 1 {
		t.Errorf("the drive holds %q", got)
	}
}

// A body that is cut off leaves nothing, whichever way it came.
func TestUploadCutOff(t *testing.T) {
	s, u := writer(t)
	n := noise{22, 3 << 20}
	id := opened(t, u, "a.bin", n)
	link, err := u.UploadURL(t.Context(), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	form := func(fields string) string {
		return "--B\r\n" + fields + "Content-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n"
	}
	field := func(name, value string) string {
		return "Content-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n--B\r\n"
	}
	for _, tt := range []struct{ name, method, target, kind, head string }{
		{"PUT", http.MethodPut, link, "", ""},
		{"a slice", http.MethodPost, "/upload/v2/file/slice", "multipart/form-data; boundary=B",
			form(field("preuploadID", id) + field("sliceNo", "1") + field("sliceMD5", n.etag(t)))},
		{"a slice whose place is not known yet", http.MethodPost, "/upload/v2/file/slice", "multipart/form-data; boundary=B", form("")},
		{"a whole file", http.MethodPost, "/upload/v2/file/single/create", "multipart/form-data; boundary=B", form("")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at, err := url.Parse(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
				tt.method, at.RequestURI(), u.Token, tt.kind, int64(len(tt.head))+n.size+100, tt.head)
			if _, err := io.CopyN(conn, n.content().Reader(), n.size-10); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			// The server answers, or hangs up; then it has tidied up.
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Logf("hung up: %v", err)
			}
			eventually(t, "nothing is left", func() bool { return storedBy(t, u).clean() })
			if parts, err := u.Parts(t.Context(), id); err != nil || len(parts) != 0 {
				t.Errorf("came: %+v, %v", parts, err)
			}
		})
	}
	if got := names(t, u, 0); len(got) != 0 {
		t.Errorf("the drive holds %q", got)
	}
	sent(t, u, id, n, 1)
	completed(t, u, id, n)
}

// A file that there is no room for is refused when its fields have been read, before
// a byte of it has come.
func TestUploadSingleIsRefusedBeforeItsBytes(t *testing.T) {
	s, u := writer(t, "--quota", "1M")
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	for _, f := range [][2]string{{"parentFileID", "0"}, {"etag", strings.Repeat("a", 32)}, {"size", strconv.Itoa(1 << 29)}, {"filename", "large.bin"}} {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.CreateFormFile("file", "large.bin"); err != nil {
		t.Fatal(err)
	}
	body, rest := io.Pipe()
	defer rest.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/upload/v2/file/single/create", io.MultiReader(&head, body))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 1<<29 + int64(head.Len())
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+u.Token)
	res, err := http.DefaultClient.Do(r) // and the file never comes
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || !bytes.Contains(b, []byte(`"quota_exceeded"`)) {
		t.Errorf("the answer is %s, %v", b, err)
	}
	clean(t, u)
}

// An open upload takes its size from the quota and gives it back.
func TestUploadReservesQuota(t *testing.T) {
	_, u := writer(t, "--quota", "1M")
	create := func(name string, n noise) (client.Created, error) {
		return u.CreateV2(t.Context(), client.NewFile{Filename: name, Etag: n.etag(t), Size: n.size})
	}
	n := noise{30, 600_000}
	id := opened(t, u, "a.bin", n)
	_, err := create("b.bin", noise{31, 600_000})
	refusedFor(t, err, fault.QuotaExceeded)
	_, err = u.Single(t.Context(), u.Server.URL, client.NewFile{Filename: "b.bin", Etag: noise{31, 600_000}.etag(t), Size: 600_000}, noise{31, 600_000}.content())
	refusedFor(t, err, fault.QuotaExceeded)
	small := noise{32, 400_000}
	other := opened(t, u, "c.bin", small)
	clean(t, u)

	// A wrong content gives its room back at once.
	sent(t, u, id, noise{33, 600_000}, 1)
	_, err = u.CompleteV2(t.Context(), id)
	refusedFor(t, err, fault.HashMismatch)
	id = opened(t, u, "a.bin", n)
	sent(t, u, id, n, 1)
	completed(t, u, id, n)
	sent(t, u, other, small, 1)
	completed(t, u, other, small)
	clean(t, u)
	me, err := u.UserInfo(t.Context())
	if err != nil || me.SpaceUsed != 1_000_000 || me.SpacePermanent != 1<<20 {
		t.Errorf("%+v, %v", me, err)
	}
	_, err = create("d.bin", noise{34, 60_000})
	refusedFor(t, err, fault.QuotaExceeded)
}

// A large file costs the server no memory, however it comes.
func TestUploadKeepsMemoryFlat(t *testing.T) {
	s, u := alone(t)
	n := noise{40, 300 << 20}
	id := opened(t, u, "slices.bin", n)
	var g errgroup.Group
	g.SetLimit(4)
	for no := range int((n.size + sliceSize - 1) / sliceSize) {
		g.Go(func() error {
			piece := n.slice(no+1, sliceSize)
			return u.Slice(t.Context(), s.URL, id, no+1, sumOf(t, piece.Reader()), piece)
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	completed(t, u, id, n)
	m := noise{41, 150 << 20}
	if _, err := u.Single(t.Context(), s.URL, client.NewFile{Filename: "single.bin", Etag: m.etag(t), Size: m.size}, m.content()); err != nil {
		t.Fatal(err)
	}
	if peak := peakMemory(t, s); peak > 150<<20 {
		t.Errorf("the server used %d MiB of memory", peak>>20)
	}
	clean(t, u)
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory is the most that the server has had in memory, where the system tells.
func peakMemory(t *testing.T, s *harness.Server) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if os.IsNotExist(err) {
		return 0
	}
	m := highWater.FindSubmatch(status)
	if m == nil {
		t.Fatalf("no peak in %s, %v", status, err)
	}
	kib, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
