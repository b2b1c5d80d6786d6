package blob

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"tuchuang/internal/fault"
)

// Lister is a Store that can tell of things in its place that it did not make.
type Lister interface {
	// ListOthers calls fn for each of them, and ends with the first error of fn.
	ListOthers(ctx context.Context, fn func(Other) error) error
}

// Other is such a thing.
type Other struct {
	Path      string
	Size      int64 // in bytes
	Misplaced bool  // it has the name of content, and lies where nothing looks for it
}

var _ Lister = (*Disk)(nil)

// ListOthers walks both folders, see Lister.
func (d *Disk) ListOthers(ctx context.Context, fn func(Other) error) error {
	for _, top := range []string{d.blobs, d.uploads} {
		err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return fault.Wrap(ctx.Err(), "blob: list others")
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it has gone meanwhile
			}
			if err != nil {
				return failed(err, "blob: list others")
			}
			if e.IsDir() {
				return nil
			}
			below, err := filepath.Rel(top, path)
			if err != nil {
				return failed(err, "blob: list others")
			}
			names := strings.Split(filepath.ToSlash(below), "/")
			at := stagedAs
			if top == d.blobs {
				at = placedAt
			}
			key, placed := at(names)
			switch {
			case placed && e.Type().IsRegular(), len(names) == 1 && (names[0] == ownerName || names[0] == probeName):
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return failed(err, "blob: list others")
			}
			return fn(Other{Path: path, Size: info.Size(), Misplaced: !placed && key.valid() && e.Type().IsRegular()})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// placedAt reads the way to a committed file: which content it would be, and whether it
// would be found there.
func placedAt(names []string) (key Key, placed bool) {
	if len(names) != 3 {
		return Key{}, false
	}
	account, accountOK := parseNumber(names[0])
	bucket, bucketOK := parseNumber(names[1])
	id, idOK := parseNumber(names[2])
	if !accountOK || !bucketOK || !idOK {
		return Key{}, false
	}
	key = Key{account, id}
	return key, key.valid() && id>>bucketBits == bucket
}

// stagedAs is placedAt for what is staged.
func stagedAs(names []string) (key Key, placed bool) {
	if len(names) != 1 {
		return Key{}, false
	}
	key, placed = parseStaged(names[0])
	return key, placed && key.valid()
}
