package main

import (
	"context"
	"strings"
	"time"

	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/db"
	"tuchuang/internal/ops"
)

type fsckCmd struct {
	local
	Repair bool    `name:"repair" help:"help_repair"`
	Read   bool    `name:"read" help:"help_read"`
	Adopt  bool    `name:"adopt-store" help:"help_adopt"`
	Rate   *string `name:"rate" placeholder:"SIZE" help:"help_rate"`
}

// fsckSettle is how long fsck waits before it looks again: longer than anything that
// is on its way between two transactions, or between a row and its file.
const fsckSettle = 500 * time.Millisecond

type findingOut struct {
	Code    string `json:"code"`
	Account int64  `json:"uid,omitempty"`
	Place   string `json:"place"`
	Has     string `json:"has,omitempty"`
	Want    string `json:"want,omitempty"`
	Meaning string `json:"meaning"`
	Fixable bool   `json:"fixable"`
	Fixed   bool   `json:"fixed"`
	Note    bool   `json:"note,omitempty"`    // nothing is wrong
	Refused string `json:"refused,omitempty"` // why the repair was
}

type fsckOut struct {
	Finding *findingOut `json:"finding,omitempty"`
	Found   *int        `json:"found,omitempty"`
	Fixed   *int        `json:"fixed,omitempty"`
}

// Run says what is wrong, a line a finding, and ends with 0 only where nothing is left
// wrong.
func (c *fsckCmd) Run(ctx context.Context, u *ui) error {
	rate := int64(64 << 20)
	if c.Rate != nil {
		n, err := parseQuota(*c.Rate)
		if err != nil || n == 0 {
			return usageError{text: u.text(badRate, *c.Rate)}
		}
		rate = max(n, 0) // unlimited
	}
	return c.withData(ctx, u, func(_ config.Config, d *db.DB, store blob.Store) error {
		check := ops.Fsck{DB: d, Store: store, Repair: c.Repair, Read: c.Read, Adopt: c.Adopt, Rate: rate, Settle: fsckSettle, Found: u.showFinding}
		n, err := check.Run(ctx)
		if err != nil {
			return err
		}
		if err := u.showFsck(n); err != nil {
			return err
		}
		if n.Found > n.Fixed {
			return errReported
		}
		return nil
	})
}

func (u *ui) showFinding(f ops.Finding) error {
	meaning := u.text(fsckMeanings[f.Code])
	if u.json {
		refused := ""
		if f.Failed != nil {
			refused = f.Failed.Error()
		}
		return u.fact(fsckOut{Finding: &findingOut{f.Code, f.Account, f.Place, f.Has, f.Want, meaning, f.Fixable, f.Fixed, f.Note, refused}})
	}
	words := []string{f.Code, printable(f.Place), meaning}
	switch {
	case f.Has != "" && f.Want != "":
		words = append(words, u.text(fsckHasWant, printable(f.Has), printable(f.Want)))
	case f.Has != "":
		words = append(words, u.text(fsckHas, printable(f.Has)))
	}
	switch {
	case f.Note:
	case f.Fixed:
		words = append(words, u.text(fsckFixed))
	case f.Fixable:
		words = append(words, u.text(fsckFixable))
	default:
		words = append(words, u.text(fsckUnfixable))
	}
	if f.Failed != nil {
		words = append(words, u.text(fsckRefused, printable(f.Failed.Error())))
	}
	u.say(strings.Join(words, "\t"))
	return nil
}

func (u *ui) showFsck(n ops.Counts) error {
	if u.json {
		return u.fact(fsckOut{Found: &n.Found, Fixed: &n.Fixed})
	}
	if n.Found == 0 {
		u.say(u.text(fsckClean))
		return nil
	}
	u.say(u.text(fsckSum, n.Found, n.Fixed, n.Found-n.Fixed))
	return nil
}
