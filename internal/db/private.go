package db

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"tuchuang/internal/fault"
)

// The database holds the keys that tokens and links are signed with: nobody but who
// runs the program may read it. SQLite makes a file that all may read and gives its
// log the mode of the database; so the database is made before SQLite opens it.
const private fs.FileMode = 0o600

// makePrivate makes a file where there is none. One that is there is not even opened:
// closing it would end the locks that this process may hold on it already.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, private)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// mayWrite sees whether this user may write to the database and to what stands beside
// it: SQLite itself tells neither the file nor the reason.
func mayWrite(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		switch err := writable(name); {
		case err == nil || name != path && errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, fs.ErrPermission) && exists(name):
			return fault.Because(fault.BadData, "db: open", err, fault.DataReadOnly, name)
		default:
			return noFolder(err, path)
		}
	}
	return nil
}

func noFolder(err error, path string) error {
	return fault.Because(fault.BadData, "db: open", err, fault.FolderUnusable, filepath.Dir(path), err)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// keepPrivate makes the database where it is missing, and takes from others what an
// earlier program, or a restored copy, lets them read of it.
func keepPrivate(path string, log *slog.Logger) error {
	if err := makePrivate(path); err != nil {
		return noFolder(err, path)
	}
	if err := mayWrite(path); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // rights are inherited from the folder there
		return nil
	}
	files, err := filepath.Glob(globEscape(path) + "*") // the log too, and copies before an upgrade
	if err != nil {
		return fault.Wrap(err, "db: open")
	}
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
			continue // or it has gone meanwhile, as the log does
		}
		if err := os.Chmod(name, private); err != nil {
			log.Warn("db: others may read the database", "file", name, "mode", info.Mode().Perm(), "err", err)
			continue
		}
		log.Warn("db: others might have read the database; no longer", "file", name, "mode", info.Mode().Perm())
	}
	return nil
}

// globEscape takes their meaning from the characters of a path that have one in
// patterns.
func globEscape(path string) string {
	var b []byte
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			b = append(b, '\\')
		}
		b = append(b, path[i])
	}
	return string(b)
}
