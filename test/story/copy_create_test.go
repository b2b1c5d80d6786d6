package story

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/client"
)

// What a request to copy must say, and what it is told: the rows of the contract's
// table that creation decides. Their numbers stand in the names.

func TestCopy01_FourthTaskIsRefused(t *testing.T) {
	s, u := writer(t)
	other := s.User("other")
	id, theirs := u.PutFile(0, "a.png", content(1)), other.PutFile(0, "a.png", content(1))
	release := occupy(t, u)
	second, third := u.StartCopy("", id), u.StartCopy("", id)
	a := refused(t, u, copyBody([]int64{id}), 1)
	if !strings.Contains(a.Message, "图床复制任务数量已达上限(3)") {
		t.Errorf("the refusal says %q", a.Message)
	}
	counts(t, done(t, other, "", theirs), 1, 0, 0, 0) // another account's tasks don't count
	release()
	u.Await(second)
	u.Await(third)
	counts(t, done(t, u, "", id), 0, 1, 0, 0)
}

func TestCopy02_IDsAreCountedBeforeTheyAreDeduplicated(t *testing.T) {
	_, u := writer(t)
	id := u.PutFile(0, "a.png", content(1))
	ids := make([]int64, 101)
	for i := range ids {
		ids[i] = id
	}
	refused(t, u, copyBody(ids), 1)
	task := accepted(t, u, copyBody(ids[:100]))
	counts(t, u.Await(task), 1, 0, 0, 0)
}

func TestCopy03_IDsThatAreNone(t *testing.T) {
	_, u := writer(t)
	id := u.PutFile(0, "a.png", content(1))
	for _, ids := range []any{absent, nil, []any{}, "", []any{""}, []any{"abc"}, []any{"1.5"}, []any{-1}, []any{id, "x"}, []any{map[string]any{}}, "99999999999999999999"} {
		refused(t, u, copyBody(absent, "fileIDs", ids), 1)
	}
}

func TestCopy03_IDsAsClientsSendThem(t *testing.T) {
	s, u := writer(t)
	id := u.PutFile(0, "a.png", content(1))
	text := fmt.Sprint(id)
	for _, ids := range []any{[]any{text}, []any{id}, text, id, text + "," + text, []any{text, id}} {
		task := accepted(t, u, copyBody(ids))
		if state := u.Await(task); *state.Total != 1 || state.Status != client.CopyFinished {
			t.Errorf("%v: %+v", ids, state)
		}
	}
	for _, form := range []string{
		"fileIDs=" + text + "&fileIDs=" + text + "&toParentFileID=&sourceType=1&type=1",
		"fileids=" + text + "&toparentfileid=&sourcetype=1",
		"fileIDs[]=" + text,
	} {
		for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", ""} {
			a := s.Send("POST", copyPath, u.Token, kind, []byte(form))
			task, _ := a.Field("taskID").(string)
			if a.Code != 0 || task == "" {
				t.Fatalf("%s as %q: %+v", form, kind, a)
			}
			if state := u.Await(task); *state.Total != 1 {
				t.Errorf("%s as %q: %+v", form, kind, state)
			}
		}
	}
}

func TestCopy04_SourceTypeAndType(t *testing.T) {
	_, u := writer(t)
	id := u.PutFile(0, "a.png", content(1))
	for _, key := range []string{"sourceType", "type"} {
		for _, v := range []any{absent, nil, "", 1, "1"} {
			u.Await(accepted(t, u, copyBody([]int64{id}, key, v)))
		}
		for _, v := range []any{0, 2, "2", "x", -1, []any{2}} {
			refused(t, u, copyBody([]int64{id}, key, v), 1)
		}
	}
}

func TestCopy05_WhatIsNotThereIsRefused(t *testing.T) {
	s, u := writer(t)
	good := u.PutFile(0, "good.png", content(1))
	foreign := s.User("other").PutFile(0, "theirs.png", content(2))
	folder := u.MkFolder(0, "folder")
	inside := u.PutFile(folder, "inside.png", content(3))
	trashed := u.PutFile(0, "trashed.png", content(4))
	deleted := u.PutFile(0, "deleted.png", content(5))
	trash(t, u, folder, trashed, deleted)
	if err := u.Delete(t.Context(), []int64{deleted}); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for name, id := range map[string]int64{
		"missing": 1 << 50, "another account's": foreign, "in the trash": trashed, "deleted": deleted,
		"a folder in the trash": folder, "in a folder in the trash": inside, "the root": 0,
	} {
		a := refused(t, u, copyBody([]int64{good, id}), 5066)
		seen[a.Message] = true
		if len(seen) > 1 {
			t.Errorf("%s: is told apart: %q", name, a.Message)
		}
	}
}

func TestCopy07_TargetsThatAreNone(t *testing.T) {
	s, u := writer(t)
	id := u.PutFile(0, "a.png", content(1))
	done(t, u, "", id)
	image := bedTree(t, u, "")["a.png"].FileID
	other := s.User("other")
	theirs := mkBed(t, other, "", "theirs")
	gone := mkBed(t, u, "", "gone")
	if err := u.BedDelete(t.Context(), []string{gone}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ target, says string }{
		"missing":   {gone, "目标文件夹不存在"},
		"foreign":   {theirs, "目标文件夹不存在"},
		"garbage":   {"no id at all", "目标文件夹不存在"},
		"a number":  {"12345", "目标文件夹不存在"},
		"the image": {image, "目标不是文件夹"},
	} {
		if a := refused(t, u, copyBody([]int64{id}, "toParentFileID", c.target), 1); a.Message != c.says {
			t.Errorf("%s: %q", name, a.Message)
		}
	}
}

func TestCopy08_EveryWordForTheRoot(t *testing.T) {
	_, u := writer(t)
	first := u.PutFile(0, "first.png", content(0))
	done(t, u, "", first)
	root := bedTree(t, u, "")["first.png"].ParentFileID
	want := []string{"first.png"}
	for n, target := range []any{"", nil, absent, 0, "0", root} {
		name := fmt.Sprintf("%d.png", n)
		id := u.PutFile(0, name, content(n+1))
		state := u.Await(accepted(t, u, copyBody([]int64{id}, "toParentFileID", target)))
		counts(t, state, 1, 0, 0, 0)
		want = append(want, name)
	}
	for name, img := range hasPaths(t, u, "", want...) {
		if img.ParentFileID != root || img.ParentFilename != "img_oss" {
			t.Errorf("%s: is in %s %q", name, img.ParentFileID, img.ParentFilename)
		}
	}
}

func TestCopy25_UnknownAndForeignTasks(t *testing.T) {
	s, u := writer(t)
	other := s.User("other")
	task := other.StartCopy("", other.PutFile(0, "a.png", content(1)))
	other.Await(task)
	for _, path := range []string{"/process", "/fail"} {
		for _, id := range []string{task, "00000000000000000000000000000000", "x", ""} {
			a := s.Get(copyPath+path+"?taskID="+id+"&page=1&limit=100", u.Token)
			if a.Status != 200 || a.Code != 1 || a.Data != nil {
				t.Errorf("%s of %q: %+v", path, id, a)
			}
			if id != "" && a.Message != "任务不存在" {
				t.Errorf("%s of %q: %q", path, id, a.Message)
			}
		}
		if a := s.Get(copyPath+path+"?taskID="+task, other.Token); a.Code != 0 {
			t.Errorf("%s by its owner: %+v", path, a)
		}
	}
}

func TestCopy26_FirstInFirstOutOfEachAccount(t *testing.T) {
	s, u := writer(t)
	other := s.User("other")
	id, theirs := u.PutFile(0, "a.png", content(1)), other.PutFile(0, "a.png", content(1))
	release := occupy(t, u)
	first, second := u.StartCopy("", id), u.StartCopy("", id)
	done(t, other, "", theirs) // does not wait for this account's queue
	for _, task := range []string{first, second} {
		if state, err := u.CopyProcess(t.Context(), task); err != nil || state.Status != client.CopyWaiting || state.StartAt != "" {
			t.Errorf("behind another task: %+v %v", state, err)
		}
	}
	release()
	u.Await(second)
	if state, err := u.CopyProcess(t.Context(), first); err != nil || state.Status != client.CopyFinished {
		t.Errorf("the second has ended before the first: %+v %v", state, err)
	}
	times := column[int64](t, s, `SELECT finished_at FROM task WHERE account_id = $1 AND id = $2 UNION ALL
		SELECT started_at FROM task WHERE account_id = $1 AND id = $3`, u.UID, first, second)
	if len(times) != 2 || times[0] == 0 || times[1] < times[0] {
		t.Errorf("the first ended at %d, the second began at %d", times[0], times[1])
	}
}

// Nothing of 123pan cancels or lists tasks; here they can be.
func TestCopy29_TasksAreListedAndCancelled(t *testing.T) {
	_, u := writer(t)
	id := u.PutFile(0, "a.png", content(1))
	release := occupy(t, u)
	first, second := u.StartCopy("", id), u.StartCopy("", id)
	for range 2 {
		if err := u.CopyCancel(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	third := u.StartCopy("", id) // there is room for another
	release()
	counts(t, u.Await(second), 1, 0, 0, 0)
	counts(t, u.Await(third), 0, 1, 0, 0)
	state, err := u.CopyProcess(t.Context(), first)
	if err != nil || state.Status != client.CopyFailed || state.FailMsg != "任务已取消" || state.FailCode != "cancelled" || state.StartAt != "" || state.FinishAt == "" {
		t.Errorf("%+v %v", state, err)
	}
	if err := u.CopyCancel(t.Context(), second); err == nil || !strings.Contains(err.Error(), "has ended already") {
		t.Errorf("cancelled after its end: %v", err)
	}
	for status, want := range map[int][]string{client.CopyFailed: {first}, 5: {first}, client.CopyWaiting: nil} {
		page, err := u.CopyList(t.Context(), client.CopyListQuery{Status: status})
		var got []string
		for _, task := range page.List {
			got = append(got, task.TaskID)
		}
		if err != nil || page.LastTaskID != "-1" || !slices.Equal(got, want) {
			t.Errorf("of status %d there are %q, want %q: %v", status, got, want, err)
		}
	}
	page, err := u.CopyItems(t.Context(), second, client.CopyItemsQuery{})
	if err != nil || page.LastSeq != -1 || len(page.List) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	i := page.List[0]
	if i.Outcome != "copied" || i.FileID != id || i.SourcePath != "/a.png" || i.TargetPath != "/a.png" || i.ImageID == "" {
		t.Errorf("%+v", i)
	}
	if got := fetch(t, i.DownloadURL); !bytes.Equal(got, content(1)) {
		t.Errorf("its link gives %d bytes", len(got))
	}
}

// The list of failures as it is documented: null for none, pages from 1.
func TestCopyFailList(t *testing.T) {
	s, u := writer(t)
	folder := u.MkFolder(0, "album")
	putMany(t, u, folder, 0, 103)
	exec(t, s, `UPDATE blob SET state = 2 WHERE account_id = $1`, u.UID)
	task := u.StartCopy("", folder)
	u.Await(task)

	for query, want := range map[string]struct{ first, rows int }{
		"&page=1&limit=100": {0, 100}, "&page=2&limit=100": {100, 3}, "&page=1&limit=2": {0, 2}, "&page=52&limit=2": {102, 1},
		"&page=0&limit=0": {0, 100}, "": {0, 100}, "&page=0&limit=1": {0, 1}, "&page=1&limit=101": {0, 100}, "&limit=1000000": {0, 100},
		"&page=-1&limit=-5": {0, 100}, "&page=3&limit=100": {0, 0}, "&page=104&limit=1": {0, 0},
		"&page=4611686018427387905&limit=4": {0, 0}, "&page=9223372036854775807&limit=100": {0, 0},
	} {
		a := s.Get(copyPath+"/fail?taskID="+task+query, u.Token)
		list, isList := a.Field("list").([]any)
		if a.Code != 0 || fmt.Sprint(a.Field("total")) != "103" || !isList || len(list) != want.rows {
			t.Errorf("%q: code %d, total %v, %d rows of %T; want %d", query, a.Code, a.Field("total"), len(list), a.Field("list"), want.rows)
			continue
		}
		for i, row := range list {
			f := row.(map[string]any)
			if f["filename"] != fmt.Sprintf("%04d.png", want.first+i) || f["failReason"] != "source_blocked" ||
				f["failMessage"] != "源文件已被管理员屏蔽" || f["failMessageEn"] == "" {
				t.Fatalf("%q, row %d: %v", query, i, f)
			}
			if _, ok := f["fileId"].(interface{ Int64() (int64, error) }); !ok {
				t.Fatalf("fileId is a %T", f["fileId"])
			}
		}
	}
	form := []byte("taskID=" + task + "&page=0&limit=1")
	if a := s.Send("POST", copyPath+"/fail", u.Token, "application/json", form); len(a.Field("list").([]any)) != 1 {
		t.Errorf("asked by a POST with a form: %+v", a)
	}
	if a := s.Get("/upload/v1/oss/file/mkdir?taskid="+task+"&limit=100&page=1", u.Token); fmt.Sprint(a.Field("total")) != "103" {
		t.Errorf("asked where one client asks by mistake: %+v", a)
	}

	good := u.StartCopy("", u.PutFile(0, "good.png", []byte("good")))
	u.Await(good)
	for _, query := range []string{"&page=1&limit=100", "", "&page=2"} {
		a := s.Get(copyPath+"/fail?taskID="+good+query, u.Token)
		data, _ := a.Data.(map[string]any)
		if list, there := data["list"]; !there || list != nil || fmt.Sprint(data["total"]) != "0" {
			t.Errorf("without failures, %q: %+v", query, a)
		}
	}
}

// A request in the documented form, and its answers, key by key.
func TestCopyReferenceRun(t *testing.T) {
	s, u := writer(t)
	a, b := u.PutFile(0, "a.png", content(1)), u.PutFile(0, "b.png", content(2))
	target := mkBed(t, u, "", "target")
	body := fmt.Appendf(nil, `{"fileIDs":["%d","%d"],"toParentFileID":"%s","sourceType":1,"type":1}`, a, b, target)
	task := s.Send("POST", copyPath, u.Token, "application/json", body).Field("taskID").(string)
	u.Await(task)
	got := s.Get(copyPath+"/process?taskID="+task, u.Token)
	if fmt.Sprint(got.Field("status")) != "2" || got.Field("failMsg") != "" || got.Message != "ok" || got.TraceID == "" {
		t.Errorf("process: %+v", got)
	}
	hasPaths(t, u, target, "a.png", "b.png")
	form := []byte("taskID=" + task)
	if got := s.Send("POST", copyPath+"/process", u.Token, "application/json", form); fmt.Sprint(got.Field("status")) != "2" {
		t.Errorf("process asked by a POST with a form: %+v", got)
	}
}
