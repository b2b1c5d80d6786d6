package imagebed

import (
	"context"
	"slices"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

const (
	// Whether the content is blocked is asked of an index of the blocked alone, which
	// is all but empty: hence a range of one, where equality would take the table. Of
	// an account without any it is asked once a statement.
	imageColumns = db.OneText + `i.id, i.folder_id, f.name, ` + imageRest
	imageRest    = `i.name, i.ext, i.blob_id, i.size, i.etag,
		CASE WHEN EXISTS (SELECT 1 FROM blob b WHERE b.account_id = $1 AND b.state = 2) THEN
			EXISTS (SELECT 1 FROM blob b WHERE b.account_id = i.account_id AND b.id >= i.blob_id AND b.id <= i.blob_id AND b.state = 2)
			ELSE FALSE END,
		i.created_at, i.updated_at` + db.TextEnd
	imageTables = `image i
		JOIN bed_folder f ON f.account_id = i.account_id AND f.id = i.folder_id`
	folderColumns = db.OneText + `f.id, f.parent_id, p.name, f.name, f.created_at, f.updated_at` + db.TextEnd
	folderTables  = `bed_folder f JOIN bed_folder p ON p.account_id = f.account_id AND p.id = f.parent_id`

	// live is true of a folder that hangs in the tree: neither it nor one above it is
	// detached. An account has seldom any that is, and then nothing is walked.
	live = ` AND NOT EXISTS (
		SELECT 1 FROM bed_folder d WHERE d.account_id = $1 AND d.detached = 1 AND EXISTS (
			WITH RECURSIVE up (id, parent_id) AS (
				SELECT u.id, u.parent_id FROM bed_folder u WHERE u.account_id = $1 AND u.id = `
	liveEnd = `
				UNION
				SELECT u.id, u.parent_id FROM up JOIN bed_folder u ON u.account_id = $1 AND u.id = up.parent_id
			) SELECT 1 FROM up WHERE up.id = d.id))`
	liveFolder = live + `f.id` + liveEnd
	liveImage  = live + `i.folder_id` + liveEnd

	selectRoot     = `SELECT id FROM bed_folder WHERE account_id = $1 AND parent_id = id`
	selectFolderID = `SELECT f.id FROM bed_folder f WHERE f.account_id = $1 AND f.id = $2` + liveFolder
	selectImageID  = `SELECT i.id FROM image i WHERE i.account_id = $1 AND i.id = $2` + liveImage
	selectImage    = `SELECT ` + imageColumns + ` FROM ` + imageTables + ` WHERE i.account_id = $1 AND i.id = $2` + liveImage
	selectFolder   = `SELECT ` + folderColumns + ` FROM ` + folderTables + ` WHERE f.account_id = $1 AND f.id = $2` + liveFolder
	listFolders    = `SELECT ` + folderColumns + ` FROM ` + folderTables + `
		WHERE f.account_id = $1 AND f.parent_id = $2 AND f.id < $3 AND f.id >= $4 AND f.id <> $2 AND f.detached = 0
		ORDER BY f.id DESC LIMIT $5`
	// The folder's name is asked once, not for every image.
	listedColumns = db.OneText + `i.id, i.folder_id, (SELECT f.name FROM bed_folder f WHERE f.account_id = $1 AND f.id = $2), ` + imageRest
	listImages    = `
		SELECT ` + listedColumns + ` FROM image i
		WHERE i.account_id = $1 AND i.folder_id = $2 AND i.id < $3 AND i.id >= $4
		ORDER BY i.id DESC LIMIT $5`
	// Those whose names begin with a text: they are beside each other in an index.
	namedFoldersFrom = `SELECT ` + folderColumns + ` FROM ` + folderTables + `
		WHERE f.account_id = $1 AND f.parent_id = $2 AND f.name >= $3 AND f.name < $4 AND f.id <> $2 AND f.detached = 0
		ORDER BY f.name LIMIT $5`
	namedImagesFrom = `
		SELECT ` + listedColumns + ` FROM image i
		WHERE i.account_id = $1 AND i.folder_id = $2 AND i.name >= $3 AND i.name < $4
		ORDER BY i.name LIMIT $5`
	selectSides  = `SELECT width, height FROM blob WHERE account_id = $1 AND id = $2`
	selectHolder = `
		SELECT id FROM image WHERE account_id = $1 AND folder_id = $2 AND name = $3
		UNION ALL
		SELECT id FROM bed_folder WHERE account_id = $1 AND parent_id = $2 AND name = $3 AND id <> parent_id`
	selectFacts = `
		SELECT i.blob_id, i.size, i.etag, i.name, b.type, i.shown_at, b.state = 1 AND a.state <> 3
		FROM image i
		JOIN blob b ON b.account_id = i.account_id AND b.id = i.blob_id
		JOIN account a ON a.id = i.account_id
		WHERE i.account_id = $1 AND i.id = $2` + liveImage
	selectContent = `
		SELECT i.blob_id, i.name, i.etag, i.size, b.type, b.state
		FROM image i
		JOIN blob b ON b.account_id = i.account_id AND b.id = i.blob_id
		WHERE i.account_id = $1 AND i.id = $2` + liveImage

	upwards = `
		WITH RECURSIVE up (id, parent_id) AS (
			SELECT id, parent_id FROM bed_folder WHERE account_id = $1 AND id = $2
			UNION
			SELECT f.id, f.parent_id FROM up JOIN bed_folder f ON f.account_id = $1 AND f.id = up.parent_id
		) `
	countAbove = upwards + `SELECT count(*) FROM up`
	idsAbove   = upwards + `SELECT id FROM up`

	moveImage  = `UPDATE image SET folder_id = $3, name = $4, updated_at = $5 WHERE account_id = $1 AND id = $2`
	moveFolder = `UPDATE bed_folder SET parent_id = $3, name = $4, updated_at = $5 WHERE account_id = $1 AND id = $2`

	renameImage  = `UPDATE image SET name = $3, updated_at = $4 WHERE account_id = $1 AND id = $2`
	renameFolder = `UPDATE bed_folder SET name = $3, updated_at = $4 WHERE account_id = $1 AND id = $2`
)

var (
	insertFolder  = db.Insert(`INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at) VALUES`, 6)
	deleteFolders = db.List(`DELETE FROM bed_folder WHERE account_id = $1 AND id IN (`, 2, `)`)
	imagesByID    = db.List(`SELECT `+imageColumns+` FROM `+imageTables+` WHERE i.account_id = $1`+liveImage+` AND i.id IN (`, 2, `)`)
	foldersWhole  = db.List(`SELECT `+folderColumns+` FROM `+folderTables+` WHERE f.account_id = $1 AND f.id IN (`, 2, `)`)
	allAbove      = db.List(`
		WITH RECURSIVE up (id, parent_id, name) AS (
			SELECT f.id, f.parent_id, f.name FROM bed_folder f WHERE f.account_id = $1 AND f.id IN (`, 2, `)
			UNION
			SELECT f.id, f.parent_id, f.name FROM up JOIN bed_folder f ON f.account_id = $1 AND f.id = up.parent_id
		) SELECT id, parent_id, name FROM up`)
	foldersByID = db.List(`SELECT f.id FROM bed_folder f WHERE f.account_id = $1`+liveFolder+` AND f.id IN (`, 2, `)`)
	// The names come first, so that each is found by its key.
	selectHolders = db.MultiRow(`WITH v (parent_id, name) AS (VALUES`, 2, []string{"TEXT", "TEXT"}, `)
		SELECT v.parent_id, v.name, i.id FROM v CROSS JOIN image i
		WHERE i.account_id = $1 AND i.folder_id = v.parent_id AND i.name = v.name
		UNION ALL
		SELECT v.parent_id, v.name, f.id FROM v CROSS JOIN bed_folder f
		WHERE f.account_id = $1 AND f.parent_id = v.parent_id AND f.name = v.name AND f.id <> f.parent_id`)

	insertImage = db.Insert(`
		INSERT INTO image (account_id, id, folder_id, name, ext, blob_id, size, etag, created_at, updated_at, shown_at) VALUES`, 11)
	parkImages = db.List(`UPDATE image SET name = '/' || id WHERE account_id = $1 AND id IN (`, 2, `)`)
	// The rows to change come first, so that each is found by its key. Caches compare
	// the time since when an image shows its content by whole seconds: each content has
	// another, and a later one.
	updateImages = db.MultiRow(`
		WITH v (id, name, blob_id, size, etag, updated_at) AS (VALUES`, 3,
		[]string{"TEXT", "TEXT", "BIGINT", "BIGINT", "TEXT", "BIGINT"}, `)
		UPDATE image SET name = v.name, blob_id = v.blob_id, size = v.size, etag = v.etag, updated_at = v.updated_at, shown_at = CASE
			WHEN image.blob_id = v.blob_id THEN image.shown_at
			WHEN image.shown_at + 1000000 > $2 THEN image.shown_at + 1000000
			ELSE $2 END
		FROM v WHERE image.account_id = $1 AND image.id = v.id`)
	sameImages = db.List(`
		SELECT id, name, etag, size, blob_id, updated_at FROM image WHERE account_id = $1 AND folder_id = $2 AND etag IN (`, 3, `)`)
	shown        = db.List(`SELECT DISTINCT blob_id FROM image WHERE account_id = $1 AND blob_id IN (`, 2, `)`)
	namedImages  = db.List(`SELECT id, name FROM image WHERE account_id = $1 AND folder_id = $2 AND name IN (`, 3, `)`)
	namedFolders = db.List(`SELECT id, name FROM bed_folder WHERE account_id = $1 AND parent_id = $2 AND id <> parent_id AND name IN (`, 3, `)`)
)

func scanImage(row db.Row) (i Image, err error) {
	var created, updated int64
	err = row.Scan(&i.ID, &i.Folder, &i.FolderName, &i.Name, &i.Ext, &i.BlobID, &i.Size, &i.Etag, &i.Blocked, &created, &updated)
	i.CreatedAt, i.UpdatedAt = time.UnixMicro(created), time.UnixMicro(updated)
	return i, err
}

func scanFolder(row db.Row) (i Image, err error) {
	var created, updated int64
	err = row.Scan(&i.ID, &i.Folder, &i.FolderName, &i.Name, &created, &updated)
	i.IsFolder, i.CreatedAt, i.UpdatedAt = true, time.UnixMicro(created), time.UnixMicro(updated)
	return i, err
}

// entry reads an image or folder by id.
func entry(ctx context.Context, tx *db.Tx, acc account.ID, id ID) (Image, bool, error) {
	query, scan := selectImage, scanImage
	if id.isFolder() {
		query, scan = selectFolder, scanFolder
	}
	list, err := db.Collect(ctx, tx, scan, query, acc, id)
	if err != nil || len(list) == 0 {
		return Image{}, false, fault.Wrap(err, "imagebed: read")
	}
	return list[0], true, nil
}

// holder tells which image or folder has a name in a folder.
func holder(ctx context.Context, tx *db.Tx, acc account.ID, folder ID, name string) (id ID, taken bool, err error) {
	taken, err = tx.Get(ctx, selectHolder, []any{acc, folder, name}, &id)
	return id, taken, fault.Wrap(err, "imagebed: who has the name")
}

func collect(ctx context.Context, tx *db.Tx, query string, args ...any) (map[ID]bool, error) {
	list, err := db.Collect(ctx, tx, scanID, query, args...)
	set := make(map[ID]bool, len(list))
	for _, id := range list {
		set[id] = true
	}
	return set, err
}

func scanID(row db.Row) (id ID, err error) { return id, row.Scan(&id) }

func scanBlob(row db.Row) (id int64, err error) { return id, row.Scan(&id) }

// Shown answers which of the contents an image shows.
func Shown(ctx context.Context, tx *db.Tx, acc account.ID, blobs []int64) (out []int64, err error) {
	out, err = db.CollectIn(ctx, tx, scanBlob, shown, []any{acc}, blobs)
	return out, fault.Wrap(err, "imagebed: shown")
}

func uniqueIDs(ids []ID) []ID {
	ids = slices.Clone(ids)
	slices.Sort(ids) // keys are always taken in one order
	return slices.Compact(ids)
}

// MoveContent lets every image that showed one content show another, the same one
// uploaded again. Call it with the account locked.
func (b *Bed) MoveContent(ctx context.Context, tx *db.Tx, acc account.ID, from, to int64) error {
	tellAllChanged(tx)
	_, err := tx.Exec(ctx, `UPDATE image SET blob_id = $3 WHERE account_id = $1 AND blob_id = $2`, acc, from, to)
	return fault.Wrap(err, "imagebed: move content")
}
