package client

import (
	"context"
	"net/http"
	"net/url"
)

// OAuthApp is what an app is called, and what it may be allowed.
type OAuthApp struct {
	AppID   string `json:"appId"`
	AppName string `json:"appName"`
	Scope   string `json:"scope"`
}

// OAuthVerify asks whether there is such an app, which may be answered at a URI.
func (c *Client) OAuthVerify(ctx context.Context, appID, redirectURI, scope string) (out OAuthApp, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v1/oauth2/app/verify", body: jsonBody(struct {
		AppID       string `json:"appId"`
		RedirectURI string `json:"redirectUri"`
		Scope       string `json:"scope"`
	}{appID, redirectURI, scope}), safe: true, open: true}, &out)
	return out, err
}

// OAuthWish is what an app asks an account for.
type OAuthWish struct {
	ClientID    string
	RedirectURI string
	Scope       string
	State       string
}

// OAuthAuthorize allows an app to act for the account, and gives the address of the app
// to which a browser would be sent, with the code or what was wrong.
func (c *Client) OAuthAuthorize(ctx context.Context, w OAuthWish) (to string, err error) {
	token, err := c.token(ctx)
	if err != nil {
		return "", err
	}
	err = c.do(ctx, call{method: http.MethodGet, path: "/api/v1/oauth2/user/authorize", open: true, query: url.Values{
		"accessToken": {token}, "client_id": {w.ClientID}, "redirect_uri": {w.RedirectURI}, "scope": {w.Scope}, "response_type": {"code"}, "state": {w.State},
	}, elsewhere: func(at string) { to = at }}, nil)
	return to, err
}

// OAuthRequest is for tokens of an app: by a code, or by a refresh token.
type OAuthRequest struct {
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	GrantType    string `json:"grant_type"` // authorization_code or refresh_token
	Code         string `json:"code,omitempty"`
	RedirectURI  string `json:"redirect_uri,omitempty"`
	CodeVerifier string `json:"code_verifier,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// OAuthTokens are those of an app.
type OAuthTokens struct {
	TokenType    string `json:"token_type"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"` // works once
	ExpiresIn    int64  `json:"expires_in"`    // seconds
	Scope        string `json:"scope"`
}

// OAuthToken gets tokens for an app. Sent twice it would end what it got: it is not
// tried again.
func (c *Client) OAuthToken(ctx context.Context, r OAuthRequest) (out OAuthTokens, err error) {
	err = c.do(ctx, call{method: http.MethodPost, path: "/api/v1/oauth2/access_token", body: jsonBody(r), open: true, flat: true}, &out)
	return out, err
}
