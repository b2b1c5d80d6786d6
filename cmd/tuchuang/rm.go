package main

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
)

type rmCmd struct {
	remote
	Path    []string `arg:"" name:"path" help:"help_rm_paths"`
	ForGood bool     `help:"help_for_good"`
}

// Run puts entries of the drive in the trash or, with ForGood, deletes them, or entries of
// the bed, which has no trash.
func (c *rmCmd) Run(ctx context.Context, u *ui) error {
	scheme, paths, err := u.shelfOf(c.Path)
	switch {
	case err != nil:
		return err
	case slices.Contains(paths, "/"):
		return usageError{text: u.text(rmRoot)}
	case scheme == bedScheme && !c.ForGood:
		return usageError{text: u.text(rmBed)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	at := s.shelf(scheme)
	things := make([]thing, len(paths))
	for i, p := range paths {
		if things[i], err = at.find(ctx, p); err != nil {
			return err
		}
	}
	if err := inParts(things, func(ids []string) error { return at.remove(ctx, ids) }); err != nil {
		return err
	}
	said := rmTrashed
	if c.ForGood {
		said = rmDeleted
		if scheme == driveScheme {
			if err := inParts(things, func(ids []string) error { return s.deleteSome(ctx, numbers(ids)) }); err != nil {
				return err
			}
		}
	}
	if u.json {
		rows := make([]removedRow, len(paths))
		for i, p := range paths {
			rows[i] = removedRow{scheme + p, things[i].ID, c.ForGood}
		}
		return u.document(rows)
	}
	for _, p := range paths {
		u.say(u.text(said, printable(scheme+p)))
	}
	return nil
}

type removedRow struct {
	Path    string `json:"path"`
	ID      string `json:"id"`
	ForGood bool   `json:"forGood"`
}

// trashCmd is what can be done about the drive's trash; without another word it is listed.
type trashCmd struct {
	Ls      trashListCmd    `cmd:"" aliases:"list" default:"withargs" help:"help_trash_list"`
	Recover trashRecoverCmd `cmd:"" help:"help_trash_recover"`
	Empty   trashEmptyCmd   `cmd:"" help:"help_trash_empty"`
}

// trashRow is an entry that was put in the trash.
type trashRow struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Type     string `json:"type"`
	Size     int64  `json:"size"`
	From     string `json:"from"` // name of the folder it was in; "" for the root
	UpdateAt stamp  `json:"updateAt"`

	folder int64 // it was in
}

type trashListCmd struct{ remote }

// Run lists what was put in the trash.
func (c *trashListCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	rows, err := s.trashed(ctx)
	if err != nil {
		return err
	}
	return showRows(u, rows, func(r trashRow) string {
		line := lsRow{Name: r.Name, Type: r.Type, Size: r.Size, UpdateAt: r.UpdateAt}.line()
		return r.ID + "  " + line
	})
}

// trashed lists the trash, page by page.
func (s *session) trashed(ctx context.Context) ([]trashRow, error) {
	rows := []trashRow{}
	for page := 1; ; page++ {
		p, err := s.ListV1(ctx, client.ListV1Query{Trashed: true, Page: page})
		if err != nil {
			return nil, err
		}
		for _, f := range p.FileList {
			rows = append(rows, trashRow{number(f.FileID), f.Filename, typeOf(f.Type == 1), f.Size, f.ParentName, stamp(strings.TrimSuffix(f.UpdateAt, " +0800 CST")), f.ParentFileID})
		}
		if int64(page)*manyIDs >= p.Total { // a page may lack what is being deleted
			return rows, nil
		}
	}
}

type trashRecoverCmd struct {
	remote
	What []string `arg:"" name:"what" help:"help_trash_what"`
	To   string   `placeholder:"DRIVE" help:"help_trash_to"`
}

// Run takes entries out of the trash, by id, by name or by the path they had.
func (c *trashRecoverCmd) Run(ctx context.Context, u *ui) error {
	if err := u.noneEmpty(c.What...); err != nil {
		return err
	}
	to, inDrive := drivePath(c.To)
	if !inDrive {
		return usageError{text: u.text(trashToBed)}
	}
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := s.trashed(ctx)
	if err != nil {
		return err
	}
	var chosen []trashRow
	for _, what := range c.What {
		one, err := s.chosen(ctx, u, all, what)
		if err != nil {
			return err
		}
		chosen = append(chosen, one)
	}
	folder := int64(0)
	if c.To != "" {
		at, err := s.DriveTree().Resolve(ctx, to)
		if err != nil {
			return err
		}
		folder = at.FileID
	}
	stay := map[string]bool{}
	for part := range slices.Chunk(chosen, manyIDs) {
		if c.To != "" {
			err = s.RecoverTo(ctx, idsInTrash(part), folder)
		} else {
			var abnormal []int64
			abnormal, err = s.Recover(ctx, idsInTrash(part))
			for _, id := range abnormal {
				stay[number(id)] = true
			}
		}
		if err != nil {
			return err
		}
	}
	return u.recovered(chosen, stay)
}

// chosen finds what was named in the trash: an id, a name, or a path it had, which one
// alone has.
func (s *session) chosen(ctx context.Context, u *ui, all []trashRow, what string) (found trashRow, err error) {
	name, folder := what, int64(-1)
	if strings.HasPrefix(what, driveScheme) || strings.HasPrefix(what, "/") {
		full, _ := drivePath(what)
		var dir string
		dir, name = path.Split(full)
		at, err := s.DriveTree().Resolve(ctx, dir)
		if err != nil {
			return found, err
		}
		folder = at.FileID
	}
	n := 0
	for _, r := range all {
		if r.ID == what {
			return r, nil
		}
		if r.Name == name && (folder < 0 || r.folder == folder) {
			found = r
			n++
		}
	}
	switch n {
	case 0:
		return found, failure{u.text(trashNone, printable(what)), u.text(trashLook)}
	case 1:
		return found, nil
	}
	return found, failure{u.text(trashSeveral, n, printable(what)), u.text(trashLook)}
}

type recoveredRow struct {
	trashRow
	Recovered bool `json:"recovered"`
}

func (u *ui) recovered(chosen []trashRow, stay map[string]bool) error {
	rows := make([]recoveredRow, len(chosen))
	for i, r := range chosen {
		rows[i] = recoveredRow{r, !stay[r.ID]}
		if stay[r.ID] {
			u.note(u.text(trashStays, printable(r.Name)))
		} else {
			u.say(u.text(trashRecovered, printable(r.Name)))
		}
	}
	if u.json {
		if err := u.document(rows); err != nil {
			return err
		}
	}
	if len(stay) > 0 {
		return errReported
	}
	return nil
}

type trashEmptyCmd struct{ remote }

// Run deletes for good all that is in the trash now.
func (c *trashEmptyCmd) Run(ctx context.Context, u *ui) error {
	s, err := c.connect(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	rows, err := s.trashed(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(rows, manyIDs) {
		if err := s.deleteSome(ctx, idsInTrash(part)); err != nil {
			return err
		}
	}
	if u.json {
		return u.document(struct {
			Deleted int `json:"deleted"`
		}{len(rows)})
	}
	u.say(u.text(trashEmptied, len(rows)))
	return nil
}

// deleteSome deletes for good. That all of them have gone already, as with a folder above
// them, is no failure.
func (s *session) deleteSome(ctx context.Context, ids []int64) error {
	err := s.Delete(ctx, ids)
	if client.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func idsInTrash(rows []trashRow) []int64 {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return numbers(ids)
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

// numbers reads ids of the drive that number has written.
func numbers(ids []string) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i], _ = strconv.ParseInt(id, 10, 64)
	}
	return out
}
