package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
)

// What a token must be allowed for an endpoint.
const (
	anyone account.Scope = 0 // answers without a token
	base                 = account.UserBase
	read                 = account.FileRead
	write                = account.FileWrite
)

// routes shows every endpoint on one screen.
func (a *API) routes() []route {
	return []route{
		{"POST", "/api/v1/access_token", handleUpTo(maxOpenBody, 0, a.accessToken), anyone, nil},
		{"POST", "/api/v1/oauth2/access_token", handleFlat(a.oauthToken), anyone, nil},
		{"GET", "/api/v1/oauth2/user/authorize", a.oauthAuthorize(), anyone, nil},
		{"POST", "/api/v1/oauth2/app/verify", handleUpTo(maxOpenBody, 0, a.oauthVerify), anyone, nil},
		{"GET", "/api/v1/user/info", handle(a.userInfo), base, nil},

		// The drive.
		{"POST", "/upload/v1/file/mkdir", handle(a.mkdir), write, nil},
		{"GET", "/api/v2/file/list", handle(a.listV2), read, []string{"/upload/api/v2/file/list"}},
		{"GET", "/api/v1/file/list", handle(a.listV1), read, nil},
		{"GET", "/api/v1/file/detail", handle(a.detail), read, nil},
		{"POST", "/api/v1/file/infos", handle(a.infos), read, nil},
		{"GET", "/api/v1/file/download_info", handle(a.downloadInfo), read, []string{"/api/v1/file/download"}},
		{"POST", "/api/v1/file/archive_info", handle(a.archiveInfo), read, nil},
		{"PUT", "/api/v1/file/name", handle(a.rename), write, nil},
		{"POST", "/api/v1/file/rename", handle(a.renameEach), write, nil},
		{"POST", "/api/v1/file/move", handle(a.move), write, nil},
		{"POST", "/api/v1/file/copy", handle(a.copyFile), write, nil},
		{"POST", "/api/v1/file/async/copy", handle(a.copyFiles), write, nil},
		{"GET", "/api/v1/file/async/copy/process", handle(a.copyFilesProcess), read, nil},
		{"POST", "/api/v1/file/trash", handle(a.trash), write, nil},
		{"POST", "/api/v1/file/recover", handle(a.recover), write, nil},
		{"POST", "/api/v1/file/recover/by_path", handle(a.recoverTo), write, nil},
		{"POST", "/api/v1/file/delete", handle(a.delete), write, nil},

		{"POST", "/api/v1/offline/download", handle(a.offlineCreate), write, nil},
		{"GET", "/api/v1/offline/download/process", handle(a.offlineProcess), read, nil},

		{"POST", "/api/v1/share/create", handle(a.shareCreate), read | write, nil},
		{"GET", "/api/v1/share/list", handle(a.shareList), read, nil},
		{"PUT", "/api/v1/share/list/info", handle(a.shareInfo), write, nil},

		{"POST", "/api/v1/direct-link/enable", handle(a.directEnable), read | write, nil},
		{"POST", "/api/v1/direct-link/disable", handle(a.directDisable), write, nil},
		{"GET", "/api/v1/direct-link/url", handle(a.directURL), read, nil},
		{"POST", "/api/v1/direct-link/cache/refresh", handle(a.directRefresh), write, nil},
		{"GET", "/api/v1/direct-link/log", handle(a.directLog), read, nil},
		{"GET", "/api/v1/direct-link/offline/logs", handle(a.directFiles), read, nil},
		{"POST", "/api/v1/developer/config/forbide-ip/switch", handle(a.forbidSwitch), read | write, nil},
		{"POST", "/api/v1/developer/config/forbide-ip/update", handle(a.forbidUpdate), read | write, nil},
		{"GET", "/api/v1/developer/config/forbide-ip/list", handle(a.forbidList), read, nil},

		{"POST", "/upload/v1/file/create", handle(a.createV1), write, nil},
		{"POST", "/upload/v1/file/get_upload_url", handle(a.uploadURL), write, nil},
		{"POST", "/upload/v1/file/list_upload_parts", handle(a.parts), write, nil},
		{"POST", "/upload/v1/file/upload_complete", handle(a.completeV1), write, nil},
		{"POST", "/upload/v1/file/upload_async_result", handle(a.asyncResult), write, nil},

		{"POST", "/upload/v2/file/create", handle(a.createV2), write, nil},
		{"POST", "/upload/v2/file/slice", a.slice(), write, nil},
		{"POST", "/upload/v2/file/upload_complete", handle(a.completeV2), write, nil},
		{"GET", "/upload/v2/file/domain", handle(a.domain), write, nil},
		{"POST", "/upload/v2/file/single/create", a.single(), write, nil},
		{"POST", "/upload/v2/file/sha1_reuse", handle(a.sha1Reuse), write, []string{"/upload/v2/file/sha1"}},

		// The image bed.
		{"POST", "/upload/v1/oss/file/mkdir", handle(a.bedMkdir), write, nil},
		{"POST", "/upload/v1/oss/file/create", handle(a.bedCreate), write, nil},
		{"POST", "/upload/v1/oss/file/get_upload_url", handle(a.bedUploadURL), write, nil},
		{"POST", "/upload/v1/oss/file/list_upload_parts", handle(a.bedParts), write, nil},
		{"POST", "/upload/v1/oss/file/upload_complete", handle(a.bedComplete), write, nil},
		{"POST", "/upload/v1/oss/file/upload_async_result", handle(a.bedAsyncResult), write, nil},
		{"POST", "/api/v1/oss/file/list", handle(a.bedList), read, nil},
		{"GET", "/api/v1/oss/file/detail", handle(a.bedDetail), read, nil},
		{"POST", "/api/v1/oss/file/move", handle(a.bedMove), write, nil},
		{"POST", "/api/v1/oss/file/delete", handle(a.bedDelete), write, nil},
		{"PUT", "/api/v1/oss/file/name", handle(a.bedName), write, nil},
		{"POST", "/api/v1/oss/file/links", handle(a.bedLinks), read, nil},
		{"POST", "/api/v1/oss/offline/download", handle(a.bedOfflineCreate), write, nil},
		{"GET", "/api/v1/oss/offline/download/process", handle(a.bedOfflineProcess), read, nil},

		// The copy task.
		{"POST", "/api/v1/oss/source/copy", handleUpTo(maxBody, a.limits.IDs, a.copyCreate), write, nil},
		{"GET", "/api/v1/oss/source/copy/process", handle(a.copyProcess), read, nil},
		{"GET", "/api/v1/oss/source/copy/fail", handle(a.copyFail), read, nil},

		// Beyond the documentation.
		{"POST", "/api/v1/oss/source/copy/plan", handleUpTo(maxBody, a.limits.IDs, a.copyPlan), read, nil},
		{"GET", "/api/v1/oss/source/copy/list", handle(a.copyList), read, nil},
		{"GET", "/api/v1/oss/source/copy/items", handle(a.copyItems), read, nil},
		{"GET", "/api/v1/oss/source/copy/report", handleStream(a.copyReport, csvMedia, jsonMedia), read, nil},
		{"GET", "/api/v1/oss/source/copy/events", a.copyEvents(), read, nil},
		{"POST", "/api/v1/oss/source/copy/cancel", handle(a.copyCancel), write, nil},
		{"POST", "/api/v1/oss/source/copy/undo", handle(a.copyUndo), write, nil},
		{"POST", "/api/v1/oss/source/republish", handleUpTo(maxBody, a.limits.IDs, a.republish), write, nil},
		{"POST", "/api/v1/oss/source/copy/retry", handle(a.copyRetry), write, nil},
		{"POST", "/upload/v2/file/upload_cancel", handle(a.cancelUpload), write, nil},
		{"POST", "/api/v1/share/delete", handle(a.shareDelete), write, nil},
		{"GET", "/api/v1/direct-link/list", handle(a.directList), read, nil},
		{"POST", "/api/v1/direct-link/sign", handle(a.directSign), read | write, nil},
		{"GET", "/api/v1/offline/download/list", handle(a.offlineList), read, nil},
		{"GET", "/api/v1/oss/source/published", handle(a.published), read, nil},
		{"POST", "/api/v1/user/password", own(a.userPassword), base | write, nil},
		{"GET", "/api/v1/user/client/list", own(a.clientList), base, nil},
		{"POST", "/api/v1/user/client/create", own(a.clientCreate), base | write, nil},
		{"PUT", "/api/v1/user/client/name", own(a.clientRename), base | write, nil},
		{"POST", "/api/v1/user/client/delete", own(a.clientDelete), base | write, nil},
		{"GET", "/api/v1/user/token/list", own(a.tokenList), base, nil},
		{"POST", "/api/v1/user/token/delete", own(a.tokenDelete), base | write, nil},
		{"GET", "/api/v1/operator/account/list", operator(a.accountList), base, nil},
		{"POST", "/api/v1/operator/account/create", operator(a.accountCreate), base | write, nil},
		{"POST", "/api/v1/operator/account/set", operator(a.accountSet), base | write, nil},
		{"GET", "/api/v1/operator/health", operator(a.health), base, nil},
		{"GET", "/api/v1/file/thumbnail", a.thumbnail(), read, nil},
		{"GET", "/api/v1/oss/file/thumbnail", a.bedThumbnail(), read, nil},
	}
}

// unsupported are documented endpoints for what this server does not have: shares that are
// paid for, and transcoding. Whoever has a token is told so; the document has none of them.
func unsupported() []route {
	return []route{
		{"POST", "/api/v1/share/content-payment/create", refuse, base, nil},
		{"GET", "/api/v1/share/payment/list", refuse, base, nil},
		{"PUT", "/api/v1/share/list/payment/info", refuse, base, nil},

		{"POST", "/api/v1/transcode/upload/from_cloud_disk", refuse, base, nil},
		{"POST", "/api/v1/transcode/folder/info", refuse, base, nil},
		{"POST", "/api/v1/transcode/video/resolutions", refuse, base, nil},
		{"POST", "/api/v1/transcode/video", refuse, base, nil},
		{"POST", "/api/v1/transcode/video/record", refuse, base, nil},
		{"POST", "/api/v1/transcode/video/result", refuse, base, nil},
		{"POST", "/api/v1/transcode/file/download", refuse, base, nil},
		{"POST", "/api/v1/transcode/file/download/all", refuse, base, nil},
		{"POST", "/api/v1/transcode/m3u8_ts/download", refuse, base, nil},
		{"POST", "/api/v1/transcode/delete", refuse, base, nil},
		{"GET", "/api/v1/video/transcode/list", refuse, base, nil},
		{"POST", "/api/v1/direct-link/queryTranscode", refuse, base, nil},
		{"POST", "/api/v1/direct-link/doTranscode", refuse, base, nil},
		{"GET", "/api/v1/direct-link/get/m3u8", refuse, base, nil},
	}
}

var refuse = handle(func(context.Context, account.ID, struct{}) (*wire.Null, error) {
	return nil, fault.New(fault.NotSupported, "api: unsupported")
})
