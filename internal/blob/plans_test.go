package blob

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
			"doomed":          {selectDoomed, []string{`doomed USING PRIMARY KEY ((account_id,blob_id)>(?,?))`, `SCAN blob_hold`}},
			"released":        {selectReleased, []string{`unreferenced USING COVERING INDEX unreferenced_since (since<?)`}},
			"still released":  {stillReleased[64], []string{`unreferenced USING PRIMARY KEY (account_id=? AND blob_id=?)`}},
			"forget released": {forgetReleased[64], []string{`unreferenced USING PRIMARY KEY (account_id=? AND blob_id=?)`}},
			"delete rows":     {deleteRows[64], []string{`blob USING PRIMARY KEY (account_id=? AND id=?)`}},
			"named":           {selectNamed, []string{`blob USING PRIMARY KEY ((account_id,id)>(?,?))`}},
			"newest":          {selectNewest, []string{`SCAN blob`}}, // from its end, and no further than it must
			"live again":      {liveAgain, []string{`blob USING PRIMARY KEY (account_id=? AND id=?)`, `o USING INDEX blob_sha256 (account_id=? AND sha256=?)`}},
			"delete doomed":   {deleteDoomeds[64], []string{`doomed USING PRIMARY KEY (account_id=? AND blob_id=?)`}},
		} {
			dbtest.Planned(t, d, name, c.query, c.steps...)
		}
	})
}
