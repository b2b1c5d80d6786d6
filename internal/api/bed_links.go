package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/linkformat"
)

type bedNameIn struct {
	FileID   imagebed.ID `wire:"fileID;required"`
	FileName string      `wire:"fileName,newName,name;required"`
}

func (a *API) bedName(ctx context.Context, acc account.ID, in bedNameIn) (*wire.Null, error) {
	return nil, a.Bed.Rename(ctx, acc, in.FileID, in.FileName)
}

type bedLinksIn struct {
	FileIDs  []imagebed.ID `wire:"fileIDs,fileID;max=100"`
	Parent   imagebed.ID   `wire:"parentFileId,parentID"`
	Limit    int           `wire:"limit"`
	Last     imagebed.ID   `wire:"lastFileId"`
	Format   string        `wire:"format" doc:"url, md, html, bbcode, csv, json or template"`
	Template string        `wire:"template"`
	First    int           `wire:"first" doc:"the {n} of the first; 1 where it is absent"`
}

type bedLink struct {
	FileID   imagebed.ID `json:"fileId"`
	Filename string      `json:"filename"`
	URL      string      `json:"url"`
	Text     string      `json:"text"`
}

type bedLinksOut struct {
	List       []bedLink   `json:"list"`
	Text       string      `json:"text"`
	LastFileID imagebed.ID `json:"lastFileId"`
}

// maxLinksText is how many bytes a template may make of one page, which comes twice
// in an answer: a short one can ask for the name a thousand times.
const maxLinksText = 1 << 20

func (a *API) bedLinks(ctx context.Context, acc account.ID, in bedLinksIn) (*bedLinksOut, error) {
	format, err := linkformat.New(in.Format, in.Template)
	if err != nil {
		return nil, err
	}
	images, last, err := a.linked(ctx, acc, in)
	if err != nil {
		return nil, err
	}
	out := bedLinksOut{List: make([]bedLink, len(images)), LastFileID: last}
	texts, size := make([]string, len(images)), 0
	for i, img := range images {
		l := linkformat.Link{ID: string(img.ID), Name: img.Name, URL: a.link(img.ID, img.Ext), Etag: img.Etag, Size: img.Size}
		texts[i] = format.Text(l, max(in.First, 1)+i)
		if size += len(texts[i]); size > maxLinksText {
			return nil, fault.New(fault.BadRequest, "api: links", "template")
		}
		out.List[i] = bedLink{img.ID, img.Name, l.URL, texts[i]}
	}
	out.Text = format.Join(texts)
	return &out, nil
}

// linked finds the images that a request names, or a page of those in a folder, and
// the cursor for what follows.
func (a *API) linked(ctx context.Context, acc account.ID, in bedLinksIn) (list []imagebed.Image, last imagebed.ID, err error) {
	if len(in.FileIDs) > 0 {
		if in.Parent != "" {
			return nil, "", fault.New(fault.BadRequest, "api: links", "parentFileId")
		}
		list, err = a.Bed.Images(ctx, acc, in.FileIDs)
		return list, lastPage, err
	}
	return a.bedPage(ctx, acc, imagebed.Query{Folder: in.Parent, Images: true, After: in.Last, Limit: clampPage(in.Limit)})
}
