package api

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
	"tuchuang/internal/upload"
)

type bedMkdirIn struct {
	Names  []string    `wire:"name;max=100" schema:"or=string"`
	Parent imagebed.ID `wire:"parentID,parentFileID"`
	copyFailIn
}

type bedFolder struct {
	Filename string      `json:"filename"`
	DirID    imagebed.ID `json:"dirID"`
}

// bedMkdirOut is what was made, or what a client asked for here by mistake.
type bedMkdirOut struct {
	made   *bedFolders
	failed *copyFailOut
}

// MarshalJSON writes the one that is there.
func (o *bedMkdirOut) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	if o.failed != nil {
		err := appendJSON(&b, o.failed)
		return b.Bytes(), err
	}
	err := appendJSON(&b, o.made)
	return b.Bytes(), err
}

type bedFolders struct {
	List []bedFolder `json:"list"`
}

func (a *API) bedMkdir(ctx context.Context, acc account.ID, in bedMkdirIn) (*bedMkdirOut, error) {
	if len(in.Names) == 0 {
		if in.TaskID != "" { // a client asks for a task's failures here by mistake
			failed, err := a.copyFail(ctx, acc, in.copyFailIn)
			return &bedMkdirOut{failed: failed}, err
		}
		return nil, fault.New(fault.BadRequest, "api: mkdir", "name")
	}
	ids, err := a.Bed.Mkdir(ctx, acc, in.Parent, in.Names)
	if err != nil {
		return nil, err
	}
	out := bedFolders{List: make([]bedFolder, len(ids))}
	for i, id := range ids {
		name, err := entryname.Clean(in.Names[i]) // as it is listed from now on
		if err != nil {
			return nil, err
		}
		out.List[i] = bedFolder{name, id}
	}
	return &bedMkdirOut{made: &out}, nil
}

// bedItem is an image or folder in lists and details.
type bedItem struct {
	FileID         imagebed.ID `json:"fileId"`
	Filename       string      `json:"filename"`
	ParentFileID   imagebed.ID `json:"parentFileId"`
	Type           int         `json:"type" schema:"enum=0|1" doc:"0 image, 1 folder"`
	Etag           string      `json:"etag"`
	Size           int64       `json:"size"`
	Status         int         `json:"status" schema:"enum=0|2|101" doc:"2 an image, 101 one that the operator has blocked"`
	S3KeyFlag      string      `json:"s3KeyFlag"`
	StorageNode    string      `json:"storageNode"`
	CreateAt       wire.Time   `json:"createAt"`
	UpdateAt       wire.Time   `json:"updateAt"`
	DownloadURL    string      `json:"downloadURL" doc:"the permanent link"`
	OSSIndex       int         `json:"ossIndex"`
	TotalTraffic   int64       `json:"totalTraffic"`
	ParentFilename string      `json:"parentFilename"`
	Extension      string      `json:"extension"`
	UserSelfURL    string      `json:"userSelfURL"`
	Trashed        int         `json:"trashed" schema:"enum=0"`
}

// appendJSON writes what the tags above say.
func (d *bedItem) appendJSON(b []byte) []byte {
	b = wire.AppendString(append(b, `{"fileId":`...), string(d.FileID))
	b = wire.AppendString(append(b, `,"filename":`...), d.Filename)
	b = wire.AppendString(append(b, `,"parentFileId":`...), string(d.ParentFileID))
	b = strconv.AppendInt(append(b, `,"type":`...), int64(d.Type), 10)
	b = wire.AppendString(append(b, `,"etag":`...), d.Etag)
	b = strconv.AppendInt(append(b, `,"size":`...), d.Size, 10)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(d.Status), 10)
	b = wire.AppendString(append(b, `,"s3KeyFlag":`...), d.S3KeyFlag)
	b = wire.AppendString(append(b, `,"storageNode":`...), d.StorageNode)
	b = wire.AppendTime(append(b, `,"createAt":`...), d.CreateAt)
	b = wire.AppendTime(append(b, `,"updateAt":`...), d.UpdateAt)
	b = wire.AppendString(append(b, `,"downloadURL":`...), d.DownloadURL)
	b = strconv.AppendInt(append(b, `,"ossIndex":`...), int64(d.OSSIndex), 10)
	b = strconv.AppendInt(append(b, `,"totalTraffic":`...), d.TotalTraffic, 10)
	b = wire.AppendString(append(b, `,"parentFilename":`...), d.ParentFilename)
	b = wire.AppendString(append(b, `,"extension":`...), d.Extension)
	b = wire.AppendString(append(b, `,"userSelfURL":`...), d.UserSelfURL)
	b = strconv.AppendInt(append(b, `,"trashed":`...), int64(d.Trashed), 10)
	return append(b, '}')
}

// The states of an image on the wire; folders have 0.
const (
	imageNormal   = 2
	statusBlocked = 101 // of files as well
)

// statusOf is normal unless the operator has blocked the content.
func statusOf(blocked bool, normal int) int {
	if blocked {
		return statusBlocked
	}
	return normal
}

const bedRootName = "img_oss"

func (a *API) toBedItem(acc account.ID, i imagebed.Image) bedItem {
	out := bedItem{
		FileID: i.ID, Filename: i.Name, ParentFileID: i.Folder, Type: typeOf(i.IsFolder),
		CreateAt: wire.Time(i.CreatedAt), UpdateAt: wire.Time(i.UpdatedAt), ParentFilename: i.FolderName,
	}
	if out.ParentFilename == "" {
		out.ParentFilename = bedRootName
	}
	if i.IsFolder {
		if i.ID == i.Folder {
			out.Filename = bedRootName
		}
		return out
	}
	out.Etag, out.Size, out.Status = i.Etag, i.Size, statusOf(i.Blocked, imageNormal)
	out.S3KeyFlag, out.StorageNode = keyFlag(acc), storageNode
	out.Extension = picture.ExtOfName(i.Name)
	out.DownloadURL = a.link(i.ID, i.Ext)
	return out
}

// link is where everybody sees an image, for as long as it exists.
func (a *API) link(id imagebed.ID, ext string) string {
	return a.ImageURL + "/i/" + string(id) + "." + ext
}

type bedListIn struct {
	Parent    imagebed.ID `wire:"parentFileId,parentID"`
	Limit     int         `wire:"limit"`
	StartTime int64       `wire:"startTime" doc:"seconds since 1970"`
	EndTime   int64       `wire:"endTime" doc:"seconds since 1970"`
	Last      imagebed.ID `wire:"lastFileId"`
	Search    string      `wire:"searchData" doc:"what names of the folder begin with"`

	Page      *int           `wire:"page" doc:"from 1; a numbered page, in the order below, in place of what follows lastFileId"`
	OrderBy   imagebed.Order `wire:"orderBy" schema:"enum=create_at|file_name|size" doc:"of numbered pages; create_at where it is absent"`
	Direction string         `wire:"orderDirection" schema:"enum=asc|desc" doc:"of numbered pages; where it is absent the newest come first, the least name and size"`
}

type bedListOut struct {
	LastFileID imagebed.ID `json:"lastFileId" doc:"-1 at the end"`
	Total      *int64      `json:"total,omitempty" doc:"with page: how many there are in all"`
	FileList   []bedItem   `json:"fileList"`
}

// AppendJSON writes what the tags above say.
func (o bedListOut) AppendJSON(b []byte) []byte {
	b = wire.AppendString(append(b, `{"lastFileId":`...), string(o.LastFileID))
	if o.Total != nil {
		b = strconv.AppendInt(append(b, `,"total":`...), *o.Total, 10)
	}
	return append(appendList(append(b, `,"fileList":`...), o.FileList, (*bedItem).appendJSON), '}')
}

// lastSecond is the last one of the year 9999: what asks for later ones means the end.
const lastSecond = 253402300799

// lastPage is the cursor after the end of a list of the bed.
const lastPage = "-1"

func (a *API) bedList(ctx context.Context, acc account.ID, in bedListIn) (*bedListOut, error) {
	if in.Page != nil {
		return a.bedListPage(ctx, acc, in)
	}
	q := imagebed.Query{Folder: in.Parent, After: in.Last, Begins: in.Search, Limit: clampPage(in.Limit)}
	if in.StartTime > 0 {
		q.From = time.Unix(min(in.StartTime, lastSecond), 0)
	}
	if in.EndTime > 0 {
		q.To = time.Unix(min(in.EndTime, lastSecond), 0)
	}
	list, last, err := a.bedPage(ctx, acc, q)
	if err != nil {
		return nil, err
	}
	return &bedListOut{LastFileID: last, FileList: a.toBedItems(acc, list)}, nil
}

func (a *API) toBedItems(acc account.ID, list []imagebed.Image) []bedItem {
	out := make([]bedItem, len(list))
	for i, img := range list {
		out[i] = a.toBedItem(acc, img)
	}
	return out
}

// bedListPage answers a numbered page. A number and a cursor, or bounds of time, are no page.
func (a *API) bedListPage(ctx context.Context, acc account.ID, in bedListIn) (*bedListOut, error) {
	bad := func(name string) error { return fault.New(fault.BadRequest, "api: list", name) }
	switch {
	case in.Last != "" && in.Last != "0":
		return nil, bad("lastFileId")
	case in.StartTime > 0:
		return nil, bad("startTime")
	case in.EndTime > 0:
		return nil, bad("endTime")
	}
	q := imagebed.PageQuery{Folder: in.Parent, Begins: in.Search, Order: in.OrderBy, Page: max(1, *in.Page), Limit: clampPage(in.Limit)}
	if q.Order == "" {
		q.Order = imagebed.ByCreated
	}
	switch strings.ToLower(in.Direction) {
	case "":
		q.Desc = q.Order == imagebed.ByCreated
	case "asc":
	case "desc":
		q.Desc = true
	default:
		return nil, bad("orderDirection")
	}
	list, total, err := a.Bed.ListPage(ctx, acc, q)
	if err != nil {
		return nil, err
	}
	out := bedListOut{LastFileID: lastPage, Total: &total, FileList: a.toBedItems(acc, list)}
	if n := len(list); n > 0 && int64(q.Page)*int64(q.Limit) < total {
		out.LastFileID = list[n-1].ID
	}
	return &out, nil
}

// bedPage answers a page of the bed after the cursor of the page before, which clients
// begin with "" or "0", and the cursor for what follows.
func (a *API) bedPage(ctx context.Context, acc account.ID, q imagebed.Query) (list []imagebed.Image, last imagebed.ID, err error) {
	switch q.After {
	case lastPage:
		return nil, lastPage, nil
	case "0":
		q.After = ""
	}
	list, more, err := a.Bed.List(ctx, acc, q)
	if more {
		return list, list[len(list)-1].ID, err
	}
	return list, lastPage, err
}

type bedFileIn struct {
	FileID imagebed.ID `wire:"fileID;required"`
}

type bedDetailOut struct {
	bedItem
	Width  int `json:"width" doc:"in pixels; 0 where that is not known"`
	Height int `json:"height"`
}

func (a *API) bedDetail(ctx context.Context, acc account.ID, in bedFileIn) (*bedDetailOut, error) {
	i, err := a.Bed.Get(ctx, acc, in.FileID)
	if err != nil {
		return nil, err
	}
	return &bedDetailOut{a.toBedItem(acc, i), i.Width, i.Height}, nil
}

type bedMoveIn struct {
	FileIDs []imagebed.ID `wire:"fileIDs,fileID;required;max=100"`
	To      imagebed.ID   `wire:"toParentFileID,parentFileID"`
}

func (a *API) bedMove(ctx context.Context, acc account.ID, in bedMoveIn) (*wire.Null, error) {
	return nil, a.Bed.Move(ctx, acc, in.FileIDs, in.To)
}

type bedDeleteIn struct {
	FileIDs []imagebed.ID `wire:"fileIDs,fileID;required;max=100"`
	DryRun  bool          `wire:"dryRun,dry_run,dry-run" doc:"deletes nothing, and answers how many images would go"` // who asks for one in other letters must not lose anything
	Links   *int          `wire:"links" doc:"how many images may go: where there are more nothing is deleted"`
}

// bedDeleteOut is null where something was to be deleted.
type bedDeleteOut struct{ bedLinksCount }

type bedLinksCount struct {
	Links int `json:"links" doc:"images that would go, in folders too"`
}

func (a *API) bedDelete(ctx context.Context, acc account.ID, in bedDeleteIn) (*bedDeleteOut, error) {
	if in.Links != nil && *in.Links < 0 {
		return nil, fault.New(fault.BadRequest, "api: delete", "links")
	}
	if in.DryRun {
		n, err := a.Bed.Links(ctx, acc, in.FileIDs)
		return &bedDeleteOut{bedLinksCount{n}}, err
	}
	var detached bool
	var err error
	if in.Links == nil {
		detached, err = a.Bed.Delete(ctx, acc, in.FileIDs)
	} else {
		detached, err = a.Bed.DeleteUpTo(ctx, acc, in.FileIDs, *in.Links)
	}
	if err == nil && detached {
		a.OnDetached()
	}
	return nil, err
}

type bedCreateIn struct {
	Parent    imagebed.ID     `wire:"parentFileID"`
	Filename  string          `wire:"filename;required"`
	Etag      string          `wire:"etag;required"`
	Size      int64           `wire:"size;required"`
	Duplicate drive.Duplicate `wire:"duplicate"`
}

type bedCreateOut struct {
	FileID      string `json:"fileID"`
	Reuse       bool   `json:"reuse"`
	PreuploadID string `json:"preuploadID,omitempty"`
	SliceSize   int64  `json:"sliceSize,omitempty"`
}

func (a *API) bedCreate(ctx context.Context, acc account.ID, in bedCreateIn) (*bedCreateOut, error) {
	r, err := a.Uploads.Create(ctx, acc, upload.Request{
		Dest: upload.ToBed, Parent: string(in.Parent), Name: in.Filename, Etag: in.Etag, Size: in.Size, Duplicate: in.Duplicate,
	})
	return &bedCreateOut{r.ID, r.Reuse, r.UploadID, r.SliceSize}, err
}

func (a *API) bedUploadURL(ctx context.Context, acc account.ID, in uploadURLIn) (*uploadURLOut, error) {
	u, err := a.presign(ctx, acc, upload.ToBed, in)
	return &uploadURLOut{u, false}, err
}

func (a *API) bedParts(ctx context.Context, acc account.ID, in preuploadIn) (*partsOut, error) {
	return a.partsTo(ctx, acc, upload.ToBed, in)
}

type bedCompleteOut struct {
	Async     bool   `json:"async"`
	Completed bool   `json:"completed"`
	FileID    string `json:"fileID"`
	// A client polls with the id it reads here.
	PreuploadID string `json:"preuploadID"`
}

func (a *API) bedComplete(ctx context.Context, acc account.ID, in preuploadIn) (*bedCompleteOut, error) {
	id, err := a.complete(ctx, acc, upload.ToBed, in.PreuploadID)
	if fault.Is(err, fault.Verifying) {
		return &bedCompleteOut{true, false, "", in.PreuploadID}, nil
	}
	return &bedCompleteOut{false, true, id, in.PreuploadID}, err
}

type bedAsyncOut struct {
	Completed bool   `json:"completed"`
	FileID    string `json:"fileID"`
}

func (a *API) bedAsyncResult(ctx context.Context, acc account.ID, in preuploadIn) (*bedAsyncOut, error) {
	id, err := a.finished(ctx, acc, upload.ToBed, in.PreuploadID)
	return &bedAsyncOut{id != "", id}, err
}
