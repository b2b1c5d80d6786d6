package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/copytask"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
)

type publishedIn struct {
	FileIDs []drive.ID `wire:"fileIDs,fileID;max=100"`
	Parent  *drive.ID  `wire:"parentFileID,parentID"`
	Limit   int        `wire:"limit"`
	Last    int64      `wire:"lastFileId"`
}

// Whether links show what the file is now.
const (
	stateUnpublished = "unpublished"
	stateCurrent     = "current"
	stateOutdated    = "outdated"
)

type publishedLink struct {
	ImageID     imagebed.ID `json:"imageID"`
	Filename    string      `json:"filename"`
	Path        string      `json:"path"`
	Etag        string      `json:"etag"`
	DownloadURL string      `json:"downloadURL"`
	TaskID      copytask.ID `json:"taskID"`
	PublishedAt wire.Time   `json:"publishedAt"`
	State       string      `json:"state" schema:"enum=current|outdated"`
}

type publishedFile struct {
	FileID    drive.ID        `json:"fileId"`
	Filename  string          `json:"filename"`
	Etag      string          `json:"etag"`
	Size      int64           `json:"size"`
	State     string          `json:"state" schema:"enum=unpublished|current|outdated"` // outdated where any of the links is, also one that is not told
	Published []publishedLink `json:"published"`
	More      bool            `json:"more"` // links than are told
}

type publishedOut struct {
	List       []publishedFile `json:"list"`
	LastFileID drive.ID        `json:"lastFileId"` // -1 at the end
}

func (a *API) published(ctx context.Context, acc account.ID, in publishedIn) (*publishedOut, error) {
	out := publishedOut{List: []publishedFile{}, LastFileID: -1}
	var list []copytask.PublishedFile
	var err error
	switch {
	case len(in.FileIDs) > 0 && in.Parent != nil:
		return nil, fault.New(fault.BadRequest, "api: published", "parentFileID")
	case len(in.FileIDs) > 0:
		list, err = a.Tasks.Published(ctx, acc, in.FileIDs)
	case in.Last < 0: // after the last page
		return &out, nil
	default:
		folder := drive.Root
		if in.Parent != nil {
			folder = *in.Parent
		}
		var next drive.ID
		var more bool
		list, next, more, err = a.Tasks.PublishedIn(ctx, acc, folder, drive.ID(in.Last), clampPage(in.Limit))
		if more {
			out.LastFileID = next
		}
	}
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		out.List = append(out.List, a.toPublished(f))
	}
	return &out, nil
}

func (a *API) toPublished(f copytask.PublishedFile) publishedFile {
	out := publishedFile{f.ID, f.Name, f.Etag, f.Size, stateUnpublished, make([]publishedLink, len(f.Links)), f.More}
	switch {
	case f.Outdated:
		out.State = stateOutdated
	case len(f.Links) > 0:
		out.State = stateCurrent
	}
	for n, l := range f.Links {
		state := stateCurrent
		if !l.Current {
			state = stateOutdated
		}
		out.Published[n] = publishedLink{l.ID, l.Name, l.Path, l.Etag, a.link(l.ID, l.Ext), l.Task, wire.Time(l.At), state}
	}
	return out
}
