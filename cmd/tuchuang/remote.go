package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"tuchuang/internal/client"
)

// secretVariable carries the client secret. There is no flag for it: every user of
// a machine can read the command lines of all.
const secretVariable = "TUCHUANG_CLIENT_SECRET"

// remote are the flags of every command that talks to a server.
type remote struct {
	Server   string `env:"TUCHUANG_SERVER" placeholder:"URL" help:"help_server"`
	ClientID string `name:"client-id" env:"TUCHUANG_CLIENT_ID" placeholder:"ID" help:"help_client_id"`
}

// session is a client, and the profile its credentials came from.
type session struct {
	*client.Client
	clientID string
	u        *ui
	kept     *profile // nil where they did not come from it
}

// connect makes a client from flags, environment and profile. The secret of the
// profile goes to no other server and for no other account than it was kept for.
func (r remote) connect(ctx context.Context, u *ui) (*session, error) {
	p, err := u.loadProfile()
	if err != nil {
		return nil, err
	}
	var once sync.Once // many calls wait for one server
	o := client.Options{
		Server:    r.Server,
		ClientID:  r.ClientID,
		Secret:    os.Getenv(secretVariable),
		UserAgent: userAgent(),
		Away:      func(error) { once.Do(func() { u.note(u.text(waiting)) }) },
	}
	if o.Server == "" {
		o.Server = p.Server
	}
	if o.Server == "" {
		return nil, usageError{u.text(noServer), u.text(noServerAdvice)}
	}
	server, err := client.ParseServer(o.Server)
	if err != nil {
		return nil, err
	}
	own := server.String() == p.Server
	if o.ClientID == "" && own {
		o.ClientID = p.ClientID
	}
	if o.ClientID == "" {
		return nil, usageError{u.text(noClientID), u.text(noServerAdvice)}
	}
	s := &session{clientID: o.ClientID, u: u}
	if o.Secret == "" && own && o.ClientID == p.ClientID {
		o.Secret = p.Secret
		s.kept = &p
		if time.Now().Before(p.Token.ExpiredAt) {
			o.Token = p.Token
		}
	}
	if o.Secret == "" {
		if o.Secret, err = u.askSecret(ctx, o.ClientID); err != nil {
			return nil, err
		}
	}
	s.Client, err = client.New(o)
	return s, err
}

// close lets go of the server and keeps a new token for the next run.
func (s *session) close() {
	s.Close()
	token := s.LastToken()
	if s.kept == nil || token.AccessToken == "" || token.AccessToken == s.kept.Token.AccessToken {
		return
	}
	// Another run may have logged in elsewhere meanwhile: its profile stays.
	now, err := s.u.loadProfile()
	if err == nil && (now.Server != s.kept.Server || now.ClientID != s.kept.ClientID || now.Secret != s.kept.Secret) {
		return
	}
	if err == nil {
		now.Token = token
		_, err = now.save()
	}
	if err != nil {
		s.u.note(s.u.text(tokenNotKept, err))
	}
}

// askSecret asks for the secret at the terminal without showing it.
func (u *ui) askSecret(ctx context.Context, clientID string) (string, error) {
	if u.in == nil || !term.IsTerminal(int(u.in.Fd())) {
		return "", usageError{text: u.text(noSecret, secretVariable)}
	}
	fd := int(u.in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	if _, err := u.err.Write([]byte(u.text(askSecret, clientID))); err != nil {
		return "", err
	}
	type reply struct {
		secret []byte
		err    error
	}
	replies := make(chan reply, 1)
	go func() {
		secret, err := term.ReadPassword(fd)
		replies <- reply{secret, err}
	}()
	select {
	case r := <-replies:
		u.note("")
		secret := strings.TrimSpace(string(r.secret))
		if r.err == nil && secret == "" {
			return "", usageError{text: u.text(noSecret, secretVariable)}
		}
		return secret, r.err
	case <-ctx.Done():
		// The reading goroutine ends with the process; the terminal must be
		// given back as it was before.
		u.note("")
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, before))
	}
}
