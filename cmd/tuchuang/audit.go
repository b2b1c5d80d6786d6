package main

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
)

type auditCmd struct {
	local
	Account string `name:"account" placeholder:"NAME" help:"help_audit_account"`
	Since   string `name:"since" placeholder:"WHEN" default:"30d" help:"help_audit_since"`
}

// auditOut is an entry for scripts, one a line.
type auditOut struct {
	At      string          `json:"at"` // RFC 3339, UTC
	UID     account.ID      `json:"uid"`
	Account string          `json:"account"`
	Action  auditlog.Action `json:"action"`
	What    string          `json:"what"`
	Client  string          `json:"client"`
	Address string          `json:"address"`
	Trace   string          `json:"trace"`
}

// Run prints who did what, the oldest first.
func (c *auditCmd) Run(ctx context.Context, u *ui) error {
	since, ok := parseSince(c.Since, time.Now())
	if !ok {
		return usageError{text: u.text(badSince, c.Since)}
	}
	return c.withDB(ctx, u, false, func(d *db.DB) error {
		accounts, err := account.Open(ctx, d)
		if err != nil {
			return err
		}
		list, err := accounts.List(ctx)
		if err != nil {
			return err
		}
		names := make(map[int64]string, len(list))
		var only int64
		for _, a := range list {
			names[int64(a.ID)] = a.Name
			if c.Account != "" && (a.Name == c.Account || strconv.FormatInt(int64(a.ID), 10) == c.Account) {
				only = int64(a.ID)
			}
		}
		if c.Account != "" && only == 0 {
			return failure{text: u.text(accountGone, printable(c.Account))}
		}
		return auditlog.Read(ctx, d, only, since, func(e auditlog.Entry) error { return u.entry(e, names[e.Account]) })
	})
}

func (u *ui) entry(e auditlog.Entry, name string) error {
	if u.json {
		return u.fact(auditOut{
			e.At.UTC().Format(time.RFC3339Nano), account.ID(e.Account), name, e.Action, e.What, e.Client, e.Address, e.Trace,
		})
	}
	who := e.Address
	if e.Client != "" {
		who += " " + e.Client
	}
	u.say(strings.TrimRight(strings.Join([]string{
		e.At.Local().Format("2006-01-02 15:04:05"), printable(name), string(e.Action), printable(e.What), printable(who), e.Trace,
	}, "\t"), "\t"))
	return nil
}

var sinceForm = regexp.MustCompile(`^([0-9]{1,5})([mhd])$`)

// parseSince reads 90m, 24h, 30d, a day as 2026-01-31, or a moment as RFC 3339 has it.
func parseSince(s string, now time.Time) (since time.Time, ok bool) {
	if m := sinceForm.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
		return now.Add(-time.Duration(n) * unit), err == nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.ParseInLocation(form, s, now.Location()); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
