package golden

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/test/harness"
)

const (
	md5OfNothing = "d41d8cd98f00b204e9800998ecf8427e"
	unknownDrive = 4503599627370495
	unknownTask  = "1ketmmu1000d86isuyq33su100w1bnp6"
	unknownImage = "yk6baz03t0l000d7w33fbyq51l4izkneDIYPAIDOBIY0DcxvDwFO"
)

// story sends every documented request, in an order in which each has something
// to answer.
func story(p *player) {
	signIn(p)
	apps(p)
	album := folders(p)
	uploadV1(p, album)
	uploadV2(p, album)
	lists(p, album)
	bed(p)
	copies(p, album)
	downloads(p, album)
	shares(p, album)
	p.ask("who am I", "GET /api/v1/user/info")
	ownAccount(p)
	operators(p)
	treeCopies(p, album)
	directLinks(p)
	thumbnails(p)
}

// ownAccount changes what an account signs in with, and changes it back.
func ownAccount(p *player) {
	const clients, create, name, end = "GET /api/v1/user/client/list", "POST /api/v1/user/client/create", "PUT /api/v1/user/client/name", "POST /api/v1/user/client/delete"
	const tokens, endToken, password = "GET /api/v1/user/token/list", "POST /api/v1/user/token/delete", "POST /api/v1/user/password"
	const next = "another password"
	present := p.u.Password
	p.known[present] = "{password}"
	p.ask("another password", password, "oldPassword", present, "newPassword", next)
	p.ask("a wrong one", password, "oldPassword", present, "newPassword", next)
	p.ask("too short", password, "oldPassword", next, "newPassword", "1234567")
	p.ask("back", password, "oldPassword", next, "newPassword", present)

	made := p.ask("a client", create, "name", "PicGo")
	id := made.text("clientID")
	p.ask("no name", create, "name", " ")
	p.ask("both", clients)
	p.ask("another name", name, "clientID", id, "name", "PicGo 办公室")
	p.ask("nobody's", name, "clientID", unknownTask, "name", "x")
	other, err := client.New(client.Options{Server: p.u.Server.URL, ClientID: id, Secret: made.text("clientSecret")})
	if err != nil {
		p.t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.UserInfo(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	page := p.ask("the newest", tokens, "limit", 1)
	p.ask("a cursor that is none", tokens, "cursor", "x")
	p.ask("one", endToken, "tokenID", page.text("list", "tokenID"))
	p.ask("it has ended", endToken, "tokenID", page.text("list", "tokenID"))
	p.ask("neither", endToken)
	p.ask("no such app", endToken, "clientID", unknownTask)
	p.ask("one", end, "clientID", id)
	p.ask("it is not there any more", end, "clientID", id)
	p.ask("the last one", end, "clientID", p.u.ClientID)
}

func operators(p *player) {
	const list, create, set, health = "GET /api/v1/operator/account/list", "POST /api/v1/operator/account/create", "POST /api/v1/operator/account/set", "GET /api/v1/operator/health"
	p.ask("no operator", list)
	boss := p.u.Server.User("boss", "--operator")
	mine := p.token
	p.token = boss.Token
	defer func() { p.token = mine }()
	last := p.ask("a page", list, "limit", 1).number("lastUID")
	p.ask("the end", list, "lastUID", last)
	uid := p.ask("an account", create, "name", "reader", "quota", 1<<30).number("uid")
	p.ask("the name is taken", create, "name", "reader")
	p.ask("no name", create, "name", "a b")
	p.ask("quota and limit", set, "uid", uid, "quota", 2<<30, "maxEntries", 1000)
	p.ask("disabled", set, "uid", uid, "state", "disabled")
	p.ask("oneself", set, "uid", boss.UID, "state", "disabled")
	p.ask("no state", set, "uid", uid, "state", "asleep")
	p.ask("nobody's", set, "uid", unknownDrive, "quota", 1)
	p.ask("now", health)
}

func treeCopies(p *player, album int64) {
	const create, process = "POST /api/v1/file/async/copy", "GET /api/v1/file/async/copy/process"
	made := p.u.MkFolder(0, "copies")
	task := p.ask("a folder", create, "fileIds", []int64{album}, "targetDirId", made).number("taskId")
	for {
		s, err := p.u.CopyFilesProcess(p.t.Context(), task)
		if err != nil {
			p.t.Fatal(err)
		}
		if s.Ended() {
			break
		}
	}
	p.ask("done", process, "taskId", task)
	p.ask("a folder into itself", create, "fileIds", []int64{made}, "targetDirId", made)
	p.ask("no such file", create, "fileIds", []int64{unknownDrive}, "targetDirId", made)
	p.ask("no such folder", create, "fileIds", []int64{album}, "targetDirId", unknownDrive)
	p.ask("no such task", process, "taskId", unknownDrive)
}

func downloads(p *player, album int64) {
	const create, process, list = "POST /api/v1/offline/download", "GET /api/v1/offline/download/process", "GET /api/v1/offline/download/list"
	wait := func(ask func(context.Context, int64) (client.OfflineState, error), task int64) int64 {
		for {
			s, err := ask(p.t.Context(), task)
			if err != nil {
				p.t.Fatal(err)
			}
			if s.Ended() {
				return task
			}
		}
	}
	drive := func(title string, fields ...any) int64 {
		return wait(p.u.OfflineProcess, p.ask(title, create, fields...).number("taskID"))
	}
	one := drive("into the default folder", "url", p.elsewhere+"/a/one.png")
	two := drive("into a folder, by a name", "url", p.elsewhere+"/two", "fileName", "两.png", "dirID", album, "callBackUrl", p.elsewhere+"/told")
	three := drive("what is not there", "url", p.elsewhere+"/none", "dirID", album)
	p.ask("a closed address", create, "url", "http://10.0.0.1/x")
	p.ask("what is no URL", create, "url", "ftp://example.org/x")
	p.ask("no URL", create, "fileName", "x.png")
	p.ask("no such folder", create, "url", p.elsewhere+"/x", "dirID", unknownDrive)
	p.ask("done", process, "taskID", one)
	p.ask("done, by a name", process, "taskID", two)
	p.ask("failed", process, "taskID", three)
	p.ask("no such task", process, "taskID", unknownDrive)

	const bedCreate, bedProcess = "POST /api/v1/oss/offline/download", "GET /api/v1/oss/offline/download/process"
	four := wait(p.u.BedOfflineProcess, p.ask("into the default folder", bedCreate, "url", p.elsewhere+"/photo", "type", 1).number("taskID"))
	five := wait(p.u.BedOfflineProcess, p.ask("what is not there", bedCreate, "url", p.elsewhere+"/none", "fileName", "a.png", "businessDirID", "", "type", 1).number("taskID"))
	p.ask("no picture's name", bedCreate, "url", p.elsewhere+"/photo", "fileName", "a.txt", "type", 1)
	p.ask("no such folder", bedCreate, "url", p.elsewhere+"/photo", "businessDirID", unknownImage, "type", 1)
	p.ask("done", bedProcess, "taskID", four)
	p.ask("failed", bedProcess, "taskID", five)
	p.ask("a task of the drive", bedProcess, "taskID", one)

	last := p.ask("a page", list, "limit", 2, "lastTaskID", 0).number("lastTaskID")
	p.ask("the next page", list, "limit", 100, "lastTaskID", last)
	p.ask("past the end", list, "limit", 100, "lastTaskID", -1)
}

func shares(p *player, album int64) {
	const create, list, info, end = "POST /api/v1/share/create", "GET /api/v1/share/list", "PUT /api/v1/share/list/info", "POST /api/v1/share/delete"
	file := p.u.PutFile(0, "shared.txt", []byte("shared"))
	both := itoa(album) + "," + itoa(file)
	one := p.ask("a file and a folder, for a week", create, "shareName", "旅行照片", "shareExpire", 7, "fileIDList", both, "sharePwd", "k3x0",
		"trafficSwitch", 2, "trafficLimitSwitch", 2, "trafficLimit", 1<<30).number("shareID")
	two := p.ask("for ever, without a password", create, "shareName", "for ever", "shareExpire", 0, "fileIDList", itoa(file)).number("shareID")
	p.ask("ids as a list", create, "shareName", "a list", "shareExpire", 1, "fileIDList", []int64{album, file})
	p.ask("a name of 35 characters", create, "shareName", strings.Repeat("字", 35), "shareExpire", 7, "fileIDList", both)
	p.ask("a special character", create, "shareName", "a/b", "shareExpire", 7, "fileIDList", both)
	p.ask("two days", create, "shareName", "x", "shareExpire", 2, "fileIDList", both)
	p.ask("nothing is said of its end", create, "shareName", "x", "fileIDList", both)
	p.ask("no files", create, "shareName", "x", "shareExpire", 7, "fileIDList", "")
	p.ask("no such file", create, "shareName", "x", "shareExpire", 7, "fileIDList", both+","+itoa(unknownDrive))
	p.ask("more than 100", create, "shareName", "x", "shareExpire", 7, "fileIDList", strings.Repeat("1,", 100)+"1")
	p.ask("a switch that is none", create, "shareName", "x", "shareExpire", 7, "fileIDList", both, "trafficSwitch", 5)
	p.ask("a limit without a figure", create, "shareName", "x", "shareExpire", 7, "fileIDList", both, "trafficLimitSwitch", 2)

	last := p.ask("a page", list, "limit", 2, "lastShareId", 0).number("lastShareId")
	p.ask("the next page", list, "limit", 2, "lastShareId", last)
	p.ask("past the end", list, "limit", 100, "lastShareId", -1)
	p.ask("several, one of them unknown", info, "shareIdList", []int64{one, two, unknownDrive}, "trafficSwitch", 4, "trafficLimitSwitch", 1, "trafficLimit", 0)
	p.ask("a limit", info, "shareIdList", []int64{two}, "trafficLimitSwitch", 2, "trafficLimit", 5000)
	p.ask("a limit without a figure", info, "shareIdList", []int64{two}, "trafficLimitSwitch", 2)
	p.ask("no such share", info, "shareIdList", []int64{unknownDrive}, "trafficSwitch", 1)
	p.ask("more than 100", info, "shareIdList", make([]int64, 101), "trafficSwitch", 1)
	p.ask("changed", list, "limit", 100)
	p.ask("one", end, "shareIdList", []int64{one})
	p.ask("it is not there any more", end, "shareIdList", []int64{one})
	p.ask("one is left out", list, "limit", 100)
}

func directLinks(p *player) {
	const enable, disable, address = "POST /api/v1/direct-link/enable", "POST /api/v1/direct-link/disable", "GET /api/v1/direct-link/url"
	const list, sign, log, files = "GET /api/v1/direct-link/list", "POST /api/v1/direct-link/sign", "GET /api/v1/direct-link/log", "GET /api/v1/direct-link/offline/logs"
	folder := p.u.MkFolder(0, "直链")
	file, alone := p.u.PutFile(folder, "图 1.txt", []byte("direct")), p.u.PutFile(0, "alone.txt", []byte("alone"))
	p.ask("a folder", enable, "fileID", folder)
	p.ask("again", enable, "fileID", folder)
	p.ask("a file", enable, "fileID", file)
	p.ask("the root", enable, "fileID", 0)
	p.ask("no such folder", enable, "fileID", unknownDrive)
	link := p.ask("a file", address, "fileID", file).text("url")
	p.ask("a file of no such folder", address, "fileID", alone)
	p.ask("a folder", address, "fileID", folder)
	p.ask("no such file", address, "fileID", unknownDrive)
	p.ask("all folders", list, "limit", 100, "lastFileId", 0)
	p.ask("past the end", list, "limit", 100, "lastFileId", unknownDrive)

	res, err := http.Get(link)
	if err != nil {
		p.t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "direct" || res.Body.Close() != nil {
		p.t.Fatal(string(body), err)
	}
	for read := false; !read && p.t.Context().Err() == nil; { // the server writes it down soon
		there, err := p.u.DirectLog(p.t.Context(), 1, 1)
		if err != nil {
			p.t.Fatal(err)
		}
		read = there.Total > 0
	}
	p.ask("what was read", log, "pageNum", 1, "pageSize", 10)
	p.ask("past the end", log, "pageNum", 2, "pageSize", 10)
	p.ask("long ago", log, "pageNum", 1, "pageSize", 10, "startTime", "2020-01-01 00:00:00", "endTime", "2020-01-02 00:00:00")
	p.ask("a time that is none", log, "pageNum", 1, "pageSize", 10, "startTime", "yesterday")
	p.ask("an hour that goes on has no file", files, "startHour", "2020010100", "endHour", "2100010100", "pageNum", 1, "pageSize", 10)
	p.ask("an hour that is none", files, "startHour", "2020010199", "pageNum", 1, "pageSize", 10)
	p.ask("nothing to do", "POST /api/v1/direct-link/cache/refresh")

	p.ask("as it is at first", sign)
	p.ask("on, with a key", sign, "status", 1, "privateKey", "0123456789abcdefghij")
	p.ask("signed", address, "fileID", file)
	p.ask("a short key", sign, "privateKey", "short")
	p.ask("a switch that is none", sign, "status", 3)
	p.ask("off", sign, "status", 2)

	const onOff, update, blocked = "POST /api/v1/developer/config/forbide-ip/switch", "POST /api/v1/developer/config/forbide-ip/update", "GET /api/v1/developer/config/forbide-ip/list"
	p.ask("as it is at first", blocked)
	p.ask("some", update, "IpList", []string{"192.0.2.1", "2001:db8::1"})
	p.ask("on", onOff, "Status", 1)
	p.ask("some", blocked)
	p.ask("no address", update, "IpList", []string{"192.0.2.0/24"})
	p.ask("none", update)
	p.ask("off", onOff, "Status", 2)
	p.ask("a switch that is none", onOff, "Status", 0)

	p.ask("a folder", disable, "fileID", folder)
	p.ask("again", disable, "fileID", folder)
	p.ask("no such folder", disable, "fileID", unknownDrive)
}

func signIn(p *player) {
	p.ask("a wrong secret", "POST /api/v1/access_token", "clientID", p.u.ClientID, "clientSecret", "wrong")
	p.ask("without a token", "GET /api/v1/user/info")
	p.token = p.ask("sign in", "POST /api/v1/access_token", "clientID", p.u.ClientID, "clientSecret", p.u.ClientSecret).text("accessToken")
}

func apps(p *player) {
	const token, authorize, verify = "POST /api/v1/oauth2/access_token", "GET /api/v1/oauth2/user/authorize", "POST /api/v1/oauth2/app/verify"
	const back, scope = "https://app.example.org/back?from=us", "user:base,file:all:read"
	id, secret := p.u.ClientID, p.u.ClientSecret
	p.ask("no app", verify, "appId", id, "redirectUri", back, "scope", scope)
	p.u.Server.Run("user", "app", "set", "writer", "--name", "相册助手", "--redirect", back, "--data", p.u.Server.Data)
	p.ask("an app", verify, "appId", id, "redirectUri", back, "scope", scope)
	p.ask("a URI that is not its own", verify, "appId", id, "redirectUri", "https://evil.example/back", "scope", scope)
	p.ask("a scope that nobody knows", verify, "appId", id, "redirectUri", back, "scope", "everything")

	asked := func(scope string) []any {
		return []any{"accessToken", p.token, "client_id", id, "redirect_uri", back, "scope", scope, "response_type", "code", "state", "x&y"}
	}
	to, err := url.Parse(p.file("allowed", authorize, asked(scope)...).Get("Location"))
	if err != nil {
		p.t.Fatal(err)
	}
	code := to.Query().Get("code")
	p.file("a scope that nobody knows", authorize, asked("everything")...)
	p.ask("a URI that is not its own", authorize, "accessToken", p.token, "client_id", id, "redirect_uri", "https://evil.example/back", "scope", scope)

	p.ask("a wrong secret", token, "client_id", id, "client_secret", "wrong", "grant_type", "authorization_code", "code", code, "redirect_uri", back)
	p.ask("another URI", token, "client_id", id, "client_secret", secret, "grant_type", "authorization_code", "code", code, "redirect_uri", "https://app.example.org/back")
	p.ask("no URI", token, "client_id", id, "client_secret", secret, "grant_type", "authorization_code", "code", code)
	first := p.ask("by a code", token, "client_id", id, "client_secret", secret, "grant_type", "authorization_code", "code", code, "redirect_uri", back)
	second := p.ask("by a refresh token", token, "client_id", id, "client_secret", secret, "grant_type", "refresh_token", "refresh_token", first.text("refresh_token"))
	p.ask("by nothing else", token, "grant_type", "refresh_token", "refresh_token", second.text("refresh_token"))
	p.ask("a second time", token, "grant_type", "refresh_token", "refresh_token", second.text("refresh_token"))
	p.ask("another way", token, "client_id", id, "client_secret", secret, "grant_type", "password")
}

func folders(p *player) (album int64) {
	const mkdir = "POST /upload/v1/file/mkdir"
	album = p.ask("a folder", mkdir, "name", "旅行 & 照片", "parentID", 0).number("dirID")
	p.ask("the name is taken", mkdir, "name", "旅行 & 照片", "parentID", 0)
	p.ask("a name that can't be", mkdir, "name", "a/b", "parentID", 0)
	p.ask("no such parent", mkdir, "name", "a", "parentID", unknownDrive)
	return album
}

func uploadV1(p *player, album int64) {
	const create, complete = "POST /upload/v1/file/create", "POST /upload/v1/file/upload_complete"
	picture := []byte("picture one")
	id := p.ask("a new file", create, "parentFileID", album, "filename", "one.png", "etag", harness.MD5(picture), "size", len(picture)).text("preuploadID")
	p.ask("nothing has come", "POST /upload/v1/file/list_upload_parts", "preuploadID", id)
	p.ask("a slice is missing", complete, "preuploadID", id)
	p.ask("it is not complete", "POST /upload/v1/file/upload_async_result", "preuploadID", id)
	target := p.ask("where the slice goes", "POST /upload/v1/file/get_upload_url", "preuploadID", id, "sliceNo", 1).text("presignedURL")
	p.ask("a slice that it has not", "POST /upload/v1/file/get_upload_url", "preuploadID", id, "sliceNo", 2)
	p.put("a slice", target, picture)
	p.ask("what has come", "POST /upload/v1/file/list_upload_parts", "preuploadID", id)
	p.ask("it is there", complete, "preuploadID", id)
	p.ask("asked again", complete, "preuploadID", id)
	p.ask("it is complete", "POST /upload/v1/file/upload_async_result", "preuploadID", id)
	p.ask("without an upload", "POST /upload/v1/file/upload_async_result")
	p.ask("an upload that is not there", complete, "preuploadID", "none")

	p.ask("known content (instant upload)", create, "parentFileID", 0, "filename", "a/b/again.png", "etag", strings.ToUpper(harness.MD5(picture)),
		"size", len(picture), "containDir", true)
	p.ask("the name is taken", create, "parentFileID", album, "filename", "one.png", "etag", md5OfNothing, "size", 5, "containDir", false)
	p.ask("keep both", create, "parentFileID", album, "filename", "one.png", "etag", harness.MD5(picture), "size", len(picture), "duplicate", 1)
	p.ask("no etag", create, "parentFileID", album, "filename", "one.png", "size", 5)
	p.ask("an etag that is none", create, "parentFileID", album, "filename", "x.png", "etag", "abc", "size", 5)
	p.ask("more than fits", create, "parentFileID", album, "filename", "x.png", "etag", md5OfNothing, "size", 5000)
	p.ask("larger than any file", create, "parentFileID", album, "filename", "x.png", "etag", md5OfNothing, "size", 10<<30+1)
}

func uploadV2(p *player, album int64) {
	const create, slice, complete = "POST /upload/v2/file/create", "POST /upload/v2/file/slice", "POST /upload/v2/file/upload_complete"
	picture := []byte("picture two")
	p.ask("where slices go", "GET /upload/v2/file/domain")
	id := p.ask("a new file", create, "parentFileID", album, "filename", "two.jpg", "etag", harness.MD5(picture), "size", len(picture)).text("preuploadID")
	p.upload("the slice is damaged", slice, "slice", picture, "preuploadID", id, "sliceNo", 1, "sliceMD5", md5OfNothing)
	p.upload("the slice is short", slice, "slice", picture[1:], "preuploadID", id, "sliceNo", 1, "sliceMD5", harness.MD5(picture[1:]))
	p.ask("a slice is missing", complete, "preuploadID", id)
	p.upload("a slice", slice, "slice", picture, "preuploadID", id, "sliceNo", 1, "sliceMD5", harness.MD5(picture))
	p.upload("a slice comes again", slice, "slice", picture, "preuploadID", id, "sliceNo", 1, "sliceMD5", harness.MD5(picture))
	p.ask("it is there", complete, "preuploadID", id)
	p.ask("known content (instant upload)", create, "parentFileID", album, "filename", "two.jpg", "etag", harness.MD5(picture), "size", len(picture), "duplicate", 2)

	const cancel = "POST /upload/v2/file/upload_cancel"
	id = p.ask("a new file that nobody finishes", create, "parentFileID", album, "filename", "never.bin", "etag", md5OfNothing, "size", 5).text("preuploadID")
	p.ask("an open upload", cancel, "preuploadID", id)
	p.ask("it is gone", cancel, "preuploadID", id)

	const single = "POST /upload/v2/file/single/create"
	text := []byte("notes")
	p.upload("a whole file", single, "file", text, "parentFileID", album, "filename", "notes.txt", "etag", harness.MD5(text), "size", len(text))
	p.upload("the name is taken", single, "file", text, "parentFileID", album, "filename", "notes.txt", "etag", harness.MD5(text), "size", len(text))
	p.upload("another content", single, "file", text, "parentFileID", album, "filename", "other.txt", "etag", md5OfNothing, "size", len(text))
	p.upload("another size", single, "file", text, "parentFileID", album, "filename", "other.txt", "etag", harness.MD5(text), "size", len(text)+1)

	sum := sha1.Sum(picture)
	const reuse = "POST /upload/v2/file/sha1_reuse"
	p.ask("known content", reuse, "parentFileID", album, "filename", "three.jpg", "sha1", hex.EncodeToString(sum[:]), "size", len(picture), "duplicate", 1)
	p.ask("unknown content", reuse, "parentFileID", album, "filename", "four.jpg", "sha1", hex.EncodeToString(sum[:]), "size", len(picture)+1)
}

func lists(p *player, album int64) {
	const v2, v1 = "GET /api/v2/file/list", "GET /api/v1/file/list"
	p.ask("the root", v2, "parentFileId", 0, "limit", 100)
	last := p.ask("a page", v2, "parentFileId", album, "limit", 2).number("lastFileId")
	p.ask("the next page", v2, "parentFileId", album, "limit", 2, "lastFileId", last)
	file := p.ask("search for words", v2, "parentFileId", 0, "limit", 100, "searchData", "notes", "searchMode", 0).number("fileList", "fileId")
	p.ask("search for a name", v2, "parentFileId", 0, "limit", 100, "searchData", "notes", "searchMode", 1)
	p.ask("no such folder", v2, "parentFileId", unknownDrive, "limit", 100)
	p.ask("a page by number", v1, "parentFileId", album, "page", 1, "limit", 2, "orderBy", "file_name", "orderDirection", "desc")
	p.ask("folders first", v1, "parentFileId", album, "page", 1, "limit", 2, "orderBy", "file_name", "orderDirection", "asc", "foldersFirst", true)
	p.ask("past the end", v1, "parentFileId", album, "page", 9, "limit", 100, "orderBy", "size", "orderDirection", "asc")

	const detail, infos = "GET /api/v1/file/detail", "POST /api/v1/file/infos"
	p.ask("a file", detail, "fileID", file)
	p.ask("a folder", detail, "fileID", album)
	p.ask("no such file", detail, "fileID", unknownDrive)
	p.ask("several, one of them unknown", infos, "fileIds", []int64{file, unknownDrive, album})
	p.ask("more than 100", infos, "fileIds", make([]int64, 101))

	const download = "GET /api/v1/file/download_info"
	p.ask("a file", download, "fileId", file)
	p.ask("a folder", download, "fileId", album)
	p.ask("no such file", download, "fileId", unknownDrive)

	const pack = "POST /api/v1/file/archive_info"
	p.ask("a file and a folder", pack, "fileIDs", []int64{file, album})
	p.ask("called otherwise, without what is not there", pack, "fileIDs", []int64{unknownDrive, album}, "filename", "旅行 2024")
	p.ask("none is there", pack, "fileIDs", []int64{unknownDrive})
	p.ask("a name that may not be", pack, "fileIDs", []int64{file}, "filename", "a/b")

	tree(p, album)

	const trash, remove = "POST /api/v1/file/trash", "POST /api/v1/file/delete"
	p.ask("it is not in the trash", remove, "fileIDs", []int64{file})
	p.ask("into the trash", trash, "fileIDs", []int64{file})
	p.ask("no such file", trash, "fileIDs", []int64{unknownDrive})
	p.ask("the trash", v1, "parentFileId", 0, "page", 1, "limit", 100, "orderBy", "file_id", "orderDirection", "asc", "trashed", true)
	p.ask("what is in the trash is listed", v2, "parentFileId", album, "limit", 100, "lastFileId", file-1)
	p.ask("for good", remove, "fileIDs", []int64{file})
	p.ask("no such file", remove, "fileIDs", []int64{file})
}

// tree changes the names and places of files and folders.
func tree(p *player, album int64) {
	top, inner := p.u.MkFolder(0, "树"), p.u.MkFolder(album, "inner")
	file := p.u.PutFile(top, "猫.png", []byte("cat"))
	other := p.u.PutFile(top, "dog.png", []byte("dog"))

	const name, rename = "PUT /api/v1/file/name", "POST /api/v1/file/rename"
	p.ask("a file", name, "fileId", file, "fileName", "cat.png")
	p.ask("the name it has", name, "fileId", file, "fileName", "cat.png")
	p.ask("the name is taken", name, "fileId", file, "fileName", "dog.png")
	p.ask("a name that can't be", name, "fileId", file, "fileName", "a/b.png")
	p.ask("without a name", name, "fileId", file)
	p.ask("no such file", name, "fileId", unknownDrive, "fileName", "a.png")
	p.ask("several, each by itself", rename, "renameList", []string{
		itoa(file) + "|1.png", itoa(other) + "|1.png", itoa(top) + "|tree", itoa(unknownDrive) + "|2.png", itoa(other) + `|a:b`,
	})
	p.ask("without a name", rename, "renameList", []string{itoa(file)})
	p.ask("more than 30", rename, "renameList", strings.Split(strings.Repeat("1|a,", 30)+"1|a", ","))

	const move = "POST /api/v1/file/move"
	p.ask("a file and a folder", move, "fileIDs", []int64{file, inner}, "toParentFileID", top)
	p.ask("they are there", move, "fileIDs", []int64{file, inner}, "toParentFileID", top)
	p.ask("a folder below itself", move, "fileIDs", []int64{top}, "toParentFileID", inner)
	p.u.MkFolder(album, "1.png")
	p.ask("the name is taken", move, "fileIDs", []int64{other, file}, "toParentFileID", album)
	p.ask("no such folder", move, "fileIDs", []int64{file}, "toParentFileID", unknownDrive)
	p.ask("no such file", move, "fileIDs", []int64{unknownDrive}, "toParentFileID", 0)
	p.ask("more than 100", move, "fileIDs", make([]int64, 101), "toParentFileID", 0)

	const duplicate = "POST /api/v1/file/copy"
	p.ask("a file, and its name is taken", duplicate, "fileId", file, "targetDirId", top)
	p.ask("a folder", duplicate, "fileId", top, "targetDirId", album)
	p.ask("a folder into itself", duplicate, "fileId", top, "targetDirId", inner)
	p.ask("no such folder", duplicate, "fileId", file, "targetDirId", unknownDrive)
	p.ask("no such file", duplicate, "fileId", unknownDrive, "targetDirId", 0)
	big := p.u.PutFile(0, "big.txt", []byte(strings.Repeat("large! ", 330)))
	p.ask("more than fits", duplicate, "fileId", big, "targetDirId", 0)
	err := p.u.Trash(p.t.Context(), []int64{big})
	if err == nil {
		err = p.u.Delete(p.t.Context(), []int64{big})
	}
	if err != nil {
		p.t.Fatal(err)
	}

	const back, byPath = "POST /api/v1/file/recover", "POST /api/v1/file/recover/by_path"
	for _, ids := range [][]int64{{file}, {other}, {top}} {
		if err := p.u.Trash(p.t.Context(), ids); err != nil {
			p.t.Fatal(err)
		}
	}
	p.ask("its folder is in the trash", back, "fileIDs", []int64{file})
	p.ask("a folder, and what was in it", back, "fileIDs", []int64{file, top})
	p.ask("it is not in the trash", back, "fileIDs", []int64{file})
	p.ask("no such file", back, "fileIDs", []int64{unknownDrive})
	p.ask("no such folder", byPath, "fileIDs", []int64{other}, "parentFileID", unknownDrive)
	p.ask("into another folder", byPath, "fileIDs", []int64{other}, "parentFileID", album)
	p.ask("it is not in the trash", byPath, "fileIDs", []int64{other}, "parentFileID", album)
	p.ask("no such file", byPath, "fileIDs", []int64{unknownDrive}, "parentFileID", album)
	if err := p.u.Trash(p.t.Context(), []int64{top, other}); err != nil {
		p.t.Fatal(err)
	}
}

func bed(p *player) {
	const mkdir = "POST /upload/v1/oss/file/mkdir"
	blog := p.ask("a folder", mkdir, "name", "博客", "parentID", "", "type", 1).text("list", "dirID")
	p.ask("several folders", mkdir, "name", []string{"a", "b"}, "parentID", blog, "type", 1)
	p.ask("a name is taken", mkdir, "name", []string{"c", "博客"}, "parentID", "", "type", 1)
	p.ask("a path is no name", mkdir, "name", "a/b", "parentID", "", "type", 1)

	const create, complete = "POST /upload/v1/oss/file/create", "POST /upload/v1/oss/file/upload_complete"
	picture := []byte("a picture of the bed")
	id := p.ask("a new picture", create, "parentFileID", blog, "filename", "图.PNG", "etag", harness.MD5(picture), "size", len(picture), "type", 1).text("preuploadID")
	target := p.ask("where it goes", "POST /upload/v1/oss/file/get_upload_url", "preuploadID", id, "sliceNo", 1).text("presignedURL")
	p.ask("nothing has come", "POST /upload/v1/oss/file/list_upload_parts", "preuploadID", id)
	p.put("a picture", target, picture)
	p.ask("what has come", "POST /upload/v1/oss/file/list_upload_parts", "preuploadID", id)
	image := p.ask("it is there", complete, "preuploadID", id).text("fileID")
	p.ask("it is complete", "POST /upload/v1/oss/file/upload_async_result", "preuploadID", id)
	p.ask("without an upload", "POST /upload/v1/oss/file/upload_async_result")
	p.ask("the same picture", create, "parentFileID", blog, "filename", "new name.png", "etag", harness.MD5(picture), "size", len(picture), "type", 1)
	p.ask("not a picture", create, "parentFileID", "", "filename", "a.txt", "etag", harness.MD5(picture), "size", len(picture), "type", 1)
	p.ask("too large a picture", create, "parentFileID", "", "filename", "a.png", "etag", harness.MD5(picture), "size", 100<<20+1, "type", 1)
	p.ask("an empty picture", create, "parentFileID", "", "filename", "a.png", "etag", md5OfNothing, "size", 0, "type", 1)

	const list, detail = "POST /api/v1/oss/file/list", "GET /api/v1/oss/file/detail"
	p.ask("the root", list, "parentFileId", "", "limit", 100, "type", 1)
	last := p.ask("a page", list, "parentFileId", blog, "limit", 2, "type", 1).text("lastFileId")
	p.ask("the next page", list, "parentFileId", blog, "limit", 2, "lastFileId", last, "startTime", 1700000000, "endTime", 4000000000, "type", 1)
	p.ask("names that begin with a text", list, "parentFileId", blog, "limit", 100, "searchData", "图", "type", 1)
	p.ask("a page by number", list, "parentFileId", blog, "page", 1, "limit", 2, "orderBy", "file_name", "orderDirection", "desc", "type", 1)
	p.ask("an order that is none", list, "parentFileId", blog, "page", 1, "orderBy", "colour", "type", 1)
	p.ask("no such folder", list, "parentFileId", unknownImage, "limit", 100, "type", 1)
	p.ask("a picture", detail, "fileID", image)
	p.ask("a folder", detail, "fileID", blog)
	p.ask("no such picture", detail, "fileID", unknownImage)

	names(p, blog, image)
	links(p, blog, image)

	const move, remove = "POST /api/v1/oss/file/move", "POST /api/v1/oss/file/delete"
	p.ask("to the root", move, "fileIDs", []string{image}, "toParentFileID", "")
	p.ask("no such picture", move, "fileIDs", []string{unknownImage}, "toParentFileID", "")
	p.ask("a folder into itself", move, "fileIDs", []string{blog}, "toParentFileID", blog)
	p.ask("a picture, and one that is not there", remove, "fileIDs", []string{image, unknownImage})
	p.ask("how many images would go", remove, "fileIDs", []string{blog}, "dryRun", true)
	p.ask("more would go than may", remove, "fileIDs", []string{blog}, "links", 0)
	p.ask("a folder with all that is in it", remove, "fileIDs", []string{blog})
}

func thumbnails(p *player) {
	const ofFile, ofImage = "GET /api/v1/file/thumbnail", "GET /api/v1/oss/file/thumbnail"
	drawing := []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9" fill="red"/></svg>`)
	put := func(name, content string) int64 { return p.u.PutFile(0, name, []byte(content)) }
	file := put("drawing.svg", string(drawing))
	p.file("a drawing, which is cleaned", ofFile, "fileID", file, "size", 128)
	p.file("to be kept for ever", ofFile, "fileID", file, "size", 320, "v", harness.MD5(drawing)[:8])
	p.file("of the usual size, by another version", ofFile, "fileID", file, "v", "00000000")
	p.file("a damaged picture", ofFile, "fileID", put("damaged.jpg", "no picture"), "size", 1280)
	p.file("what has no decoder", ofFile, "fileID", put("a.heic", "\x00\x00\x00\x10ftypheic\x00\x00\x00\x00"), "size", 128)
	p.ask("no picture", ofFile, "fileID", put("notes.txt", "notes"), "size", 128)
	p.ask("no such file", ofFile, "fileID", unknownDrive, "size", 128)
	p.ask("no size", ofFile, "fileID", file, "size", "large")
	drawing = bytes.Replace(drawing, []byte("red"), []byte("blue"), 1)
	p.bedPicture("", "drawing.svg", drawing)
	var image string
	for f, err := range p.u.BedListAll(p.t.Context(), client.BedRoot) {
		if err != nil {
			p.t.Fatal(err)
		}
		if f.Filename == "drawing.svg" {
			image = f.FileID
		}
	}
	p.file("a drawing of the bed", ofImage, "fileID", image, "size", 128, "v", harness.MD5(drawing)[:8])
	p.ask("a folder", ofImage, "fileID", p.bedFolder("", "drawings"), "size", 128)
	p.ask("no such picture", ofImage, "fileID", unknownImage, "size", 128)
}

func names(p *player, blog, image string) {
	const rename = "PUT /api/v1/oss/file/name"
	p.ask("a picture", rename, "fileID", image, "fileName", "猫 [1](a)'&b.PNG")
	p.ask("the name it has", rename, "fileID", image, "fileName", "猫 [1](a)'&b.PNG")
	p.ask("a folder", rename, "fileID", blog, "fileName", "博客 2026")
	p.ask("the name is taken by a folder", rename, "fileID", p.bedFolder(blog, "c.png"), "fileName", "b")
	p.ask("the name is taken by a picture", rename, "fileID", p.bedFolder(blog, "d"), "fileName", "猫 [1](a)'&b.PNG")
	p.ask("a name that can't be", rename, "fileID", image, "fileName", `a](x)"<b>.png`)
	p.ask("no picture's name", rename, "fileID", image, "fileName", "notes.txt")
	p.ask("without a name", rename, "fileID", image)
	p.ask("no such picture", rename, "fileID", unknownImage, "fileName", "a.png")
	p.ask("the root", rename, "fileID", "0", "fileName", "a.png")
}

func links(p *player, blog, image string) {
	const links = "POST /api/v1/oss/file/links"
	for _, format := range []string{"url", "md", "html", "bbcode", "csv", "json"} {
		p.ask("as "+format, links, "fileIDs", []string{image}, "format", format)
	}
	p.ask("a template", links, "fileIDs", []string{image}, "template", "{n}. [{name:md}]({url}) {{{stem}|{ext}|{size}|{etag}|{id}}}")
	second := []byte("another picture of the bed")
	p.bedPicture(blog, "second.png", second)
	last := p.ask("a page of a folder", links, "parentFileId", blog, "limit", 1, "format", "md").text("lastFileId")
	p.ask("the next page", links, "parentFileId", blog, "limit", 1, "lastFileId", last, "format", "md")
	p.ask("past the end", links, "parentFileId", blog, "limit", 1, "lastFileId", "-1", "format", "csv")
	p.ask("the root, in which no picture is", links, "format", "json")
	p.ask("no such picture", links, "fileIDs", []string{image, unknownImage}, "format", "md")
	p.ask("a folder among pictures", links, "fileIDs", []string{image, blog}, "format", "md")
	p.ask("no such folder", links, "parentFileId", unknownImage, "format", "md")
	p.ask("pictures and a folder", links, "fileIDs", []string{image}, "parentFileId", blog)
	p.ask("no such format", links, "fileIDs", []string{image}, "format", "pdf")
	p.ask("no such placeholder", links, "fileIDs", []string{image}, "template", "{url} {title}")
	p.ask("without a template", links, "fileIDs", []string{image}, "format", "template")
	p.ask("more than 100", links, "fileIDs", strings.Split(strings.Repeat("1,", 100)+"1", ","), "format", "md")
}

// bedFolder makes a folder in the bed, aside from what is documented.
func (p *player) bedFolder(parent, name string) string {
	p.t.Helper()
	f, err := p.u.BedMkdir(p.t.Context(), parent, name)
	if err != nil {
		p.t.Fatal(err)
	}
	return f.DirID
}

// bedPicture brings a picture into the bed, aside from what is documented.
func (p *player) bedPicture(parent, name string, b []byte) {
	p.t.Helper()
	ctx := p.t.Context()
	c, err := p.u.BedCreate(ctx, client.NewImage{ParentFileID: parent, Filename: name, Etag: harness.MD5(b), Size: int64(len(b))})
	if err != nil {
		p.t.Fatal(err)
	}
	target, err := p.u.BedUploadURL(ctx, c.PreuploadID, 1)
	if err == nil {
		err = p.u.Put(ctx, target, client.Content{From: bytes.NewReader(b), Size: int64(len(b))})
	}
	if err == nil {
		_, err = p.u.BedComplete(ctx, c.PreuploadID)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func published(p *player, album int64) {
	const published = "GET /api/v1/oss/source/published"
	last := p.ask("a page of a folder, a copy that was skipped", published, "parentFileID", album, "limit", 1).number("lastFileId")
	next := p.ask("the next page", published, "parentFileID", album, "limit", 1, "lastFileId", last)
	file := next.number("list", "fileId")
	p.ask("after the end", published, "parentFileID", album, "limit", 1, "lastFileId", -1)
	never := p.u.PutFile(0, "never.png", []byte("never published"))
	p.ask("files, one of them unknown and one published nowhere", published, "fileIDs", []int64{never, unknownDrive, file})
	replaced, err := p.u.Single(p.t.Context(), "", client.NewFile{
		ParentFileID: album, Filename: next.text("list", "filename"), Etag: harness.MD5([]byte("another")), Size: 7, Duplicate: client.DuplicateOverwrite,
	}, client.Content{From: strings.NewReader("another"), Size: 7})
	if err != nil {
		p.t.Fatal(err)
	}
	p.ask("another file has its place", published, "fileIDs", []int64{replaced.FileID})
	image := next.text("list", "published", "imageID")
	p.ask("what images are from, one of them unknown", published, "imageIDs", []string{image, unknownImage})
	p.ask("images and files", published, "imageIDs", []string{image}, "fileIDs", []int64{never})
	p.ask("a folder among files", published, "fileIDs", []int64{never, album})
	p.ask("files and a folder", published, "fileIDs", []int64{never}, "parentFileID", album)
	p.ask("files and the root", published, "fileIDs", []int64{never}, "parentFileID", 0)
	p.ask("no such folder", published, "parentFileID", unknownDrive)
	p.ask("no folder", published, "parentFileID", never)
	p.ask("more than 100", published, "fileIDs", make([]int64, 101))
}

// undo takes tasks back, and puts other pictures behind links.
func undo(p *player) {
	const undo, republish = "POST /api/v1/oss/source/copy/undo", "POST /api/v1/oss/source/republish"
	await := func(id string) string {
		p.u.Await(id)
		return id
	}
	folder := p.u.MkFolder(0, "undo")
	first, second := p.u.PutFile(folder, "1.png", []byte("1")), p.u.PutFile(folder, "2.png", []byte("2"))
	task := await(p.u.StartCopy("", folder))
	image := p.ask("its images", "GET /api/v1/oss/source/copy/items", "taskID", task, "outcome", "copied", "reason", "", "limit", 1, "lastSeq", 0).text("list", "imageID")
	await(p.ask("one by its file", republish, "fileIDs", []string{itoa(second)}).text("taskID"))
	if err := p.u.Trash(p.t.Context(), []int64{first}); err != nil {
		p.t.Fatal(err)
	}
	p.u.PutFile(folder, "1.png", []byte("one"))
	again := await(p.ask("one by itself", republish, "imageIDs", []string{image}).text("taskID"))
	await(p.ask("all", republish, "parentFileId", "0").text("taskID"))
	p.ask("without any", republish)
	p.ask("in two ways", republish, "fileIDs", []string{itoa(second)}, "imageIDs", []string{image})
	p.ask("a file that is nowhere published", republish, "fileIDs", []string{itoa(p.u.PutFile(folder, "3.png", []byte("3")))})
	p.ask("no such image", republish, "imageIDs", []string{unknownImage})
	p.ask("no such folder", republish, "parentFileId", unknownImage)

	p.ask("what would stay", undo, "taskID", task, "dryRun", true)
	p.ask("the same in other letters", undo, "taskID", task, "dry_run", true)
	p.ask("and in others again", undo, "taskID", task, "dry-run", "true")
	p.ask("a re-publishing", undo, "taskID", again, "dryRun", false)
	p.ask("a task", undo, "taskID", task, "dryRun", false)
	p.ask("there is nothing left", undo, "taskID", task, "dryRun", false)
	p.ask("no such task", undo, "taskID", unknownTask, "dryRun", false)
}

func copies(p *player, album int64) {
	const create, process, fail = "POST /api/v1/oss/source/copy", "GET /api/v1/oss/source/copy/process", "GET /api/v1/oss/source/copy/fail"
	id := p.ask("a folder", create, "fileIDs", []string{itoa(album)}, "toParentFileID", "", "sourceType", 1, "type", 1).text("taskID")
	p.u.Await(id)
	p.ask("a task that is done", process, "taskID", id)
	first := id
	p.ask("nothing failed", fail, "taskID", id, "limit", 100, "page", 1)

	// Half of the quota: it fits into the drive, and not into the bed as well.
	big := []byte(strings.Repeat("large picture! ", 2000/15))
	var ids []string
	for _, name := range []string{"big1.png", "big2.png"} {
		ids = append(ids, itoa(p.u.PutFile(0, name, append(big, name...))))
		big = big[:len(big)-600]
	}
	id = p.ask("more than fits", create, "fileIDs", ids, "toParentFileID", "", "sourceType", 1, "type", 1).text("taskID")
	p.u.Await(id)
	p.ask("a task that has failed", process, "taskID", id)
	p.ask("what failed", fail, "taskID", id, "limit", 100, "page", 1)
	p.ask("past the end", fail, "taskID", id, "limit", 100, "page", 2)

	const plan = "POST /api/v1/oss/source/copy/plan"
	planned := p.ask("a folder", plan, "fileIDs", []string{itoa(album)}, "toParentFileID", "", "sourceType", 1, "type", 1, "limit", 1).text("planID")
	p.ask("the next page", plan, "planID", planned, "cursor", 1, "limit", 100)
	p.ask("more than fits", plan, "fileIDs", ids, "toParentFileID", "", "limit", 1)
	p.ask("nothing kept", plan, "fileIDs", []string{itoa(album)}, "toParentFileID", "", "limit", 1, "keep", false)
	p.ask("no files", plan, "toParentFileID", "")
	p.ask("no such plan", plan, "planID", unknownTask, "cursor", 0, "limit", 100)
	p.ask("other files than the plan's", create, "planID", planned, "fileIDs", ids)
	p.u.Await(p.ask("as planned", create, "planID", planned).text("taskID"))
	p.ask("no such plan", create, "planID", unknownTask)
	p.u.PutFile(album, "late.png", []byte("late picture"))
	stale := p.ask("with one more", plan, "fileIDs", []string{itoa(album)}, "toParentFileID", "", "limit", 1).text("planID")
	p.u.PutFile(album, "later.png", []byte("later picture"))
	p.ask("the plan is not true any more", create, "planID", stale)

	const list, items, cancel = "GET /api/v1/oss/source/copy/list", "GET /api/v1/oss/source/copy/items", "POST /api/v1/oss/source/copy/cancel"
	p.ask("the newest task", list, "limit", 1, "lastTaskID", "", "status", 0)
	p.ask("the others", list, "limit", 100, "lastTaskID", id, "status", 0)
	p.ask("those that failed", list, "limit", 100, "lastTaskID", "", "status", 3)
	p.ask("after the end", list, "limit", 100, "lastTaskID", "-1", "status", 0)
	p.ask("no such status", list, "limit", 100, "lastTaskID", "", "status", 9)
	p.ask("two lines", items, "taskID", id, "outcome", "", "reason", "", "limit", 1, "lastSeq", 0)
	p.ask("the next", items, "taskID", id, "outcome", "", "reason", "", "limit", 100, "lastSeq", 1)
	p.ask("by outcome and reason", items, "taskID", id, "outcome", "Failed", "reason", "Quota_Exceeded", "limit", 1, "lastSeq", 0)
	const report = "GET /api/v1/oss/source/copy/report"
	p.file("a table", report, "taskID", id, "format", "csv")
	p.file("a list", report, "taskID", id, "format", "JSON")
	p.file("a table is what is answered where no format is asked for", report, "taskID", first)
	p.file("a task that has ended, and so has the stream", "GET /api/v1/oss/source/copy/events", "taskID", id)
	p.ask("no such task", "GET /api/v1/oss/source/copy/events", "taskID", unknownTask)
	p.ask("no such format", report, "taskID", id, "format", "pdf")
	p.ask("no such task", report, "taskID", unknownTask, "format", "csv")
	p.ask("no such reason", items, "taskID", id, "outcome", "", "reason", "quota_exeeded", "limit", 100, "lastSeq", 0)
	p.ask("no such outcome", items, "taskID", id, "outcome", "lost", "reason", "", "limit", 100, "lastSeq", 0)
	p.ask("no such task", items, "taskID", unknownTask, "outcome", "", "reason", "", "limit", 100, "lastSeq", 0)
	again := p.ask("the failed pictures", "POST /api/v1/oss/source/copy/retry", "taskID", id).text("taskID")
	p.u.Await(again)
	p.ask("it says of which task", process, "taskID", again)
	p.u.Await(p.ask("one of them", "POST /api/v1/oss/source/copy/retry", "taskID", id, "seqs", []int{2}).text("taskID"))
	p.ask("one that has not failed", "POST /api/v1/oss/source/copy/retry", "taskID", id, "seqs", []int{99})
	p.ask("no such task", "POST /api/v1/oss/source/copy/retry", "taskID", unknownTask)
	p.ask("one that has ended", cancel, "taskID", id)
	p.ask("no such task", cancel, "taskID", unknownTask)

	published(p, album)
	undo(p)

	p.ask("no such task", process, "taskID", unknownTask)
	p.ask("no such task", fail, "taskID", unknownTask, "limit", 100, "page", 1)
	p.ask("no such file", create, "fileIDs", []string{itoa(unknownDrive)}, "toParentFileID", "", "sourceType", 1, "type", 1)
	p.ask("another source", create, "fileIDs", []string{itoa(album)}, "toParentFileID", "", "sourceType", 2, "type", 1)
	p.ask("no such folder", create, "fileIDs", []string{itoa(album)}, "toParentFileID", unknownImage, "sourceType", 1, "type", 1)
	p.ask("more than 100", create, "fileIDs", strings.Split(strings.Repeat("1,", 100)+"1", ","), "toParentFileID", "", "sourceType", 1, "type", 1)
}
