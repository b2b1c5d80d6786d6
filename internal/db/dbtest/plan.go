package dbtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/db"
)

// Plan answers how the engine would run a statement, whatever its arguments are, a
// step a line, as the engine words it.
func Plan(t testing.TB, d *db.DB, query string) (steps []string) {
	t.Helper()
	n := strings.Count(query, "$") // at least as many as the statement has
	for n > 0 && !strings.Contains(query, fmt.Sprintf("$%d", n)) {
		n--
	}
	explain := explainSQLite
	if d.Engine() == db.PostgreSQL {
		explain = explainPostgres
	}
	err := d.WorkerRead(t.Context(), "dbtest: plan", func(tx *db.Tx) (err error) {
		steps, err = explain(t, tx, query, n)
		return err
	})
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	return steps
}

func explainSQLite(t testing.TB, tx *db.Tx, query string, n int) ([]string, error) {
	return db.Collect(t.Context(), tx, func(row db.Row) (step string, err error) {
		var id, parent, unused int
		return step, row.Scan(&id, &parent, &unused, &step)
	}, "EXPLAIN QUERY PLAN "+query, make([]any, n)...)
}

// explainPostgres asks what is done where the tables are too large to be read whole:
// here they are all but empty.
func explainPostgres(t testing.TB, tx *db.Tx, query string, n int) (steps []string, err error) {
	args := ""
	if n > 0 {
		args = "(" + strings.Repeat(", NULL", n)[2:] + ")"
	}
	for _, set := range []string{
		"SET LOCAL enable_seqscan = off", "SET LOCAL enable_bitmapscan = off", "SET LOCAL enable_sort = off", "SET LOCAL plan_cache_mode = force_generic_plan",
		"PREPARE planned AS " + query,
	} {
		if _, err := tx.Exec(t.Context(), set); err != nil {
			return nil, err
		}
	}
	if steps, err = db.Collect(t.Context(), tx, func(row db.Row) (step string, err error) { return step, row.Scan(&step) },
		"EXPLAIN (COSTS OFF) EXECUTE planned"+args); err != nil {
		return nil, err
	}
	_, err = tx.Exec(t.Context(), "DEALLOCATE planned")
	return steps, err
}

// Planned holds a statement against the plan it is meant for. With SQLite each of the
// steps is part of it (a part of the engine's words is enough), and no other one reads
// all of a table or all of an account. With PostgreSQL, which words it otherwise and
// decides by the figures of the day, no table needs to be read whole. What the
// statement makes itself may be, as a list of values.
func Planned(t testing.TB, d *db.DB, name, query string, steps ...string) {
	t.Helper()
	plan := Plan(t, d, query)
	if d.Engine() == db.PostgreSQL {
		for _, step := range plan {
			if seqScan.MatchString(step) && !strings.Contains(step, " on blob_hold") { // a row or two, whatever there is
				t.Errorf("%s can't be had without %s:\n\t%s", name, strings.TrimSpace(step), strings.Join(plan, "\n\t"))
			}
		}
		return
	}
	wanted := make(map[string]bool)
	for _, want := range steps {
		for _, step := range plan {
			if strings.Contains(step, want) {
				wanted[step], wanted[want] = true, true
			}
		}
		if !wanted[want] {
			t.Errorf("%s: nowhere is %q:\n\t%s", name, want, strings.Join(plan, "\n\t"))
		}
	}
	for _, step := range plan {
		what, scans := strings.CutPrefix(step, "SCAN ")
		scans = scans && !slices.Contains(made, strings.Fields(what)[0]) && !strings.HasPrefix(what, "(subquery-")
		if (scans || strings.Contains(step, "AUTOMATIC") || strings.HasSuffix(step, "(account_id=?)")) && !wanted[step] {
			t.Errorf("%s reads too much: %s", name, step)
		}
	}
}

// Sorted says how often a statement sorts rows, other than those which an index had all
// but in order.
func Sorted(t testing.TB, d *db.DB, query string) (n int) {
	t.Helper()
	for _, step := range Plan(t, d, query) {
		step = strings.TrimLeft(step, " ->")
		if strings.Contains(step, "TEMP B-TREE") || step == "Sort" {
			n++
		}
	}
	return n
}

var seqScan = regexp.MustCompile(`Seq Scan on `)

// made are what our statements call what they make themselves, and what the engine
// calls their lists of values; what it makes of a query inside another has a number.
var made = []string{"v", "up", "sub", "s", "next", "late", "by_file", "by_place", "CONSTANT", "64"}
