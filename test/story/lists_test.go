package story

import (
	"fmt"
	"testing"

	"tuchuang/test/harness"
)

// Who asks for what comes after the last page is told that nothing does.
func TestNothingComesAfterTheLastPage(t *testing.T) {
	s := harness.Start(t)
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

// A folder of the bed is answered by the name that it is listed by.
func TestBedMkdirAnswersTheNameItHas(t *testing.T) {
	s := harness.Start(t)
	u := s.User("writer")
	made := s.Post("/upload/v1/oss/file/mkdir", u.Token, map[string]any{"parentID": "", "name": []string{"e\u0301te\u0301", "plain"}})
	list, _ := made.Field("list").([]any)
	for i, want := range []string{"\u00e9t\u00e9", "plain"} {
		if len(list) != 2 || list[i].(map[string]any)["filename"] != want {
			t.Errorf("mkdir answers %+v, want %q", made, want)
		}
	}
}
