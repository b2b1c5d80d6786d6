package client

import (
	"context"
	"strconv"
)

// Nothing here is in the documentation.

// CopyPlan says what a copy task would do, with a page of its items.
type CopyPlan struct {
	PlanID     string           `json:"planID"`
	ExpireAt   string           `json:"expireAt"`
	TaskID     string           `json:"taskID"` // that carries it out; "" for none
	Total      int64            `json:"total"`
	Copied     int64            `json:"copied"`
	Replaced   int64            `json:"replaced"`
	Skipped    int64            `json:"skipped"`
	Failed     int64            `json:"failed"`
	Renamed    int64            `json:"renamed"`
	Bytes      int64            `json:"bytes"`
	Reasons    map[string]int64 `json:"reasons"`
	Limit      *CopyLimit       `json:"limit"` // nil where the task would be done
	Items      []CopyPlanItem   `json:"items"`
	NextCursor int              `json:"nextCursor"` // -1 at the end
}

// CopyLimit is why a task would fail as a whole.
type CopyLimit struct {
	FailCode string `json:"failCode"`
	FailMsg  string `json:"failMsg"`
	Max      int64  `json:"max"`
	Found    int64  `json:"found"`
}

// CopyPlanItem is what would become of a picture.
type CopyPlanItem struct {
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
	ImageID       string `json:"imageID"` // whose link stays; "" for a new image
}

// CopyPlan finds out what a task would do, and changes nothing.
func (c *Client) CopyPlan(ctx context.Context, ids []int64, to string, limit int) (CopyPlan, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	var out CopyPlan
	err := c.order(ctx, "/api/v1/oss/source/copy/plan", struct {
		FileIDs        []string `json:"fileIDs"`
		ToParentFileID string   `json:"toParentFileID"`
		Limit          int      `json:"limit"`
	}{texts, to, pageSize(limit)}, &out)
	return out, err
}

// CopyPlanPage gives a page of a plan that was made before, after the cursor of another.
func (c *Client) CopyPlanPage(ctx context.Context, planID string, cursor, limit int) (CopyPlan, error) {
	var out CopyPlan
	err := c.order(ctx, "/api/v1/oss/source/copy/plan", struct {
		PlanID string `json:"planID"`
		Cursor int    `json:"cursor"`
		Limit  int    `json:"limit"`
	}{planID, cursor, pageSize(limit)}, &out)
	return out, err
}

// CopyPlanned creates the task of a plan and gives its id. It may be said twice.
func (c *Client) CopyPlanned(ctx context.Context, planID string) (string, error) {
	var out struct {
		TaskID string `json:"taskID"`
	}
	err := c.order(ctx, "/api/v1/oss/source/copy", struct {
		PlanID string `json:"planID"`
	}{planID}, &out)
	return out.TaskID, err
}
