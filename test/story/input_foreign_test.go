package story

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/api"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/test/harness"
)

// ids are one of each kind: what an account has, or what nobody has.
type ids struct {
	file, folder      int64
	image, bedFolder  string
	task, upload, bed string // bed: an upload into the bed
	plan              string

	offline, bedOffline, copy int64 // numbers of tasks that the account alone has
	share                     int64

	client, token string // ids of what signs in
}

func (i ids) list(drive ...int64) []int64 { return drive }

// nobody's ids have the shape of real ones.
func nobodys(like ids) ids {
	other := func(s string) string { return s[:len(s)-8] + "00000000" }
	return ids{
		file: 1<<52 + 1, folder: 1<<52 + 2, image: other(like.image), bedFolder: other(like.bedFolder),
		task: other(like.task), plan: other(like.plan), upload: strings.Repeat("A", len(like.upload)), bed: strings.Repeat("B", len(like.bed)),
		offline: 1<<52 + 3, bedOffline: 1<<52 + 4, share: 1<<52 + 5, copy: 1<<52 + 6,
		client: other(like.client), token: strings.Repeat("C", len(like.token)),
	}
}

// owned gives an account one of each kind.
func owned(t *testing.T, u *harness.User, name string) ids {
	t.Helper()
	folder := u.MkFolder(0, name)
	i := ids{folder: folder, file: u.PutFile(folder, name+".png", content(1)), bedFolder: mkBed(t, u, "", name)}
	done(t, u, i.bedFolder, i.file)
	i.task = u.StartCopy(i.bedFolder, i.file)
	u.Await(i.task)
	for img, err := range u.BedListAll(t.Context(), i.bedFolder) {
		if err != nil {
			t.Fatal(err)
		}
		i.image = img.FileID
	}
	plan, err := u.CopyPlan(t.Context(), []int64{i.file}, client.CopyTarget{Folder: i.bedFolder}, 0)
	if err != nil {
		t.Fatal(err)
	}
	i.plan = plan.PlanID
	i.upload = opened(t, u, "open.bin", noise{1, 20})
	sent(t, u, i.upload, noise{1, 20}, 1)
	c, err := u.BedCreate(t.Context(), client.NewImage{Filename: "open.png", Etag: harness.MD5(content(2)), Size: int64(len(content(2)))})
	if err != nil {
		t.Fatal(err)
	}
	i.bed = c.PreuploadID
	shared, err := u.ShareCreate(t.Context(), client.NewShare{Name: name, Days: 7, FileIDs: []int64{i.file, i.folder}})
	if err != nil {
		t.Fatal(err)
	}
	i.share = shared.ShareID
	made, err := u.AddClient(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := u.Tokens(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	i.client, i.token = made.ClientID, tokens.List[0].TokenID
	if _, err := u.DirectEnable(t.Context(), i.folder); err != nil {
		t.Fatal(err)
	}
	return i
}

// fetched has a URL fetched into drive and bed, to the end.
func fetched(t *testing.T, u *harness.User, r client.OfflineRequest) (drive, bed int64) {
	t.Helper()
	drive, err := u.Offline(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if bed, err = u.BedOffline(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	awaitOffline(t, u.OfflineProcess, drive)
	awaitOffline(t, u.BedOfflineProcess, bed)
	return drive, bed
}

// awaitOffline polls a download until it has ended.
func awaitOffline(t *testing.T, ask func(context.Context, int64) (client.OfflineState, error), task int64) client.OfflineState {
	t.Helper()
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for {
		s, err := ask(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		if s.Ended() {
			return s
		}
		<-poll.C
	}
}

type body map[string]any

// asks are, for every endpoint that takes an id, requests with ids, of which each
// id stands alone or beside one of the account's own.
func asks(path string, i, mine ids) []body {
	etag, size := harness.MD5(content(9)), len(content(9))
	file := body{"filename": "new.png", "etag": etag, "size": size}
	with := func(b body, name string, v any) body {
		c := body{name: v}
		for k, v := range b {
			c[k] = v
		}
		return c
	}
	switch path {
	case "/api/v1/access_token", "/api/v1/user/info", "/upload/v2/file/domain",
		"/api/v1/oauth2/access_token", "/api/v1/oauth2/user/authorize", "/api/v1/oauth2/app/verify":
		return nil
	case "/api/v1/user/password", "/api/v1/user/client/list", "/api/v1/user/client/create", "/api/v1/user/token/list",
		"/api/v1/operator/account/list", "/api/v1/operator/account/create", "/api/v1/operator/account/set", "/api/v1/operator/health":
		return nil
	case "/api/v1/user/client/name", "/api/v1/user/client/delete":
		return []body{{"clientID": i.client, "name": "new"}}
	case "/api/v1/user/token/delete":
		return []body{{"tokenID": i.token}, {"clientID": i.client}}
	case "/upload/v1/file/mkdir":
		return []body{{"name": "new", "parentID": i.folder}, {"name": "new", "parentID": i.file}}
	case "/api/v2/file/list":
		return []body{{"parentFileId": i.folder, "limit": 100}, {"parentFileId": i.file}}
	case "/api/v1/file/list":
		return []body{{"parentFileId": i.folder, "page": 1, "limit": 100}, {"parentFileId": i.file, "trashed": true}}
	case "/api/v1/file/detail", "/api/v1/file/download_info":
		return []body{{"fileID": i.file}, {"fileID": i.folder}}
	case "/api/v1/file/archive_info":
		return []body{{"fileIDs": i.list(i.file)}, {"fileIDs": i.list(i.folder, i.file), "filename": "x"}}
	case "/api/v1/file/infos":
		return []body{{"fileIds": i.list(i.file, i.folder)}, {"fileIds": i.list(i.file, mine.file)}}
	case "/api/v1/file/name":
		return []body{{"fileId": i.file, "fileName": "new.png"}, {"fileId": i.folder, "fileName": "new"}}
	case "/api/v1/file/rename":
		return []body{{"renameList": []string{fmt.Sprint(i.file) + "|new.png", fmt.Sprint(i.folder) + "|new"}}, {"renameList": []body{{"fileID": i.file, "filename": "new.png"}}}}
	case "/api/v1/file/copy":
		return []body{
			{"fileId": i.file, "targetDirId": mine.folder}, {"fileId": i.folder}, {"fileId": mine.file, "targetDirId": i.folder},
			{"fileId": mine.file, "targetDirId": i.file},
		}
	case "/api/v1/file/async/copy":
		return []body{
			{"fileIds": i.list(i.file, i.folder), "targetDirId": mine.folder}, {"fileIds": i.list(mine.file, i.file)},
			{"fileIds": i.list(mine.file), "targetDirId": i.folder}, {"fileIds": i.list(mine.file), "targetDirId": i.file},
		}
	case "/api/v1/file/async/copy/process":
		return []body{{"taskId": i.copy}}
	case "/api/v1/file/move", "/api/v1/file/recover/by_path":
		return []body{
			{"fileIDs": i.list(i.file), "parentFileID": mine.folder}, {"fileIDs": i.list(i.folder)},
			{"fileIDs": i.list(mine.file), "parentFileID": i.folder}, {"fileIDs": i.list(mine.file), "parentFileID": i.file},
		}
	case "/api/v1/file/trash", "/api/v1/file/delete", "/api/v1/file/recover":
		return []body{{"fileIDs": i.list(i.file)}, {"fileIDs": i.list(i.folder)}}
	case "/upload/v1/file/create", "/upload/v2/file/create":
		return []body{with(file, "parentFileID", i.folder), with(file, "parentFileID", i.file)}
	case "/upload/v2/file/single/create":
		return []body{with(file, "parentFileID", i.folder), with(file, "parentFileID", i.file)}
	case "/upload/v2/file/sha1_reuse":
		return []body{{"parentFileID": i.folder, "filename": "new.png", "sha1": strings.Repeat("a", 40), "size": 9}}
	case "/upload/v1/file/get_upload_url", "/upload/v1/oss/file/get_upload_url":
		return []body{{"preuploadID": i.upload, "sliceNo": 1}, {"preuploadID": i.bed, "sliceNo": 1}}
	case "/upload/v2/file/slice":
		sum := harness.MD5(content(9))
		return []body{{"preuploadID": i.upload, "sliceNo": 1, "sliceMD5": sum}, {"preuploadID": i.upload, "sliceNo": 1}, {"preuploadID": i.bed, "sliceNo": 1, "sliceMD5": sum}}
	case "/upload/v1/file/list_upload_parts", "/upload/v1/file/upload_complete", "/upload/v1/file/upload_async_result",
		"/upload/v2/file/upload_complete", "/upload/v1/oss/file/list_upload_parts", "/upload/v1/oss/file/upload_complete",
		"/upload/v1/oss/file/upload_async_result":
		return []body{{"preuploadID": i.upload}, {"preuploadID": i.bed}}
	case "/upload/v2/file/upload_cancel":
		return []body{{"preuploadID": i.upload}, {"preuploadID": i.bed}}
	case "/upload/v1/oss/file/mkdir":
		return []body{{"name": "new", "parentID": i.bedFolder}, {"name": "new", "parentID": i.image}, {"taskID": i.task}}
	case "/upload/v1/oss/file/create":
		return []body{with(file, "parentFileID", i.bedFolder), with(file, "parentFileID", i.image)}
	case "/api/v1/oss/file/list":
		return []body{{"parentFileId": i.bedFolder, "limit": 100}, {"parentFileId": i.image, "limit": 100}, {"parentFileId": mine.bedFolder, "lastFileId": i.image, "searchData": "a"}, {"parentFileId": i.bedFolder, "page": 1}}
	case "/api/v1/oss/file/detail":
		return []body{{"fileID": i.image}, {"fileID": i.bedFolder}}
	case "/api/v1/oss/file/move":
		return []body{
			{"fileIDs": []string{i.image}, "toParentFileID": ""}, {"fileIDs": []string{i.bedFolder}, "toParentFileID": mine.bedFolder},
			{"fileIDs": []string{mine.image}, "toParentFileID": i.bedFolder}, {"fileIDs": []string{mine.image}, "toParentFileID": i.image},
		}
	case "/api/v1/oss/file/delete":
		return []body{
			{"fileIDs": []string{i.image}}, {"fileIDs": []string{i.bedFolder, i.image}},
			{"fileIDs": []string{i.image, i.bedFolder}, "dryRun": true}, {"fileIDs": []string{i.bedFolder}, "links": 0},
		}
	case "/api/v1/oss/file/name":
		return []body{{"fileID": i.image, "fileName": "new.png"}, {"fileID": i.bedFolder, "fileName": "new"}}
	case "/api/v1/oss/file/links":
		return []body{
			{"fileIDs": []string{i.image}}, {"fileIDs": []string{i.bedFolder}}, {"fileIDs": []string{mine.image, i.image}, "format": "csv"},
			{"parentFileId": i.bedFolder}, {"parentFileId": i.image}, {"parentFileId": mine.bedFolder, "lastFileId": i.image},
		}
	case "/api/v1/oss/source/copy":
		return []body{
			{"fileIDs": i.list(i.file)}, {"fileIDs": i.list(i.folder)}, {"fileIDs": i.list(mine.file, i.file)},
			{"fileIDs": i.list(mine.file), "toParentFileID": i.bedFolder}, {"fileIDs": i.list(mine.file), "toParentFileID": i.image}, {"planID": i.plan},
		}
	case "/api/v1/oss/source/copy/undo":
		return []body{{"taskID": i.task}, {"taskID": i.task, "dryRun": true}}
	case "/api/v1/oss/source/republish":
		return []body{
			{"fileIDs": i.list(i.file)}, {"fileIDs": i.list(i.folder)}, {"fileIDs": i.list(mine.file, i.file)},
			{"imageIDs": []string{i.image}}, {"imageIDs": []string{mine.image, i.image}}, {"imageIDs": []string{i.bedFolder}},
			{"parentFileId": i.bedFolder}, {"parentFileId": i.image},
		}
	case "/api/v1/oss/source/copy/plan":
		return []body{
			{"fileIDs": i.list(i.file), "keep": false}, {"fileIDs": i.list(mine.file, i.folder), "keep": false},
			{"fileIDs": i.list(i.file)}, {"fileIDs": i.list(i.folder)}, {"fileIDs": i.list(mine.file, i.file)}, {"planID": i.plan},
			{"fileIDs": i.list(mine.file), "toParentFileID": i.bedFolder}, {"fileIDs": i.list(mine.file), "toParentFileID": i.image},
		}
	case "/api/v1/oss/source/copy/process", "/api/v1/oss/source/copy/fail", "/api/v1/oss/source/copy/items", "/api/v1/oss/source/copy/cancel",
		"/api/v1/oss/source/copy/retry", "/api/v1/oss/source/copy/report",
		"/api/v1/oss/source/copy/events":
		return []body{{"taskID": i.task, "page": 1, "limit": 100}}
	case "/api/v1/file/thumbnail":
		return []body{{"fileID": i.file}, {"fileID": i.folder, "size": 128}}
	case "/api/v1/oss/file/thumbnail":
		return []body{{"fileID": i.image}, {"fileID": i.bedFolder, "size": 128}}
	case "/api/v1/oss/source/published":
		return []body{{"fileIDs": i.list(i.file)}, {"fileIDs": i.list(i.folder)}, {"fileIDs": i.list(mine.file, i.file)}, {"parentFileID": i.folder}, {"parentFileID": i.file}, {"imageIDs": []string{i.image, mine.image}}}
	case "/api/v1/share/create":
		return []body{
			{"shareName": "new", "shareExpire": 7, "fileIDList": fmt.Sprint(i.file)}, {"shareName": "new", "shareExpire": 7, "fileIDList": fmt.Sprint(i.folder)},
			{"shareName": "new", "shareExpire": 7, "fileIDList": i.list(mine.file, i.file)},
		}
	case "/api/v1/share/list":
		return nil // a number is no more than where to go on
	case "/api/v1/share/list/info":
		return []body{{"shareIdList": i.list(i.share), "trafficSwitch": 3}}
	case "/api/v1/direct-link/enable", "/api/v1/direct-link/disable", "/api/v1/direct-link/url":
		return []body{{"fileID": i.file}, {"fileID": i.folder}}
	case "/api/v1/direct-link/cache/refresh", "/api/v1/direct-link/log", "/api/v1/direct-link/offline/logs", "/api/v1/direct-link/list", "/api/v1/direct-link/sign",
		"/api/v1/developer/config/forbide-ip/switch", "/api/v1/developer/config/forbide-ip/update", "/api/v1/developer/config/forbide-ip/list":
		return nil
	case "/api/v1/share/delete":
		return []body{{"shareIdList": i.list(i.share)}}
	case "/api/v1/offline/download":
		return []body{{"url": "http://127.0.0.1/", "dirID": i.folder}, {"url": "http://127.0.0.1/", "dirID": i.file}}
	case "/api/v1/oss/offline/download":
		return []body{{"url": "http://127.0.0.1/", "businessDirID": i.bedFolder}, {"url": "http://127.0.0.1/", "businessDirID": i.image}}
	case "/api/v1/offline/download/process", "/api/v1/oss/offline/download/process":
		return []body{{"taskID": i.offline}, {"taskID": i.bedOffline}}
	case "/api/v1/offline/download/list":
		return []body{{"lastTaskID": i.offline}, {"lastTaskID": i.bedOffline}}
	case "/api/v1/oss/source/copy/list":
		return []body{{"lastTaskID": i.task}}
	}
	return []body{nil} // an endpoint that this test does not know
}

// takesFile says whether an endpoint takes a file, as a form.
func takesFile(path string) bool {
	return path == "/upload/v2/file/slice" || path == "/upload/v2/file/single/create"
}

// send sends fields as JSON, or to the endpoints that take a file as a form.
func send(t *testing.T, u *harness.User, path string, b body) harness.Answer {
	t.Helper()
	if !takesFile(path) {
		return u.Server.Post(path, u.Token, b)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, v := range b {
		if err := w.WriteField(name, fmt.Sprint(v)); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "x")
	if err == nil {
		_, err = part.Write(content(9))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return u.Server.Send(http.MethodPost, path, u.Token, w.FormDataContentType(), form.Bytes())
}

// everything reads all rows that say what an account has.
func everything(t *testing.T, d *db.DB, u *harness.User) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for table, columns := range map[string]string{
		"drive_entry":   `id || ' ' || parent_id || ' ' || name || ' ' || trashed || ' ' || children`,
		"bed_folder":    `id || ' ' || parent_id || ' ' || name`,
		"image":         `id || ' ' || folder_id || ' ' || name || ' ' || blob_id || ' ' || updated_at`,
		"blob":          `id || ' ' || state`,
		"upload":        `id || ' ' || state || ' ' || hashed`,
		"upload_slice":  `upload_id || ' ' || no || ' ' || md5`,
		"task":          `id || ' ' || state`,
		"share":         `id || ' ' || traffic`,
		"share_file":    `share_id || ' ' || drive_id`,
		"client":        `id || ' ' || name`,
		"token":         `id || ' ' || client_id`,
		"direct_folder": `drive_id || ' ' || enabled_at`,
		"account":       `used || ' ' || reserved`,
	} {
		key := "account_id"
		if table == "account" {
			key = "id"
		}
		err := d.Read(t.Context(), "story", func(tx *db.Tx) (err error) {
			all[table], err = db.Collect(t.Context(), tx, func(row db.Row) (v string, err error) { return v, row.Scan(&v) },
				`SELECT `+columns+` FROM `+table+` WHERE `+key+` = $1 ORDER BY 1`, u.UID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// told is data as it would be with other ids: some answers name those that were asked.
func told(t *testing.T, data any, these, those ids) string {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(fmt.Sprint(these.file), fmt.Sprint(those.file), fmt.Sprint(these.folder), fmt.Sprint(those.folder)).Replace(string(text))
}

// An id of another account is answered on every endpoint exactly like one that
// nobody has, and changes nothing of either account's.
func TestInputForeignIDsAreMissing(t *testing.T) {
	s, owner := limited(t, "--fetch-allow", "127.0.0.1")
	stranger := s.User("stranger")
	theirs, mine := owned(t, owner, "secret"), owned(t, stranger, "own")
	theirs.offline, theirs.bedOffline = fetched(t, owner, client.OfflineRequest{URL: s.URL + "/secret", Name: "secret.png"})
	copied, err := owner.CopyFiles(t.Context(), []int64{theirs.file}, theirs.folder)
	if err != nil {
		t.Fatal(err)
	}
	for ended := false; !ended; {
		state, err := owner.CopyFilesProcess(t.Context(), copied)
		if ended = state.Ended(); err != nil {
			t.Fatal(err)
		}
	}
	theirs.copy = copied
	none := nobodys(theirs)
	inDB(t, s, func(d *db.DB) { askForeign(t, d, owner, stranger, theirs, none, mine) })
	holds(t, owner, theirs.file, harness.MD5(content(1)), int64(len(content(1))))
}

func askForeign(t *testing.T, d *db.DB, owner, stranger *harness.User, theirs, none, mine ids) {
	t.Helper()
	for _, e := range api.Endpoints() {
		t.Run(strings.TrimPrefix(e.Path, "/"), func(t *testing.T) {
			foreign, missing := asks(e.Path, theirs, mine), asks(e.Path, none, mine)
			for n := range foreign {
				if foreign[n] == nil {
					t.Fatal("this endpoint is not known here: say which ids it takes")
				}
				before := everything(t, d, owner)
				got, want := send(t, stranger, e.Path, foreign[n]), send(t, stranger, e.Path, missing[n])
				if got.TraceID == want.TraceID || got.TraceID == "" {
					t.Errorf("trace ids %q and %q", got.TraceID, want.TraceID)
				}
				got.TraceID, want.TraceID = "", ""
				want.Data = told(t, want.Data, none, theirs)
				got.Data = told(t, got.Data, none, theirs)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%v is answered otherwise than a missing id (-missing +foreign):\n%s", foreign[n], diff)
				}
				if diff := cmp.Diff(before, everything(t, d, owner)); diff != "" {
					t.Errorf("%v changed what the other account has:\n%s", foreign[n], diff)
				}
				if text, err := json.Marshal(got); err != nil || strings.Contains(string(text), "secret") {
					t.Errorf("%v tells of the other account: %s %v", foreign[n], text, err)
				}
			}
		})
	}
}
