package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/config"
	"tuchuang/internal/db"
	"tuchuang/internal/direct"
	"tuchuang/internal/fault"
	"tuchuang/internal/ops"
	"tuchuang/internal/share"
)

type userCmd struct {
	Add     userAddCmd     `cmd:"" help:"help_user_add"`
	Ls      userLsCmd      `cmd:"" help:"help_user_ls"`
	Limit   userLimitCmd   `cmd:"" help:"help_user_limit"`
	Reset   userResetCmd   `cmd:"" help:"help_user_reset"`
	Disable userDisableCmd `cmd:"" help:"help_user_disable"`
	Enable  userEnableCmd  `cmd:"" help:"help_user_enable"`
	App     appCmd         `cmd:"" help:"help_app"`
}

// withDB opens the database beside a server that may be running. Where there is no data
// folder for it, that is made only when that is what the command is for.
func (l local) withDB(ctx context.Context, u *ui, mayMake bool, fn func(*db.DB) error) (err error) {
	conf, err := config.Load(l.flags(), os.Getenv, l.Config)
	if err != nil {
		return err
	}
	if conf.DatabaseURL == "" {
		if err := u.folderOf(conf, mayMake); err != nil {
			return err
		}
	}
	d, err := openDB(ctx, conf, db.Options{Existing: !mayMake}, newLog(u, conf.LogLevel))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return fn(d)
}

// folderOf sees to the folder that the database's file is in.
func (u *ui) folderOf(conf config.Config, mayMake bool) error {
	has, err := hasData(conf.Data)
	if err != nil {
		return err
	}
	if !has && !mayMake {
		return usageError{u.text(noFolder, conf.Data), u.text(noFolderAdvice)}
	}
	if err := refuseForeign(conf.Data); err != nil {
		return err
	}
	isNew := !exists(conf.Data)
	if err := os.MkdirAll(conf.Data, 0o700); err != nil {
		return folderError(err, conf.Data)
	}
	if isNew {
		u.note(u.text(newFolder, conf.Data))
	}
	return nil
}

// byCommand says in a context that a command on the server acts.
func byCommand(ctx context.Context) context.Context {
	return auditlog.With(ctx, auditlog.Actor{Address: auditlog.Local})
}

type userAddCmd struct {
	local
	Name     string  `arg:"" name:"name" help:"help_user_name"`
	Quota    *string `name:"quota" placeholder:"SIZE" help:"help_quota"`
	Operator bool    `name:"operator" help:"help_operator"`
}

// Run makes an account and prints its secrets, and nothing else, on stdout.
func (c *userAddCmd) Run(ctx context.Context, u *ui) error {
	quota := account.NoQuota
	if c.Quota != nil {
		var err error
		if quota, err = parseQuota(*c.Quota); err != nil {
			return usageError{text: u.text(badQuota, *c.Quota)}
		}
	}
	return c.withDB(ctx, u, true, func(d *db.DB) error {
		s, err := ops.AddUser(byCommand(ctx), d, c.Name, quota, c.Operator)
		switch {
		case fault.Is(err, fault.BadRequest):
			return usageError{text: u.text(badUserName, c.Name)}
		case err != nil:
			return err
		}
		return u.handedOver(u.secretsLine(s), c.Name)
	})
}

// handedOver is how printing secrets ended. Nothing can show them again: where it
// failed there is another way.
func (u *ui) handedOver(err error, name string) error {
	if err == nil {
		return nil
	}
	return failure{u.text(secretsLost, printable(name), u.cause(err)), u.text(adviceReset, printable(name))}
}

var quotaForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)([KMGTP]?)(?:I?B)?$`)

// parseQuota reads 500M, 10GiB, 1.5T or a number of bytes; unlimited is no quota.
func parseQuota(s string) (int64, error) {
	if strings.EqualFold(s, "unlimited") {
		return account.NoQuota, nil
	}
	bad := fault.New(fault.BadRequest, "user: quota", "quota")
	m := quotaForm.FindStringSubmatch(strings.ToUpper(s))
	if m == nil {
		return 0, bad
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if m[2] != "" {
		for range strings.Index("KMGTP", m[2]) + 1 {
			n *= 1024
		}
	}
	if err != nil || n > 1<<60 {
		return 0, bad
	}
	return int64(n), nil
}

type userLsCmd struct{ local }

type userOut struct {
	UID      account.ID `json:"uid"`
	Name     string     `json:"name"`
	State    string     `json:"state"`
	Operator bool       `json:"operator"`
	Used     int64      `json:"used"`
	Quota    *int64     `json:"quota"` // null: none
	Entries  int64      `json:"entries"`
	Most     *int64     `json:"maxEntries"` // null: none
}

// Run lists the accounts.
func (c *userLsCmd) Run(ctx context.Context, u *ui) error {
	return c.withDB(ctx, u, false, func(d *db.DB) error {
		accounts, err := account.Open(ctx, d)
		if err != nil {
			return err
		}
		list, err := accounts.List(ctx)
		if err != nil {
			return err
		}
		out := make([]userOut, len(list))
		for i, a := range list {
			out[i] = userOut{a.ID, a.Name, stateWords[a.State], a.Operator, a.Used, nil, a.Entries, nil}
			if a.MaxEntries != account.NoLimit {
				out[i].Most = &a.MaxEntries
			}
			limit := "-"
			if a.Quota != account.NoQuota {
				out[i].Quota = &a.Quota
				limit = humanSize(a.Quota)
			}
			role := ""
			if a.Operator {
				role = "operator"
			}
			u.say(strings.TrimRight(strings.Join([]string{
				printable(a.Name), strconv.FormatInt(int64(a.ID), 10), out[i].State, humanSize(a.Used) + " / " + limit, role,
			}, "\t"), "\t"))
		}
		if u.json {
			return u.document(out)
		}
		return nil
	})
}

type userLimitCmd struct {
	local
	Name    string  `arg:"" name:"name" help:"help_user_name"`
	Quota   *string `name:"quota" placeholder:"SIZE" help:"help_quota"`
	Entries *int64  `name:"entries" placeholder:"N" help:"help_entries"`
}

// Run changes how much an account may keep. What it has stays, even where that is more.
func (c *userLimitCmd) Run(ctx context.Context, u *ui) error {
	var l account.Limits
	switch {
	case c.Quota == nil && c.Entries == nil:
		return usageError{text: u.text(noChange)}
	case c.Entries != nil && *c.Entries < 0:
		return usageError{text: u.text(badEntries, *c.Entries)}
	}
	l.Entries = c.Entries
	if c.Quota != nil {
		quota, err := parseQuota(*c.Quota)
		if err != nil {
			return usageError{text: u.text(badQuota, *c.Quota)}
		}
		l.Quota = &quota
	}
	return c.withAccounts(ctx, u, func(a *account.Accounts) error {
		acc, err := a.SetLimits(byCommand(ctx), c.Name, l)
		if err != nil {
			return err
		}
		quota, most := "-", "-"
		if acc.Quota != account.NoQuota {
			quota = humanSize(acc.Quota)
		}
		if acc.MaxEntries != account.NoLimit {
			most = strconv.FormatInt(acc.MaxEntries, 10)
		}
		u.say(u.text(userLimited, printable(acc.Name), quota, most))
		return nil
	})
}

var stateWords = map[account.State]string{
	account.Enabled: "enabled", account.Disabled: "disabled", account.Unpublished: "unpublished",
}

type userResetCmd struct {
	local
	Name      string `arg:"" name:"name" help:"help_user_name"`
	EndShares bool   `name:"end-shares" help:"help_end_shares"`
}

// Run gives an account new secrets; the old ones and all tokens end. Shares and direct
// links go on, since others were given them, unless they are to end too; whoever had the
// secrets may have made some, so those that go on are told.
func (c *userResetCmd) Run(ctx context.Context, u *ui) error {
	return c.withDB(ctx, u, false, func(d *db.DB) error {
		a, err := account.Open(ctx, d)
		if err != nil {
			return err
		}
		s, err := a.Reset(byCommand(ctx), c.Name)
		if err != nil {
			return err
		}
		printed := u.handedOver(u.secretsLine(s), c.Name)
		err = errors.Join(c.shares(byCommand(ctx), u, share.New(d), s.ID), c.direct(byCommand(ctx), u, direct.New(d), s.ID))
		if printed == nil {
			return err
		}
		return printed
	})
}

// mostTold is how many shares, and how many folders, are told of a line each.
const mostTold = 20

func (c *userResetCmd) shares(ctx context.Context, u *ui, shares *share.Shares, acc account.ID) error {
	if c.EndShares {
		n, err := shares.EndLive(ctx, acc)
		if n > 0 {
			u.note(u.text(sharesEnded, n))
		}
		return err
	}
	live, err := shares.Live(ctx, acc)
	if err != nil || len(live) == 0 {
		return err
	}
	u.note(u.text(sharesGoOn, len(live)))
	for _, s := range live[:min(len(live), mostTold)] {
		u.note(u.text(shareGoesOn, s.ID, s.CreatedAt.Local().Format(time.DateTime), printable(s.Name)))
	}
	return nil
}

func (c *userResetCmd) direct(ctx context.Context, u *ui, links *direct.Links, acc account.ID) error {
	if c.EndShares {
		n, err := links.EndAll(ctx, acc)
		if n > 0 {
			u.note(u.text(directEnded, n))
		}
		return err
	}
	list, _, err := links.List(ctx, acc, 0, direct.MaxFolders)
	if err != nil || len(list) == 0 {
		return err
	}
	slices.SortStableFunc(list, func(a, b direct.Folder) int { return cmp.Compare(b.EnabledAt, a.EnabledAt) })
	u.note(u.text(directGoesOn, len(list)))
	for _, f := range list[:min(len(list), mostTold)] {
		at := f.Path
		if at == "" {
			at = f.Name + "  " + u.text(directTrashed)
		}
		u.note(u.text(folderGoesOn, time.UnixMicro(f.EnabledAt).Local().Format(time.DateTime), printable(at)))
	}
	return nil
}

type userDisableCmd struct {
	local
	Name      string `arg:"" name:"name" help:"help_user_name"`
	Unpublish bool   `name:"unpublish" help:"help_unpublish"`
}

// Run keeps an account from acting; its links go on unless they are to end too.
func (c *userDisableCmd) Run(ctx context.Context, u *ui) error {
	state, done := account.Disabled, userDisabled
	if c.Unpublish {
		state, done = account.Unpublished, userUnpublished
	}
	return c.setState(ctx, u, c.Name, state, done)
}

type userEnableCmd struct {
	local
	Name string `arg:"" name:"name" help:"help_user_name"`
}

// Run lets an account act again, with its old secrets, and serves its links.
func (c *userEnableCmd) Run(ctx context.Context, u *ui) error {
	return c.setState(ctx, u, c.Name, account.Enabled, userEnabled)
}

func (l local) setState(ctx context.Context, u *ui, name string, state account.State, done text) error {
	return l.withAccounts(ctx, u, func(a *account.Accounts) error {
		if _, err := a.SetState(byCommand(ctx), name, state); err != nil {
			return err
		}
		u.say(u.text(done, printable(name)))
		return nil
	})
}

func (l local) withAccounts(ctx context.Context, u *ui, fn func(*account.Accounts) error) error {
	return l.withDB(ctx, u, false, func(d *db.DB) error {
		a, err := account.Open(ctx, d)
		if err != nil {
			return err
		}
		return fn(a)
	})
}
