package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tuchuang/internal/client"
)

// get brings one file: a part that an earlier run has left is gone on with, and under its
// name it stands only once it is whole and what the server says it is.
func (g *getter) get(ctx context.Context, f *getFile) error {
	if f.outcome != outcomeNone {
		return nil
	}
	err := g.bring(ctx, f)
	switch {
	case err == nil:
	case ctx.Err() != nil || client.Broken(err):
		return err // it is left
	default:
		f.outcome, f.err = outcomeFailed, localError(g.u, err)
	}
	return err
}

func (g *getter) bring(ctx context.Context, f *getFile) error {
	local := filepath.FromSlash(f.local)
	there, err := g.there(f, local)
	if err != nil || there {
		return err
	}
	dir := filepath.Dir(local)
	if err := g.root.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	part := filepath.Join(dir, f.part())
	if err := g.fill(ctx, f, part); err != nil {
		return err
	}
	if err := g.root.Rename(part, local); err != nil {
		return err
	}
	f.outcome = outcomeDownloaded
	return nil
}

// part is how a file is called while it comes: of this file and no other, neither another
// one's nor another content's.
func (f *getFile) part() string {
	sum := md5.Sum([]byte(f.from + "\n" + f.etag))
	return ".tuchuang-" + hex.EncodeToString(sum[:]) + ".part"
}

// there says whether the file is there already, with this content.
func (g *getter) there(f *getFile, local string) (bool, error) {
	at, err := g.root.Lstat(local)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !at.Mode().IsRegular():
		return false, failure{text: g.u.text(reportNoFile, printable(f.local))}
	}
	if at.Size() == f.size {
		file, err := g.root.Open(local)
		if err != nil {
			return false, err
		}
		defer func() { _ = file.Close() }()
		h := md5.New()
		if _, err := io.Copy(h, file); err != nil {
			return false, err
		}
		if hex.EncodeToString(h.Sum(nil)) == strings.ToLower(f.etag) {
			f.outcome = outcomeSkipped
			return true, nil
		}
	}
	if !g.overwrite {
		return false, failure{text: g.u.text(getOther)}
	}
	return false, nil
}

// fill brings what is missing of a part, and checks all of it.
func (g *getter) fill(ctx context.Context, f *getFile, part string) (err error) {
	file, err := g.root.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	h := md5.New()
	have, err := io.Copy(h, file)
	if err != nil {
		return err
	}
	if have > f.size {
		h.Reset()
		have = 0
	}
	g.bar.add(have)
	for tries := 0; have < f.size; {
		url, err := f.url(ctx)
		if err != nil {
			return err
		}
		before := have
		err = g.s.Download(ctx, url, have, func(from int64, body io.Reader) error {
			if from != have { // it has no ranges: all comes again
				g.bar.add(-have)
				h.Reset()
				have, before = 0, 0
			}
			if _, err := file.Seek(have, io.SeekStart); err != nil {
				return err
			}
			n, err := io.Copy(io.MultiWriter(file, h, counted(g.bar.add)), io.LimitReader(body, f.size-have+1))
			have += n
			g.mu.Lock()
			g.bytes += n
			g.mu.Unlock()
			return err
		})
		if have > before {
			tries = 0
		}
		tries++
		switch {
		case err != nil && (!client.Broken(err) || tries > 3 || ctx.Err() != nil):
			return err
		case err == nil && have < f.size && tries > 3:
			return failure{text: g.u.text(getDamaged)}
		}
	}
	if err := file.Truncate(have); err != nil {
		return err
	}
	if have != f.size || hex.EncodeToString(h.Sum(nil)) != strings.ToLower(f.etag) {
		if err := g.root.Remove(part); err != nil {
			return err
		}
		return failure{text: g.u.text(getDamaged)}
	}
	return file.Sync()
}

// counted tells how many bytes went by.
type counted func(int64)

func (c counted) Write(p []byte) (int, error) {
	c(int64(len(p)))
	return len(p), nil
}
