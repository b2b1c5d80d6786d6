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
	FileIDs  []drive.ID    `wire:"fileIDs,fileID;max=100"`
	ImageIDs []imagebed.ID `wire:"imageIDs;max=20" doc:"of the bed: what they are from"`
	Parent   *drive.ID     `wire:"parentFileID,parentID"`
	Limit    int           `wire:"limit"`
	Last     int64         `wire:"lastFileId"`
}

// Whether links show what the file is now.
const (
	stateUnpublished = "unpublished"
	stateCurrent     = "current"
	stateOutdated    = "outdated"
	stateGone        = "gone"
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

type publishedSource struct {
	ImageID imagebed.ID `json:"imageID"`
	FileID  drive.ID    `json:"fileId" doc:"0 where it is there no more"`
	Path    string      `json:"path"`
	Etag    string      `json:"etag"`
	Size    int64       `json:"size"`
	State   string      `json:"state" schema:"enum=current|outdated|gone"`
}

type publishedOut struct {
	List       []publishedFile   `json:"list"`
	Sources    []publishedSource `json:"sources,omitempty" doc:"of the images that were asked for"`
	LastFileID drive.ID          `json:"lastFileId"` // -1 at the end
}

func (a *API) published(ctx context.Context, acc account.ID, in publishedIn) (*publishedOut, error) {
	out := publishedOut{List: []publishedFile{}, LastFileID: -1}
	var list []copytask.PublishedFile
	var err error
	switch {
	case len(in.ImageIDs) > 0 && (len(in.FileIDs) > 0 || in.Parent != nil):
		return nil, fault.New(fault.BadRequest, "api: published", "imageIDs")
	case len(in.ImageIDs) > 0:
		sources, err := a.Tasks.Sources(ctx, acc, in.ImageIDs)
		for _, s := range sources {
			out.Sources = append(out.Sources, toSource(s))
		}
		return &out, err
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

func toSource(s copytask.Source) publishedSource {
	out := publishedSource{s.Image, s.File, s.Path, s.Etag, s.Size, stateOutdated}
	switch {
	case s.File == 0:
		out.State = stateGone
	case s.Current:
		out.State = stateCurrent
	}
	return out
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
