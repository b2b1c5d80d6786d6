package main

import (
	"context"
	"time"

	"tuchuang/internal/client"
)

type copyCmd struct {
	remote
	Source []string `arg:"" name:"drive-path" help:"${help_source}"`
	To     string   `default:"/" placeholder:"/bed/path" help:"${help_copy_to}"`
	NoWait bool     `help:"${help_no_wait}"`
}

// Run creates a copy task and, unless told otherwise, waits for its end. It fails
// when the task or any of its pictures did.
func (c *copyCmd) Run(ctx context.Context, u *ui) error {
	sources, to, err := c.paths(u)
	if err != nil {
		return err
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	tree := s.DriveTree()
	ids := make([]int64, len(sources))
	for i, p := range sources {
		f, err := tree.Resolve(ctx, p)
		if err != nil {
			return err
		}
		ids[i] = f.FileID
	}
	target, err := s.BedTree().MkdirAll(ctx, to)
	if err != nil {
		return err
	}
	taskID, err := c.create(ctx, s, ids, target)
	if err != nil {
		return err
	}
	return u.follow(ctx, s, taskID, c.NoWait, to)
}

// follow says which task was made or, where it is to be waited for, what became of it; to
// is the folder of the bed where its pictures are, "" where nobody can say.
func (u *ui) follow(ctx context.Context, s *session, taskID string, noWait bool, to string) error {
	if noWait {
		if u.json {
			return u.document(struct {
				TaskID string `json:"taskID"`
			}{taskID})
		}
		u.say(taskID)
		return nil
	}
	start := time.Now()
	state, err := waitForTask(ctx, u, s.Client, taskID)
	if err != nil {
		u.note(u.text(copyGoesOn, taskID, taskID))
		return err
	}
	report, err := readTask(ctx, s.Client, taskID, state)
	if err != nil {
		return err
	}
	if err := u.showTask(report, time.Since(start)); err != nil {
		return err
	}
	if to != "" && state.Copied+state.Replaced > 0 {
		u.say(u.text(copyLinks, shellWord(programName()), shellWord(bedScheme+to)))
	}
	return report.verdict()
}

// answerGrace is how long an interrupted run waits for the id of the task it has
// asked for.
const answerGrace = 3 * time.Second

// create makes the task. Interrupted meanwhile it still waits a little for the
// answer: without its id nobody could ask what became of the task.
func (c *copyCmd) create(ctx context.Context, s *session, ids []int64, target string) (string, error) {
	call, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(answerGrace):
			cancel()
		case <-call.Done():
		}
	})
	defer stop()
	taskID, err := s.Copy(call, ids, target)
	if client.Broken(err) || call.Err() != nil {
		s.u.note(s.u.text(copyAskAgain))
	}
	return taskID, err
}

// paths checks the line before anything is sent.
func (c *copyCmd) paths(u *ui) (sources []string, to string, err error) {
	if len(c.Source) > client.MaxCopyIDs {
		return nil, "", usageError{text: u.text(copyTooMany, client.MaxCopyIDs, len(c.Source))}
	}
	if err := u.noneEmpty(append(c.Source, c.To)...); err != nil {
		return nil, "", err
	}
	for _, arg := range c.Source {
		p, ok := drivePath(arg)
		if !ok {
			return nil, "", usageError{text: u.text(copyNotDrive, arg)}
		}
		if p == "/" {
			return nil, "", usageError{text: u.text(copyRoot)}
		}
		sources = append(sources, p)
	}
	to, ok := bedPath(c.To)
	if !ok {
		return nil, "", usageError{text: u.text(copyNotBed, c.To)}
	}
	return sources, to, nil
}

// waitForTask shows how far a task is until it has ended.
func waitForTask(ctx context.Context, u *ui, c *client.Client, taskID string) (client.CopyState, error) {
	b := u.countBar(u.text(copyProgress))
	defer b.done()
	said := 0 // the state last said, where there is no bar
	return c.Follow(ctx, taskID, func(state client.CopyState) {
		switch {
		case state.Ended():
		case b.drawn():
			showProgress(u, b, state)
		case state.Status != said && !u.json:
			said = state.Status
			u.sayState(taskID, state)
		}
	})
}

func (u *ui) sayState(taskID string, state client.CopyState) {
	switch state.Status {
	case client.CopyWaiting:
		u.note(u.text(copyWaiting, taskID))
	case client.CopyRunning:
		u.note(u.text(copyRunning, taskID))
	}
}

func showProgress(u *ui, b *bar, state client.CopyState) {
	if state.Status == client.CopyWaiting {
		b.aside(u.text(copyInQueue))
		return
	}
	if state.Total == nil || *state.Total == 0 {
		b.aside("") // not counted yet
		return
	}
	// Skipped counts files too that are no pictures, so it stays out of the bar.
	done := min(state.Copied+state.Replaced+state.Failed, *state.Total)
	b.set(done, *state.Total)
	b.aside(u.text(copyCounts, done, *state.Total))
}
