// Package links writes direct links in the forms people paste. It promises that no
// name breaks its form, whatever characters it has, and knows nothing of servers.
package links

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
)

// Link is one picture: where it stands in the bed, and where all can see it.
type Link struct {
	Path string `json:"path"` // in the bed, "/a/b.png"
	Name string `json:"name"`
	URL  string `json:"url"`
	Etag string `json:"etag"`
	Size int64  `json:"size"` // bytes
}

// Formats are the names Write knows.
const Formats = "url,md,html,bbcode,csv,json"

// Write writes all links in one format. An unknown format is an error.
func Write(w io.Writer, format string, all []Link) error {
	switch format {
	case "csv":
		return writeCSV(w, all)
	case "json":
		return writeJSON(w, all)
	}
	line, ok := lines[format]
	if !ok {
		return fmt.Errorf("links: no format %q, only %s", format, Formats)
	}
	for _, l := range all {
		if _, err := fmt.Fprintln(w, line(l)); err != nil {
			return err
		}
	}
	return nil
}

// lines are the formats of one line a picture.
var lines = map[string]func(Link) string{
	"url":    func(l Link) string { return safeURL(l.URL) },
	"md":     Markdown,
	"html":   HTML,
	"bbcode": BBCode,
}

// Markdown shows the picture with its name as the text in its place.
func Markdown(l Link) string {
	return "![" + markdownEscaper.Replace(oneLine(l.Name)) + "](" + safeURL(l.URL) + ")"
}

// markdownEscaper puts a backslash before what CommonMark and its common
// extensions (tables, strikethrough, mathematics) could take for their own.
var markdownEscaper = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`,
	`&`, `\&`, `!`, `\!`, `|`, `\|`, `~`, `\~`, `$`, `\$`,
)

// HTML shows the picture with its name as the text in its place.
func HTML(l Link) string {
	return `<img src="` + html.EscapeString(safeURL(l.URL)) + `" alt="` + html.EscapeString(oneLine(l.Name)) + `">`
}

// BBCode shows the picture; the language has no place for its name.
func BBCode(l Link) string { return "[img]" + safeURL(l.URL) + "[/img]" }

// writeCSV writes a table for spreadsheets.
func writeCSV(w io.Writer, all []Link) error {
	table := csv.NewWriter(w)
	rows := [][]string{{"path", "name", "url", "etag", "size"}}
	for _, l := range all {
		rows = append(rows, []string{cell(l.Path), cell(l.Name), cell(l.URL), cell(l.Etag), strconv.FormatInt(l.Size, 10)})
	}
	return table.WriteAll(rows)
}

// cell keeps a spreadsheet from taking a text for a formula and running it: such a
// text gets an apostrophe in front, which spreadsheets take for "this is text".
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

func writeJSON(w io.Writer, all []Link) error {
	if all == nil {
		all = []Link{}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(all)
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
