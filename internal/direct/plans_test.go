package direct

import (
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// A statement reads what it is asked for, however much the account and the table hold
// beside it.
func TestStatementsUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const byID, byLine = `direct_folder USING PRIMARY KEY (account_id=? AND drive_id=?)`, `direct_traffic USING PRIMARY KEY (account_id=? AND hour=? AND drive_id=?)`
		for name, c := range map[string]struct {
			query string
			steps []string
		}{
			"enabled":     {selectEnabled[64], []string{byID}},
			"delete":      {deleteFolder, []string{byID}},
			"delete all":  {deleteFolders, []string{`direct_folder USING PRIMARY KEY (account_id=?)`}},
			"count":       {countFolders, []string{`direct_folder USING PRIMARY KEY (account_id=?)`}},
			"page":        {selectFolders, []string{`f USING PRIMARY KEY (account_id=? AND drive_id>?)`, `e USING INDEX drive_id (account_id=? AND id=?)`}},
			"blocked":     {selectBlocked, []string{`direct_blocked USING PRIMARY KEY (account_id=? AND address=?)`}},
			"all blocked": {selectAllBlocked, []string{`direct_blocked USING PRIMARY KEY (account_id=?)`}},
			"unblock":     {deleteBlocked, []string{`direct_blocked USING PRIMARY KEY (account_id=?)`}},
			"add":         {addTraffic, []string{byLine}},
			"of an hour":  {countHour, []string{`direct_traffic USING COVERING INDEX direct_traffic_hour (hour=? AND account_id=?)`}},
			"lines":       {countLog, []string{`direct_traffic USING PRIMARY KEY (account_id=? AND hour>? AND hour<?)`}},
			"log":         {selectLog, []string{`direct_traffic USING PRIMARY KEY (account_id=? AND hour>? AND hour<?)`}},
			"hours":       {selectHours, []string{`SEARCH t USING PRIMARY KEY (account_id=? AND hour>? AND hour<?)`}},
			"delete old":  {deleteOld, []string{`direct_traffic USING COVERING INDEX direct_traffic_hour (hour<?)`, `SEARCH direct_traffic USING PRIMARY KEY (account_id=? AND hour=? AND drive_id=?)`}},
			// What deleting an entry asks.
			"of an entry": {`DELETE FROM direct_folder WHERE account_id = $1 AND drive_id = $2`, []string{byID}},
		} {
			dbtest.Planned(t, d, name, c.query, c.steps...)
		}
	})
}
