package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tuchuang/internal/client"
)

type planCmd struct {
	remote
	Source []string `arg:"" name:"drive-path" help:"help_source"`
	To     string   `default:"/" placeholder:"/bed/path" help:"help_copy_to"`
	Items  bool     `help:"help_plan_items"`
}

// Run says what a copy task would do, and does nothing. It ends as the task would.
func (c *planCmd) Run(ctx context.Context, u *ui) error {
	sources, to, err := copyPaths(u, c.Source, c.To)
	if err != nil {
		return err
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	ids, err := s.driveIDs(ctx, sources)
	if err != nil {
		return err
	}
	target, below, err := s.BedTree().Deepest(ctx, to)
	if err != nil {
		return err
	}
	p, err := s.CopyPlan(ctx, ids, client.CopyTarget{Folder: target, Below: below}, 0)
	if err != nil {
		return err
	}
	if u.json || c.Items {
		for next := p.NextCursor; next >= 0; {
			page, err := s.CopyPlanPage(ctx, p.PlanID, next, 0)
			if err != nil {
				return err
			}
			p.Items = append(p.Items, page.Items...)
			next = page.NextCursor
		}
		p.NextCursor = -1
	}
	if u.json {
		err = u.document(struct {
			client.CopyPlan
			ExpireAt stamp `json:"expireAt"`
		}{p, stamp(p.ExpireAt)})
	} else {
		u.showPlan(p, c.Items)
	}
	if err != nil {
		return err
	}
	return planVerdict(p)
}

// planVerdict is how the task of a plan would end, see taskReport.verdict.
func planVerdict(p client.CopyPlan) error {
	if p.Limit != nil {
		return verdictOf(p.Limit.FailCode, true)
	}
	return verdictOf("", p.Failed > 0)
}

func (u *ui) showPlan(p client.CopyPlan, items bool) {
	if items {
		for _, i := range p.Items {
			u.say(u.planLine(i))
		}
	}
	if l := p.Limit; l != nil {
		u.say(u.text(planLimit, u.planned(l.FailCode, l.FailMsg), l.Found, l.Max))
		if tooMuch(l.FailCode) {
			u.say(u.text(planSplit, shellWord(programName())))
		}
	}
	if l := p.Limit; l == nil || p.Copied+p.Replaced+p.Skipped+p.Failed > 0 {
		u.say(u.text(planCounts, p.Copied, humanSize(p.Bytes), p.Replaced, p.Renamed, p.Skipped, p.Failed))
	}
	for _, code := range slices.Sorted(maps.Keys(p.Reasons)) {
		u.say(fmt.Sprintf("%7d  %s", p.Reasons[code], u.reason(failReasons, code, "")))
	}
	if p.Limit == nil && p.Copied+p.Replaced > 0 {
		u.say(u.text(planNext, shellWord(programName()), p.PlanID))
	}
}

// planned words why a task would fail, of which nothing was tried.
func (u *ui) planned(failCode, served string) string {
	if _, known := planLimits[failCode]; known {
		return u.reason(planLimits, failCode, served)
	}
	return u.reason(failCodes, failCode, served)
}

func (u *ui) planLine(i client.CopyPlanItem) string {
	line := fmt.Sprintf("%5d  %s  %s", i.Seq, u.text(outcomes[i.Outcome]), printable(i.SourcePath))
	switch {
	case i.Reason != "":
		line += "  " + u.reason(failReasons, i.Reason, i.ReasonMessage)
	case i.TargetPath != "":
		line += " → " + printable(bedScheme+i.TargetPath)
	}
	return line
}
