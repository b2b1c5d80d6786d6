package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// DirectFolder is a folder of the drive whose files have direct links. URL is what they
// begin with, "" while it is in the trash.
type DirectFolder struct {
	FileID   int64  `json:"fileID"`
	Filename string `json:"filename"`
	URL      string `json:"url"`
	CreateAt string `json:"createAt"`
}

// DirectPage is a page of such folders, in order of their ids.
type DirectPage struct {
	List       []DirectFolder `json:"list"`
	LastFileID int64          `json:"lastFileId"` // -1 at the end
}

// DirectSign says whether direct links want a signature, and the key that it is made with.
type DirectSign struct {
	Status     int    `json:"status,omitempty"` // 1 they do, 2 they don't; 0 in a request for what holds
	PrivateKey string `json:"privateKey,omitempty"`
}

// DirectBlocked are the addresses that direct links are refused to, where Status is 1.
type DirectBlocked struct {
	IPList []string `json:"ipList"`
	Status int      `json:"status"`
}

// DirectLine is what was read of a file by its direct link in an hour. FileID, Hour and
// Requests are not in the documentation.
type DirectLine struct {
	UniqueID      string `json:"uniqueID"`
	FileName      string `json:"fileName"`
	FileSize      int64  `json:"fileSize"`
	FilePath      string `json:"filePath"`
	DirectLinkURL string `json:"directLinkURL"`
	FileSource    int    `json:"fileSource"`
	TotalTraffic  int64  `json:"totalTraffic"`
	FileID        int64  `json:"fileID"`
	Hour          string `json:"hour"`
	Requests      int64  `json:"requests"`
}

// DirectLog is a page of such lines.
type DirectLog struct {
	Total int64        `json:"total"`
	List  []DirectLine `json:"list"`
}

// DirectFile is the log of an hour that is over.
type DirectFile struct {
	ID           int64  `json:"id"`
	FileName     string `json:"fileName"`
	FileSize     int64  `json:"fileSize"`
	LogTimeRange string `json:"logTimeRange"`
	DownloadURL  string `json:"downloadURL"`
}

// DirectFiles is a page of such logs.
type DirectFiles struct {
	Total int          `json:"total"`
	List  []DirectFile `json:"list"`
}

// DirectEnable gives all files below a folder direct links, and answers its name.
func (c *Client) DirectEnable(ctx context.Context, id int64) (string, error) {
	return c.directSwitch(ctx, "/api/v1/direct-link/enable", id, true)
}

// DirectDisable takes them again.
func (c *Client) DirectDisable(ctx context.Context, id int64) (string, error) {
	return c.directSwitch(ctx, "/api/v1/direct-link/disable", id, false)
}

func (c *Client) directSwitch(ctx context.Context, path string, id int64, again bool) (string, error) {
	var out struct {
		Filename string `json:"filename"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: path, safe: again, body: jsonBody(struct {
		FileID int64 `json:"fileID"`
	}{id})}, &out)
	return out.Filename, err
}

// DirectURL answers the direct link of a file, signed where the account signs.
func (c *Client) DirectURL(ctx context.Context, id int64) (string, error) {
	var out struct {
		URL string `json:"url"`
	}
	err := c.get(ctx, "/api/v1/direct-link/url", url.Values{"fileID": {strconv.FormatInt(id, 10)}}, &out)
	return out.URL, err
}

// DirectRefresh does what the platform's does: nothing of an old file is shown after it.
func (c *Client) DirectRefresh(ctx context.Context) error {
	return c.ask(ctx, "/api/v1/direct-link/cache/refresh", struct{}{}, nil)
}

// DirectList gives a page of the folders with direct links, after the one that another page
// ended with; 0 for the first. It is not in the documentation.
func (c *Client) DirectList(ctx context.Context, last int64, limit int) (out DirectPage, err error) {
	err = c.get(ctx, "/api/v1/direct-link/list", url.Values{"lastFileId": {strconv.FormatInt(last, 10)}, "limit": {strconv.Itoa(pageSize(limit))}}, &out)
	return out, err
}

// DirectSign says whether direct links want a signature, and with which key, and answers
// what holds then. What is absent stays. It is not in the documentation.
func (c *Client) DirectSign(ctx context.Context, s DirectSign) (out DirectSign, err error) {
	err = c.ask(ctx, "/api/v1/direct-link/sign", s, &out)
	return out, err
}

// DirectLog gives a page of what was read by direct links in the last three days, the
// newest first; pages count from 1.
func (c *Client) DirectLog(ctx context.Context, page, size int) (out DirectLog, err error) {
	err = c.get(ctx, "/api/v1/direct-link/log", url.Values{"pageNum": {strconv.Itoa(page)}, "pageSize": {strconv.Itoa(pageSize(size))}}, &out)
	return out, err
}

// DirectFiles gives a page of the logs of 30 days, the newest first; pages count from 1.
func (c *Client) DirectFiles(ctx context.Context, page, size int) (out DirectFiles, err error) {
	err = c.get(ctx, "/api/v1/direct-link/offline/logs", url.Values{"pageNum": {strconv.Itoa(page)}, "pageSize": {strconv.Itoa(pageSize(size))}}, &out)
	return out, err
}

// DirectBlocked answers the addresses that direct links are refused to.
func (c *Client) DirectBlocked(ctx context.Context) (out DirectBlocked, err error) {
	err = c.get(ctx, "/api/v1/developer/config/forbide-ip/list", nil, &out)
	return out, err
}

// DirectBlock puts addresses in the place of those before.
func (c *Client) DirectBlock(ctx context.Context, addresses []string) error {
	return c.ask(ctx, "/api/v1/developer/config/forbide-ip/update", struct {
		IPList []string `json:"IpList"`
	}{addresses}, nil)
}

// DirectBlocking says whether those are refused.
func (c *Client) DirectBlocking(ctx context.Context, on bool) error {
	status := 2
	if on {
		status = 1
	}
	return c.ask(ctx, "/api/v1/developer/config/forbide-ip/switch", struct {
		Status int `json:"Status"`
	}{status}, nil)
}
