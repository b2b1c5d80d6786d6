package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/copytask"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

// What tasks do, beyond the documentation.

type copyListIn struct {
	Limit  int         `wire:"limit"`
	Last   copytask.ID `wire:"lastTaskID"`
	Status int         `wire:"status" schema:"enum=0|1|2|3|4|5" doc:"0 any, 1 running, 2 done, 3 failed or cancelled, 4 waiting, 5 cancelled"`
}

type copyListItem struct {
	TaskID copytask.ID `json:"taskID"`
	copyProcessOut
}

type copyListOut struct {
	LastTaskID copytask.ID    `json:"lastTaskID" doc:"-1 at the end"` // "-1" at the end
	List       []copyListItem `json:"list"`
}

// statesOf are those that a status on the wire stands for; a cancelled task is a failed
// one there, and can be asked for alone.
func statesOf(status int) ([]queue.State, bool) {
	switch s := queue.State(status); s {
	case 0:
		return nil, true
	case queue.Failed:
		return []queue.State{queue.Failed, queue.Cancelled}, true
	case queue.Running, queue.Done, queue.Waiting, queue.Cancelled:
		return []queue.State{s}, true
	}
	return nil, false
}

func (a *API) copyList(ctx context.Context, acc account.ID, in copyListIn) (*copyListOut, error) {
	states, ok := statesOf(in.Status)
	if !ok {
		return nil, fault.New(fault.BadRequest, "api: tasks", "status")
	}
	if in.Last == lastPage {
		return &copyListOut{lastPage, []copyListItem{}}, nil
	}
	list, more, err := a.Tasks.List(ctx, acc, copytask.ListQuery{Before: in.Last, States: states, Limit: clampPage(in.Limit)})
	if err != nil {
		return nil, err
	}
	out := copyListOut{LastTaskID: lastPage, List: make([]copyListItem, len(list))}
	for n, s := range list {
		out.List[n] = copyListItem{copytask.ID(s.ID), toProcess(s, a.limits)}
	}
	if more {
		out.LastTaskID = out.List[len(list)-1].TaskID
	}
	return &out, nil
}

type copyItemsIn struct {
	TaskID  copytask.ID `wire:"taskID;required"`
	Outcome string      `wire:"outcome"`
	Reason  string      `wire:"reason"`
	Limit   int         `wire:"limit"`
	Last    int         `wire:"lastSeq"`
}

// ledgerLine is what a picture comes to, or will.
type ledgerLine struct {
	Seq             int             `json:"seq"`
	FileID          drive.ID        `json:"fileId"`
	Filename        string          `json:"filename"`
	SourcePath      string          `json:"sourcePath"`
	TargetPath      string          `json:"targetPath"`
	Etag            string          `json:"etag"`
	Size            int64           `json:"size"`
	Outcome         string          `json:"outcome" schema:"enum=open|copied|replaced|skipped|failed"`
	Reason          copytask.Reason `json:"reason"`
	ReasonMessage   string          `json:"reasonMessage"`
	ReasonMessageEn string          `json:"reasonMessageEn"`
	ImageID         imagebed.ID     `json:"imageID"` // of a plan: whose link stays, "" for a new image
}

type copyItem struct {
	ledgerLine
	DownloadURL string `json:"downloadURL"` // "" where the image is there no more
}

type copyItemsOut struct {
	LastSeq int        `json:"lastSeq" doc:"-1 at the end"` // -1 at the end
	List    []copyItem `json:"list"`
}

// outcomeOf reads the word of an outcome in any case, or its number; "" is any.
func outcomeOf(s string) (copytask.Outcome, bool) {
	if s == "" {
		return -1, true
	}
	n := slices.Index(copytask.Outcomes[:], strings.ToLower(s))
	if i, err := strconv.Atoi(s); err == nil && i >= 0 && i < len(copytask.Outcomes) {
		n = i
	}
	return copytask.Outcome(n), n >= 0
}

func (a *API) copyItems(ctx context.Context, acc account.ID, in copyItemsIn) (*copyItemsOut, error) {
	outcome, ok := outcomeOf(in.Outcome)
	if !ok {
		return nil, fault.New(fault.BadRequest, "api: items", "outcome")
	}
	reason := copytask.Reason(strings.ToLower(in.Reason))
	if reason != "" && !reason.Known() {
		return nil, fault.New(fault.BadRequest, "api: items", "reason")
	}
	q := copytask.ItemQuery{Outcome: outcome, Reason: reason, After: in.Last, Limit: clampPage(in.Limit)}
	if in.Last < 0 {
		q.Limit = 0 // after the end, of a task that is there
	}
	list, more, err := a.Tasks.Items(ctx, acc, in.TaskID, q)
	if err != nil {
		return nil, err
	}
	out := copyItemsOut{LastSeq: -1, List: make([]copyItem, len(list))}
	for n, i := range list {
		out.List[n] = a.toCopyItem(i)
	}
	if more && len(list) > 0 {
		out.LastSeq = list[len(list)-1].Seq
	}
	return &out, nil
}

func (a *API) toCopyItem(i copytask.Item) copyItem {
	out := copyItem{ledgerLine: ledgerLine{
		i.Seq, i.DriveID, i.Name, i.SourcePath, i.TargetPath, i.Etag, i.Size,
		i.Outcome.String(), i.Reason, i.Reason.Chinese(a.limits), i.Reason.English(a.limits), i.ImageID,
	}}
	if i.Ext != "" {
		out.DownloadURL = a.link(i.ImageID, i.Ext)
	}
	return out
}

func (a *API) copyCancel(ctx context.Context, acc account.ID, in taskIn) (*wire.Null, error) {
	return nil, a.Tasks.Cancel(ctx, acc, in.TaskID)
}

type copyRetryIn struct {
	TaskID copytask.ID `wire:"taskID;required"`
	Seqs   []int       `wire:"seqs;max=100" doc:"lines of its ledger that failed: these alone"`
}

func (a *API) copyRetry(ctx context.Context, acc account.ID, in copyRetryIn) (*taskOut, error) {
	id, err := a.Tasks.Retry(ctx, acc, in.TaskID, in.Seqs...)
	return &taskOut{id}, err
}
