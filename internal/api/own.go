package api

import (
	"context"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/fault"
)

// What an account's owner alone may ask, at the page or by a client of his: an app that he has
// allowed something may not.

// own is handle for the owner of an account.
func own[In, Out any](fn func(ctx context.Context, who account.Caller, in In) (*Out, error)) endpoint {
	e := handle(func(ctx context.Context, _ account.ID, in In) (*Out, error) {
		who, _ := account.CallerIn(ctx) // no anonymous request comes here: mayAsk
		return fn(ctx, who, in)
	})
	e.own = true
	return e
}

// mayAsk says whether who has a token may ask an endpoint: fault.ScopeMissing or
// fault.OperatorOnly where not.
func (a *API) mayAsk(ctx context.Context, rt route, who account.Caller) error {
	const op = "api: may ask"
	if lacks := rt.need &^ who.Scope; lacks != 0 {
		return fault.New(fault.ScopeMissing, op, lacks.String())
	}
	if (rt.serve.own || rt.serve.operator) && who.App {
		return fault.New(fault.ScopeMissing, op, "account")
	}
	if rt.serve.operator {
		acc, err := a.Accounts.Get(ctx, who.ID)
		if err == nil && !acc.Operator {
			err = fault.New(fault.OperatorOnly, op)
		}
		return err
	}
	return nil
}

type passwordIn struct {
	Present string `wire:"oldPassword;required"`
	Next    string `wire:"newPassword;required" doc:"8 to 128 characters"`
}

func (a *API) userPassword(ctx context.Context, who account.Caller, in passwordIn) (*wire.Null, error) {
	return nil, a.Accounts.ChangePassword(ctx, who, in.Present, in.Next, auditlog.From(ctx).Address)
}

type clientItem struct {
	ClientID string         `json:"clientID"`
	Name     string         `json:"name" doc:"what its owner calls it; may be empty"`
	AppName  string         `json:"appName" doc:"empty where it is no app"`
	CreateAt wire.Time      `json:"createAt"`
	UsedAt   wire.MaybeTime `json:"usedAt" doc:"some minutes old at most; empty where it was not used"`
}

type clientListOut struct {
	List []clientItem `json:"list"`
	Max  int          `json:"max" doc:"how many there may be"`
}

func (a *API) clientList(ctx context.Context, who account.Caller, _ none) (*clientListOut, error) {
	list, err := a.Accounts.Clients(ctx, who.ID)
	if err != nil {
		return nil, err
	}
	out := clientListOut{[]clientItem{}, account.MaxClients}
	for _, c := range list {
		out.List = append(out.List, clientItem{c.ID, c.Name, c.App, wire.Time(c.CreatedAt), wire.MaybeTime(c.UsedAt)})
	}
	return &out, nil
}

type clientNameIn struct {
	Name string `wire:"name;required" doc:"1 to 64 characters"`
}

type clientCreateOut struct {
	ClientID     string `json:"clientID"`
	ClientSecret string `json:"clientSecret" doc:"told this once"`
}

func (a *API) clientCreate(ctx context.Context, who account.Caller, in clientNameIn) (*clientCreateOut, error) {
	id, secret, err := a.Accounts.AddClient(ctx, who, in.Name)
	return &clientCreateOut{id, secret}, err
}

type clientIn struct {
	ClientID string `wire:"clientID,client_id;required"`
}

type clientRenameIn struct {
	clientIn
	clientNameIn
}

func (a *API) clientRename(ctx context.Context, who account.Caller, in clientRenameIn) (*wire.Null, error) {
	return nil, a.Accounts.NameClient(ctx, who, in.ClientID, in.Name)
}

func (a *API) clientDelete(ctx context.Context, who account.Caller, in clientIn) (*wire.Null, error) {
	return nil, a.Accounts.RemoveClient(ctx, who, in.ClientID)
}

type tokenListIn struct {
	Limit  int    `wire:"limit"`
	Cursor string `wire:"cursor" doc:"nextCursor of the page before"`
}

type tokenItem struct {
	TokenID    string         `json:"tokenID"`
	Page       bool           `json:"page" doc:"a browser that is signed in"`
	ClientID   string         `json:"clientID" doc:"empty for a browser"`
	ClientName string         `json:"clientName"`
	CreateAt   wire.Time      `json:"createAt"`
	UsedAt     wire.MaybeTime `json:"usedAt" doc:"some minutes old at most; empty where it was not used"`
	ExpireAt   wire.Time      `json:"expireAt"`
	Address    string         `json:"address" doc:"where it was asked for; may be empty"`
	Asking     bool           `json:"asking" doc:"the one of this request"`
}

type allowedItem struct {
	ClientID string    `json:"clientID"`
	AppName  string    `json:"appName"`
	Scope    string    `json:"scope"`
	CreateAt wire.Time `json:"createAt"`
	ExpireAt wire.Time `json:"expireAt" doc:"where it does not come again until then"`
}

type tokenListOut struct {
	List       []tokenItem   `json:"list"`
	NextCursor string        `json:"nextCursor" doc:"empty at the end"`
	Apps       []allowedItem `json:"apps" doc:"what may act for the account beside its own clients; with the first page"`
}

func (a *API) tokenList(ctx context.Context, who account.Caller, in tokenListIn) (*tokenListOut, error) {
	list, next, err := a.Accounts.Tokens(ctx, who, in.Cursor, clampPage(in.Limit))
	if err != nil {
		return nil, err
	}
	out := tokenListOut{[]tokenItem{}, next, []allowedItem{}}
	for _, t := range list {
		item := tokenItem{
			TokenID: t.ID, Page: t.Client == account.PageClient, ClientID: t.Client, ClientName: t.ClientName, CreateAt: wire.Time(t.CreatedAt),
			UsedAt: wire.MaybeTime(t.UsedAt), ExpireAt: wire.Time(t.ExpiresAt), Address: t.Address, Asking: t.Asking,
		}
		if item.Page {
			item.ClientID = ""
		}
		out.List = append(out.List, item)
	}
	if in.Cursor != "" {
		return &out, nil
	}
	apps, err := a.Accounts.Allowed(ctx, who.ID)
	for _, g := range apps {
		out.Apps = append(out.Apps, allowedItem{g.ClientID, g.Name, g.Scope.String(), wire.Time(g.Since), wire.Time(g.ExpiresAt)})
	}
	return &out, err
}

type tokenDeleteIn struct {
	TokenID  string `wire:"tokenID" doc:"this or clientID"`
	ClientID string `wire:"clientID,client_id" doc:"of an app: all that it was allowed"`
}

func (a *API) tokenDelete(ctx context.Context, who account.Caller, in tokenDeleteIn) (*wire.Null, error) {
	switch {
	case (in.TokenID == "") == (in.ClientID == ""):
		return nil, fault.New(fault.BadRequest, "api: token", "tokenID")
	case in.TokenID != "":
		return nil, a.Accounts.EndToken(ctx, who, in.TokenID)
	}
	return nil, a.Accounts.EndAllowed(ctx, who, in.ClientID)
}
