package imagebed

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Showing is content that an image is to show instead of what it shows, behind the same
// link and under the same name.
type Showing struct {
	Image     Image // as it is now
	BlobID    int64
	Size      int64
	Etag      string
	UpdatedAt int64 // microseconds; what the image says after it
}

// Show has images show other content. It answers which of them have no room in the quota
// and stay as they are; those that come first take it first. Call it with the account
// locked, acc being what the lock answered.
func Show(ctx context.Context, tx *db.Tx, acc account.Account, list []Showing) (noRoom map[ID]bool, err error) {
	noRoom = make(map[ID]bool)
	var fit []Showing
	var freed []int64
	room, used := acc.Room(), int64(0)
	for _, s := range list {
		grow := s.Size - s.Image.Size
		if grow > 0 && grow > room {
			noRoom[s.Image.ID] = true
			continue
		}
		room -= grow
		used += grow
		fit = append(fit, s)
		if s.BlobID != s.Image.BlobID {
			freed = append(freed, s.Image.BlobID)
		}
	}
	_, err = tx.ExecRows(ctx, updateImages, []any{acc.ID, tx.Micros()}, len(fit), func(n int) []any {
		s := fit[n]
		return []any{s.Image.ID, s.Image.Name, s.BlobID, s.Size, s.Etag, s.UpdatedAt}
	})
	if err != nil {
		return nil, fault.Wrap(err, "imagebed: show")
	}
	if err := blob.Released(ctx, tx, int64(acc.ID), freed); err != nil {
		return nil, err
	}
	for _, s := range fit {
		tellChanged(tx, s.Image.ID)
	}
	return noRoom, account.Count(ctx, tx, acc.ID, used, 0)
}
