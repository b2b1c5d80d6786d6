package auditlog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

func TestLog(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) { testLog(t, e) })
	}
}

func testLog(t *testing.T, e db.Engine) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := start
	d := dbtest.Open(t, e, func() time.Time { return now })
	ctx := t.Context()
	write := func(fn func(tx *db.Tx) error) error { return d.Write(ctx, "test", fn) }
	if err := write(func(tx *db.Tx) error {
		for id := range 2 {
			if _, err := tx.Exec(ctx, `INSERT INTO account (id, name, operator, state, quota, password_hash, created_at) VALUES ($1, $2, 0, 1, -1, '', 0)`, id+1, fmt.Sprint(id+1)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	note := func(ctx context.Context, account int64, what string) error {
		return write(func(tx *db.Tx) error { return auditlog.Note(ctx, tx, account, auditlog.DriveDelete, what) })
	}
	read := func(account int64, since time.Time) (all []string) {
		t.Helper()
		if err := auditlog.Read(ctx, d, account, since, func(e auditlog.Entry) error {
			all = append(all, fmt.Sprintf("%d %s %s", e.Account, e.At.Sub(start), e.What))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}

	by := auditlog.With(ctx, auditlog.Actor{Address: "192.0.2.1", Trace: "t-1"})
	if err := note(auditlog.ByClient(by, "client"), 2, "first"); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	if err := write(func(tx *db.Tx) error {
		return errors.Join(auditlog.Note(by, tx, 1, auditlog.UserReset, "never"), boom)
	}); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	now = start.Add(time.Hour)
	if err := note(ctx, 1, "second"); err != nil {
		t.Fatal(err)
	}
	var whole []auditlog.Entry
	if err := auditlog.Read(ctx, d, 2, start, func(e auditlog.Entry) error { whole = append(whole, e); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(whole) != 1 || whole[0].Actor != (auditlog.Actor{Client: "client", Address: "192.0.2.1", Trace: "t-1"}) ||
		whole[0].Action != auditlog.DriveDelete || !whole[0].At.Equal(start) {
		t.Errorf("%+v", whole)
	}
	if diff := cmp.Diff([]string{"2 0s first", "1 1h0m0s second"}, read(0, start)); diff != "" {
		t.Error(diff)
	}
	if got := read(0, start.Add(time.Microsecond)); len(got) != 1 {
		t.Errorf("since a moment later: %v", got)
	}

	// More than a page, many of them in one microsecond: each is read once.
	if err := write(func(tx *db.Tx) error {
		for i := range 1234 {
			if err := auditlog.Note(ctx, tx, int64(1+i%2), auditlog.BedDelete, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for account, want := range map[int64]int{0: 1236, 1: 618, 2: 618} {
		seen := map[string]bool{}
		for _, line := range read(account, time.Unix(0, 0)) {
			seen[line] = true
		}
		if len(seen) != want {
			t.Errorf("account %d: %d entries, want %d", account, len(seen), want)
		}
	}

	// What is too old goes, in steps; the rest stays.
	now = start.Add(10 * 24 * time.Hour)
	if err := note(ctx, 1, "last"); err != nil {
		t.Fatal(err)
	}
	steps := 0
	for more := true; more; steps++ {
		var err error
		if more, err = auditlog.Sweep(ctx, d, 9*24*time.Hour, 500); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(0, time.Unix(0, 0)); steps != 3 || len(got) != 1 || !strings.HasSuffix(got[0], "last") {
		t.Errorf("after %d steps: %v", steps, got)
	}
}

func TestThings(t *testing.T) {
	var things auditlog.Things
	if things.String() != "" {
		t.Error(things.String())
	}
	things.Add("12", "a \"b\".png")
	things.Add("13", "图")
	if got := things.String(); got != `12 "a \"b\".png", 13 "图"` {
		t.Error(got)
	}
	for i := range 100 {
		things.Add(fmt.Sprint(i), "x")
	}
	if got := things.String(); !strings.HasSuffix(got, `17 "x" and 82 more`) {
		t.Error(got)
	}
}
