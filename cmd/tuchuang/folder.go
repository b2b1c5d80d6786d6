package main

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"tuchuang/internal/fault"
	"tuchuang/internal/ops"
)

func dataFile(data, name string) string { return filepath.Join(data, name) }

// lockFolder makes the data folder where it is missing and takes it for this
// process; fault.InUse where another server has it.
func lockFolder(data string) (*os.File, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, folderError(err, data)
	}
	f, err := os.OpenFile(dataFile(data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, folderError(err, data)
	}
	if err := tryLock(f); err != nil {
		return nil, errors.Join(fault.Because(fault.InUse, "serve", err, data), f.Close())
	}
	return f, nil
}

func folderError(err error, data string) error {
	return fault.Because(fault.BadData, "serve", err, fault.FolderUnusable, data, err)
}

func exists(path string) bool {
	_, err := os.Lstat(path) //nolint:gosec // a folder that the operator names
	return err == nil
}

// hasData says whether a folder holds a database. An empty file is none: who wrote
// it was stopped before there was anything in it.
func hasData(data string) (bool, error) {
	info, err := os.Stat(dataFile(data, "tuchuang.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, folderError(err, data)
	}
	return info.Size() > 0, nil
}

// ourNames are what may be in a data folder that holds no data yet: what a start that
// was broken off has left, and what a file system makes by itself.
var ourNames = []string{"lock", "blobs", "uploads", "spool", "thumbnails", "lost+found"}

// refuseForeign refuses to begin in a folder that holds other things and no data of
// ours, as somebody's home: nothing is to be mixed in among them. One that is not
// there is fine.
func refuseForeign(data string) error {
	if exists(dataFile(data, "tuchuang.db")) || exists(dataFile(data, "blobs")) && exists(dataFile(data, "uploads")) || ops.Unfinished(data) {
		return nil
	}
	entries, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError(err, data)
	}
	for _, e := range entries {
		if !slices.Contains(ourNames, e.Name()) {
			return fault.New(fault.BadData, "serve", fault.FolderForeign, data, printable(e.Name()))
		}
	}
	return nil
}

// whoAmI is the name of the user that runs this program.
func whoAmI() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Geteuid())
}
