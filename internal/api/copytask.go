package api

import (
	"context"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/copytask"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/queue"
)

type copyIn struct {
	FileIDs    []drive.ID      `wire:"fileIDs,fileID;max=100"` // required without a planID
	To         imagebed.ID     `wire:"toParentFileID,parentFileID"`
	ToPath     string          `wire:"toPath" doc:"folders below the target, made where they are not there"` // below it, not in the documentation
	SourceType int             `wire:"sourceType;default=1" schema:"enum=1"`
	Type       int             `wire:"type;default=1" schema:"enum=1"`
	PlanID     copytask.PlanID `wire:"planID" doc:"in place of fileIDs: of a plan"`
}

// check says what is wrong with it.
func (in copyIn) check() error {
	const only = 1 // the one documented value of both types
	switch {
	case len(in.FileIDs) == 0 && in.PlanID == "":
		return fault.New(fault.BadRequest, "api: copy", "fileIDs")
	case in.SourceType != only:
		return fault.New(fault.BadRequest, "api: copy", "sourceType")
	case in.Type != only:
		return fault.New(fault.BadRequest, "api: copy", "type")
	}
	return nil
}

// below are the names of toPath.
func (in copyIn) below() []string {
	return strings.FieldsFunc(in.ToPath, func(r rune) bool { return r == '/' })
}

func (a *API) copyCreate(ctx context.Context, acc account.ID, in copyIn) (*taskOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	var id copytask.ID
	var err error
	if in.PlanID != "" {
		id, err = a.Tasks.CreatePlanned(ctx, acc, in.PlanID, copytask.Asked{IDs: in.FileIDs, Target: in.To, Below: in.below()})
	} else {
		id, err = a.Tasks.Create(ctx, acc, in.FileIDs, in.To, in.below()...)
	}
	return &taskOut{id}, err
}

type taskOut struct {
	TaskID copytask.ID `json:"taskID"`
}

type taskIn struct {
	TaskID copytask.ID `wire:"taskID;required"`
}

type copyProcessOut struct {
	Status  int    `json:"status" schema:"enum=1|2|3|4" doc:"1 running, 2 done, 3 failed, 4 waiting"`
	FailMsg string `json:"failMsg" doc:"in Chinese"`

	// Beyond the documentation.
	FailCode copytask.FailCode `json:"failCode"`
	Total    int               `json:"total"`
	Copied   int               `json:"copied"`
	Replaced int               `json:"replaced"`
	Skipped  int               `json:"skipped"`
	Failed   int               `json:"failed"`
	Bytes    int64             `json:"bytes"`
	CreateAt wire.Time         `json:"createAt"`
	StartAt  wire.MaybeTime    `json:"startAt"`  // "" before it has started
	FinishAt wire.MaybeTime    `json:"finishAt"` // "" before it has ended
	UndoAt   wire.MaybeTime    `json:"undoAt"`   // "" unless it was undone
	RetryOf  copytask.ID       `json:"retryOf"`  // "" where it is none
}

func (a *API) copyProcess(ctx context.Context, acc account.ID, in taskIn) (*copyProcessOut, error) {
	s, err := a.Tasks.Status(ctx, acc, in.TaskID)
	if err != nil {
		return nil, err
	}
	out := toProcess(s, a.limits)
	return &out, nil
}

func toProcess(s copytask.Status, l copytask.Limits) copyProcessOut {
	out := copyProcessOut{
		Status: int(s.State), FailMsg: s.FailCode.Chinese(l), FailCode: s.FailCode,
		Total: s.Total, Copied: s.Copied, Replaced: s.Replaced, Skipped: s.Skipped, Failed: s.Failed, Bytes: s.Bytes, RetryOf: s.RetryOf,
		CreateAt: wire.Time(s.CreatedAt), StartAt: wire.MaybeTime(s.StartedAt), FinishAt: wire.MaybeTime(s.FinishedAt), UndoAt: wire.MaybeTime(s.UndoneAt()),
	}
	if s.State == queue.Cancelled {
		out.Status = int(queue.Failed)
	}
	if s.TraceID != "" {
		out.FailMsg += " (" + s.TraceID + ")"
	}
	return out
}

type copyFailIn struct {
	TaskID copytask.ID `wire:"taskID"`
	Limit  int         `wire:"limit"`
	Page   int         `wire:"page"`
}

type copyFailItem struct {
	FileID   drive.ID `json:"fileId"`
	Filename string   `json:"filename"`

	// Beyond the documentation.
	FailReason    copytask.Reason `json:"failReason"`
	FailMessage   string          `json:"failMessage"`
	FailMessageEn string          `json:"failMessageEn"`
}

type copyFailOut struct {
	Total int            `json:"total"`
	List  []copyFailItem `json:"list" schema:"or=null"` // null when the total is 0, as documented
}

func (a *API) copyFail(ctx context.Context, acc account.ID, in copyFailIn) (*copyFailOut, error) {
	list, total, err := a.Tasks.Failures(ctx, acc, in.TaskID, max(1, in.Page), clampPage(in.Limit))
	if err != nil {
		return nil, err
	}
	out := copyFailOut{Total: total}
	if total > 0 {
		out.List = make([]copyFailItem, len(list))
	}
	for i, f := range list {
		out.List[i] = copyFailItem{f.DriveID, f.Name, f.Reason, f.Reason.Chinese(a.limits), f.Reason.English(a.limits)}
	}
	return &out, nil
}
