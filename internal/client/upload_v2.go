package client

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// CreateV2 declares a file to be uploaded in slices.
func (c *Client) CreateV2(ctx context.Context, f NewFile) (Created, error) {
	var out Created
	err := c.order(ctx, "/upload/v2/file/create", f, &out)
	return out, err
}

// Slice sends one slice, from 1, to an upload server. md5 is that of the slice;
// server may be "" for the one of the API.
func (c *Client) Slice(ctx context.Context, server, preuploadID string, sliceNo int, md5 string, content Content) error {
	b, err := form([]field{
		{"preuploadID", preuploadID},
		{"sliceNo", strconv.Itoa(sliceNo)},
		{"sliceMD5", md5},
	}, "slice", "slice", content)
	if err != nil {
		return err
	}
	return c.do(ctx, call{method: http.MethodPost, path: on(server, "/upload/v2/file/slice"), body: b, safe: true}, nil)
}

// on is a path on an upload server.
func on(server, path string) string { return strings.TrimRight(server, "/") + path }

// CompleteV2 ends an upload; asking again gives the same answer. Other servers
// refuse with code 20103 while they still verify: see Verifying.
func (c *Client) CompleteV2(ctx context.Context, preuploadID string) (Completed, error) {
	var out Completed
	err := c.ask(ctx, "/upload/v2/file/upload_complete", uploadID{preuploadID}, &out)
	return out, err
}

// CancelUpload ends an open upload into drive or bed, which frees its room. It is not in the
// documentation.
func (c *Client) CancelUpload(ctx context.Context, preuploadID string) error {
	return c.ask(ctx, "/upload/v2/file/upload_cancel", uploadID{preuploadID}, nil)
}

// Domain lists the upload servers, best first.
func (c *Client) Domain(ctx context.Context) ([]string, error) {
	var out []string
	err := c.get(ctx, "/upload/v2/file/domain", nil, &out)
	return out, err
}

// Single uploads a whole file, at most 1 GB, in one request to an upload server;
// server may be "" for the one of the API.
func (c *Client) Single(ctx context.Context, server string, f NewFile, content Content) (Completed, error) {
	fields := []field{
		{"parentFileID", strconv.FormatInt(f.ParentFileID, 10)},
		{"filename", f.Filename},
		{"etag", f.Etag},
		{"size", strconv.FormatInt(f.Size, 10)},
	}
	if f.Duplicate != DuplicateRefuse {
		fields = append(fields, field{"duplicate", strconv.Itoa(f.Duplicate)})
	}
	if f.ContainDir {
		fields = append(fields, field{"containDir", "true"})
	}
	b, err := form(fields, "file", "file", content)
	if err != nil {
		return Completed{}, err
	}
	var out Completed
	err = c.do(ctx, call{method: http.MethodPost, path: on(server, "/upload/v2/file/single/create"), body: b}, &out)
	return out, err
}

// SHA1Reuse makes a file of content the account already has, if it has it: look
// at Reuse.
func (c *Client) SHA1Reuse(ctx context.Context, parent int64, name, sha1 string, size int64, duplicate int) (Created, error) {
	var out Created
	err := c.order(ctx, "/upload/v2/file/sha1_reuse", struct {
		ParentFileID int64  `json:"parentFileID"`
		Filename     string `json:"filename"`
		SHA1         string `json:"sha1"`
		Size         int64  `json:"size"`
		Duplicate    int    `json:"duplicate,omitempty"`
	}{parent, name, sha1, size, duplicate}, &out)
	return out, err
}
