package linkformat

import (
	"fmt"
	"html"
	"net/url"
	"strings"
)

// escapes are what a template may ask for: a value as it can stand in a text of a
// language, without quotes around it.
var escapes = map[string]func(string) string{
	"md":   markdownText,
	"html": htmlText,
	"json": func(s string) string { quoted := encode(s); return quoted[1 : len(quoted)-1] },
	"csv":  func(s string) string { return Record([]string{s}) },
	"url":  url.PathEscape,
}

// markdownText puts a backslash before what CommonMark and its common extensions
// (tables, strikethrough, mathematics) could take for their own.
var markdownText = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`,
	`&`, `\&`, `!`, `\!`, `|`, `\|`, `~`, `\~`, `$`, `\$`,
).Replace

var htmlText = html.EscapeString

// cell keeps a spreadsheet from taking a text for a formula and running it: such a
// text gets an apostrophe in front, which spreadsheets take for "this is text".
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

// safeURL writes in percents what is legal in some addresses but would end one in
// Markdown or BBCode, and what is legal in none. The brackets of an IPv6 host stay.
func safeURL(u string) string {
	path := 0 // where the host ends
	if scheme, rest, ok := strings.Cut(u, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		path = len(scheme) + len("://") + len(host)
	}
	var b strings.Builder
	for i := range len(u) {
		c := u[i]
		bracket := (c == '[' || c == ']') && i < path
		if c <= ' ' || c >= 0x7f || !bracket && strings.IndexByte("\"'()<>[]\\`{}|^", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// oneLine turns control characters, line breaks above all, into spaces.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}
