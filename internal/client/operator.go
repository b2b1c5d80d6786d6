package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// What an operator alone may ask. None of it is in the documentation.

// AccountState is an account and how much it may keep.
type AccountState struct {
	UID        int64  `json:"uid"`
	Name       string `json:"name"`
	Operator   bool   `json:"operator"`
	State      string `json:"state"` // enabled, disabled or unpublished
	Used       int64  `json:"used"`
	Quota      int64  `json:"quota"` // bytes; -1 without limit
	Entries    int64  `json:"entries"`
	MaxEntries int64  `json:"maxEntries"` // 0 without limit
	CreateAt   string `json:"createAt"`
}

// AccountPage is a page of accounts, in order of their numbers.
type AccountPage struct {
	List    []AccountState `json:"list"`
	LastUID int64          `json:"lastUID"` // -1 at the end
}

// NewAccount is an account to be made.
type NewAccount struct {
	Name     string `json:"name"`
	Quota    *int64 `json:"quota,omitempty"` // bytes; nil without limit
	Operator bool   `json:"operator,omitempty"`
}

// AccountSecrets are what a new account is told once.
type AccountSecrets struct {
	UID          int64  `json:"uid"`
	ClientID     string `json:"clientID"`
	ClientSecret string `json:"clientSecret"`
	Password     string `json:"password"`
}

// AccountChange is what is to be different of an account; what is absent stays.
type AccountChange struct {
	UID        int64  `json:"uid"`
	Quota      *int64 `json:"quota,omitempty"`
	MaxEntries *int64 `json:"maxEntries,omitempty"`
	State      string `json:"state,omitempty"`
}

// Health is how a server is.
type Health struct {
	Ready    bool   `json:"ready"`
	Problem  string `json:"problem"` // "" where there is none
	Version  string `json:"version"`
	Database string `json:"database"`
	Store    string `json:"store"`
	Room     int64  `json:"room"` // bytes left for content; -1 unknown
	Waiting  int64  `json:"waiting"`
	Running  int64  `json:"running"`
	Oldest   int64  `json:"oldest"` // seconds
}

// Accounts gives a page of the accounts, after one; 0 for the first.
func (c *Client) Accounts(ctx context.Context, last int64, limit int) (out AccountPage, err error) {
	err = c.get(ctx, "/api/v1/operator/account/list", url.Values{"lastUID": {strconv.FormatInt(last, 10)}, "limit": {strconv.Itoa(pageSize(limit))}}, &out)
	return out, err
}

// AddAccount makes an account.
func (c *Client) AddAccount(ctx context.Context, a NewAccount) (out AccountSecrets, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v1/operator/account/create", body: jsonBody(a)}, &out)
	return out, err
}

// SetAccount changes an account, and answers how it is then.
func (c *Client) SetAccount(ctx context.Context, a AccountChange) (out AccountState, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v1/operator/account/set", safe: true, body: jsonBody(a)}, &out)
	return out, err
}

// Health asks how the server is.
func (c *Client) Health(ctx context.Context) (out Health, err error) {
	err = c.get(ctx, "/api/v1/operator/health", nil, &out)
	return out, err
}
