package story

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/fault"
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

// The bed's list has pages by number where one is asked for; all that orders them means
// nothing without.
func TestBedPagesByNumber(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	for n, name := range []string{"b.png", "猫.png", "a.png"} {
		mustBed(t, u, "", name, []byte(strings.Repeat("x", []int{30, 10, 20}[n])), 0)
	}
	if _, err := u.BedMkdir(t.Context(), "", "z"); err != nil {
		t.Fatal(err)
	}
	const all = 4
	for body, want := range map[string]string{
		`"page":1`:                        "z a.png 猫.png b.png",
		`"page":1,"orderDirection":"asc"`: "z b.png 猫.png a.png",
		`"page":0,"limit":2`:              "z a.png",
		`"page":-5,"limit":2`:             "z a.png",
		`"page":"2","limit":2`:            "猫.png b.png",
		`"page":3,"limit":2`:              "",
		`"page":9223372036854775807`:      "",
		`"page":1,"orderBy":"file_name"`:  "z a.png b.png 猫.png",
		`"page":1,"orderBy":"size"`:       "z 猫.png a.png b.png",
		`"page":1,"orderBy":"file_name","orderDirection":"DESC","lastFileId":"0"`: "z 猫.png b.png a.png",
	} {
		a := s.Send("POST", "/api/v1/oss/file/list", u.Token, "application/json", []byte(`{"parentFileId":"",`+body+`}`))
		if got := namesIn(a); got != want || a.Code != 0 || fmt.Sprint(a.Field("total")) != fmt.Sprint(all) {
			t.Errorf("%s: %q, want %q: %+v", body, got, want, a)
		}
		if _, last := a.Field("lastFileId").(string); !last {
			t.Errorf("%s: %+v", body, a)
		}
	}
	for body, field := range map[string]string{
		`"page":"x"`:                       "page",
		`"page":1.5`:                       "page",
		`"page":9223372036854775808`:       "page",
		`"page":1,"orderBy":"update_at"`:   "orderBy",
		`"page":1,"orderBy":"name"`:        "orderBy",
		`"page":1,"orderDirection":"down"`: "orderDirection",
		`"page":1,"lastFileId":"-1"`:       "lastFileId",
		`"page":1,"startTime":1`:           "startTime",
		`"page":1,"endTime":1`:             "endTime",
	} {
		a := s.Send("POST", "/api/v1/oss/file/list", u.Token, "application/json", []byte(`{"parentFileId":"",`+body+`}`))
		if a.Code != 1 || a.Error == nil || a.Error.Code != "bad_request" || a.Message != "参数错误: "+field {
			t.Errorf("%s: %+v", body, a)
		}
	}
	plain := s.Post("/api/v1/oss/file/list", u.Token, map[string]any{"parentFileId": ""})
	for _, body := range []string{`"page":null`, `"page":""`, `"orderBy":"file_name"`, `"orderBy":"colour","orderDirection":"down"`} {
		a := s.Send("POST", "/api/v1/oss/file/list", u.Token, "application/json", []byte(`{"parentFileId":"",`+body+`}`))
		if diff := cmp.Diff(plain.Data, a.Data); diff != "" || namesIn(a) != "z a.png 猫.png b.png" || a.Field("total") != nil {
			t.Errorf("%s: %+v\n%s", body, a, diff)
		}
	}
}

func namesIn(a harness.Answer) string {
	list, _ := a.Field("fileList").([]any)
	names := make([]string, len(list))
	for i, e := range list {
		names[i], _ = e.(map[string]any)["filename"].(string)
	}
	return strings.Join(names, " ")
}

// How many images would go is told before, and no more go than was agreed to.
func TestBedDeletesNoMoreThanWasAgreed(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	folder, err := u.BedMkdir(t.Context(), "", "folder")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		mustBed(t, u, folder.DirID, fmt.Sprint(n, ".png"), content(n), 0)
	}
	remove := func(fields map[string]any) harness.Answer {
		fields["fileIDs"] = []string{folder.DirID}
		return s.Post("/api/v1/oss/file/delete", u.Token, fields)
	}
	for _, name := range []string{"dryRun", "dry_run", "dry-run", "DRYRUN"} {
		if a := remove(map[string]any{name: true}); a.Code != 0 || fmt.Sprint(a.Field("links")) != "3" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := remove(map[string]any{"dryRun": true, "links": 0}); fmt.Sprint(a.Field("links")) != "3" {
		t.Errorf("a dry run of what may not be: %+v", a)
	}
	says(t, "one too many", remove(map[string]any{"links": 2}), 200, 1, fault.LinksMore, "未删除任何内容")
	says(t, "less than none", remove(map[string]any{"links": -1}), 200, 1, fault.BadRequest, "links")
	says(t, "no number", remove(map[string]any{"links": "all"}), 200, 1, fault.BadRequest, "links")
	says(t, "a run that is neither", remove(map[string]any{"dryRun": "perhaps"}), 200, 1, fault.BadRequest, "dryRun")
	if got := bedTree(t, u, ""); len(got) != 4 {
		t.Errorf("the bed holds %v", got)
	}
	if a := remove(map[string]any{"links": 3, "dryRun": false}); a.Code != 0 || a.Data != nil {
		t.Errorf("as many as were agreed to: %+v", a)
	}
	if got := bedTree(t, u, ""); len(got) != 0 {
		t.Errorf("the bed holds %v", got)
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
