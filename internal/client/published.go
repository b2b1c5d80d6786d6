package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
)

// Whether a picture's links show what its file in the drive is now.
const (
	Unpublished = "unpublished"
	Current     = "current"
	Outdated    = "outdated"
	Gone        = "gone" // of a source
)

// PublishedLink is an image of the bed at which a file is published.
type PublishedLink struct {
	ImageID     string `json:"imageID"`
	Filename    string `json:"filename"`
	Path        string `json:"path"` // in the bed
	Etag        string `json:"etag"`
	DownloadURL string `json:"downloadURL"`
	TaskID      string `json:"taskID"`
	PublishedAt string `json:"publishedAt"`
	State       string `json:"state"` // Current or Outdated
}

// PublishedFile is a file of the drive, and where it is published.
type PublishedFile struct {
	FileID    int64           `json:"fileId"`
	Filename  string          `json:"filename"`
	Etag      string          `json:"etag"`
	Size      int64           `json:"size"`
	State     string          `json:"state"` // Outdated where any of its links is, also one that is not told
	Published []PublishedLink `json:"published"`
	More      bool            `json:"more"` // links than are told
}

// PublishedPage is a page of them.
type PublishedPage struct {
	List       []PublishedFile `json:"list"`
	Sources    []Source        `json:"sources,omitempty"` // where ImageIDs were asked for
	LastFileID int64           `json:"lastFileId"`        // -1 at the end
}

// Source is what an image of the bed was published of, as the drive has it now.
type Source struct {
	ImageID string `json:"imageID"`
	FileID  int64  `json:"fileId"` // 0 where it is there no more
	Path    string `json:"path"`
	Etag    string `json:"etag"`
	Size    int64  `json:"size"`
	State   string `json:"state"` // Current, Outdated or Gone
}

// PublishedQuery asks where up to 100 files are published, or where none is named, the
// pictures right in a folder, page by page.
type PublishedQuery struct {
	FileIDs  []int64
	ImageIDs []string // of the bed: what they are from
	Parent   int64
	Limit    int   // 0 for as many as a page may have
	After    int64 // the LastFileID of the page before
}

// Published tells where files are published. It is not in the documentation.
func (c *Client) Published(ctx context.Context, q PublishedQuery) (PublishedPage, error) {
	query := url.Values{}
	if len(q.FileIDs) > 0 {
		query["fileIDs"] = idTexts(q.FileIDs)
	}
	if len(q.ImageIDs) > 0 {
		query["imageIDs"] = q.ImageIDs
	}
	if len(q.FileIDs) == 0 && len(q.ImageIDs) == 0 {
		query.Set("parentFileID", strconv.FormatInt(q.Parent, 10))
		query.Set("limit", strconv.Itoa(pageSize(q.Limit)))
		query.Set("lastFileId", strconv.FormatInt(q.After, 10))
	}
	var out PublishedPage
	err := c.get(ctx, "/api/v1/oss/source/published", query, &out)
	return out, err
}

// PublishedAll tells where all pictures right in a folder are published.
func (c *Client) PublishedAll(ctx context.Context, folder int64) iter.Seq2[PublishedFile, error] {
	return func(yield func(PublishedFile, error) bool) {
		for q := (PublishedQuery{Parent: folder}); q.After >= 0; {
			page, err := c.Published(ctx, q)
			if err != nil {
				yield(PublishedFile{}, err)
				return
			}
			for _, f := range page.List {
				if !yield(f, nil) {
					return
				}
			}
			q.After = page.LastFileID
		}
	}
}
