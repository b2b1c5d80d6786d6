package client

import "context"

// NewImage declares a picture that is to be uploaded into the bed itself.
type NewImage struct {
	ParentFileID string `json:"parentFileID"`
	Filename     string `json:"filename"`
	Etag         string `json:"etag"` // MD5 in hex
	Size         int64  `json:"size"`
	Duplicate    int    `json:"duplicate,omitempty"`
	Type         int    `json:"type"` // filled in by the client
}

// BedCreated is the answer to a declared picture: there at once (Reuse), or an upload.
type BedCreated struct {
	FileID      string `json:"fileID"`
	Reuse       bool   `json:"reuse"`
	PreuploadID string `json:"preuploadID"`
	SliceSize   int64  `json:"sliceSize"`
}

// BedCompleted is the answer to a finished upload. FileID counts once Completed is
// true and Async is not.
type BedCompleted struct {
	Async     bool   `json:"async"`
	Completed bool   `json:"completed"`
	FileID    string `json:"fileID"`
}

// BedCreate declares a picture to be uploaded into the bed.
func (c *Client) BedCreate(ctx context.Context, f NewImage) (BedCreated, error) {
	f.Type = businessType
	var out BedCreated
	err := c.order(ctx, "/upload/v1/oss/file/create", f, &out)
	return out, err
}

// BedUploadURL gives the presigned URL of a slice, from 1; send it with Put.
func (c *Client) BedUploadURL(ctx context.Context, preuploadID string, sliceNo int) (string, error) {
	return c.uploadURL(ctx, "/upload/v1/oss/file/get_upload_url", preuploadID, sliceNo)
}

// BedParts lists the slices of an upload that the server has.
func (c *Client) BedParts(ctx context.Context, preuploadID string) ([]Part, error) {
	return c.parts(ctx, "/upload/v1/oss/file/list_upload_parts", preuploadID)
}

// BedComplete ends an upload; asking again gives the same answer.
func (c *Client) BedComplete(ctx context.Context, preuploadID string) (BedCompleted, error) {
	var out BedCompleted
	err := c.ask(ctx, "/upload/v1/oss/file/upload_complete", uploadID{preuploadID}, &out)
	return out, err
}

// BedAsyncResult asks what became of an upload that was completed.
func (c *Client) BedAsyncResult(ctx context.Context, preuploadID string) (BedCompleted, error) {
	var out BedCompleted
	err := c.ask(ctx, "/upload/v1/oss/file/upload_async_result", uploadID{preuploadID}, &out)
	return out, err
}
