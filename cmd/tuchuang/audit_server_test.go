package main

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/auditlog"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Who signed in, what was done to accounts and what was deleted can be read
// afterwards, without a secret among it.
func TestServerAudit(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	c := r.account(p, data, "writer")
	r.publish(c, 10)
	ctx := t.Context()
	var folder int64
	for f, err := range c.ListAll(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		folder = f.FileID
	}
	var bed string
	for f, err := range c.BedListAll(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		bed = f.FileID
	}
	if err := c.Delete(ctx, []int64{folder}); err == nil {
		t.Error("what is not in the trash was deleted")
	}
	if err := c.Trash(ctx, []int64{folder}); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, []int64{folder}); err != nil {
		t.Fatal(err)
	}
	if err := c.BedDelete(ctx, []string{bed, "unknown"}); err != nil {
		t.Fatal(err)
	}
	token := c.LastToken().AccessToken
	reset := p.run("user", "reset", "writer", "--data", data)
	for _, args := range [][]string{{"user", "disable", "writer"}, {"user", "enable", "writer"}} {
		if r := p.run(append(args, "--data", data)...); r.code != exitDone {
			t.Fatalf("%+v", r)
		}
	}
	shown := p.run("audit", "--data", data, "--account", "writer", "--json")
	var got []auditOut
	for line := range strings.Lines(shown.out) {
		var e auditOut
		decode(t, line, &e)
		got = append(got, e)
	}
	want := []auditOut{
		{Action: "user_add", What: "writer", Address: "local"},
		{Action: "sign_in", Address: "127.0.0.1"},
		{Action: "drive_delete", What: fmt.Sprintf("%d %q", folder, "pictures"), Address: "127.0.0.1"},
		{Action: "bed_delete", What: bed + ` "pictures"`, Address: "127.0.0.1"},
		{Action: "user_reset", What: "writer", Address: "local"},
		{Action: "user_state", What: "writer disabled", Address: "local"},
		{Action: "user_state", What: "writer enabled", Address: "local"},
	}
	for i, e := range got {
		local := e.Address == auditlog.Local
		if _, err := time.Parse(time.RFC3339Nano, e.At); err != nil || e.Account != "writer" || local != (e.Client == "") || local != (e.Trace == "") {
			t.Errorf("%+v, %v", e, err)
		}
		if e.Action == auditlog.SignIn && e.What != "" {
			e.What = "" // the token's number
		}
		got[i] = auditOut{Action: e.Action, What: e.What, Address: e.Address}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s%s", shown.errOut, diff)
	}
	text := p.run("audit", "--data", data, "--since", "1h")
	if text.code != exitDone || strings.Count(text.out, "\n") != len(got)+1 || !strings.Contains(text.out, "admin\tuser_add") {
		t.Errorf("%+v", text)
	}
	var fresh struct{ ClientSecret, Password string }
	decode(t, reset.out, &fresh)
	for _, secret := range []string{token, fresh.ClientSecret, fresh.Password} {
		if secret == "" || strings.Contains(text.out+shown.out, secret) {
			t.Errorf("a secret (%q) is in the log", secret)
		}
	}
	if r := p.run("audit", "--data", data, "--account", "nobody"); r.code != exitFailed || !strings.Contains(r.errOut, "nobody") {
		t.Errorf("%+v", r)
	}
	if r := p.run("audit", "--data", data, "--since", "yesterday"); r.code != exitUsage {
		t.Errorf("%+v", r)
	}
	r.stop()
}

// A server that is told to keeps tasks for some days, and else for ever.
func TestServerRemovesOldTasks(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	data := filepath.Join(p.home, "data")
	r := p.start("--data", data)
	s := p.addAccount(data, "writer")
	old, links := r.publish(r.client(p, s), 10)
	link := strings.TrimPrefix(links[0], r.url)
	r.stop()
	d, err := db.Open(t.Context(), db.Options{Path: filepath.Join(data, "tuchuang.db")})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE task SET created_at = 1, started_at = 1, finished_at = 2`)
		return err
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	p.env = []string{"TUCHUANG_TASK_DAYS=1"}
	r = p.start("--data", data)
	c := r.client(p, s)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		_, err := c.CopyProcess(t.Context(), old)
		if client.Is(err, fault.TaskNotFound) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		<-poll.C
	}
	if got := statusOf(t, r.url+link); got != http.StatusOK {
		t.Errorf("what it published: %d", got)
	}
	r.stop()
}
