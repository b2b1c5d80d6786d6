package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
	"unicode/utf8"

	"tuchuang/internal/client"
)

// putFile is one local file on its way, and what became of it. A worker owns it
// while it is uploaded, the putter before and after.
type putFile struct {
	local string
	drive string // the path it shall have, and then the one it has
	size  int64
	mod   time.Time

	outcome outcome
	err     error // why it failed
	id      int64 // in the drive
	instant bool  // the server had the content already
	sent    bool  // bytes of it went
}

// named notes under which name the file stands in its folder; "" changes nothing.
func (f *putFile) named(name string) {
	if name != "" {
		f.drive = path.Join(path.Dir(f.drive), name)
	}
}

// plan walks what was named on the line and gives every file below it. What can't
// be uploaded is in the plan with its failure; what is left out is said. When ctx
// ends the plan ends where it is.
func plan(ctx context.Context, u *ui, locals []string, to string) []*putFile {
	p := &planner{u: u, done: ctx.Done(), places: map[string]place{}}
	for _, local := range locals {
		p.add(local, to)
	}
	return p.files
}

type planner struct {
	u      *ui
	done   <-chan struct{}
	files  []*putFile
	places map[string]place // path in the drive: the local file that goes there
}

type place struct {
	local string
	file  fs.FileInfo
}

// add plans a file or folder named on the line; a link named there is followed.
func (p *planner) add(local, to string) {
	whole, err := filepath.Abs(local)
	if err != nil {
		p.fail(local, to, err)
		return
	}
	name := filepath.Base(whole)
	if name == string(filepath.Separator) || filepath.VolumeName(whole)+string(filepath.Separator) == whole {
		name = "" // the root of a file system has no name of its own
	}
	root, err := filepath.EvalSymlinks(whole)
	if err != nil {
		p.fail(local, path.Join(to, name), p.localError(err))
		return
	}
	// The walk gives no error of its own: what goes wrong belongs to one file.
	_ = filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		select {
		case <-p.done:
			return fs.SkipAll
		default:
		}
		rel, relErr := filepath.Rel(root, at)
		if err == nil {
			err = relErr
		}
		shown := filepath.Join(local, rel)
		drive := client.CleanPath(path.Join(to, name, filepath.ToSlash(rel)))
		if err != nil {
			p.fail(shown, drive, p.localError(err))
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		p.entry(shown, drive, d)
		return nil
	})
}

// entry plans one entry of the walk.
func (p *planner) entry(local, drive string, d fs.DirEntry) {
	switch {
	case d.IsDir():
		return
	case d.Type()&fs.ModeSymlink != 0:
		p.u.note(p.u.text(putSymlink, printable(local)))
		return
	case !d.Type().IsRegular():
		p.u.note(p.u.text(putNotRegular, printable(local)))
		return
	}
	info, err := d.Info()
	if err != nil {
		p.fail(local, drive, p.localError(err))
		return
	}
	if !utf8.ValidString(local) {
		p.fail(local, drive, failure{text: p.u.text(putBadUTF8)})
		return
	}
	if other, taken := p.places[drive]; taken {
		// Named twice, as patterns that overlap do, it is still one file.
		if !os.SameFile(other.file, info) {
			p.fail(local, drive, failure{text: p.u.text(putTwice, printable(other.local))})
		}
		return
	}
	p.places[drive] = place{local, info}
	p.files = append(p.files, &putFile{local: local, drive: drive, size: info.Size(), mod: info.ModTime()})
}

func (p *planner) fail(local, drive string, err error) {
	p.files = append(p.files, &putFile{local: local, drive: drive, outcome: outcomeFailed, err: err})
}

// localError words what the file system said.
func (p *planner) localError(err error) error { return localError(p.u, err) }

func localError(u *ui, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return failure{text: u.text(putMissing)}
	case errors.Is(err, os.ErrPermission):
		return failure{text: u.text(putDenied)}
	}
	return err
}
