package offline

import (
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// A statement reads what it is asked for, however much the account and the table hold
// beside it.
func TestStatementsUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const byTask = `offline_task USING PRIMARY KEY (account_id=? AND task_seq=?)`
		for name, c := range map[string]struct{ query, step string }{
			"row":           {selectRow, byTask},
			"begun":         {setBegun, byTask},
			"ref":           {setRef, byTask},
			"shown":         {setShown, byTask},
			"got":           {setGot, byTask},
			"reserved":      {setReserved, byTask},
			"tries":         {setTries, byTask},
			"failed":        {setFailed, byTask},
			"done":          {setDone, byTask},
			"delete":        {deleteTask, byTask},
			"some":          {someRows[64], byTask},
			"telling":       {stillTelling, byTask},
			"slices":        {selectSlices, `offline_slice USING PRIMARY KEY (account_id=? AND task_seq=?)`},
			"delete slices": {deleteSlices, `offline_slice USING PRIMARY KEY (account_id=? AND task_seq=?)`},
			"staged":        {selectStaged, `SCAN offline_task USING COVERING INDEX offline_blob`},
			"end":           {selectEnd, `o USING INDEX offline_callback (account_id=? AND callback_seq=?)`},
			"in vain":       {triedInVain, `offline_task USING INDEX offline_callback (account_id=? AND callback_seq=?)`},
			"forget":        {forgetCall, `offline_task USING INDEX offline_callback (account_id=? AND callback_seq=?)`},
		} {
			dbtest.Planned(t, d, name, c.query, c.step)
		}
	})
}
