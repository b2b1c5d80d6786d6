package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// folders is a drive that knows list and mkdir.
type folders struct {
	mu    sync.Mutex
	next  int64
	files []client.File
	lists int
	race  string // a name somebody else makes just before we do
}

func (f *folders) handle(_ int, w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/list") {
		f.lists++
		var in []client.File
		for _, file := range f.files {
			if fmt.Sprint(file.ParentFileID) == r.URL.Query().Get("parentFileId") {
				in = append(in, file)
			}
		}
		list, _ := json.Marshal(in)
		answer(w, `{"lastFileId":-1,"fileList":`+string(list)+`}`)
		return
	}
	var in struct {
		Name     string
		ParentID int64
	}
	json.NewDecoder(r.Body).Decode(&in)
	f.next++
	f.files = append(f.files, client.File{FileID: f.next, ParentFileID: in.ParentID, Filename: in.Name, Type: client.TypeFolder})
	if in.Name == f.race {
		refuse(w, 1, "该目录下已经有同名文件夹,无法进行创建")
		return
	}
	answer(w, fmt.Sprintf(`{"dirID":%d}`, f.next))
}

func TestDriveTree(t *testing.T) {
	f := &folders{next: 100, race: "quick", files: []client.File{
		{FileID: 1, Filename: "travel", Type: client.TypeFolder},
		{FileID: 2, Filename: "a.png", ParentFileID: 1, Size: 3},
		{FileID: 3, Filename: "cafe\u0301.png", ParentFileID: 1}, // decomposed
	}}
	c, _ := open(t, tokenOr(f.handle))
	tree := c.DriveTree()
	for _, tt := range []struct {
		path   string
		id     int64
		reason fault.Code
	}{
		{"", 0, ""},
		{"/", 0, ""},
		{"/travel", 1, ""},
		{"travel/", 1, ""},
		{"/travel/./a.png", 2, ""},
		{"/travel/café.png", 3, ""},
		{"/Travel", 0, fault.NotFound},
		{"/travel/b.png", 0, fault.NotFound},
		{"/travel/a.png/x", 0, fault.NotFolder},
	} {
		got, err := tree.Resolve(t.Context(), tt.path)
		if tt.reason != "" {
			if e, ok := errors.AsType[*client.PathError](err); !ok || e.Reason != tt.reason {
				t.Errorf("%q: %v, want %s", tt.path, err, tt.reason)
			}
			continue
		}
		if err != nil || got.FileID != tt.id {
			t.Errorf("%q: %d, %v, want %d", tt.path, got.FileID, err, tt.id)
		}
	}
	if f.lists != 2 {
		t.Errorf("%d lists of 2 folders", f.lists)
	}

	var wg sync.WaitGroup
	ids := make([]int64, 8)
	for i := range ids {
		wg.Go(func() {
			id, err := tree.MkdirAll(t.Context(), "/travel/2024/may")
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("one path, several folders: %v", ids)
			break
		}
	}
	if f.next != 102 {
		t.Errorf("%d folders were made, want 2", f.next-100)
	}
	if id, err := tree.MkdirAll(t.Context(), "/quick"); err != nil || id != 103 {
		t.Errorf("a folder somebody else made: %d, %v", id, err)
	}
	if _, err := tree.MkdirAll(t.Context(), "/travel/a.png/x"); err == nil {
		t.Error("a folder was made in a file")
	}
}
