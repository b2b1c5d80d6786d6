package main

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"tuchuang/internal/client"
)

type getCmd struct {
	remote
	Path      []string `arg:"" name:"path" help:"help_get_paths"`
	To        string   `default:"." placeholder:"FOLDER" help:"help_get_to"`
	Jobs      int      `short:"j" default:"8" help:"help_get_jobs"`
	Overwrite bool     `help:"help_get_overwrite"`
}

// Run downloads files, and folders with all below them, several at once, and says what
// became of each.
func (c *getCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(append(c.Path, c.To)...); err != nil {
		return err
	}
	for _, arg := range c.Path {
		if !strings.HasPrefix(arg, driveScheme) && !strings.HasPrefix(arg, bedScheme) {
			return usageError{text: u.text(lsWhich, arg)}
		}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	g := &getter{fileRun: fileRun{u: u, start: time.Now()}, s: s, overwrite: c.Overwrite, places: map[string]string{}}
	if err := g.plan(ctx, c.Path); err != nil {
		return err
	}
	if err := os.MkdirAll(c.To, 0o750); err != nil {
		return failure{text: u.text(reportUnwritten, printable(c.To), u.cause(err))}
	}
	// Whatever names are, nothing is written outside of this folder, not by a link in it.
	if g.root, err = os.OpenRoot(c.To); err != nil {
		return failure{text: u.text(reportUnwritten, printable(c.To), u.cause(err))}
	}
	defer func() { _ = g.root.Close() }()
	g.folder = c.To
	g.getAll(ctx, min(max(c.Jobs, 1), 64))
	return g.report(ctx.Err() != nil)
}

// getFile is one file on its way, and what became of it. A worker owns it while it comes.
type getFile struct {
	from  string // with its scheme
	local string // below the folder
	size  int64
	etag  string
	url   func(ctx context.Context) (string, error)

	outcome outcome
	err     error
}

const outcomeDownloaded outcome = "downloaded"

// getter is one run of get.
type getter struct {
	fileRun
	s         *session
	root      *os.Root
	folder    string
	overwrite bool
	files     []*getFile
	places    map[string]string // where a file goes: which one
	bytes     int64             // that came; mu
}

// plan lists what is to come.
func (g *getter) plan(ctx context.Context, args []string) error {
	drive, bed := g.s.DriveTree(), g.s.BedTree()
	for _, arg := range args {
		if strings.HasPrefix(arg, bedScheme) {
			p, _ := bedPath(arg)
			at, err := bed.Resolve(ctx, p)
			if err == nil {
				err = g.fromBed(ctx, bed, at, bedScheme+p, strings.TrimPrefix(path.Base(p), "/"))
			}
			if err != nil {
				return err
			}
			continue
		}
		p, _ := drivePath(arg)
		at, err := drive.Resolve(ctx, p)
		if err == nil {
			err = g.fromDrive(ctx, drive, at, driveScheme+p, strings.TrimPrefix(path.Base(p), "/"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *getter) fromDrive(ctx context.Context, tree *client.DriveTree, at client.File, from, local string) error {
	if !at.IsFolder() {
		g.add(&getFile{from: from, local: local, size: at.Size, etag: at.Etag, url: func(ctx context.Context) (string, error) {
			return g.s.DownloadInfo(ctx, at.FileID)
		}})
		return nil
	}
	children, err := tree.Children(ctx, at.FileID)
	for _, c := range children {
		if err != nil {
			break
		}
		err = g.fromDrive(ctx, tree, c, strings.TrimSuffix(from, "/")+"/"+c.Filename, below(local, c.Filename))
	}
	return err
}

func (g *getter) fromBed(ctx context.Context, tree *client.BedTree, at client.Image, from, local string) error {
	if !at.IsFolder() {
		g.add(&getFile{from: from, local: local, size: at.Size, etag: at.Etag, url: func(context.Context) (string, error) { return at.DownloadURL, nil }})
		return nil
	}
	children, err := tree.Children(ctx, at.FileID)
	for _, c := range children {
		if err != nil {
			break
		}
		err = g.fromBed(ctx, tree, c, strings.TrimSuffix(from, "/")+"/"+c.Filename, below(local, c.Filename))
	}
	return err
}

// below is a name in a folder. A name that is no name of a file stays to be seen, and is
// refused later.
func below(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// add plans a file; one whose names can't be local, or whose place another one has, has
// failed already.
func (g *getter) add(f *getFile) {
	switch other, taken := g.places[f.local]; {
	case !isLocal(f.from, f.local):
		f.outcome, f.err = outcomeFailed, failure{text: g.u.text(getBadName)}
	case taken:
		f.outcome, f.err = outcomeFailed, failure{text: g.u.text(putTwice, printable(other))}
	default:
		g.places[f.local] = f.from
	}
	g.files = append(g.files, f)
}

// isLocal says whether every name of a path is one, here: the server's names have none of
// "/" and "\", are not "." and "..", and no other system's devices.
func isLocal(from, local string) bool {
	if strings.ContainsAny(local, "\\\x00") || runtime.GOOS == "windows" && strings.Contains(local, ":") || path.Clean(local) != local || !filepath.IsLocal(filepath.FromSlash(local)) {
		return false
	}
	// A name with a slash in it would be more than one.
	return !strings.Contains(from, "//") && !strings.HasSuffix(from, "/")
}

// getAll goes through the files with so many workers until all have an outcome or ctx ends.
func (g *getter) getAll(ctx context.Context, jobs int) {
	var total int64
	for _, f := range g.files {
		total += f.size
	}
	g.bar = g.u.byteBar(g.u.text(getProgress), total)
	defer g.bar.done()
	eachFile(ctx, &g.fileRun, g.files, jobs, func(ctx context.Context, f *getFile, end func(error)) {
		if err := g.get(ctx, f); endsAll(err) {
			end(err)
		}
		g.tell(f)
	})
}

// tell says what became of a file: at a terminal the failures alone, else all.
func (g *getter) tell(f *getFile) {
	if f.outcome == outcomeNone {
		return
	}
	g.tellOne(func() string {
		name := printable(filepath.Join(g.folder, f.local))
		switch {
		case f.outcome == outcomeFailed:
			return g.failedLine(f.from, f.err)
		case g.bar.drawn() || g.u.json:
			return ""
		case f.outcome == outcomeSkipped:
			return g.u.text(putSkipped, name)
		}
		return g.u.text(getDone, name)
	})
}

// getReport is the document of --json.
type getReport struct {
	Downloaded  int             `json:"downloaded"`
	Skipped     int             `json:"skipped"`
	Failed      int             `json:"failed"`
	Left        int             `json:"left"`
	Bytes       int64           `json:"bytes"` // that came in this run
	Seconds     float64         `json:"seconds"`
	Interrupted bool            `json:"interrupted"`
	Files       []getReportFile `json:"files"`
}

type getReportFile struct {
	From    string  `json:"from"`
	Local   string  `json:"local"`
	Outcome outcome `json:"outcome"` // "" for one that is left
	Size    int64   `json:"size"`
	Error   string  `json:"error,omitempty"`
}

// report prints the summary and says how the run ended.
func (g *getter) report(interrupted bool) error {
	r := getReport{Files: []getReportFile{}, Interrupted: interrupted || g.gone != nil, Bytes: g.bytes}
	for _, f := range g.files {
		line := getReportFile{From: f.from, Local: filepath.Join(g.folder, filepath.FromSlash(f.local)), Outcome: f.outcome, Size: f.size}
		switch f.outcome {
		case outcomeDownloaded:
			r.Downloaded++
		case outcomeSkipped:
			r.Skipped++
		case outcomeFailed:
			r.Failed++
			line.Error, _ = g.u.explain(f.err)
		default:
			r.Left++
		}
		r.Files = append(r.Files, line)
	}
	took := time.Since(g.start)
	r.Seconds = took.Seconds()
	if g.u.json {
		if err := g.u.document(r); err != nil {
			return err
		}
	}
	g.summary(getSummary, fileCounts{r.Downloaded, r.Skipped, r.Failed, r.Bytes, took}, interrupted)
	switch {
	case r.Interrupted:
		g.u.note(g.u.text(getStopped, r.Left))
		return errReported
	case r.Failed > 0:
		return errReported
	}
	return nil
}
