package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"sync/atomic"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// slicesAtOnce is how many slices of one large file go side by side.
const slicesAtOnce = 3

// upload brings one file into the drive and writes its outcome down. A file that
// was planned as failed stays so; one that is stopped by ctx, or by what ends the
// whole run, has no outcome, and the error says which.
func (p *putter) upload(ctx context.Context, f *putFile) error {
	if f.outcome == outcomeFailed {
		return nil
	}
	id, result, err := p.bring(ctx, f)
	switch {
	case err == nil:
		f.id, f.outcome = id, result
	case ctx.Err() == nil && !endsRun(f, err):
		f.outcome, f.err = outcomeFailed, err
		return nil
	}
	return err
}

// bring uploads one file, unless it is there already.
func (p *putter) bring(ctx context.Context, f *putFile) (int64, outcome, error) {
	local, err := os.Open(f.local)
	if err != nil {
		return 0, outcomeNone, localError(p.u, err)
	}
	defer func() { _ = local.Close() }() // it was only read
	before, err := local.Stat()
	if err != nil {
		return 0, outcomeNone, err
	}
	p.bar.grow(before.Size() - f.size)
	f.size, f.mod = before.Size(), before.ModTime()

	parent, err := p.tree.MkdirAll(ctx, path.Dir(f.drive))
	if err != nil {
		return 0, outcomeNone, err
	}
	want := client.NewFile{ParentFileID: parent, Filename: path.Base(f.drive), Size: f.size, Duplicate: p.mode}
	there, taken, err := p.tree.Child(ctx, parent, want.Filename)
	if err != nil {
		return 0, outcomeNone, err
	}
	if taken && there.IsFolder() {
		return 0, outcomeNone, failure{text: p.u.text(putFolderHere)}
	}
	if taken && there.Size != f.size && p.mode == client.DuplicateRefuse {
		return 0, outcomeNone, failure{text: p.u.text(putOther)}
	}

	state := p.states.load(f, want)
	if want.Etag = state.etag(f); want.Etag == "" {
		if want.Etag, err = hash(ctx, local, f.size); err != nil {
			return 0, outcomeNone, p.changedOr(f, local, err)
		}
	}
	if err := p.changedOr(f, local, nil); err != nil {
		return 0, outcomeNone, err
	}
	if same, found, err := p.find(ctx, want, there, taken); err != nil || found {
		f.named(same.Filename)
		return same.FileID, outcomeSkipped, err
	}
	if taken && p.mode == client.DuplicateRefuse {
		return 0, outcomeNone, failure{text: p.u.text(putOther)}
	}
	return p.send(ctx, f, local, want, state)
}

// find looks whether the file is there already: under its name, or, where both are
// to be kept, under its name with a number.
func (p *putter) find(ctx context.Context, want client.NewFile, there client.File, taken bool) (client.File, bool, error) {
	if taken && client.Same(there, want) {
		return there, true, nil
	}
	if !taken || p.mode != client.DuplicateKeepBoth {
		return client.File{}, false, nil
	}
	siblings, err := p.tree.Children(ctx, want.ParentFileID)
	for _, sibling := range siblings {
		if client.Same(sibling, want) {
			return sibling, true, err
		}
	}
	return client.File{}, false, err
}

// send uploads the file and keeps, while that lasts, what a later run needs to go on.
func (p *putter) send(ctx context.Context, f *putFile, local *os.File, want client.NewFile, state uploadState) (int64, outcome, error) {
	var sent atomic.Int64
	done, err := p.client.Upload(ctx, client.Upload{
		File:    want,
		Content: client.Content{From: local, Size: f.size, Sent: func(n int64) { sent.Add(n); p.bar.add(n) }},
		Slices:  slicesAtOnce,
		Resume:  state.session(want),
		Began: func(s client.Session) {
			if err := p.states.save(f, want, s); err != nil {
				p.u.note(p.u.text(putNoState, err))
			}
		},
	})
	if err == nil || client.UploadEnded(err) {
		if forgetErr := p.states.forget(f, want); forgetErr != nil {
			p.u.note(p.u.text(putNoState, forgetErr))
		}
	}
	// A file that was written to meanwhile is not what was promised, even where
	// the bytes that went were a whole. The upload was ended all the same: the server
	// drops what is not as declared, and would keep an open one for a day.
	// One that was deleted after all of it went is whole in the drive, and nowhere else.
	if isOther, _ := f.since(local); isOther {
		changed := p.changedOr(f, local, nil)
		if err == nil {
			changed = p.takeBack(ctx, f, done.FileID, changed)
		}
		return 0, outcomeNone, changed
	}
	if err != nil {
		return p.otherwiseThere(ctx, want, err)
	}
	if p.mode == client.DuplicateKeepBoth {
		p.askName(ctx, f, done.FileID)
	}
	f.instant, f.sent = done.Instant, sent.Load() > 0
	return done.FileID, outcomeUploaded, nil
}

// askName finds out which name the server gave a file that may have got a number.
// The file is in the drive whatever comes of the question.
func (p *putter) askName(ctx context.Context, f *putFile, id int64) {
	if d, err := p.client.Detail(ctx, id); err == nil {
		f.named(d.Filename)
	}
}

// otherwiseThere looks once more where the name was taken by the time the file had
// gone: another run may have brought the same.
func (p *putter) otherwiseThere(ctx context.Context, want client.NewFile, err error) (int64, outcome, error) {
	if !client.Is(err, fault.NameTaken) {
		return 0, outcomeNone, err
	}
	id, found, findErr := p.client.Find(ctx, want)
	switch {
	case findErr != nil:
		return 0, outcomeNone, findErr
	case !found:
		return 0, outcomeNone, failure{text: p.u.text(putOther)}
	}
	return id, outcomeSkipped, nil
}

// takeBack deletes what arrived of a file that changed while it was sent: it would
// stand in the way of the next run, as other content under the name. Where it
// replaced another file it stays, since the next run will replace it too.
func (p *putter) takeBack(ctx context.Context, f *putFile, id int64, changed error) error {
	if p.mode == client.DuplicateOverwrite {
		return changed
	}
	// Once more the file is what counts, not that the run is about to end.
	ctx = context.WithoutCancel(ctx)
	err := p.client.Trash(ctx, []int64{id})
	if err == nil {
		err = p.client.Delete(ctx, []int64{id})
	}
	if err != nil {
		what, _ := p.u.explain(err)
		return failure{text: p.u.text(putHalfway, printable(f.drive), what)}
	}
	return changed
}

// since says what became of the file since it was opened: it has changed, or else it is
// gone from where it was.
func (f *putFile) since(local *os.File) (changed, gone bool) {
	now, err := local.Stat()
	if err != nil || now.Size() != f.size || !now.ModTime().Equal(f.mod) {
		return true, false
	}
	named, err := os.Stat(f.local)
	if errors.Is(err, os.ErrNotExist) {
		return false, true
	}
	return err != nil || !os.SameFile(now, named), false
}

// changedOr says that the file changed since it was opened or is gone, if so, else err.
func (p *putter) changedOr(f *putFile, local *os.File, err error) error {
	switch changed, gone := f.since(local); {
	case gone:
		return failure{text: p.u.text(putGone)}
	case changed:
		return failure{text: p.u.text(putChanged)}
	}
	return err
}

// hash is the MD5 in hex of the first size bytes of a file, which is its etag.
func hash(ctx context.Context, file *os.File, size int64) (string, error) {
	h := md5.New()
	n, err := io.Copy(h, &untilDone{ctx, io.NewSectionReader(file, 0, size)})
	if err != nil {
		return "", err
	}
	if n != size {
		return "", io.ErrUnexpectedEOF
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// untilDone reads until the context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.r.Read(p)
}
