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
	BedSlice   = 100 << 20      // of one into the bed
)

// Dest says where an upload goes.
type Dest int

// The destinations as they are stored.
const (
	ToEither Dest = 0 // where a caller can't know
	ToDrive  Dest = 1
	ToBed    Dest = 2
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
	db        *db.DB
	store     blob.Store
	drive     *drive.Drive
	bed       *imagebed.Bed
	log       *slog.Logger
	sessions  sessions
	imageSize int64     // of the largest picture into the bed
	arriving  *arriving // files in one request
	aside     *arriving // slices whose place is not known yet

	ahead, asideOver int64 // the constants, but in tests
	open             int   // so is MaxOpen
}

// New makes the room's door.
func New(d *db.DB, store blob.Store, dr *drive.Drive, bed *imagebed.Bed, log *slog.Logger) *Uploads {
	return &Uploads{db: d, store: store, drive: dr, bed: bed, log: log,
		imageSize: picture.MaxBytes, sessions: sessions{m: make(map[sessionKey]*session)},
		arriving: newArriving(), aside: newArriving(), ahead: aheadOfSlice, asideOver: asideOver, open: MaxOpen}
}

// SetImageSize has pictures of at most so many bytes taken into the bed. Call it before
// uploads come.
func (u *Uploads) SetImageSize(n int64) { u.imageSize = n }

// prepared is a request that was checked as far as the database is not needed.
type prepared struct {
	Request
	driveParent drive.ID
	path        []string // of folders below it that makeWay makes where they are missing
	fileID      drive.ID // for a new drive file
}

func (p prepared) sliceSize() int64 {
	if p.Dest == ToBed {
		return BedSlice
	}
	return DriveSlice
}

// prepare checks a request and takes an id for the new drive file.
func (u *Uploads) prepare(ctx context.Context, r Request) (prepared, error) {
	p, err := u.judge(r)
	if err == nil {
		err = u.takeID(ctx, &p)
	}
	return p, err
}

func (u *Uploads) takeID(ctx context.Context, p *prepared) (err error) {
	if p.Dest == ToDrive {
		p.fileID, err = u.drive.NewID(ctx)
	}
	return err
}

// judge looks at a request as far as the database is not needed, and takes the
// folders off a name that is a path.
func (u *Uploads) judge(r Request) (p prepared, err error) {
	r.Etag = strings.ToLower(r.Etag)
	if !isHex(r.Etag, 32) {
		return p, fault.New(fault.BadEtag, "upload: request")
	}
	if r.Size < 0 {
		return p, fault.New(fault.BadRequest, "upload: request", "size")
	}
	if err := r.Duplicate.Check(); err != nil {
		return p, err
	}
	var path []string
	if r.Path {
		parts := strings.Split(r.Name, "/")
		r.Name = parts[len(parts)-1]
		for _, name := range parts[:len(parts)-1] {
			if name == "" {
				continue
			}
			if name, err = entryname.Clean(name); err != nil {
				return p, err
			}
			path = append(path, name)
		}
	}
	if r.Name, err = entryname.Clean(r.Name); err != nil {
		return p, err
	}
	p = prepared{Request: r, path: path}
	if r.Dest == ToBed {
		switch picture.ClassOf(r.Name, r.Size).UpTo(u.imageSize, r.Size) {
		case picture.NotAnImage:
			return p, fault.New(fault.NotAnImage, "upload: request")
		case picture.TooLarge:
			return p, fault.New(fault.FileTooLarge, "upload: request", picture.SizeWords(u.imageSize))
		case picture.Empty:
			return p, fault.New(fault.EmptyFile, "upload: request")
		}
		return p, nil
	}
	limit := int64(drive.MaxSize)
	if r.SingleSize {
		limit = drive.MaxSingleSize
	}
	if r.Size > limit {
		return p, fault.New(fault.FileTooLarge, "upload: request", picture.SizeWords(limit))
	}
	p.driveParent, err = drive.ParseID(r.Parent)
	return p, err
}

// makeWay makes the folders of the path. It belongs into the transaction of what
// they are made for: what is refused makes none.
func (p *prepared) makeWay(ctx context.Context, tx *db.Tx, acc account.ID) (err error) {
	if p.Dest == ToBed {
		return nil
	}
	if p.driveParent, err = drive.MkdirAll(ctx, tx, acc, p.driveParent, p.path); err != nil {
		return err
	}
	p.path, p.Parent = nil, p.driveParent.String()
	return nil
}

func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}
