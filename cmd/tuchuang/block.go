package main

import (
	"context"
	"net/url"
	"path"
	"regexp"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/ops"
)

type blockCmd struct {
	Add blockAddCmd `cmd:"" help:"help_block_add"`
	Rm  blockRmCmd  `cmd:"" help:"help_block_rm"`
	Ls  blockLsCmd  `cmd:"" help:"help_block_ls"`
}

type blockAddCmd struct {
	local
	What []string `arg:"" name:"etag-or-link" help:"help_block_what"`
}

// Run has contents served to nobody.
func (c *blockAddCmd) Run(ctx context.Context, u *ui) error {
	return c.block(ctx, u, c.What, true, blocked)
}

type blockRmCmd struct {
	local
	What []string `arg:"" name:"etag-or-link" help:"help_block_what"`
}

// Run has contents served again.
func (c *blockRmCmd) Run(ctx context.Context, u *ui) error {
	return c.block(ctx, u, c.What, false, unblocked)
}

// blockOut is what became of an etag.
type blockOut struct {
	Etag     string `json:"etag"`
	Contents int    `json:"contents"` // of all accounts
}

func (l local) block(ctx context.Context, u *ui, what []string, yes bool, done text) error {
	return l.withDB(ctx, u, false, func(d *db.DB) error {
		etags := make([]string, len(what))
		for n, w := range what {
			var err error
			if etags[n], err = etagOf(ctx, u, d, w); err != nil {
				return err
			}
		}
		out := make([]blockOut, len(etags))
		for n, etag := range etags {
			contents, err := ops.Block(byCommand(ctx), d, etag, yes)
			if err != nil {
				return err
			}
			out[n] = blockOut{etag, contents}
			u.say(u.text(done, etag, contents))
		}
		if u.json {
			return u.document(out)
		}
		return nil
	})
}

var etagForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// etagOf reads an MD5, or finds the one of what a picture's link shows.
func etagOf(ctx context.Context, u *ui, d *db.DB, what string) (string, error) {
	if etag := strings.ToLower(what); etagForm.MatchString(etag) {
		return etag, nil
	}
	id := what
	if link, err := url.Parse(what); err == nil && link.Host != "" {
		id = path.Base(link.Path)
	}
	id, _, _ = strings.Cut(id, ".")
	f, err := imagebed.New(d).Facts(ctx, imagebed.ID(id))
	if fault.Is(err, fault.NotFound) {
		return "", failure{text: u.text(blockNothing, printable(what))}
	}
	return f.Etag, err
}

type blockLsCmd struct{ local }

// blockedOut is content that is blocked, one a line with --json.
type blockedOut struct {
	UID  account.ID `json:"uid"`
	Etag string     `json:"etag"`
	Size int64      `json:"size"`
}

// Run lists what is blocked, account by account.
func (c *blockLsCmd) Run(ctx context.Context, u *ui) error {
	return c.withDB(ctx, u, false, func(d *db.DB) error {
		a, err := account.Open(ctx, d)
		if err != nil {
			return err
		}
		list, err := a.List(ctx)
		if err != nil {
			return err
		}
		ids := make([]account.ID, len(list))
		names := make(map[account.ID]string, len(list))
		for n, one := range list {
			ids[n], names[one.ID] = one.ID, one.Name
		}
		return ops.EachBlocked(ctx, d, ids, func(acc account.ID, c blob.BlockedContent) error {
			if u.json {
				return u.fact(blockedOut{acc, c.MD5, c.Size})
			}
			u.say(strings.Join([]string{c.MD5, humanSize(c.Size), printable(names[acc])}, "\t"))
			return nil
		})
	})
}
