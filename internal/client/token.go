package client

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Token is an access token and its end.
type Token struct {
	AccessToken string    `json:"accessToken"`
	ExpiredAt   time.Time `json:"expiredAt"`
}

// tokens keeps the token in use. The lock is held while a new one is fetched, so
// that many calls refused at once ask for one, not for many.
type tokens struct {
	mu   sync.Mutex
	kept Token
}

// Token fetches a new access token and uses it from now on.
func (c *Client) Token(ctx context.Context) (Token, error) {
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	return c.fetchToken(ctx)
}

// LastToken is the token in use; zero when there has been none yet, or the last
// one was refused.
func (c *Client) LastToken() Token {
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	return c.tokens.kept
}

// token gives the token in use, fetching one where there is none.
func (c *Client) token(ctx context.Context) (string, error) {
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	if c.tokens.kept.AccessToken != "" {
		return c.tokens.kept.AccessToken, nil
	}
	t, err := c.fetchToken(ctx)
	return t.AccessToken, err
}

// forget drops a token that was refused, unless another call has done so already.
func (c *Client) forget(refused string) {
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	if c.tokens.kept.AccessToken == refused {
		c.tokens.kept = Token{}
	}
}

func (c *Client) fetchToken(ctx context.Context) (Token, error) {
	if c.clientID == "" || c.secret == "" {
		return Token{}, errors.New("client: no client id or no secret was given")
	}
	var t Token
	err := c.do(ctx, call{
		method: http.MethodPost,
		path:   "/api/v1/access_token",
		body: jsonBody(struct {
			ClientID     string `json:"clientID"`
			ClientSecret string `json:"clientSecret"`
		}{c.clientID, c.secret}),
		safe: true,
		open: true,
	}, &t)
	if err != nil {
		return Token{}, err
	}
	if t.AccessToken == "" {
		return Token{}, errors.New("client: the server answered without a token")
	}
	c.tokens.kept = t
	return t, nil
}
