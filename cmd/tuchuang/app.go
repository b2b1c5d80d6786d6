package main

import (
	"context"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/fault"
)

type appCmd struct {
	Set appSetCmd `cmd:"" help:"help_app_set"`
	Ls  appLsCmd  `cmd:"" help:"help_app_ls"`
	Rm  appRmCmd  `cmd:"" help:"help_app_rm"`
	End appEndCmd `cmd:"" help:"help_app_end"`
}

// appOut is an app; of an account that has none any more name and URIs are empty.
type appOut struct {
	ClientID     string   `json:"clientID"`
	Owner        string   `json:"owner"`
	Name         string   `json:"name"`
	RedirectURIs []string `json:"redirectURIs"`
}

func appOutOf(app account.App) appOut {
	return appOut{app.ClientID, app.Owner, app.Name, append([]string{}, app.RedirectURIs...)}
}

type appSetCmd struct {
	local
	Account  string   `arg:"" name:"account" help:"help_user_name"`
	Name     string   `name:"name" required:"" placeholder:"NAME" help:"help_app_name"`
	Redirect []string `name:"redirect" required:"" sep:"none" placeholder:"URI" help:"help_app_redirect"`
}

// Run makes an account's client an app.
func (c *appSetCmd) Run(ctx context.Context, u *ui) error {
	return c.withAccounts(ctx, u, func(a *account.Accounts) error {
		app, err := a.SetApp(byCommand(ctx), c.Account, c.Name, c.Redirect)
		if fault.Is(err, fault.BadRequest) {
			return u.badApp(err, c.Name)
		}
		if err != nil {
			return err
		}
		u.say(u.text(appSet, printable(c.Account), printable(app.Name), app.ClientID))
		return u.appDocument(app)
	})
}

// badApp says what of an app makes no sense.
func (u *ui) badApp(err error, name string) error {
	what, _ := fault.ArgsOf(err)[0].(string)
	switch what {
	case "name":
		return usageError{text: u.text(badAppName, name)}
	case "redirect":
		return usageError{text: u.text(tooManyURIs)}
	}
	return usageError{text: u.text(badRedirect, what)}
}

func (u *ui) appDocument(app account.App) error {
	if !u.json {
		return nil
	}
	return u.document(appOutOf(app))
}

type appRmCmd struct {
	local
	Account string `arg:"" name:"account" help:"help_user_name"`
}

// Run makes an account's client an app no more.
func (c *appRmCmd) Run(ctx context.Context, u *ui) error {
	return c.withAccounts(ctx, u, func(a *account.Accounts) error {
		app, err := a.RemoveApp(byCommand(ctx), c.Account)
		if err != nil {
			return err
		}
		u.say(u.text(appRemoved, printable(c.Account)))
		return u.appDocument(app)
	})
}

type appLsCmd struct{ local }

// Run lists the apps.
func (c *appLsCmd) Run(ctx context.Context, u *ui) error {
	return c.withAccounts(ctx, u, func(a *account.Accounts) error {
		list, err := a.Apps(ctx)
		if err != nil {
			return err
		}
		out := make([]appOut, len(list))
		for n, app := range list {
			out[n] = appOutOf(app)
			u.say(strings.Join([]string{printable(app.Name), printable(app.Owner), app.ClientID, strings.Join(app.RedirectURIs, " ")}, "\t"))
		}
		if u.json {
			return u.document(out)
		}
		return nil
	})
}

type appEndCmd struct {
	local
	Account string `arg:"" name:"account" help:"help_user_name"`
	Client  string `arg:"" name:"client-id" help:"help_app_client"`
}

// Run ends what an account allowed an app.
func (c *appEndCmd) Run(ctx context.Context, u *ui) error {
	return c.withAccounts(ctx, u, func(a *account.Accounts) error {
		n, err := a.Disallow(byCommand(ctx), c.Account, c.Client)
		if err != nil {
			return err
		}
		u.say(u.text(appEnded, printable(c.Account), printable(c.Client), n))
		if u.json {
			return u.document(struct {
				Ended int `json:"ended"`
			}{n})
		}
		return nil
	})
}
