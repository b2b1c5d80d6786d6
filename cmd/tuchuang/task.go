package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// taskCmd is what can be done about one task; without another word it is shown.
type taskCmd struct {
	Show   taskShowCmd   `cmd:"" default:"withargs" help:"help_task_show"`
	Watch  taskWatchCmd  `cmd:"" help:"help_task_watch"`
	Items  taskItemsCmd  `cmd:"" help:"help_task_items"`
	Report reportCmd     `cmd:"" help:"help_task_report"`
	Cancel taskCancelCmd `cmd:"" help:"help_task_cancel"`
	Retry  taskRetryCmd  `cmd:"" help:"help_task_retry"`
	Undo   taskUndoCmd   `cmd:"" help:"help_task_undo"`
}

// oneTask is the task that a command is about.
type oneTask struct {
	remote
	ID string `arg:"" name:"id" help:"help_task_id"`
}

// open connects for a command about the task.
func (t *oneTask) open(ctx context.Context, u *ui) (*session, error) {
	if strings.TrimSpace(t.ID) == "" {
		return nil, usageError{u.text(taskNoID), u.text(adviceTaskID)}
	}
	return t.connect(ctx, u)
}

type taskShowCmd struct{ oneTask }

// Run shows how far a task is. Like copy it fails when the task or any of its
// pictures did.
func (c *taskShowCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	state, err := s.CopyProcess(ctx, c.ID)
	if err != nil {
		return err
	}
	report, err := readTask(ctx, s.Client, c.ID, state)
	if err != nil {
		return err
	}
	if err := u.showTask(report, 0); err != nil {
		return err
	}
	return report.verdict()
}

type taskWatchCmd struct{ oneTask }

// Run follows a task to its end, like copy.
func (c *taskWatchCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	return u.follow(ctx, s, c.ID, false, "")
}

// taskReport is the document of --json for copy and task.
type taskReport struct {
	taskRow
	Failures []client.CopyFailure `json:"failures"`
}

// taskRow is a task in documents of --json.
type taskRow struct {
	TaskID string `json:"taskID"`
	client.CopyState
	// These stand before those of the state, which carry no zone.
	CreateAt stamp `json:"createAt"`
	StartAt  stamp `json:"startAt"`
	FinishAt stamp `json:"finishAt"`
	UndoAt   stamp `json:"undoAt"`
}

func newTaskRow(id string, s client.CopyState) taskRow {
	return taskRow{id, s, stamp(s.CreateAt), stamp(s.StartAt), stamp(s.FinishAt), stamp(s.UndoAt)}
}

// verdict is nil where neither the task nor any of its pictures failed.
func (r taskReport) verdict() error {
	return verdictOf(r.FailCode, r.Status == client.CopyFailed || r.Failed > 0 || len(r.Failures) > 0)
}

// verdictOf ends a command about a task, of which the user was told.
func verdictOf(failCode string, failed bool) error {
	switch {
	case !failed:
		return nil
	case failCode == "cancelled":
		return reported(exitCancelled)
	case strings.HasPrefix(failCode, "limit_") || failCode == "quota_exceeded":
		return reported(exitLimit)
	}
	return reported(exitSome)
}

// asksTooMuch says that no task is made of it, as it asks for more than one may.
func asksTooMuch(err error) bool {
	return slices.ContainsFunc([]fault.Code{
		fault.TooManyIDs, fault.TooManyImages, fault.TooManyTasks, fault.TooManyDownloads, fault.TooManyTreeCopies, fault.PlanPastLimit, fault.QuotaExceeded, fault.EntriesFull,
	}, func(c fault.Code) bool { return client.Is(err, c) })
}

// readTask adds to a state the pictures that failed.
func readTask(ctx context.Context, c *client.Client, taskID string, state client.CopyState) (taskReport, error) {
	failures, err := c.CopyFailAll(ctx, taskID)
	if failures == nil {
		failures = []client.CopyFailure{}
	}
	return taskReport{newTaskRow(taskID, state), failures}, err
}

// showTask prints a task: each failure with its reason, then what was done.
func (u *ui) showTask(r taskReport, took time.Duration) error {
	if u.json {
		return u.document(r)
	}
	for _, f := range r.Failures {
		u.say(u.text(copyFailedItem, printable(f.Filename), u.reason(failReasons, f.FailReason, f.FailMessage)))
	}
	switch r.Status {
	case client.CopyWaiting:
		u.say(u.text(copyWaiting, r.TaskID))
	case client.CopyRunning:
		u.say(u.text(copyRunning, r.TaskID))
		u.sayCounts(copyState, r)
	case client.CopyFailed:
		u.say(u.text(copyFailed, r.TaskID, u.reason(failCodes, r.FailCode, r.FailMsg)))
		u.sayCounts(copyState, r)
	case client.CopyFinished:
		if r.Total == nil {
			u.say(u.text(copyDoneShort, r.TaskID, len(r.Failures)))
		}
		u.sayCounts(copyDone, r)
	default:
		u.say(u.text(copyUnknown, r.TaskID, r.Status))
	}
	if r.UndoAt != "" {
		u.say(u.text(taskUndone, r.UndoAt.local()))
	}
	if took > 0 {
		u.say(u.text(copyDuration, took.Round(time.Millisecond)))
	}
	return nil
}

// sayCounts prints the numbers of a task, where the server counts.
func (u *ui) sayCounts(t text, r taskReport) {
	if r.Total != nil {
		u.say(u.text(t, r.TaskID, r.Copied, r.Replaced, r.Skipped, r.Failed))
	}
}
