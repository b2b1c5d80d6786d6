package client_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client"
)

// What is asked for an app goes without a token in the head, and what comes without the
// envelope is read.
func TestOAuthRequests(t *testing.T) {
	for _, tt := range []struct {
		name   string
		call   func(c *client.Client) (any, error)
		asked  []string // method, path, query, body
		answer func(w http.ResponseWriter)
		want   any
	}{
		{
			"tokens by a code", func(c *client.Client) (any, error) {
				return c.OAuthToken(t.Context(), client.OAuthRequest{ClientID: "a", ClientSecret: "s", GrantType: "authorization_code", Code: "c", RedirectURI: "u", CodeVerifier: "v"})
			},
			[]string{"POST", "/api/v1/oauth2/access_token", "", `{"client_id":"a","client_secret":"s","grant_type":"authorization_code","code":"c","redirect_uri":"u","code_verifier":"v"}`},
			func(w http.ResponseWriter) {
				_, _ = w.Write([]byte(`{"token_type":"Bearer","access_token":"t","refresh_token":"r","expires_in":7200,"scope":"user:base"}`))
			},
			client.OAuthTokens{TokenType: "Bearer", AccessToken: "t", RefreshToken: "r", ExpiresIn: 7200, Scope: "user:base"},
		},
		{
			"tokens by a refresh token", func(c *client.Client) (any, error) {
				return c.OAuthToken(t.Context(), client.OAuthRequest{GrantType: "refresh_token", RefreshToken: "r"})
			},
			[]string{"POST", "/api/v1/oauth2/access_token", "", `{"grant_type":"refresh_token","refresh_token":"r"}`},
			func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"access_token":"t"}`)) },
			client.OAuthTokens{AccessToken: "t"},
		},
		{
			"an app", func(c *client.Client) (any, error) {
				return c.OAuthVerify(t.Context(), "a", "https://a.example/", "user:base")
			},
			[]string{"POST", "/api/v1/oauth2/app/verify", "", `{"appId":"a","redirectUri":"https://a.example/","scope":"user:base"}`},
			func(w http.ResponseWriter) { answer(w, `{"appId":"a","appName":"n","scope":"user:base"}`) },
			client.OAuthApp{AppID: "a", AppName: "n", Scope: "user:base"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := open(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					t.Errorf("with a token: %v", r.Header)
				}
				if diff := cmp.Diff(tt.asked, []string{r.Method, r.URL.Path, r.URL.Query().Encode(), bodyOf(t, r)}); diff != "" {
					t.Error(diff)
				}
				tt.answer(w)
			})
			got, err := tt.call(c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOAuthAuthorize(t *testing.T) {
	c, _ := open(t, tokenOr(func(_ int, w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("accessToken") == "" || q.Get("client_id") != "a" || q.Get("redirect_uri") != "u" || q.Get("scope") != "user:base" || q.Get("state") != "s" || q.Get("response_type") != "code" {
			t.Errorf("%v", q)
		}
		w.Header().Set("Location", "https://a.example/?code=c")
		w.WriteHeader(http.StatusFound)
	}))
	to, err := c.OAuthAuthorize(t.Context(), client.OAuthWish{ClientID: "a", RedirectURI: "u", Scope: "user:base", State: "s"})
	if err != nil || to != "https://a.example/?code=c" {
		t.Errorf("%q, %v", to, err)
	}
}

// Data without the envelope is data only where none is expected.
func TestOnlyFlatAnswersAreFlat(t *testing.T) {
	c, _ := open(t, tokenOr(func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"uid":7}`)) }))
	_, err := c.UserInfo(t.Context())
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Foreign == nil {
		t.Errorf("%v", err)
	}
}
