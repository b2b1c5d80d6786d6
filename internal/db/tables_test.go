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

// Tables that others keep in the same database are passed over, whatever they are like,
// and go on to be written where ours are not.
func TestTablesOfOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tables := func() (all []db.Table) {
			t.Helper()
			if err := d.Read(t.Context(), "test", func(tx *db.Tx) (err error) {
				all, err = tx.Tables(t.Context())
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return all
		}
		exec := func(statements ...string) {
			t.Helper()
			if err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
				for _, s := range statements {
					if _, err := tx.Exec(t.Context(), s); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		before := tables()
		exec(
			`CREATE TABLE keyless (n BIGINT)`,
			`CREATE TABLE one (id BIGINT PRIMARY KEY, other BIGINT, above BIGINT REFERENCES one (id), account BIGINT REFERENCES account (id))`,
			`CREATE TABLE two (id BIGINT PRIMARY KEY, other BIGINT REFERENCES one (id))`,
		)
		if d.Engine() == db.PostgreSQL {
			exec(`ALTER TABLE one ADD FOREIGN KEY (other) REFERENCES two (id)`,
				`CREATE TABLE parts (id BIGINT PRIMARY KEY, above BIGINT REFERENCES parts (id)) PARTITION BY RANGE (id)`)
		}
		if diff := cmp.Diff(before, tables()); diff != "" {
			t.Errorf("with others beside them (-want +got):\n%s", diff)
		}
		if err := d.RefuseWrites(t.Context(), "id", "there"); err != nil {
			t.Fatal(err)
		}
		exec(`INSERT INTO keyless (n) VALUES (1)`)
	})
}
