package story

import (
	"fmt"
	"slices"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/test/harness"
)

// What becomes of folders, which files count, and the limits: the rows of the
// contract's table that planning decides.

func TestCopy09_FoldersAreMirrored(t *testing.T) {
	_, u := writer(t)
	target := mkBed(t, u, "", "target")
	merged := mkBed(t, u, target, "D")
	d := u.MkFolder(0, "D")
	e := u.MkFolder(d, "E")
	u.PutFile(d, "in D.png", content(1))
	u.PutFile(u.MkFolder(e, "F"), "in F.png", content(2)) // nothing in E itself
	empty := u.MkFolder(d, "empty")
	u.PutFile(u.MkFolder(empty, "texts"), "a.txt", content(3))
	loose := u.PutFile(e, "loose.txt.png", content(4))

	counts(t, done(t, u, target, d, loose), 4, 0, 1, 0)
	tree := hasPaths(t, u, target, "loose.txt.png", "D/", "D/in D.png", "D/E/", "D/E/loose.txt.png", "D/E/F/", "D/E/F/in F.png")
	if tree["D/"].FileID != merged {
		t.Error("the folder that was there was not used")
	}
	if tree["D/in D.png"].ParentFilename != "D" {
		t.Errorf("an image of D says it is in %q", tree["D/in D.png"].ParentFilename)
	}
}

// ladder makes a chain of folders with a picture in the lowest, and answers the
// highest.
func ladder(t *testing.T, u *harness.User, levels int) int64 {
	t.Helper()
	top := u.MkFolder(0, fmt.Sprintf("ladder of %d", levels))
	at := top
	for range levels - 1 {
		at = u.MkFolder(at, "step")
	}
	u.PutFile(at, "low.png", content(levels))
	return top
}

func TestCopy10_LevelsOfFolders(t *testing.T) {
	_, u := writer(t)
	target := ""
	for range 3 {
		target = mkBed(t, u, target, "deep") // not counted
	}
	counts(t, done(t, u, target, ladder(t, u, 15)), 1, 0, 0, 0)
	before := bedTree(t, u, "")

	loose := u.PutFile(0, "loose.png", content(99))
	task := u.StartCopy(target, loose, ladder(t, u, 16))
	state := u.Await(task)
	if state.Status != client.CopyFailed || state.FailMsg != "文件夹层级超过15层限制" || state.FailCode != "limit_depth" || state.Copied != 0 {
		t.Errorf("16 levels: %+v", state)
	}
	if after := bedTree(t, u, ""); len(after) != len(before) {
		t.Errorf("the bed had %d entries and has %d", len(before), len(after))
	}
	if got := failures(t, u, task); len(got) != 0 {
		t.Errorf("failures: %q", got)
	}
}

func TestCopy11and12_ThousandPicturesAndAnyNumberOfOthers(t *testing.T) {
	s, u := writer(t)
	album := u.MkFolder(0, "album")
	putMany(t, u, album, 0, 600)
	nested := u.MkFolder(album, "nested")
	putMany(t, u, nested, 600, 1000)
	for n := range 20 {
		u.PutFile(nested, fmt.Sprintf("%d.txt", n), content(n))
	}
	target := mkBed(t, u, "", "target")
	before := spaceUsed(t, u)
	one := u.PutFile(0, "one more.png", content(1000))

	task := u.StartCopy(target, one, album)
	state := u.Await(task)
	if state.Status != client.CopyFailed || state.FailMsg != "图片数量超过1000张限制" || state.FailCode != "limit_images" {
		t.Errorf("1001 pictures: %+v", state)
	}
	counts(t, state, 0, 0, 0, 0)
	hasPaths(t, u, target)
	if got := spaceUsed(t, u) - before; got != int64(len(content(1000))) {
		t.Errorf("a task that failed took %d bytes", got)
	}
	if n := column[int](t, s, `SELECT count(*) FROM publication WHERE account_id = $1`, u.UID)[0]; n != 0 {
		t.Errorf("%d publications of a task that published nothing", n)
	}

	state = done(t, u, target, album)
	counts(t, state, 1000, 0, 20, 0)
	if *state.Total != 1000 || len(bedTree(t, u, target)) != 1002 {
		t.Errorf("1000 pictures: %+v", state)
	}
	// Those that are in the task twice count too.
	if state := u.Await(u.StartCopy(target, album, nested)); state.FailCode != "limit_images" {
		t.Errorf("1000 pictures and 400 of them again: %+v", state)
	}
}

func TestCopy13_WhatIsNoPictureIsSkipped(t *testing.T) {
	s, u := writer(t)
	album := u.MkFolder(0, "album")
	zeros := make([]byte, 100<<20+1)
	ids := []int64{
		u.PutFile(0, "loose.txt", content(1)),
		u.PutFile(0, "without extension", content(2)),
		u.PutFile(0, "empty.png", nil),
		u.PutFile(0, "just too large.png", zeros),
		album,
	}
	u.PutFile(album, "notes.md", content(3))
	u.PutFile(album, "empty.gif", nil)
	u.PutFile(album, "just not too large.png", zeros[:100<<20])

	task := u.StartCopy("", ids...)
	state := u.Await(task)
	counts(t, state, 1, 0, 6, 0)
	if *state.Total != 1 || state.Status != client.CopyFinished || state.Bytes != 100<<20 {
		t.Errorf("%+v", state)
	}
	hasPaths(t, u, "", "album/", "album/just not too large.png")
	if got := failures(t, u, task); len(got) != 0 {
		t.Errorf("what was skipped is in the list of failures: %q", got)
	}
	got := column[string](t, s, `SELECT name || ': ' || reason FROM copy_item WHERE account_id = $1 AND outcome = 3 ORDER BY seq`, u.UID)
	want := []string{
		"loose.txt: not_an_image", "without extension: not_an_image", "empty.png: empty", "just too large.png: too_large",
		"empty.gif: empty", "notes.md: not_an_image",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the ledger says %q, want %q", got, want)
	}
}

func TestCopy14_NothingToCopyIsDone(t *testing.T) {
	s, u := writer(t)
	texts := u.MkFolder(0, "texts")
	u.PutFile(texts, "a.txt", content(1))
	for _, id := range []int64{u.MkFolder(0, "empty"), texts, u.PutFile(0, "b.txt", content(2))} {
		task := u.StartCopy("", id)
		state := u.Await(task)
		if state.Status != client.CopyFinished || state.FailMsg != "" || *state.Total != 0 {
			t.Errorf("%+v", state)
		}
		a := s.Get(copyPath+"/fail?taskID="+task+"&page=1&limit=100", u.Token)
		if fmt.Sprint(a.Data) != "map[list:<nil> total:0]" {
			t.Errorf("failures: %+v", a)
		}
	}
	hasPaths(t, u, "")
}

func TestCopy15_TheExtensionDecides(t *testing.T) {
	_, u := writer(t)
	album := u.MkFolder(0, "album")
	var want []string
	for n, ext := range []string{"png", "gif", "jpeg", "tiff", "webp", "jpg", "tif", "svg", "bmp", "PNG", "JpEg"} {
		name := fmt.Sprintf("%02d.%s", n, ext)
		u.PutFile(album, name, content(n)) // text, whatever its name says
		want = append(want, "album/"+name)
	}
	for n, name := range []string{"a.heic", "b.avif", "c.png.txt", "png", "d.pngx", "e.", "f.png "} {
		u.PutFile(album, name, content(100+n))
	}
	counts(t, done(t, u, "", album), 11, 0, 7, 0)
	hasPaths(t, u, "", append(want, "album/")...)
}

func TestCopy19_TheSamePictureTwice(t *testing.T) {
	s, u := writer(t)
	d := u.MkFolder(0, "D")
	child := u.PutFile(d, "b.png", content(1))
	u.PutFile(d, "a.png", content(1))
	u.PutFile(d, "c.png", content(1))
	u.PutFile(d, "other.png", content(2))
	state := done(t, u, "", d, child, d, child)
	counts(t, state, 3, 0, 2, 0)
	if *state.Total != 5 {
		t.Errorf("the total is %d", *state.Total)
	}
	hasPaths(t, u, "", "b.png", "D/", "D/a.png", "D/other.png")
	got := column[string](t, s, `SELECT name || ': ' || reason FROM copy_item WHERE account_id = $1 AND outcome = 3 ORDER BY seq`, u.UID)
	if !slices.Equal(got, []string{"b.png: duplicate_in_task", "c.png: duplicate_in_task"}) {
		t.Errorf("the ledger says %q", got)
	}
}

func TestCopy20_TheOrder(t *testing.T) {
	s, u := writer(t)
	top := u.MkFolder(0, "top")
	for n, name := range []string{"b.png", "a.png", "B.png", "é.png", "z.png"} {
		u.PutFile(top, name, content(n))
	}
	c := u.MkFolder(top, "c")
	u.PutFile(c, "in c.png", content(10))
	late := u.PutFile(c, "x.png", content(20))
	early := u.PutFile(u.MkFolder(0, "elsewhere"), "x.png", content(21))
	done(t, u, "", late, top, early)
	got := column[string](t, s, `SELECT name FROM copy_item WHERE account_id = $1 ORDER BY seq`, u.UID)
	want := []string{"x.png", "B.png", "a.png", "b.png", "in c.png", "x.png", "z.png", "é.png", "x.png"}
	if !slices.Equal(got, want) {
		t.Errorf("the plan is %q, want %q", got, want)
	}
	tree := bedTree(t, u, "")
	if tree["x.png"].Etag != harness.MD5(content(20)) || tree["x(1).png"].Etag != harness.MD5(content(21)) {
		t.Error("the name did not go to what was named first in the request")
	}
}

func spaceUsed(t *testing.T, u *harness.User) int64 {
	t.Helper()
	me, err := u.UserInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return me.SpaceUsed
}
