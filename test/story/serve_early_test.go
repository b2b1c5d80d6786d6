package story

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/test/harness"
)

// sentFirst sends a request with all of its body before it reads, as many clients do,
// and answers what it reads then.
func sentFirst(s *harness.Server, head string, body io.Reader, size int64) (status int, text string, err error) {
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s\r\nHost: x\r\nContent-Length: %d\r\n\r\n", head, size); err != nil {
		return 0, "", err
	}
	// Not by sendfile or the like, and in pieces.
	if n, err := io.CopyBuffer(struct{ io.Writer }{c}, io.LimitReader(body, size), make([]byte, 64<<10)); err != nil {
		return 0, "", fmt.Errorf("after %d bytes of %d: %w", n, size, err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

// Whoever sends all of a large body before he reads gets the answer that was there
// before, wherever it was refused.
func TestEarlyAnswers(t *testing.T) {
	s := harness.Start(t)
	u := s.User("small", "--quota", "10MiB")
	b := content(1)
	opened, err := u.BedCreate(t.Context(), client.NewImage{Filename: "a.png", Etag: harness.MD5(b), Size: int64(len(b))})
	if err != nil {
		t.Fatal(err)
	}
	link, err := u.BedUploadURL(t.Context(), opened.PreuploadID, 1)
	if err != nil {
		t.Fatal(err)
	}
	put := strings.TrimPrefix(link, s.URL)
	const form = "\r\nContent-Type: multipart/form-data; boundary=B"
	single := func(size int64) (io.Reader, int64) {
		var head bytes.Buffer
		for _, field := range [][2]string{{"parentFileID", "0"}, {"filename", "large.bin"}, {"etag", harness.MD5(nil)}, {"size", fmt.Sprint(size)}} {
			fmt.Fprintf(&head, "--B\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", field[0], field[1])
		}
		head.WriteString("--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"large.bin\"\r\n\r\n")
		const foot = "\r\n--B--\r\n"
		return io.MultiReader(&head, noise{1, size}.content().Reader(), strings.NewReader(foot)), int64(head.Len()) + size + int64(len(foot))
	}
	const mib = 1 << 20
	var all sync.WaitGroup
	for _, tt := range []struct {
		name, head string
		file, size int64 // a form with a file of that size, or so many bytes
		status     int
		says       string
	}{
		{"a file with a bad token", "POST /upload/v2/file/single/create HTTP/1.1\r\nAuthorization: Bearer x" + form, 20 * mib, 0, 200, `"code":401`},
		{"a file beyond the quota", "POST /upload/v2/file/single/create HTTP/1.1\r\nAuthorization: Bearer " + u.Token + form, 60 * mib, 0, 200, "空间不足"},
		{"a slice with a bad signature", "PUT " + put + "x HTTP/1.1", 0, 30 * mib, 403, "bad_signature"},
		{"a slice that is long", "PUT " + put + " HTTP/1.1", 0, 30 * mib, 400, "bad_slice"},
		{"a body that is too large", "POST /api/v1/file/infos HTTP/1.1\r\nAuthorization: Bearer " + u.Token, 0, 5 * mib, 200, "请求体过大"},
		{"a stranger's that is too large", "POST /api/v1/access_token HTTP/1.1", 0, 5 * mib, 200, "请求体过大"},
		{"no such endpoint", "POST /api/nothing HTTP/1.1", 0, 5 * mib, 404, "接口不存在"},
		{"no such page", "POST /nothing HTTP/1.1", 0, 5 * mib, 404, "not found"},
		{"a body as large as the largest picture", "POST /nothing HTTP/1.1", 0, 100 * mib, 404, "not found"},
	} {
		all.Go(func() {
			from, size := noise{2, tt.size}.content().Reader(), tt.size
			if tt.file > 0 {
				from, size = single(tt.file)
			}
			status, text, err := sentFirst(s, tt.head, from, size)
			if err != nil || status != tt.status || !strings.Contains(text, tt.says) {
				t.Errorf("%s: HTTP %d, %q, %v; want %d, %q", tt.name, status, text, err, tt.status, tt.says)
			}
		})
	}
	all.Wait()
	// The upload that was refused a slice is none the worse for it.
	if err := u.Put(t.Context(), link, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
		t.Error(err)
	}
}

// After a refusal of a small body the connection goes on.
func TestEarlyAnswerOfASmallBody(t *testing.T) {
	s := harness.Start(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	for range 3 {
		body := strings.Repeat(" ", 100<<10)
		if _, err := fmt.Fprintf(c, "POST /api/v1/file/infos HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		var a struct{ Code int }
		err = json.NewDecoder(res.Body).Decode(&a)
		if res.Body.Close(); err != nil || a.Code != 401 || res.Close {
			t.Errorf("code %d, %v, closes %v", a.Code, err, res.Close)
		}
	}
}
