package main

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

// offlineCmd has the server fetch URLs; without another word it is given them.
type offlineCmd struct {
	Fetch offlineFetchCmd `cmd:"" default:"withargs" help:"help_offline_fetch"`
	Ls    offlineLsCmd    `cmd:"" help:"help_offline_ls"`
}

type offlineFetchCmd struct {
	remote
	URL    []string `arg:"" name:"url" help:"help_offline_url"`
	To     string   `default:"drive:/" placeholder:"FOLDER" help:"help_offline_to"`
	Name   string   `placeholder:"NAME" help:"help_offline_name"`
	NoWait bool     `help:"help_offline_no_wait"`
}

// Run has the server fetch URLs, a task each, and unless told otherwise waits for their
// ends. It fails when any of them did.
func (c *offlineFetchCmd) Run(ctx context.Context, u *ui) error {
	scheme, to, err := c.check(u)
	if err != nil {
		return err
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	d := &downloads{session: s, to: strings.TrimSuffix(scheme, ":")}
	create := s.Offline
	if scheme == bedScheme {
		create = s.BedOffline
	}
	q := client.OfflineRequest{Name: c.Name}
	if q.Folder, err = s.offlineFolder(ctx, scheme, to); err != nil {
		return err
	}
	for _, q.URL = range c.URL {
		if err := d.begin(ctx, q, create); err != nil {
			return d.goesOn(err)
		}
	}
	if c.NoWait {
		return d.begun()
	}
	if err := d.follow(ctx); err != nil {
		return d.goesOn(err)
	}
	if u.json {
		err = u.document(d.rows)
	}
	if err != nil {
		return err
	}
	return d.verdict()
}

// check looks at the line before anything is sent.
func (c *offlineFetchCmd) check(u *ui) (scheme, to string, err error) {
	for _, raw := range c.URL {
		at, err := url.Parse(strings.TrimSpace(raw))
		if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
			return "", "", usageError{text: u.text(offlineNoURL, printable(raw))}
		}
	}
	if c.Name != "" && len(c.URL) > 1 {
		return "", "", usageError{text: u.text(offlineOneName)}
	}
	scheme, paths, err := u.shelfOf([]string{c.To})
	if err != nil {
		return "", "", err
	}
	return scheme, paths[0], nil
}

// offlineFolder is the id of the folder that is fetched into, which is made where it is
// missing; "" for the first level, where the server has a folder for it.
func (s *session) offlineFolder(ctx context.Context, scheme, to string) (string, error) {
	if to == "/" {
		return "", nil
	}
	if scheme == bedScheme {
		return s.BedTree().MkdirAll(ctx, to)
	}
	id, err := s.DriveTree().MkdirAll(ctx, to)
	return number(id), err
}

// offlineRow is a download in documents of --json.
type offlineRow struct {
	client.OfflineTask
	CreateAt stamp `json:"createAt"` // in the place of one that carries no zone
}

// downloads are those of one run, in the order of the line.
type downloads struct {
	*session
	to   string // drive or bed
	rows []offlineRow
}

// begin has a download made. What the server refuses of a URL is no hindrance for others.
func (d *downloads) begin(ctx context.Context, q client.OfflineRequest, ask func(context.Context, client.OfflineRequest) (int64, error)) error {
	task, err := d.create(ctx, offlineLost, func(ctx context.Context) (string, error) {
		n, err := ask(ctx, q)
		return number(n), err
	})
	row := offlineRow{OfflineTask: client.OfflineTask{To: d.to, URL: q.URL}}
	row.TaskID, _ = strconv.ParseInt(task, 10, 64) // we have written it
	row.Total, row.FileID = -1, []byte("null")
	for _, code := range []fault.Code{fault.BadURL, fault.AddressRefused} {
		if client.Is(err, code) {
			what, _ := d.u.explain(err)
			row.Status, row.FailCode, row.FailMessage, row.FailMessageEn = client.OfflineFailed, string(code), what, what
			d.said(row)
			err = nil
		}
	}
	if err == nil {
		d.rows = append(d.rows, row)
	}
	return err
}

// begun says which tasks were made.
func (d *downloads) begun() error {
	if d.u.json {
		if err := d.u.document(d.rows); err != nil {
			return err
		}
		return d.verdict()
	}
	for _, row := range d.rows {
		if row.TaskID > 0 {
			d.u.say(number(row.TaskID))
		}
	}
	return d.verdict()
}

// follow shows how far the tasks are until all have ended, and says of each what became
// of it.
func (d *downloads) follow(ctx context.Context) error {
	at := make(map[int64]*offlineRow)
	var tasks []int64
	for i := range d.rows {
		if row := &d.rows[i]; row.TaskID > 0 {
			at[row.TaskID] = row
			tasks = append(tasks, row.TaskID)
		}
	}
	b := d.u.byteBar(d.u.text(offlineProgress), 0)
	defer b.done()
	return d.OfflineFollow(ctx, d.to, tasks, func(task int64, now client.OfflineState) {
		row := at[task]
		retries := now.Status == client.OfflineRetrying && row.Tries != now.Tries
		row.OfflineState, row.CreateAt = now, stamp(now.CreateAt)
		switch {
		case now.Ended():
			d.said(*row)
		case retries && !d.u.json:
			d.u.note(d.u.text(offlineAgain, printable(row.URL), d.u.offlineReason(row.OfflineTask)))
		}
		d.show(b)
	})
}

// show draws how many bytes have come of how many, as far as that is known.
func (d *downloads) show(b *bar) {
	ended, came, total := 0, int64(0), int64(0)
	for _, row := range d.rows {
		if row.Ended() {
			ended++
		}
		came += row.Bytes
		total += max(row.Total, row.Bytes)
	}
	b.set(came, total)
	b.aside(d.u.text(offlineCounts, ended, len(d.rows)))
}

// said says of one what became of it.
func (d *downloads) said(row offlineRow) {
	switch {
	case d.u.json:
	case row.Status == client.OfflineDone:
		d.u.say(d.u.text(offlineDone, printable(row.Filename), humanSize(row.Bytes), printable(row.URL)))
	default:
		d.u.say(d.u.text(offlineFailed, printable(row.URL), d.u.offlineReason(row.OfflineTask)))
	}
}

// goesOn says of a run that ends early that its tasks do not.
func (d *downloads) goesOn(err error) error {
	if slices.ContainsFunc(d.rows, func(r offlineRow) bool { return r.TaskID > 0 && !r.Ended() }) {
		d.u.note(d.u.text(offlineGoesOn))
	}
	return err
}

// verdict is nil where none has failed.
func (d *downloads) verdict() error {
	var err error
	for _, row := range d.rows {
		switch {
		case row.Status != client.OfflineFailed:
		case row.FailCode == "quota_exceeded", row.FailCode == "too_large", row.FailCode == "limit_entries":
			return reported(exitLimit)
		default:
			err = reported(exitSome)
		}
	}
	return err
}

// offlineReason is why a download has failed, or is tried again.
func (u *ui) offlineReason(t client.OfflineTask) string {
	switch {
	case u.zh && t.FailMessage != "":
		return t.FailMessage
	case t.FailMessageEn != "":
		return t.FailMessageEn
	case t.FailCode != "":
		return t.FailCode
	}
	return u.text(noReason)
}

type offlineLsCmd struct {
	remote
	Limit int `default:"20" placeholder:"N" help:"help_tasks_limit"`
}

// Run lists the newest downloads, a line each.
func (c *offlineLsCmd) Run(ctx context.Context, u *ui) error {
	if c.Limit < 1 {
		return usageError{text: u.text(tasksLimit, c.Limit)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	rows := []offlineRow{}
	for last := int64(0); len(rows) < c.Limit && last >= 0; {
		page, err := s.OfflineList(ctx, last, c.Limit-len(rows))
		if err != nil {
			return err
		}
		for _, t := range page.List {
			rows = append(rows, offlineRow{t, stamp(t.CreateAt)})
		}
		last = page.LastTaskID
	}
	return showRows(u, rows, func(t offlineRow) string {
		return u.text(offlineLine, t.TaskID, t.CreateAt.local(), u.offlineState(t.OfflineTask), t.To, printable(t.Filename), printable(t.URL))
	})
}

// offlineState is the word for where a download stands, with what belongs to it.
func (u *ui) offlineState(t client.OfflineTask) string {
	switch t.Status {
	case client.OfflineDone:
		return u.text(stateDone) + " " + humanSize(t.Bytes)
	case client.OfflineFailed:
		return u.text(offlineWhy, u.text(stateFailed), u.offlineReason(t))
	case client.OfflineRetrying:
		return u.text(offlineWhy, u.text(offlineRetrying), u.offlineReason(t))
	}
	if t.Total < 0 {
		return u.text(stateRunning) + " " + humanSize(t.Bytes)
	}
	return u.text(stateRunning) + " " + humanSize(t.Bytes) + "/" + humanSize(t.Total)
}
