package api

import (
	"context"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
)

type renameIn struct {
	FileID drive.ID `wire:"fileId;required"`
	Name   string   `wire:"fileName;required"`
}

func (a *API) rename(ctx context.Context, acc account.ID, in renameIn) (*wire.Null, error) {
	return nil, a.Drive.Rename(ctx, acc, in.FileID, in.Name)
}

type renameEachIn struct {
	List []wire.Raw `wire:"renameList;required;max=30" doc:"each id|name, or an object of fileId and fileName"`
}

// newName reads one of the list: "id|name", or an object.
func newName(r wire.Raw) (n drive.NewName, err error) {
	if p, ok := r.Object(); ok {
		var in renameIn
		err := wire.Bind(p, &in)
		return drive.NewName{ID: in.FileID, Name: in.Name}, err
	}
	text, _ := r.Text()
	id, name, found := strings.Cut(text, "|")
	if n.ID, err = drive.ParseID(strings.TrimSpace(id)); err != nil || !found {
		return n, fault.New(fault.BadRequest, "api: rename", "renameList")
	}
	n.Name = name
	return n, nil
}

type (
	renamedItem struct {
		FileID   drive.ID  `json:"fileID"`
		UpdateAt wire.Time `json:"updateAt"`
	}
	notRenamed struct {
		FileID  drive.ID `json:"fileID"`
		Message string   `json:"message"`
	}
	renameEachOut struct {
		SuccessList []renamedItem `json:"successList"`
		FailList    []notRenamed  `json:"failList"`
	}
)

func (a *API) renameEach(ctx context.Context, acc account.ID, in renameEachIn) (*renameEachOut, error) {
	list := make([]drive.NewName, len(in.List))
	for i, r := range in.List {
		var err error
		if list[i], err = newName(r); err != nil {
			return nil, err
		}
	}
	renamed, err := a.Drive.RenameEach(ctx, acc, list)
	if err != nil {
		return nil, err
	}
	out := renameEachOut{SuccessList: []renamedItem{}, FailList: []notRenamed{}}
	for _, r := range renamed {
		if r.Err != nil {
			why, _ := answerTo(r.Err)
			out.FailList = append(out.FailList, notRenamed{r.ID, why.chinese})
			continue
		}
		out.SuccessList = append(out.SuccessList, renamedItem{r.ID, wire.Time(r.UpdatedAt)})
	}
	return &out, nil
}

type moveIn struct {
	driveIDsIn
	To drive.ID `wire:"toParentFileID,parentFileID"`
}

func (a *API) move(ctx context.Context, acc account.ID, in moveIn) (*wire.Null, error) {
	return nil, a.Drive.Move(ctx, acc, in.FileIDs, in.To)
}

type recoverOut struct {
	AbnormalFileIDs []drive.ID `json:"abnormalFileIDs"`
}

func (a *API) recover(ctx context.Context, acc account.ID, in driveIDsIn) (*recoverOut, error) {
	abnormal, err := a.Drive.Recover(ctx, acc, in.FileIDs)
	if abnormal == nil {
		abnormal = []drive.ID{}
	}
	return &recoverOut{abnormal}, err
}

type recoverToIn struct {
	driveIDsIn
	To drive.ID `wire:"parentFileID,toParentFileID"`
}

func (a *API) recoverTo(ctx context.Context, acc account.ID, in recoverToIn) (*wire.Null, error) {
	return nil, a.Drive.RecoverTo(ctx, acc, in.FileIDs, in.To)
}

type copyFileIn struct {
	FileID drive.ID `wire:"fileId;required"`
	To     drive.ID `wire:"targetDirId,targetParentID"`
}

type copyFileOut struct {
	SourceFileID drive.ID `json:"sourceFileId"`
	TargetFileID drive.ID `json:"targetFileId"`
}

func (a *API) copyFile(ctx context.Context, acc account.ID, in copyFileIn) (*copyFileOut, error) {
	id, err := a.Drive.Copy(ctx, acc, in.FileID, in.To)
	return &copyFileOut{in.FileID, id}, err
}
