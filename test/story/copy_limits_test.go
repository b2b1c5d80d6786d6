package story

import (
	"bytes"
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

	// What is up to date counts to no limit; four images have lost their source.
	if err := u.Trash(t.Context(), ids[:2]); err != nil {
		t.Fatal(err)
	}
	says(t, "republish all", s.Post(republishPath, u.Token, body{"parentFileId": "0"}), 200, 1, fault.TooManyImages, "图片数量超过3张限制")
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

// A picture that is larger than the operator allows is in the drive like any file, and comes
// into the bed when more is allowed.
func TestImageSize(t *testing.T) {
	s, u := limited(t, "--image-size", "1K")
	fits, large := bytes.Repeat([]byte("a"), 1<<10), bytes.Repeat([]byte("b"), 1<<10+1)
	ids := []int64{u.PutFile(0, "fits.png", fits), u.PutFile(0, "large.png", large)}
	task := u.StartCopy("", ids...)
	counts(t, u.Await(task), 1, 0, 1, 0)
	item := s.Get(copyPath+"/items?outcome=skipped&taskID="+task, u.Token).Field("list").([]any)[0].(map[string]any)
	if item["reason"] != "too_large" || item["reasonMessage"] != "图片超过1K" || item["reasonMessageEn"] != "the picture is larger than 1 KiB" {
		t.Errorf("the skipped one: %v", item)
	}
	mustBed(t, u, "", "sent.png", fits, 0)
	a := s.Post("/upload/v1/oss/file/create", u.Token, map[string]any{"parentFileID": "", "filename": "b.png", "etag": harness.MD5(large), "size": len(large), "type": 1})
	says(t, "an upload", a, 200, 1, fault.FileTooLarge, "文件大小超过1K限制")

	s.Stop()
	s.Args = []string{"--image-size", "101M"}
	s.Start()
	u.SignIn()
	counts(t, done(t, u, "", ids...), 1, 1, 0, 0)

	// More than the documented size comes in two slices.
	huge := bytes.Repeat([]byte("0123456789abcdef"), 100<<20/16+1)
	c, err := u.BedCreate(t.Context(), client.NewImage{Filename: "huge.png", Etag: harness.MD5(huge), Size: int64(len(huge))})
	if err != nil || c.SliceSize != 100<<20 {
		t.Fatalf("%+v, %v", c, err)
	}
	for no, slice := range [][]byte{huge[:100<<20], huge[100<<20:]} {
		link, err := u.BedUploadURL(t.Context(), c.PreuploadID, no+1)
		if err == nil {
			err = u.Put(t.Context(), link, client.Content{From: bytes.NewReader(slice), Size: int64(len(slice))})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := u.BedComplete(t.Context(), c.PreuploadID); err != nil {
		t.Fatal(err)
	}
	if img := bedTree(t, u, "")["huge.png"]; img.Size != int64(len(huge)) {
		t.Errorf("in the bed: %+v", img)
	}
	for _, left := range [][]string{{"--image-size", "1K"}, nil} { // what is there stays
		s.Stop()
		s.Args = left
		s.Start()
		u.SignIn()
		if n := len(bedTree(t, u, "")); n != 3 {
			t.Errorf("%v: %d pictures", left, n)
		}
	}
	clean(t, u)
	s.Run("fsck", "--data", s.Data)
}
