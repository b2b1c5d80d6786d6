// Package linkformat writes direct links in the forms people paste: the ones that
// everybody knows, and those of a template. It promises that no name breaks its form,
// whatever characters it has, and knows nothing of servers, accounts or the database.
package linkformat

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"tuchuang/internal/fault"
)

// Link is one picture: where it stands in the bed, and where all can see it.
type Link struct {
	ID   string
	Path string // in the bed, "/a/b.png"; told only by a Format that shows paths
	Name string
	URL  string
	Etag string
	Size int64 // bytes
}

// Names are the formats that New knows, comma-joined; the last one wants a template.
const Names = "url,md,html,bbcode,csv,json,template"

const (
	formatCSV      = "csv"
	formatJSON     = "json"
	formatTemplate = "template"
)

// Format is one way to write links; New makes it. It may be used by many at the
// same time.
type Format struct {
	name     string
	template []piece
	paths    bool
}

// New makes the format of a name of Names, in any case. Without a name it is the
// template's where there is one, else url.
//
// A template is text in which {url} {name} {stem} {ext} {id} {etag} {size} {n} stand
// for what is known of a picture: n counts from 1, ext has no dot, size is in bytes.
// {name:md} writes it so that it breaks no Markdown; html, json, csv and url (for a
// part of an address) do the same for theirs. Without such a word a value is written
// as it is, on one line. {{ and }} are braces.
//
// Errors: BadRequest for "format" where the name is unknown; for "template", with the
// braces that make no sense, where the template is missing, longer than MaxTemplate,
// can't be read, or the format is another one.
func New(name, template string) (Format, error) {
	f := Format{name: strings.ToLower(name)}
	switch {
	case f.name == "" && template != "":
		f.name = formatTemplate
	case f.name == "":
		f.name = "url"
	case f.name == formatTemplate && template == "", f.name != formatTemplate && template != "":
		return Format{}, fault.New(fault.BadRequest, "linkformat: new", "template")
	}
	if f.name != formatTemplate && f.name != formatCSV && f.name != formatJSON && lines[f.name] == nil {
		return Format{}, fault.New(fault.BadRequest, "linkformat: new", "format")
	}
	var err error
	f.template, err = parse(template)
	return f, err
}

// WithPaths is the same format, of which tables and JSON tell the paths too.
func (f Format) WithPaths() Format {
	f.paths = true
	return f
}

// Text writes one link, the nth: a line, a row of a table, an object, or what the
// template makes of it. Only a template can put a line break in it.
func (f Format) Text(l Link, n int) string {
	switch f.name {
	case formatCSV:
		row := []string{l.ID, l.Name, l.URL, l.Etag, strconv.FormatInt(l.Size, 10)}
		if f.paths {
			row = append([]string{l.Path}, row...)
		}
		return Record(row)
	case formatJSON:
		return f.object(l)
	case formatTemplate:
		return fill(f.template, l, n)
	}
	return lines[f.name](l)
}

// Join makes one text of those that Text has made, in their order: lines, each with
// its line break; a table below its header; a JSON list.
func (f Format) Join(texts []string) string {
	var b strings.Builder
	switch f.name {
	case formatJSON:
		for i, text := range texts {
			b.WriteString([]string{"[\n  ", ",\n  "}[min(i, 1)])
			b.WriteString(text)
		}
		if len(texts) == 0 {
			return "[]\n"
		}
		b.WriteString("\n]\n")
		return b.String()
	case formatCSV:
		if f.paths {
			b.WriteString("path,")
		}
		b.WriteString("id,name,url,etag,size\n")
	}
	for _, text := range texts {
		b.WriteString(text)
		if !strings.HasSuffix(text, "\n") {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// All writes links in their order, numbered from 1, as one text.
func (f Format) All(list []Link) string {
	texts := make([]string, len(list))
	for i, l := range list {
		texts[i] = f.Text(l, i+1)
	}
	return f.Join(texts)
}

// lines are the formats of one line a picture.
var lines = map[string]func(Link) string{
	"url": func(l Link) string { return safeURL(l.URL) },
	"md":  Markdown,
	"html": func(l Link) string {
		return `<img src="` + htmlText(safeURL(l.URL)) + `" alt="` + htmlText(oneLine(l.Name)) + `">`
	},
	"bbcode": func(l Link) string { return "[img]" + safeURL(l.URL) + "[/img]" }, // which has no place for a name
}

// Markdown shows the picture with its name as the text in its place.
func Markdown(l Link) string {
	return "![" + markdownText(oneLine(l.Name)) + "](" + safeURL(l.URL) + ")"
}

// Table writes a table for spreadsheets in CSV, with lines that end with CRLF. No cell can
// be taken for a formula.
type Table struct{ w *csv.Writer }

// NewTable begins a table.
func NewTable(to io.Writer) *Table {
	t := &Table{csv.NewWriter(to)}
	t.w.UseCRLF = true
	return t
}

// Row writes a row, which is changed; what goes wrong End tells.
func (t *Table) Row(cells ...string) {
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	_ = t.w.Write(cells) // kept for End
}

// End writes the rest.
func (t *Table) End() error {
	t.w.Flush()
	return t.w.Error()
}

// Record is a row of a table for spreadsheets, without its line break. No cell can be
// taken for a formula: the row is changed to that end.
func Record(row []string) string {
	for i := range row {
		row[i] = cell(row[i])
	}
	var b strings.Builder
	table := csv.NewWriter(&b)
	if err := table.Write(row); err != nil {
		panic(err) // only for a comma that can't be one; a builder takes all
	}
	table.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

func (f Format) object(l Link) string {
	out := struct {
		Path string `json:"path,omitempty"`
		ID   string `json:"id"`
		Name string `json:"name"`
		URL  string `json:"url"`
		Etag string `json:"etag"`
		Size int64  `json:"size"`
	}{"", l.ID, l.Name, l.URL, l.Etag, l.Size}
	if f.paths {
		out.Path = l.Path
	}
	return encode(out)
}

// encode is JSON in which addresses stay readable.
func encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // texts and numbers can always be told
	}
	return strings.TrimSuffix(b.String(), "\n")
}
