package main

import (
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// bar shows how far something is at a terminal. Without one it shows nothing, so
// that callers need not care.
type bar struct {
	u     *ui
	all   *mpb.Progress
	one   *mpb.Bar
	side  atomic.Pointer[string] // what stands at the right end
	total atomic.Int64
}

// byteBar counts bytes, with the rate and the time left.
func (u *ui) byteBar(label string, total int64) *bar {
	return u.newBar(label, total, decor.CountersKibiByte("% .1f / % .1f"), []decor.Decorator{
		decor.AverageSpeed(decor.SizeB1024(0), " % .1f"),
		decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 7}),
	})
}

// countBar counts things, with the time left.
func (u *ui) countBar(label string) *bar {
	return u.newBar(label, 0, decor.Percentage(decor.WC{W: 5}), []decor.Decorator{
		decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 7}),
	})
}

func (u *ui) newBar(label string, total int64, counters decor.Decorator, right []decor.Decorator) *bar {
	b := &bar{u: u}
	if !u.tty {
		return b
	}
	b.total.Store(total)
	right = append(right, decor.Any(func(decor.Statistics) string {
		if side := b.side.Load(); side != nil {
			return "  " + *side
		}
		return ""
	}))
	b.all = mpb.New(mpb.WithOutput(u.err), mpb.WithWidth(100), mpb.WithAutoRefresh())
	// Begun with a total of 0 it never counts as complete by itself: the total may
	// still grow, and what was sent may have to be sent again.
	b.one = b.all.New(0, mpb.BarStyle().Lbound("[").Rbound("]"),
		mpb.PrependDecorators(decor.Name(label+" "), counters),
		mpb.AppendDecorators(right...),
	)
	b.one.SetTotal(total, false)
	u.above.Store(b.all)
	return b
}

// drawn says whether there is a bar to be seen.
func (b *bar) drawn() bool { return b.all != nil }

func (b *bar) add(n int64) {
	if b.drawn() {
		b.one.IncrInt64(n)
	}
}

// grow changes what is to come; n may be negative.
func (b *bar) grow(n int64) {
	if b.drawn() {
		b.one.SetTotal(b.total.Add(n), false)
	}
}

// set says how far it is, of how much.
func (b *bar) set(current, total int64) {
	if b.drawn() {
		b.total.Store(total)
		b.one.SetTotal(total, false)
		b.one.SetCurrent(current)
	}
}

// aside puts a text beside the bar.
func (b *bar) aside(s string) { b.side.Store(&s) }

// done takes the bar away.
func (b *bar) done() {
	if b.drawn() {
		b.u.above.Store(nil)
		b.one.Abort(true)
		b.all.Wait()
		b.all = nil
	}
}
