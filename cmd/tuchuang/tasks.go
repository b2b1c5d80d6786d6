package main

import (
	"context"
	"fmt"
	"strings"

	"tuchuang/internal/client"
)

type tasksCmd struct {
	remote
	Limit  int    `default:"20" placeholder:"N" help:"help_tasks_limit"`
	Status string `help:"help_tasks_status"`
}

// Run lists the newest tasks, a line each.
func (c *tasksCmd) Run(ctx context.Context, u *ui) error {
	if c.Limit < 1 {
		return usageError{text: u.text(tasksLimit, c.Limit)}
	}
	c.Status = strings.ToLower(c.Status)
	status, known := taskStates[c.Status]
	if !known {
		return usageError{text: u.text(tasksNoState, printable(c.Status))}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	rows := []taskRow{}
	for q := (client.CopyListQuery{Status: status}); len(rows) < c.Limit && q.Last != client.LastPage; {
		q.Limit = c.Limit - len(rows)
		page, err := s.CopyList(ctx, q)
		if err != nil {
			return err
		}
		for _, t := range page.List {
			if c.Status == "failed" && t.FailCode == "cancelled" {
				continue // to the server it has failed
			}
			rows = append(rows, newTaskRow(t.TaskID, t.CopyState))
		}
		q.Last = page.LastTaskID
	}
	return showRows(u, rows, func(t taskRow) string {
		total := int64(0)
		if t.Total != nil {
			total = *t.Total
		}
		return u.text(tasksLine, t.TaskID, t.CreateAt.local(), u.taskState(t.CopyState), t.Copied+t.Replaced, total, t.Skipped, t.Failed)
	})
}

// taskStates are the numbers of the words that tasks can be asked for by.
var taskStates = map[string]int{
	"": 0, "waiting": client.CopyWaiting, "running": client.CopyRunning, "done": client.CopyFinished,
	"failed": client.CopyFailed, "cancelled": client.CopyCancelled,
}

// taskState is the word for where a task stands.
func (u *ui) taskState(s client.CopyState) string {
	switch {
	case s.UndoAt != "":
		return u.text(stateUndone)
	case s.Status == client.CopyWaiting:
		return u.text(stateWaiting)
	case s.Status == client.CopyRunning:
		return u.text(stateRunning)
	case s.FailCode == "cancelled":
		return u.text(stateCancelled)
	case s.Status == client.CopyFinished:
		return u.text(stateDone)
	}
	return u.text(stateFailed)
}

type taskItemsCmd struct {
	oneTask
	Outcome string `default:"any" help:"help_task_outcome"`
}

// Run shows the ledger of a task, a line for every picture and every skip that was noted.
func (c *taskItemsCmd) Run(ctx context.Context, u *ui) error {
	q := client.CopyItemsQuery{Outcome: strings.ToLower(c.Outcome)}
	if _, known := outcomes[q.Outcome]; q.Outcome == "any" {
		q.Outcome = ""
	} else if !known {
		return usageError{text: u.text(itemsNoOutcome, printable(c.Outcome))}
	}
	s, err := c.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	for {
		page, err := s.CopyItems(ctx, c.ID, q)
		if err != nil {
			return err
		}
		for _, i := range page.List {
			if err := u.showItem(i); err != nil {
				return err
			}
		}
		if q.Last = page.LastSeq; q.Last < 0 {
			return nil
		}
	}
}

func (u *ui) showItem(i client.CopyItem) error {
	if u.json {
		return u.fact(i)
	}
	line := fmt.Sprintf("%5d  %s  %s", i.Seq, u.text(outcomes[i.Outcome]), printable(i.SourcePath))
	if i.DownloadURL != "" {
		line += "  " + i.DownloadURL
	}
	if i.Reason != "" {
		line += "  " + u.reason(failReasons, i.Reason, i.ReasonMessage)
	}
	u.say(line)
	return nil
}

type taskCancelCmd struct{ oneTask }

// Run cancels a task.
func (c *taskCancelCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.CopyCancel(ctx, c.ID); err != nil {
		return err
	}
	state, err := s.CopyProcess(ctx, c.ID)
	if err != nil {
		return err
	}
	if u.json {
		return u.document(newTaskRow(c.ID, state))
	}
	u.say(u.text(taskIsCancelled, c.ID, state.Copied+state.Replaced))
	return nil
}

type taskRetryCmd struct {
	oneTask
	NoWait bool `help:"help_no_wait"`
}

// Run tries the failed pictures of a task again, as another task, and unless told
// otherwise waits for its end, like copy.
func (c *taskRetryCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	id, err := s.CopyRetry(ctx, c.ID)
	if err != nil {
		return err
	}
	return u.follow(ctx, s, id, c.NoWait, "")
}
