package blob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"tuchuang/internal/fault"
)

const (
	stagedSuffix = ".part"
	bucketBits   = 10 // 1024 files to a folder
)

func (d *Disk) stagedPath(key Key) string {
	return filepath.Join(d.uploads, number(key.Account)+"-"+number(key.ID)+stagedSuffix)
}

func (d *Disk) finalPath(key Key) string {
	return filepath.Join(d.blobs, number(key.Account), number(key.ID>>bucketBits), number(key.ID))
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// parseNumber reads what number wrote, and nothing else: no sign, no zeros in front.
func parseNumber(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && number(n) == s
}

// List walks both folders, see Store: first what is staged, so that a commit in
// between is not missed.
func (d *Disk) List(ctx context.Context, fn func(Entry) error) error {
	if err := d.listStaged(ctx, fn); err != nil {
		return err
	}
	return d.listCommitted(ctx, fn)
}

func (d *Disk) listStaged(ctx context.Context, fn func(Entry) error) error {
	return eachEntry(ctx, d.uploads, func(e fs.DirEntry) error {
		key, ours := parseStaged(e.Name())
		if !ours {
			return nil
		}
		return visit(e, Entry{Key: key, Staged: true}, fn)
	})
}

// parseStaged reads the name of a staged file.
func parseStaged(file string) (Key, bool) {
	name, isStaged := strings.CutSuffix(file, stagedSuffix)
	accountText, idText, _ := strings.Cut(name, "-")
	account, accountOK := parseNumber(accountText)
	id, idOK := parseNumber(idText)
	return Key{account, id}, isStaged && accountOK && idOK
}

func (d *Disk) listCommitted(ctx context.Context, fn func(Entry) error) error {
	return eachNumber(ctx, d.blobs, true, func(account int64, e fs.DirEntry) error {
		buckets := filepath.Join(d.blobs, e.Name())
		return eachNumber(ctx, buckets, true, func(bucket int64, e fs.DirEntry) error {
			files := filepath.Join(buckets, e.Name())
			return eachNumber(ctx, files, false, func(id int64, e fs.DirEntry) error {
				if id>>bucketBits != bucket {
					return nil
				}
				return visit(e, Entry{Key: Key{account, id}}, fn)
			})
		})
	})
}

// visit completes the entry from its file and shows it, unless it isn't ours or
// has gone meanwhile.
func visit(e fs.DirEntry, entry Entry, fn func(Entry) error) error {
	if !e.Type().IsRegular() || !entry.Key.valid() {
		return nil
	}
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed(err, "blob: list")
	}
	entry.Size, entry.ModTime = info.Size(), info.ModTime()
	return fn(entry)
}

// eachNumber calls fn for the entries of dir that have a number for a name and
// are folders, or are not.
func eachNumber(ctx context.Context, dir string, folders bool, fn func(int64, fs.DirEntry) error) error {
	return eachEntry(ctx, dir, func(e fs.DirEntry) error {
		n, ok := parseNumber(e.Name())
		if !ok || e.IsDir() != folders {
			return nil
		}
		return fn(n, e)
	})
}

// eachEntry calls fn for the entries of dir until one fails or ctx ends.
func eachEntry(ctx context.Context, dir string, fn func(fs.DirEntry) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return failed(err, "blob: list")
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return fault.Wrap(err, "blob: list")
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}
