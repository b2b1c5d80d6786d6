package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// makeFolder makes dir and the folders above it, as far as they are missing,
// and makes their entries durable. A folder that is there already is synced in
// its parent too: its maker may have died before that.
func makeFolder(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeFolder(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		info, statErr := os.Stat(dir)
		if statErr != nil {
			return statErr
		}
		if !info.IsDir() {
			return err
		}
		err = nil
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

// ensureFolder makes a folder below d.blobs, durably. What this process has
// seen to once costs nothing again.
func (d *Disk) ensureFolder(dir string) error {
	if dir == d.blobs {
		return nil // NewDisk has made it
	}
	d.mu.Lock()
	_, known := d.folders[dir]
	d.mu.Unlock()
	if known {
		return nil
	}
	if err := d.ensureFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := makeFolder(dir); err != nil {
		return err
	}
	d.mu.Lock()
	d.folders[dir] = struct{}{}
	d.mu.Unlock()
	return nil
}

func (d *Disk) forgetFolders() {
	d.mu.Lock()
	clear(d.folders)
	d.mu.Unlock()
}

// ensureEntry makes the entry of a staged file in its folder durable, once a
// process and file.
func (d *Disk) ensureEntry(key Key) error {
	d.mu.Lock()
	_, known := d.entries[key]
	d.mu.Unlock()
	if known {
		return nil
	}
	if err := syncFolder(d.uploads); err != nil {
		return err
	}
	d.mu.Lock()
	d.entries[key] = struct{}{}
	d.mu.Unlock()
	return nil
}

func (d *Disk) forgetEntry(key Key) {
	d.mu.Lock()
	delete(d.entries, key)
	d.mu.Unlock()
}

// syncFile makes the content of the file at path durable, whoever wrote it.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs only what is open for writing
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
