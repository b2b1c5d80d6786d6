package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

type reportCmd struct {
	oneTask
	Format string `enum:"csv,json" default:"csv" help:"help_report_format"`
	Out    string `placeholder:"FILE" help:"help_report_out"`
}

// Run writes the ledger of a task as a file: all of it, or under its name nothing.
func (c *reportCmd) Run(ctx context.Context, u *ui) error {
	if at, err := os.Lstat(c.Out); c.Out != "" && err == nil && !at.Mode().IsRegular() {
		return usageError{text: u.text(reportNoFile, c.Out)}
	}
	s, err := c.open(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	format := c.Format
	if u.json {
		format = "json"
	}
	write := func(w io.Writer) error { return s.CopyReport(ctx, c.ID, format, w) }
	if c.Out == "" {
		return write(u.out)
	}
	if err := writeWhole(c.Out, write); err != nil {
		if _, here := errors.AsType[*fs.PathError](err); here {
			return failure{text: u.text(reportUnwritten, printable(c.Out), u.cause(err))}
		}
		return err
	}
	if u.json {
		return u.document(struct {
			TaskID string `json:"taskID"`
			File   string `json:"file"`
		}{c.ID, c.Out})
	}
	u.say(u.text(reportWritten, printable(c.Out)))
	return nil
}
