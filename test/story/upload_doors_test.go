package story

import (
	"bytes"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// An upload is there for the endpoints of where it goes, and not for the others: those
// say so, and it goes on as if nobody had asked.
func TestUploadOtherDoor(t *testing.T) {
	s, u := writer(t)
	const drive, bed = "/upload/v1/file/", "/upload/v1/oss/file/"
	for n, tt := range []struct {
		name        string
		own, wrong  string
		others      []string // more endpoints of the wrong door
		publishedBy func(id string) (any, error)
	}{
		{"a bed upload", bed, drive, []string{"/upload/v2/file/upload_complete"}, func(id string) (any, error) {
			done, err := u.BedComplete(t.Context(), id)
			return done.FileID, err
		}},
		{"a drive upload", drive, bed, nil, func(id string) (any, error) {
			done, err := u.CompleteV2(t.Context(), id)
			return done.FileID, err
		}},
	} {
		b := content(10 + n)
		a := s.Post(tt.own+"create", u.Token, body{
			"parentFileID": map[string]any{bed: "", drive: 0}[tt.own], "filename": "a.png", "etag": harness.MD5(b), "size": len(b), "type": 1,
		})
		made, _ := a.Data.(map[string]any)
		id, _ := made["preuploadID"].(string)
		if a.Code != 0 || id == "" {
			t.Fatalf("%s: %+v", tt.name, a)
		}
		ask := func(when string) {
			for _, path := range append([]string{
				tt.wrong + "get_upload_url", tt.wrong + "list_upload_parts", tt.wrong + "upload_complete", tt.wrong + "upload_async_result",
			}, tt.others...) {
				says(t, tt.name+" "+when+": "+path, s.Post(path, u.Token, body{"preuploadID": id, "sliceNo": 1}), 200, 1, fault.UploadNotFound, "上传任务不存在")
			}
			if tt.own == bed {
				refusedFor(t, u.Slice(t.Context(), s.URL, id, 1, harness.MD5(b), client.Content{From: bytes.NewReader(b), Size: int64(len(b))}), fault.UploadNotFound)
			}
		}
		ask("of which nothing has come")
		link := s.Post(tt.own+"get_upload_url", u.Token, body{"preuploadID": id, "sliceNo": 1})
		at, _ := link.Data.(map[string]any)["presignedURL"].(string)
		put := func(b []byte) {
			t.Helper()
			if err := u.Put(t.Context(), at, client.Content{From: bytes.NewReader(b), Size: int64(len(b))}); err != nil {
				t.Fatal(err)
			}
		}
		put(bytes.ToUpper(b))
		ask("with the wrong bytes")
		put(b)
		ask("that is whole")
		became, err := tt.publishedBy(id)
		if err != nil || became == "" || became == int64(0) {
			t.Errorf("%s became %v, %v", tt.name, became, err)
		}
		ask("that is complete")
	}
	if got := names(t, u, 0); len(got) != 1 {
		t.Errorf("the drive has %v", got)
	}
	clean(t, u)
}
