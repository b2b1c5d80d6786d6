package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// User is who the account is and how much room it has, sizes in bytes.
type User struct {
	UID            int64  `json:"uid"`
	Nickname       string `json:"nickname"`
	SpaceUsed      int64  `json:"spaceUsed"`
	SpacePermanent int64  `json:"spacePermanent"`
	SpaceTemp      int64  `json:"spaceTemp"`

	// Not in the documentation:
	Operator   bool       `json:"operator"`
	CopyLimits CopyLimits `json:"copyLimits"`
}

// CopyLimits are the ids that a call for a copy task may name, the images of a task, and how
// many unfinished tasks the account may have.
type CopyLimits struct {
	IDs    int `json:"ids"`
	Images int `json:"images"`
	Tasks  int `json:"tasks"`
}

// UserInfo answers who the client is.
func (c *Client) UserInfo(ctx context.Context) (User, error) {
	var u User
	err := c.get(ctx, "/api/v1/user/info", nil, &u)
	return u, err
}

// DriveRoot is the id of the drive's first level.
const DriveRoot int64 = 0

// Kinds of an entry of drive or bed.
const (
	TypeFile   = 0
	TypeFolder = 1
)

// File is an entry of the drive as lists give it. Times are as served,
// "2006-01-02 15:04:05" in UTC+8.
type File struct {
	FileID       int64  `json:"fileId"`
	Filename     string `json:"filename"`
	ParentFileID int64  `json:"parentFileId"`
	Type         int    `json:"type"`
	Etag         string `json:"etag"`
	Size         int64  `json:"size"`
	Category     int    `json:"category"`
	Status       int    `json:"status"`
	Trashed      int    `json:"trashed"`
	CreateAt     string `json:"createAt"`
	UpdateAt     string `json:"updateAt"`
}

// IsFolder says whether the entry is a folder.
func (f File) IsFolder() bool { return f.Type == TypeFolder }

// Mkdir makes a folder and gives its id. A name that is taken is a refusal for
// fault.FolderTaken or fault.NameTaken.
func (c *Client) Mkdir(ctx context.Context, parent int64, name string) (int64, error) {
	var out struct {
		DirID int64 `json:"dirID"`
	}
	err := c.order(ctx, "/upload/v1/file/mkdir", struct {
		Name     string `json:"name"`
		ParentID int64  `json:"parentID"`
	}{name, parent}, &out)
	return out.DirID, err
}

// Search modes of ListV2.
const (
	SearchWords = 0 // names that contain the words
	SearchExact = 1 // names that are equal
)

// ListQuery asks for one page of the drive by key.
type ListQuery struct {
	Parent     int64
	Limit      int    // 100 when zero, which is also the most
	After      int64  // the LastFileID of the page before; 0 for the first
	SearchData string // searches the whole drive, whatever Parent says; "" lists
	SearchMode int
}

// FilePage is one page; LastFileID is -1 on the last.
type FilePage struct {
	LastFileID int64  `json:"lastFileId"`
	FileList   []File `json:"fileList"`
}

// ListV2 gives one page of a folder, what is in the trash included.
func (c *Client) ListV2(ctx context.Context, q ListQuery) (FilePage, error) {
	query := url.Values{
		"parentFileId": {strconv.FormatInt(q.Parent, 10)},
		"limit":        {strconv.Itoa(pageSize(q.Limit))},
	}
	if q.After != 0 {
		query.Set("lastFileId", strconv.FormatInt(q.After, 10))
	}
	if q.SearchData != "" {
		query.Set("searchData", q.SearchData)
		query.Set("searchMode", strconv.Itoa(q.SearchMode))
	}
	var page FilePage
	err := c.get(ctx, "/api/v2/file/list", query, &page)
	return page, err
}

// maxPage is the largest page of every list of the API.
const maxPage = 100

func pageSize(limit int) int {
	if limit <= 0 || limit > maxPage {
		return maxPage
	}
	return limit
}

// ListAll goes through a folder page by page and leaves out what is in the trash.
// It ends at the first error, which it gives with an empty entry.
func (c *Client) ListAll(ctx context.Context, parent int64) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		q := ListQuery{Parent: parent}
		for {
			page, err := c.ListV2(ctx, q)
			if err != nil {
				yield(File{}, err)
				return
			}
			for _, f := range page.FileList {
				if f.Trashed == 0 && !yield(f, nil) {
					return
				}
			}
			// The first page of a server that says 0 for "the end" must not come
			// round for ever.
			if page.LastFileID <= 0 || page.LastFileID == q.After {
				return
			}
			q.After = page.LastFileID
		}
	}
}

// FileV1 is an entry as the older list gives it.
type FileV1 struct {
	FileID       int64  `json:"fileID"`
	Filename     string `json:"filename"`
	ParentFileID int64  `json:"parentFileId"`
	ParentName   string `json:"parentName"`
	Type         int    `json:"type"`
	Etag         string `json:"etag"`
	Size         int64  `json:"size"`
	Category     int    `json:"category"`
	Status       int    `json:"status"`
	CreateAt     string `json:"createAt"`
	UpdateAt     string `json:"updateAt"`
}

// ListV1Query asks for one page by its number.
type ListV1Query struct {
	Parent         int64
	Page           int // from 1
	Limit          int // 100 when zero
	OrderBy        string
	OrderDirection string
	Trashed        bool // the whole trash instead of Parent
	SearchData     string
	FoldersFirst   bool
}

// FilePageV1 is one page of the older list.
type FilePageV1 struct {
	Total    int64    `json:"total"`
	FileList []FileV1 `json:"fileList"`
}

// ListV1 gives one page by its number.
func (c *Client) ListV1(ctx context.Context, q ListV1Query) (FilePageV1, error) {
	query := url.Values{
		"parentFileId":   {strconv.FormatInt(q.Parent, 10)},
		"page":           {strconv.Itoa(max(q.Page, 1))},
		"limit":          {strconv.Itoa(pageSize(q.Limit))},
		"orderBy":        {"file_id"},
		"orderDirection": {"asc"},
	}
	if q.OrderBy != "" {
		query.Set("orderBy", q.OrderBy)
	}
	if q.OrderDirection != "" {
		query.Set("orderDirection", q.OrderDirection)
	}
	if q.Trashed {
		query.Set("trashed", "true")
	}
	if q.SearchData != "" {
		query.Set("searchData", q.SearchData)
	}
	if q.FoldersFirst {
		query.Set("foldersFirst", "true")
	}
	var page FilePageV1
	err := c.get(ctx, "/api/v1/file/list", query, &page)
	return page, err
}

// FileDetail is one entry; the size of a folder is the sum of what is under it.
type FileDetail struct {
	FileID       int64  `json:"fileID"`
	Filename     string `json:"filename"`
	Type         int    `json:"type"`
	Size         int64  `json:"size"`
	Etag         string `json:"etag"`
	Status       int    `json:"status"`
	ParentFileID int64  `json:"parentFileID"`
	CreateAt     string `json:"createAt"`
	Trashed      int    `json:"trashed"`
}

// Detail gives one entry of the drive.
func (c *Client) Detail(ctx context.Context, id int64) (FileDetail, error) {
	var out FileDetail
	err := c.get(ctx, "/api/v1/file/detail", url.Values{"fileID": {strconv.FormatInt(id, 10)}}, &out)
	return out, err
}

// Infos gives the entries with these ids; the unknown ones are left out.
func (c *Client) Infos(ctx context.Context, ids []int64) ([]File, error) {
	// The documentation names the list both ways, and so do servers.
	var out struct {
		FileList []File `json:"fileList"`
		List     []File `json:"list"`
	}
	err := c.ask(ctx, "/api/v1/file/infos", struct {
		FileIDs []int64 `json:"fileIds"`
	}{ids}, &out)
	if out.FileList == nil {
		out.FileList = out.List
	}
	return out.FileList, err
}

// DownloadInfo gives a signed URL of a file that works for a while without a token.
func (c *Client) DownloadInfo(ctx context.Context, id int64) (string, error) {
	var out struct {
		DownloadURL string `json:"downloadUrl"`
	}
	err := c.get(ctx, "/api/v1/file/download_info", url.Values{"fileId": {strconv.FormatInt(id, 10)}}, &out)
	return out.DownloadURL, err
}

// ArchiveInfo gives a signed URL of files and folders as one ZIP archive, that works for a while
// without a token. name is what the archive is called; "" for what the first of them is.
func (c *Client) ArchiveInfo(ctx context.Context, ids []int64, name string) (string, error) {
	var out struct {
		DownloadURL string `json:"downloadUrl"`
	}
	err := c.ask(ctx, "/api/v1/file/archive_info", struct {
		FileIDs  []int64 `json:"fileIDs"`
		Filename string  `json:"filename,omitempty"`
	}{ids, name}, &out)
	return out.DownloadURL, err
}

// Download gives the bytes behind a URL of DownloadInfo or of an image, from a place on,
// to take. That gets them from the beginning where the server has no ranges: begins says
// where they begin. An answer that breaks off is Broken; it can be gone on with.
func (c *Client) Download(ctx context.Context, url string, from int64, take func(begins int64, body io.Reader) error) error {
	return c.do(ctx, call{method: http.MethodGet, path: url, safe: true, open: true, from: from, content: take}, nil)
}

type driveIDs struct {
	FileIDs []int64 `json:"fileIDs"`
}

// Trash moves up to 100 entries to the trash.
func (c *Client) Trash(ctx context.Context, ids []int64) error {
	return c.ask(ctx, "/api/v1/file/trash", driveIDs{ids}, nil)
}

// Rename gives an entry another name where it is.
func (c *Client) Rename(ctx context.Context, id int64, name string) error {
	return c.do(ctx, call{method: http.MethodPut, path: "/api/v1/file/name", safe: true, body: jsonBody(struct {
		FileID   int64  `json:"fileId"`
		FileName string `json:"fileName"`
	}{id, name})}, nil)
}

// NewName is what an entry is to be called.
type NewName struct {
	FileID int64
	Name   string
}

// RenamedFiles tells what RenameEach did.
type RenamedFiles struct {
	SuccessList []RenamedFile `json:"successList"`
	FailList    []NotRenamed  `json:"failList"`
}

// RenamedFile has its name.
type RenamedFile struct {
	FileID   int64  `json:"fileID"`
	UpdateAt string `json:"updateAt"`
}

// NotRenamed has its old name, for the reason of the message.
type NotRenamed struct {
	FileID  int64  `json:"fileID"`
	Message string `json:"message"`
}

// RenameEach is Rename for up to 30 entries, each decided by itself.
func (c *Client) RenameEach(ctx context.Context, names []NewName) (RenamedFiles, error) {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strconv.FormatInt(n.FileID, 10) + "|" + n.Name
	}
	var out RenamedFiles
	err := c.ask(ctx, "/api/v1/file/rename", struct {
		RenameList []string `json:"renameList"`
	}{list}, &out)
	return out, err
}

// Move puts up to 100 entries into another folder, all or none.
func (c *Client) Move(ctx context.Context, ids []int64, to int64) error {
	return c.ask(ctx, "/api/v1/file/move", struct {
		driveIDs
		To int64 `json:"toParentFileID"`
	}{driveIDs{ids}, to}, nil)
}

// CopyFile makes another of an entry in a folder, with all that is below it, and gives
// its id. Nothing is sent.
func (c *Client) CopyFile(ctx context.Context, id, to int64) (int64, error) {
	var out struct {
		TargetFileID int64 `json:"targetFileId"`
	}
	err := c.order(ctx, "/api/v1/file/copy", struct {
		FileID      int64 `json:"fileId"`
		TargetDirID int64 `json:"targetDirId"`
	}{id, to}, &out)
	return out.TargetFileID, err
}

// TreeCopyState is how far a copy inside the drive is. What follows Status is not in the
// documentation.
type TreeCopyState struct {
	TaskID   int64  `json:"taskId"`
	Status   int    `json:"status"`
	Copied   int64  `json:"copied"` // files and folders
	Bytes    int64  `json:"bytes"`
	FailCode string `json:"failCode"`
}

// Where such a copy stands.
const (
	TreeCopyWaiting = 0
	TreeCopyRunning = 1
	TreeCopyDone    = 2
	TreeCopyFailed  = 3
)

// Ended says whether it changes no more.
func (s TreeCopyState) Ended() bool { return s.Status >= TreeCopyDone }

// CopyFiles begins to copy up to 3000 entries into a folder, with all that is below them,
// and gives the task that does. Nothing is sent.
func (c *Client) CopyFiles(ctx context.Context, ids []int64, to int64) (int64, error) {
	var out struct {
		TaskID int64 `json:"taskId"`
	}
	err := c.order(ctx, "/api/v1/file/async/copy", struct {
		FileIDs     []int64 `json:"fileIds"`
		TargetDirID int64   `json:"targetDirId"`
	}{ids, to}, &out)
	return out.TaskID, err
}

// CopyFilesProcess says how far such a copy is.
func (c *Client) CopyFilesProcess(ctx context.Context, task int64) (s TreeCopyState, err error) {
	err = c.get(ctx, "/api/v1/file/async/copy/process", url.Values{"taskId": {strconv.FormatInt(task, 10)}}, &s)
	return s, err
}

// Recover takes up to 100 entries out of the trash, back to where they were. abnormal are
// those whose folder is not there any more: they stay in the trash.
func (c *Client) Recover(ctx context.Context, ids []int64) (abnormal []int64, err error) {
	var out struct {
		AbnormalFileIDs []int64 `json:"abnormalFileIDs"`
	}
	err = c.order(ctx, "/api/v1/file/recover", driveIDs{ids}, &out)
	return out.AbnormalFileIDs, err
}

// RecoverTo takes up to 100 entries out of the trash into a folder.
func (c *Client) RecoverTo(ctx context.Context, ids []int64, to int64) error {
	return c.order(ctx, "/api/v1/file/recover/by_path", struct {
		driveIDs
		To int64 `json:"parentFileID"`
	}{driveIDs{ids}, to}, nil)
}

// Delete removes up to 100 entries of the trash for good.
func (c *Client) Delete(ctx context.Context, ids []int64) error {
	return c.ask(ctx, "/api/v1/file/delete", driveIDs{ids}, nil)
}
