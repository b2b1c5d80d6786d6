package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/fault"
	"tuchuang/internal/often"
)

// documentedRates are those of the platform, by path: the youngest figure there is. Who has
// no account yet is counted by address.
var documentedRates = map[string]often.Rate{
	"/api/v1/access_token":                often.PerSecond(10),
	"/api/v1/oauth2/access_token":         {Often: 100.0 / 60, Most: 100},
	"/api/v1/user/info":                   often.PerSecond(10),
	"/api/v1/file/move":                   often.PerSecond(20),
	"/api/v1/file/delete":                 often.PerSecond(10),
	"/api/v1/file/list":                   often.PerSecond(10),
	"/api/v2/file/list":                   often.PerSecond(15),
	"/upload/v1/file/mkdir":               often.PerSecond(20),
	"/upload/v1/file/create":              often.PerSecond(5),
	"/upload/v1/file/get_upload_url":      often.PerSecond(20),
	"/upload/v1/file/list_upload_parts":   often.PerSecond(20),
	"/upload/v1/file/upload_complete":     often.PerSecond(20),
	"/upload/v1/file/upload_async_result": often.PerSecond(5),
	"/api/v1/file/trash":                  often.PerSecond(5),
	"/api/v1/file/infos":                  often.PerSecond(10),
	"/api/v1/file/download_info":          often.PerSecond(5),
	"/api/v1/share/list":                  often.PerSecond(10),
	"/api/v1/share/list/info":             often.PerSecond(10),
	"/api/v1/oss/source/copy":             often.PerSecond(1),
}

// bedRate is that of the bed's endpoints, of which the platform says nothing.
var bedRate = often.PerSecond(10)

// documentedRate is how often a path may be asked; ok is false for any number.
func documentedRate(path string) (r often.Rate, ok bool) {
	if r, ok = documentedRates[path]; !ok && strings.Contains(path, "/oss/") {
		return bedRate, true
	}
	return r, ok
}

// inRate counts a request; fault.TooManyRequests where there were too many.
func (a *API) inRate(ctx context.Context, r *http.Request, rt route, acc account.ID) error {
	limit, limited := documentedRate(rt.path)
	if a.Rates == nil || !limited {
		return nil
	}
	wait, err := a.Rates.Take(ctx, often.Asker{Account: int64(acc), Address: a.ClientAddr(r), Path: rt.path}, limit)
	if err == nil && wait > 0 {
		err = fault.New(fault.TooManyRequests, "api: rate", int64((wait+time.Second-1)/time.Second))
	}
	return err
}
