package api

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/fault"
)

type oauthTokenIn struct {
	ClientID     string `wire:"client_id,clientID"`
	ClientSecret string `wire:"client_secret,clientSecret"`
	GrantType    string `wire:"grant_type;required"`
	Code         string `wire:"code"`
	RefreshToken string `wire:"refresh_token"`
	RedirectURI  string `wire:"redirect_uri"`
	CodeVerifier string `wire:"code_verifier"`
}

type oauthTokenOut struct {
	TokenType    string `json:"token_type"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`
}

func (a *API) oauthToken(ctx context.Context, _ account.ID, in oauthTokenIn) (*oauthTokenOut, error) {
	var got account.Granted
	var err error
	switch in.GrantType {
	case "authorization_code":
		for _, p := range []struct{ name, value string }{{"code", in.Code}, {"redirect_uri", in.RedirectURI}} {
			if p.value == "" {
				return nil, fault.New(fault.BadRequest, "api: oauth", p.name)
			}
		}
		got, err = a.Accounts.Exchange(ctx, in.ClientID, in.ClientSecret, in.Code, in.RedirectURI, in.CodeVerifier)
	case "refresh_token":
		if in.RefreshToken == "" {
			return nil, fault.New(fault.BadRequest, "api: oauth", "refresh_token")
		}
		got, err = a.Accounts.Refresh(ctx, in.ClientID, in.ClientSecret, in.RefreshToken)
	default:
		return nil, fault.New(fault.BadRequest, "api: oauth", "grant_type")
	}
	return &oauthTokenOut{"Bearer", got.AccessToken, got.RefreshToken, int64(got.Life / time.Second), got.Scope.String()}, err
}

type oauthVerifyIn struct {
	AppID       string `wire:"appId,client_id;required"`
	RedirectURI string `wire:"redirectUri,redirect_uri;required"`
	Scope       string `wire:"scope;required"`
}

type oauthVerifyOut struct {
	AppID   string `json:"appId"`
	AppName string `json:"appName"`
	Scope   string `json:"scope"`
}

func (a *API) oauthVerify(ctx context.Context, _ account.ID, in oauthVerifyIn) (*oauthVerifyOut, error) {
	app, err := a.Accounts.App(ctx, in.AppID, in.RedirectURI)
	if err != nil {
		return nil, err
	}
	scope, ok := account.ParseScope(in.Scope)
	if !ok {
		return nil, fault.New(fault.BadScope, "api: oauth")
	}
	return &oauthVerifyOut{app.ClientID, app.Name, scope.String()}, nil
}

type oauthAuthorizeIn struct {
	AccessToken   string `wire:"accessToken,access_token"`
	ClientID      string `wire:"client_id;required"`
	RedirectURI   string `wire:"redirect_uri;required"`
	Scope         string `wire:"scope"`
	ResponseType  string `wire:"response_type"`
	State         string `wire:"state"`
	Challenge     string `wire:"code_challenge"`
	ChallengeType string `wire:"code_challenge_method"`
}

// oauthAuthorize allows an app what it asks for, on behalf of who has an access token of
// an account's own: a program that needs no page. Where an app can't be answered at the URI
// nobody is sent there.
func (a *API) oauthAuthorize() endpoint {
	return endpoint{in: reflect.TypeFor[oauthAuthorizeIn](), away: true, call: func(ctx context.Context, _ account.ID, r *http.Request) (any, error) {
		var in oauthAuthorizeIn
		p, err := wire.Parse(r, maxOpenBody)
		if err == nil {
			err = wire.Bind(p, &in)
		}
		if err != nil {
			return nil, err
		}
		if len(in.State) > account.MaxState {
			return nil, fault.New(fault.BadRequest, "api: oauth", "state")
		}
		if _, err := a.Accounts.App(ctx, in.ClientID, in.RedirectURI); err != nil {
			return nil, err
		}
		if in.AccessToken == "" {
			in.AccessToken = bearer(r)
		}
		code, err := a.allow(ctx, in)
		answer := url.Values{}
		if err != nil {
			said, word := answerTo(err)
			if said.code == 1 && oauthErrors[word] == "" {
				return nil, err
			}
			answer.Set("error", oauthErrors[word])
			answer.Set("error_description", said.english)
		} else {
			answer.Set("code", code)
		}
		if in.State != "" {
			answer.Set("state", in.State)
		}
		return stream(func(_ context.Context, f *flow) error {
			f.w.Header().Set("Location", account.Back(in.RedirectURI, answer))
			f.w.WriteHeader(http.StatusFound)
			return nil
		}), nil
	}}
}

// oauthErrors are the words of OAuth for what an app is told.
var oauthErrors = map[fault.Code]string{
	fault.BadRequest:   "invalid_request",
	fault.BadScope:     "invalid_scope",
	fault.NoToken:      "access_denied",
	fault.TokenExpired: "access_denied",
	fault.Disabled:     "access_denied",
	fault.ScopeMissing: "access_denied",
}

func (a *API) allow(ctx context.Context, in oauthAuthorizeIn) (code string, err error) {
	if in.ResponseType != "" && in.ResponseType != "code" {
		return "", fault.New(fault.BadRequest, "api: oauth", "response_type")
	}
	if in.Challenge != "" && in.ChallengeType != "S256" {
		return "", fault.New(fault.BadRequest, "api: oauth", "code_challenge_method")
	}
	scope, ok := account.ParseScope(in.Scope)
	if !ok {
		return "", fault.New(fault.BadScope, "api: oauth")
	}
	caller, err := a.Accounts.AuthenticateClient(ctx, in.AccessToken)
	if err != nil {
		return "", err
	}
	if caller.App { // one app can't allow another
		return "", fault.New(fault.ScopeMissing, "api: oauth", "oauth2")
	}
	return a.Accounts.Allow(auditlog.ByClient(ctx, caller.Client), caller, account.Wish{ClientID: in.ClientID, RedirectURI: in.RedirectURI, Scope: scope, Challenge: in.Challenge})
}
