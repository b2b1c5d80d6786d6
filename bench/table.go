package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// table is what bench prints.
type table struct{ rows [][]string }

var titles = []string{"what", "measured", "floor or peer", "ratio", "reach", ""}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "SHORT"
}

// slower adds a time that may be at most reach times that of its floor.
func (t *table) slower(what string, got time.Duration, floor string, base time.Duration, reach float64) {
	ratio := got.Seconds() / base.Seconds()
	t.rows = append(t.rows, []string{
		what, millis(got), floor + " " + millis(base), fmt.Sprintf("%.2f", ratio), fmt.Sprintf("<= %.1fx", reach), verdict(ratio <= reach),
	})
}

// beside adds a time that nothing is asked of.
func (t *table) beside(what string, got time.Duration, floor string, base time.Duration) {
	t.rows = append(t.rows, []string{what, millis(got), floor + " " + millis(base), fmt.Sprintf("%.2f", got.Seconds()/base.Seconds()), "", ""})
}

// absent says that a peer is not installed.
func (t *table) absent(what string) {
	t.rows = append(t.rows, []string{what, "not installed", "", "", "", ""})
}

// faster adds a rate that must be at least reach times that of its peer; 0 asks
// for nothing.
func (t *table) faster(what string, got float64, peer string, base, reach float64) {
	ratio := got / base
	row := []string{what, fmt.Sprintf("%.0f/s", got), fmt.Sprintf("%s %.0f/s", peer, base), fmt.Sprintf("%.2f", ratio), "", ""}
	if reach > 0 {
		row[4], row[5] = fmt.Sprintf(">= %.2fx", reach), verdict(ratio >= reach)
	}
	t.rows = append(t.rows, row)
}

// within adds a time that has a limit of its own, beside what the machine makes of
// nearly nothing at this moment.
func (t *table) within(what string, got time.Duration, floor string, base, limit time.Duration) {
	t.rows = append(t.rows, []string{
		what, millis(got), floor + " " + millis(base), fmt.Sprintf("%.2f", got.Seconds()/base.Seconds()),
		fmt.Sprintf("<= %d ms", limit.Milliseconds()), verdict(got <= limit),
	})
}

// memory adds a figure that has a limit of its own.
func (t *table) memory(what string, mib, limit float64) {
	t.rows = append(t.rows, []string{
		what, fmt.Sprintf("%.1f MiB", mib), "", "", fmt.Sprintf("<= %.0f MiB", limit), verdict(mib <= limit),
	})
}

// seconds is within for a time of seconds, which nothing is held against.
func (t *table) seconds(what string, got time.Duration, beside string, limit time.Duration) {
	t.rows = append(t.rows, []string{what, secs(got), beside, "", fmt.Sprintf("<= %.0f s", limit.Seconds()), verdict(got <= limit)})
}

// told adds what is only said.
func (t *table) told(what, got, beside string) {
	t.rows = append(t.rows, []string{what, got, beside, "", "", ""})
}

// never adds how often something happened that must not happen.
func (t *table) never(what string, times int, of string) {
	t.rows = append(t.rows, []string{what, fmt.Sprint(times), of, "", "never", verdict(times == 0)})
}

func (t *table) write(w io.Writer) {
	all := append([][]string{titles}, t.rows...)
	width := make([]int, len(titles))
	for _, r := range all {
		for i, cell := range r {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, r := range all {
		for i, cell := range r {
			fmt.Fprintf(w, "%s%*s  ", cell, width[i]-utf8.RuneCountInString(cell), "")
		}
		fmt.Fprintln(w)
	}
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1e3) }

func secs(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// median is the middle of some times; they are sorted in place.
func median(all []time.Duration) time.Duration { return quantile(all, 0.5) }

// quantile is the time that a share of all stays within; they are sorted in place.
func quantile(all []time.Duration, share float64) time.Duration {
	slices.Sort(all)
	return all[max(0, int(math.Ceil(share*float64(len(all))))-1)]
}
