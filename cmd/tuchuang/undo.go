package main

import (
	"context"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

type taskUndoCmd struct {
	oneTask
	DryRun bool `help:"help_dry_run"`
}

// Run takes back what a task has done and nobody has touched since.
func (c *taskUndoCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	done, err := s.CopyUndo(ctx, c.ID, c.DryRun)
	if err != nil {
		return err
	}
	if u.json {
		return u.document(done)
	}
	for _, k := range done.Kept {
		u.say(u.text(undoKept, printable(k.Filename), u.reason(keptReasons, k.Reason, k.ReasonMessage)))
	}
	said := undoDone
	if c.DryRun {
		said = undoWould
	}
	u.say(u.text(said, done.Removed, done.Restored, len(done.Kept)))
	return nil
}

type republishCmd struct {
	remote
	Path   []string `arg:"" name:"path" help:"help_republish_paths"`
	NoWait bool     `help:"help_no_wait"`
}

// Run puts the drive's present pictures behind the links of images, and unless told
// otherwise waits for the end, like copy.
func (c *republishCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(c.Path...); err != nil {
		return err
	}
	var drive, bed []string
	for _, arg := range c.Path {
		switch {
		case strings.HasPrefix(arg, driveScheme):
			p, _ := drivePath(arg)
			drive = append(drive, p)
		case strings.HasPrefix(arg, bedScheme):
			p, _ := bedPath(arg)
			bed = append(bed, p)
		default:
			return usageError{text: u.text(lsWhich, arg)}
		}
	}
	if len(drive) > 0 && len(bed) > 0 {
		return usageError{text: u.text(republishBoth)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	var what client.Republishing
	files, err := s.driveEntries(ctx, drive)
	if err != nil {
		return err
	}
	for n, f := range files {
		if f.IsFolder() {
			return &client.PathError{Path: drive[n], Reason: fault.NotFile}
		}
	}
	what.FileIDs = idsOf(files)
	tree := s.BedTree()
	for _, p := range bed {
		at, err := tree.Resolve(ctx, p)
		switch {
		case err != nil:
			return err
		case !at.IsFolder():
			what.ImageIDs = append(what.ImageIDs, at.FileID)
		case len(bed) > 1:
			return usageError{text: u.text(republishFolder)}
		case at.FileID == client.BedRoot:
			what.BedFolder = "0"
		default:
			what.BedFolder = at.FileID
		}
	}
	id, err := s.Republish(ctx, what)
	if err != nil {
		return err
	}
	return u.follow(ctx, s, id, c.NoWait, "")
}
