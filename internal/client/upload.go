package client

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/fault"
)

// singleLimit is the size up to which a file goes in one request. It is one slice
// of the documented size: above it slices can go side by side and be resumed.
const singleLimit = 16 << 20

// Upload is one file on its way into the drive.
type Upload struct {
	File    NewFile
	Content Content
	Slices  int           // of one large file at once; 1 when zero
	Resume  *Session      // an upload begun by an earlier run; nil for none
	Began   func(Session) // told of each upload that can be resumed later; may be nil
}

// Session is what is needed to go on with an upload.
type Session struct {
	PreuploadID string `json:"preuploadID"`
	SliceSize   int64  `json:"sliceSize"`
	Server      string `json:"server"`
}

// Uploaded is a file that is in the drive. Instant is true when no byte had to go.
type Uploaded struct {
	FileID  int64
	Instant bool
}

// Upload brings one file into the drive by the quickest of the ways and gives its
// id. It survives broken connections: slices are sent again, and where an answer
// got lost it looks whether the file is there before it begins anew. What
// Content.Sent was told adds up to nothing when it fails.
func (c *Client) Upload(ctx context.Context, u Upload) (Uploaded, error) {
	pause := pauses{c: c}
	for {
		done, err := c.uploadOnce(ctx, u)
		if err == nil || ctx.Err() != nil || !beginsAnew(err) {
			return done, err
		}
		if more, waitErr := pause.next(ctx, 0); waitErr != nil {
			return Uploaded{}, waitErr
		} else if !more {
			return Uploaded{}, err
		}
		u.Resume = nil
		if id, found, findErr := c.Find(ctx, u.File); findErr != nil {
			return Uploaded{}, findErr
		} else if found {
			return Uploaded{FileID: id}, nil
		}
	}
}

// beginsAnew says whether an upload that failed so is worth another beginning: the
// server has forgotten it, another run goes on with it too and has sent the same slice
// later, or the call that declares it was cut off. Calls that may be repeated have had
// their patience when they break.
func beginsAnew(err error) bool {
	if broken, ok := errors.AsType[*brokenError](err); ok {
		return !broken.final
	}
	return Is(err, fault.UploadNotFound) || Is(err, fault.Canceled) || Is(err, fault.Uncertain)
}

// UploadEnded says whether err is a refusal after which an upload can't be gone on
// with. A server that can't take it now, or an account that may not, is none: what
// has arrived waits for a later run.
func UploadEnded(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok || Broken(err) {
		return false
	}
	switch fault.Code(e.Reason) {
	case fault.UploadNotFound, fault.HashMismatch, fault.BadSlice, fault.ParentNotFound:
		return true
	case "":
		// A server that gives no reason: going on might fail for ever. What is no
		// answer of the API comes from something in between.
		return e.Code != 0 && e.Code != codeTooMany
	}
	return false
}

// uploadOnce tries the upload one time; Broken(err) when its outcome is open.
func (c *Client) uploadOnce(ctx context.Context, u Upload) (at Uploaded, err error) {
	if u.Resume == nil && u.File.Size <= singleLimit {
		done, err := c.Single(ctx, "", u.File, u.Content)
		return fileOf(done, err)
	}
	session, have, at, err := c.openUpload(ctx, u)
	if err != nil || at.FileID != 0 {
		return at, err
	}
	var sent atomic.Int64
	if report := u.Content.Sent; report != nil {
		u.Content.Sent = func(n int64) { sent.Add(n); report(n) }
		defer func() {
			if err != nil {
				report(-sent.Load())
			}
		}()
	}
	if err := c.sendSlices(ctx, u, session, have); err != nil {
		return Uploaded{}, err
	}
	return c.completeV2(ctx, session.PreuploadID)
}

func fileOf(done Completed, err error) (Uploaded, error) {
	if err == nil && done.FileID == 0 {
		err = errNoID
	}
	return Uploaded{FileID: done.FileID}, err
}

// openUpload begins an upload or takes up an earlier one, and gives the slices the
// server has of it; or the file, where the server had its content already.
func (c *Client) openUpload(ctx context.Context, u Upload) (Session, map[int]Part, Uploaded, error) {
	if u.Resume != nil {
		parts, err := c.Parts(ctx, u.Resume.PreuploadID)
		have := make(map[int]Part, len(parts))
		for _, p := range parts {
			have[p.Number] = p
		}
		return *u.Resume, have, Uploaded{}, err
	}
	created, err := c.CreateV2(ctx, u.File)
	if err != nil {
		return Session{}, nil, Uploaded{}, err
	}
	if created.Reuse {
		if created.FileID == 0 {
			return Session{}, nil, Uploaded{}, errNoID
		}
		return Session{}, nil, Uploaded{FileID: created.FileID, Instant: true}, nil
	}
	if created.PreuploadID == "" || created.SliceSize <= 0 {
		return Session{}, nil, Uploaded{}, errNoID
	}
	session := Session{PreuploadID: created.PreuploadID, SliceSize: created.SliceSize}
	if len(created.Servers) > 0 {
		session.Server = created.Servers[0]
	}
	if u.Began != nil {
		u.Began(session)
	}
	return session, nil, Uploaded{}, nil
}

// sendSlices sends what the server does not have yet.
func (c *Client) sendSlices(ctx context.Context, u Upload, s Session, have map[int]Part) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(u.Slices, 1))
	for no, offset := 1, int64(0); offset < u.Content.Size; no, offset = no+1, offset+s.SliceSize {
		part := u.Content.Part(offset, s.SliceSize)
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			sum, err := sumOf(part)
			if err != nil {
				return err
			}
			if there, ok := have[no]; ok && there.Size == part.Size && (there.Etag == "" || strings.EqualFold(there.Etag, sum)) {
				if part.Sent != nil {
					part.Sent(part.Size)
				}
				return nil
			}
			return c.Slice(ctx, s.Server, s.PreuploadID, no, sum, part)
		})
	}
	return group.Wait()
}

// sumOf is the MD5 of a content in hex.
func sumOf(content Content) (string, error) {
	h := md5.New()
	if _, err := io.Copy(h, content.Reader()); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// A server that verifies on its own time is asked so often, so many times.
const (
	verifyPause = time.Second
	verifyTries = 300
)

// completeV2 ends an upload and waits until the file is there.
func (c *Client) completeV2(ctx context.Context, preuploadID string) (Uploaded, error) {
	for range verifyTries {
		done, err := c.CompleteV2(ctx, preuploadID)
		if !Verifying(err) && (err != nil || done.Completed && !done.Async) {
			return fileOf(done, err)
		}
		if err := c.wait(ctx, verifyPause); err != nil {
			return Uploaded{}, err
		}
	}
	return Uploaded{}, fmt.Errorf("client: the server still verifies the file after %v", verifyTries*verifyPause)
}

// Verifying says whether the server refused only because it still checks the content.
func Verifying(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeNotVerified
}

// Find looks in the folder for a file that is what want declares: one that arrived
// although its answer did not, or that somebody else brought meanwhile.
func (c *Client) Find(ctx context.Context, want NewFile) (int64, bool, error) {
	for f, err := range c.ListAll(ctx, want.ParentFileID) {
		if err != nil {
			return 0, false, err
		}
		if Same(f, want) {
			return f.FileID, true, nil
		}
	}
	return 0, false, nil
}

// Same says whether a file of the drive is what want declares. Where both are to be
// kept, the name may carry the suffix the server gave it.
func Same(f File, want NewFile) bool {
	if f.IsFolder() || f.Size != want.Size || !strings.EqualFold(f.Etag, want.Etag) {
		return false
	}
	return f.Filename == want.Filename || want.Duplicate == DuplicateKeepBoth && isSuffixed(f.Filename, want.Filename)
}

// isSuffixed says whether name is original with "(n)" before its extension.
func isSuffixed(name, original string) bool {
	ext := ""
	if dot := strings.LastIndexByte(original, '.'); dot > 0 {
		ext = original[dot:]
	}
	middle, ok := strings.CutPrefix(name, strings.TrimSuffix(original, ext)+"(")
	if !ok {
		return false
	}
	middle, ok = strings.CutSuffix(middle, ")"+ext)
	return ok && middle != "" && strings.Trim(middle, "0123456789") == ""
}
