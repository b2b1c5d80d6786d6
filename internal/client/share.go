package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// NewShare says what of the drive is to be shared, and how. Days is 1, 7 or 30, or 0 for
// ever.
type NewShare struct {
	Name     string
	Days     int
	FileIDs  []int64
	Password string // "" for none
}

// MadeShare is a share that was made. URL is not in the documentation.
type MadeShare struct {
	ShareID  int64  `json:"shareID"`
	ShareKey string `json:"shareKey"`
	URL      string `json:"shareUrl"`
}

// Share is a share in a list. URL and CreateAt are not in the documentation.
type Share struct {
	ShareID            int64  `json:"shareId"`
	ShareKey           string `json:"shareKey"`
	ShareName          string `json:"shareName"`
	Expiration         string `json:"expiration"`
	Expired            int    `json:"expired"` // 0 or 1
	SharePwd           string `json:"sharePwd"`
	TrafficSwitch      int    `json:"trafficSwitch"`
	TrafficLimitSwitch int    `json:"trafficLimitSwitch"`
	TrafficLimit       int64  `json:"trafficLimit"`
	BytesCharge        int64  `json:"bytesCharge"`
	PreviewCount       int64  `json:"previewCount"`
	DownloadCount      int64  `json:"downloadCount"`
	SaveCount          int64  `json:"saveCount"`
	URL                string `json:"shareUrl"`
	CreateAt           string `json:"createAt"`
}

// SharePage is a page of shares, the newest first.
type SharePage struct {
	LastShareID int64   `json:"lastShareId"` // -1 at the end
	ShareList   []Share `json:"shareList"`
}

// ShareSwitches say what is to be changed about shares; what is 0 stays.
type ShareSwitches struct {
	Traffic      int   `json:"trafficSwitch,omitempty"`
	TrafficLimit int   `json:"trafficLimitSwitch,omitempty"`
	LimitBytes   int64 `json:"trafficLimit,omitempty"`
}

// ShareCreate shares files and folders of the drive.
func (c *Client) ShareCreate(ctx context.Context, s NewShare) (made MadeShare, err error) {
	ids := make([]string, len(s.FileIDs))
	for i, id := range s.FileIDs {
		ids[i] = strconv.FormatInt(id, 10)
	}
	err = c.order(ctx, "/api/v1/share/create", struct {
		Name     string `json:"shareName"`
		Days     int    `json:"shareExpire"`
		Files    string `json:"fileIDList"`
		Password string `json:"sharePwd,omitempty"`
	}{s.Name, s.Days, strings.Join(ids, ","), s.Password}, &made)
	return made, err
}

// ShareList gives a page of the account's shares, after the one that another page ended
// with; 0 for the first.
func (c *Client) ShareList(ctx context.Context, last int64, limit int) (out SharePage, err error) {
	err = c.get(ctx, "/api/v1/share/list", url.Values{
		"lastShareId": {strconv.FormatInt(last, 10)}, "limit": {strconv.Itoa(pageSize(limit))},
	}, &out)
	return out, err
}

// ShareInfo changes the switches of shares.
func (c *Client) ShareInfo(ctx context.Context, ids []int64, s ShareSwitches) error {
	return c.do(ctx, call{method: http.MethodPut, path: "/api/v1/share/list/info", safe: true, body: jsonBody(struct {
		IDs []int64 `json:"shareIdList"`
		ShareSwitches
	}{ids, s})}, nil)
}

// ShareDelete ends shares: their pages are not there any more. It is not in the
// documentation.
func (c *Client) ShareDelete(ctx context.Context, ids []int64) error {
	return c.order(ctx, "/api/v1/share/delete", struct {
		IDs []int64 `json:"shareIdList"`
	}{ids}, nil)
}
