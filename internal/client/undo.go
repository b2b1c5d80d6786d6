package client

import "context"

// Nothing here is in the documentation.

// CopyUndone is what undoing a task has come to.
type CopyUndone struct {
	Removed  int64       `json:"removed"`  // images that the task had made
	Restored int64       `json:"restored"` // images that show again what they showed before it
	Kept     []KeptImage `json:"kept"`
}

// KeptImage is an image that stays as it is, and why.
type KeptImage struct {
	ImageID       string `json:"imageID"`
	FileID        int64  `json:"fileId"` // of the drive
	Filename      string `json:"filename"`
	Reason        string `json:"reason"`
	ReasonMessage string `json:"reasonMessage"`
}

// CopyUndo takes back what a task has done and nobody has touched since; a dry run only
// says what would be.
func (c *Client) CopyUndo(ctx context.Context, taskID string, dry bool) (CopyUndone, error) {
	var out CopyUndone
	err := c.order(ctx, "/api/v1/oss/source/copy/undo", struct {
		TaskID string `json:"taskID"`
		DryRun bool   `json:"dryRun"`
	}{taskID, dry}, &out)
	return out, err
}

// Republishing names the images of a re-publishing in one of three ways.
type Republishing struct {
	FileIDs   []int64  // files of the drive: the images that were published of each
	ImageIDs  []string // themselves
	BedFolder string   // a folder of the bed with all below it; "0" for the root
}

// Republish creates a task that puts the drive's present pictures behind the links of
// images, and gives its id.
func (c *Client) Republish(ctx context.Context, r Republishing) (string, error) {
	var out struct {
		TaskID string `json:"taskID"`
	}
	err := c.order(ctx, "/api/v1/oss/source/republish", struct {
		FileIDs      []string `json:"fileIDs,omitempty"`
		ImageIDs     []string `json:"imageIDs,omitempty"`
		ParentFileID string   `json:"parentFileId,omitempty"`
	}{idTexts(r.FileIDs), r.ImageIDs, r.BedFolder}, &out)
	return out.TaskID, err
}
