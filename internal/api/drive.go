package api

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

const pageSize = 100

// clampPage gives the documented page size where none or too much is asked.
func clampPage(n int) int {
	if n < 1 || n > pageSize {
		return pageSize
	}
	return n
}

type mkdirIn struct {
	Name   string   `wire:"name;required"`
	Parent drive.ID `wire:"parentID,parentFileID"`
}

type mkdirOut struct {
	DirID drive.ID `json:"dirID"`
}

func (a *API) mkdir(ctx context.Context, acc account.ID, in mkdirIn) (*mkdirOut, error) {
	id, err := a.Drive.Mkdir(ctx, acc, in.Parent, in.Name)
	return &mkdirOut{id}, err
}

// driveItem is an entry in v2 lists and infos.
type driveItem struct {
	FileID       drive.ID  `json:"fileId"`
	Filename     string    `json:"filename"`
	ParentFileID drive.ID  `json:"parentFileId"`
	Type         int       `json:"type" schema:"enum=0|1" doc:"0 file, 1 folder"`
	Etag         string    `json:"etag"`
	Size         int64     `json:"size"`
	Category     int       `json:"category" schema:"enum=0|1|2|3|10" doc:"1 audio, 2 video, 3 picture, 10 archive"`
	Status       int       `json:"status"`
	PunishFlag   int       `json:"punishFlag"`
	S3KeyFlag    string    `json:"s3KeyFlag"`
	StorageNode  string    `json:"storageNode"`
	Trashed      int       `json:"trashed" schema:"enum=0|1"`
	CreateAt     wire.Time `json:"createAt"`
	UpdateAt     wire.Time `json:"updateAt"`
}

// appendJSON writes what the tags above say.
func (d *driveItem) appendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"fileId":`...), int64(d.FileID), 10)
	b = wire.AppendString(append(b, `,"filename":`...), d.Filename)
	b = strconv.AppendInt(append(b, `,"parentFileId":`...), int64(d.ParentFileID), 10)
	b = strconv.AppendInt(append(b, `,"type":`...), int64(d.Type), 10)
	b = wire.AppendString(append(b, `,"etag":`...), d.Etag)
	b = strconv.AppendInt(append(b, `,"size":`...), d.Size, 10)
	b = strconv.AppendInt(append(b, `,"category":`...), int64(d.Category), 10)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(d.Status), 10)
	b = strconv.AppendInt(append(b, `,"punishFlag":`...), int64(d.PunishFlag), 10)
	b = wire.AppendString(append(b, `,"s3KeyFlag":`...), d.S3KeyFlag)
	b = wire.AppendString(append(b, `,"storageNode":`...), d.StorageNode)
	b = strconv.AppendInt(append(b, `,"trashed":`...), int64(d.Trashed), 10)
	b = wire.AppendTime(append(b, `,"createAt":`...), d.CreateAt)
	b = wire.AppendTime(append(b, `,"updateAt":`...), d.UpdateAt)
	return append(b, '}')
}

const storageNode = "m0"

func keyFlag(acc account.ID) string { return drive.ID(acc).String() + "-0" }

func toItem(acc account.ID, e drive.Entry) driveItem {
	return driveItem{
		FileID: e.ID, Filename: e.Name, ParentFileID: e.Parent, Type: typeOf(e.IsFolder()), Etag: e.Etag, Size: e.Size,
		Category: category(e), Status: statusOf(e.Blocked, 0), S3KeyFlag: keyFlag(acc), StorageNode: storageNode, Trashed: flag(e.Trashed != drive.Live),
		CreateAt: wire.Time(e.CreatedAt), UpdateAt: wire.Time(e.UpdatedAt),
	}
}

func toItems(acc account.ID, list []drive.Entry) []driveItem {
	out := make([]driveItem, len(list))
	for i, e := range list {
		out[i] = toItem(acc, e)
	}
	return out
}

func typeOf(folder bool) int { return flag(folder) }

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

var categories = map[string]int{
	"mp3": 1, "flac": 1, "wav": 1, "aac": 1, "m4a": 1, "ogg": 1, "opus": 1, "wma": 1, "ape": 1,
	"mp4": 2, "mkv": 2, "avi": 2, "mov": 2, "wmv": 2, "flv": 2, "webm": 2, "m4v": 2, "ts": 2, "rmvb": 2,
	"zip": 10, "rar": 10, "7z": 10, "tar": 10, "gz": 10, "bz2": 10, "xz": 10, "zst": 10,
}

// category is 0 unknown, 1 audio, 2 video, 3 image, 10 archive.
func category(e drive.Entry) int {
	if e.IsFolder() {
		return 0
	}
	if picture.Named(e.Name) {
		return 3
	}
	return categories[picture.ExtOfName(e.Name)]
}

type listV2In struct {
	Parent drive.ID `wire:"parentFileId"`
	Limit  int      `wire:"limit"`
	Search string   `wire:"searchData"`
	Mode   int      `wire:"searchMode" doc:"1: the exact name"`
	Last   int64    `wire:"lastFileId"`
}

type listV2Out struct {
	LastFileID drive.ID    `json:"lastFileId" doc:"-1 at the end"`
	FileList   []driveItem `json:"fileList"`
}

// AppendJSON writes what the tags above say.
func (o listV2Out) AppendJSON(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"lastFileId":`...), int64(o.LastFileID), 10)
	return append(appendList(append(b, `,"fileList":`...), o.FileList, (*driveItem).appendJSON), '}')
}

// appendList writes a list that is not nil.
func appendList[T any](b []byte, list []T, item func(*T, []byte) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(&list[i], b)
	}
	return append(b, ']')
}

func (a *API) listV2(ctx context.Context, acc account.ID, in listV2In) (*listV2Out, error) {
	var p drive.Page
	var err error
	if in.Last < 0 { // after the last page
		return &listV2Out{-1, []driveItem{}}, nil
	}
	after := drive.ID(in.Last)
	if in.Search != "" {
		p, err = a.Drive.Search(ctx, acc, in.Search, in.Mode == 1, after, clampPage(in.Limit))
	} else {
		p, err = a.Drive.List(ctx, acc, in.Parent, after, clampPage(in.Limit))
	}
	if err != nil {
		return nil, err
	}
	out := listV2Out{LastFileID: -1, FileList: toItems(acc, p.Entries)}
	if p.More {
		out.LastFileID = p.Next
	}
	return &out, nil
}

type listV1In struct {
	Parent    drive.ID `wire:"parentFileId"`
	Page      int      `wire:"page"`
	Limit     int      `wire:"limit"`
	OrderBy   string   `wire:"orderBy" schema:"enum=file_id|file_name|size|create_at|update_at|update_time"`
	Direction string   `wire:"orderDirection" schema:"enum=asc|desc"`
	Trashed   bool     `wire:"trashed"`
	Search    string   `wire:"searchData"`

	FoldersFirst bool `wire:"foldersFirst" doc:"folders, then files, each in that order; of the trash it has no effect"`
}

type listV1Item struct {
	FileID       drive.ID    `json:"fileID"`
	Filename     string      `json:"filename"`
	ParentFileID drive.ID    `json:"parentFileId"`
	ParentName   string      `json:"parentName"`
	Type         int         `json:"type" schema:"enum=0|1" doc:"0 file, 1 folder"`
	Etag         string      `json:"etag"`
	Size         int64       `json:"size"`
	ContentType  string      `json:"contentType"`
	Category     int         `json:"category" schema:"enum=0|1|2|3|10" doc:"1 audio, 2 video, 3 picture, 10 archive"`
	Hidden       bool        `json:"hidden"`
	Status       int         `json:"status"`
	PunishFlag   int         `json:"punishFlag"`
	S3KeyFlag    string      `json:"s3KeyFlag"`
	StorageNode  string      `json:"storageNode"`
	Trashed      int         `json:"trashed" schema:"enum=0|1"`
	CreateAt     wire.TimeV1 `json:"createAt"`
	UpdateAt     wire.TimeV1 `json:"updateAt"`
	Thumbnail    string      `json:"thumbnail"`
	DownloadURL  string      `json:"downloadUrl"`
}

type listV1Out struct {
	Total    int64        `json:"total"`
	FileList []listV1Item `json:"fileList"`
}

var orders = map[string]drive.Order{
	"": drive.ByID, "file_id": drive.ByID, "file_name": drive.ByName, "size": drive.BySize,
	"create_at": drive.ByCreated, "update_at": drive.ByUpdated, "update_time": drive.ByUpdated,
}

func (a *API) listV1(ctx context.Context, acc account.ID, in listV1In) (*listV1Out, error) {
	order, ok := orders[in.OrderBy]
	if !ok {
		return nil, fault.New(fault.BadRequest, "api: list", "orderBy")
	}
	direction := strings.ToLower(in.Direction)
	if direction != "" && direction != "asc" && direction != "desc" {
		return nil, fault.New(fault.BadRequest, "api: list", "orderDirection")
	}
	q := drive.PageQuery{
		Folder: in.Parent, Trash: in.Trashed, Search: in.Search, Order: order, Desc: direction == "desc",
		Page: max(1, in.Page), Limit: clampPage(in.Limit), FoldersFirst: in.FoldersFirst,
	}
	list, total, err := a.Drive.ListPage(ctx, acc, q)
	if err != nil {
		return nil, err
	}
	out := listV1Out{Total: total, FileList: make([]listV1Item, len(list))}
	for i, e := range list {
		out.FileList[i] = listV1Item{
			FileID: e.ID, Filename: e.Name, ParentFileID: e.Parent, ParentName: e.ParentName, Type: typeOf(e.IsFolder()), Etag: e.Etag, Size: e.Size,
			ContentType: "0", Category: category(e), Status: statusOf(e.Blocked, 0), S3KeyFlag: keyFlag(acc), StorageNode: storageNode,
			Trashed: flag(e.Trashed != drive.Live), CreateAt: wire.TimeV1(e.CreatedAt), UpdateAt: wire.TimeV1(e.UpdatedAt),
		}
	}
	return &out, nil
}

type fileIDIn struct {
	FileID drive.ID `wire:"fileID;required"`
}

type detailOut struct {
	FileID       drive.ID  `json:"fileID"`
	Filename     string    `json:"filename"`
	Type         int       `json:"type" schema:"enum=0|1" doc:"0 file, 1 folder"`
	Size         int64     `json:"size"`
	Etag         string    `json:"etag"`
	Status       int       `json:"status"`
	ParentFileID drive.ID  `json:"parentFileID"`
	ParentName   string    `json:"parentName"`
	CreateAt     wire.Time `json:"createAt"`
	Trashed      int       `json:"trashed" schema:"enum=0|1"`
}

func (a *API) detail(ctx context.Context, acc account.ID, in fileIDIn) (*detailOut, error) {
	e, parent, err := a.Drive.Get(ctx, acc, in.FileID)
	if err != nil {
		return nil, err
	}
	return &detailOut{
		FileID: e.ID, Filename: e.Name, Type: typeOf(e.IsFolder()), Size: e.Size, Etag: e.Etag, Status: statusOf(e.Blocked, 0), ParentFileID: e.Parent,
		ParentName: parent, CreateAt: wire.Time(e.CreatedAt), Trashed: flag(e.Trashed != drive.Live),
	}, nil
}

type driveIDsIn struct {
	FileIDs []drive.ID `wire:"fileIDs,fileID;required;max=100"`
}

type infosIn struct {
	FileIDs []drive.ID `wire:"fileIds,fileID;required;max=100"`
}

type infosOut struct {
	// Both: the table and the example of the documentation differ, and so do clients.
	FileList []driveItem `json:"fileList"`
	List     []driveItem `json:"list"`
}

func (a *API) infos(ctx context.Context, acc account.ID, in infosIn) (*infosOut, error) {
	list, err := a.Drive.Infos(ctx, acc, in.FileIDs)
	if err != nil {
		return nil, err
	}
	items := toItems(acc, list)
	return &infosOut{items, items}, nil
}

func (a *API) trash(ctx context.Context, acc account.ID, in driveIDsIn) (*wire.Null, error) {
	return nil, a.Drive.Trash(ctx, acc, in.FileIDs)
}

func (a *API) delete(ctx context.Context, acc account.ID, in driveIDsIn) (*wire.Null, error) {
	detached, err := a.Drive.Delete(ctx, acc, in.FileIDs)
	if err == nil && detached {
		a.OnDetached()
	}
	return nil, err
}

// downloadLife is how long a download URL works.
const downloadLife = 24 * time.Hour

type downloadIn struct {
	FileID drive.ID `wire:"fileId;required"`
}

type downloadInfoOut struct {
	DownloadURL string `json:"downloadUrl"`
}

func (a *API) downloadInfo(ctx context.Context, acc account.ID, in downloadIn) (*downloadInfoOut, error) {
	e, _, err := a.Drive.Get(ctx, acc, in.FileID)
	if err != nil {
		return nil, err
	}
	if e.IsFolder() {
		return nil, fault.New(fault.NotFile, "api: download")
	}
	return a.downloadURL(ctx, acc, "/d/"+drive.ID(acc).String()+"/"+e.ID.String(), e.Name)
}

// downloadURL signs a path; what is behind it has a name.
func (a *API) downloadURL(ctx context.Context, acc account.ID, path, name string) (*downloadInfoOut, error) {
	sign, err := a.Accounts.Sign(ctx, acc, downloadLife, "GET "+path)
	if err != nil {
		return nil, err
	}
	return &downloadInfoOut{a.PublicURL + path + "/" + sign + "/" + url.PathEscape(name)}, nil
}

type archiveIn struct {
	FileIDs  []drive.ID `wire:"fileIDs,fileID;required;max=100"`
	Filename string     `wire:"filename" doc:"what the archive is called; as the first of the files where it is empty"`
}

func (a *API) archiveInfo(ctx context.Context, acc account.ID, in archiveIn) (*downloadInfoOut, error) {
	trees, err := a.Drive.Trees(ctx, acc, in.FileIDs)
	if err != nil {
		return nil, err
	}
	name := trees[0][0].Name
	if in.Filename != "" {
		if name, err = entryname.Clean(in.Filename); err != nil {
			return nil, err
		}
	}
	ids := make([]string, len(trees))
	for i, tree := range trees {
		ids[i] = tree[0].ID.String()
	}
	stem := []rune(strings.ReplaceAll(strings.TrimSuffix(name, ".zip"), ":", "_")) // as the archive has it
	return a.downloadURL(ctx, acc, "/z/"+drive.ID(acc).String()+"/"+strings.Join(ids, "-"), string(stem[:min(len(stem), entryname.Max-len(".zip"))])+".zip")
}
