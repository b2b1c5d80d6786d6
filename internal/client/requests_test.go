package client_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
)

// Every call sends what the documentation asks for, and reads the documented answer.
func TestRequestsAreAsDocumented(t *testing.T) {
	content := client.Content{From: strings.NewReader("picture"), Size: 7}
	newFile := client.NewFile{ParentFileID: 7, Filename: "a.png", Etag: "e", Size: 7}
	const newFileJSON = `{"parentFileID":7,"filename":"a.png","etag":"e","size":7}`
	const created = `{"fileID":0,"reuse":false,"preuploadID":"p/+=","sliceSize":16777216}`
	wantCreated := client.Created{PreuploadID: "p/+=", SliceSize: 16 << 20}
	one := int64(1)
	for _, tt := range []struct {
		name   string
		call   func(c *client.Client) (any, error)
		method string
		path   string
		query  string
		body   string
		answer string
		want   any
	}{
		{
			"user info", func(c *client.Client) (any, error) { return c.UserInfo(t.Context()) },
			"GET", "/api/v1/user/info", "", "",
			`{"uid":7,"nickname":"n","headImage":"","passport":"","mail":"","spaceUsed":1,"spacePermanent":2,"spaceTemp":3,"spaceTempExpr":"","vip":false,"vipInfo":null}`,
			client.User{UID: 7, Nickname: "n", SpaceUsed: 1, SpacePermanent: 2, SpaceTemp: 3},
		},
		{
			"mkdir", func(c *client.Client) (any, error) { return c.Mkdir(t.Context(), 7, "图") },
			"POST", "/upload/v1/file/mkdir", "", `{"name":"图","parentID":7}`, `{"dirID":8}`, int64(8),
		},
		{
			"list v2", func(c *client.Client) (any, error) {
				return c.ListV2(t.Context(), client.ListQuery{Parent: 7, Limit: 500, After: 9})
			},
			"GET", "/api/v2/file/list", "lastFileId=9&limit=100&parentFileId=7", "",
			`{"lastFileId":-1,"fileList":[{"fileId":1758176091289,"filename":"a","parentFileId":7,"type":1,"etag":"","size":0,"trashed":1}]}`,
			client.FilePage{LastFileID: -1, FileList: []client.File{{FileID: 1758176091289, Filename: "a", ParentFileID: 7, Type: 1, Trashed: 1}}},
		},
		{
			"search", func(c *client.Client) (any, error) {
				return c.ListV2(t.Context(), client.ListQuery{SearchData: "a b", SearchMode: client.SearchExact})
			},
			"GET", "/api/v2/file/list", "limit=100&parentFileId=0&searchData=a+b&searchMode=1", "",
			`{"lastFileId":-1,"fileList":[]}`, client.FilePage{LastFileID: -1, FileList: []client.File{}},
		},
		{
			"list v1", func(c *client.Client) (any, error) {
				return c.ListV1(t.Context(), client.ListV1Query{Parent: 7, Page: 2, Limit: 10, OrderBy: "size", OrderDirection: "desc", Trashed: true, FoldersFirst: true})
			},
			"GET", "/api/v1/file/list", "foldersFirst=true&limit=10&orderBy=size&orderDirection=desc&page=2&parentFileId=7&trashed=true", "",
			`{"total":11,"fileList":[{"fileID":1,"filename":"a","parentName":"n"}]}`,
			client.FilePageV1{Total: 11, FileList: []client.FileV1{{FileID: 1, Filename: "a", ParentName: "n"}}},
		},
		{
			"detail", func(c *client.Client) (any, error) { return c.Detail(t.Context(), 7) },
			"GET", "/api/v1/file/detail", "fileID=7", "", `{"fileID":7,"filename":"a","parentFileID":3}`,
			client.FileDetail{FileID: 7, Filename: "a", ParentFileID: 3},
		},
		{
			"infos", func(c *client.Client) (any, error) { return c.Infos(t.Context(), []int64{7, 8}) },
			"POST", "/api/v1/file/infos", "", `{"fileIds":[7,8]}`,
			`{"fileList":[{"fileId":7}],"list":[{"fileId":7}]}`, []client.File{{FileID: 7}},
		},
		{
			"download info", func(c *client.Client) (any, error) { return c.DownloadInfo(t.Context(), 7) },
			"GET", "/api/v1/file/download_info", "fileId=7", "", `{"downloadUrl":"https://x/y"}`, "https://x/y",
		},
		{
			"archive info", func(c *client.Client) (any, error) { return c.ArchiveInfo(t.Context(), []int64{7, 8}, "旅行") },
			"POST", "/api/v1/file/archive_info", "", `{"fileIDs":[7,8],"filename":"旅行"}`, `{"downloadUrl":"https://x/z"}`, "https://x/z",
		},
		{
			"trash", func(c *client.Client) (any, error) { return nil, c.Trash(t.Context(), []int64{7}) },
			"POST", "/api/v1/file/trash", "", `{"fileIDs":[7]}`, "null", nil,
		},
		{
			"rename", func(c *client.Client) (any, error) { return nil, c.Rename(t.Context(), 7, "图.png") },
			"PUT", "/api/v1/file/name", "", `{"fileId":7,"fileName":"图.png"}`, "null", nil,
		},
		{
			"rename several", func(c *client.Client) (any, error) {
				return c.RenameEach(t.Context(), []client.NewName{{FileID: 7, Name: "图.png"}, {FileID: 8, Name: "b"}})
			},
			"POST", "/api/v1/file/rename", "", `{"renameList":["7|图.png","8|b"]}`,
			`{"successList":[{"fileID":7,"updateAt":"2026-01-02 03:04:05"}],"failList":[{"fileID":8,"message":"no"}]}`,
			client.RenamedFiles{SuccessList: []client.RenamedFile{{FileID: 7, UpdateAt: "2026-01-02 03:04:05"}}, FailList: []client.NotRenamed{{FileID: 8, Message: "no"}}},
		},
		{
			"move", func(c *client.Client) (any, error) { return nil, c.Move(t.Context(), []int64{7}, 9) },
			"POST", "/api/v1/file/move", "", `{"fileIDs":[7],"toParentFileID":9}`, "null", nil,
		},
		{
			"copy a file", func(c *client.Client) (any, error) { return c.CopyFile(t.Context(), 7, 9) },
			"POST", "/api/v1/file/copy", "", `{"fileId":7,"targetDirId":9}`, `{"sourceFileId":7,"targetFileId":11}`, int64(11),
		},
		{
			"copy files", func(c *client.Client) (any, error) { return c.CopyFiles(t.Context(), []int64{7, 8}, 9) },
			"POST", "/api/v1/file/async/copy", "", `{"fileIds":[7,8],"targetDirId":9}`, `{"taskId":11}`, int64(11),
		},
		{
			"how far a copy is", func(c *client.Client) (any, error) { return c.CopyFilesProcess(t.Context(), 11) },
			"GET", "/api/v1/file/async/copy/process", "taskId=11", "", `{"taskId":11,"status":1,"copied":2,"bytes":3,"failCode":""}`,
			client.TreeCopyState{TaskID: 11, Status: client.TreeCopyRunning, Copied: 2, Bytes: 3},
		},
		{
			"recover", func(c *client.Client) (any, error) { return c.Recover(t.Context(), []int64{7, 8}) },
			"POST", "/api/v1/file/recover", "", `{"fileIDs":[7,8]}`, `{"abnormalFileIDs":[8]}`, []int64{8},
		},
		{
			"recover into a folder", func(c *client.Client) (any, error) { return nil, c.RecoverTo(t.Context(), []int64{7}, 9) },
			"POST", "/api/v1/file/recover/by_path", "", `{"fileIDs":[7],"parentFileID":9}`, "null", nil,
		},
		{
			"delete", func(c *client.Client) (any, error) { return nil, c.Delete(t.Context(), []int64{7}) },
			"POST", "/api/v1/file/delete", "", `{"fileIDs":[7]}`, "null", nil,
		},
		{
			"create v1", func(c *client.Client) (any, error) { return c.CreateV1(t.Context(), newFile) },
			"POST", "/upload/v1/file/create", "", newFileJSON, created, wantCreated,
		},
		{
			"upload url", func(c *client.Client) (any, error) { return c.UploadURL(t.Context(), "p/+=", 2) },
			"POST", "/upload/v1/file/get_upload_url", "", `{"preuploadID":"p/+=","sliceNo":2}`,
			`{"presignedURL":"https://x/put?sig=1","isMultipart":true}`, "https://x/put?sig=1",
		},
		{
			"parts", func(c *client.Client) (any, error) { return c.Parts(t.Context(), "p") },
			"POST", "/upload/v1/file/list_upload_parts", "", `{"preuploadID":"p"}`,
			`{"parts":[{"partNumber":"1","size":5,"etag":"x"}]}`, []client.Part{{Number: 1, Size: 5, Etag: "x"}},
		},
		{
			"complete v1", func(c *client.Client) (any, error) { return c.CompleteV1(t.Context(), "p") },
			"POST", "/upload/v1/file/upload_complete", "", `{"preuploadID":"p"}`,
			`{"async":false,"completed":true,"fileID":9}`, client.Completed{Completed: true, FileID: 9},
		},
		{
			"async result", func(c *client.Client) (any, error) { return c.AsyncResult(t.Context(), "p") },
			"POST", "/upload/v1/file/upload_async_result", "", `{"preuploadID":"p"}`,
			`{"completed":true,"fileID":9}`, client.Completed{Completed: true, FileID: 9},
		},
		{
			"create v2", func(c *client.Client) (any, error) {
				f := newFile
				f.Duplicate, f.ContainDir = client.DuplicateOverwrite, true
				return c.CreateV2(t.Context(), f)
			},
			"POST", "/upload/v2/file/create", "",
			`{"parentFileID":7,"filename":"a.png","etag":"e","size":7,"duplicate":2,"containDir":true}`,
			`{"fileID":5,"reuse":true,"servers":["http://u"]}`,
			client.Created{FileID: 5, Reuse: true, Servers: []string{"http://u"}},
		},
		{
			"slice", func(c *client.Client) (any, error) { return nil, c.Slice(t.Context(), "", "p", 3, "m", content) },
			"POST", "/upload/v2/file/slice", "", "preuploadID=p&sliceMD5=m&sliceNo=3 slice:picture", "null", nil,
		},
		{
			"complete v2", func(c *client.Client) (any, error) { return c.CompleteV2(t.Context(), "p") },
			"POST", "/upload/v2/file/upload_complete", "", `{"preuploadID":"p"}`,
			`{"completed":true,"fileID":9}`, client.Completed{Completed: true, FileID: 9},
		},
		{
			"cancel an upload", func(c *client.Client) (any, error) { return nil, c.CancelUpload(t.Context(), "p") },
			"POST", "/upload/v2/file/upload_cancel", "", `{"preuploadID":"p"}`, "null", nil,
		},
		{
			"domain", func(c *client.Client) (any, error) { return c.Domain(t.Context()) },
			"GET", "/upload/v2/file/domain", "", "", `["http://u"]`, []string{"http://u"},
		},
		{
			"single", func(c *client.Client) (any, error) {
				f := newFile
				f.Duplicate = client.DuplicateKeepBoth
				return c.Single(t.Context(), "", f, content)
			},
			"POST", "/upload/v2/file/single/create", "",
			"duplicate=1&etag=e&filename=a.png&parentFileID=7&size=7 file:picture",
			`{"fileID":9,"completed":true}`, client.Completed{Completed: true, FileID: 9},
		},
		{
			"sha1 reuse", func(c *client.Client) (any, error) {
				return c.SHA1Reuse(t.Context(), 7, "a.png", "s", 7, client.DuplicateRefuse)
			},
			"POST", "/upload/v2/file/sha1_reuse", "", `{"parentFileID":7,"filename":"a.png","sha1":"s","size":7}`,
			`{"fileID":0,"reuse":false}`, client.Created{},
		},
		{
			"bed mkdir", func(c *client.Client) (any, error) { return c.BedMkdir(t.Context(), client.BedRoot, "n") },
			"POST", "/upload/v1/oss/file/mkdir", "", `{"name":"n","parentID":"","type":1}`,
			`{"list":[{"filename":"n","dirID":"d"}]}`, client.BedFolder{Filename: "n", DirID: "d"},
		},
		{
			"bed create", func(c *client.Client) (any, error) {
				return c.BedCreate(t.Context(), client.NewImage{ParentFileID: "d", Filename: "a.png", Etag: "e", Size: 7})
			},
			"POST", "/upload/v1/oss/file/create", "", `{"parentFileID":"d","filename":"a.png","etag":"e","size":7,"type":1}`,
			`{"fileID":"","reuse":false,"preuploadID":"p","sliceSize":104857600}`,
			client.BedCreated{PreuploadID: "p", SliceSize: 100 << 20},
		},
		{
			"bed upload url", func(c *client.Client) (any, error) { return c.BedUploadURL(t.Context(), "p", 1) },
			"POST", "/upload/v1/oss/file/get_upload_url", "", `{"preuploadID":"p","sliceNo":1}`,
			`{"presignedURL":"https://x","isMultipart":false}`, "https://x",
		},
		{
			"bed parts", func(c *client.Client) (any, error) { return c.BedParts(t.Context(), "p") },
			"POST", "/upload/v1/oss/file/list_upload_parts", "", `{"preuploadID":"p"}`, `{"parts":[]}`, []client.Part{},
		},
		{
			"bed complete", func(c *client.Client) (any, error) { return c.BedComplete(t.Context(), "p") },
			"POST", "/upload/v1/oss/file/upload_complete", "", `{"preuploadID":"p"}`,
			`{"async":true,"completed":false,"fileID":""}`, client.BedCompleted{Async: true},
		},
		{
			"bed async result", func(c *client.Client) (any, error) { return c.BedAsyncResult(t.Context(), "p") },
			"POST", "/upload/v1/oss/file/upload_async_result", "", `{"preuploadID":"p"}`,
			`{"completed":true,"fileID":"i"}`, client.BedCompleted{Completed: true, FileID: "i"},
		},
		{
			"bed list", func(c *client.Client) (any, error) {
				return c.BedList(t.Context(), client.BedListQuery{Parent: "d", After: "x", StartTime: 5, EndTime: 6, Begins: "a"})
			},
			"POST", "/api/v1/oss/file/list", "",
			`{"parentFileId":"d","limit":100,"lastFileId":"x","startTime":5,"endTime":6,"searchData":"a","type":1}`,
			`{"lastFileId":"-1","fileList":[{"fileId":"i","filename":"a.png","downloadURL":"https://x/i.png","ossIndex":42}]}`,
			client.ImagePage{LastFileID: "-1", FileList: []client.Image{{FileID: "i", Filename: "a.png", DownloadURL: "https://x/i.png"}}},
		},
		{
			"bed detail", func(c *client.Client) (any, error) { return c.BedDetail(t.Context(), "i") },
			"GET", "/api/v1/oss/file/detail", "fileID=i", "", `{"fileId":"i","parentFilename":"img_oss","extension":"png","totalTraffic":3}`,
			client.Image{FileID: "i", ParentFilename: "img_oss", Extension: "png", TotalTraffic: 3},
		},
		{
			"bed move", func(c *client.Client) (any, error) { return nil, c.BedMove(t.Context(), []string{"i"}, "d") },
			"POST", "/api/v1/oss/file/move", "", `{"fileIDs":["i"],"toParentFileID":"d"}`, "null", nil,
		},
		{
			"bed delete", func(c *client.Client) (any, error) { return nil, c.BedDelete(t.Context(), []string{"i"}) },
			"POST", "/api/v1/oss/file/delete", "", `{"fileIDs":["i"]}`, "null", nil,
		},
		{
			"bed rename", func(c *client.Client) (any, error) { return nil, c.BedRename(t.Context(), "i", "图.png") },
			"PUT", "/api/v1/oss/file/name", "", `{"fileID":"i","fileName":"图.png"}`, "null", nil,
		},
		{
			"links of pictures", func(c *client.Client) (any, error) {
				return c.BedLinks(t.Context(), client.LinksQuery{FileIDs: []string{"i"}, Template: "{n} {name}"})
			},
			"POST", "/api/v1/oss/file/links", "", `{"fileIDs":["i"],"template":"{n} {name}"}`,
			`{"list":[{"fileId":"i","filename":"a","url":"http://x/i/i.png","text":"1 a"}],"text":"1 a\n","lastFileId":"-1"}`,
			client.LinksPage{List: []client.ImageLink{{FileID: "i", Filename: "a", URL: "http://x/i/i.png", Text: "1 a"}}, Text: "1 a\n", LastFileID: "-1"},
		},
		{
			"links of a folder", func(c *client.Client) (any, error) {
				return c.BedLinks(t.Context(), client.LinksQuery{Parent: "d", Limit: 10, After: "i", Format: "md"})
			},
			"POST", "/api/v1/oss/file/links", "", `{"parentFileId":"d","limit":10,"lastFileId":"i","format":"md"}`,
			`{"list":[],"text":"","lastFileId":"-1"}`, client.LinksPage{List: []client.ImageLink{}, LastFileID: "-1"},
		},
		{
			"copy", func(c *client.Client) (any, error) { return c.Copy(t.Context(), []int64{14802190, 14802189}, "d") },
			"POST", "/api/v1/oss/source/copy", "",
			`{"fileIDs":["14802190","14802189"],"toParentFileID":"d","sourceType":1,"type":1}`,
			`{"taskID":"1ketmmu1000d86isuyq33su100w1bnp6"}`, "1ketmmu1000d86isuyq33su100w1bnp6",
		},
		{
			"copy process", func(c *client.Client) (any, error) { return c.CopyProcess(t.Context(), "t") },
			"GET", "/api/v1/oss/source/copy/process", "taskID=t", "",
			`{"status":3,"failMsg":"m","total":1,"copied":0,"failed":1,"failCode":"all_failed"}`,
			client.CopyState{Status: client.CopyFailed, FailMsg: "m", Total: &one, Failed: 1, FailCode: "all_failed"},
		},
		{
			"copy fail", func(c *client.Client) (any, error) { return c.CopyFail(t.Context(), "t", 0, 0) },
			"GET", "/api/v1/oss/source/copy/fail", "limit=100&page=1&taskID=t", "",
			`{"total":1,"list":[{"fileId":5,"filename":"a.png","failReason":"source_deleted","failMessage":"m"}]}`,
			client.CopyFailures{Total: 1, List: []client.CopyFailure{{FileID: 5, Filename: "a.png", FailReason: "source_deleted", FailMessage: "m"}}},
		},
		{
			"copy list", func(c *client.Client) (any, error) {
				return c.CopyList(t.Context(), client.CopyListQuery{Last: "x", Status: 2})
			},
			"GET", "/api/v1/oss/source/copy/list", "lastTaskID=x&limit=100&status=2", "",
			`{"lastTaskID":"-1","list":[{"taskID":"t","status":2,"total":1,"copied":1}]}`,
			client.CopyTasks{LastTaskID: "-1", List: []client.CopyTask{{TaskID: "t", CopyState: client.CopyState{Status: client.CopyFinished, Total: &one, Copied: 1}}}},
		},
		{
			"copy items", func(c *client.Client) (any, error) {
				return c.CopyItems(t.Context(), "t", client.CopyItemsQuery{Outcome: "failed", Last: 7})
			},
			"GET", "/api/v1/oss/source/copy/items", "lastSeq=7&limit=100&outcome=failed&reason=&taskID=t", "",
			`{"lastSeq":-1,"list":[{"seq":8,"fileId":5,"outcome":"failed","reason":"source_deleted"}]}`,
			client.CopyItems{LastSeq: -1, List: []client.CopyItem{{Seq: 8, FileID: 5, Outcome: "failed", Reason: "source_deleted"}}},
		},
		{
			"published files", func(c *client.Client) (any, error) {
				return c.Published(t.Context(), client.PublishedQuery{FileIDs: []int64{7, 8}})
			},
			"GET", "/api/v1/oss/source/published", "fileIDs=7&fileIDs=8", "",
			`{"list":[{"fileId":7,"filename":"a.png","etag":"e","size":3,"state":"outdated","published":[{"imageID":"i","path":"/b/a.png","state":"outdated"}],"more":true}],"lastFileId":-1}`,
			client.PublishedPage{LastFileID: -1, List: []client.PublishedFile{{
				FileID: 7, Filename: "a.png", Etag: "e", Size: 3, State: client.Outdated, More: true,
				Published: []client.PublishedLink{{ImageID: "i", Path: "/b/a.png", State: client.Outdated}},
			}}},
		},
		{
			"what images are from", func(c *client.Client) (any, error) {
				return c.Published(t.Context(), client.PublishedQuery{ImageIDs: []string{"i"}})
			},
			"GET", "/api/v1/oss/source/published", "imageIDs=i", "",
			`{"list":[],"sources":[{"imageID":"i","fileId":7,"path":"/a.png","etag":"e","size":3,"state":"current"}],"lastFileId":-1}`,
			client.PublishedPage{
				LastFileID: -1, List: []client.PublishedFile{},
				Sources: []client.Source{{ImageID: "i", FileID: 7, Path: "/a.png", Etag: "e", Size: 3, State: client.Current}},
			},
		},
		{
			"published of a folder", func(c *client.Client) (any, error) {
				return c.Published(t.Context(), client.PublishedQuery{Parent: 7, After: 9})
			},
			"GET", "/api/v1/oss/source/published", "lastFileId=9&limit=100&parentFileID=7", "",
			`{"list":[],"lastFileId":-1}`, client.PublishedPage{LastFileID: -1, List: []client.PublishedFile{}},
		},
		{
			"offline", func(c *client.Client) (any, error) {
				return c.Offline(t.Context(), client.OfflineRequest{URL: "http://h/a", Name: "b", Folder: "7", Path: "c/d", Callback: "http://h/t"})
			},
			"POST", "/api/v1/offline/download", "", `{"url":"http://h/a","fileName":"b","savePath":"c/d","callBackUrl":"http://h/t","dirID":"7"}`, `{"taskID":394756}`, int64(394756),
		},
		{
			"offline into the bed", func(c *client.Client) (any, error) {
				return c.BedOffline(t.Context(), client.OfflineRequest{URL: "http://h/a", Folder: "x"})
			},
			"POST", "/api/v1/oss/offline/download", "", `{"url":"http://h/a","businessDirID":"x","type":1}`, `{"taskID":403316}`, int64(403316),
		},
		{
			"offline process", func(c *client.Client) (any, error) { return c.OfflineProcess(t.Context(), 7) },
			"GET", "/api/v1/offline/download/process", "taskID=7", "", `{"process":100,"status":2}`, client.OfflineState{Process: 100, Status: client.OfflineDone},
		},
		{
			"offline process of the bed", func(c *client.Client) (any, error) {
				s, err := c.BedOfflineProcess(t.Context(), 7)
				return s.ID(), err
			},
			"GET", "/api/v1/oss/offline/download/process", "taskID=7", "", `{"process":100,"status":2,"fileID":"x"}`, "x",
		},
		{
			"offline list", func(c *client.Client) (any, error) { return c.OfflineList(t.Context(), 9, 500) },
			"GET", "/api/v1/offline/download/list", "lastTaskID=9&limit=100", "", `{"lastTaskID":-1,"list":[{"taskID":8,"to":"bed","url":"u","status":3}]}`,
			client.OfflineTasks{LastTaskID: -1, List: []client.OfflineTask{{TaskID: 8, To: "bed", URL: "u", OfflineState: client.OfflineState{Status: client.OfflineRetrying}}}},
		},
		{
			"share", func(c *client.Client) (any, error) {
				return c.ShareCreate(t.Context(), client.NewShare{Name: "n", Days: 7, FileIDs: []int64{7, 8}, Password: "p"})
			},
			"POST", "/api/v1/share/create", "", `{"shareName":"n","shareExpire":7,"fileIDList":"7,8","sharePwd":"p"}`, `{"shareID":9,"shareKey":"k","shareUrl":"u"}`,
			client.MadeShare{ShareID: 9, ShareKey: "k", URL: "u"},
		},
		{
			"share list", func(c *client.Client) (any, error) { return c.ShareList(t.Context(), 9, 500) },
			"GET", "/api/v1/share/list", "lastShareId=9&limit=100", "", `{"lastShareId":-1,"shareList":[{"shareId":8,"expired":1,"downloadCount":3}]}`,
			client.SharePage{LastShareID: -1, ShareList: []client.Share{{ShareID: 8, Expired: 1, DownloadCount: 3}}},
		},
		{
			"share info", func(c *client.Client) (any, error) {
				return nil, c.ShareInfo(t.Context(), []int64{8}, client.ShareSwitches{Traffic: 2, TrafficLimit: 2, LimitBytes: 5})
			},
			"PUT", "/api/v1/share/list/info", "", `{"shareIdList":[8],"trafficSwitch":2,"trafficLimitSwitch":2,"trafficLimit":5}`, "null", nil,
		},
		{
			"share delete", func(c *client.Client) (any, error) { return nil, c.ShareDelete(t.Context(), []int64{8}) },
			"POST", "/api/v1/share/delete", "", `{"shareIdList":[8]}`, "null", nil,
		},
		{
			"password", func(c *client.Client) (any, error) { return nil, c.ChangePassword(t.Context(), "a", "b") },
			"POST", "/api/v1/user/password", "", `{"oldPassword":"a","newPassword":"b"}`, "null", nil,
		},
		{
			"clients", func(c *client.Client) (any, error) { return c.Clients(t.Context()) },
			"GET", "/api/v1/user/client/list", "", "", `{"list":[{"clientID":"i","name":"n","usedAt":""}],"max":20}`,
			client.OwnClients{List: []client.OwnClient{{ClientID: "i", Name: "n"}}, Max: 20},
		},
		{
			"add client", func(c *client.Client) (any, error) { return c.AddClient(t.Context(), "n") },
			"POST", "/api/v1/user/client/create", "", `{"name":"n"}`, `{"clientID":"i","clientSecret":"s"}`, client.NewClient{ClientID: "i", ClientSecret: "s"},
		},
		{
			"name client", func(c *client.Client) (any, error) { return nil, c.NameClient(t.Context(), "i", "n") },
			"PUT", "/api/v1/user/client/name", "", `{"clientID":"i","name":"n"}`, "null", nil,
		},
		{
			"remove client", func(c *client.Client) (any, error) { return nil, c.RemoveClient(t.Context(), "i") },
			"POST", "/api/v1/user/client/delete", "", `{"clientID":"i"}`, "null", nil,
		},
		{
			"tokens", func(c *client.Client) (any, error) { return c.Tokens(t.Context(), "c", 500) },
			"GET", "/api/v1/user/token/list", "cursor=c&limit=100", "", `{"list":[{"tokenID":"t","page":true}],"nextCursor":"","apps":[{"appName":"n"}]}`,
			client.TokenPage{List: []client.LiveToken{{TokenID: "t", Page: true}}, Apps: []client.AllowedApp{{AppName: "n"}}},
		},
		{
			"end token", func(c *client.Client) (any, error) { return nil, c.EndToken(t.Context(), "t") },
			"POST", "/api/v1/user/token/delete", "", `{"tokenID":"t"}`, "null", nil,
		},
		{
			"end app", func(c *client.Client) (any, error) { return nil, c.EndApp(t.Context(), "i") },
			"POST", "/api/v1/user/token/delete", "", `{"clientID":"i"}`, "null", nil,
		},
		{
			"accounts", func(c *client.Client) (any, error) { return c.Accounts(t.Context(), 7, 500) },
			"GET", "/api/v1/operator/account/list", "lastUID=7&limit=100", "", `{"list":[{"uid":8,"state":"enabled","quota":-1}],"lastUID":-1}`,
			client.AccountPage{List: []client.AccountState{{UID: 8, State: "enabled", Quota: -1}}, LastUID: -1},
		},
		{
			"add account", func(c *client.Client) (any, error) {
				quota := int64(5)
				return c.AddAccount(t.Context(), client.NewAccount{Name: "n", Quota: &quota})
			},
			"POST", "/api/v1/operator/account/create", "", `{"name":"n","quota":5}`, `{"uid":8,"password":"p"}`, client.AccountSecrets{UID: 8, Password: "p"},
		},
		{
			"set account", func(c *client.Client) (any, error) {
				return c.SetAccount(t.Context(), client.AccountChange{UID: 8, State: "disabled"})
			},
			"POST", "/api/v1/operator/account/set", "", `{"uid":8,"state":"disabled"}`, `{"uid":8,"state":"disabled"}`, client.AccountState{UID: 8, State: "disabled"},
		},
		{
			"health", func(c *client.Client) (any, error) { return c.Health(t.Context()) },
			"GET", "/api/v1/operator/health", "", "", `{"ready":true,"room":-1,"waiting":3}`, client.Health{Ready: true, Room: -1, Waiting: 3},
		},
		{
			"direct enable", func(c *client.Client) (any, error) { return c.DirectEnable(t.Context(), 8) },
			"POST", "/api/v1/direct-link/enable", "", `{"fileID":8}`, `{"filename":"n"}`, "n",
		},
		{
			"direct disable", func(c *client.Client) (any, error) { return c.DirectDisable(t.Context(), 8) },
			"POST", "/api/v1/direct-link/disable", "", `{"fileID":8}`, `{"filename":"n"}`, "n",
		},
		{
			"direct url", func(c *client.Client) (any, error) { return c.DirectURL(t.Context(), 8) },
			"GET", "/api/v1/direct-link/url", "fileID=8", "", `{"url":"u"}`, "u",
		},
		{
			"direct refresh", func(c *client.Client) (any, error) { return nil, c.DirectRefresh(t.Context()) },
			"POST", "/api/v1/direct-link/cache/refresh", "", `{}`, "{}", nil,
		},
		{
			"direct list", func(c *client.Client) (any, error) { return c.DirectList(t.Context(), 9, 500) },
			"GET", "/api/v1/direct-link/list", "lastFileId=9&limit=100", "", `{"lastFileId":-1,"list":[{"fileID":10,"filename":"n","url":"u"}]}`,
			client.DirectPage{LastFileID: -1, List: []client.DirectFolder{{FileID: 10, Filename: "n", URL: "u"}}},
		},
		{
			"direct sign", func(c *client.Client) (any, error) {
				return c.DirectSign(t.Context(), client.DirectSign{Status: 1, PrivateKey: "k"})
			},
			"POST", "/api/v1/direct-link/sign", "", `{"status":1,"privateKey":"k"}`, `{"status":1,"privateKey":"k"}`, client.DirectSign{Status: 1, PrivateKey: "k"},
		},
		{
			"direct sign as it is", func(c *client.Client) (any, error) { return c.DirectSign(t.Context(), client.DirectSign{}) },
			"POST", "/api/v1/direct-link/sign", "", `{}`, `{"status":2,"privateKey":""}`, client.DirectSign{Status: 2},
		},
		{
			"direct log", func(c *client.Client) (any, error) { return c.DirectLog(t.Context(), 2, 500) },
			"GET", "/api/v1/direct-link/log", "pageNum=2&pageSize=100", "", `{"total":101,"list":[{"uniqueID":"i","totalTraffic":5}]}`,
			client.DirectLog{Total: 101, List: []client.DirectLine{{UniqueID: "i", TotalTraffic: 5}}},
		},
		{
			"direct files", func(c *client.Client) (any, error) { return c.DirectFiles(t.Context(), 2, 50) },
			"GET", "/api/v1/direct-link/offline/logs", "pageNum=2&pageSize=50", "", `{"total":51,"list":[{"id":5,"downloadURL":"u"}]}`,
			client.DirectFiles{Total: 51, List: []client.DirectFile{{ID: 5, DownloadURL: "u"}}},
		},
		{
			"direct blocked", func(c *client.Client) (any, error) { return c.DirectBlocked(t.Context()) },
			"GET", "/api/v1/developer/config/forbide-ip/list", "", "", `{"ipList":["192.0.2.1"],"status":1}`, client.DirectBlocked{IPList: []string{"192.0.2.1"}, Status: 1},
		},
		{
			"direct block", func(c *client.Client) (any, error) { return nil, c.DirectBlock(t.Context(), []string{"192.0.2.1"}) },
			"POST", "/api/v1/developer/config/forbide-ip/update", "", `{"IpList":["192.0.2.1"]}`, "{}", nil,
		},
		{
			"direct blocking", func(c *client.Client) (any, error) { return nil, c.DirectBlocking(t.Context(), false) },
			"POST", "/api/v1/developer/config/forbide-ip/switch", "", `{"Status":2}`, `{"Done":true}`, nil,
		},
		{
			"copy cancel", func(c *client.Client) (any, error) { return nil, c.CopyCancel(t.Context(), "t") },
			"POST", "/api/v1/oss/source/copy/cancel", "", `{"taskID":"t"}`, "null", nil,
		},
		{
			"copy plan", func(c *client.Client) (any, error) {
				p, err := c.CopyPlan(t.Context(), []int64{7, 8}, client.CopyTarget{Folder: "d", Below: "a/b"}, 0)
				return p.PlanID, err
			},
			"POST", "/api/v1/oss/source/copy/plan", "", `{"fileIDs":["7","8"],"toParentFileID":"d","toPath":"a/b","limit":100}`, `{"planID":"p"}`, "p",
		},
		{
			"copy forecast", func(c *client.Client) (any, error) {
				p, err := c.CopyForecast(t.Context(), []int64{7}, client.CopyTarget{Folder: "d"})
				return p.Total, err
			},
			"POST", "/api/v1/oss/source/copy/plan", "", `{"fileIDs":["7"],"toParentFileID":"d","limit":1,"keep":false}`, `{"total":3}`, int64(3),
		},
		{
			"copy plan page", func(c *client.Client) (any, error) { return c.CopyPlanPage(t.Context(), "p", 5, 2) },
			"POST", "/api/v1/oss/source/copy/plan", "", `{"planID":"p","cursor":5,"limit":2}`,
			`{"planID":"p","limit":{"failCode":"limit_images","max":2,"found":3},"nextCursor":-1}`,
			client.CopyPlan{PlanID: "p", Limit: &client.CopyLimit{FailCode: "limit_images", Max: 2, Found: 3}, NextCursor: -1},
		},
		{
			"copy to", func(c *client.Client) (any, error) {
				return c.CopyTo(t.Context(), []int64{7}, client.CopyTarget{Below: "a"})
			},
			"POST", "/api/v1/oss/source/copy", "", `{"fileIDs":["7"],"toParentFileID":"","toPath":"a"}`, `{"taskID":"u"}`, "u",
		},
		{
			"copy planned", func(c *client.Client) (any, error) { return c.CopyPlanned(t.Context(), "p") },
			"POST", "/api/v1/oss/source/copy", "", `{"planID":"p"}`, `{"taskID":"u"}`, "u",
		},
		{
			"copy undo", func(c *client.Client) (any, error) { return c.CopyUndo(t.Context(), "t", true) },
			"POST", "/api/v1/oss/source/copy/undo", "", `{"taskID":"t","dryRun":true}`,
			`{"removed":1,"restored":2,"kept":[{"imageID":"i","fileId":7,"filename":"a.png","reason":"moved"}]}`,
			client.CopyUndone{Removed: 1, Restored: 2, Kept: []client.KeptImage{{ImageID: "i", FileID: 7, Filename: "a.png", Reason: "moved"}}},
		},
		{
			"republish", func(c *client.Client) (any, error) {
				return c.Republish(t.Context(), client.Republishing{FileIDs: []int64{7}})
			},
			"POST", "/api/v1/oss/source/republish", "", `{"fileIDs":["7"]}`, `{"taskID":"u"}`, "u",
		},
		{
			"copy retry", func(c *client.Client) (any, error) { return c.CopyRetry(t.Context(), "t") },
			"POST", "/api/v1/oss/source/copy/retry", "", `{"taskID":"t"}`, `{"taskID":"u"}`, "u",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := open(t, tokenOr(func(_ int, w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "" || r.Header.Get("Platform") == "" {
					t.Errorf("without a token or platform: %v", r.Header)
				}
				got := []string{r.Method, r.URL.Path, r.URL.Query().Encode(), bodyOf(t, r)}
				if diff := cmp.Diff([]string{tt.method, tt.path, tt.query, tt.body}, got); diff != "" {
					t.Error(diff)
				}
				answer(w, tt.answer)
			}))
			got, err := tt.call(c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// bodyOf writes a body down: JSON as it is, a form as its sorted fields and its file.
func bodyOf(t *testing.T, r *http.Request) string {
	t.Helper()
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	fields, file := url.Values{}, ""
	parts := multipart.NewReader(r.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return fields.Encode() + " " + file
		}
		if err != nil {
			t.Error(err)
			return ""
		}
		b, err := io.ReadAll(part)
		if err != nil {
			t.Error(err)
		}
		if part.FileName() != "" {
			file = part.FormName() + ":" + string(b)
		} else {
			fields.Set(part.FormName(), string(b))
		}
	}
}

// A file comes from the place on that is asked for, or from its beginning, and from where
// the server says it is.
func TestDownloadFromAPlaceOn(t *testing.T) {
	ranges := true
	c, n := open(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			http.Redirect(w, r, "/file", http.StatusFound)
			return
		}
		if r.Header.Get("Authorization") != "" || r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("asked with %v", r.Header)
		}
		if !ranges {
			r.Header.Del("Range")
		}
		http.ServeContent(w, r, "x.bin", time.Time{}, strings.NewReader("picture"))
	})
	for _, tt := range []struct {
		path   string
		from   int64
		ranges bool
		begins int64
		want   string
	}{{"/file", 0, true, 0, "picture"}, {"/file", 3, true, 3, "ture"}, {"/elsewhere", 3, true, 3, "ture"}, {"/file", 3, false, 0, "picture"}} {
		ranges = tt.ranges
		var got []byte
		var at int64
		err := c.Download(t.Context(), n.server.URL+tt.path, tt.from, func(begins int64, body io.Reader) (err error) {
			at = begins
			got, err = io.ReadAll(body)
			return err
		})
		if err != nil || string(got) != tt.want || at != tt.begins {
			t.Errorf("%+v: %q from %d on, %v", tt, got, at, err)
		}
	}
}

func TestPutSendsBytesAlone(t *testing.T) {
	c, n := open(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if got := bodyOf(t, r); got != "cture" || r.ContentLength != 5 || r.Header.Get("Authorization") != "" || r.Header.Get("Platform") != "" {
			t.Errorf("%q with %v", got, r.Header)
		}
		w.WriteHeader(http.StatusOK)
	})
	content := client.Content{From: strings.NewReader("picture"), Size: 7}
	if err := c.Put(t.Context(), n.server.URL+"/put?sig=1", content.Part(2, 99)); err != nil {
		t.Error(err)
	}
}

// A report is taken once: what breaks off is neither whole nor begun anew, and what can't be
// written is no fault of the server.
func TestReports(t *testing.T) {
	whole := func(w http.ResponseWriter) {
		w.Header().Set("Content-Disposition", `attachment; filename="task-t.csv"`)
		_, _ = io.WriteString(w, "a,b")
	}
	for _, tt := range []struct {
		name   string
		handle func(n int, w http.ResponseWriter)
		to     io.Writer
		calls  int
		broken bool
		text   string // of the error
		got    string
	}{
		{"whole", func(_ int, w http.ResponseWriter) { whole(w) }, nil, 1, false, "", "a,b"},
		{"broken off", func(_ int, w http.ResponseWriter) {
			whole(w)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			panic(http.ErrAbortHandler)
		}, nil, 1, true, "broke off", "a,b"},
		{"away before it begins", func(n int, w http.ResponseWriter) {
			if n == 1 {
				cut(w)
				return
			}
			whole(w)
		}, nil, 2, false, "", "a,b"},
		{"refused", func(_ int, w http.ResponseWriter) { refuse(w, 1, "no such task") }, nil, 1, false, "no such task", ""},
		{"nowhere to write", func(_ int, w http.ResponseWriter) { whole(w) }, full{}, 1, false, "full", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, n := open(t, tokenOr(func(n int, w http.ResponseWriter, r *http.Request) {
				if r.URL.String() != "/api/v1/oss/source/copy/report?format=csv&taskID=t" {
					t.Errorf("asked %s", r.URL)
				}
				tt.handle(n, w)
			}))
			var got strings.Builder
			if tt.to == nil {
				tt.to = &got
			}
			err := c.CopyReport(t.Context(), "t", "csv", tt.to)
			if (err == nil) != (tt.text == "") || err != nil && !strings.Contains(err.Error(), tt.text) || client.Broken(err) != tt.broken {
				t.Errorf("%v, broken %v", err, client.Broken(err))
			}
			if got.String() != tt.got || n.calls() != tt.calls {
				t.Errorf("%q after %d calls", &got, n.calls())
			}
		})
	}
}

// full takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

// A thumbnail is the bytes of a picture, with what it is; a refusal comes as all others.
func TestThumbnails(t *testing.T) {
	c, _ := open(t, tokenOr(func(n int, w http.ResponseWriter, r *http.Request) {
		want := []string{"/api/v1/file/thumbnail?fileID=7&size=128", "/api/v1/oss/file/thumbnail?fileID=x", "/api/v1/file/thumbnail?fileID=8&size=1280"}[n-1]
		if r.URL.String() != want || r.Method != http.MethodGet {
			t.Errorf("asked %s %s, want %s", r.Method, r.URL, want)
		}
		if n == 3 {
			refuse(w, 1, "no picture")
			return
		}
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("X-Thumbnail", "ok")
		_, _ = io.WriteString(w, "picture")
	}))
	want := client.Thumbnail{Kind: "ok", Type: "image/png", Bytes: []byte("picture")}
	got, err := c.Thumbnail(t.Context(), 7, 128)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	got, err = c.BedThumbnail(t.Context(), "x", 0)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := c.Thumbnail(t.Context(), 8, 1280); err == nil || !strings.Contains(err.Error(), "no picture") {
		t.Errorf("%v", err)
	}
}
