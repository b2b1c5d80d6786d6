package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/copytask"
	"tuchuang/internal/imagebed"
)

type copyPlanIn struct {
	copyIn
	Cursor int  `wire:"cursor"`
	Limit  int  `wire:"limit"`
	Keep   bool `wire:"keep;default=true"` // else there is no id, and nothing is kept
}

type planLimit struct {
	FailCode copytask.FailCode `json:"failCode"`
	FailMsg  string            `json:"failMsg"`
	Max      int64             `json:"max"`
	Found    int64             `json:"found"`
}

type planOut struct {
	PlanID     copytask.PlanID         `json:"planID"`
	ExpireAt   wire.MaybeTime          `json:"expireAt"` // "" where it is not kept
	TaskID     copytask.ID             `json:"taskID"`   // that carries it out; "" for none
	Total      int                     `json:"total"`
	Copied     int                     `json:"copied"`
	Replaced   int                     `json:"replaced"`
	Skipped    int                     `json:"skipped"`
	Failed     int                     `json:"failed"`
	Renamed    int                     `json:"renamed"`
	Bytes      int64                   `json:"bytes"`
	Reasons    map[copytask.Reason]int `json:"reasons"`
	Limit      *planLimit              `json:"limit"` // null where the task would be done
	Items      []ledgerLine            `json:"items"`
	NextCursor int                     `json:"nextCursor" doc:"-1 at the end"` // -1 at the end
}

func (a *API) copyPlan(ctx context.Context, acc account.ID, in copyPlanIn) (*planOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	var p *copytask.Plan
	var err error
	if in.PlanID != "" {
		p, err = a.Tasks.KeptPlan(ctx, acc, in.PlanID, copytask.Asked{IDs: in.FileIDs, Target: in.To, Below: in.below()})
	} else if !in.Keep {
		p, err = a.Tasks.Forecast(ctx, acc, in.FileIDs, in.To, in.below()...)
	} else {
		p, err = a.Tasks.Plan(ctx, acc, in.FileIDs, in.To, in.below()...)
	}
	if err != nil {
		return nil, err
	}
	out := toPlan(p, a.limits, in.Cursor, clampPage(in.Limit))
	return &out, nil
}

// toPlan answers a page of a plan: the items after the number that a cursor is.
func toPlan(p *copytask.Plan, limits copytask.Limits, cursor, limit int) planOut {
	c := p.Counts
	out := planOut{
		PlanID: p.ID, TaskID: p.Task,
		Total: c.Total, Copied: c.Copied, Replaced: c.Replaced, Skipped: c.Skipped, Failed: c.Failed, Bytes: c.Bytes,
		Renamed: p.Renamed, Reasons: p.Reasons, Items: []ledgerLine{}, NextCursor: -1,
	}
	if p.ID != "" {
		out.ExpireAt = wire.MaybeTime(p.ExpiresAt)
	}
	if l := p.Limit; l != nil {
		out.Limit = &planLimit{l.Code, l.Code.Chinese(limits), l.Most, l.Found}
		if l.Code == copytask.LimitDepth && l.Most == imagebed.MaxDepth {
			out.Limit.FailMsg = copytask.BedTooDeep.Chinese(limits) // of the bed, not of the folders chosen
		}
	}
	if cursor < 0 { // after the end
		return out
	}
	list, more := p.Items(cursor, limit)
	for _, i := range list {
		out.Items = append(out.Items, ledgerLine{
			i.Seq, i.DriveID, i.Name, i.SourcePath, i.TargetPath, i.Etag, i.Size,
			i.Outcome.String(), i.Reason, i.Reason.Chinese(limits), i.Reason.English(limits), i.ImageID,
		})
	}
	if more {
		out.NextCursor = list[len(list)-1].Seq
	}
	return out
}
