package db_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// Where SQLite keeps the rows of a folder together by the primary key, an index
// finds them by id; where PostgreSQL finds them by the primary key, an index lists
// the folder.
var indexesOf = map[db.Engine][]string{
	db.SQLite:     {"drive_id", "image_id"},
	db.PostgreSQL: {"drive_list", "image_list", "drive_words_words"},
}

// The engines have the same tables, columns and indexes, but for these and the index of words.
func TestSchemasAreOne(t *testing.T) {
	schema := map[db.Engine][]string{}
	for _, e := range []db.Engine{db.SQLite, db.PostgreSQL} {
		columns, indexes := `
			SELECT m.name || '.' || c.name || CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN '' ELSE ' NULL' END
			FROM sqlite_schema m JOIN pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE '%words%'`, `
			SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL`
		if e == db.PostgreSQL {
			columns, indexes = `
				SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE ' NULL' END
				FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' AND table_name NOT LIKE '%words%'`, `
				SELECT i.indexname FROM pg_indexes i WHERE i.schemaname = 'public'
				AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`
		}
		d := dbtest.Open(t, e, nil)
		err := d.Read(t.Context(), "test", func(tx *db.Tx) error {
			for _, query := range []string{columns, indexes} {
				list, err := db.Collect(t.Context(), tx, func(row db.Row) (s string, err error) { return s, row.Scan(&s) }, query)
				if err != nil {
					return err
				}
				schema[e] = append(schema[e], list...)
			}
			return nil
		})
		if err != nil {
			t.Fatal(e, err)
		}
		for _, own := range indexesOf[e] {
			at := slices.Index(schema[e], own)
			if at < 0 {
				t.Fatalf("%s has no index %s", e, own)
			}
			schema[e] = slices.Delete(schema[e], at, at+1)
		}
		slices.Sort(schema[e])
	}
	if n := len(schema[db.SQLite]); n < 100 || !strings.Contains(strings.Join(schema[db.SQLite], " "), "drive_entry.blob_id NULL") {
		t.Errorf("%d columns and indexes", n)
	}
	if diff := cmp.Diff(schema[db.SQLite], schema[db.PostgreSQL]); diff != "" {
		t.Errorf("sqlite has -, postgres +:\n%s", diff)
	}
}

// A step of the schema may take as long as it wants, and waits for whoever is at a table.
func TestSchemaHasItsTime(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	script(t, place,
		`DROP SCHEMA public CASCADE`, `CREATE SCHEMA public`, `CREATE SCHEMA seen`, `CREATE TABLE seen.limits (name TEXT, value TEXT)`,
		`CREATE FUNCTION seen.look() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO seen.limits SELECT name, setting FROM pg_settings
				WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'); END $$`,
		`CREATE EVENT TRIGGER look ON ddl_command_end EXECUTE FUNCTION seen.look()`)
	d := dbtest.Again(t, place, nil)
	var steps, limited int
	if _, err := d.Get(t.Context(), "test", `SELECT count(*), count(*) FILTER (WHERE value <> '0') FROM seen.limits`, nil, &steps, &limited); err != nil {
		t.Fatal(err)
	}
	if steps == 0 || limited != 0 {
		t.Errorf("%d of %d are limits", limited, steps)
	}
	script(t, place, `DROP EVENT TRIGGER look`)
}
