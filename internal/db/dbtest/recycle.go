package dbtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// A database that a test is done with serves the next one: to make one and to drop it costs
// more than most tests do. It is emptied as far as it was filled. One whose schema is no
// longer the template's, or that somebody is still at, is dropped.

// free are the databases that wait for a test.
var free struct {
	sync.Mutex
	names []string
}

func takeFree() (name string) {
	free.Lock()
	defer free.Unlock()
	if n := len(free.names); n > 0 {
		name, free.names = free.names[n-1], free.names[:n-1]
	}
	return name
}

// fresh is what the template holds.
var fresh struct {
	schema string
	rows   map[string]string // of each table that has some, as JSON
}

const (
	// Whatever changes a schema writes rows of these: a copy of a database has the template's.
	schemaNow = `
		SELECT string_agg(concat_ws(' ', what, n, newest, sum), ', ' ORDER BY what) FROM (
			SELECT 'class' AS what, count(*) AS n, max(xmin::text::bigint) AS newest, sum(xmin::text::bigint) AS sum FROM pg_class WHERE relnamespace = 'public'::regnamespace
			UNION ALL SELECT 'attribute', count(*), max(xmin::text::bigint), sum(xmin::text::bigint) FROM pg_attribute
			UNION ALL SELECT 'constraint', count(*), max(xmin::text::bigint), sum(xmin::text::bigint) FROM pg_constraint
			UNION ALL SELECT 'trigger', count(*), max(xmin::text::bigint), sum(xmin::text::bigint) FROM pg_trigger
			UNION ALL SELECT 'function', count(*), max(xmin::text::bigint), sum(xmin::text::bigint) FROM pg_proc
			UNION ALL SELECT 'namespace', count(*), max(xmin::text::bigint), sum(xmin::text::bigint) FROM pg_namespace
			UNION ALL SELECT 'setting ' || setconfig::text, setdatabase::bigint, 0, 0 FROM pg_db_role_setting
		) AS all_of_it`
	tableNames = `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname`
	// Who has hung up may take a moment to be gone.
	untilAlone = `
		DO $$ BEGIN
			FOR try IN 1..400 LOOP
				IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend') THEN RETURN; END IF;
				PERFORM pg_sleep(0.005), pg_stat_clear_snapshot();
			END LOOP;
			RAISE 'somebody is still at it';
		END $$`
)

// rememberFresh notes what the template holds.
func rememberFresh(ctx context.Context) error {
	return in(ctx, template, func(c *pgx.Conn) error {
		tables, err := names(ctx, c, tableNames)
		if err != nil {
			return err
		}
		fresh.rows = make(map[string]string)
		for _, table := range tables {
			var rows *string
			if err := c.QueryRow(ctx, `SELECT json_agg(t)::text FROM `+pgx.Identifier{table}.Sanitize()+` t`).Scan(&rows); err != nil {
				return err
			}
			if rows != nil {
				fresh.rows[table] = *rows
			}
		}
		return c.QueryRow(ctx, schemaNow).Scan(&fresh.schema)
	})
}

// refresh has a database hold what the template does, and nothing else.
func refresh(ctx context.Context, name string) error {
	return in(ctx, name, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, untilAlone); err != nil {
			return err
		}
		var schema string
		if err := c.QueryRow(ctx, schemaNow).Scan(&schema); err != nil {
			return err
		}
		if schema != fresh.schema {
			return errors.New("its schema is another one")
		}
		tables, err := names(ctx, c, tableNames)
		if err != nil {
			return err
		}
		filled, err := names(ctx, c, someRows(tables))
		if err == nil && len(filled) == 0 {
			err = errors.New("there is nothing at all")
		}
		if err != nil {
			return err
		}
		for n, table := range filled {
			filled[n] = pgx.Identifier{table}.Sanitize()
		}
		work := []string{"SET session_replication_role = replica"} // no keys, no triggers
		for _, table := range filled {
			work = append(work, "DELETE FROM "+table)
		}
		for table, rows := range fresh.rows {
			table = pgx.Identifier{table}.Sanitize()
			work = append(work, fmt.Sprintf("INSERT INTO %s SELECT * FROM json_populate_recordset(NULL::%s, '%s')", table, table, strings.ReplaceAll(rows, "'", "''")))
		}
		_, err = c.Exec(ctx, strings.Join(work, "; "))
		return err
	})
}

// someRows asks which tables have any.
func someRows(tables []string) string {
	each := make([]string, len(tables))
	for n, table := range tables {
		each[n] = fmt.Sprintf("SELECT '%s' WHERE EXISTS (SELECT FROM %s)", table, pgx.Identifier{table}.Sanitize())
	}
	return strings.Join(each, " UNION ALL ")
}

func names(ctx context.Context, c *pgx.Conn, query string) ([]string, error) {
	rows, err := c.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// in does something in a database of the cluster.
func in(ctx context.Context, name string, fn func(c *pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, database(name))
	if err != nil {
		return err
	}
	return errors.Join(fn(c), c.Close(ctx))
}
