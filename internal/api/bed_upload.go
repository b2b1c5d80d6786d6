package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/upload"
)

// What the bed's endpoints share with the drive's, for uploads that go to the bed: one
// that goes to the drive is not there for them.

func (a *API) presign(ctx context.Context, acc account.ID, in uploadURLIn) (string, error) {
	return a.presignTo(ctx, acc, upload.ToBed, in)
}

func (a *API) bedParts(ctx context.Context, acc account.ID, in preuploadIn) (any, error) {
	return a.partsTo(ctx, acc, upload.ToBed, in)
}

func (a *API) complete(ctx context.Context, acc account.ID, id string) (string, error) {
	return a.completeTo(ctx, acc, upload.ToBed, id)
}

func (a *API) finished(ctx context.Context, acc account.ID, id string) (string, error) {
	return a.finishedTo(ctx, acc, upload.ToBed, id)
}
