package story

import (
	"net/http"
	"testing"

	"tuchuang/internal/fault"
)

// What the platform has and this server does not is routed: who has a token is told so,
// by every method that the endpoint takes, whatever comes with it.
func TestInputUnsupported(t *testing.T) {
	s, u := writer(t)
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	for path, method := range map[string]string{
		"/api/v1/share/content-payment/create":     post,
		"/api/v1/share/payment/list":               get,
		"/api/v1/share/list/payment/info":          put,
		"/api/v1/transcode/delete":                 post,
		"/api/v1/transcode/file/download":          post,
		"/api/v1/transcode/file/download/all":      post,
		"/api/v1/transcode/m3u8_ts/download":       post,
		"/api/v1/transcode/folder/info":            post,
		"/api/v1/transcode/video":                  post,
		"/api/v1/transcode/video/record":           post,
		"/api/v1/transcode/video/resolutions":      post,
		"/api/v1/transcode/video/result":           post,
		"/api/v1/transcode/upload/from_cloud_disk": post,
		"/api/v1/video/transcode/list":             get,
		"/api/v1/direct-link/queryTranscode":       post,
		"/api/v1/direct-link/doTranscode":          post,
		"/api/v1/direct-link/get/m3u8":             get,
	} {
		for _, by := range []string{method, get, post} {
			says(t, by+" "+path, s.Send(by, path, u.Token, "application/json", []byte(`{"fileID":1}`)), 200, 1, fault.NotSupported, "本服务器不支持此功能")
		}
		says(t, "without a token "+path, s.Send(method, path, "", "", nil), 200, 401, fault.NoToken, "access Token Invalid")
		says(t, "DELETE "+path, s.Send(http.MethodDelete, path, u.Token, "", nil), 405, 405, fault.WrongMethod, "")
	}
	says(t, "another path", s.Get("/api/v1/transcode/none", u.Token), 404, 404, fault.NoSuchRoute, "")
}
