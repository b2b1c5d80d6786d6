package story

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/test/harness"
)

// Who asks for what comes after the last page is told that nothing does.
func TestNothingComesAfterTheLastPage(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	u.PutFile(0, "a.png", []byte("a"))
	for _, query := range []string{"parentFileId=0", "parentFileId=0&searchData=a"} {
		a := s.Get("/api/v2/file/list?limit=10&lastFileId=0&"+query, u.Token)
		if list, _ := a.Field("fileList").([]any); len(list) != 1 || fmt.Sprint(a.Field("lastFileId")) != "-1" {
			t.Errorf("%s, the first page: %+v", query, a)
		}
		a = s.Get("/api/v2/file/list?limit=10&lastFileId=-1&"+query, u.Token)
		if list, ok := a.Field("fileList").([]any); !ok || len(list) != 0 || fmt.Sprint(a.Field("lastFileId")) != "-1" || a.Code != 0 {
			t.Errorf("%s, after it: %+v", query, a)
		}
	}
}

// A page of the bed goes on after what was deleted meanwhile, and nobody is led back to
// the beginning by what was never a cursor.
func TestBedPagesAfterWhatIsGone(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	made := s.Post("/upload/v1/oss/file/mkdir", u.Token, map[string]any{"parentID": "", "name": []string{"a", "b", "c"}})
	if made.Code != 0 {
		t.Fatalf("%+v", made)
	}
	for _, path := range []string{"/api/v1/oss/file/list", "/api/v1/oss/file/links"} {
		for _, cursor := range []string{"x", "1", "00", "fileId", strings.Repeat("i", 40)} {
			a := s.Post(path, u.Token, map[string]any{"parentFileId": "", "limit": 1, "lastFileId": cursor})
			if a.Code != 1 || a.Error == nil || a.Error.Code != "bad_request" || !strings.Contains(a.Message, "lastFileId") {
				t.Errorf("%s after %q: %+v", path, cursor, a)
			}
		}
	}
	first := s.Post("/api/v1/oss/file/list", u.Token, map[string]any{"parentFileId": "", "limit": 1})
	cursor := first.Field("lastFileId")
	if gone := s.Post("/api/v1/oss/file/delete", u.Token, map[string]any{"fileIDs": []any{cursor}}); gone.Code != 0 {
		t.Fatalf("%+v", gone)
	}
	rest := s.Post("/api/v1/oss/file/list", u.Token, map[string]any{"parentFileId": "", "limit": 100, "lastFileId": cursor})
	list, _ := rest.Field("fileList").([]any)
	var names []any
	for _, e := range list {
		names = append(names, e.(map[string]any)["filename"])
	}
	if diff := cmp.Diff([]any{"b", "a"}, names); diff != "" {
		t.Errorf("after what is gone:\n%s", diff)
	}
}

// A folder of the bed is answered by the name that it is listed by.
func TestBedMkdirAnswersTheNameItHas(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	made := s.Post("/upload/v1/oss/file/mkdir", u.Token, map[string]any{"parentID": "", "name": []string{"e\u0301te\u0301", "plain"}})
	list, _ := made.Field("list").([]any)
	for i, want := range []string{"\u00e9t\u00e9", "plain"} {
		if len(list) != 2 || list[i].(map[string]any)["filename"] != want {
			t.Errorf("mkdir answers %+v, want %q", made, want)
		}
	}
}

// The words of an order are taken in any case; others are refused.
func TestListInEitherDirection(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	for _, name := range []string{"a.png", "b.png"} {
		u.PutFile(0, name, []byte(name))
	}
	for direction, first := range map[string]string{"": "a.png", "asc": "a.png", "ASC": "a.png", "desc": "b.png", "DESC": "b.png", "Desc": "b.png"} {
		a := s.Get("/api/v1/file/list?parentFileId=0&page=1&limit=100&orderBy=file_name&orderDirection="+direction, u.Token)
		list, _ := a.Field("fileList").([]any)
		if len(list) != 2 || list[0].(map[string]any)["filename"] != first {
			t.Errorf("%q begins otherwise than with %s: %+v", direction, first, a)
		}
	}
	if a := s.Get("/api/v1/file/list?parentFileId=0&page=1&limit=100&orderBy=file_name&orderDirection=down", u.Token); a.Code != 1 {
		t.Errorf("down: %+v", a)
	}
}

// Times beyond all that a clock shows bound the list of the bed like any other.
func TestBedListBetweenFarTimes(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	mustBed(t, u, "", "a.png", content(1), 0)
	for body, want := range map[string]int{
		`{"endTime":9223372036854775807}`: 1, `{"endTime":10000000000000}`: 1, `{"endTime":1}`: 0,
		`{"startTime":9223372036854775807}`: 0, `{"startTime":10000000000000}`: 0, `{"startTime":1}`: 1, `{"startTime":-9223372036854775808,"endTime":-1}`: 1,
	} {
		a := s.Send("POST", "/api/v1/oss/file/list", u.Token, "application/json", []byte(body))
		if list, _ := a.Field("fileList").([]any); len(list) != want || a.Code != 0 {
			t.Errorf("%s: %d images, want %d: %+v", body, len(list), want, a)
		}
	}
}

// A mark of the byte order before a body is no part of it.
func TestBodyWithAMarkOfItsOrder(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	for n, c := range [][2]string{{"application/json", `{"name":"json","parentID":0}`}, {"application/x-www-form-urlencoded", "name=form&parentID=0"}} {
		if a := s.Send("POST", "/upload/v1/file/mkdir", u.Token, c[0], []byte("\xef\xbb\xbf"+c[1])); a.Code != 0 {
			t.Errorf("%d: %+v", n, a)
		}
	}
}
