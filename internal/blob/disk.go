package blob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// Disk is a Store in two folders of one file system. Paths are made of numbers
// alone:
//
//	uploads/<account>-<id>.part        staged
//	blobs/<account>/<id / 1024>/<id>   committed
//	blobs/installation                 whose they are
type Disk struct {
	blobs, uploads string

	mu sync.Mutex
	// folders whose entry in their parent this process has made durable
	folders map[string]struct{}
	// staged files whose entry in uploads this process has made durable
	entries map[Key]struct{}

	idle *idleFiles
}

var _ Store = (*Disk)(nil)

// NewDisk opens the store in two folders and makes those that are missing, for
// their owner's eyes only (mode 0700). Folders on different file systems, where
// content could not be moved in one step, are fault.BadData.
func NewDisk(blobsDir, uploadsDir string) (*Disk, error) {
	const op = "blob: open disk store"
	for _, dir := range []string{blobsDir, uploadsDir} {
		if err := makeFolder(dir); err != nil {
			return nil, failed(err, op)
		}
	}
	if err := tryMove(uploadsDir, blobsDir); err != nil {
		return nil, err
	}
	return &Disk{
		blobs:   blobsDir,
		uploads: uploadsDir,
		folders: map[string]struct{}{},
		entries: map[Key]struct{}{},
		idle:    newIdleFiles(),
	}, nil
}

const probeName = "probe"

// tryMove moves an empty file, so that folders of two file systems are found at
// the start and not by the first upload.
func tryMove(from, to string) error {
	const op = "blob: try to move a file"
	// One name, so that what a process left that died here is taken away again.
	source, target := filepath.Join(from, probeName), filepath.Join(to, probeName)
	f, err := os.OpenFile(source, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return failed(err, op)
	}
	if err := f.Close(); err != nil {
		return errors.Join(failed(err, op), os.Remove(source))
	}
	killpoint.Here("blob.probe.made")
	if err := os.Rename(source, target); err != nil {
		return errors.Join(fault.Because(fault.BadData, op, err, fault.TwoDisks, from, to), os.Remove(source))
	}
	killpoint.Here("blob.probe.moved")
	return failed(os.Remove(target), op)
}

// Begin does nothing: slices go to the file of their key.
func (d *Disk) Begin(ctx context.Context, key Key) (string, error) {
	return "", begin(ctx, key, "blob: begin "+key.String())
}

// stage opens the staged file of key.
func (d *Disk) stage(key Key, flags int) (*os.File, error) {
	return os.OpenFile(d.stagedPath(key), os.O_RDWR|flags, 0o600)
}

// Commit moves the staged file to its place, durably, see Store.
func (d *Disk) Commit(ctx context.Context, key Key, _ string, parts []Part) error {
	op := "blob: commit " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return err
	}
	committed, err := exists(d.finalPath(key))
	if err != nil {
		return failed(err, op)
	}
	if committed {
		return d.recommit(key, op)
	}
	if len(parts) == 0 { // no slice has made a file
		f, err := d.stage(key, os.O_CREATE)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return failed(err, op)
		}
	}
	return d.place(key, op)
}

// place syncs the staged file, moves it to its place and syncs the folder.
func (d *Disk) place(key Key, op string) error {
	staged, final := d.stagedPath(key), d.finalPath(key)
	killpoint.Here("blob.commit.before_sync")
	err := syncFile(staged)
	if errors.Is(err, fs.ErrNotExist) {
		return d.recommit(key, op)
	}
	if err != nil {
		return failed(err, op)
	}
	killpoint.Here("blob.commit.after_sync")

	err = d.move(staged, final)
	if errors.Is(err, fs.ErrNotExist) {
		return d.recommit(key, op) // another Commit of the key was quicker
	}
	if err != nil {
		return failed(err, op)
	}
	d.forgetEntry(key)
	killpoint.Here("blob.commit.after_rename")

	if err := syncFolder(filepath.Dir(final)); err != nil {
		return failed(err, op)
	}
	killpoint.Here("blob.commit.after_dirsync")
	return nil
}

// move renames a staged file into its folder, which it makes where needed.
func (d *Disk) move(staged, final string) error {
	if err := d.ensureFolder(filepath.Dir(final)); err != nil {
		return err
	}
	err := os.Rename(staged, final)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Somebody may have taken away a folder that we remember: look again.
	d.forgetFolders()
	if err := d.ensureFolder(filepath.Dir(final)); err != nil {
		return err
	}
	return os.Rename(staged, final)
}

// recommit answers a Commit of content that is in its place, or of nothing. The
// process before us may have died between the move and the folder's sync, so the
// sync is done now. What is staged beside committed content is of no use.
func (d *Disk) recommit(key Key, op string) error {
	final := d.finalPath(key)
	committed, err := exists(final)
	if err != nil {
		return failed(err, op)
	}
	if !committed {
		return fault.New(fault.NotFound, op)
	}
	if err := os.Remove(d.stagedPath(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(err, op)
	}
	if err := d.ensureFolder(filepath.Dir(final)); err != nil {
		return failed(err, op)
	}
	return failed(syncFolder(filepath.Dir(final)), op)
}

// Open opens committed content, see Store. The Object also has the method
// File() *os.File, for handing the file to the kernel.
func (d *Disk) Open(ctx context.Context, key Key) (Object, error) {
	op := "blob: open " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return nil, err
	}
	path := d.finalPath(key)
	file, found := d.idle.take(key)
	if found {
		if info, err := os.Lstat(path); err == nil && os.SameFile(info, file.info) {
			return &diskObject{disk: d, key: key, file: file}, nil
		}
		if err := file.Close(); err != nil {
			return nil, failed(err, op)
		}
	}
	var err error
	// One that waits for somebody to write into it must not be waited for.
	if file.File, err = os.OpenFile(path, os.O_RDONLY|dontWait, 0); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Because(fault.ContentMissing, op, err)
	}
	if err != nil {
		if info, e := os.Stat(path); e == nil && !info.Mode().IsRegular() { // a socket can't be opened at all
			return nil, fault.Because(fault.ContentMissing, op, err, fault.NotAFile, path)
		}
		return nil, failed(err, op)
	}
	if file.info, err = file.Stat(); err != nil {
		return nil, errors.Join(failed(err, op), file.Close())
	}
	if !file.info.Mode().IsRegular() {
		return nil, errors.Join(fault.New(fault.ContentMissing, op, fault.NotAFile, path), file.Close())
	}
	return &diskObject{disk: d, key: key, file: file}, nil
}

// Remove deletes the staged and the committed file of key, see Store. Folders
// stay. It does not wait for the disk: a file that comes back after a power
// failure is garbage, not harm.
func (d *Disk) Remove(ctx context.Context, key Key) error {
	op := "blob: remove " + key.String()
	if err := begin(ctx, key, op); err != nil {
		return err
	}
	killpoint.Here("blob.remove.before")
	d.forgetEntry(key)
	for _, path := range []string{d.stagedPath(key), d.finalPath(key)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed(err, op)
		}
		killpoint.Here("blob.remove.one")
	}
	return failed(d.idle.drop(key), op)
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// begin is what every call on a key checks first.
func begin(ctx context.Context, key Key, op string) error {
	if err := ctx.Err(); err != nil {
		return fault.Wrap(err, op)
	}
	return key.check(op)
}

// failed gives err its code: a full disk or quota is DiskFull, anything else is
// the machine's (Internal). A nil err stays nil.
func failed(err error, op string) error {
	if isDiskFull(err) {
		return fault.Because(fault.DiskFull, op, err)
	}
	return fault.Wrap(err, op)
}
