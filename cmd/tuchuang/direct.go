package main

import (
	"context"
	"crypto/rand"
	"net/netip"
	"slices"
	"strconv"

	"tuchuang/internal/client"
)

// directCmd gives files of the drive links that are their paths.
type directCmd struct {
	Enable  directEnableCmd  `cmd:"" help:"help_direct_enable"`
	Disable directDisableCmd `cmd:"" help:"help_direct_disable"`
	URL     directURLCmd     `cmd:"" name:"url" help:"help_direct_url"`
	Ls      directLsCmd      `cmd:"" help:"help_direct_ls"`
	Log     directLogCmd     `cmd:"" help:"help_direct_log"`
	Sign    directSignCmd    `cmd:"" help:"help_direct_sign"`
	Block   directBlockCmd   `cmd:"" help:"help_direct_block"`
}

type directPaths struct {
	remote
	Path []string `arg:"" name:"drive-path" help:"help_direct_path"`
}

// find connects, and finds what the line names; the caller closes.
func (c *directPaths) find(ctx context.Context, u *ui) (*session, []client.File, error) {
	if err := u.noneEmpty(c.Path...); err != nil {
		return nil, nil, err
	}
	var paths []string
	for _, arg := range c.Path {
		p, ok := drivePath(arg)
		if !ok || p == "/" {
			return nil, nil, usageError{text: u.text(directWhat, printable(arg))}
		}
		paths = append(paths, p)
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	entries, err := s.driveEntries(ctx, paths)
	if err != nil {
		s.close()
	}
	return s, entries, err
}

type directEnableCmd struct{ directPaths }

// Run gives all files below the folders links.
func (c *directEnableCmd) Run(ctx context.Context, u *ui) error {
	s, entries, err := c.find(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	for _, e := range entries {
		if _, err := s.DirectEnable(ctx, e.FileID); err != nil {
			return err
		}
	}
	return u.directFolders(ctx, s, idsOf(entries))
}

type directDisableCmd struct{ directPaths }

// Run takes them again.
func (c *directDisableCmd) Run(ctx context.Context, u *ui) error {
	s, entries, err := c.find(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	for _, e := range entries {
		if _, err := s.DirectDisable(ctx, e.FileID); err != nil {
			return err
		}
	}
	return nil
}

type directURLCmd struct{ directPaths }

// directURLOut is a link in the document of --json.
type directURLOut struct {
	FileID   int64  `json:"fileID"`
	Filename string `json:"filename"`
	URL      string `json:"url"`
}

// Run prints the links of files, a line each.
func (c *directURLCmd) Run(ctx context.Context, u *ui) error {
	s, entries, err := c.find(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	rows := []directURLOut{}
	for _, e := range entries {
		link, err := s.DirectURL(ctx, e.FileID)
		if err != nil {
			return err
		}
		rows = append(rows, directURLOut{e.FileID, e.Filename, link})
		u.say(printable(link))
	}
	if u.json {
		return u.document(rows)
	}
	return nil
}

type directLsCmd struct{ remote }

// directRow is a folder with links in documents of --json.
type directRow struct {
	client.DirectFolder
	CreateAt stamp `json:"createAt"`
}

// Run lists the folders whose files have links.
func (c *directLsCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	return u.directFolders(ctx, s, nil)
}

// directFolders tells of folders with links: of some, or of all.
func (u *ui) directFolders(ctx context.Context, s *session, some []int64) error {
	rows := []directRow{}
	for last := int64(0); last >= 0; {
		page, err := s.DirectList(ctx, last, manyIDs)
		if err != nil {
			return err
		}
		for _, f := range page.List {
			if some == nil || slices.Contains(some, f.FileID) {
				rows = append(rows, directRow{f, stamp(f.CreateAt)})
			}
		}
		last = page.LastFileID
	}
	return showRows(u, rows, func(r directRow) string {
		at := printable(r.URL)
		if at == "" {
			at = u.text(directTrashed)
		}
		return u.text(directLine, printable(r.Filename), at)
	})
}

type directLogCmd struct {
	remote
	Limit int `default:"20" placeholder:"N" help:"help_tasks_limit"`
}

// directLogRow is a line of the log in documents of --json.
type directLogRow struct {
	client.DirectLine
	Hour stamp `json:"hour"`
}

// Run lists what was read by links, the newest first.
func (c *directLogCmd) Run(ctx context.Context, u *ui) error {
	if c.Limit < 1 {
		return usageError{text: u.text(tasksLimit, c.Limit)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	rows := []directLogRow{}
	for page, more := 1, true; more && len(rows) < c.Limit; page++ {
		log, err := s.DirectLog(ctx, page, manyIDs)
		if err != nil {
			return err
		}
		for _, l := range log.List {
			rows = append(rows, directLogRow{l, stamp(l.Hour)})
		}
		more = int64(page*manyIDs) < log.Total
	}
	rows = rows[:min(len(rows), c.Limit)]
	return showRows(u, rows, func(r directLogRow) string {
		at := r.FilePath
		if at == "" {
			at = r.FileName
		}
		return u.text(directLogLine, r.Hour.local(), r.Requests, humanSize(r.TotalTraffic), printable(at))
	})
}

type directSignCmd struct {
	remote
	On     bool `xor:"sign" help:"help_direct_sign_on"`
	Off    bool `xor:"sign" help:"help_direct_sign_off"`
	NewKey bool `name:"new-key" help:"help_direct_new_key"`
}

// Run says whether links want a signature, and prints what holds then.
func (c *directSignCmd) Run(ctx context.Context, u *ui) error {
	var want client.DirectSign
	switch {
	case c.On:
		want.Status = 1
	case c.Off:
		want.Status = 2
	}
	if c.NewKey {
		want.PrivateKey = rand.Text()
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	holds, err := s.DirectSign(ctx, want)
	switch {
	case err != nil:
		return err
	case u.json:
		return u.document(holds)
	}
	sentence := directUnsigned
	if holds.Status == 1 {
		sentence = directSigned
	}
	u.say(u.text(sentence))
	if holds.PrivateKey != "" {
		u.say(u.text(directKey, printable(holds.PrivateKey)))
	}
	return nil
}

type directBlockCmd struct {
	remote
	On  bool     `xor:"block" help:"help_direct_block_on"`
	Off bool     `xor:"block" help:"help_direct_block_off"`
	Add []string `placeholder:"ADDRESS" help:"help_direct_block_add"`
	Rm  []string `placeholder:"ADDRESS" help:"help_direct_block_rm"`
}

// Run changes which addresses are refused, and prints what holds then.
func (c *directBlockCmd) Run(ctx context.Context, u *ui) error {
	for _, a := range slices.Concat(c.Add, c.Rm) {
		if _, err := netip.ParseAddr(a); err != nil {
			return usageError{text: u.text(directNoAddress, printable(strconv.Quote(a)))}
		}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	if len(c.Add)+len(c.Rm) > 0 {
		holds, err := s.DirectBlocked(ctx)
		if err != nil {
			return err
		}
		list := slices.DeleteFunc(append(holds.IPList, c.Add...), func(a string) bool {
			return slices.ContainsFunc(c.Rm, func(out string) bool { return netip.MustParseAddr(out).Unmap() == addressOf(a) })
		})
		if err := s.DirectBlock(ctx, list); err != nil {
			return err
		}
	}
	if c.On || c.Off {
		if err := s.DirectBlocking(ctx, c.On); err != nil {
			return err
		}
	}
	holds, err := s.DirectBlocked(ctx)
	switch {
	case err != nil:
		return err
	case u.json:
		return u.document(holds)
	}
	sentence := directNotBlocking
	if holds.Status == 1 {
		sentence = directBlocking
	}
	u.say(u.text(sentence))
	for _, a := range holds.IPList {
		u.say(printable(a))
	}
	return nil
}

// addressOf reads an address that a server has told of; of what is none, none.
func addressOf(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}
