package client

import "context"

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

// CopyTarget is where a task publishes: a folder of the bed, or one below it that is made
// where a picture lands in it.
type CopyTarget struct {
	Folder string
	Below  string // as "a/b"
}

// copyOrder asks for a task or its plan.
type copyOrder struct {
	FileIDs        []string `json:"fileIDs"`
	ToParentFileID string   `json:"toParentFileID"`
	ToPath         string   `json:"toPath,omitempty"`
	Limit          int      `json:"limit,omitempty"`
	Keep           *bool    `json:"keep,omitempty"` // false of a plan that nobody will come back to
}

func newCopyOrder(ids []int64, to CopyTarget) copyOrder {
	return copyOrder{FileIDs: idTexts(ids), ToParentFileID: to.Folder, ToPath: to.Below}
}

// CopyTo is Copy into a folder that need not be there yet.
func (c *Client) CopyTo(ctx context.Context, ids []int64, to CopyTarget) (string, error) {
	var out struct {
		TaskID string `json:"taskID"`
	}
	err := c.order(ctx, "/api/v1/oss/source/copy", newCopyOrder(ids, to), &out)
	return out.TaskID, err
}

// CopyPlan finds out what a task would do, and changes nothing.
func (c *Client) CopyPlan(ctx context.Context, ids []int64, to CopyTarget, limit int) (CopyPlan, error) {
	o := newCopyOrder(ids, to)
	o.Limit = pageSize(limit)
	var out CopyPlan
	err := c.order(ctx, "/api/v1/oss/source/copy/plan", o, &out)
	return out, err
}

// CopyForecast is CopyPlan without items, and with nothing kept: no other plan goes for it.
func (c *Client) CopyForecast(ctx context.Context, ids []int64, to CopyTarget) (CopyPlan, error) {
	o := newCopyOrder(ids, to)
	o.Limit, o.Keep = 1, new(bool)
	var out CopyPlan
	err := c.ask(ctx, "/api/v1/oss/source/copy/plan", o, &out)
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
