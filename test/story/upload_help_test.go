package story

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// noise is content of any size that needs no memory; each seed is another.
type noise struct {
	seed uint64
	size int64
}

func (n noise) ReadAt(p []byte, off int64) (int, error) {
	if off >= n.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), n.size-off)]
	var word [8]byte
	for i := 0; i < len(p); {
		at := off + int64(i)
		x := n.seed*0x9e3779b97f4a7c15 + uint64(at/8)*0xbf58476d1ce4e5b9
		x ^= x >> 29
		binary.LittleEndian.PutUint64(word[:], x*0x94d049bb133111eb)
		i += copy(p[i:], word[at%8:])
	}
	if off+int64(len(p)) == n.size {
		return len(p), io.EOF
	}
	return len(p), nil
}

func (n noise) content() client.Content { return client.Content{From: n, Size: n.size} }

// slice is the nth piece, from 1, of so many bytes.
func (n noise) slice(no int, size int64) client.Content {
	return n.content().Part(int64(no-1)*size, size)
}

func sumOf(t *testing.T, r io.Reader) string {
	t.Helper()
	h := md5.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (n noise) etag(t *testing.T) string { return sumOf(t, n.content().Reader()) }

const sliceSize = 16 << 20

// threeSlices is a file of three slices, the last one short.
func threeSlices(seed uint64) noise { return noise{seed, 2*sliceSize + 12345} }

// opened declares a file for a v2 upload.
func opened(t *testing.T, u *harness.User, name string, n noise) string {
	t.Helper()
	c, err := u.CreateV2(t.Context(), client.NewFile{Filename: name, Etag: n.etag(t), Size: n.size})
	if err != nil || c.PreuploadID == "" || c.Reuse || c.SliceSize != sliceSize || len(c.Servers) == 0 {
		t.Fatalf("create %s: %+v, %v", name, c, err)
	}
	return c.PreuploadID
}

func sendSlice(t *testing.T, u *harness.User, id string, no int, c client.Content) error {
	t.Helper()
	return u.Slice(t.Context(), u.Server.URL, id, no, sumOf(t, c.Reader()), c)
}

// sent sends slices that must be taken.
func sent(t *testing.T, u *harness.User, id string, n noise, numbers ...int) {
	t.Helper()
	for _, no := range numbers {
		if err := sendSlice(t, u, id, no, n.slice(no, sliceSize)); err != nil {
			t.Fatalf("slice %d: %v", no, err)
		}
	}
}

// completed ends a v2 upload and holds what the drive now gives against the file.
func completed(t *testing.T, u *harness.User, id string, n noise) int64 {
	t.Helper()
	done, err := u.CompleteV2(t.Context(), id)
	if err != nil || !done.Completed || done.FileID == 0 {
		t.Fatalf("complete: %+v, %v", done, err)
	}
	holds(t, u, done.FileID, n.etag(t), n.size)
	return done.FileID
}

// holds downloads a file and compares it.
func holds(t *testing.T, u *harness.User, id int64, etag string, size int64) {
	t.Helper()
	f, err := u.Detail(t.Context(), id)
	if err != nil || f.Etag != etag || f.Size != size {
		t.Errorf("file %d is %+v, %v; want %s of %d bytes", id, f, err, etag, size)
		return
	}
	link, err := u.DownloadInfo(t.Context(), id)
	if err != nil {
		t.Error(err)
		return
	}
	res, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := sumOf(t, res.Body); res.StatusCode != http.StatusOK || got != etag || res.ContentLength != size {
		t.Errorf("file %d gives %s, %d bytes of %s; want %d of %s", id, res.Status, res.ContentLength, got, size, etag)
	}
}

// refusedFor holds an error against the reason it must give.
func refusedFor(t *testing.T, err error, reason fault.Code) {
	t.Helper()
	if !client.Is(err, reason) {
		t.Errorf("the answer is %v, want a refusal for %s", err, reason)
	}
}

// names lists a drive folder, folders with a slash at their end.
func names(t *testing.T, u *harness.User, folder int64) []string {
	t.Helper()
	list := []string{}
	for f, err := range u.ListAll(t.Context(), folder) {
		if err != nil {
			t.Fatal(err)
		}
		if f.IsFolder() {
			f.Filename += "/"
		}
		list = append(list, f.Filename)
	}
	return list
}

// stored counts what the data folder and the database hold of an account beside what is
// visible.
type stored struct {
	Staged, Files     int   // below uploads and below blobs
	Live, Pending     int   // rows of content
	Doomed, Open      int   // rows of content to be removed, and of open uploads
	Reserved, Counted int64 // bytes reserved, and by the rows of open uploads
}

func storedBy(t *testing.T, u *harness.User) stored {
	t.Helper()
	n := column[int64](t, u.Server, `
		SELECT n FROM (
			SELECT 0 AS place, count(*) AS n FROM blob WHERE account_id = $1 AND state = 1
			UNION ALL SELECT 1, count(*) FROM blob WHERE account_id = $1 AND state = 0
			UNION ALL SELECT 2, count(*) FROM doomed WHERE account_id = $1
			UNION ALL SELECT 3, count(*) FROM upload WHERE account_id = $1 AND state = 1
			UNION ALL SELECT 4, reserved FROM account WHERE id = $1
			UNION ALL SELECT 5, CAST(coalesce(sum(reserved), 0) AS BIGINT) FROM upload WHERE account_id = $1 AND state = 1
		) AS counts ORDER BY place`, u.UID)
	return stored{
		Staged: filesOf(t, u, filepath.Join("uploads", fmt.Sprintf("%d-*", u.UID))), Files: filesOf(t, u, filepath.Join("blobs", fmt.Sprint(u.UID), "*", "*")),
		Live: int(n[0]), Pending: int(n[1]), Doomed: int(n[2]), Open: int(n[3]), Reserved: n[4], Counted: n[5],
	}
}

func filesOf(t *testing.T, u *harness.User, pattern string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(u.Server.Data, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// clean says that nothing is left of uploads that failed: what is stored is what is
// visible and what is open.
func clean(t *testing.T, u *harness.User) {
	t.Helper()
	if got := storedBy(t, u); !got.clean() {
		t.Errorf("something was left behind: %+v", got)
	}
}

func (s stored) clean() bool {
	return s.Staged <= s.Open && s.Pending == s.Open && s.Files == s.Live && s.Doomed == 0 && s.Reserved == s.Counted
}

// eventually waits for what the server does without being asked.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for !is() {
		select {
		case <-poll.C:
		case <-late.C:
			t.Fatalf("it does not come to this: %s", what)
		}
	}
}
