package story

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// toBed brings a picture into the bed by the endpoints, as uploaders do.
func toBed(t *testing.T, u *harness.User, folder, name string, b []byte, duplicate int) (string, error) {
	t.Helper()
	c, err := u.BedCreate(t.Context(), client.NewImage{ParentFileID: folder, Filename: name, Etag: harness.MD5(b), Size: int64(len(b)), Duplicate: duplicate})
	if err != nil || c.Reuse {
		return c.FileID, err
	}
	link, err := u.BedUploadURL(t.Context(), c.PreuploadID, 1)
	if err != nil {
		return "", err
	}
	if err := u.Put(t.Context(), link, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
		return "", err
	}
	parts, err := u.BedParts(t.Context(), c.PreuploadID)
	if err != nil || len(parts) != 1 || parts[0].Etag != harness.MD5(b) {
		t.Errorf("parts %+v, %v", parts, err)
	}
	done, err := u.BedComplete(t.Context(), c.PreuploadID)
	if err != nil {
		return "", err
	}
	result, err := u.BedAsyncResult(t.Context(), c.PreuploadID)
	if err != nil || !done.Completed || done.Async || result.FileID != done.FileID || !result.Completed {
		t.Errorf("complete %+v, then %+v, %v", done, result, err)
	}
	return done.FileID, nil
}

// mustBed is toBed where nothing may fail; it answers the image.
func mustBed(t *testing.T, u *harness.User, folder, name string, b []byte, duplicate int) client.Image {
	t.Helper()
	id, err := toBed(t, u, folder, name, b, duplicate)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	img, err := u.BedDetail(t.Context(), id)
	if err != nil || img.Etag != harness.MD5(b) || img.Size != int64(len(b)) {
		t.Fatalf("%s: %+v, %v", name, img, err)
	}
	if got := fetch(t, img.DownloadURL); !bytes.Equal(got, b) {
		t.Errorf("%s: its link gives %d bytes, want %d", name, len(got), len(b))
	}
	return img
}

// A picture uploaded into the bed: the same one is the same image, another of the
// same name is kept beside it or takes its place, as told; a link never breaks.
func TestUploadBedNames(t *testing.T) {
	s, u := writer(t)
	blog := mkBed(t, u, "", "blog")
	first := mustBed(t, u, blog, "a.png", content(1), 0)
	if !strings.HasSuffix(first.DownloadURL, ".png") || !strings.HasPrefix(first.DownloadURL, s.URL+"/i/") {
		t.Errorf("link %s", first.DownloadURL)
	}
	for _, tt := range []struct {
		name      string
		upload    string
		content   int
		duplicate int
		same      bool // as the first one
		called    string
	}{
		{"the same again", "a.png", 1, 0, true, "a.png"},
		{"the same under a new name", "b.PNG", 1, 0, true, "b.PNG"},
		{"and back", "a.png", 1, 0, true, "a.png"},
		{"other content, nothing said", "a.png", 2, 0, false, "a(1).png"},
		{"other content, kept beside", "a.png", 3, 1, false, "a(2).png"},
		{"other content, in its place", "a.png", 4, 2, true, "a.png"},
		{"in its place again", "a.png", 4, 2, true, "a.png"},
		{"what another image shows, in its place", "a.png", 3, 2, true, "a.png"},
		{"the same, kept beside", "a.png", 3, 1, false, "a(3).png"},
		{"the same under a new name, kept beside", "d.png", 3, 1, false, "d.png"},
		{"a new name, in nobody's place", "c.png", 5, 2, false, "c.png"},
		{"the same under a new name, in nobody's place", "e.png", 5, 2, false, "e.png"},
	} {
		img := mustBed(t, u, blog, tt.upload, content(tt.content), tt.duplicate)
		if (img.FileID == first.FileID) != tt.same || img.Filename != tt.called || img.ParentFileID != blog {
			t.Errorf("%s: %+v", tt.name, img)
		}
		if img.FileID == first.FileID && img.DownloadURL != first.DownloadURL {
			t.Errorf("%s: the link was %s and is %s", tt.name, first.DownloadURL, img.DownloadURL)
		}
	}
	// Another folder is another place.
	if img := mustBed(t, u, "", "a.png", content(3), 0); img.FileID == first.FileID {
		t.Error("a picture of another folder was taken for the same")
	}
	want := []string{"a.png", "blog/", "blog/a(1).png", "blog/a(2).png", "blog/a(3).png", "blog/a.png", "blog/c.png", "blog/d.png", "blog/e.png"}
	if got := slices.Sorted(maps.Keys(bedTree(t, u, ""))); !slices.Equal(got, want) {
		t.Errorf("the bed holds %q, want %q", got, want)
	}
	clean(t, u)
}

func TestUploadBedRefusals(t *testing.T) {
	_, u := writer(t)
	img := mustBed(t, u, "", "a.png", content(1), 0)
	b := content(2)
	for _, tt := range []struct {
		name   string
		change func(*client.NewImage)
		reason fault.Code
	}{
		{"no picture", func(n *client.NewImage) { n.Filename = "a.pdf" }, fault.NotAnImage},
		{"no ending", func(n *client.NewImage) { n.Filename = "png" }, fault.NotAnImage},
		{"too large", func(n *client.NewImage) { n.Size = 100<<20 + 1 }, fault.FileTooLarge},
		{"empty", func(n *client.NewImage) { n.Size = 0 }, fault.EmptyFile},
		{"a name that can't be", func(n *client.NewImage) { n.Filename = "a/b.png" }, fault.BadName},
		{"an etag that is none", func(n *client.NewImage) { n.Etag = strings.Repeat("z", 32) }, fault.BadEtag},
		{"no such folder", func(n *client.NewImage) { n.ParentFileID = strings.Repeat("0", 30) }, fault.ParentNotFound},
		{"into an image", func(n *client.NewImage) { n.ParentFileID = img.FileID }, fault.NotFolder},
	} {
		n := client.NewImage{Filename: "b.png", Etag: harness.MD5(b), Size: int64(len(b))}
		tt.change(&n)
		_, err := u.BedCreate(t.Context(), n)
		if !client.Is(err, tt.reason) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.reason)
		}
	}
	// Exactly the limit is taken, and so is any ending of the nine in any case.
	for _, name := range []string{"a.PNG", "a.gif", "a.jpeg", "a.tiff", "a.webp", "a.JPG", "a.tif", "a.svg", "a.Bmp"} {
		c, err := u.BedCreate(t.Context(), client.NewImage{Filename: "limit " + name, Etag: harness.MD5(b), Size: 100 << 20})
		if err != nil || c.PreuploadID == "" || c.SliceSize != 100<<20 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	// Wrong content leaves nothing, and the folder may go meanwhile.
	folder := mkBed(t, u, "", "folder")
	upload := func(b, really []byte) string {
		t.Helper()
		c, err := u.BedCreate(t.Context(), client.NewImage{ParentFileID: folder, Filename: "x.png", Etag: harness.MD5(b), Size: int64(len(b))})
		if err != nil {
			t.Fatal(err)
		}
		link, err := u.BedUploadURL(t.Context(), c.PreuploadID, 1)
		if err == nil {
			err = u.Put(t.Context(), link, client.Content{From: bytes.NewReader(really), Size: int64(len(really))})
		}
		if err != nil {
			t.Fatal(err)
		}
		return c.PreuploadID
	}
	_, err := u.BedComplete(t.Context(), upload(content(3), content(4)))
	refusedFor(t, err, fault.HashMismatch)
	id := upload(content(5), content(5))
	if err := u.BedDelete(t.Context(), []string{folder}); err != nil {
		t.Fatal(err)
	}
	_, err = u.BedComplete(t.Context(), id)
	refusedFor(t, err, fault.ParentNotFound)
	clean(t, u)
}

// The same content in drive and bed is stored once, and counted for both.
func TestUploadSharesContent(t *testing.T) {
	_, u := writer(t)
	b := content(1)
	u.PutFile(0, "a.png", b)
	mustBed(t, u, "", "a.png", b, 0)
	u.PutFile(0, "b.png", b)
	if got := storedBy(t, u); got.Live != 1 || got.Files != 1 {
		t.Errorf("stored: %+v", got)
	}
	if me, err := u.UserInfo(t.Context()); err != nil || me.SpaceUsed != int64(3*len(b)) {
		t.Errorf("%+v, %v", me, err)
	}
	clean(t, u)
}
