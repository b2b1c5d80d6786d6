package audit

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/client"
)

const atOnce = 8

// fetch answers the status, MD5 and size of what a link serves.
func (v *view) fetch(ctx context.Context, path string) (status int, got content, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.URL+path, http.NoBody)
	if err != nil {
		return 0, content{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, content{}, err
	}
	defer res.Body.Close()
	h := md5.New()
	n, err := io.Copy(h, res.Body)
	return res.StatusCode, content{hex.EncodeToString(h.Sum(nil)), n}, err
}

// compareLinks fetches links at once and compares what they serve.
func (v *view) compareLinks(ctx context.Context, links map[string]content) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for path, want := range links {
		group.Go(func() error {
			status, got, err := v.fetch(ctx, path)
			if err != nil {
				return err
			}
			if status != http.StatusOK || got != want {
				v.found("%s answers %d with MD5 %s and %d bytes, should have %s and %d", path, status, got.etag, got.size, want.etag, want.size)
			}
			return nil
		})
	}
	return group.Wait()
}

// servedImages: the link of every image serves its content.
func servedImages(ctx context.Context, v *view) error {
	off := make(map[int64]bool)
	for _, a := range v.accounts {
		off[a.id] = a.state == 3
	}
	links := make(map[string]content)
	for _, i := range v.images {
		if b := v.blobOf[key{i.acc, i.blob}]; b != nil && b.state == live && !off[i.acc] {
			links["/i/"+i.id+"."+i.ext] = content{i.etag, i.size}
		}
	}
	return v.compareLinks(ctx, links)
}

// servedLinks: links that were handed out still serve the very same, and those of
// removed images nothing.
func servedLinks(ctx context.Context, v *view) error {
	links := make(map[string]content, len(v.Told.links))
	for id, want := range v.Told.links {
		links["/i/"+id+"."+v.Told.exts[id]] = want
	}
	if err := v.compareLinks(ctx, links); err != nil {
		return err
	}
	for id := range v.Told.gone {
		status, _, err := v.fetch(ctx, "/i/"+id)
		if err != nil {
			return err
		}
		if status != http.StatusNotFound {
			v.found("/i/%s was removed and answers %d", id, status)
		}
	}
	return nil
}

// servedTasks: of copy tasks process and fail answer what the ledger says.
func servedTasks(ctx context.Context, v *view) error {
	for _, t := range v.tasks {
		c := v.Clients[t.acc]
		if c == nil || t.kind != kindCopy {
			continue
		}
		got, err := c.CopyProcess(ctx, t.id)
		if err != nil {
			return err
		}
		status := t.state
		if status == cancelled {
			status = failed
		}
		if got.Status != status || got.Total == nil || *got.Total != t.total || got.Copied != t.copied || got.Replaced != t.replaced ||
			got.Failed != t.failed || got.Skipped != t.skipped || got.Bytes != t.weight || got.FailCode != t.failCode {
			v.found("process answers %+v of task %v, which has state %d, total %d, copied %d, replaced %d, skipped %d, failed %d, code %q",
				got, t.key, t.state, t.total, t.copied, t.replaced, t.skipped, t.failed, t.failCode)
		}
		list, err := c.CopyFailAll(ctx, t.id)
		if err != nil {
			return err
		}
		want := make(map[int64]*item)
		for _, i := range t.items {
			if i.failNo > 0 {
				want[i.failNo] = i
			}
		}
		if len(list) != len(want) {
			v.found("fail answers %d items of task %v, which has %d", len(list), t.key, len(want))
		}
		for n, f := range list {
			if w := want[int64(n)+1]; w != nil && (f.FileID != w.drive || f.Filename != w.name || f.FailReason != w.reason) {
				v.found("fail answers %+v as number %d of task %v, should be %d %q %s", f, n+1, t.key, w.drive, w.name, w.reason)
			}
		}
	}
	return nil
}

// servedBed: walking the bed finds every folder and image once.
func servedBed(ctx context.Context, v *view) error {
	for acc, c := range v.Clients {
		want := make(map[string]string)
		for _, f := range v.folders {
			if f.acc == acc && f.id != f.parent {
				want[f.id] = f.name + " in " + f.parent
			}
		}
		for _, i := range v.images {
			if i.acc == acc {
				want[i.id] = fmt.Sprintf("%s in %s, %s %d", i.name, i.folder, i.etag, i.size)
			}
		}
		todo := []string{""}
		for len(todo) > 0 {
			at := todo[0]
			todo = todo[1:]
			for i, err := range c.BedListAll(ctx, at) {
				if err != nil {
					return err
				}
				text := i.Filename + " in " + i.ParentFileID
				if i.IsFolder() {
					todo = append(todo, i.FileID)
				} else {
					text = fmt.Sprintf("%s, %s %d", text, i.Etag, i.Size)
				}
				if want[i.FileID] != text {
					v.found("the bed lists %s as %q, should be %q", i.FileID, text, want[i.FileID])
				}
				delete(want, i.FileID)
			}
		}
		for id, text := range want {
			v.found("the bed does not list %s, %q", id, text)
		}
	}
	return nil
}

// servedDrive: walking the drive finds every entry that is not in the trash once.
func servedDrive(ctx context.Context, v *view) error {
	for acc, c := range v.Clients {
		want := make(map[int64]*entry)
		trashed := make(map[int64]bool)
		for i := range v.entries {
			if e := &v.entries[i]; e.acc == acc && e.n != 0 {
				want[e.n] = e
				trashed[e.n] = e.trashed != 0
			}
		}
		for id := range want {
			for up := want[id]; up != nil && up.parent != 0; up = want[up.parent] {
				trashed[id] = trashed[id] || trashed[up.parent]
			}
		}
		for id, gone := range trashed {
			if gone {
				delete(want, id)
			}
		}
		if err := v.walkDrive(ctx, c, want); err != nil {
			return err
		}
		for id, e := range want {
			v.found("the drive does not list %d, %q", id, e.name)
		}
	}
	return nil
}

func (v *view) walkDrive(ctx context.Context, c *client.Client, want map[int64]*entry) error {
	todo := []int64{0}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for f, err := range c.ListAll(ctx, at) {
			if err != nil {
				return err
			}
			if f.IsFolder() {
				todo = append(todo, f.FileID)
			}
			e := want[f.FileID]
			if e == nil || f.Filename != e.name || f.ParentFileID != e.parent || f.Etag != e.etag || !f.IsFolder() && f.Size != e.size {
				v.found("the drive lists %+v, should be %+v", f, e)
			}
			delete(want, f.FileID)
		}
	}
	return nil
}
