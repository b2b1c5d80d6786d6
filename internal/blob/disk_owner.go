package blob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tuchuang/internal/fault"
)

// ownerName is what the note of the owner is called, beside the contents.
const ownerName = "installation"

// String names the folder for people.
func (d *Disk) String() string { return d.blobs }

// Owner reads the note, see Store.
func (d *Disk) Owner(ctx context.Context) (string, error) {
	const op = "blob: read owner"
	if err := ctx.Err(); err != nil {
		return "", fault.Wrap(err, op)
	}
	b, err := os.ReadFile(filepath.Join(d.blobs, ownerName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(b)), failed(err, op)
}

// SetOwner writes the note as a whole or not at all, see Store.
func (d *Disk) SetOwner(ctx context.Context, id string) error {
	const op = "blob: note owner"
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, op)
	}
	path := filepath.Join(d.blobs, ownerName)
	if id == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed(err, op)
		}
		return failed(syncFolder(d.blobs), op)
	}
	part := filepath.Join(d.uploads, ownerName)
	if err := os.WriteFile(part, []byte(id+"\n"), 0o600); err != nil {
		return errors.Join(failed(err, op), os.Remove(part))
	}
	err := syncFile(part)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(failed(err, op), os.Remove(part))
	}
	return failed(syncFolder(d.blobs), op)
}
