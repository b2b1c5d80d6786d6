package api

import (
	"context"
	"strconv"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/direct"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

// Direct links of the drive. The files are answered by transfer.

type directIn struct {
	FileID drive.ID `wire:"fileID;required"`
}

type directOut struct {
	Filename string `json:"filename"`
}

func (a *API) directEnable(ctx context.Context, acc account.ID, in directIn) (*directOut, error) {
	name, err := a.Links.Enable(ctx, acc, in.FileID)
	return &directOut{name}, err
}

func (a *API) directDisable(ctx context.Context, acc account.ID, in directIn) (*directOut, error) {
	name, err := a.Links.Disable(ctx, acc, in.FileID)
	return &directOut{name}, err
}

type directURLOut struct {
	URL string `json:"url"`
}

func (a *API) directURL(ctx context.Context, acc account.ID, in directIn) (*directURLOut, error) {
	path, err := a.Links.Path(ctx, acc, in.FileID)
	return &directURLOut{a.PublicURL + path}, err
}

// directRefresh has nothing to do: nothing of ours keeps what was there before.
func (a *API) directRefresh(context.Context, account.ID, struct{}) (*struct{}, error) {
	return &struct{}{}, nil
}

type directListIn struct {
	Limit int      `wire:"limit"`
	Last  drive.ID `wire:"lastFileId"`
}

type directFolder struct {
	FileID   drive.ID  `json:"fileID"`
	Filename string    `json:"filename"`
	URL      string    `json:"url" doc:"what the links of its files begin with; empty while it is in the trash"`
	CreateAt wire.Time `json:"createAt"`
}

type directListOut struct {
	List       []directFolder `json:"list"`
	LastFileID drive.ID       `json:"lastFileId" doc:"-1 at the end"`
}

func (a *API) directList(ctx context.Context, acc account.ID, in directListIn) (*directListOut, error) {
	list, more, err := a.Links.List(ctx, acc, in.Last, clampPage(in.Limit))
	if err != nil {
		return nil, err
	}
	out := directListOut{[]directFolder{}, -1}
	for _, f := range list {
		row := directFolder{FileID: f.ID, Filename: f.Name, CreateAt: wire.Time(time.UnixMicro(f.EnabledAt))}
		if f.Path != "" {
			row.URL = a.PublicURL + direct.URL(acc, f.Path) + "/"
		}
		out.List = append(out.List, row)
	}
	if more {
		out.LastFileID = list[len(list)-1].ID
	}
	return &out, nil
}

type directSignIn struct {
	Status *int   `wire:"status" schema:"enum=1|2" doc:"1 URLs want a signature, 2 they don't; absent for what holds"`
	Key    string `wire:"privateKey" doc:"8 to 128 characters of ASCII; absent for the one there is, or a random one where there is none"`
}

type directSignOut struct {
	Status int    `json:"status" schema:"enum=1|2"`
	Key    string `json:"privateKey"`
}

// The documented numbers of what is on or off.
const (
	switchOn  = 1
	switchOff = 2
)

func isOn(n int, name string) (bool, error) {
	if n != switchOn && n != switchOff {
		return false, fault.New(fault.BadRequest, "api: direct", name)
	}
	return n == switchOn, nil
}

func numberOf(on bool) int {
	if on {
		return switchOn
	}
	return switchOff
}

func (a *API) directSign(ctx context.Context, acc account.ID, in directSignIn) (*directSignOut, error) {
	var on *bool
	if in.Status != nil {
		is, err := isOn(*in.Status, "status")
		if err != nil {
			return nil, err
		}
		on = &is
	}
	s, err := a.Links.Sign(ctx, acc, on, in.Key)
	return &directSignOut{numberOf(s.Signed), s.Key}, err
}

type forbidSwitchIn struct {
	Status int `wire:"Status;required" schema:"enum=1|2" doc:"1 on, 2 off"`
}

type forbidSwitchOut struct {
	Done bool `json:"Done"`
}

func (a *API) forbidSwitch(ctx context.Context, acc account.ID, in forbidSwitchIn) (*forbidSwitchOut, error) {
	on, err := isOn(in.Status, "Status")
	if err != nil {
		return nil, err
	}
	return &forbidSwitchOut{true}, a.Links.SwitchBlocking(ctx, acc, on)
}

type forbidUpdateIn struct {
	List []string `wire:"IpList;max=2000;csv" doc:"addresses of IPv4 or IPv6, in the place of those before; absent for none"`
}

func (a *API) forbidUpdate(ctx context.Context, acc account.ID, in forbidUpdateIn) (*struct{}, error) {
	return &struct{}{}, a.Links.Block(ctx, acc, in.List)
}

type forbidListOut struct {
	List   []string `json:"ipList"`
	Status int      `json:"status" schema:"enum=1|2"`
}

func (a *API) forbidList(ctx context.Context, acc account.ID, _ struct{}) (*forbidListOut, error) {
	s, err := a.Links.Settings(ctx, acc)
	if err != nil {
		return nil, err
	}
	list, err := a.Links.Blocked(ctx, acc)
	if list == nil {
		list = []string{}
	}
	return &forbidListOut{list, numberOf(s.Blocking)}, err
}

type directLogIn struct {
	Page  int     `wire:"pageNum"`
	Size  int     `wire:"pageSize" doc:"up to 100"`
	Start logTime `wire:"startTime" doc:"2006-01-02 15:04:05, UTC+8; absent for three days ago"`
	End   logTime `wire:"endTime" doc:"absent for now"`
}

// logTime is a time in UTC+8, or in seconds since 1970.
type logTime struct{ time.Time }

var inUTC8 = time.FixedZone("UTC+8", 8*60*60)

// UnmarshalText reads it.
func (t *logTime) UnmarshalText(b []byte) (err error) {
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil && len(b) <= len("1767225600") {
		t.Time = time.Unix(n, 0)
		return nil
	}
	t.Time, err = time.ParseInLocation(time.DateTime, string(b), inUTC8)
	return err
}

type directLine struct {
	UniqueID     string `json:"uniqueID"`
	FileName     string `json:"fileName"`
	FileSize     int64  `json:"fileSize"`
	FilePath     string `json:"filePath" doc:"where it is now; empty where it is not there any more"`
	URL          string `json:"directLinkURL" doc:"without a signature"`
	FileSource   int    `json:"fileSource" schema:"enum=1" doc:"1 drive"`
	TotalTraffic int64  `json:"totalTraffic" doc:"bytes in the hour"`

	// Beyond the documentation.
	FileID   drive.ID  `json:"fileID"`
	Hour     wire.Time `json:"hour" doc:"its beginning"`
	Requests int64     `json:"requests"`
}

type directLogOut struct {
	Total int64        `json:"total"`
	List  []directLine `json:"list"`
}

func (a *API) directLog(ctx context.Context, acc account.ID, in directLogIn) (*directLogOut, error) {
	from, to := direct.Hour(0), direct.Hour(1<<40)
	if !in.Start.IsZero() {
		from = direct.HourOf(in.Start.Time)
	}
	if !in.End.IsZero() {
		to = direct.HourOf(in.End.Time) + 1
	}
	size := clampPage(in.Size)
	skip := (min(max(in.Page, 1), 1<<20) - 1) * size
	list, total, err := a.Links.Log(ctx, acc, from, to, skip, size)
	if err != nil {
		return nil, err
	}
	out := directLogOut{total, []directLine{}}
	for _, l := range list {
		line := directLine{
			UniqueID: l.Hour.Begins().In(inUTC8).Format(hourLayout) + "-" + l.ID.String(), FileName: l.Name, FileSize: l.Size, FilePath: l.Path,
			FileSource: 1, TotalTraffic: l.Bytes, FileID: l.ID, Hour: wire.Time(l.Hour.Begins()), Requests: l.Requests,
		}
		if l.Path != "" {
			line.URL = a.PublicURL + direct.URL(acc, l.Path)
		}
		out.List = append(out.List, line)
	}
	return &out, nil
}

type directFilesIn struct {
	Page  int     `wire:"pageNum"`
	Size  int     `wire:"pageSize" doc:"up to 100"`
	Start logHour `wire:"startHour" doc:"2006010215, UTC+8; absent for 30 days ago"`
	End   logHour `wire:"endHour" doc:"absent for the last one that is over"`
}

// logHour is an hour in UTC+8.
type logHour struct{ direct.Hour }

const hourLayout = "2006010215"

// UnmarshalText reads it.
func (h *logHour) UnmarshalText(b []byte) error {
	t, err := time.ParseInLocation(hourLayout, string(b), inUTC8)
	h.Hour = direct.HourOf(t)
	return err
}

type directFile struct {
	ID          direct.Hour `json:"id"`
	FileName    string      `json:"fileName"`
	FileSize    int64       `json:"fileSize"`
	TimeRange   string      `json:"logTimeRange"`
	DownloadURL string      `json:"downloadURL" doc:"works 24 hours without a token"`
}

type directFilesOut struct {
	Total int          `json:"total"`
	List  []directFile `json:"list"`
}

func (a *API) directFiles(ctx context.Context, acc account.ID, in directFilesIn) (*directFilesOut, error) {
	from, to := in.Start.Hour, direct.Hour(1<<40)
	if in.End.Hour != 0 {
		to = in.End.Hour + 1
	}
	size := clampPage(in.Size)
	list, total, err := a.Links.Files(ctx, acc, from, to, (min(max(in.Page, 1), 1<<20)-1)*size, size)
	if err != nil {
		return nil, err
	}
	out := directFilesOut{total, []directFile{}}
	for _, f := range list {
		path := "/dl-log/" + drive.ID(acc).String() + "/" + strconv.FormatInt(int64(f.Hour), 10)
		sign, err := a.Accounts.Sign(ctx, acc, downloadLife, "GET "+path)
		if err != nil {
			return nil, err
		}
		name := f.Hour.Begins().In(inUTC8).Format(hourLayout)
		out.List = append(out.List, directFile{
			ID: f.Hour, FileName: name + ".csv", FileSize: f.Size, TimeRange: name + "-" + (f.Hour + 1).Begins().In(inUTC8).Format(hourLayout),
			DownloadURL: a.PublicURL + path + "/" + sign + "/" + name + ".csv",
		})
	}
	return &out, nil
}
