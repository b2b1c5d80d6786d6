package share

import (
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// A statement reads what it is asked for, however much the account and the table hold
// beside it.
func TestStatementsUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const byID = `share USING PRIMARY KEY (account_id=? AND id=?)`
		for name, c := range map[string]struct{ query, step string }{
			"last":         {selectLast, `share USING PRIMARY KEY (account_id=?)`},
			"count":        {countShares, `share USING COVERING INDEX share_key (account_id=?)`},
			"page":         {selectPage, `share USING PRIMARY KEY (account_id=? AND id<?)`},
			"some":         {selectSome[64], byID},
			"by key":       {selectByKey, `share USING INDEX share_key (account_id=? AND key=?)`},
			"late":         {selectLate, `share USING COVERING INDEX share_expiry (expires_at>? AND expires_at<?)`},
			"switches":     {setSwitches, byID},
			"visits":       {countVisits, byID},
			"delete":       {deleteShare, byID},
			"files":        {selectFiles, `share_file USING PRIMARY KEY (account_id=? AND share_id=?)`},
			"delete files": {deleteFiles, `share_file USING PRIMARY KEY (account_id=? AND share_id=?)`},
			// What deleting an entry asks.
			"of an entry": {`DELETE FROM share_file WHERE account_id = $1 AND drive_id = $2`, `share_file USING COVERING INDEX share_of (account_id=? AND drive_id=?)`},
		} {
			dbtest.Planned(t, d, name, c.query, c.step)
		}
	})
}
