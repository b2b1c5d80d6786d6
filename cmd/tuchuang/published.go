package main

import (
	"context"
	"path"
	"slices"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

type publishedCmd struct {
	remote
	Path []string `arg:"" name:"drive-path" help:"help_drive_paths"`
}

// Run shows where pictures are published, a line for each link.
func (c *publishedCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(c.Path...); err != nil {
		return err
	}
	var paths []string
	for _, arg := range c.Path {
		p, ok := drivePath(arg)
		if !ok {
			return usageError{text: u.text(publishedNotDrive, arg)}
		}
		paths = append(paths, p)
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	tree := s.DriveTree()
	rows := []publishedRow{}
	shown := 0
	show := func(r publishedRow) {
		if shown++; u.json {
			rows = append(rows, r)
			return
		}
		u.showPublished(r)
	}
	for _, p := range paths {
		at, err := tree.Resolve(ctx, p)
		if err != nil {
			return err
		}
		if err := walkPublished(ctx, s.Client, tree, p, at, show); err != nil {
			return err
		}
	}
	if u.json {
		return u.document(rows)
	}
	if shown == 0 {
		u.note(u.text(lsEmpty))
	}
	return nil
}

// publishedRow is a file in documents of --json.
type publishedRow struct {
	Path string `json:"path"`
	client.PublishedFile
	Published []publishedLinkRow `json:"published"` // in the place of those with times that carry no zone
}

type publishedLinkRow struct {
	client.PublishedLink
	PublishedAt stamp `json:"publishedAt"`
}

func newPublishedRow(p string, f client.PublishedFile) publishedRow {
	r := publishedRow{p, f, make([]publishedLinkRow, len(f.Published))}
	for n, l := range f.Published {
		r.Published[n] = publishedLinkRow{l, stamp(l.PublishedAt)}
	}
	return r
}

// walkPublished shows the file, or the pictures at and below the folder, folders last, by
// name: those of a folder as soon as they are known.
func walkPublished(ctx context.Context, c *client.Client, tree *client.DriveTree, p string, at client.File, show func(publishedRow)) error {
	if !at.IsFolder() {
		page, err := c.Published(ctx, client.PublishedQuery{FileIDs: []int64{at.FileID}})
		if err == nil && len(page.List) == 0 {
			err = &client.PathError{Path: p, Reason: fault.NotFound} // gone since
		}
		for _, f := range page.List {
			show(newPublishedRow(p, f))
		}
		return err
	}
	var rows []publishedRow
	for f, err := range c.PublishedAll(ctx, at.FileID) {
		if err != nil {
			return err
		}
		rows = append(rows, newPublishedRow(path.Join(p, f.Filename), f))
	}
	slices.SortFunc(rows, func(a, b publishedRow) int { return strings.Compare(a.Filename, b.Filename) })
	for _, r := range rows {
		show(r)
	}
	children, err := tree.Children(ctx, at.FileID)
	if err != nil {
		return err
	}
	slices.SortFunc(children, func(a, b client.File) int { return strings.Compare(a.Filename, b.Filename) })
	for _, child := range children {
		if !child.IsFolder() {
			continue
		}
		if err := walkPublished(ctx, c, tree, path.Join(p, child.Filename), child, show); err != nil {
			return err
		}
	}
	return nil
}

func (u *ui) showPublished(r publishedRow) {
	if len(r.Published) == 0 {
		u.say(u.text(publishedNowhere) + "  " + printable(r.Path))
	}
	for _, l := range r.Published {
		state := publishedCurrent
		if l.State == client.Outdated {
			state = publishedOutdated
		}
		u.say(u.text(state) + "  " + printable(r.Path) + "  " + l.DownloadURL + "  " + printable(bedScheme+l.Path))
	}
}
