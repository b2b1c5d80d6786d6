package story

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// ways are all in which a file gets into the drive. Each answers its id.
var ways = []struct {
	name string
	put  func(t *testing.T, u *harness.User, f client.NewFile, b []byte) (int64, error)
}{
	{"v1", func(t *testing.T, u *harness.User, f client.NewFile, b []byte) (int64, error) {
		c, err := u.CreateV1(t.Context(), f)
		if err != nil || c.Reuse {
			return c.FileID, err
		}
		if len(b) > 0 {
			link, err := u.UploadURL(t.Context(), c.PreuploadID, 1)
			if err == nil {
				err = u.Put(t.Context(), link, client.Content{From: bytes.NewReader(b), Size: int64(len(b))})
			}
			if err != nil {
				return 0, err
			}
		}
		done, err := u.CompleteV1(t.Context(), c.PreuploadID)
		return done.FileID, err
	}},
	{"v2", func(t *testing.T, u *harness.User, f client.NewFile, b []byte) (int64, error) {
		c, err := u.CreateV2(t.Context(), f)
		if err != nil || c.Reuse {
			return c.FileID, err
		}
		if len(b) > 0 {
			if err := sendSlice(t, u, c.PreuploadID, 1, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
				return 0, err
			}
		}
		done, err := u.CompleteV2(t.Context(), c.PreuploadID)
		return done.FileID, err
	}},
	{"single", func(t *testing.T, u *harness.User, f client.NewFile, b []byte) (int64, error) {
		done, err := u.Single(t.Context(), u.Server.URL, f, client.Content{From: bytes.NewReader(b), Size: int64(len(b))})
		return done.FileID, err
	}},
	{"sha1", func(t *testing.T, u *harness.User, f client.NewFile, b []byte) (int64, error) {
		// The content has to be there.
		other := f
		other.ParentFileID, other.Filename = u.MkFolder(0, "known "+f.Etag[:8]), "known"
		if _, err := u.Single(t.Context(), u.Server.URL, other, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
			return 0, err
		}
		sum := sha1.Sum(b)
		done, err := u.SHA1Reuse(t.Context(), f.ParentFileID, f.Filename, hex.EncodeToString(sum[:]), f.Size, f.Duplicate)
		return done.FileID, err
	}},
}

func newFile(folder int64, name string, b []byte, duplicate int) client.NewFile {
	return client.NewFile{ParentFileID: folder, Filename: name, Etag: harness.MD5(b), Size: int64(len(b)), Duplicate: duplicate}
}

// A name that is taken: refused, kept beside, or replaced, whichever way the file
// comes.
func TestUploadDuplicates(t *testing.T) {
	_, u := alone(t)
	for i, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			folder := u.MkFolder(0, way.name)
			first := u.PutFile(folder, "a.png", content(100+i))
			u.MkFolder(folder, "d.png")
			b := content(200 + i)
			_, err := way.put(t, u, newFile(folder, "a.png", b, client.DuplicateRefuse), b)
			refusedFor(t, err, fault.NameTaken)

			beside, err := way.put(t, u, newFile(folder, "a.png", content(300+i), client.DuplicateKeepBoth), content(300+i))
			if err != nil {
				t.Fatal(err)
			}
			holds(t, u, beside, harness.MD5(content(300+i)), int64(len(content(300+i))))
			holds(t, u, first, harness.MD5(content(100+i)), int64(len(content(100+i))))

			c := content(400 + i)
			instead, err := way.put(t, u, newFile(folder, "a.png", c, client.DuplicateOverwrite), c)
			if err != nil || instead == first {
				t.Fatalf("id %d, was %d, %v", instead, first, err)
			}
			holds(t, u, instead, harness.MD5(c), int64(len(c)))
			_, err = u.Detail(t.Context(), first)
			refusedFor(t, err, fault.NotFound)

			// A folder is never replaced by a file.
			d := content(500 + i)
			_, err = way.put(t, u, newFile(folder, "d.png", d, client.DuplicateOverwrite), d)
			refusedFor(t, err, fault.NameTaken)
			if _, err = way.put(t, u, newFile(folder, "d.png", content(600+i), client.DuplicateKeepBoth), content(600+i)); err != nil {
				t.Error(err)
			}
			got := names(t, u, folder)
			slices.Sort(got)
			if want := []string{"a(1).png", "a.png", "d(1).png", "d.png/"}; !slices.Equal(got, want) {
				t.Errorf("the folder holds %q, want %q", got, want)
			}
		})
	}
	// Two declared the same free name; the second to complete finds it taken.
	f := func(b []byte) (client.Created, []byte) {
		c, err := u.CreateV2(t.Context(), newFile(0, "late.png", b, client.DuplicateRefuse))
		if err != nil {
			t.Fatal(err)
		}
		if err := sendSlice(t, u, c.PreuploadID, 1, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
			t.Fatal(err)
		}
		return c, b
	}
	one, _ := f(content(700))
	two, b := f(content(701))
	if _, err := u.CompleteV2(t.Context(), one.PreuploadID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := u.CompleteV2(t.Context(), two.PreuploadID)
		refusedFor(t, err, fault.NameTaken)
	}
	// The name free again, it is not lost.
	for entry, err := range u.ListAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Filename == "late.png" {
			trash(t, u, entry.FileID)
		}
	}
	done, err := u.CompleteV2(t.Context(), two.PreuploadID)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, u, done.FileID, harness.MD5(b), int64(len(b)))
	clean(t, u)
}

// A name that is a path makes the folders that are missing; an upload that is
// refused makes none.
func TestUploadWithFolders(t *testing.T) {
	_, u := writer(t)
	for i, way := range ways[:3] {
		t.Run(way.name, func(t *testing.T) {
			top := u.MkFolder(0, way.name)
			put := func(path string, b []byte, duplicate int) (int64, error) {
				f := newFile(top, path, b, duplicate)
				f.ContainDir = true
				return way.put(t, u, f, b)
			}
			for n, path := range []string{"/相册/a/one.png", "相册/a/two.png", "相册//b/three.png", "four.png"} {
				b := content(1000 + 10*i + n)
				id, err := put(path, b, 0)
				if err != nil {
					t.Fatal(err)
				}
				holds(t, u, id, harness.MD5(b), int64(len(b)))
			}
			if got, want := tree(t, u, top), []string{"four.png", "相册/", "相册/a/", "相册/a/one.png", "相册/a/two.png", "相册/b/", "相册/b/three.png"}; !slices.Equal(got, want) {
				t.Errorf("the folder holds %q, want %q", got, want)
			}
			before := tree(t, u, top)
			for _, path := range []string{"new/", "new/a:b.png", "new/../x.png", "new/a|b/x.png", strings.Repeat("x", 256) + "/a.png"} {
				_, err := put(path, content(2000), 0)
				refusedFor(t, err, fault.BadName)
			}
			_, err := put("four.png/x.png", content(2001), 0)
			refusedFor(t, err, fault.NameTaken)
			if after := tree(t, u, top); !slices.Equal(before, after) {
				t.Errorf("refused uploads left %q of %q", after, before)
			}
		})
	}
	f := newFile(0, "never/made/a.png", content(1), 0)
	f.ContainDir, f.Etag = true, harness.MD5(content(2))
	_, err := u.Single(t.Context(), u.Server.URL, f, client.Content{From: bytes.NewReader(content(1)), Size: f.Size})
	refusedFor(t, err, fault.HashMismatch)
	if got := names(t, u, 0); slices.Contains(got, "never/") {
		t.Errorf("the drive holds %q", got)
	}
	clean(t, u)
}

// tree lists everything below a drive folder by path, in order.
func tree(t *testing.T, u *harness.User, top int64) []string {
	t.Helper()
	var list []string
	for f, err := range u.ListAll(t.Context(), top) {
		if err != nil {
			t.Fatal(err)
		}
		if !f.IsFolder() {
			list = append(list, f.Filename)
			continue
		}
		list = append(list, f.Filename+"/")
		for _, below := range tree(t, u, f.FileID) {
			list = append(list, f.Filename+"/"+below)
		}
	}
	slices.Sort(list)
	return list
}

// An empty file is a file.
func TestUploadOfNothing(t *testing.T) {
	_, u := writer(t)
	for _, way := range ways {
		id, err := way.put(t, u, newFile(0, way.name+".txt", nil, 0), nil)
		if err != nil {
			t.Errorf("%s: %v", way.name, err)
			continue
		}
		holds(t, u, id, harness.MD5(nil), 0)
		f := newFile(0, way.name+" wrong.txt", nil, 0)
		f.Etag = harness.MD5(content(1))
		if way.name != "sha1" {
			_, err = way.put(t, u, f, nil)
			refusedFor(t, err, fault.HashMismatch)
		}
	}
	clean(t, u)
}

// Instant upload finds what the account owns, and never what another owns.
func TestUploadInstantInOneAccountOnly(t *testing.T) {
	s, u := writer(t)
	stranger := s.User("stranger")
	b := content(1)
	u.PutFile(0, "mine.png", b)
	sum := sha1.Sum(b)
	hexSum := hex.EncodeToString(sum[:])
	for i, who := range []*harness.User{u, stranger} {
		v1, err := who.CreateV1(t.Context(), newFile(0, "v1.png", b, 0))
		if err != nil {
			t.Fatal(err)
		}
		v2, err := who.CreateV2(t.Context(), newFile(0, "v2.png", b, 0))
		if err != nil {
			t.Fatal(err)
		}
		bySHA1, err := who.SHA1Reuse(t.Context(), 0, "sha1.png", hexSum, int64(len(b)), 0)
		if err != nil {
			t.Fatal(err)
		}
		bed, err := who.BedCreate(t.Context(), client.NewImage{Filename: "bed.png", Etag: harness.MD5(b), Size: int64(len(b))})
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			reuse  bool
			there  bool
			upload bool
		}{
			"v1":   {v1.Reuse, v1.FileID != 0, v1.PreuploadID != ""},
			"v2":   {v2.Reuse, v2.FileID != 0, v2.PreuploadID != ""},
			"sha1": {bySHA1.Reuse, bySHA1.FileID != 0, !bySHA1.Reuse},
			"bed":  {bed.Reuse, bed.FileID != "", bed.PreuploadID != ""},
		} {
			if mine := i == 0; c.reuse != mine || c.there != mine || c.upload == mine {
				t.Errorf("%s of %s: %+v", name, []string{"the owner", "a stranger"}[i], c)
			}
		}
		// Equal MD5 with another size is other content.
		f := newFile(0, "other size.png", b, 0)
		f.Size++
		if c, err := who.CreateV2(t.Context(), f); err != nil || c.Reuse {
			t.Errorf("another size: %+v, %v", c, err)
		}
	}
	if got := len(names(t, stranger, 0)); got != 0 {
		t.Errorf("the stranger has %d files", got)
	}
}
