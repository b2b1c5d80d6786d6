package db_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

// script runs statements where the tests' own connections stand aside.
func script(t *testing.T, place db.Options, statements ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, place.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, e := c.Exec(ctx, s); err == nil {
			err = e
		}
	}
	if err := errors.Join(err, c.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}

// Two servers on one host have two names.
func TestNameOf(t *testing.T) {
	for set, want := range map[string]string{
		"postgres://u:s3cret@db.example.org/tuchuang":           "db.example.org:5432/tuchuang",
		"postgres://db.example.org:5433/tuchuang":               "db.example.org:5433/tuchuang",
		"POSTGRES://[::1]:5433/tuchuang":                        "[::1]:5433/tuchuang",
		"postgresql:///tuchuang?host=/run/postgresql&port=5433": "/run/postgresql/tuchuang",
		"postgres://db.example.org/tuchuang?password=s3cret":    "db.example.org:5432/tuchuang",
	} {
		if got, err := db.NameOf(set); err != nil || got != want {
			t.Errorf("%s is called %q (%v), want %q", set, got, err, want)
		}
	}
}

// Who opens a server that is not there is told where it was looked for and why it was
// not found, in one line and without the password. It is the setting that is wrong.
func TestOpenWithoutAServer(t *testing.T) {
	place, _ := dbtest.OverLine(t, dbtest.Place(t, db.PostgreSQL))
	u, err := url.Parse(place.URL)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(u *url.URL)) string {
		c := *u
		c.User = url.UserPassword("tuchuang", "s3cret")
		change(&c)
		return c.String()
	}
	for name, tt := range map[string]struct {
		url   string
		at    string
		cause string
	}{
		"a port where nobody listens": {with(func(u *url.URL) { u.Host = "127.0.0.1:1" }), "127.0.0.1:1", "connection refused"},
		"a host that is none":         {with(func(u *url.URL) { u.Host = "nowhere.invalid" }), "nowhere.invalid:5432", "nowhere.invalid"},
		"TLS that there is not":       {with(func(u *url.URL) { u.RawQuery = "sslmode=require" }), u.Host, "refused TLS"},
		"a socket that is none":       {with(func(u *url.URL) { u.Host, u.RawQuery = "", "host=/nowhere" }), "/nowhere", "no such file"},
	} {
		_, err := db.Open(t.Context(), db.Options{URL: tt.url})
		args := fault.ArgsOf(err)
		if !fault.Is(err, fault.BadConfig) || len(args) != 3 || args[0] != fault.DataAway || args[1] != tt.at {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if cause, ok := args[2].(error); !ok || !strings.Contains(cause.Error(), tt.cause) || strings.Contains(cause.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that is gone while it is used is no mistake of anybody's: busy, with the same
// words.
func TestServerGoesAway(t *testing.T) {
	place, line := dbtest.OverLine(t, dbtest.Place(t, db.PostgreSQL))
	d := dbtest.Again(t, place, nil)
	line.Cut()
	err := d.Ping(t.Context())
	if args := fault.ArgsOf(err); !fault.Is(err, fault.Unavailable) || len(args) != 3 || args[0] != fault.DataAway {
		t.Errorf("%v", err)
	}
}

// A role that may not do what is needed is told so in the server's words.
func TestOpenWithoutRights(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	role := "r" + strings.ToLower(t.Name())
	script(t, place, `CREATE ROLE `+role+` LOGIN`)
	defer script(t, place, `DROP ROLE `+role)
	u, err := url.Parse(place.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	_, err = db.Open(t.Context(), db.Options{URL: u.String(), Upgrade: true})
	if args := fault.ArgsOf(err); !fault.Is(err, fault.BadData) || len(args) != 2 || args[0] != fault.DataForbidden || args[1] != "permission denied for table goose_db_version" {
		t.Errorf("%v", err)
	}
}
