// Package upload brings bytes into the drive or the bed: in one request, or in
// slices that may come in any order, more than once, and over days; or without a
// byte, where the account owns the content already. It promises that nothing
// becomes visible before it is durable and checked against the declared etag and
// size, and that what fails leaves nothing behind. It knows nothing of HTTP.
package upload

import (
	"context"
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
)

// Limits of uploads.
const (
	Life       = 24 * time.Hour // of an open upload, and of the answer to a completed one
	MaxOpen    = 1000           // open uploads of an account
	DriveSlice = 16 << 20       // bytes of a slice
	BedSlice   = picture.MaxBytes
)

// Dest says where an upload goes.
type Dest int

// The destinations as they are stored.
const (
	ToDrive Dest = 1
	ToBed   Dest = 2
)

// Request is what a client says of the file it brings.
type Request struct {
	Dest       Dest
	Parent     string // the id of the drive folder or bed folder, as the wire has it
	Name       string
	Path       bool   // Name is a path; missing drive folders are made
	Etag       string // MD5 in hex
	Size       int64  // bytes
	Duplicate  drive.Duplicate
	SingleSize bool // the smaller limit of an upload in one request
}

// Result says what became of a request.
type Result struct {
	ID        string // of the file or image; "" while an upload is open
	Reuse     bool   // the account owned the content already
	UploadID  string // "" unless an upload was opened
	SliceSize int64
}

// Uploads is the room's door. Its methods may be called at the same time.
type Uploads struct {
	db       *db.DB
	store    blob.Store
	drive    *drive.Drive
	bed      *imagebed.Bed
	log      *slog.Logger
	sessions sessions
	ahead    int64 // aheadOfSlice, but in tests
}

// New makes the room's door.
func New(d *db.DB, store blob.Store, dr *drive.Drive, bed *imagebed.Bed, log *slog.Logger) *Uploads {
	return &Uploads{db: d, store: store, drive: dr, bed: bed, log: log,
		sessions: sessions{m: make(map[sessionKey]*session)}, ahead: aheadOfSlice}
}

// prepared is a request that was checked as far as the database is not needed.
type prepared struct {
	Request
	driveParent drive.ID
	fileID      drive.ID // for a new drive file
}

func (p prepared) sliceSize() int64 {
	if p.Dest == ToBed {
		return BedSlice
	}
	return DriveSlice
}

// prepare checks a request and, where its name is a path, makes the folders.
func (u *Uploads) prepare(ctx context.Context, acc account.ID, r Request) (prepared, error) {
	p, path, err := check(r)
	if err == nil {
		err = u.makeWay(ctx, acc, &p, path)
	}
	return p, err
}

// check judges a request as far as the database is not needed, and takes the
// folders off a name that is a path.
func check(r Request) (p prepared, path []string, err error) {
	r.Etag = strings.ToLower(r.Etag)
	if !isHex(r.Etag, 32) {
		return p, nil, fault.New(fault.BadEtag, "upload: request")
	}
	if r.Size < 0 {
		return p, nil, fault.New(fault.BadRequest, "upload: request", "size")
	}
	if err := r.Duplicate.Check(); err != nil {
		return p, nil, err
	}
	if r.Path {
		parts := strings.Split(r.Name, "/")
		path, r.Name = parts[:len(parts)-1], parts[len(parts)-1]
	}
	for i, name := range path {
		if name == "" {
			continue
		}
		if path[i], err = entryname.Clean(name); err != nil {
			return p, nil, err
		}
	}
	if r.Name, err = entryname.Clean(r.Name); err != nil {
		return p, nil, err
	}
	p = prepared{Request: r}
	if r.Dest == ToBed {
		switch class := picture.ClassOf(r.Name, r.Size); class {
		case picture.NotAnImage:
			return p, nil, fault.New(fault.NotAnImage, "upload: request")
		case picture.TooLarge:
			return p, nil, fault.New(fault.FileTooLarge, "upload: request", SizeWords(picture.MaxBytes))
		case picture.Empty:
			return p, nil, fault.New(fault.EmptyFile, "upload: request")
		}
		return p, nil, nil
	}
	limit := int64(drive.MaxSize)
	if r.SingleSize {
		limit = drive.MaxSingleSize
	}
	if r.Size > limit {
		return p, nil, fault.New(fault.FileTooLarge, "upload: request", SizeWords(limit))
	}
	p.driveParent, err = drive.ParseID(r.Parent)
	return p, path, err
}

// makeWay makes the folders of a path and takes an id for the new drive file.
func (u *Uploads) makeWay(ctx context.Context, acc account.ID, p *prepared, path []string) (err error) {
	if p.Dest == ToBed {
		return nil
	}
	if p.driveParent, err = u.drive.MkdirAll(ctx, acc, p.driveParent, path); err != nil {
		return err
	}
	p.Parent = p.driveParent.String()
	p.fileID, err = u.drive.NewID(ctx)
	return err
}

func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}

// SizeWords says a limit as the documentation does: 100M, 1G, 10G.
func SizeWords(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return strconv.FormatInt(n>>30, 10) + "G"
	case n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + "M"
	}
	return strconv.FormatInt(n, 10)
}
