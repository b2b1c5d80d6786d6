package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// What an account's owner alone may ask. None of it is in the documentation.

// OwnClient is a client of the account.
type OwnClient struct {
	ClientID string `json:"clientID"`
	Name     string `json:"name"`
	AppName  string `json:"appName"` // "" where it is no app
	CreateAt string `json:"createAt"`
	UsedAt   string `json:"usedAt"` // "" where it was not used
}

// OwnClients are all of them, and how many there may be.
type OwnClients struct {
	List []OwnClient `json:"list"`
	Max  int         `json:"max"`
}

// NewClient is what a client is told once.
type NewClient struct {
	ClientID     string `json:"clientID"`
	ClientSecret string `json:"clientSecret"`
}

// LiveToken is an access token that somebody has.
type LiveToken struct {
	TokenID    string `json:"tokenID"`
	Page       bool   `json:"page"` // a browser
	ClientID   string `json:"clientID"`
	ClientName string `json:"clientName"`
	CreateAt   string `json:"createAt"`
	UsedAt     string `json:"usedAt"`
	ExpireAt   string `json:"expireAt"`
	Address    string `json:"address"`
	Asking     bool   `json:"asking"` // the one that asks
}

// AllowedApp is an app that may act for the account.
type AllowedApp struct {
	ClientID string `json:"clientID"`
	AppName  string `json:"appName"`
	Scope    string `json:"scope"`
	CreateAt string `json:"createAt"`
	ExpireAt string `json:"expireAt"`
}

// TokenPage is a page of tokens, the newest first; the first has the apps too.
type TokenPage struct {
	List       []LiveToken  `json:"list"`
	NextCursor string       `json:"nextCursor"` // "" at the end
	Apps       []AllowedApp `json:"apps"`
}

// ChangePassword gives the account another password.
func (c *Client) ChangePassword(ctx context.Context, present, next string) error {
	return c.do(ctx, call{method: http.MethodPost, path: "/api/v1/user/password", body: jsonBody(struct {
		Present string `json:"oldPassword"`
		Next    string `json:"newPassword"`
	}{present, next})}, nil)
}

// Clients lists the clients of the account.
func (c *Client) Clients(ctx context.Context) (out OwnClients, err error) {
	err = c.get(ctx, "/api/v1/user/client/list", nil, &out)
	return out, err
}

// AddClient makes a client.
func (c *Client) AddClient(ctx context.Context, name string) (out NewClient, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v1/user/client/create", body: jsonBody(struct {
		Name string `json:"name"`
	}{name})}, &out)
	return out, err
}

// NameClient says what a client is called.
func (c *Client) NameClient(ctx context.Context, id, name string) error {
	return c.do(ctx, call{method: http.MethodPut, path: "/api/v1/user/client/name", safe: true, body: jsonBody(struct {
		ClientID string `json:"clientID"`
		Name     string `json:"name"`
	}{id, name})}, nil)
}

// RemoveClient ends a client and its tokens.
func (c *Client) RemoveClient(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodPost, path: "/api/v1/user/client/delete", body: jsonBody(struct {
		ClientID string `json:"clientID"`
	}{id})}, nil)
}

// Tokens gives a page of the account's tokens, after the one that had this cursor; "" for
// the first.
func (c *Client) Tokens(ctx context.Context, cursor string, limit int) (out TokenPage, err error) {
	q := url.Values{"limit": {strconv.Itoa(pageSize(limit))}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	err = c.get(ctx, "/api/v1/user/token/list", q, &out)
	return out, err
}

// EndToken ends a token.
func (c *Client) EndToken(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodPost, path: "/api/v1/user/token/delete", body: jsonBody(struct {
		TokenID string `json:"tokenID"`
	}{id})}, nil)
}

// EndApp ends all that an app was allowed, by its client's id.
func (c *Client) EndApp(ctx context.Context, clientID string) error {
	return c.do(ctx, call{method: http.MethodPost, path: "/api/v1/user/token/delete", body: jsonBody(struct {
		ClientID string `json:"clientID"`
	}{clientID})}, nil)
}
