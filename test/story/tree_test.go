package story

import (
	"fmt"
	"net/http"
	"testing"

	"tuchuang/test/harness"
)

// The tree is changed in the words that clients use for it, not the documented alone.
func TestTreeInTheWordsOfClients(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	folder, other := u.MkFolder(0, "folder"), u.MkFolder(0, "other")
	file := u.PutFile(0, "a.png", []byte("a"))
	const form = "application/x-www-form-urlencoded"
	at := func(want string) {
		t.Helper()
		f, err := u.Infos(t.Context(), []int64{file})
		if err != nil || len(f) != 1 || fmt.Sprintf("%d/%s %d", f[0].ParentFileID, f[0].Filename, f[0].Trashed) != want {
			t.Errorf("%+v %v, want %s", f, err, want)
		}
	}
	for n, c := range []struct {
		method, path, kind, body string
		want                     string
	}{
		{"PUT", "/api/v1/file/name", "application/json", `{"fileID":"%d","filename":"1.png"}`, "0/1.png 0"},
		{"POST", "/api/v1/file/name", form, "fileid=%d&filename=2.png", "0/2.png 0"},
		{"POST", "/api/v1/file/rename", "application/json", `{"renameList":[{"fileID":%d,"filename":"3.png"}]}`, "0/3.png 0"},
		{"POST", "/api/v1/file/rename", "application/json", `{"renameList":[{"fileId":"%d","fileName":"4.png"}]}`, "0/4.png 0"},
		{"POST", "/api/v1/file/rename", "application/json", `{"renameList":"%d|5,6.png"}`, "0/5,6.png 0"},
		{"POST", "/api/v1/file/rename", form, "renamelist=%d%%7C7.png", "0/7.png 0"},
		{"POST", "/api/v1/file/move", form, "fileids=%d&toparentfileid=" + fmt.Sprint(folder), fmt.Sprintf("%d/7.png 0", folder)},
		{"POST", "/api/v1/file/move", "application/json", `{"fileIDs":["%d"],"toParentFileID":""}`, "0/7.png 0"},
		{"POST", "/api/v1/file/trash", form, "fileIDs=%d", "0/7.png 1"},
		{"POST", "/api/v1/file/recover/by_path", form, "fileids=%d&toparentfileid=" + fmt.Sprint(other), fmt.Sprintf("%d/7.png 0", other)},
		{"POST", "/api/v1/file/trash", form, "fileIDs=%d", fmt.Sprintf("%d/7.png 1", other)},
		{"POST", "/api/v1/file/recover", form, "fileIDs[]=%d", fmt.Sprintf("%d/7.png 0", other)},
	} {
		a := s.Send(c.method, c.path, u.Token, c.kind, fmt.Appendf(nil, c.body, file))
		if a.Status != http.StatusOK || a.Code != 0 {
			t.Errorf("%d, %s: %+v", n, c.path, a)
		}
		at(c.want)
	}
}

// A folder says what is below it, wherever that goes.
func TestSizesFollowWhatIsMoved(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	from, to := u.MkFolder(0, "from"), u.MkFolder(0, "to")
	inner := u.MkFolder(from, "inner")
	file := u.PutFile(inner, "a.png", []byte("12345"))
	sizes := func(want ...int64) {
		t.Helper()
		for i, id := range []int64{from, inner, to} {
			if d, err := u.Detail(t.Context(), id); err != nil || d.Size != want[i] {
				t.Errorf("folder %d has %d bytes (%v), want %d", i, d.Size, err, want[i])
			}
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	sizes(5, 5, 0)
	must(u.Move(t.Context(), []int64{inner}, to))
	sizes(0, 5, 5)
	must(u.Trash(t.Context(), []int64{file}))
	sizes(0, 0, 0)
	if abnormal, err := u.Recover(t.Context(), []int64{file}); err != nil || len(abnormal) > 0 {
		t.Error(abnormal, err)
	}
	sizes(0, 5, 5)
	must(u.Trash(t.Context(), []int64{to}))
	must(u.RecoverTo(t.Context(), []int64{file}, from))
	sizes(5, 0, 0)
}
