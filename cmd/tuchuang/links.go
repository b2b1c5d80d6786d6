package main

import (
	"bufio"
	"context"
	"path"
	"slices"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/client/links"
)

type linksCmd struct {
	remote
	Path   string `arg:"" name:"bed-path" help:"${help_bed_path}"`
	Format string `short:"f" enum:"${formats}" default:"url" help:"${help_format}"`
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
	if u.json {
		if c.Format != "url" && c.Format != "json" {
			return usageError{text: u.text(linksClash, c.Format)}
		}
		c.Format = "json"
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
	var all []links.Link
	if err := walkBed(ctx, tree, p, at, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		u.note(u.text(linksNone, printable(p)))
	}
	out := bufio.NewWriter(u.out)
	if err := links.Write(out, c.Format, all); err != nil {
		return err
	}
	return out.Flush()
}

// walkBed collects the pictures at and below an entry, folders last, by name.
func walkBed(ctx context.Context, tree *client.BedTree, p string, at client.Image, all *[]links.Link) error {
	if !at.IsFolder() {
		*all = append(*all, links.Link{Path: p, Name: at.Filename, URL: at.DownloadURL, Etag: at.Etag, Size: at.Size})
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
