package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// A process that is stopped while it has a task, inside a transaction or between two,
// holds nobody up: another one brings the task to its end, and what was stopped changes
// nothing when it is let go.
func TestFrozenProcessIsOvertaken(t *testing.T) {
	for _, point := range []string{"queue.claimed", "copytask.plan.half", "copytask.batch.fenced", "copytask.batch.outcomes", "copytask.batch.committed"} {
		t.Run(point, func(t *testing.T) {
			frozen := harness.NewOn(t, db.PostgreSQL)
			frozen.Env = []string{"TUCHUANG_STOP=" + point + ":1"}
			frozen.Start()
			u := frozen.User("writer")
			album := twoFolders(t, u)
			ctx, cancel := context.WithCancel(t.Context())
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				_, _ = u.Copy(ctx, []int64{album}, "") // may never be answered
			}()
			until(t, "it stands still", func() bool { return stopped(t, frozen.PID()) })
			cancel()
			<-asked

			d := dbtest.Again(t, frozen.Base, nil)
			task := rowsOf(t, d, "id", "task")
			if len(task) != 1 {
				t.Fatalf("tasks: %q", task)
			}
			other := harness.NewOn(t, db.SQLite)
			other.Base = frozen.Base
			shareStore(t, frozen.Data, other.Data)
			other.Start()
			u.Server = other
			u.SignIn()
			if s := u.Await(task[0]); s.Copied != 400 {
				t.Errorf("%+v", s)
			}
			before := everything(t, d)
			if err := syscall.Kill(frozen.PID(), syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			until(t, "it is told", func() bool { return strings.Contains(frozen.Log(), "lease lost") })
			if after := everything(t, d); !slices.Equal(before, after) {
				t.Errorf("let go it changed\n%q\nto\n%q", before, after)
			}
			found, err := audit.Snapshot(t.Context(), audit.Subject{DB: d})
			if err != nil || len(found) > 0 {
				t.Errorf("%q %v", found, err)
			}
		})
	}
}

// shareStore has a server on a folder of its own keep contents where another one does.
func shareStore(t *testing.T, of, with string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(with, 0o700), os.Symlink(filepath.Join(of, "blobs"), filepath.Join(with, "blobs"))); err != nil {
		t.Fatal(err)
	}
}

// until asks again and again; the test's own limit is the watchdog.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("never: %s", what)
		}
	}
}

func stopped(t *testing.T, pid int) bool {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(b), ") T ")
}

// everything is every row that a task may change.
func everything(t *testing.T, d *db.DB) (rows []string) {
	t.Helper()
	for _, table := range []string{
		"account", "task", "queue_turn", "copy_task", "copy_folder", "copy_dir", "copy_item", "publication", "bed_folder", "image",
	} {
		rows = append(rows, rowsOf(t, d, "*", table)...)
	}
	slices.Sort(rows)
	return rows
}

func rowsOf(t *testing.T, d *db.DB, columns, table string) (rows []string) {
	t.Helper()
	err := d.Read(t.Context(), "test", func(tx *db.Tx) (err error) {
		rows, err = db.Collect(t.Context(), tx, func(row db.Row) (string, error) {
			values, at := make([]any, len(row.Columns())), make([]any, len(row.Columns()))
			for i := range values {
				at[i] = &values[i]
			}
			err := row.Scan(at...)
			return strings.Trim(fmt.Sprint(values), "[]"), err
		}, "SELECT "+columns+" FROM "+table)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
