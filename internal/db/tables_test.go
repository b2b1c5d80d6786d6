package db_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// Both engines tell the same of their tables, and each table comes after what it
// refers to.
func TestTables(t *testing.T) {
	of := map[db.Engine][]db.Table{}
	for _, e := range []db.Engine{db.SQLite, db.PostgreSQL} {
		d := dbtest.Open(t, e, nil)
		err := d.Read(t.Context(), "test", func(tx *db.Tx) (err error) {
			of[e], err = tx.Tables(t.Context())
			return err
		})
		if err != nil {
			t.Fatal(e, err)
		}
	}
	// Where a table's rows lie is an engine's own matter.
	if diff := cmp.Diff(of[db.SQLite], of[db.PostgreSQL], cmpopts.IgnoreFields(db.Table{}, "Key")); diff != "" {
		t.Errorf("sqlite has -, postgres +:\n%s", diff)
	}
	at := func(name string) int {
		return slices.IndexFunc(of[db.SQLite], func(t db.Table) bool { return t.Name == name })
	}
	for _, pair := range [][2]string{{"account", "blob"}, {"blob", "drive_entry"}, {"image", "publication"}, {"copy_task", "copy_item"}} {
		if a, b := at(pair[0]), at(pair[1]); a < 0 || b < 0 || a > b {
			t.Errorf("%s is no %d and %s no %d", pair[0], a, pair[1], b)
		}
	}
	got := of[db.SQLite][at("drive_entry")]
	if !slices.Equal(got.Named, []string{"account_id", "id"}) || !slices.Equal(got.Above, []string{"account_id", "parent_id"}) {
		t.Errorf("drive_entry is named by %v, above it is %v", got.Named, got.Above)
	}
	up := of[db.SQLite][at("upload")]
	if i := slices.Index(up.Columns, "hash_state"); i < 0 || !up.Bytes[i] || up.Bytes[0] {
		t.Errorf("upload.hash_state is not known to hold bytes: %v", up)
	}
}
