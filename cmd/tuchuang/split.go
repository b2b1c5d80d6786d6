package main

import (
	"context"
	"path"
	"slices"
	"strconv"
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
	most  int // ids that a task takes
	parts []part
}

// tooMuch says that a smaller part may not meet this limit.
func tooMuch(failCode string) bool {
	return slices.Contains([]string{"limit_images", "limit_depth", "limit_folders"}, failCode)
}

// cut cuts entries of the drive into parts that a plan says can be done: all as one, else
// loose files apart from folders, and whole folders where that is possible.
func (s *splitter) cut(ctx context.Context, entries []client.File, to client.CopyTarget) error {
	if len(entries) == 0 {
		return nil
	}
	pieces := s.most
	if len(entries) <= s.most {
		ids := idsOf(entries)
		p, err := s.CopyForecast(ctx, ids, to)
		switch {
		case client.Is(err, fault.TooManyIDs) && len(entries) > 1:
			s.most = fewer(err, len(entries))
			return s.cut(ctx, entries, to)
		case err != nil:
			return err
		case p.Limit == nil || !tooMuch(p.Limit.FailCode):
			if p.Total+p.Skipped > 0 {
				s.parts = append(s.parts, part{ids, to, p.Total})
			}
			return nil
		case len(entries) == 1:
			return s.open(ctx, entries[0], to)
		}
		pieces = (len(entries) + 1) / 2
	}
	folders := slices.DeleteFunc(slices.Clone(entries), func(e client.File) bool { return !e.IsFolder() })
	if files := len(entries) - len(folders); files > 0 && len(folders) > 0 {
		loose := slices.DeleteFunc(slices.Clone(entries), client.File.IsFolder)
		if err := s.cut(ctx, loose, to); err != nil {
			return err
		}
		return s.cut(ctx, folders, to)
	}
	for piece := range slices.Chunk(entries, pieces) {
		if err := s.cut(ctx, piece, to); err != nil {
			return err
		}
	}
	return nil
}

// fewer is how many ids a server takes that has refused so many: what it names, else half.
func fewer(refusal error, asked int) int {
	if n, err := strconv.Atoi(limitIn.FindString(refusal.Error())); err == nil && 0 < n && n < asked {
		return n
	}
	return asked / 2
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

// splitReport is the document of --json for a copy that was split: the sum of its tasks, those
// that go on with them.
type splitReport struct {
	client.CopyState
	Tasks    []taskRow            `json:"tasks"`
	Failures []client.CopyFailure `json:"failures"`
}

func newSplitReport(total int64) splitReport {
	r := splitReport{Tasks: []taskRow{}, Failures: []client.CopyFailure{}}
	r.Total, r.Status = &total, client.CopyFinished
	return r
}

// partNews is where the task of a part stands, at last with what ended it or the watching.
type partNews struct {
	id    string
	state client.CopyState
	last  bool
	err   error
}

// splitRun is a run of the parts.
type splitRun struct {
	*splitter
	u    *ui
	out  splitReport
	open map[string]client.CopyState
	news chan partNews
	next int  // part
	full bool // the server takes no more tasks until one has ended
}

// run does the parts, as many at once as the server takes, and adds up what became of
// them. Where it ends early it says which tasks go on, and what is known is in the report.
func (s *splitter) run(ctx context.Context, u *ui) (splitReport, error) {
	r := &splitRun{splitter: s, u: u, open: map[string]client.CopyState{}, news: make(chan partNews)}
	total := int64(0)
	for _, p := range s.parts {
		total += p.total
	}
	r.out = newSplitReport(total)
	b := u.countBar(u.text(copyProgress))
	defer b.done()
	var failed error
	for {
		if err := r.begin(ctx, b); failed == nil {
			failed = err
		}
		if failed != nil {
			r.next = len(s.parts) // no more of them
		}
		var others <-chan time.Time // whose tasks leave no room for ours
		var stop <-chan struct{}    // else the watching of our tasks ends
		switch {
		case len(r.open) > 0:
		case r.next == len(s.parts):
			return r.out, failed
		default:
			others, stop = time.After(splitPoll), ctx.Done()
		}
		select {
		case n := <-r.news:
			if err := r.take(ctx, n); failed == nil {
				failed = err
			}
		case <-others:
			r.full = false
		case <-stop:
			failed = context.Cause(ctx)
		}
		if total > 0 {
			done := min(r.done(), total)
			b.set(done, total)
			b.aside(u.text(copyCounts, done, total))
		}
	}
}

// begin makes the tasks of parts until the server takes no more.
func (r *splitRun) begin(ctx context.Context, b *bar) error {
	for asked := 0; r.next < len(r.parts) && !r.full; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p := r.parts[r.next]
		id, err := r.create(ctx, copyAskAgain, func(ctx context.Context) (string, error) { return r.CopyTo(ctx, p.ids, p.to) })
		switch {
		case client.Is(err, fault.TooManyTasks):
			r.full = true
			return nil
		case client.Broken(err) && asked == 0:
			asked++ // made twice it makes nothing twice
			continue
		case err != nil:
			return err
		}
		asked = 0
		r.next++
		r.open[id] = client.CopyState{Status: client.CopyWaiting}
		if !b.drawn() && !r.u.json {
			r.u.note(r.u.text(splitBegun, id, r.next, len(r.parts)))
		}
		go func() {
			state, err := r.Follow(ctx, id, func(state client.CopyState) { r.news <- partNews{id: id, state: state} })
			r.news <- partNews{id, state, true, err}
		}()
	}
	return nil
}

// take adds up what ended, or goes on unwatched.
func (r *splitRun) take(ctx context.Context, n partNews) error {
	if !n.last {
		r.open[n.id] = n.state
		return nil
	}
	state := r.open[n.id]
	delete(r.open, n.id)
	r.full = false
	if n.err != nil {
		r.u.note(r.u.text(copyGoesOn, n.id, n.id))
		r.out.add(taskReport{taskRow: newTaskRow(n.id, state)})
		return n.err
	}
	report, err := readTask(ctx, r.Client, n.id, n.state)
	r.out.add(report)
	return err
}

// done counts the pictures that are through.
func (r *splitRun) done() int64 {
	n := r.out.Copied + r.out.Replaced + r.out.Failed
	for _, state := range r.open {
		n += state.Copied + state.Replaced + state.Failed
	}
	return n
}

// splitPoll is how often it is tried whether other tasks of the account leave room by now.
const splitPoll = 200 * time.Millisecond

func (r *splitReport) add(t taskReport) {
	r.Copied += t.Copied
	r.Replaced += t.Replaced
	r.Skipped += t.Skipped
	r.Failed += t.Failed
	r.Bytes += t.Bytes
	if t.Status == client.CopyFailed && (r.FailCode == "" || t.FailCode == "cancelled") {
		r.FailCode, r.FailMsg = t.FailCode, t.FailMsg
	}
	r.Tasks = append(r.Tasks, t.taskRow)
	r.Failures = append(r.Failures, t.Failures...)
}

// splitCopy copies what may be more than a task can hold.
func (u *ui) splitCopy(ctx context.Context, s *session, entries []client.File, to client.CopyTarget) error {
	start := time.Now()
	cut := &splitter{session: s, tree: s.DriveTree(), most: client.MaxCopyIDs}
	if !u.json {
		u.note(u.text(splitCutting))
	}
	if err := cut.cut(ctx, entries, to); err != nil {
		if ctx.Err() == nil || !u.json {
			return err
		}
		out := newSplitReport(0)
		out.Status = client.CopyRunning
		if lost := u.document(out); lost != nil {
			return lost
		}
		return err
	}
	out, err := cut.run(ctx, u)
	if err != nil {
		out.Status = client.CopyRunning
	}
	if shown := u.showSplit(out, len(cut.parts), time.Since(start)); err == nil {
		err = shown
	}
	if err != nil {
		return err
	}
	return verdictOf(out.FailCode, out.FailCode != "" || out.Failed > 0)
}

// showSplit prints what became of so many parts.
func (u *ui) showSplit(out splitReport, parts int, took time.Duration) error {
	if u.json {
		return u.document(out)
	}
	for _, f := range out.Failures {
		u.say(u.text(copyFailedItem, printable(f.Filename), u.reason(failReasons, f.FailReason, f.FailMessage)))
	}
	ended := 0
	for _, t := range out.Tasks {
		if t.Ended() {
			ended++
		}
		if t.Status == client.CopyFailed {
			u.say(u.text(copyFailed, t.TaskID, u.reason(failCodes, t.FailCode, t.FailMsg)))
		}
	}
	if out.Status == client.CopyRunning {
		u.say(u.text(splitStopped, ended, parts, parts-len(out.Tasks), out.Copied, out.Replaced, out.Skipped, out.Failed))
	} else {
		u.say(u.text(splitDone, ended, out.Copied, out.Replaced, out.Skipped, out.Failed))
	}
	u.say(u.text(copyDuration, took.Round(time.Millisecond)))
	return nil
}
