package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
)

// routes shows every endpoint on one screen.
func (a *API) routes() []route {
	return []route{
		{"POST", "/api/v1/access_token", handleUpTo(maxOpenBody, 0, a.accessToken), true, nil},
		{"GET", "/api/v1/user/info", handle(a.userInfo), false, nil},

		// The drive.
		{"POST", "/upload/v1/file/mkdir", handle(a.mkdir), false, nil},
		{"GET", "/api/v2/file/list", handle(a.listV2), false, []string{"/upload/api/v2/file/list"}},
		{"GET", "/api/v1/file/list", handle(a.listV1), false, nil},
		{"GET", "/api/v1/file/detail", handle(a.detail), false, nil},
		{"POST", "/api/v1/file/infos", handle(a.infos), false, nil},
		{"GET", "/api/v1/file/download_info", handle(a.downloadInfo), false, []string{"/api/v1/file/download"}},
		{"PUT", "/api/v1/file/name", handle(a.rename), false, nil},
		{"POST", "/api/v1/file/rename", handle(a.renameEach), false, nil},
		{"POST", "/api/v1/file/move", handle(a.move), false, nil},
		{"POST", "/api/v1/file/copy", handle(a.copyFile), false, nil},
		{"POST", "/api/v1/file/trash", handle(a.trash), false, nil},
		{"POST", "/api/v1/file/recover", handle(a.recover), false, nil},
		{"POST", "/api/v1/file/recover/by_path", handle(a.recoverTo), false, nil},
		{"POST", "/api/v1/file/delete", handle(a.delete), false, nil},

		{"POST", "/api/v1/offline/download", handle(a.offlineCreate), false, nil},
		{"GET", "/api/v1/offline/download/process", handle(a.offlineProcess), false, nil},

		{"POST", "/upload/v1/file/create", handle(a.createV1), false, nil},
		{"POST", "/upload/v1/file/get_upload_url", handle(a.uploadURL), false, nil},
		{"POST", "/upload/v1/file/list_upload_parts", handle(a.parts), false, nil},
		{"POST", "/upload/v1/file/upload_complete", handle(a.completeV1), false, nil},
		{"POST", "/upload/v1/file/upload_async_result", handle(a.asyncResult), false, nil},

		{"POST", "/upload/v2/file/create", handle(a.createV2), false, nil},
		{"POST", "/upload/v2/file/slice", a.slice(), false, nil},
		{"POST", "/upload/v2/file/upload_complete", handle(a.completeV2), false, nil},
		{"GET", "/upload/v2/file/domain", handle(a.domain), false, nil},
		{"POST", "/upload/v2/file/single/create", a.single(), false, nil},
		{"POST", "/upload/v2/file/sha1_reuse", handle(a.sha1Reuse), false, []string{"/upload/v2/file/sha1"}},

		// The image bed.
		{"POST", "/upload/v1/oss/file/mkdir", handle(a.bedMkdir), false, nil},
		{"POST", "/upload/v1/oss/file/create", handle(a.bedCreate), false, nil},
		{"POST", "/upload/v1/oss/file/get_upload_url", handle(a.bedUploadURL), false, nil},
		{"POST", "/upload/v1/oss/file/list_upload_parts", handle(a.bedParts), false, nil},
		{"POST", "/upload/v1/oss/file/upload_complete", handle(a.bedComplete), false, nil},
		{"POST", "/upload/v1/oss/file/upload_async_result", handle(a.bedAsyncResult), false, nil},
		{"POST", "/api/v1/oss/file/list", handle(a.bedList), false, nil},
		{"GET", "/api/v1/oss/file/detail", handle(a.bedDetail), false, nil},
		{"POST", "/api/v1/oss/file/move", handle(a.bedMove), false, nil},
		{"POST", "/api/v1/oss/file/delete", handle(a.bedDelete), false, nil},
		{"PUT", "/api/v1/oss/file/name", handle(a.bedName), false, nil},
		{"POST", "/api/v1/oss/file/links", handle(a.bedLinks), false, nil},
		{"POST", "/api/v1/oss/offline/download", handle(a.bedOfflineCreate), false, nil},
		{"GET", "/api/v1/oss/offline/download/process", handle(a.bedOfflineProcess), false, nil},

		// The copy task.
		{"POST", "/api/v1/oss/source/copy", handleUpTo(maxBody, a.limits.IDs, a.copyCreate), false, nil},
		{"GET", "/api/v1/oss/source/copy/process", handle(a.copyProcess), false, nil},
		{"GET", "/api/v1/oss/source/copy/fail", handle(a.copyFail), false, nil},

		// Beyond the documentation.
		{"POST", "/api/v1/oss/source/copy/plan", handleUpTo(maxBody, a.limits.IDs, a.copyPlan), false, nil},
		{"GET", "/api/v1/oss/source/copy/list", handle(a.copyList), false, nil},
		{"GET", "/api/v1/oss/source/copy/items", handle(a.copyItems), false, nil},
		{"GET", "/api/v1/oss/source/copy/report", handleStream(a.copyReport, csvMedia, jsonMedia), false, nil},
		{"GET", "/api/v1/oss/source/copy/events", a.copyEvents(), false, nil},
		{"POST", "/api/v1/oss/source/copy/cancel", handle(a.copyCancel), false, nil},
		{"POST", "/api/v1/oss/source/copy/undo", handle(a.copyUndo), false, nil},
		{"POST", "/api/v1/oss/source/republish", handleUpTo(maxBody, a.limits.IDs, a.republish), false, nil},
		{"POST", "/api/v1/oss/source/copy/retry", handle(a.copyRetry), false, nil},
		{"GET", "/api/v1/offline/download/list", handle(a.offlineList), false, nil},
		{"GET", "/api/v1/oss/source/published", handle(a.published), false, nil},
	}
}

// unsupported are documented endpoints for what this server does not have: shares that are
// paid for, and transcoding. Whoever has a token is told so; the document has none of them.
func unsupported() []route {
	return []route{
		{"POST", "/api/v1/share/content-payment/create", refuse, false, nil},
		{"GET", "/api/v1/share/payment/list", refuse, false, nil},
		{"PUT", "/api/v1/share/list/payment/info", refuse, false, nil},

		{"POST", "/api/v1/transcode/upload/from_cloud_disk", refuse, false, nil},
		{"POST", "/api/v1/transcode/folder/info", refuse, false, nil},
		{"POST", "/api/v1/transcode/video/resolutions", refuse, false, nil},
		{"POST", "/api/v1/transcode/video", refuse, false, nil},
		{"POST", "/api/v1/transcode/video/record", refuse, false, nil},
		{"POST", "/api/v1/transcode/video/result", refuse, false, nil},
		{"POST", "/api/v1/transcode/file/download", refuse, false, nil},
		{"POST", "/api/v1/transcode/file/download/all", refuse, false, nil},
		{"POST", "/api/v1/transcode/m3u8_ts/download", refuse, false, nil},
		{"POST", "/api/v1/transcode/delete", refuse, false, nil},
		{"GET", "/api/v1/video/transcode/list", refuse, false, nil},
		{"POST", "/api/v1/direct-link/queryTranscode", refuse, false, nil},
		{"POST", "/api/v1/direct-link/doTranscode", refuse, false, nil},
		{"GET", "/api/v1/direct-link/get/m3u8", refuse, false, nil},
	}
}

var refuse = handle(func(context.Context, account.ID, struct{}) (*wire.Null, error) {
	return nil, fault.New(fault.NotSupported, "api: unsupported")
})
