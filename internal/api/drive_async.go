package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/drive"
	"tuchuang/internal/queue"
	"tuchuang/internal/treecopy"
)

// Copies inside the drive that go on in the background.

type copyFilesIn struct {
	FileIDs []drive.ID `wire:"fileIds,fileId;required;max=3000"`
	To      drive.ID   `wire:"targetDirId,toParentFileID"`
}

type copyFilesOut struct {
	TaskID treecopy.Seq `json:"taskId"`
}

func (a *API) copyFiles(ctx context.Context, acc account.ID, in copyFilesIn) (*copyFilesOut, error) {
	seq, err := a.Copies.Create(ctx, acc, in.FileIDs, in.To)
	return &copyFilesOut{seq}, err
}

type copyFilesTaskIn struct {
	TaskID treecopy.Seq `wire:"taskId;required"`
}

// The documented numbers of where such a copy stands.
const (
	copyPending = 0
	copyRunning = 1
	copyDone    = 2
	copyFailed  = 3
)

type copyFilesProcessOut struct {
	TaskID treecopy.Seq `json:"taskId"`
	Status int          `json:"status" schema:"enum=0|1|2|3" doc:"0 waiting, 1 running, 2 done, 3 failed"`

	// Beyond the documentation.
	Copied   int64             `json:"copied"` // files and folders
	Bytes    int64             `json:"bytes"`
	FailCode treecopy.FailCode `json:"failCode"`
}

func (a *API) copyFilesProcess(ctx context.Context, acc account.ID, in copyFilesTaskIn) (*copyFilesProcessOut, error) {
	s, err := a.Copies.Status(ctx, acc, in.TaskID)
	if err != nil {
		return nil, err
	}
	out := copyFilesProcessOut{TaskID: in.TaskID, Status: copyFailed, Copied: s.Entries, Bytes: s.Bytes, FailCode: s.FailCode}
	switch s.State {
	case queue.Waiting:
		out.Status = copyPending
	case queue.Running:
		out.Status = copyRunning
	case queue.Done:
		out.Status = copyDone
	case queue.Failed, queue.Cancelled:
	}
	return &out, nil
}
