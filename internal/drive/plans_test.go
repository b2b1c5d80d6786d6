package drive

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
			"by name":          {selectByName, []string{`drive_name (account_id=? AND parent_id=? AND name=?)`}},
			"by id":            {selectByID, []string{`drive_id (account_id=? AND id=?)`}},
			"by places":        {selectPlaced[64], []string{`e USING COVERING INDEX drive_name (account_id=? AND parent_id=? AND name=?)`}},
			"by path":          {walkNames[64], []string{`e USING COVERING INDEX drive_name (account_id=? AND parent_id=? AND name=?)`}},
			"by ids":           {selectByIDs[64], []string{`drive_id (account_id=? AND id=?)`}},
			"folders above":    {ancestors[64], []string{`SEARCH e USING INDEX drive_id (account_id=? AND id=?)`}},
			"list":             {listByID, []string{`PRIMARY KEY (account_id=? AND parent_id=? AND id>?)`}},
			"list by name":     {listByName, []string{`drive_name (account_id=? AND parent_id=? AND name>?)`}},
			"walk":             {listWalk, []string{`drive_walk (account_id=? AND parent_id=? AND name>?)`}},
			"walk the rest":    {listRest, []string{`drive_rest (account_id=? AND parent_id=? AND name>?)`}},
			"count the trash":  {countTrash, []string{`drive_trash (account_id=? AND trashed=?)`}},
			"trash":            {setTrashed, []string{`drive_id (account_id=? AND id=?)`}},
			"delete one":       {deleteOne, []string{`drive_id (account_id=? AND id=?)`}},
			"count below":      {countBelow, []string{`SEARCH e USING INDEX drive_id (account_id=? AND id=?)`, `SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"levels of":        {levelsOf[64], []string{`drive_folder (account_id=? AND parent_id=?)`, `SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"move":             {moveEntries[64], []string{`drive_id (account_id=? AND id=?)`}},
			"rename":           {renameEntry, []string{`drive_id (account_id=? AND id=?)`}},
			"take out":         {takeOut, []string{`drive_id (account_id=? AND id=?)`}},
			"live in":          {liveIn[64], []string{`PRIMARY KEY (account_id=? AND parent_id=?)`}},
			"list live":        {listLive, []string{`PRIMARY KEY (account_id=? AND parent_id=? AND id>? AND id<?)`}},
			"folders of":       {foldersOf[64], []string{`drive_folder (account_id=? AND parent_id=?)`}},
			"recount":          {recount, []string{`SEARCH drive_entry USING COVERING INDEX drive_id (account_id=? AND id=?)`, `SEARCH c USING PRIMARY KEY (account_id=? AND parent_id=?)`}},
			"below":            {listBelow[64], []string{`PRIMARY KEY (account_id=? AND parent_id=?)`}},
			"next unindexed":   {nextUnindexed, []string{`PRIMARY KEY (account_id=? AND id>?)`}},
			"names unindexed":  {namesUnindexed, []string{`PRIMARY KEY (account_id=? AND id>?)`, `drive_id (account_id=? AND id=?)`}},
			"unindexed of":     {unindexedOf, []string{`PRIMARY KEY (account_id>?)`}},
			"is unindexed":     {isUnindexed, []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"delete unindexed": {deleteUnindexed[64], []string{`PRIMARY KEY (account_id=? AND id=?)`}},
			"names":            {selectNames[64], []string{`drive_id (account_id=? AND id=?)`}},
			"delete below":     {deleteBelow, []string{`SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"page by id":       {pageOf(inFolder, ByID, false), []string{`SEARCH drive_entry USING PRIMARY KEY (account_id=? AND parent_id=?)`}},
			"page by id down":  {pageOf(inFolder, ByID, true), []string{`SEARCH drive_entry USING PRIMARY KEY (account_id=? AND parent_id=?)`}},
			"page by name":     {pageOf(inFolder, ByName, true), []string{`SEARCH drive_entry USING COVERING INDEX drive_name (account_id=? AND parent_id=?)`, `SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"page by size":     {pageOf(inFolder, BySize, false), []string{`PRIMARY KEY (account_id=? AND parent_id=?`, `SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"folders by name":  {pageOf(foldersIn, ByName, false), []string{`drive_folder (account_id=? AND parent_id=?)`, `SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"files by name":    {pageOf(filesIn, ByName, false), []string{`SEARCH drive_entry USING COVERING INDEX drive_name (account_id=? AND parent_id=?)`, `drive_folder (account_id=? AND parent_id=?)`, `SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"files by id":      {pageOf(filesIn, ByID, true), []string{`SEARCH drive_entry USING PRIMARY KEY (account_id=? AND parent_id=?)`, `drive_folder (account_id=? AND parent_id=?)`}},
			"count folders":    {countFoldersIn, []string{`drive_folder (account_id=? AND parent_id=?)`}},
			"page of trash":    {pageOf(inTrash, ByID, false), []string{`SEARCH drive_entry USING COVERING INDEX drive_trash (account_id=? AND trashed=?)`, `SEARCH drive_entry USING INDEX drive_id (account_id=? AND id=?)`}},
			"next detached":    {nextDetached, []string{`SCAN drive_entry USING INDEX drive_detached`}},
			"children":         {listChildren, []string{`e USING PRIMARY KEY (account_id=? AND parent_id=?)`, `c USING PRIMARY KEY (account_id=? AND parent_id=?)`}},
			"delete children":  {deleteChildren, []string{`PRIMARY KEY (account_id=? AND parent_id=? AND id<?)`}},
			"shown":            {shown[64], []string{`drive_blob (account_id=? AND blob_id=?)`}},
			"content":          {selectContent, []string{`e USING INDEX drive_id (account_id=? AND id=?)`, `b USING PRIMARY KEY (account_id=? AND id=?)`}},
		} {
			dbtest.Planned(t, d, name, c.query, c.steps...)
		}
	})
}

// The last page of a large folder is found without sorting it.
func TestPagesAreNotSorted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, c := range []struct {
			by    Order
			sorts int // the rows of the page, where they are not in order of their keys
		}{{ByID, 0}, {ByName, 1}} {
			for _, desc := range []bool{false, true} {
				if n := dbtest.Sorted(t, d, pageOf(inFolder, c.by, desc)); n > c.sorts {
					t.Errorf("by %s: sorted %d times", c.by, n)
				}
				if n := dbtest.Sorted(t, d, pageOf(filesIn, c.by, desc)); n > 1 {
					t.Errorf("files by %s: sorted %d times", c.by, n)
				}
			}
		}
	})
}
