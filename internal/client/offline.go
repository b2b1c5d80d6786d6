package client

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// States of a download of a URL.
const (
	OfflineRunning  = 0
	OfflineFailed   = 1
	OfflineDone     = 2
	OfflineRetrying = 3
)

// OfflineRequest says what is to be fetched, and where to. What is empty is left to the
// server.
type OfflineRequest struct {
	URL      string `json:"url"`
	Name     string `json:"fileName,omitempty"`
	Folder   string `json:"-"`                  // the id of a folder, of the drive or the bed
	Path     string `json:"savePath,omitempty"` // of folders below it; not in the documentation
	Callback string `json:"callBackUrl,omitempty"`
}

// OfflineState is how far a download is. What follows Status is not in the documentation.
type OfflineState struct {
	Process       int             `json:"process"` // percent
	Status        int             `json:"status"`
	FileID        json.RawMessage `json:"fileID"` // see ID
	Filename      string          `json:"filename"`
	Bytes         int64           `json:"bytes"`
	Total         int64           `json:"total"` // -1 where that is not known
	Tries         int             `json:"tries"`
	FailCode      string          `json:"failCode"`
	FailMessage   string          `json:"failMessage"`
	FailMessageEn string          `json:"failMessageEn"`
	CreateAt      string          `json:"createAt"`
}

// Ended says whether nothing more will happen.
func (s OfflineState) Ended() bool { return s.Status == OfflineDone || s.Status == OfflineFailed }

// ID is the id of what was made, of the drive or the bed; "" before that.
func (s OfflineState) ID() string {
	id := strings.Trim(string(s.FileID), `"`)
	if id == "0" || id == "null" {
		return ""
	}
	return id
}

// OfflineTask is a download in a list.
type OfflineTask struct {
	TaskID int64  `json:"taskID"`
	To     string `json:"to"` // drive or bed
	URL    string `json:"url"`
	OfflineState
}

// OfflineTasks is a page of them, the newest first.
type OfflineTasks struct {
	LastTaskID int64         `json:"lastTaskID"` // -1 at the end
	List       []OfflineTask `json:"list"`
}

// Offline has a URL fetched into the drive and gives the task's number.
func (c *Client) Offline(ctx context.Context, r OfflineRequest) (int64, error) {
	return c.offline(ctx, "/api/v1/offline/download", struct {
		OfflineRequest
		Folder string `json:"dirID,omitempty"`
	}{r, r.Folder})
}

// BedOffline has a URL fetched into the bed and gives the task's number.
func (c *Client) BedOffline(ctx context.Context, r OfflineRequest) (int64, error) {
	return c.offline(ctx, "/api/v1/oss/offline/download", struct {
		OfflineRequest
		Folder string `json:"businessDirID,omitempty"`
		Type   int    `json:"type"`
	}{r, r.Folder, 1})
}

func (c *Client) offline(ctx context.Context, path string, in any) (int64, error) {
	var out struct {
		TaskID int64 `json:"taskID"`
	}
	err := c.order(ctx, path, in, &out)
	return out.TaskID, err
}

// OfflineProcess tells how far a download into the drive is.
func (c *Client) OfflineProcess(ctx context.Context, task int64) (s OfflineState, err error) {
	err = c.get(ctx, "/api/v1/offline/download/process", url.Values{"taskID": {strconv.FormatInt(task, 10)}}, &s)
	return s, err
}

// BedOfflineProcess tells how far a download into the bed is.
func (c *Client) BedOfflineProcess(ctx context.Context, task int64) (s OfflineState, err error) {
	err = c.get(ctx, "/api/v1/oss/offline/download/process", url.Values{"taskID": {strconv.FormatInt(task, 10)}}, &s)
	return s, err
}

// OfflineList gives a page of the account's downloads, after the one that another page
// ended with; 0 for the first.
func (c *Client) OfflineList(ctx context.Context, last int64, limit int) (out OfflineTasks, err error) {
	err = c.get(ctx, "/api/v1/offline/download/list", url.Values{
		"lastTaskID": {strconv.FormatInt(last, 10)}, "limit": {strconv.Itoa(pageSize(limit))},
	}, &out)
	return out, err
}

// OfflineFollow asks how far downloads into drive or bed are until all have ended. told
// hears of each answer.
func (c *Client) OfflineFollow(ctx context.Context, to string, tasks []int64, told func(task int64, s OfflineState)) error {
	process := c.OfflineProcess
	if to == "bed" {
		process = c.BedOfflineProcess
	}
	left := slices.Clone(tasks)
	for wait := firstPoll; ; wait = min(wait*3/2, longestPoll) {
		var open []int64
		for _, task := range left {
			s, err := process(ctx, task)
			if err != nil {
				return err
			}
			told(task, s)
			if !s.Ended() {
				open = append(open, task)
			}
		}
		if left = open; len(left) == 0 {
			return nil
		}
		if err := c.wait(ctx, wait); err != nil {
			return err
		}
	}
}
