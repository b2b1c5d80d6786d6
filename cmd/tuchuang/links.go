package main

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
)

type linksCmd struct {
	remote
	Path     string `arg:"" name:"bed-path" help:"help_bed_path"`
	Format   string `short:"f" enum:"${formats}" default:"url" help:"help_format"`
	Template string `help:"help_template"`
}

// Run writes the link of a picture, or of all pictures in and below a folder.
func (c *linksCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(c.Path); err != nil {
		return err
	}
	p, ok := bedPath(c.Path)
	if !ok {
		return usageError{text: u.text(copyNotBed, c.Path)}
	}
	format, err := c.format(u)
	if err != nil {
		return err
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	tree := s.BedTree()
	at, err := tree.Resolve(ctx, p)
	if err != nil {
		return err
	}
	var all []linkformat.Link
	if err := walkBed(ctx, tree, p, at, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		u.note(u.text(linksNone, printable(p)))
	}
	_, err = io.WriteString(u.out, format.All(all))
	return err
}

// format is the one that the line asks for.
func (c *linksCmd) format(u *ui) (linkformat.Format, error) {
	name := c.Format
	if c.Template != "" && name == "url" { // which nobody need have said
		name = "template"
	}
	if u.json {
		if name != "url" && name != "json" {
			return linkformat.Format{}, usageError{text: u.text(linksClash, name)}
		}
		name = "json"
	}
	f, err := linkformat.New(name, c.Template)
	if fault.Is(err, fault.BadRequest) {
		return f, usageError{text: u.text(linksForm, fault.ArgsOf(err)[0], linkformat.MaxTemplate)}
	}
	return f.WithPaths(), err
}

// walkBed collects the pictures at and below an entry, folders last, by name.
func walkBed(ctx context.Context, tree *client.BedTree, p string, at client.Image, all *[]linkformat.Link) error {
	if !at.IsFolder() {
		*all = append(*all, linkformat.Link{ID: at.FileID, Path: p, Name: at.Filename, URL: at.DownloadURL, Etag: at.Etag, Size: at.Size})
		return nil
	}
	children, err := tree.Children(ctx, at.FileID)
	if err != nil {
		return err
	}
	slices.SortFunc(children, func(a, b client.Image) int {
		if a.Type != b.Type {
			return a.Type - b.Type
		}
		return strings.Compare(a.Filename, b.Filename)
	})
	for _, child := range children {
		if err := walkBed(ctx, tree, path.Join(p, child.Filename), child, all); err != nil {
			return err
		}
	}
	return nil
}
