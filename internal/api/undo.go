package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/copytask"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
)

type copyUndoIn struct {
	TaskID copytask.ID `wire:"taskID;required"`
	DryRun bool        `wire:"dryRun,dry_run,dry-run"` // who asks for one in other letters must not lose anything
}

type keptImage struct {
	ImageID         imagebed.ID     `json:"imageID"`
	FileID          drive.ID        `json:"fileId"`
	Filename        string          `json:"filename"`
	Reason          copytask.Reason `json:"reason"`
	ReasonMessage   string          `json:"reasonMessage"`
	ReasonMessageEn string          `json:"reasonMessageEn"`
}

type copyUndoOut struct {
	Removed  int         `json:"removed"`
	Restored int         `json:"restored"`
	Kept     []keptImage `json:"kept"`
}

func (a *API) copyUndo(ctx context.Context, acc account.ID, in copyUndoIn) (*copyUndoOut, error) {
	u, err := a.Tasks.Undo(ctx, acc, in.TaskID, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := copyUndoOut{u.Removed, u.Restored, make([]keptImage, len(u.Kept))}
	for n, k := range u.Kept {
		out.Kept[n] = keptImage{k.ID, k.DriveID, k.Name, k.Reason, k.Reason.Chinese(a.limits), k.Reason.English(a.limits)}
	}
	return &out, nil
}

type republishIn struct {
	FileIDs  []drive.ID    `wire:"fileIDs,fileID;max=100"`
	ImageIDs []imagebed.ID `wire:"imageIDs,imageID;max=100"`
	Folder   imagebed.ID   `wire:"parentFileId,parentID"` // "0" is the root
}

func (a *API) republish(ctx context.Context, acc account.ID, in republishIn) (*taskOut, error) {
	ways := 0
	for _, said := range []bool{len(in.FileIDs) > 0, len(in.ImageIDs) > 0, in.Folder != ""} {
		if said {
			ways++
		}
	}
	if ways != 1 {
		return nil, fault.New(fault.BadRequest, "api: republish", "fileIDs")
	}
	id, err := a.Tasks.Republish(ctx, acc, copytask.Chosen{Files: in.FileIDs, Images: in.ImageIDs, Folder: in.Folder})
	return &taskOut{id}, err
}
