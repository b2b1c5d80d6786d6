// Package upload brings bytes into the drive or the bed: in one request, or in
// slices that may come in any order, more than once, and over days; or without a
// byte, where the account owns the content already. It promises that nothing
// becomes visible before it is durable and checked against the declared etag and
// size, and that what fails leaves nothing behind. It knows nothing of HTTP.
package upload

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
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
	"tuchuang/internal/killpoint"
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
}

// New makes the room's door.
func New(d *db.DB, store blob.Store, dr *drive.Drive, bed *imagebed.Bed, log *slog.Logger) *Uploads {
	return &Uploads{db: d, store: store, drive: dr, bed: bed, log: log, sessions: sessions{m: make(map[sessionKey]*session)}}
}

// Create opens an upload, or answers at once with the file where the account owns
// content of that etag and size (instant upload). The size is reserved from the
// quota until the upload is completed or expires.
func (u *Uploads) Create(ctx context.Context, acc account.ID, r Request) (out Result, err error) {
	p, err := u.prepare(ctx, acc, r)
	if err != nil {
		return Result{}, err
	}
	lost, err := u.lost(ctx, acc, p.Size, func(tx *db.Tx) (int64, bool, error) {
		return blob.Find(ctx, tx, int64(acc), p.Etag, p.Size)
	})
	if err != nil {
		return Result{}, err
	}
	err = u.db.Write(ctx, "upload: create", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		id, found, err := blob.Find(ctx, tx, int64(acc), p.Etag, p.Size)
		if err != nil {
			return err
		}
		if found && id != lost {
			out = Result{Reuse: true}
			out.ID, err = u.put(ctx, tx, a, p, id, p.Etag, 0)
			return err
		}
		if err := u.canPut(ctx, tx, acc, p); err != nil {
			return err
		}
		var open int
		if _, err := tx.Get(ctx, countOpen, []any{acc}, &open); err != nil {
			return err
		}
		if open >= MaxOpen {
			return fault.New(fault.TooManyUploads, "upload: create", MaxOpen)
		}
		reserve, err := reservation(ctx, tx, acc, p)
		if err != nil {
			return err
		}
		if err := account.Count(ctx, tx, acc, 0, reserve); err != nil {
			return err
		}
		key, err := begin(ctx, tx, acc)
		if err != nil {
			return err
		}
		out = Result{UploadID: rand.Text(), SliceSize: p.sliceSize()}
		now := tx.Now()
		_, err = tx.Exec(ctx, insertUpload, acc, out.UploadID, key.ID, p.Dest, p.Parent, p.Name, p.Etag, p.Size, p.Duplicate,
			out.SliceSize, reserve, now.UnixMicro(), now.Add(Life).UnixMicro())
		return err
	})
	return out, err
}

// reservation is how much an upload will add to the used bytes: a file that it
// overwrites gives its own back.
func reservation(ctx context.Context, tx *db.Tx, acc account.ID, p prepared) (int64, error) {
	if p.Dest != ToDrive || p.Duplicate != drive.Overwrite {
		return p.Size, nil
	}
	old, err := drive.SizeOf(ctx, tx, acc, p.driveParent, p.Name)
	return max(0, p.Size-old), err
}

// ReuseSHA1 makes a drive file of content that the account owns already, found by
// SHA-1 (hex) and size; r.Etag is not used. The result's ID is "" where there is
// none.
func (u *Uploads) ReuseSHA1(ctx context.Context, acc account.ID, r Request, sha1 string) (out Result, err error) {
	sha1 = strings.ToLower(sha1)
	if !isHex(sha1, 40) {
		return Result{}, fault.New(fault.BadRequest, "upload: reuse", "sha1")
	}
	r.Etag = strings.Repeat("0", 32)
	p, err := u.prepare(ctx, acc, r)
	if err != nil {
		return Result{}, err
	}
	lost, err := u.lost(ctx, acc, p.Size, func(tx *db.Tx) (int64, bool, error) {
		id, _, found, err := blob.FindSHA1(ctx, tx, int64(acc), sha1, p.Size)
		return id, found, err
	})
	if err != nil {
		return Result{}, err
	}
	err = u.db.Write(ctx, "upload: reuse", func(tx *db.Tx) error {
		out = Result{}
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		id, etag, found, err := blob.FindSHA1(ctx, tx, int64(acc), sha1, p.Size)
		if err != nil || !found || id == lost {
			return err
		}
		out.Reuse = true
		out.ID, err = u.put(ctx, tx, a, p, id, etag, 0)
		return err
	})
	return out, err
}

// lost looks up content that the account is said to own and answers its id where
// the store does not have it: then what comes is needed, and takes its place. 0
// where all is well.
func (u *Uploads) lost(ctx context.Context, acc account.ID, size int64, find func(*db.Tx) (int64, bool, error)) (id int64, err error) {
	var found bool
	err = u.db.Read(ctx, "upload: look for content", func(tx *db.Tx) error {
		id, found, err = find(tx)
		return err
	})
	if err != nil || !found {
		return 0, err
	}
	object, err := u.store.Open(ctx, blob.Key{Account: int64(acc), ID: id})
	if fault.Is(err, fault.ContentMissing) {
		u.log.Error("upload: stored content is missing", "account", acc, "blob", id)
		return id, nil
	}
	if err != nil {
		return 0, err
	}
	if object.Size() == size {
		id = 0
	} else {
		u.log.Error("upload: stored content has another size", "account", acc, "blob", id, "size", object.Size(), "want", size)
	}
	return id, fault.Wrap(object.Close(), "upload: look for content")
}

// Single brings a file in one go: receive is called once, writes the bytes and
// then says what they are. No more than limit bytes are taken.
func (u *Uploads) Single(ctx context.Context, acc account.ID, limit int64, receive func(w io.Writer) (Request, error)) (Result, error) {
	var key blob.Key
	room := limit
	err := u.db.Write(ctx, "upload: begin", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		// Whether it fits is known when its name is: it may overwrite a file, or
		// be content that is owned already. More than the whole quota never does.
		if room = limit; a.Quota >= 0 {
			room = min(limit, a.Quota)
		}
		key, err = begin(ctx, tx, acc)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	killpoint.Here("upload.single.begun")
	digest := blob.NewDigest()
	request, err := u.receive(ctx, key, digest, limit, room, receive)
	killpoint.Here("upload.single.received")
	if err == nil {
		var id string
		if id, err = u.received(ctx, acc, key, digest, request); err == nil {
			return Result{ID: id}, nil
		}
	}
	// The caller may have gone; what came must go all the same.
	if e := u.discard(context.WithoutCancel(ctx), key); e != nil {
		u.log.Error("upload: discard", "key", key, "err", e)
	}
	return Result{}, err
}

// received makes the file appear that came in one go.
func (u *Uploads) received(ctx context.Context, acc account.ID, key blob.Key, digest *blob.Digest, r Request) (string, error) {
	p, path, err := check(r)
	if err == nil {
		err = p.matches(digest) // before folders are made for it
	}
	if err == nil {
		err = u.makeWay(ctx, acc, &p, path)
	}
	if err != nil {
		return "", err
	}
	return u.finish(ctx, acc, key, digest, p, nil)
}

// Late is a slice that came before it was said where it belongs.
type Late struct {
	io.Reader
	u      *Uploads
	key    blob.Key
	staged blob.Staged
}

// Keep puts a slice aside until its place is known. The caller closes it.
func (u *Uploads) Keep(ctx context.Context, acc account.ID, body io.Reader) (*Late, error) {
	var key blob.Key
	err := u.db.Write(ctx, "upload: keep", func(tx *db.Tx) (err error) {
		key, err = begin(ctx, tx, acc)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := &Late{u: u, key: key}
	if l.staged, err = u.store.Stage(ctx, key); err != nil {
		l.Close()
		return nil, err
	}
	w := &stageWriter{staged: l.staged, digest: blob.NewDigest(), limit: BedSlice, room: BedSlice}
	if _, err = io.Copy(struct{ io.Writer }{w}, body); err != nil {
		if e := l.staged.Truncate(0); e != nil { // see receive
			u.log.Warn("upload: truncate", "key", key, "err", e)
		}
		l.Close()
		return nil, err
	}
	l.Reader = io.NewSectionReader(l.staged, 0, w.digest.Size())
	return l, nil
}

// Close removes what was put aside. What can't be removed now is swept later.
func (l *Late) Close() {
	if l.staged != nil {
		if err := l.staged.Close(); err != nil {
			l.u.log.Warn("upload: close", "key", l.key, "err", err)
		}
	}
	if err := l.u.discard(context.Background(), l.key); err != nil {
		l.u.log.Warn("upload: discard", "key", l.key, "err", err)
	}
}

func (u *Uploads) receive(ctx context.Context, key blob.Key, digest *blob.Digest, limit, room int64, receive func(w io.Writer) (Request, error)) (Request, error) {
	staged, err := u.store.Stage(ctx, key)
	if err != nil {
		return Request{}, err
	}
	w := &stageWriter{staged: staged, digest: digest, limit: limit, room: room}
	r, err := receive(w)
	if w.err != nil {
		err = w.err // the door may have met it as a reading error
	}
	if err != nil {
		// The bytes go first: on a full disk the row could not be removed before.
		if e := staged.Truncate(0); e != nil {
			u.log.Warn("upload: truncate", "key", key, "err", e)
		}
	}
	if e := staged.Close(); err == nil && e != nil {
		err = fault.Wrap(e, "upload: close")
	}
	return r, err
}

// stageWriter writes a file from its start on and takes its hashes.
type stageWriter struct {
	staged      blob.Staged
	digest      *blob.Digest
	limit, room int64
	err         error
}

func (w *stageWriter) Write(p []byte) (int, error) {
	at := w.digest.Size()
	switch end := at + int64(len(p)); {
	case end > w.limit:
		w.err = fault.New(fault.FileTooLarge, "upload: single", SizeWords(w.limit))
	case end > w.room:
		w.err = fault.New(fault.QuotaExceeded, "upload: single")
	}
	if w.err != nil {
		return 0, w.err
	}
	if _, w.err = w.staged.WriteAt(p, at); w.err != nil {
		return 0, w.err
	}
	return w.digest.Write(p)
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

func (u *Uploads) canPut(ctx context.Context, tx *db.Tx, acc account.ID, p prepared) error {
	if p.Dest == ToBed {
		_, err := imagebed.FolderIn(ctx, tx, acc, imagebed.ID(p.Parent))
		return err
	}
	return drive.CanPut(ctx, tx, acc, p.driveParent, p.Name, p.Duplicate)
}

// put makes the file or image appear, showing stored content.
func (u *Uploads) put(ctx context.Context, tx *db.Tx, acc account.Account, p prepared, blobID int64, etag string, reserved int64) (id string, err error) {
	if p.Dest == ToDrive {
		f := drive.File{ID: p.fileID, Parent: p.driveParent, Name: p.Name, BlobID: blobID, Size: p.Size, Etag: etag, Duplicate: p.Duplicate}
		return p.fileID.String(), drive.Put(ctx, tx, acc.ID, f, reserved)
	}
	folder, err := imagebed.FolderIn(ctx, tx, acc.ID, imagebed.ID(p.Parent))
	if err != nil {
		return "", err
	}
	placed, err := u.bed.Place(ctx, tx, acc, []imagebed.Incoming{{
		Folder: folder, Name: p.Name, BlobID: blobID, Size: p.Size, Etag: etag,
		UpdatedAt: tx.Micros(), Overwrite: p.Duplicate == drive.Overwrite,
	}}, reserved)
	if err != nil {
		return "", err
	}
	if placed[0].NoRoom {
		return "", fault.New(fault.QuotaExceeded, "upload: put")
	}
	return string(placed[0].ID), nil
}

// finish checks what is staged, makes it durable, and makes the file or image
// appear. In the same transaction the open upload it came by, if any, ends.
func (u *Uploads) finish(ctx context.Context, acc account.ID, key blob.Key, digest *blob.Digest, p prepared, open *row) (id string, err error) {
	sha256, sha1, md5 := digest.Sums()
	facts := blob.Facts{
		SHA256: hex.EncodeToString(sha256[:]), SHA1: hex.EncodeToString(sha1[:]), MD5: hex.EncodeToString(md5[:]), Size: digest.Size(),
	}
	if err := p.matches(digest); err != nil {
		return "", err
	}
	// A name or folder that is not to be had is met here, while what came is staged
	// and can be sent again; below it is met only where it changes at this moment.
	err = u.db.Read(ctx, "upload: before commit", func(tx *db.Tx) error { return u.canPut(ctx, tx, acc, p) })
	if err != nil {
		return "", err
	}
	if err := u.store.Commit(ctx, key); err != nil {
		return "", err
	}
	killpoint.Here("upload.stored")
	if err := u.probe(ctx, key, &facts); err != nil {
		return "", err
	}
	lost, err := u.lost(ctx, acc, facts.Size, func(tx *db.Tx) (int64, bool, error) {
		return blob.FindSHA256(ctx, tx, int64(acc), facts.SHA256)
	})
	if err != nil {
		return "", err
	}
	var done blob.Finished
	err = u.db.Write(ctx, "upload: finish", func(tx *db.Tx) error {
		a, err := account.Lock(ctx, tx, acc)
		if err != nil {
			return err
		}
		if lost != 0 {
			if err := blob.MarkMissing(ctx, tx, blob.Key{Account: int64(acc), ID: lost}); err != nil {
				return err
			}
		}
		if done, err = blob.Finish(ctx, tx, key, facts); err != nil {
			return err
		}
		if done.Instead != 0 {
			if err := drive.MoveContent(ctx, tx, acc, done.Instead, done.ID); err != nil {
				return err
			}
			if err := u.bed.MoveContent(ctx, tx, acc, done.Instead, done.ID); err != nil {
				return err
			}
		}
		if open == nil {
			id, err = u.put(ctx, tx, a, p, done.ID, facts.MD5, 0)
			return err
		}
		if id, err = u.put(ctx, tx, a, p, done.ID, facts.MD5, open.reserved); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, completeUpload, acc, open.id, id, tx.Now().Add(Life).UnixMicro())
		if err == nil && n == 0 {
			err = fault.New(fault.UploadNotFound, "upload: finish")
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if done.Joined {
		if err := blob.Bury(context.WithoutCancel(ctx), u.db, u.store, key); err != nil {
			u.log.Warn("upload: remove what was there twice; a sweep will", "key", key, "err", err)
		}
	}
	return id, nil
}

// matches says whether content is what was declared of it.
func (p prepared) matches(digest *blob.Digest) error {
	if _, _, md5 := digest.Sums(); digest.Size() != p.Size || hex.EncodeToString(md5[:]) != p.Etag {
		return fault.New(fault.HashMismatch, "upload: check content")
	}
	return nil
}

func (u *Uploads) probe(ctx context.Context, key blob.Key, facts *blob.Facts) error {
	object, err := u.store.Open(ctx, key)
	if err != nil {
		return err
	}
	if object.Size() != facts.Size {
		err = fault.Because(fault.ContentMissing, "upload: probe",
			fmt.Errorf("stored %d bytes, hashed %d", object.Size(), facts.Size))
		return errors.Join(err, object.Close())
	}
	found := picture.Probe(object, facts.Size)
	facts.Type, facts.Width, facts.Height = found.Type, found.Width, found.Height
	return fault.Wrap(object.Close(), "upload: probe")
}

// discard forgets content that was begun and removes what came of it.
func (u *Uploads) discard(ctx context.Context, key blob.Key) error {
	err := u.db.Write(ctx, "upload: discard", func(tx *db.Tx) error { return blob.Discard(ctx, tx, key) })
	if err != nil {
		return err
	}
	return blob.Bury(ctx, u.db, u.store, key)
}

func begin(ctx context.Context, tx *db.Tx, acc account.ID) (blob.Key, error) {
	n, err := account.NextBlob(ctx, tx, acc)
	if err != nil {
		return blob.Key{}, err
	}
	key := blob.Key{Account: int64(acc), ID: n}
	return key, blob.Begin(ctx, tx, key)
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
