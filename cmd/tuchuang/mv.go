package main

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

type mvCmd struct {
	remote
	Path []string `arg:"" name:"path" help:"help_mv_paths"`
}

// shelf is drive or bed in the eyes of mv and rm.
type shelf struct {
	scheme string
	// find answers what is at a path; the root has the id "" in the bed, "0" in the drive.
	find   func(ctx context.Context, p string) (thing, error)
	move   func(ctx context.Context, ids []string, to string) error
	rename func(ctx context.Context, id, name string) error
	remove func(ctx context.Context, ids []string) error
}

// thing is a file, picture or folder of a shelf.
type thing struct {
	ID     string
	Folder bool
}

// manyIDs is how many ids one request takes.
const manyIDs = 100

// shelfOf tells which of the two all paths are in, and cleans them.
func (u *ui) shelfOf(args []string) (scheme string, paths []string, err error) {
	if err := u.noneEmpty(args...); err != nil {
		return "", nil, err
	}
	for _, arg := range args {
		is := driveScheme
		if strings.HasPrefix(arg, bedScheme) {
			is = bedScheme
		} else if !strings.HasPrefix(arg, driveScheme) {
			return "", nil, usageError{text: u.text(lsWhich, arg)}
		}
		if scheme != "" && is != scheme {
			return "", nil, usageError{text: u.text(mvBoth)}
		}
		scheme = is
		paths = append(paths, client.CleanPath(strings.TrimPrefix(arg, is)))
	}
	return scheme, paths, nil
}

func (s *session) shelf(scheme string) shelf {
	if scheme == bedScheme {
		tree := s.BedTree()
		return shelf{
			scheme: scheme, move: s.BedMove, rename: s.BedRename, remove: s.BedDelete,
			find: func(ctx context.Context, p string) (thing, error) {
				at, err := tree.Resolve(ctx, p)
				return thing{at.FileID, at.IsFolder()}, err
			},
		}
	}
	tree := s.DriveTree()
	return shelf{
		scheme: scheme,
		move: func(ctx context.Context, ids []string, to string) error {
			return s.Move(ctx, numbers(ids), numbers([]string{to})[0])
		},
		rename: func(ctx context.Context, id, name string) error { return s.Rename(ctx, numbers([]string{id})[0], name) },
		remove: func(ctx context.Context, ids []string) error { return s.Trash(ctx, numbers(ids)) },
		find: func(ctx context.Context, p string) (thing, error) {
			at, err := tree.Resolve(ctx, p)
			return thing{number(at.FileID), at.IsFolder()}, err
		},
	}
}

// Run moves entries of drive or bed into a folder, or gives one another name and place.
func (c *mvCmd) Run(ctx context.Context, u *ui) error {
	scheme, paths, err := u.shelfOf(c.Path)
	switch {
	case err != nil:
		return err
	case len(paths) < 2:
		return usageError{text: u.text(mvWhere)}
	case slices.Contains(paths[:len(paths)-1], "/"):
		return usageError{text: u.text(mvRoot)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	from, to := paths[:len(paths)-1], paths[len(paths)-1]
	at := s.shelf(scheme)
	things := make([]thing, len(from))
	for i, p := range from {
		if things[i], err = at.find(ctx, p); err != nil {
			return err
		}
	}
	target, err := at.find(ctx, to)
	missing := isMissing(err, to)
	if err != nil && !missing {
		return err
	}
	var moved []movedRow
	if err == nil && (target.Folder || len(from) > 1) {
		if !target.Folder {
			return &client.PathError{Path: to, Reason: fault.NotFolder}
		}
		for i, p := range from {
			moved = append(moved, movedRow{scheme + p, scheme + path.Join(to, path.Base(p)), things[i].ID})
		}
		err = inParts(things, func(ids []string) error { return at.move(ctx, ids, target.ID) })
	} else {
		switch {
		case len(from) > 1:
			return err
		case !missing && from[0] != to:
			return failure{text: u.text(mvTaken, printable(scheme+to))}
		}
		moved = []movedRow{{scheme + from[0], scheme + to, things[0].ID}}
		err = at.moveTo(ctx, things[0].ID, from[0], to)
	}
	if err != nil {
		return err
	}
	if u.json {
		return u.document(moved)
	}
	for _, m := range moved {
		u.say(u.text(mvMoved, printable(m.From), printable(m.To)))
	}
	return nil
}

type movedRow struct {
	From string `json:"from"`
	To   string `json:"to"`
	ID   string `json:"id"`
}

// isMissing says whether it is the path itself that is not there: the folder it is in is.
func isMissing(err error, p string) bool {
	missing, ok := errors.AsType[*client.PathError](err)
	return ok && missing.Reason == fault.NotFound && missing.Path == p
}

// moveTo gives an entry another place and name, in two steps where both are others: the
// name that it has in between is free. What can't be done whole is taken back.
func (at shelf) moveTo(ctx context.Context, id, from, to string) error {
	oldFolder, oldName := path.Split(from)
	newFolder, newName := path.Split(to)
	rename := func(name string) error { return at.rename(ctx, id, name) }
	if path.Clean(oldFolder) == path.Clean(newFolder) {
		return rename(newName)
	}
	folder, err := at.find(ctx, path.Clean(newFolder))
	if err != nil {
		return err
	}
	move := func(to string) error { return at.move(ctx, []string{id}, to) }
	if oldName == newName {
		return move(folder.ID)
	}
	if _, err := at.find(ctx, path.Join(newFolder, oldName)); err != nil { // its old name is free there
		home, err := at.find(ctx, path.Clean(oldFolder))
		if err != nil {
			return err
		}
		return bothOrNone(func() error { return move(folder.ID) }, func() error { return rename(newName) }, func() error { return move(home.ID) })
	}
	return bothOrNone(func() error { return rename(newName) }, func() error { return move(folder.ID) }, func() error { return rename(oldName) })
}

// bothOrNone takes the first step back where the second fails.
func bothOrNone(first, second, back func() error) error {
	err := first()
	if err == nil {
		if err = second(); err != nil {
			err = errors.Join(err, back())
		}
	}
	return err
}

// inParts calls fn for as many ids as one request takes.
func inParts(things []thing, fn func(ids []string) error) error {
	for part := range slices.Chunk(things, manyIDs) {
		ids := make([]string, len(part))
		for i, t := range part {
			ids[i] = t.ID
		}
		if err := fn(ids); err != nil {
			return err
		}
	}
	return nil
}
