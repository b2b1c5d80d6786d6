package story

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/test/harness"
)

// What publishing replaces, names and refuses, how a task ends, and what it
// survives.

func TestCopy06_GoneBeforeTheRun(t *testing.T) {
	_, u := writer(t)
	file, text := u.PutFile(0, "gone.png", content(1)), u.PutFile(0, "gone.txt", content(2))
	deleted := u.PutFile(0, "deleted.png", content(3))
	folder := u.MkFolder(0, "gone")
	u.PutFile(folder, "in it.png", content(4))
	stays := u.PutFile(0, "stays.png", content(5))
	release := occupy(t, u)
	task := u.StartCopy("", file, text, deleted, folder, stays)
	trash(t, u, file, text, deleted, folder)
	if err := u.Delete(t.Context(), []int64{deleted}); err != nil {
		t.Fatal(err)
	}
	release()
	state := u.Await(task)
	if state.Status != client.CopyFinished || state.FailMsg != "" || *state.Total != 3 {
		t.Errorf("%+v", state)
	}
	counts(t, state, 1, 0, 1, 2)
	if got := failures(t, u, task); !slices.Equal(got, []string{"gone.png: source_deleted", "deleted.png: source_deleted"}) {
		t.Errorf("failures: %q", got)
	}
	list, err := u.CopyFail(t.Context(), task, 1, 100)
	if err != nil || list.List[0].FileID != file || list.List[0].FailMessage != "源文件已被删除或替换" {
		t.Errorf("%+v %v", list, err)
	}
	hasPaths(t, u, "", "stays.png")
}

func TestCopy07_TargetDeletedBeforeTheRun(t *testing.T) {
	_, u := writer(t)
	above := mkBed(t, u, "", "above")
	target := mkBed(t, u, above, "target")
	id := u.PutFile(0, "a.png", content(1))
	release := occupy(t, u)
	task := u.StartCopy(target, id)
	if err := u.BedDelete(t.Context(), []string{above}); err != nil {
		t.Fatal(err)
	}
	release()
	state := u.Await(task)
	if state.Status != client.CopyFailed || state.FailMsg != "目标文件夹不存在" || state.FailCode != "target_deleted" {
		t.Errorf("%+v", state)
	}
	hasPaths(t, u, "")
}

func TestCopy16_TheSamePictureKeepsItsLink(t *testing.T) {
	_, u := writer(t)
	target := mkBed(t, u, "", "target")
	done(t, u, target, u.PutFile(0, "before.png", content(1)))
	old := hasPaths(t, u, target, "before.png")["before.png"]

	again := u.PutFile(0, "after.jpg", content(1))
	counts(t, done(t, u, target, again), 0, 1, 0, 0)
	now := hasPaths(t, u, target, "after.jpg")["after.jpg"]
	if now.FileID != old.FileID || now.DownloadURL != old.DownloadURL || now.CreateAt != old.CreateAt {
		t.Errorf("was %+v, is %+v", old, now)
	}
	if d, err := u.Infos(t.Context(), []int64{again}); err != nil || now.UpdateAt != d[0].UpdateAt {
		t.Errorf("the image was updated at %s, its source says %+v", now.UpdateAt, d)
	}
	if got := fetch(t, old.DownloadURL); !bytes.Equal(got, content(1)) {
		t.Errorf("the link shows %q", got)
	}
}

func TestCopy17_ElsewhereItIsAnotherPicture(t *testing.T) {
	_, u := writer(t)
	one, two := mkBed(t, u, "", "one"), mkBed(t, u, "", "two")
	id := u.PutFile(0, "a.png", content(1))
	done(t, u, one, id)
	counts(t, done(t, u, two, id), 1, 0, 0, 0)
	tree := hasPaths(t, u, "", "one/", "one/a.png", "two/", "two/a.png")
	if tree["one/a.png"].FileID == tree["two/a.png"].FileID {
		t.Error("two folders share an image")
	}
}

func TestCopy18_TheSameNameKeepsBoth(t *testing.T) {
	_, u := writer(t)
	ids := make([]int64, 3)
	for n := range ids {
		ids[n] = u.PutFile(u.MkFolder(0, string(rune('a'+n))), "x.png", content(n))
	}
	done(t, u, "", ids...)
	first := hasPaths(t, u, "", "x.png", "x(1).png", "x(2).png")
	for n, name := range []string{"x.png", "x(1).png", "x(2).png"} {
		if first[name].Etag != harness.MD5(content(n)) {
			t.Errorf("%s is not picture %d", name, n)
		}
	}
	for _, order := range [][]int64{ids, {ids[2]}, {ids[1], ids[0]}, ids} {
		counts(t, done(t, u, "", order...), 0, int64(len(order)), 0, 0)
	}
	for name, img := range hasPaths(t, u, "", "x.png", "x(1).png", "x(2).png") {
		if img.FileID != first[name].FileID {
			t.Errorf("%s was %s, is %s", name, first[name].FileID, img.FileID)
		}
	}
}

func TestCopy21and22_SomeFailAllFail(t *testing.T) {
	_, u := writer(t)
	for _, c := range []struct {
		gone   int
		status int
		says   string
		code   string
	}{{2, client.CopyFinished, "", ""}, {3, client.CopyFailed, "全部图片复制失败", "all_failed"}} {
		folder := u.MkFolder(0, strings.Repeat("f", c.gone))
		var ids []int64
		for n := range 3 {
			ids = append(ids, u.PutFile(folder, string(rune('a'+n))+".png", content(10*c.gone+n)))
		}
		release := occupy(t, u)
		task := u.StartCopy("", ids...)
		trash(t, u, ids[:c.gone]...)
		release()
		state := u.Await(task)
		if state.Status != c.status || state.FailMsg != c.says || state.FailCode != c.code {
			t.Errorf("%d of 3 are gone: %+v", c.gone, state)
		}
		counts(t, state, int64(3-c.gone), 0, 0, int64(c.gone))
		if got := failures(t, u, task); len(got) != c.gone {
			t.Errorf("failures: %q", got)
		}
	}
}

func TestCopy23_WhatIsBlockedLostOrDamagedFails(t *testing.T) {
	s, u := writer(t)
	for n, name := range []string{"fine.png", "blocked.png", "missing.png", "damaged.png"} {
		u.PutFile(0, name, content(n))
		if n > 0 {
			exec(t, s, `UPDATE blob SET state = $3 WHERE account_id = $1 AND md5 = $2`, u.UID, harness.MD5(content(n)), n+1)
		}
	}
	var ids []int64
	for f, err := range u.ListAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, f.FileID)
	}
	task := u.StartCopy("", ids...)
	counts(t, u.Await(task), 1, 0, 0, 3)
	want := []string{"blocked.png: source_blocked", "missing.png: content_missing", "damaged.png: content_damaged"}
	if got := failures(t, u, task); !slices.Equal(got, want) {
		t.Errorf("failures: %q, want %q", got, want)
	}
	hasPaths(t, u, "", "fine.png")
}

func TestCopy24_TheQuotaInTheMiddle(t *testing.T) {
	const sum, room = 100 + 60 + 30 + 20, 95
	s, u := writer(t, "--quota", "305") // sum + room
	fat := s.User("unlimited")
	if sum+room != 305 {
		t.Fatal("the figures of this test do not fit")
	}
	album := make(map[*harness.User]int64)
	for _, who := range []*harness.User{u, fat} {
		album[who] = who.MkFolder(0, "album")
		for name, size := range map[string]int{"1 large.png": 100, "2 medium.png": 60, "3 small.png": 30, "4 tiny.png": 20} {
			who.PutFile(album[who], name, bytes.Repeat([]byte(name[:1]), size))
		}
	}
	task := u.StartCopy("", album[u])
	state := u.Await(task)
	if state.Status != client.CopyFailed || state.FailMsg != "空间不足" || state.FailCode != "quota_exceeded" || state.Bytes != 90 {
		t.Errorf("%+v", state)
	}
	counts(t, state, 2, 0, 0, 2)
	if got := failures(t, u, task); !slices.Equal(got, []string{"1 large.png: quota_exceeded", "4 tiny.png: quota_exceeded"}) {
		t.Errorf("failures: %q", got)
	}
	first := hasPaths(t, u, "", "album/", "album/2 medium.png", "album/3 small.png")
	if got := spaceUsed(t, u); got != sum+90 {
		t.Errorf("%d bytes are used", got)
	}
	// What is there already costs nothing and passes, though the account is full.
	counts(t, u.Await(u.StartCopy("", album[u])), 0, 2, 0, 2)
	if again := bedTree(t, u, ""); again["album/2 medium.png"].FileID != first["album/2 medium.png"].FileID {
		t.Error("a picture that was there lost its link")
	}
	counts(t, done(t, fat, "", album[fat]), 4, 0, 0, 0)

	// A folder of which nothing fits is not made.
	small := u.MkFolder(0, "nothing fits")
	if err := u.Trash(t.Context(), []int64{album[u]}); err != nil {
		t.Fatal(err)
	}
	if err := u.Delete(t.Context(), []int64{album[u]}); err != nil {
		t.Fatal(err)
	}
	u.PutFile(small, "6.png", bytes.Repeat([]byte("6"), 200)) // of 305, 90 are the images'
	counts(t, u.Await(u.StartCopy("", small)), 0, 0, 0, 1)
	hasPaths(t, u, "", "album/", "album/2 medium.png", "album/3 small.png")
}

func TestCopy27_KilledAnywhereItGoesOn(t *testing.T) {
	for _, point := range []string{
		"copytask.plan.read", "copytask.plan.half", "copytask.plan.written", "copytask.batch.fenced",
		"copytask.batch.placed", "copytask.batch.publications", "copytask.batch.committed",
	} {
		t.Run(point, func(t *testing.T) {
			s, u := alone(t)
			album := u.MkFolder(0, "album")
			putMany(t, u, album, 0, 5)
			u.PutFile(u.MkFolder(album, "nested"), "n.png", content(9))
			task := killedAt(t, s, u, point, "", album)
			s.Start()
			u.SignIn()
			state := u.Await(task)
			counts(t, state, 6, 0, 0, 0)
			want := []string{"album/", "album/nested/", "album/nested/n.png"}
			for _, name := range []string{"0000", "0001", "0002", "0003", "0004"} {
				want = append(want, "album/"+name+".png")
			}
			first := hasPaths(t, u, "", want...)
			if n := column[int](t, s, `SELECT count(*) FROM publication WHERE account_id = $1`, u.UID)[0]; n != 6 {
				t.Errorf("%d publications", n)
			}
			counts(t, done(t, u, "", album), 0, 6, 0, 0)
			for path, img := range hasPaths(t, u, "", want...) {
				if img.FileID != first[path].FileID {
					t.Errorf("%s: a second run gave it another link", path)
				}
			}
		})
	}
}

// killedAt creates a task on a server that dies at a point of the task's way.
func killedAt(t *testing.T, s *harness.Server, u *harness.User, point, to string, ids ...int64) (task string) {
	t.Helper()
	s.Stop()
	s.Env = []string{"TUCHUANG_KILL=" + point + ":1"}
	release := occupy(t, u)
	s.Start()
	u.SignIn()
	task = u.StartCopy(to, ids...)
	release()
	if err := s.Wait(); err == nil {
		t.Fatal("the server ended by itself")
	}
	s.Env = nil
	return task
}

func TestCopy28_FinishedTasksAreKept(t *testing.T) {
	s, u := alone(t)
	id := u.PutFile(0, "a.png", content(1))
	release := occupy(t, u)
	task := u.StartCopy("", id)
	trash(t, u, id)
	release()
	before := u.Await(task)
	if err := u.Delete(t.Context(), []int64{id}); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s.Start()
	u.SignIn()
	after, err := u.CopyProcess(t.Context(), task)
	if err != nil || after.Status != before.Status || after.FailMsg != before.FailMsg || after.FinishAt != before.FinishAt || after.FinishAt == "" {
		t.Errorf("was %+v, is %+v %v", before, after, err)
	}
	if got := failures(t, u, task); !slices.Equal(got, []string{"a.png: source_deleted"}) {
		t.Errorf("failures: %q", got)
	}
}

func TestCopy30_ChangedAfterThePlan(t *testing.T) {
	s, u := alone(t)
	album := u.MkFolder(0, "album")
	ids := make(map[string]int64)
	for n, name := range []string{"deleted.png", "replaced.png", "stays.png", "trashed.png"} {
		ids[name] = u.PutFile(album, name, content(n))
	}
	task := killedAt(t, s, u, "copytask.plan.written", "", album)
	inDB(t, s, func(d *db.DB) {
		dr, me := drive.New(d), account.ID(u.UID)
		if err := dr.Trash(t.Context(), me, []drive.ID{drive.ID(ids["trashed.png"]), drive.ID(ids["deleted.png"])}); err != nil {
			t.Fatal(err)
		}
		if _, err := dr.Delete(t.Context(), me, []drive.ID{drive.ID(ids["deleted.png"])}); err != nil {
			t.Fatal(err)
		}
		// Another content under the name, and a file that comes too late.
		for _, name := range []string{"replaced.png", "too late.png"} {
			id, err := dr.NewID(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				known, err := drive.Lookup(ctx, tx, me, []drive.ID{drive.ID(ids["stays.png"])})
				if err != nil {
					return err
				}
				like := known[drive.ID(ids["stays.png"])]
				return drive.Put(ctx, tx, me, drive.File{
					ID: id, Parent: drive.ID(album), Name: name, BlobID: like.BlobID, Size: like.Size, Etag: like.Etag, Duplicate: drive.Overwrite,
				}, 0)
			})
		}
	})
	s.Start()
	u.SignIn()
	state := u.Await(task)
	if state.Status != client.CopyFinished || *state.Total != 4 {
		t.Errorf("%+v", state)
	}
	counts(t, state, 1, 0, 0, 3)
	want := []string{"deleted.png: source_deleted", "replaced.png: source_deleted", "trashed.png: source_deleted"}
	if got := failures(t, u, task); !slices.Equal(got, want) {
		t.Errorf("failures: %q", got)
	}
	hasPaths(t, u, "", "album/", "album/stays.png")
}

func TestCopy31_NoByteIsMoved(t *testing.T) {
	s, u := alone(t)
	id := u.PutFile(0, "a.png", content(1))
	stored := func() (list []string) {
		err := fs.WalkDir(os.DirFS(s.Data+"/blobs"), ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && path != "installation" { // which says whose the store is
				info, e := d.Info()
				list, err = append(list, path+info.ModTime().String()), e
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	before, used := stored(), spaceUsed(t, u)
	state := done(t, u, mkBed(t, u, "", "target"), id)
	if after := stored(); len(before) != 1 || !slices.Equal(before, after) {
		t.Errorf("the store held %q and holds %q", before, after)
	}
	if got := spaceUsed(t, u) - used; got != int64(len(content(1))) || state.Bytes != got {
		t.Errorf("the image counts %d bytes, the task %d", got, state.Bytes)
	}
}

func TestCopy32_VisibleAtOnce(t *testing.T) {
	_, u := writer(t)
	id := u.PutFile(0, "图.PNG", content(1))
	before := time.Now().Truncate(time.Second)
	done(t, u, "", id)
	img := hasPaths(t, u, "", "图.PNG")["图.PNG"]
	detail, err := u.BedDetail(t.Context(), img.FileID)
	if err != nil || detail != img {
		t.Errorf("the list says %+v, the detail %+v %v", img, detail, err)
	}
	if img.Etag != harness.MD5(content(1)) || img.Size != int64(len(content(1))) || img.Extension != "png" || img.Type != client.TypeFile {
		t.Errorf("%+v", img)
	}
	if got := fetch(t, img.DownloadURL); !bytes.Equal(got, content(1)) {
		t.Errorf("the link shows %q", got)
	}
	made, err := time.ParseInLocation(time.DateTime, img.CreateAt, time.FixedZone("", 8*3600))
	if err != nil || made.Before(before) || made.After(time.Now()) {
		t.Errorf("copied at %s or later, createAt is %s %v", before, img.CreateAt, err)
	}
}
