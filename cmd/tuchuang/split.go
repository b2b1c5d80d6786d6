package main

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// part is what one task of many copies.
type part struct {
	ids   []int64
	to    client.CopyTarget
	total int64 // pictures
}

// splitter cuts into parts what is more than a task can hold.
type splitter struct {
	*session
	tree  *client.DriveTree
	parts []part
}

// tooMuch says that a smaller part may not meet this limit.
func tooMuch(failCode string) bool {
	return slices.Contains([]string{"limit_images", "limit_depth", "limit_folders"}, failCode)
}

// cut cuts entries of the drive into parts: as few as a plan says can be done, whole
// folders where that is possible.
func (s *splitter) cut(ctx context.Context, entries []client.File, to client.CopyTarget) error {
	if len(entries) == 0 {
		return nil
	}
	half := min(len(entries)/2, client.MaxCopyIDs)
	if len(entries) <= client.MaxCopyIDs {
		ids := make([]int64, len(entries))
		for n, e := range entries {
			ids[n] = e.FileID
		}
		p, err := s.CopyPlan(ctx, ids, to, 1)
		switch {
		case client.Is(err, fault.TooManyIDs) && len(entries) > 1: // its server takes fewer
		case err != nil:
			return err
		case p.Limit == nil || !tooMuch(p.Limit.FailCode):
			if p.Total > 0 {
				s.parts = append(s.parts, part{ids, to, p.Total})
			}
			return nil
		case len(entries) == 1:
			return s.open(ctx, entries[0], to)
		}
	} else {
		half = client.MaxCopyIDs
	}
	if err := s.cut(ctx, entries[:half], to); err != nil {
		return err
	}
	return s.cut(ctx, entries[half:], to)
}

// open cuts what is in a folder.
func (s *splitter) open(ctx context.Context, e client.File, to client.CopyTarget) error {
	children, err := s.tree.Children(ctx, e.FileID)
	if err != nil {
		return err
	}
	slices.SortFunc(children, func(a, b client.File) int {
		if a.IsFolder() != b.IsFolder() {
			return a.Type - b.Type
		}
		return strings.Compare(a.Filename, b.Filename)
	})
	to.Below = path.Join(to.Below, e.Filename)
	return s.cut(ctx, children, to)
}

// splitReport is the document of --json for a copy that was split.
type splitReport struct {
	client.CopyState
	Tasks    []taskRow            `json:"tasks"`
	Failures []client.CopyFailure `json:"failures"`
}

// run does the parts, as many at once as the server takes, and adds up what became of
// them.
func (s *splitter) run(ctx context.Context, u *ui) (splitReport, error) {
	total := int64(0)
	for _, p := range s.parts {
		total += p.total
	}
	out := splitReport{Tasks: []taskRow{}, Failures: []client.CopyFailure{}}
	out.Total = &total
	b := u.countBar(u.text(copyProgress))
	defer b.done()
	open := make(map[string]bool)
	for next := 0; next < len(s.parts) || len(open) > 0; {
		for next < len(s.parts) {
			p := s.parts[next]
			id, err := s.CopyTo(ctx, p.ids, p.to)
			if client.Is(err, fault.TooManyTasks) {
				break
			}
			if err != nil {
				return out, err
			}
			next++
			open[id] = true
			if !b.drawn() && !u.json {
				u.note(u.text(splitBegun, id, next, len(s.parts)))
			}
		}
		done := out.Copied + out.Replaced + out.Failed
		for id := range open {
			state, err := s.CopyProcess(ctx, id)
			if err != nil {
				return out, err
			}
			if !state.Ended() {
				done += state.Copied + state.Replaced + state.Failed
				continue
			}
			delete(open, id)
			r, err := readTask(ctx, s.Client, id, state)
			if err != nil {
				return out, err
			}
			out.add(r)
			done += state.Copied + state.Replaced + state.Failed
		}
		if total > 0 {
			b.set(min(done, total), total)
			b.aside(u.text(copyCounts, min(done, total), total))
		}
		select {
		case <-ctx.Done():
			for id := range open {
				u.note(u.text(copyGoesOn, id, id))
			}
			return out, context.Cause(ctx)
		case <-time.After(splitPoll):
		}
	}
	return out, nil
}

// splitPoll is how often parts are looked at.
const splitPoll = 200 * time.Millisecond

func (r *splitReport) add(t taskReport) {
	r.Copied += t.Copied
	r.Replaced += t.Replaced
	r.Skipped += t.Skipped
	r.Failed += t.Failed
	r.Bytes += t.Bytes
	r.Status = client.CopyFinished
	if t.Status == client.CopyFailed && (r.FailCode == "" || t.FailCode == "cancelled") {
		r.FailCode, r.FailMsg = t.FailCode, t.FailMsg
	}
	r.Tasks = append(r.Tasks, t.taskRow)
	r.Failures = append(r.Failures, t.Failures...)
}

// splitCopy copies what may be more than a task can hold.
func (u *ui) splitCopy(ctx context.Context, s *session, entries []client.File, to client.CopyTarget) error {
	start := time.Now()
	cut := &splitter{session: s, tree: s.DriveTree()}
	if err := cut.cut(ctx, entries, to); err != nil {
		return err
	}
	out, err := cut.run(ctx, u)
	if err != nil {
		return err
	}
	if u.json {
		if err := u.document(out); err != nil {
			return err
		}
	} else {
		for _, f := range out.Failures {
			u.say(u.text(copyFailedItem, printable(f.Filename), u.reason(failReasons, f.FailReason, f.FailMessage)))
		}
		for _, t := range out.Tasks {
			if t.Status == client.CopyFailed {
				u.say(u.text(copyFailed, t.TaskID, u.reason(failCodes, t.FailCode, t.FailMsg)))
			}
		}
		u.say(u.text(splitDone, len(out.Tasks), out.Copied, out.Replaced, out.Skipped, out.Failed))
		u.say(u.text(copyDuration, time.Since(start).Round(time.Millisecond)))
	}
	return verdictOf(out.FailCode, out.FailCode != "" || out.Failed > 0)
}
