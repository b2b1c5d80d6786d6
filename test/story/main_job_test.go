// Package story tells what users do, through the real server over HTTP.
package story

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/picture/picturetest"
	"tuchuang/test/harness"
)

// The main job: real pictures into the drive, a copy task, and every one comes
// back from its public link byte for byte.
func TestPicturesAreCopiedAndServed(t *testing.T) {
	s := harness.Shared(t)
	u := s.User("writer")
	album := u.MkFolder(0, "旅行 2025")
	day := u.MkFolder(album, "第 1 天")
	sent := make(map[string][]byte)
	for i, p := range picturetest.All(t) {
		where := album
		if i%2 == 1 {
			where = day
		}
		if len(p.Bytes) == 0 || !isPicture(p.Name) || sent[harness.MD5(p.Bytes)] != nil {
			continue
		}
		u.PutFile(where, p.Name, p.Bytes)
		sent[harness.MD5(p.Bytes)] = p.Bytes
	}
	state := u.Await(u.StartCopy("", album))
	if state.Status != client.CopyFinished || int(state.Copied) != len(sent) || state.Failed != 0 || *state.Total != state.Copied {
		t.Fatalf("sent %d, state %+v", len(sent), state)
	}
	seen := 0
	for folder := range everyFolder(t, u, "") {
		for img, err := range u.BedListAll(t.Context(), folder) {
			if err != nil {
				t.Fatal(err)
			}
			if img.Type == 1 {
				continue
			}
			seen++
			if want := sent[img.Etag]; !bytes.Equal(fetch(t, img.DownloadURL), want) {
				t.Errorf("%s: what is served is not what was sent", img.Filename)
			}
		}
	}
	if seen != len(sent) {
		t.Errorf("%d images in the bed, %d sent", seen, len(sent))
	}
}

func isPicture(name string) bool {
	for _, ext := range []string{"png", "gif", "jpeg", "tiff", "webp", "jpg", "tif", "svg", "bmp"} {
		if strings.HasSuffix(strings.ToLower(name), "."+ext) {
			return true
		}
	}
	return false
}

// everyFolder walks the bed from a folder on.
func everyFolder(t *testing.T, u *harness.User, top string) func(func(string) bool) {
	return func(yield func(string) bool) {
		todo := []string{top}
		for len(todo) > 0 {
			at := todo[0]
			todo = todo[1:]
			if !yield(at) {
				return
			}
			for img, err := range u.BedListAll(t.Context(), at) {
				if err != nil {
					t.Fatal(err)
				}
				if img.Type == 1 {
					todo = append(todo, img.FileID)
				}
			}
		}
	}
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", url, res.Status, err)
	}
	return b
}
