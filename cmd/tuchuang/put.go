package main

import (
	"context"
	"strings"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

type putCmd struct {
	remote
	Local     []string `arg:"" name:"local" help:"help_local"`
	To        string   `default:"/" placeholder:"/drive/path" help:"help_put_to"`
	Jobs      int      `short:"j" default:"8" help:"help_jobs"`
	Overwrite bool     `xor:"duplicate" help:"help_overwrite"`
	KeepBoth  bool     `xor:"duplicate" help:"help_keep_both"`
}

// Run uploads the files, several at once, and says what became of each.
func (c *putCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(append(c.Local, c.To)...); err != nil {
		return err
	}
	to, ok := drivePath(c.To)
	if !ok {
		return usageError{text: u.text(putToBed)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	p := &putter{
		fileRun: fileRun{u: u, start: time.Now()},
		client:  s.Client,
		tree:    s.DriveTree(),
		states:  u.openStates(s.Server(), s.clientID),
		mode:    c.mode(),
	}
	p.files = plan(ctx, u, c.Local, to)
	// A wrong password or address is said before anything is begun.
	if _, err := p.tree.Children(ctx, client.DriveRoot); err != nil {
		return err
	}
	if len(p.files) == 0 && ctx.Err() == nil {
		u.note(u.text(putNothing, printable(strings.Join(c.Local, " "))))
	}
	p.uploadAll(ctx, min(max(c.Jobs, 1), 64))
	return p.report(ctx.Err() != nil)
}

func (c *putCmd) mode() int {
	switch {
	case c.Overwrite:
		return client.DuplicateOverwrite
	case c.KeepBoth:
		return client.DuplicateKeepBoth
	}
	return client.DuplicateRefuse
}

// outcome is what became of one file.
type outcome string

const (
	outcomeNone     outcome = "" // not begun, or stopped half way
	outcomeUploaded outcome = "uploaded"
	outcomeSkipped  outcome = "skipped"
	outcomeFailed   outcome = "failed"
)

// putter is one run of put.
type putter struct {
	fileRun
	client *client.Client
	tree   *client.DriveTree
	states *states
	mode   int
	quiet  bool // says nothing of a file that went well
	files  []*putFile
}

// uploadAll goes through the files with so many workers until all have an outcome
// or ctx ends.
func (p *putter) uploadAll(ctx context.Context, jobs int) {
	var total int64
	for _, f := range p.files {
		total += f.size
	}
	p.bar = p.u.byteBar(p.u.text(putProgress), total)
	defer p.bar.done()
	eachFile(ctx, &p.fileRun, p.files, jobs, func(ctx context.Context, f *putFile, end func(error)) {
		if err := p.upload(ctx, f); endsRun(f, err) {
			end(err)
		}
		p.tell(f)
	})
}

// smallFile is the size up to which a file that finds no room says that there is none
// for any: a larger one may just be too large for what is left.
const smallFile = 1 << 20

// endsRun says whether an error of a file would be the same for every other.
func endsRun(f *putFile, err error) bool {
	return endsAll(err) || client.Is(err, fault.DiskFull) && f.size <= smallFile
}

// tell says what became of a file: at a terminal the failures alone, else all.
func (p *putter) tell(f *putFile) {
	if f.outcome == outcomeNone {
		return
	}
	p.tellOne(func() string {
		if !f.sent {
			p.bar.grow(-f.size) // nothing of it was sent: that must not count for the rate
		}
		name := printable(f.drive)
		switch {
		case f.outcome == outcomeFailed:
			return p.failedLine(f.local, f.err)
		case p.bar.drawn() || p.u.json || p.quiet:
			return ""
		case f.outcome == outcomeSkipped:
			return p.u.text(putSkipped, name)
		case f.instant:
			return p.u.text(putInstant, name)
		}
		return p.u.text(putUploaded, name)
	})
}

// putReport is the document of --json.
type putReport struct {
	Uploaded    int             `json:"uploaded"`
	Skipped     int             `json:"skipped"`
	Failed      int             `json:"failed"`
	Left        int             `json:"left"`  // not done when the run was interrupted or the server went away
	Bytes       int64           `json:"bytes"` // of the files that had to be sent
	Seconds     float64         `json:"seconds"`
	Interrupted bool            `json:"interrupted"`
	Files       []putReportFile `json:"files"`
}

type putReportFile struct {
	Local   string  `json:"local"`
	Drive   string  `json:"drive"`
	Outcome outcome `json:"outcome"` // "" for one that is left
	FileID  int64   `json:"fileID,omitempty"`
	Size    int64   `json:"size"`
	Error   string  `json:"error,omitempty"`
}

// report prints the summary and says how the run ended.
func (p *putter) report(interrupted bool) error {
	r := putReport{Files: []putReportFile{}, Interrupted: interrupted || p.gone != nil}
	for _, f := range p.files {
		line := putReportFile{Local: f.local, Drive: f.drive, Outcome: f.outcome, FileID: f.id, Size: f.size}
		switch f.outcome {
		case outcomeUploaded:
			r.Uploaded++
			if f.sent {
				r.Bytes += f.size
			}
		case outcomeSkipped:
			r.Skipped++
		case outcomeFailed:
			r.Failed++
			line.Error, _ = p.u.explain(f.err)
		case outcomeNone:
			r.Left++
		}
		r.Files = append(r.Files, line)
	}
	took := time.Since(p.start)
	r.Seconds = took.Seconds()
	if p.u.json {
		if err := p.u.document(r); err != nil {
			return err
		}
	}
	p.summary(putSummary, fileCounts{r.Uploaded, r.Skipped, r.Failed, r.Bytes, took}, interrupted)
	switch {
	case r.Interrupted:
		p.u.note(p.u.text(putStopped, r.Left))
		return errReported
	case r.Failed > 0:
		p.u.note(p.u.text(putSomeFailed))
		return errReported
	}
	return nil
}
