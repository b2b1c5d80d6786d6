package api

import (
	"context"
	"fmt"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/fault"
)

// What an operator alone may ask.

// operator is handle for operators.
func operator[In, Out any](fn func(ctx context.Context, who account.Caller, in In) (*Out, error)) endpoint {
	e := own(func(ctx context.Context, who account.Caller, in In) (*Out, error) {
		// Entries of the log are the other account's: they are to say who it was.
		ctx = auditlog.ByClient(ctx, fmt.Sprintf("%s of %d", who.Client, who.ID))
		return fn(ctx, who, in)
	})
	e.operator = true
	return e
}

type accountListIn struct {
	Limit int        `wire:"limit"`
	Last  account.ID `wire:"lastUID" doc:"lastUID of the page before"`
}

type accountItem struct {
	UID        account.ID `json:"uid"`
	Name       string     `json:"name"`
	Operator   bool       `json:"operator"`
	State      string     `json:"state" schema:"enum=enabled|disabled|unpublished"`
	Used       int64      `json:"used" doc:"bytes"`
	Quota      int64      `json:"quota" doc:"bytes; -1 without limit"`
	Entries    int64      `json:"entries" doc:"files and folders of the drive"`
	MaxEntries int64      `json:"maxEntries" doc:"0 without limit"`
	CreateAt   wire.Time  `json:"createAt"`
}

type accountListOut struct {
	List    []accountItem `json:"list"`
	LastUID account.ID    `json:"lastUID" doc:"-1 at the end"`
}

func (a *API) accountList(ctx context.Context, _ account.Caller, in accountListIn) (*accountListOut, error) {
	out := accountListOut{[]accountItem{}, -1}
	if in.Last < 0 {
		return &out, nil
	}
	limit := clampPage(in.Limit)
	list, err := a.Accounts.After(ctx, in.Last, limit+1)
	if err != nil {
		return nil, err
	}
	if len(list) > limit {
		list = list[:limit]
		out.LastUID = list[limit-1].ID
	}
	for _, acc := range list {
		out.List = append(out.List, toAccountItem(acc))
	}
	return &out, nil
}

func toAccountItem(acc account.Account) accountItem {
	return accountItem{
		acc.ID, acc.Name, acc.Operator, acc.State.String(), acc.Used, acc.Quota, acc.Entries, acc.MaxEntries, wire.Time(acc.CreatedAt),
	}
}

type accountCreateIn struct {
	Name     string `wire:"name;required" doc:"up to 64 bytes, without spaces"`
	Quota    *int64 `wire:"quota" doc:"bytes; -1, or absent, without limit"`
	Operator bool   `wire:"operator"`
}

type accountCreateOut struct {
	UID          account.ID `json:"uid"`
	ClientID     string     `json:"clientID"`
	ClientSecret string     `json:"clientSecret" doc:"told this once"`
	Password     string     `json:"password" doc:"told this once"`
}

func (a *API) accountCreate(ctx context.Context, _ account.Caller, in accountCreateIn) (*accountCreateOut, error) {
	quota := account.NoQuota
	if in.Quota != nil {
		quota = *in.Quota
	}
	if quota < account.NoQuota {
		return nil, fault.New(fault.BadRequest, "api: account", "quota")
	}
	s, err := a.AddUser(ctx, in.Name, quota, in.Operator)
	if fault.Is(err, fault.Exists) {
		err = fault.New(fault.AccountTaken, "api: account", in.Name)
	}
	return &accountCreateOut{s.ID, s.ClientID, s.ClientSecret, s.Password}, err
}

type accountSetIn struct {
	UID     account.ID `wire:"uid;required"`
	Quota   *int64     `wire:"quota" doc:"bytes; -1 without limit"`
	Entries *int64     `wire:"maxEntries" doc:"0 without limit"`
	State   string     `wire:"state" schema:"enum=enabled|disabled|unpublished" doc:"disabled: it may not act, and its links go on; unpublished: nor do they"`
}

// accountSet changes what it is told of an account, and answers how that is then.
func (a *API) accountSet(ctx context.Context, who account.Caller, in accountSetIn) (*accountItem, error) {
	const op = "api: account"
	bad := func(name string) error { return fault.New(fault.BadRequest, op, name) }
	state, known := map[string]account.State{"": 0, "enabled": account.Enabled, "disabled": account.Disabled, "unpublished": account.Unpublished}[in.State]
	switch {
	case !known:
		return nil, bad("state")
	case in.UID == who.ID && state > account.Enabled: // nobody could take it back here
		return nil, bad("uid")
	case in.Quota != nil && *in.Quota < account.NoQuota:
		return nil, bad("quota")
	case in.Entries != nil && *in.Entries < account.NoLimit:
		return nil, bad("maxEntries")
	}
	acc, err := a.Accounts.Get(ctx, in.UID)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.AccountNotFound, op)
	}
	if err == nil && (in.Quota != nil || in.Entries != nil) {
		_, err = a.Accounts.SetLimits(ctx, acc.Name, account.Limits{Quota: in.Quota, Entries: in.Entries})
	}
	if err == nil && state != 0 {
		_, err = a.Accounts.SetState(ctx, acc.Name, state)
	}
	if err == nil {
		acc, err = a.Accounts.Get(ctx, in.UID)
	}
	if err != nil {
		return nil, err
	}
	out := toAccountItem(acc)
	return &out, nil
}

// Health is how a server is.
type Health struct {
	Ready    bool   // it takes requests, as /readyz says
	Problem  string // a word for what an operator should look at; "" where there is nothing
	Version  string
	Database string // which engine
	Store    string // where content is: folder or bucket
	Room     int64  // bytes that are left for content; -1 where nobody knows
	Waiting  int64  // tasks of all kinds
	Running  int64
	Oldest   time.Duration // how long the oldest of those has waited
}

type healthOut struct {
	Ready    bool   `json:"ready"`
	Problem  string `json:"problem" schema:"enum=|draining|database|store|room|moved" doc:"empty where there is none"`
	Version  string `json:"version"`
	Database string `json:"database" schema:"enum=sqlite|postgres"`
	Store    string `json:"store" schema:"enum=folder|bucket"`
	Room     int64  `json:"room" doc:"bytes left for content; -1 unknown"`
	Waiting  int64  `json:"waiting" doc:"tasks of all kinds and accounts"`
	Running  int64  `json:"running"`
	Oldest   int64  `json:"oldest" doc:"seconds that the oldest has waited"`
}

func (a *API) health(ctx context.Context, _ account.Caller, _ none) (*healthOut, error) {
	h, err := a.Health(ctx)
	return &healthOut{h.Ready, h.Problem, h.Version, h.Database, h.Store, h.Room, h.Waiting, h.Running, int64(h.Oldest / time.Second)}, err
}
