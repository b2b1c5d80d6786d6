package api

import (
	"context"
	"encoding/json"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
	"tuchuang/internal/offline"
	"tuchuang/internal/queue"
)

// URLs that are fetched into drive or bed.

type offlineIn struct {
	URL      string `wire:"url;required"`
	Name     string `wire:"fileName"`
	Dir      string `wire:"dirID" schema:"or=integer"`
	Path     string `wire:"savePath"` // below it, not in the documentation
	Callback string `wire:"callBackUrl"`
}

type bedOfflineIn struct {
	URL      string `wire:"url;required"`
	Name     string `wire:"fileName"`
	Dir      string `wire:"businessDirID,dirID"`
	Path     string `wire:"savePath"`
	Callback string `wire:"callBackUrl"`
	Type     int    `wire:"type;default=1" schema:"enum=1"`
}

type offlineOut struct {
	TaskID offline.Seq `json:"taskID"`
}

func (a *API) offlineCreate(ctx context.Context, acc account.ID, in offlineIn) (*offlineOut, error) {
	seq, err := a.Downloads.Create(ctx, acc, offline.Request{
		Dest: offline.ToDrive, URL: in.URL, Name: in.Name, Parent: in.Dir, Path: in.Path, Callback: in.Callback,
	})
	return &offlineOut{seq}, err
}

func (a *API) bedOfflineCreate(ctx context.Context, acc account.ID, in bedOfflineIn) (*offlineOut, error) {
	if in.Type != 1 {
		return nil, fault.New(fault.BadRequest, "api: offline", "type")
	}
	seq, err := a.Downloads.Create(ctx, acc, offline.Request{
		Dest: offline.ToBed, URL: in.URL, Name: in.Name, Parent: in.Dir, Path: in.Path, Callback: in.Callback,
	})
	return &offlineOut{seq}, err
}

type offlineTaskIn struct {
	TaskID offline.Seq `wire:"taskID;required"`
}

// The documented numbers of where a download stands.
const (
	offlineRunning  = 0
	offlineFailed   = 1
	offlineDone     = 2
	offlineRetrying = 3
)

// fetchedID is a number of the drive, or a text of the bed.
type fetchedID struct{ id any }

// MarshalJSON writes the id alone.
func (f fetchedID) MarshalJSON() ([]byte, error) { return json.Marshal(f.id) }

type offlineProcessOut struct {
	Process int `json:"process" doc:"percent"` // percent
	Status  int `json:"status" schema:"enum=0|1|2|3" doc:"0 running, 1 failed, 2 done, 3 to be tried again"`

	// Beyond the documentation.
	FileID        fetchedID        `json:"fileID"` // 0 and "" before the end
	Filename      string           `json:"filename"`
	Bytes         int64            `json:"bytes"`
	Total         int64            `json:"total" doc:"-1 where it is not known"` // -1 where that is not known
	Tries         int              `json:"tries"`
	FailCode      offline.FailCode `json:"failCode"`
	FailMessage   string           `json:"failMessage"`
	FailMessageEn string           `json:"failMessageEn"`
	CreateAt      wire.Time        `json:"createAt"`
}

func (a *API) toOffline(s offline.Status) offlineProcessOut {
	out := offlineProcessOut{
		Process: s.Percent(), Status: offlineRunning, FileID: fetchedID{s.ResultID}, Filename: s.Name, Bytes: s.Bytes, Total: s.Total, Tries: s.Tries,
		FailCode: s.FailCode, CreateAt: wire.Time(s.CreatedAt),
	}
	switch {
	case s.State == queue.Done:
		out.Status = offlineDone
	case !s.State.Unfinished():
		out.Status = offlineFailed
	case s.Retrying():
		out.Status = offlineRetrying
	}
	if s.Dest == offline.ToDrive {
		out.FileID.id = json.Number(s.ResultID)
		if s.ResultID == "" {
			out.FileID.id = 0
		}
	}
	out.FailMessage, out.FailMessageEn = a.Downloads.Words(s)
	if s.TraceID != "" {
		out.FailMessage += " (" + s.TraceID + ")"
	}
	return out
}

func (a *API) offlineProcess(ctx context.Context, acc account.ID, in offlineTaskIn) (*offlineProcessOut, error) {
	return a.offlineStatus(ctx, acc, offline.ToDrive, in.TaskID)
}

func (a *API) bedOfflineProcess(ctx context.Context, acc account.ID, in offlineTaskIn) (*offlineProcessOut, error) {
	return a.offlineStatus(ctx, acc, offline.ToBed, in.TaskID)
}

func (a *API) offlineStatus(ctx context.Context, acc account.ID, to offline.Dest, seq offline.Seq) (*offlineProcessOut, error) {
	s, err := a.Downloads.Status(ctx, acc, to, seq)
	if err != nil {
		return nil, err
	}
	out := a.toOffline(s)
	return &out, nil
}

type offlineListIn struct {
	Limit int   `wire:"limit"`
	Last  int64 `wire:"lastTaskID"`
}

type offlineListItem struct {
	TaskID offline.Seq `json:"taskID"`
	To     string      `json:"to" schema:"enum=drive|bed"` // drive or bed
	URL    string      `json:"url"`
	offlineProcessOut
}

type offlineListOut struct {
	LastTaskID int64             `json:"lastTaskID"` // -1 at the end
	List       []offlineListItem `json:"list"`
}

func (a *API) offlineList(ctx context.Context, acc account.ID, in offlineListIn) (*offlineListOut, error) {
	out := offlineListOut{-1, []offlineListItem{}}
	if in.Last < 0 {
		return &out, nil
	}
	list, more, err := a.Downloads.List(ctx, acc, offline.Seq(in.Last), clampPage(in.Limit))
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		out.List = append(out.List, offlineListItem{offline.Seq(s.Seq), s.Dest.String(), s.URL, a.toOffline(s)})
	}
	if more {
		out.LastTaskID = list[len(list)-1].Seq
	}
	return &out, nil
}
