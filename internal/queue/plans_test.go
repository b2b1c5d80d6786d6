package queue

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
			"claim begun":      {claimBegun, []string{`task_begun`, `q USING PRIMARY KEY (account_id=? AND kind=?)`, `e USING INDEX task_unfinished (account_id=? AND kind=? AND seq<?)`, `r USING COVERING INDEX task_running (account_id=? AND kind=?)`, `task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"claim":            {claimWaiting, []string{`q USING INDEX queue_turn_next (kind=?)`, `t USING INDEX task_unfinished (account_id=? AND kind=?)`, `e USING INDEX task_unfinished (account_id=? AND kind=? AND seq<?)`, `r USING COVERING INDEX task_running (account_id=? AND kind=?)`, `task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"expire":           {expire, []string{`SCAN t USING INDEX task_running`, `task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"count unfinished": {countUnfinished, []string{`task_unfinished (account_id=? AND kind=?)`}},
			"cancel":           {cancel, []string{`task_id (account_id=? AND id=?)`}},
			"list":             {selectTasks, []string{`task USING PRIMARY KEY (account_id=? AND seq<?)`}},
			"list unfinished":  {selectUnfinished, []string{`task USING INDEX task_unfinished (account_id=? AND kind=? AND seq<?)`}},
			"list ended":       {selectEnded, []string{`task USING INDEX task_ended (account_id=? AND kind=? AND state=? AND seq<?)`}},
			"ids":              {idsOf[64], []string{`task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"open":             {openTasks, []string{`task USING INDEX task_unfinished (account_id=? AND kind=?)`}},
			"some":             {someTasks[64], []string{`task_id (account_id=? AND id=?)`}},
			"find":             {selectTask, []string{`task_id (account_id=? AND id=?)`}},
			"fence":            {renewLease, []string{`task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"progress":         {progress, []string{`task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"finish":           {finish, []string{`task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"release":          {giveBack, []string{`task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"oldest ends":      {oldestEnds, []string{`q USING PRIMARY KEY (account_id>?)`, `t USING PRIMARY KEY (account_id=?)`}},
			"oldest":           {selectOldest, []string{`task USING PRIMARY KEY (account_id=?)`}},
			"remove":           {deleteTask, []string{`task USING PRIMARY KEY (account_id=? AND seq=?)`}},
			"remove the turn":  {deleteTurn, []string{`queue_turn USING PRIMARY KEY (account_id=? AND kind=?)`, `t USING PRIMARY KEY (account_id=?)`}},
		} {
			dbtest.Planned(t, d, name, c.query, c.steps...)
		}
	})
}
