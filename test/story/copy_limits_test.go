package story

import (
	"fmt"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// The limits of copy tasks are the operator's: with others than the documented ones, all
// that they bound keeps to them and names them.

const (
	planPath      = copyPath + "/plan"
	republishPath = "/api/v1/oss/source/republish"
)

// limited starts a server with limits and signs in.
func limited(t *testing.T, limits ...string) (*harness.Server, *harness.User) {
	t.Helper()
	t.Parallel()
	s := harness.Start(t, limits...)
	return s, s.User("writer")
}

func TestCopyLimitsBelowTheDocumented(t *testing.T) {
	s, u := limited(t, "--copy-ids", "2", "--copy-tasks", "1", "--copy-images", "3", "--copy-levels", "2")
	album := u.MkFolder(0, "album")
	var ids []int64
	for n := range 3 {
		ids = append(ids, u.PutFile(album, fmt.Sprintf("%d.png", n), content(n)))
	}
	counts(t, done(t, u, "", ids[0], ids[1]), 2, 0, 0, 0)
	first := done(t, u, "", album) // 3 pictures in 1 level
	counts(t, first, 3, 0, 0, 0)

	type body = map[string]any
	three := []any{ids[0], "no id", ids[2]} // counted before they are read
	says(t, "copy", s.Post(copyPath, u.Token, copyBody(three)), 200, 1, fault.TooManyIDs, "一次最多2个")
	says(t, "plan", s.Post(planPath, u.Token, copyBody(three)), 200, 1, fault.TooManyIDs, "一次最多2个")
	says(t, "republish files", s.Post(republishPath, u.Token, body{"fileIDs": ids}), 200, 1, fault.TooManyIDs, "一次最多2个")
	says(t, "republish images", s.Post(republishPath, u.Token, body{"imageIDs": []string{"a", "b", "c"}}), 200, 1, fault.TooManyIDs, "一次最多2个")
	if a := s.Post("/api/v1/oss/source/published", u.Token, body{"fileIDs": ids}); a.Code != 0 {
		t.Errorf("another endpoint's limit is another one: %+v", a)
	}

	says(t, "republish all", s.Post(republishPath, u.Token, body{"parentFileId": "0"}), 200, 1, fault.TooManyImages, "图片数量超过3张限制")

	top := u.MkFolder(0, "1")
	u.PutFile(u.MkFolder(u.MkFolder(top, "2"), "3"), "deep.png", content(9))
	u.PutFile(album, "3.png", content(3))
	images := len(bedTree(t, u, ""))
	for _, tt := range []struct {
		id         int64
		code, says string
		max, found int64
	}{{album, "limit_images", "图片数量超过3张限制", 3, 4}, {top, "limit_depth", "文件夹层级超过2层限制", 2, 3}} {
		plan, err := u.CopyPlan(t.Context(), []int64{tt.id}, client.CopyTarget{}, 10)
		if err != nil || plan.Limit == nil || plan.Limit.FailCode != tt.code || plan.Limit.FailMsg != tt.says || plan.Limit.Max != tt.max || plan.Limit.Found != tt.found {
			t.Errorf("the plan: %+v (%v)", plan.Limit, err)
		}
		task := u.StartCopy("", tt.id)
		if state := u.Await(task); state.Status != 3 || state.FailCode != tt.code || state.FailMsg != tt.says {
			t.Errorf("the task: %+v", state)
		}
		if told, ok := listen(t, u, task, "").next(); !ok || told.FailMsg != tt.says {
			t.Errorf("the event: %+v", told)
		}
		if list := s.Get(copyPath+"/list?limit=1", u.Token).Field("list").([]any)[0].(map[string]any); list["failMsg"] != tt.says {
			t.Errorf("the list: %v", list)
		}
	}
	if now := len(bedTree(t, u, "")); now != images {
		t.Errorf("%d entries of the bed were %d", now, images)
	}

	release := occupy(t, u)
	defer release()
	says(t, "a second task", s.Post(copyPath, u.Token, copyBody(ids[:1])), 200, 1, fault.TooManyTasks, "图床复制任务数量已达上限(1)")
	says(t, "a second task, to re-publish", s.Post(republishPath, u.Token, body{"fileIDs": ids[:1]}), 200, 1, fault.TooManyTasks, "图床复制任务数量已达上限(1)")
}

func TestCopyLimitsAboveTheDocumented(t *testing.T) {
	s, u := limited(t, "--copy-ids", "1000", "--copy-tasks", "4", "--copy-images", "1001", "--copy-levels", "16")
	album := u.MkFolder(0, "album")
	putMany(t, u, album, 0, 1001)
	counts(t, done(t, u, "", album), 1001, 0, 0, 0)
	if a := s.Post(republishPath, u.Token, map[string]any{"parentFileId": "0"}); a.Code != 0 {
		t.Fatalf("1001 images are not published again: %+v", a)
	} else if state := u.Await(a.Field("taskID").(string)); state.Skipped != 1001 {
		t.Errorf("1001 images again: %+v", state)
	}

	files, err := u.ListV2(t.Context(), client.ListQuery{Parent: album, Limit: 100})
	if err != nil || len(files.FileList) != 100 {
		t.Fatal(files, err)
	}
	ids := make([]int64, 0, 1001)
	for n := range 1001 {
		ids = append(ids, files.FileList[n%100].FileID)
	}
	counts(t, done(t, u, "", ids[:1000]...), 100, 0, 0, 0)
	says(t, "1001 ids", s.Post(copyPath, u.Token, copyBody(ids)), 200, 1, fault.TooManyIDs, "一次最多1000个")

	top := u.MkFolder(0, "1")
	at := top
	for n := 2; n <= 16; n++ {
		at = u.MkFolder(at, fmt.Sprint(n))
	}
	u.PutFile(at, "deep.png", content(2000))
	counts(t, done(t, u, "", top), 1, 0, 0, 0)

	release := occupy(t, u)
	defer release()
	for range 3 {
		u.StartCopy("", ids[0])
	}
	says(t, "a fifth task", s.Post(copyPath, u.Token, copyBody(ids[:1])), 200, 1, fault.TooManyTasks, "图床复制任务数量已达上限(4)")
}
