package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// BedRoot is the id of the bed's first level in requests.
const BedRoot = ""

// businessType is what every request of the bed carries as "type".
const businessType = 1

// Image is an entry of the bed: a picture or a folder. Times are as served,
// "2006-01-02 15:04:05" in UTC+8.
type Image struct {
	FileID         string `json:"fileId"`
	Filename       string `json:"filename"`
	ParentFileID   string `json:"parentFileId"`
	ParentFilename string `json:"parentFilename"`
	Type           int    `json:"type"`
	Etag           string `json:"etag"`
	Size           int64  `json:"size"`
	Status         int    `json:"status"`
	CreateAt       string `json:"createAt"`
	UpdateAt       string `json:"updateAt"`
	DownloadURL    string `json:"downloadURL"` // the direct link; "" for a folder
	UserSelfURL    string `json:"userSelfURL"` // the same on the account's own domain; may be ""
	TotalTraffic   int64  `json:"totalTraffic"`
	Extension      string `json:"extension"` // without a dot
}

// IsFolder says whether the entry is a folder.
func (i Image) IsFolder() bool { return i.Type == TypeFolder }

// BedFolder is a folder that was made.
type BedFolder struct {
	Filename string `json:"filename"`
	DirID    string `json:"dirID"`
}

// BedMkdir makes a folder in the bed. A name that is taken is a refusal for
// fault.BedFolderTaken.
func (c *Client) BedMkdir(ctx context.Context, parent, name string) (BedFolder, error) {
	var out struct {
		List []BedFolder `json:"list"`
	}
	err := c.order(ctx, "/upload/v1/oss/file/mkdir", struct {
		Name     string `json:"name"`
		ParentID string `json:"parentID"`
		Type     int    `json:"type"`
	}{name, parent, businessType}, &out)
	if err != nil {
		return BedFolder{}, err
	}
	if len(out.List) == 0 {
		return BedFolder{}, errNoID
	}
	return out.List[0], nil
}

// BedListQuery asks for one page of a bed folder.
type BedListQuery struct {
	Parent    string
	Limit     int    // 100 when zero, which is also the most
	After     string // the LastFileID of the page before; "" for the first
	StartTime int64  // unix seconds, compared with createAt; 0 for none
	EndTime   int64
	Begins    string // what names begin with; then they come by name
}

// ImagePage is one page; LastFileID is "-1" on the last.
type ImagePage struct {
	LastFileID string  `json:"lastFileId"`
	FileList   []Image `json:"fileList"`
}

// BedList gives one page of a bed folder.
func (c *Client) BedList(ctx context.Context, q BedListQuery) (ImagePage, error) {
	var page ImagePage
	err := c.ask(ctx, "/api/v1/oss/file/list", struct {
		ParentFileID string `json:"parentFileId"`
		Limit        int    `json:"limit"`
		LastFileID   string `json:"lastFileId,omitempty"`
		StartTime    int64  `json:"startTime,omitempty"`
		EndTime      int64  `json:"endTime,omitempty"`
		SearchData   string `json:"searchData,omitempty"`
		Type         int    `json:"type"`
	}{q.Parent, pageSize(q.Limit), q.After, q.StartTime, q.EndTime, q.Begins, businessType}, &page)
	return page, err
}

// BedListAll goes through a bed folder page by page. It ends at the first error,
// which it gives with an empty entry.
func (c *Client) BedListAll(ctx context.Context, parent string) iter.Seq2[Image, error] {
	return func(yield func(Image, error) bool) {
		q := BedListQuery{Parent: parent}
		for {
			page, err := c.BedList(ctx, q)
			if err != nil {
				yield(Image{}, err)
				return
			}
			for _, i := range page.FileList {
				if !yield(i, nil) {
					return
				}
			}
			if page.LastFileID == LastPage || page.LastFileID == "" || page.LastFileID == q.After {
				return
			}
			q.After = page.LastFileID
		}
	}
}

// BedDetail gives one entry of the bed.
func (c *Client) BedDetail(ctx context.Context, id string) (Image, error) {
	var out Image
	err := c.get(ctx, "/api/v1/oss/file/detail", url.Values{"fileID": {id}}, &out)
	return out, err
}

// BedMove moves up to 100 entries to another folder of the bed.
func (c *Client) BedMove(ctx context.Context, ids []string, to string) error {
	return c.ask(ctx, "/api/v1/oss/file/move", struct {
		FileIDs        []string `json:"fileIDs"`
		ToParentFileID string   `json:"toParentFileID"`
	}{ids, to}, nil)
}

// BedDelete removes up to 100 entries of the bed, folders with all that is in
// them, for good: the bed has no trash.
func (c *Client) BedDelete(ctx context.Context, ids []string) error {
	return c.ask(ctx, "/api/v1/oss/file/delete", struct {
		FileIDs []string `json:"fileIDs"`
	}{ids}, nil)
}

// BedRename gives an entry of the bed another name; its link stays. A name that is
// taken is a refusal for fault.NameTaken.
func (c *Client) BedRename(ctx context.Context, id, name string) error {
	return c.do(ctx, call{method: http.MethodPut, path: "/api/v1/oss/file/name", safe: true, body: jsonBody(struct {
		FileID   string `json:"fileID"`
		FileName string `json:"fileName"`
	}{id, name})}, nil)
}

// LinksQuery asks for the links of up to 100 images, or where none is named for a
// page of those in a folder.
type LinksQuery struct {
	FileIDs  []string `json:"fileIDs,omitempty"`
	Parent   string   `json:"parentFileId,omitempty"` // "" for the first level
	Limit    int      `json:"limit,omitempty"`        // 100 when zero, which is also the most
	After    string   `json:"lastFileId,omitempty"`   // the LastFileID of the page before
	Format   string   `json:"format,omitempty"`       // url, md, html, bbcode, csv, json or template
	Template string   `json:"template,omitempty"`
	First    int      `json:"first,omitempty"` // the number of the first, 1 when zero
}

// ImageLink is an image's link, and the same as a text of the format.
type ImageLink struct {
	FileID   string `json:"fileId"`
	Filename string `json:"filename"`
	URL      string `json:"url"`
	Text     string `json:"text"`
}

// LinksPage is a page of links; Text is all of them as one text of the format, and
// LastFileID "-1" on the last.
type LinksPage struct {
	List       []ImageLink `json:"list"`
	Text       string      `json:"text"`
	LastFileID string      `json:"lastFileId"`
}

// BedLinks gives links as texts to paste.
func (c *Client) BedLinks(ctx context.Context, q LinksQuery) (LinksPage, error) {
	var page LinksPage
	err := c.ask(ctx, "/api/v1/oss/file/links", q, &page)
	return page, err
}
