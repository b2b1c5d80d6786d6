package imagebed

import (
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// A statement reads what it is asked for, however much the account and the table
// hold beside it.
func TestStatementsUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, c := range map[string]struct {
			query string
			steps []string
		}{
			"root":                 {selectRoot, []string{`bed_root (account_id=?)`}},
			"folder id":            {selectFolderID, []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `f USING PRIMARY KEY (account_id=? AND id=?)`}},
			"image id":             {selectImageID, []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `i USING COVERING INDEX image_id (account_id=? AND id=?)`}},
			"image":                {selectImage, []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `i USING INDEX image_id (account_id=? AND id=?)`, `f USING PRIMARY KEY (account_id=? AND id=?)`, `blob_blocked (account_id=?)`, `blob_blocked (account_id=? AND id>? AND id<?)`}},
			"folder":               {selectFolder, []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `f USING PRIMARY KEY (account_id=? AND id=?)`, `p USING PRIMARY KEY (account_id=? AND id=?)`}},
			"list folders":         {listFolders, []string{`bed_folder_list (account_id=? AND parent_id=? AND id>? AND id<?)`}},
			"list images":          {listImages, []string{`i USING PRIMARY KEY (account_id=? AND folder_id=? AND id>? AND id<?)`, `f USING PRIMARY KEY (account_id=? AND id=?)`, `blob_blocked (account_id=?)`, `blob_blocked (account_id=? AND id>? AND id<?)`}},
			"named folders from":   {namedFoldersFrom, []string{`f USING INDEX bed_folder_name (account_id=? AND parent_id=? AND name>? AND name<?)`}},
			"named images from":    {namedImagesFrom, []string{`i USING INDEX image_name (account_id=? AND folder_id=? AND name>? AND name<?)`, `f USING PRIMARY KEY (account_id=? AND id=?)`, `blob_blocked (account_id=?)`, `blob_blocked (account_id=? AND id>? AND id<?)`}},
			"sides":                {selectSides, []string{`blob USING PRIMARY KEY (account_id=? AND id=?)`}},
			"holder":               {selectHolder, []string{`image_name (account_id=? AND folder_id=? AND name=?)`, `bed_folder_name (account_id=? AND parent_id=? AND name=?)`}},
			"holders":              {selectHolders[64], []string{`i USING COVERING INDEX image_name (account_id=? AND folder_id=? AND name=?)`, `f USING COVERING INDEX bed_folder_name (account_id=? AND parent_id=? AND name=?)`}},
			"delete folders":       {deleteFolders[64], []string{`bed_folder USING PRIMARY KEY (account_id=? AND id=?)`}},
			"facts":                {selectFacts, []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `i USING INDEX image_id (account_id=? AND id=?)`, `b USING PRIMARY KEY (account_id=? AND id=?)`, `a USING INTEGER PRIMARY KEY`}},
			"content":              {selectContent, []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `i USING INDEX image_id (account_id=? AND id=?)`, `b USING PRIMARY KEY (account_id=? AND id=?)`}},
			"count above":          {countAbove, []string{`f USING PRIMARY KEY (account_id=? AND id=?)`}},
			"ids above":            {idsAbove, []string{`f USING PRIMARY KEY (account_id=? AND id=?)`}},
			"folders above":        {allAbove[64], []string{`f USING PRIMARY KEY (account_id=? AND id=?)`}},
			"levels below":         {levelsBelow, []string{`bed_folder_list (account_id=? AND parent_id=?)`}},
			"size below":           {sizeBelow, []string{`bed_folder_list (account_id=? AND parent_id=?)`, `SEARCH i USING COVERING INDEX image_same (account_id=? AND folder_id=?)`}},
			"delete images below":  {deleteImagesBelow, []string{`SEARCH image USING PRIMARY KEY (account_id=? AND folder_id=?)`, `publication USING PRIMARY KEY (account_id=? AND image_id=?)`}},
			"delete folders below": {deleteFoldersBelow, []string{`bed_folder USING PRIMARY KEY (account_id=? AND id=?)`}},
			"count folders below":  {countFoldersBelow, []string{`bed_folder_list (account_id=? AND parent_id=?)`}},
			"count images below":   {countImagesBelow, []string{`bed_folder_list (account_id=? AND parent_id=?)`, `SEARCH i USING COVERING INDEX image_`}},
			"detach":               {detachFolder, []string{`bed_folder USING PRIMARY KEY (account_id=? AND id=?)`}},
			"next detached":        {nextDetached, []string{`SCAN bed_folder USING COVERING INDEX bed_detached`}},
			"first images":         {firstImages, []string{`image USING PRIMARY KEY (account_id=? AND folder_id=?)`}},
			"delete images":        {deleteImages, []string{`image USING PRIMARY KEY (account_id=? AND folder_id=? AND id<?)`}},
			"children":             {listChildren, []string{`f USING COVERING INDEX bed_folder_list (account_id=? AND parent_id=?)`, `c USING COVERING INDEX bed_folder_list (account_id=? AND parent_id=?)`}},
			"delete children":      {deleteChildren, []string{`bed_folder_list (account_id=? AND parent_id=? AND id<?)`}},
			"images by id":         {imagesByID[64], []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `i USING INDEX image_id (account_id=? AND id=?)`, `f USING PRIMARY KEY (account_id=? AND id=?)`, `blob_blocked (account_id=?)`, `blob_blocked (account_id=? AND id>? AND id<?)`}},
			"rename image":         {renameImage, []string{`image USING COVERING INDEX image_id (account_id=? AND id=?)`}},
			"rename folder":        {renameFolder, []string{`bed_folder USING PRIMARY KEY (account_id=? AND id=?)`}},
			"folders by id":        {foldersByID[64], []string{`d USING COVERING INDEX bed_detached (account_id=?)`, `f USING PRIMARY KEY (account_id=? AND id=?)`}},
			"park images":          {parkImages[64], []string{`image USING INDEX image_id (account_id=? AND id=?)`}},
			"update images":        {updateImages[64], []string{`SEARCH image USING INDEX image_id (account_id=? AND id=?)`}},
			"same images":          {sameImages[64], []string{`image_same (account_id=? AND folder_id=? AND etag=?)`}},
			"named images":         {namedImages[64], []string{`image_name (account_id=? AND folder_id=? AND name=?)`}},
			"shown":                {shown[64], []string{`image_blob (account_id=? AND blob_id=?)`}},
			"named folders":        {namedFolders[64], []string{`bed_folder_name (account_id=? AND parent_id=? AND name=?)`}},
		} {
			dbtest.Planned(t, d, name, c.query, c.steps...)
		}
	})
}
