package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/upload"
)

type createIn struct {
	Parent     drive.ID        `wire:"parentFileID"`
	Filename   string          `wire:"filename;required"`
	Etag       string          `wire:"etag;required"`
	Size       int64           `wire:"size;required"`
	Duplicate  drive.Duplicate `wire:"duplicate"`
	ContainDir bool            `wire:"containDir"`
}

func (in createIn) request() upload.Request {
	return upload.Request{
		Dest: upload.ToDrive, Parent: in.Parent.String(), Name: in.Filename, Path: in.ContainDir,
		Etag: in.Etag, Size: in.Size, Duplicate: in.Duplicate,
	}
}

func (in createIn) single() upload.Request {
	r := in.request()
	r.SingleSize = true
	return r
}

type createOut struct {
	FileID      drive.ID `json:"fileID"`
	Reuse       bool     `json:"reuse"`
	PreuploadID string   `json:"preuploadID,omitempty"`
	SliceSize   int64    `json:"sliceSize,omitempty"`
	Servers     []string `json:"servers,omitempty"`
}

func (a *API) createV1(ctx context.Context, acc account.ID, in createIn) (*createOut, error) {
	r, err := a.Uploads.Create(ctx, acc, in.request())
	if err != nil {
		return nil, err
	}
	id, err := driveID(r.ID)
	return &createOut{FileID: id, Reuse: r.Reuse, PreuploadID: r.UploadID, SliceSize: r.SliceSize}, err
}

func (a *API) createV2(ctx context.Context, acc account.ID, in createIn) (*createOut, error) {
	out, err := a.createV1(ctx, acc, in)
	if err == nil {
		out.Servers = []string{a.PublicURL}
	}
	return out, err
}

// driveID reads the id of a finished upload; "" is 0.
func driveID(s string) (drive.ID, error) {
	if s == "" {
		return 0, nil
	}
	return drive.ParseID(s)
}

type uploadURLIn struct {
	PreuploadID string `wire:"preuploadID"`
	SliceNo     int64  `wire:"sliceNo;default=1"`
}

type uploadURLOut struct {
	PresignedURL string `json:"presignedURL"`
	IsMultipart  bool   `json:"isMultipart"`
}

// putLife is how long a presigned URL works.
const putLife = 24 * time.Hour

func (a *API) presign(ctx context.Context, acc account.ID, to upload.Dest, in uploadURLIn) (string, error) {
	if _, err := a.Uploads.CheckSlice(ctx, acc, to, in.PreuploadID, in.SliceNo); err != nil {
		return "", err
	}
	path := fmt.Sprintf("/upload/put/%d/%s/%d", acc, in.PreuploadID, in.SliceNo)
	sign, err := a.Accounts.Sign(ctx, acc, putLife, "PUT "+path)
	return a.PublicURL + path + "?sign=" + sign, err
}

func (a *API) uploadURL(ctx context.Context, acc account.ID, in uploadURLIn) (*uploadURLOut, error) {
	u, err := a.presign(ctx, acc, upload.ToDrive, in)
	return &uploadURLOut{u, true}, err
}

type preuploadIn struct {
	PreuploadID string `wire:"preuploadID"`
}

type part struct {
	PartNumber string `json:"partNumber"`
	Size       int64  `json:"size"`
	Etag       string `json:"etag"`
}

type partsOut struct {
	Parts []part `json:"parts"`
}

// cancelUpload ends an upload into drive or bed.
func (a *API) cancelUpload(ctx context.Context, acc account.ID, in preuploadIn) (*wire.Null, error) {
	return nil, a.Uploads.Drop(ctx, acc, in.PreuploadID)
}

func (a *API) parts(ctx context.Context, acc account.ID, in preuploadIn) (*partsOut, error) {
	return a.partsTo(ctx, acc, upload.ToDrive, in)
}

func (a *API) partsTo(ctx context.Context, acc account.ID, to upload.Dest, in preuploadIn) (*partsOut, error) {
	list, err := a.Uploads.Parts(ctx, acc, to, in.PreuploadID)
	if err != nil {
		return nil, err
	}
	out := partsOut{Parts: make([]part, len(list))}
	for i, p := range list {
		out.Parts[i] = part{strconv.FormatInt(p.No, 10), p.Size, p.MD5}
	}
	return &out, nil
}

type completeV1Out struct {
	Async     bool     `json:"async"`
	Completed bool     `json:"completed"`
	FileID    drive.ID `json:"fileID"`
	// To poll with; only while it is being verified.
	PreuploadID string `json:"preuploadID,omitempty"`
}

type completeV2Out struct {
	Completed bool     `json:"completed"`
	FileID    drive.ID `json:"fileID"`
}

// verifyLimit is how long a request checks an upload. A client that has to ask again
// gets further with each; one that waits for an answer has not given up by then.
const verifyLimit = 10 * time.Second

// complete answers what an upload has become: fault.Verifying where it takes longer.
func (a *API) complete(ctx context.Context, acc account.ID, to upload.Dest, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyLimit)
	defer cancel()
	r, err := a.Uploads.Complete(ctx, acc, to, id)
	return r.ID, err
}

// finished answers what a completed upload has become, "" while it is open.
func (a *API) finished(ctx context.Context, acc account.ID, to upload.Dest, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyLimit)
	defer cancel()
	return a.Uploads.Finished(ctx, acc, to, id)
}

func (a *API) completeV1(ctx context.Context, acc account.ID, in preuploadIn) (*completeV1Out, error) {
	s, err := a.complete(ctx, acc, upload.ToDrive, in.PreuploadID)
	if fault.Is(err, fault.Verifying) {
		return &completeV1Out{Async: true, PreuploadID: in.PreuploadID}, nil
	}
	if err != nil {
		return nil, err
	}
	id, err := driveID(s)
	return &completeV1Out{Completed: true, FileID: id}, err
}

func (a *API) completeV2(ctx context.Context, acc account.ID, in preuploadIn) (*completeV2Out, error) {
	s, err := a.complete(ctx, acc, upload.ToDrive, in.PreuploadID)
	if err != nil {
		return nil, err
	}
	id, err := driveID(s)
	return &completeV2Out{true, id}, err
}

func (a *API) asyncResult(ctx context.Context, acc account.ID, in preuploadIn) (*completeV2Out, error) {
	s, err := a.finished(ctx, acc, upload.ToDrive, in.PreuploadID)
	if err != nil {
		return nil, err
	}
	id, err := driveID(s)
	return &completeV2Out{s != "", id}, err
}

func (a *API) domain(context.Context, account.ID, none) (*[]string, error) {
	return &[]string{a.PublicURL}, nil
}

type sha1In struct {
	Parent    drive.ID        `wire:"parentFileID"`
	Filename  string          `wire:"filename;required"`
	SHA1      string          `wire:"sha1;required"`
	Size      int64           `wire:"size;required"`
	Duplicate drive.Duplicate `wire:"duplicate"`
}

type reuseOut struct {
	FileID drive.ID `json:"fileID"`
	Reuse  bool     `json:"reuse"`
}

func (a *API) sha1Reuse(ctx context.Context, acc account.ID, in sha1In) (*reuseOut, error) {
	r, err := a.Uploads.ReuseSHA1(ctx, acc, upload.Request{
		Dest: upload.ToDrive, Parent: in.Parent.String(), Name: in.Filename, Size: in.Size, Duplicate: in.Duplicate,
	}, in.SHA1)
	if err != nil {
		return nil, err
	}
	id, err := driveID(r.ID)
	return &reuseOut{id, r.Reuse}, err
}

type sliceIn struct {
	PreuploadID string `wire:"preuploadID"`
	SliceNo     int64  `wire:"sliceNo;required"`
	SliceMD5    string `wire:"sliceMD5"`
}

// slice takes a slice as a multipart form. It goes straight to its place where the
// fields come first, as clients send them; where they follow the file it waits for
// them in a staging area.
func (a *API) slice() endpoint {
	return endpoint{in: reflect.TypeFor[sliceIn](), out: reflect.TypeFor[wire.Null](), file: "slice", long: true, call: func(ctx context.Context, acc account.ID, r *http.Request) (any, error) {
		var late *upload.Late
		defer func() {
			if late != nil {
				late.Close()
			}
		}()
		placed := false
		var ended error
		p, err := wire.Multipart(r, maxFields, func(_, _ string, part io.Reader, sofar *wire.Params) (err error) {
			var in sliceIn
			if wire.Bind(sofar, &in) == nil && in.PreuploadID != "" && in.SliceMD5 != "" {
				placed = true
				ended = a.Uploads.Slice(ctx, acc, upload.ToDrive, in.PreuploadID, in.SliceNo, interruptible{part, r.Body}, in.SliceMD5)
				return ended
			}
			late, err = a.Uploads.Keep(ctx, acc, part)
			return err
		})
		if fault.Is(ended, fault.Canceled) {
			return nil, ended // the body did not end by itself: the slice came again
		}
		if err != nil || placed {
			return nil, err
		}
		var in sliceIn
		if err := wire.Bind(p, &in); err != nil {
			return nil, err
		}
		if late == nil {
			return nil, fault.New(fault.BadRequest, "api: slice", "slice")
		}
		return nil, a.Uploads.Slice(ctx, acc, upload.ToDrive, in.PreuploadID, in.SliceNo, late, in.SliceMD5)
	}}
}

// interruptible is a part of a form whose body can be broken off.
type interruptible struct {
	io.Reader
	body io.ReadCloser
}

// Interrupt ends a blocked Read, see upload.Interrupter.
func (i interruptible) Interrupt() {
	if b, ok := i.body.(upload.Interrupter); ok {
		b.Interrupt()
	}
}

// pieceSize is how much of a file is written at once.
const pieceSize = 256 << 10

var pieces = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// single takes a whole file as a multipart form; its fields may follow the file, but
// where they come first it is refused before its bytes are read.
func (a *API) single() endpoint {
	return endpoint{in: reflect.TypeFor[createIn](), out: reflect.TypeFor[completeV2Out](), file: "file", long: true, call: func(ctx context.Context, acc account.ID, r *http.Request) (any, error) {
		result, err := a.Uploads.Single(ctx, acc, drive.MaxSingleSize, func(to *upload.Incoming) (upload.Request, error) {
			came := false
			p, err := wire.Multipart(r, maxFields, func(_, _ string, part io.Reader, sofar *wire.Params) error {
				came = true
				var in createIn
				if wire.Bind(sofar, &in) == nil {
					if err := to.Declare(ctx, in.single()); err != nil {
						return err
					}
				}
				buf := pieces.Get().(*[pieceSize]byte) //nolint:forcetypeassert // nothing else is in it
				defer pieces.Put(buf)
				_, err := io.CopyBuffer(to, struct{ io.Reader }{part}, buf[:])
				return err
			})
			var in createIn
			if err == nil {
				err = wire.Bind(p, &in)
			}
			if err == nil && !came {
				err = fault.New(fault.BadRequest, "api: single", "file")
			}
			return in.single(), err
		})
		if err != nil {
			return nil, err
		}
		id, err := driveID(result.ID)
		return completeV2Out{true, id}, err
	}}
}
