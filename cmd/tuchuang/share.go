package main

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"tuchuang/internal/client"
)

// shareCmd shares files and folders of the drive; without another word it is given them.
type shareCmd struct {
	Make shareMakeCmd `cmd:"" default:"withargs" help:"help_share_make"`
	Ls   shareLsCmd   `cmd:"" help:"help_share_ls"`
	Rm   shareRmCmd   `cmd:"" help:"help_share_rm"`
}

type shareMakeCmd struct {
	remote
	Path         []string `arg:"" name:"drive-path" help:"help_share_path"`
	Name         string   `placeholder:"NAME" help:"help_share_name"`
	Days         int      `default:"7" enum:"0,1,7,30" placeholder:"0|1|7|30" help:"help_share_days"`
	Password     string   `xor:"password" placeholder:"PASSWORD" help:"help_share_password"`
	WithPassword bool     `xor:"password" help:"help_share_with_password"`
}

// longestShareName is how many characters the API takes.
const longestShareName = 34

// Run makes one share of all that is named, and prints the address of its page.
func (c *shareMakeCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(c.Path...); err != nil {
		return err
	}
	var paths []string
	for _, arg := range c.Path {
		p, ok := drivePath(arg)
		if !ok || p == "/" {
			return usageError{text: u.text(shareWhat, printable(arg))}
		}
		paths = append(paths, p)
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	entries, err := s.driveEntries(ctx, paths)
	if err != nil {
		return err
	}
	q := client.NewShare{Name: c.Name, Days: c.Days, FileIDs: idsOf(entries), Password: c.Password}
	if q.Name == "" {
		q.Name = firstOf(entries[0].Filename, longestShareName)
	}
	if c.WithPassword {
		q.Password = strings.ToLower(rand.Text()[:8])
	}
	var made client.MadeShare
	_, err = s.create(ctx, shareLost, func(ctx context.Context) (_ string, err error) {
		made, err = s.ShareCreate(ctx, q)
		return made.ShareKey, err
	})
	switch {
	case err != nil:
		return err
	case u.json:
		return u.document(shareOut{made, q.Name, q.Days, q.Password})
	}
	u.say(made.URL)
	if q.Password != "" {
		u.say(u.text(sharePassword, printable(q.Password)))
	}
	return nil
}

// shareOut is a share that was made, in the document of --json.
type shareOut struct {
	client.MadeShare
	Name     string `json:"shareName"`
	Days     int    `json:"shareExpire"`
	Password string `json:"sharePwd"`
}

// firstOf cuts a text after so many characters.
func firstOf(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

type shareLsCmd struct {
	remote
	Limit int `default:"20" placeholder:"N" help:"help_tasks_limit"`
}

// shareRow is a share in documents of --json.
type shareRow struct {
	client.Share
	Expiration stamp `json:"expiration"` // in the place of ones that carry no zone
	CreateAt   stamp `json:"createAt"`
}

// Run lists the newest shares, a line each.
func (c *shareLsCmd) Run(ctx context.Context, u *ui) error {
	if c.Limit < 1 {
		return usageError{text: u.text(tasksLimit, c.Limit)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	rows := []shareRow{}
	for last := int64(0); len(rows) < c.Limit && last >= 0; {
		page, err := s.ShareList(ctx, last, c.Limit-len(rows))
		if err != nil {
			return err
		}
		for _, one := range page.ShareList {
			rows = append(rows, shareRow{one, stamp(one.Expiration), stamp(one.CreateAt)})
		}
		last = page.LastShareID
	}
	return showRows(u, rows, func(r shareRow) string {
		return u.text(shareLine, r.ShareID, u.shareEnd(r), r.PreviewCount, r.DownloadCount, printable(r.ShareName), r.URL, u.sharePassword(r))
	})
}

// forEver is how the API writes the end of a share that has none.
const forEver = "2099-12-31 08:00:00"

// shareEnd says until when a share is open.
func (u *ui) shareEnd(r shareRow) string {
	switch {
	case r.Share.Expiration == forEver:
		return u.text(shareForEver)
	case r.Expired != 0:
		return u.text(shareOver)
	}
	return u.text(shareUntil, r.Expiration.local())
}

func (u *ui) sharePassword(r shareRow) string {
	if r.SharePwd == "" {
		return ""
	}
	return "  " + u.text(sharePassword, printable(r.SharePwd))
}

type shareRmCmd struct {
	remote
	ID []int64 `arg:"" name:"id" help:"help_share_id"`
}

// Run ends shares: their pages are not there any more.
func (c *shareRmCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	for some := range slices.Chunk(c.ID, manyIDs) {
		if err := s.ShareDelete(ctx, some); err != nil {
			return err
		}
	}
	return nil
}
