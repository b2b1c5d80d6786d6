package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tuchuang/internal/client"
)

type lsCmd struct {
	remote
	Path string `arg:"" help:"help_path"`
}

// Run lists a folder, or shows the one file at the path.
func (c *lsCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(c.Path); err != nil {
		return err
	}
	inDrive := strings.HasPrefix(c.Path, driveScheme)
	if !inDrive && !strings.HasPrefix(c.Path, bedScheme) {
		return usageError{text: u.text(lsWhich, c.Path)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	var rows []lsRow
	if inDrive {
		p, _ := drivePath(c.Path)
		rows, err = driveRows(ctx, s.DriveTree(), p)
	} else {
		p, _ := bedPath(c.Path)
		rows, err = bedRows(ctx, s.BedTree(), p)
	}
	if err != nil {
		return err
	}
	sortRows(rows)
	return showRows(u, rows, lsRow.line)
}

// showRows shows rows: as one document, or a line each; of none it says that there is none.
func showRows[R any](u *ui, rows []R, line func(R) string) error {
	if u.json {
		return u.document(rows)
	}
	if len(rows) == 0 {
		u.note(u.text(lsEmpty))
	}
	for _, r := range rows {
		u.say(line(r))
	}
	return nil
}

// lsRow is one entry of drive or bed.
type lsRow struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // "folder" or "file"
	Size     int64  `json:"size"`
	Etag     string `json:"etag"`
	UpdateAt stamp  `json:"updateAt"`
	ID       string `json:"id"`
	URL      string `json:"url,omitempty"` // of a picture in the bed
}

const (
	rowFolder = "folder"
	rowFile   = "file"
)

func (r lsRow) line() string {
	size, name := humanSize(r.Size), printable(r.Name)
	if r.Type == rowFolder {
		size, name = "-", name+"/"
	}
	return fmt.Sprintf("%9s  %-19s  %s", size, r.UpdateAt.local(), name)
}

// sortRows puts folders first, and names in order of their characters.
func sortRows(rows []lsRow) {
	slices.SortStableFunc(rows, func(a, b lsRow) int {
		if a.Type != b.Type {
			if a.Type == rowFolder {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
}

func driveRows(ctx context.Context, tree *client.DriveTree, p string) ([]lsRow, error) {
	at, err := tree.Resolve(ctx, p)
	if err != nil {
		return nil, err
	}
	files := []client.File{at}
	if at.IsFolder() {
		if files, err = tree.Children(ctx, at.FileID); err != nil {
			return nil, err
		}
	}
	rows := make([]lsRow, len(files))
	for i, f := range files {
		rows[i] = lsRow{f.Filename, typeOf(f.IsFolder()), f.Size, f.Etag, stamp(f.UpdateAt), strconv.FormatInt(f.FileID, 10), ""}
	}
	return rows, nil
}

func bedRows(ctx context.Context, tree *client.BedTree, p string) ([]lsRow, error) {
	at, err := tree.Resolve(ctx, p)
	if err != nil {
		return nil, err
	}
	images := []client.Image{at}
	if at.IsFolder() {
		if images, err = tree.Children(ctx, at.FileID); err != nil {
			return nil, err
		}
	}
	rows := make([]lsRow, len(images))
	for i, m := range images {
		rows[i] = lsRow{m.Filename, typeOf(m.IsFolder()), m.Size, m.Etag, stamp(m.UpdateAt), m.FileID, m.DownloadURL}
	}
	return rows, nil
}

func typeOf(folder bool) string {
	if folder {
		return rowFolder
	}
	return rowFile
}
