package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"tuchuang/internal/fault"
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
	return fault.Because(fault.BadConfig, "serve", err, "data: "+data+": "+reason(err))
}

// reason is the last word of a file error, without the path it names.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
