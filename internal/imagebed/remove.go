package imagebed

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

var (
	removeByID = db.List(`DELETE FROM image WHERE account_id = $1 AND id IN (`, 2, `) RETURNING blob_id`)
	// The rows to remove come first, so that each is found by its key.
	removeEmpty = db.MultiRow(`WITH v (id, updated_at) AS (VALUES`, 2, []string{"TEXT", "BIGINT"}, `)
		DELETE FROM bed_folder WHERE account_id = $1 AND id IN (
			SELECT f.id FROM v CROSS JOIN bed_folder f
			WHERE f.account_id = $1 AND f.id = v.id AND f.updated_at = v.updated_at
			AND NOT EXISTS (SELECT 1 FROM image i WHERE i.account_id = $1 AND i.folder_id = v.id)
			AND NOT EXISTS (SELECT 1 FROM bed_folder c WHERE c.account_id = $1 AND c.parent_id = v.id))`)
)

// Remove removes images for good and gives their bytes back to the quota; the images are
// as they are now. Call it with the account locked.
func Remove(ctx context.Context, tx *db.Tx, acc account.ID, images []Image) error {
	ids := make([]ID, len(images))
	var freed int64
	var removed auditlog.Things
	for n, i := range images {
		ids[n] = i.ID
		freed += i.Size
		removed.Add(string(i.ID), i.Name)
		tellChanged(tx, i.ID)
	}
	err := db.InChunks([]any{acc}, ids, func(n int, args []any) error {
		return removeImages(ctx, tx, acc, removeByID[n], args...)
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	if err := auditlog.Note(ctx, tx, int64(acc), auditlog.BedDelete, removed.String()); err != nil {
		return err
	}
	return account.Count(ctx, tx, acc, -freed, 0)
}

// Made is a folder that was made, and when.
type Made struct {
	ID ID
	At int64 // microseconds
}

// RemoveEmpty removes those of some folders, none of which is below another, that are
// empty and that nobody has renamed or moved since they were made. Call it with the
// account locked.
func RemoveEmpty(ctx context.Context, tx *db.Tx, acc account.ID, folders []Made) error {
	_, err := tx.ExecRows(ctx, removeEmpty, []any{acc}, len(folders), func(n int) []any {
		return []any{folders[n].ID, folders[n].At}
	})
	return fault.Wrap(err, "imagebed: remove empty folders")
}
