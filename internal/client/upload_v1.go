package client

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// What to do when the name is taken in the folder.
const (
	DuplicateRefuse    = 0
	DuplicateKeepBoth  = 1
	DuplicateOverwrite = 2
)

// NewFile declares a file of the drive that is to be uploaded.
type NewFile struct {
	ParentFileID int64  `json:"parentFileID"`
	Filename     string `json:"filename"` // with ContainDir a path below the parent
	Etag         string `json:"etag"`     // MD5 in hex
	Size         int64  `json:"size"`
	Duplicate    int    `json:"duplicate,omitempty"`
	ContainDir   bool   `json:"containDir,omitempty"`
}

// Created is the answer to a declared file: there at once (Reuse), or an upload.
type Created struct {
	FileID      int64    `json:"fileID"`
	Reuse       bool     `json:"reuse"`
	PreuploadID string   `json:"preuploadID"`
	SliceSize   int64    `json:"sliceSize"`
	Servers     []string `json:"servers"` // v2 only
}

// Completed is the answer to a finished upload. FileID counts once Completed is
// true and Async is not.
type Completed struct {
	Async     bool  `json:"async"`
	Completed bool  `json:"completed"`
	FileID    int64 `json:"fileID"`
}

// Part is one slice the server has.
type Part struct {
	Number int
	Size   int64
	Etag   string
}

// UnmarshalJSON reads a part; its number comes as text or as a number.
func (p *Part) UnmarshalJSON(b []byte) error {
	var wire struct {
		PartNumber json.RawMessage `json:"partNumber"`
		Size       int64           `json:"size"`
		Etag       string          `json:"etag"`
	}
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.Trim(string(wire.PartNumber), `"`))
	if err != nil {
		return err
	}
	*p = Part{n, wire.Size, wire.Etag}
	return nil
}

type uploadID struct {
	PreuploadID string `json:"preuploadID"`
}

type sliceOf struct {
	PreuploadID string `json:"preuploadID"`
	SliceNo     int    `json:"sliceNo"`
}

// CreateV1 declares a file to be uploaded by presigned PUTs.
func (c *Client) CreateV1(ctx context.Context, f NewFile) (Created, error) {
	var out Created
	err := c.order(ctx, "/upload/v1/file/create", f, &out)
	return out, err
}

// UploadURL gives the presigned URL of a slice, from 1.
func (c *Client) UploadURL(ctx context.Context, preuploadID string, sliceNo int) (string, error) {
	return c.uploadURL(ctx, "/upload/v1/file/get_upload_url", preuploadID, sliceNo)
}

func (c *Client) uploadURL(ctx context.Context, path, preuploadID string, sliceNo int) (string, error) {
	var out struct {
		PresignedURL string `json:"presignedURL"`
	}
	err := c.ask(ctx, path, sliceOf{preuploadID, sliceNo}, &out)
	return out.PresignedURL, err
}

// Put sends bytes to a presigned URL.
func (c *Client) Put(ctx context.Context, presignedURL string, content Content) error {
	return c.do(ctx, call{method: http.MethodPut, path: presignedURL, body: content.raw(), safe: true, open: true}, nil)
}

// Parts lists the slices of an upload that the server has.
func (c *Client) Parts(ctx context.Context, preuploadID string) ([]Part, error) {
	return c.parts(ctx, "/upload/v1/file/list_upload_parts", preuploadID)
}

func (c *Client) parts(ctx context.Context, path, preuploadID string) ([]Part, error) {
	var out struct {
		Parts []Part `json:"parts"`
	}
	err := c.ask(ctx, path, uploadID{preuploadID}, &out)
	return out.Parts, err
}

// CompleteV1 ends an upload; asking again gives the same answer.
func (c *Client) CompleteV1(ctx context.Context, preuploadID string) (Completed, error) {
	var out Completed
	err := c.ask(ctx, "/upload/v1/file/upload_complete", uploadID{preuploadID}, &out)
	return out, err
}

// AsyncResult asks what became of an upload that was completed.
func (c *Client) AsyncResult(ctx context.Context, preuploadID string) (Completed, error) {
	var out Completed
	err := c.ask(ctx, "/upload/v1/file/upload_async_result", uploadID{preuploadID}, &out)
	return out, err
}
