package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/vbauerster/mpb/v8"
	"golang.org/x/term"

	"tuchuang/internal/client"
)

// ui is how a command speaks with whoever started it: results go to out, what is
// said meanwhile to err. Under --json out carries nothing but JSON: one document, or
// of a command that goes on, one a fact.
type ui struct {
	in   *os.File
	out  io.Writer
	err  io.Writer
	tty  bool // err is a terminal: bars instead of lines
	json bool
	zh   bool // Chinese instead of English

	above atomic.Pointer[mpb.Progress] // the bar on the screen; lines go above it
}

func newUI(in *os.File, out, errOut io.Writer, env func(string) string) *ui {
	u := &ui{in: in, out: &results{w: out}, err: errOut, zh: speaksChinese(env)}
	if f, ok := errOut.(*os.File); ok {
		u.tty = term.IsTerminal(int(f.Fd()))
	}
	return u
}

// results is where results go. It keeps the first failure, so that callers need not
// look at every line.
type results struct {
	w    io.Writer
	lost error
}

func (r *results) Write(p []byte) (int, error) {
	n, err := r.w.Write(p)
	if err != nil && r.lost == nil {
		r.lost = err
	}
	return n, err
}

// lost is why results did not get out, if they did not.
func (u *ui) lost() error {
	if r, ok := u.out.(*results); ok {
		return r.lost
	}
	return nil
}

// delivered is how a command ended, which is not well where its results did not get
// out, whatever else is true.
func (u *ui) delivered(err error) error {
	lost := u.lost()
	if _, said := errors.AsType[failure](err); lost == nil || said || err != nil && !errors.Is(err, lost) {
		return err
	}
	return failure{text: u.text(outputLost, u.cause(lost))}
}

// speaksChinese reads the language of messages as POSIX orders the variables.
func speaksChinese(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			return strings.HasPrefix(strings.ToLower(v), "zh")
		}
	}
	return false
}

// text gives a message in the user's language.
func (u *ui) text(t text, args ...any) string {
	format := t.en
	if u.zh {
		format = t.zh
	}
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// say prints a line of the result for people.
func (u *ui) say(line string) {
	if !u.json {
		fmt.Fprintln(u.out, line)
	}
}

// note prints a line beside the result; any goroutine may.
func (u *ui) note(line string) {
	if bar := u.above.Load(); bar != nil {
		if _, err := fmt.Fprintln(bar, line); err == nil {
			return
		}
	}
	fmt.Fprintln(u.err, line)
}

// fail says what went wrong and what to do now.
func (u *ui) fail(err error) {
	what, advice := u.explain(err)
	u.note("tuchuang: " + what)
	if advice != "" {
		u.note("  → " + advice)
	}
}

// document prints the one document of --json.
func (u *ui) document(v any) error {
	enc := json.NewEncoder(u.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// fact prints one of several documents of --json, on a line of its own as soon as
// it is known.
func (u *ui) fact(v any) error {
	enc := json.NewEncoder(u.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printable keeps a name from moving the cursor or colouring the terminal.
func printable(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// stamp is a time as the server gives it, in a zone of its own that it does not name.
// One that can't be read is shown as it came.
type stamp string

// local is the time for people, where they are.
func (s stamp) local() string {
	t, ok := client.ParseTime(string(s))
	if !ok {
		return printable(string(s))
	}
	return t.Local().Format(time.DateTime)
}

// MarshalJSON is the time for scripts, with its zone.
func (s stamp) MarshalJSON() ([]byte, error) {
	text := string(s)
	if t, ok := client.ParseTime(text); ok {
		text = t.Format(time.RFC3339)
	}
	return json.Marshal(text)
}

// humanSize writes bytes as people read them: 512 B, 1.5 KiB, 20 MiB.
func humanSize(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, units := float64(n)/1024, "KMGTPE"
	for f >= 1023.95 && len(units) > 1 {
		f /= 1024
		units = units[1:]
	}
	if f < 10 {
		return fmt.Sprintf("%.1f %ciB", f, units[0])
	}
	return fmt.Sprintf("%.0f %ciB", f, units[0])
}
