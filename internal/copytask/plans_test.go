package copytask

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
			"task":            {selectCopyTask, []string{`PRIMARY KEY (account_id=? AND task_seq=?`}},
			"sources":         {selectSources, []string{`PRIMARY KEY (account_id=? AND task_seq=?`}},
			"folders":         {selectFolders, []string{`PRIMARY KEY (account_id=? AND task_seq=?`}},
			"open items":      {selectOpen, []string{`i USING PRIMARY KEY (account_id=? AND task_seq=?`, `d USING PRIMARY KEY (account_id=? AND task_seq=? AND no=?)`}},
			"items":           {selectItems, []string{`i USING PRIMARY KEY (account_id=? AND task_seq=? AND seq>?)`, `d USING PRIMARY KEY (account_id=? AND task_seq=? AND no=?)`}},
			"counts of tasks": {someCounts[64], []string{`PRIMARY KEY (account_id=? AND task_seq=?`}},
			"needed folders":  {selectNeeded, []string{`t USING INDEX task_unfinished (account_id=? AND kind=?)`, `f USING PRIMARY KEY (account_id=? AND task_seq=?)`}},
			"some folders":    {someFolders[64], []string{`PRIMARY KEY (account_id=? AND task_seq=? AND no=?)`}},
			"what refers": {selectReferring[64], []string{
				`p USING INDEX publication_drive (account_id=? AND drive_id=? AND image_id<?)`,
				`p USING INDEX publication_place (account_id=? AND parent_id=? AND name=? AND image_id<?)`,
				`p USING PRIMARY KEY (account_id=? AND image_id=?)`,
			}},
			"last published":    {selectLast[64], []string{`p USING PRIMARY KEY (account_id=? AND image_id=?)`}},
			"last publications": {publicationsOf[64], []string{`p USING PRIMARY KEY (account_id=? AND image_id=?)`}},
			"failed items":      {selectFailed, []string{`i USING INDEX copy_item_fail (account_id=? AND task_seq=?)`, `d USING PRIMARY KEY (account_id=? AND task_seq=? AND no=?)`}},
			"failures":          {selectFailures, []string{`copy_item_fail (account_id=? AND task_seq=? AND fail_no>? AND fail_no<?)`}},
			"plan":              {selectPlan, []string{`(account_id=? AND id=?)`}},
			"task of a plan":    {selectPlanTask, []string{`(account_id=? AND id=?)`}},
			"plan of a task":    {usePlan, []string{`(account_id=? AND id=?)`}},
			"expired plans":     {expiredPlans, []string{`copy_plan_expiry (expires_at<?)`}},
			"plan written":      {planWritten, []string{`PRIMARY KEY (account_id=? AND task_seq=?`}},
			"counts":            {setCounts, []string{`PRIMARY KEY (account_id=? AND task_seq=?`}},
			"folder ids":        {setFolderIDs[64], []string{`SEARCH copy_folder USING PRIMARY KEY (account_id=? AND task_seq=? AND no=?)`}},
			"has reason":        {hasReason, []string{`copy_item_fail (account_id=? AND task_seq=?`}},
			"fail what is open": {failOpen, []string{`copy_item USING PRIMARY KEY (account_id=? AND task_seq=? AND seq=?)`}},
			"outcomes":          {setOutcomes[64], []string{`SEARCH copy_item USING PRIMARY KEY (account_id=? AND task_seq=? AND seq=?)`}},
			"remove items":      {deleteItems, []string{`copy_item USING PRIMARY KEY (account_id=? AND task_seq=?)`}},
			"remove dirs":       {deleteDirs, []string{`copy_dir USING PRIMARY KEY (account_id=? AND task_seq=?)`}},
			"remove folders":    {deleteFolders, []string{`copy_folder USING PRIMARY KEY (account_id=? AND task_seq=?)`}},
			"remove sources":    {deleteSources, []string{`copy_source USING PRIMARY KEY (account_id=? AND task_seq=?)`}},
			"remove the task":   {deleteCopyTask, []string{`copy_task USING PRIMARY KEY (account_id=? AND task_seq=?)`}},
			"remove its plans":  {deletePlans, []string{`copy_plan USING`, `(account_id=?)`}},
		} {
			dbtest.Planned(t, d, name, c.query, c.steps...)
		}
	})
}
