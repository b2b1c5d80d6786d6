package main

import (
	"context"
	"time"

	"tuchuang/internal/client"
)

type copyCmd struct {
	remote
	Source []string `arg:"" optional:"" name:"drive-path" help:"help_source"`
	To     *string  `xor:"to" placeholder:"/bed/path" help:"help_copy_to"` // nil for the root, or the plan's
	NoWait bool     `xor:"split" help:"help_no_wait"`
	Split  bool     `xor:"split,plan" help:"help_split"`
	Plan   string   `xor:"plan,to" placeholder:"ID" help:"help_copy_plan"`
}

// Run creates a copy task and, unless told otherwise, waits for its end. It fails
// when the task or any of its pictures did.
func (c *copyCmd) Run(ctx context.Context, u *ui) error {
	if (len(c.Source) == 0) == (c.Plan == "") {
		return usageError{u.text(copyWhat), u.text(tryHelp)}
	}
	if c.Plan != "" {
		return c.planned(ctx, u)
	}
	target := "/"
	if c.To != nil {
		target = *c.To
	}
	sources, to, err := copyPaths(u, c.Source, target)
	if err != nil {
		return err
	}
	if len(sources) > client.MaxCopyIDs && !c.Split {
		return usageError{text: u.text(copyTooMany, client.MaxCopyIDs, len(sources))}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	entries, err := s.driveEntries(ctx, sources)
	if err != nil {
		return err
	}
	if c.Split {
		folder, below, err := s.BedTree().Deepest(ctx, to)
		if err != nil {
			return err
		}
		return u.splitCopy(ctx, s, entries, client.CopyTarget{Folder: folder, Below: below})
	}
	into, err := s.copyTarget(ctx, idsOf(entries), to)
	if err != nil {
		return err
	}
	taskID, err := s.create(ctx, copyAskAgain, func(ctx context.Context) (string, error) { return s.CopyTo(ctx, idsOf(entries), into) })
	if err != nil {
		return err
	}
	return u.follow(ctx, s, taskID, c.NoWait, to)
}

// copyTarget finds where a task is to publish. The missing folders of the path are left to
// the task, so that one which is refused leaves none behind; where the server knows no such
// task, they are made.
func (s *session) copyTarget(ctx context.Context, ids []int64, to string) (client.CopyTarget, error) {
	folder, below, err := s.BedTree().Deepest(ctx, to)
	if err != nil || below == "" {
		return client.CopyTarget{Folder: folder}, err
	}
	_, err = s.CopyForecast(ctx, ids, client.CopyTarget{Folder: folder, Below: below})
	if client.NoEndpoint(err) {
		folder, err = s.BedTree().MkdirAll(ctx, to)
		return client.CopyTarget{Folder: folder}, err
	}
	return client.CopyTarget{Folder: folder, Below: below}, err
}

// planned carries out a plan.
func (c *copyCmd) planned(ctx context.Context, u *ui) error {
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	taskID, err := s.create(ctx, copyAskAgain, func(ctx context.Context) (string, error) { return s.CopyPlanned(ctx, c.Plan) })
	if err != nil {
		return err
	}
	return u.follow(ctx, s, taskID, c.NoWait, "")
}

// driveEntries finds what paths of the drive lead to.
func (s *session) driveEntries(ctx context.Context, paths []string) ([]client.File, error) {
	tree := s.DriveTree()
	list := make([]client.File, len(paths))
	for i, p := range paths {
		var err error
		if list[i], err = tree.Resolve(ctx, p); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *session) driveIDs(ctx context.Context, paths []string) ([]int64, error) {
	list, err := s.driveEntries(ctx, paths)
	return idsOf(list), err
}

func idsOf(list []client.File) []int64 {
	ids := make([]int64, len(list))
	for i, f := range list {
		ids[i] = f.FileID
	}
	return ids
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
		if client.Broken(err) || ctx.Err() != nil {
			u.note(u.text(copyGoesOn, taskID, taskID))
		}
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
// answer: without its id nobody could ask what became of the task. Where none comes, lost
// is said.
func (s *session) create(ctx context.Context, lost text, ask func(context.Context) (string, error)) (string, error) {
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
	taskID, err := ask(call)
	if client.Broken(err) || call.Err() != nil {
		s.u.note(s.u.text(lost))
	}
	return taskID, err
}

// copyPaths checks the line before anything is sent.
func copyPaths(u *ui, args []string, target string) (sources []string, to string, err error) {
	if err := u.noneEmpty(append(args, target)...); err != nil {
		return nil, "", err
	}
	for _, arg := range args {
		p, ok := drivePath(arg)
		if !ok {
			return nil, "", usageError{text: u.text(copyNotDrive, arg)}
		}
		if p == "/" {
			return nil, "", usageError{text: u.text(copyRoot)}
		}
		sources = append(sources, p)
	}
	to, ok := bedPath(target)
	if !ok {
		return nil, "", usageError{text: u.text(copyNotBed, target)}
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
