package main

import (
	"context"
	"os"

	"tuchuang/internal/client"
)

type loginCmd struct {
	remote
}

// Run checks the credentials with the server, and only then keeps them.
func (c *loginCmd) Run(ctx context.Context, u *ui) error {
	if c.Server == "" {
		return usageError{u.text(noServerGiven), u.text(loginAdvice)}
	}
	server, err := client.ParseServer(c.Server)
	if err != nil {
		return err
	}
	if c.ClientID == "" {
		return usageError{u.text(noClientID), u.text(loginAdvice)}
	}
	p := profile{Server: server.String(), ClientID: c.ClientID, Secret: os.Getenv(secretVariable)}
	if p.Secret == "" {
		if p.Secret, err = u.askSecret(ctx, p.ClientID); err != nil {
			return err
		}
	}
	cl, err := client.New(client.Options{Server: p.Server, ClientID: p.ClientID, Secret: p.Secret, UserAgent: userAgent()})
	if err != nil {
		return err
	}
	defer cl.Close()
	if p.Token, err = cl.Token(ctx); err != nil {
		return err
	}
	user, err := cl.UserInfo(ctx)
	if err != nil {
		return err
	}
	path, err := p.save()
	if err != nil {
		return err
	}
	if u.json {
		return u.document(struct {
			Server   string `json:"server"`
			ClientID string `json:"clientID"`
			UID      int64  `json:"uid"`
			Nickname string `json:"nickname"`
			Profile  string `json:"profile"`
		}{p.Server, p.ClientID, user.UID, user.Nickname, path})
	}
	u.say(u.text(loggedIn, p.Server, printable(user.Nickname), user.UID, humanSize(user.SpaceUsed), path))
	return nil
}
