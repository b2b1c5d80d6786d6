package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// MaxCopyIDs is how many ids one copy task takes.
const MaxCopyIDs = 100

// States of a copy task.
const (
	CopyRunning  = 1
	CopyFinished = 2
	CopyFailed   = 3
	CopyWaiting  = 4

	CopyCancelled = 5 // to ask a list for; a task tells it as CopyFailed
)

// sourceDrive is the one source a copy task knows.
const sourceDrive = 1

// CopyState is how far a copy task is. What follows FailMsg is not in the
// documentation: a server without it leaves Total nil and the rest zero.
type CopyState struct {
	Status   int    `json:"status"`
	FailMsg  string `json:"failMsg"`
	Total    *int64 `json:"total"` // eligible pictures, once they are known
	Copied   int64  `json:"copied"`
	Replaced int64  `json:"replaced"`
	Skipped  int64  `json:"skipped"`
	Failed   int64  `json:"failed"`
	Bytes    int64  `json:"bytes"`
	FailCode string `json:"failCode"`
	CreateAt string `json:"createAt"`
	StartAt  string `json:"startAt"`
	FinishAt string `json:"finishAt"`
	UndoAt   string `json:"undoAt"`  // when it was undone; "" for never
	RetryOf  string `json:"retryOf"` // the task whose failed pictures are tried again
}

// Ended says whether nothing more will happen in the task.
func (s CopyState) Ended() bool { return s.Status == CopyFinished || s.Status == CopyFailed }

// CopyFailure is one picture that was not published. The reason may be missing.
type CopyFailure struct {
	FileID      int64  `json:"fileId"` // of the drive
	Filename    string `json:"filename"`
	FailReason  string `json:"failReason"`
	FailMessage string `json:"failMessage"`
}

// CopyFailures is one page of them.
type CopyFailures struct {
	Total int64         `json:"total"`
	List  []CopyFailure `json:"list"`
}

// Copy creates a task that publishes up to 100 drive files and folders into a
// folder of the bed, and gives its id.
func (c *Client) Copy(ctx context.Context, ids []int64, to string) (string, error) {
	var out struct {
		TaskID string `json:"taskID"`
	}
	err := c.order(ctx, "/api/v1/oss/source/copy", struct {
		FileIDs        []string `json:"fileIDs"`
		ToParentFileID string   `json:"toParentFileID"`
		SourceType     int      `json:"sourceType"`
		Type           int      `json:"type"`
	}{idTexts(ids), to, sourceDrive, businessType}, &out)
	return out.TaskID, err
}

// idTexts writes ids of the drive as the documentation has them in lists.
func idTexts(ids []int64) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return texts
}

// CopyProcess says how far a task is.
func (c *Client) CopyProcess(ctx context.Context, taskID string) (CopyState, error) {
	var out CopyState
	err := c.get(ctx, "/api/v1/oss/source/copy/process", url.Values{"taskID": {taskID}}, &out)
	return out, err
}

// CopyFail gives one page, from 1, of the pictures a task could not publish.
func (c *Client) CopyFail(ctx context.Context, taskID string, page, limit int) (CopyFailures, error) {
	var out CopyFailures
	err := c.get(ctx, "/api/v1/oss/source/copy/fail", url.Values{
		"taskID": {taskID},
		"page":   {strconv.Itoa(max(page, 1))},
		"limit":  {strconv.Itoa(pageSize(limit))},
	}, &out)
	return out, err
}

// CopyFailAll gives all pictures a task could not publish.
func (c *Client) CopyFailAll(ctx context.Context, taskID string) ([]CopyFailure, error) {
	var all []CopyFailure
	for page := 1; ; page++ {
		got, err := c.CopyFail(ctx, taskID, page, maxPage)
		if err != nil {
			return nil, err
		}
		all = append(all, got.List...)
		if len(got.List) == 0 || int64(len(all)) >= got.Total {
			return all, nil
		}
	}
}

// LastPage is what lists of the bed and of tasks end with.
const LastPage = "-1"

// CopyListQuery asks for a page of an account's tasks; none of it is in the
// documentation.
type CopyListQuery struct {
	Last   string // the LastTaskID of the page before
	Status int    // 0 for any
	Limit  int    // 0 for as many as a page may have
}

// CopyTask is a task in a list.
type CopyTask struct {
	TaskID string `json:"taskID"`
	CopyState
}

// CopyTasks is a page of tasks, the newest first.
type CopyTasks struct {
	LastTaskID string     `json:"lastTaskID"` // LastPage at the end
	List       []CopyTask `json:"list"`
}

// CopyList gives a page of the account's tasks.
func (c *Client) CopyList(ctx context.Context, q CopyListQuery) (CopyTasks, error) {
	var out CopyTasks
	err := c.get(ctx, "/api/v1/oss/source/copy/list", url.Values{
		"lastTaskID": {q.Last},
		"status":     {strconv.Itoa(q.Status)},
		"limit":      {strconv.Itoa(pageSize(q.Limit))},
	}, &out)
	return out, err
}

// CopyItem is a picture of a task, or a file that it skipped, as the ledger has it.
type CopyItem struct {
	Seq           int    `json:"seq"`
	FileID        int64  `json:"fileId"` // of the drive
	Filename      string `json:"filename"`
	SourcePath    string `json:"sourcePath"`
	TargetPath    string `json:"targetPath"`
	Etag          string `json:"etag"`
	Size          int64  `json:"size"`
	Outcome       string `json:"outcome"`
	Reason        string `json:"reason"`
	ReasonMessage string `json:"reasonMessage"`
	ImageID       string `json:"imageID"`
	DownloadURL   string `json:"downloadURL"`
}

// CopyItemsQuery asks for a page of a task's ledger.
type CopyItemsQuery struct {
	Outcome, Reason string // "" for any
	Last            int    // the LastSeq of the page before
	Limit           int    // 0 for as many as a page may have
}

// CopyItems is a page of a ledger.
type CopyItems struct {
	LastSeq int        `json:"lastSeq"` // -1 at the end
	List    []CopyItem `json:"list"`
}

// CopyItems gives a page of a task's ledger.
func (c *Client) CopyItems(ctx context.Context, taskID string, q CopyItemsQuery) (CopyItems, error) {
	var out CopyItems
	err := c.get(ctx, "/api/v1/oss/source/copy/items", url.Values{
		"taskID":  {taskID},
		"outcome": {q.Outcome},
		"reason":  {q.Reason},
		"lastSeq": {strconv.Itoa(q.Last)},
		"limit":   {strconv.Itoa(pageSize(q.Limit))},
	}, &out)
	return out, err
}

// CopyReport writes the whole ledger of a task to w, as "csv" or "json". Where it ends with
// an error, what was written is not the whole.
func (c *Client) CopyReport(ctx context.Context, taskID, format string, w io.Writer) error {
	return c.do(ctx, call{
		method: http.MethodGet, path: "/api/v1/oss/source/copy/report", query: url.Values{"taskID": {taskID}, "format": {format}}, safe: true,
		header: [2]string{"Content-Disposition", "attachment"}, take: func(body io.Reader) error {
			_, err := io.Copy(w, body)
			return err
		},
	}, nil)
}

// CopyCancel cancels a task: what is published stays, nothing more is.
func (c *Client) CopyCancel(ctx context.Context, taskID string) error {
	return c.order(ctx, "/api/v1/oss/source/copy/cancel", struct {
		TaskID string `json:"taskID"`
	}{taskID}, nil)
}

// CopyRetry makes a task of the pictures that another one could not publish, and gives
// its id.
func (c *Client) CopyRetry(ctx context.Context, taskID string, seqs ...int) (string, error) {
	var out struct {
		TaskID string `json:"taskID"`
	}
	err := c.order(ctx, "/api/v1/oss/source/copy/retry", struct {
		TaskID string `json:"taskID"`
		Seqs   []int  `json:"seqs,omitempty"`
	}{taskID, seqs}, &out)
	return out.TaskID, err
}
