package linkformat

import (
	"strconv"
	"strings"

	"tuchuang/internal/fault"
)

// MaxTemplate is how many bytes a template may have.
const MaxTemplate = 4096

// piece is a stretch of a template: text, or what stands for a value.
type piece struct {
	text   string
	value  func(l Link, n int) string // nil for text
	escape func(string) string        // nil for none
}

// values are what a template can ask for.
var values = map[string]func(l Link, n int) string{
	"url":  func(l Link, _ int) string { return safeURL(l.URL) },
	"name": func(l Link, _ int) string { return oneLine(l.Name) },
	"stem": func(l Link, _ int) string { stem, _ := split(l.Name); return oneLine(stem) },
	"ext":  func(l Link, _ int) string { _, ext := split(l.Name); return oneLine(ext) },
	"id":   func(l Link, _ int) string { return l.ID },
	"etag": func(l Link, _ int) string { return l.Etag },
	"size": func(l Link, _ int) string { return strconv.FormatInt(l.Size, 10) },
	"n":    func(_ Link, n int) string { return strconv.Itoa(n) },
}

// split parts a name at its last dot; a dot in front begins no ending.
func split(name string) (stem, ext string) {
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[:i], name[i+1:]
	}
	return name, ""
}

// parse takes a template apart.
func parse(template string) ([]piece, error) {
	if len(template) > MaxTemplate {
		return nil, fault.New(fault.BadRequest, "linkformat: template", "template")
	}
	var pieces []piece
	for rest := template; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			return append(pieces, piece{text: rest}), nil
		}
		pieces = append(pieces, piece{text: rest[:at]})
		rest = rest[at:]
		if strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "}}") {
			pieces = append(pieces, piece{text: rest[:1]})
			rest = rest[2:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if end <= 0 { // a brace that is alone
			return nil, senseless(rest)
		}
		p, ok := placeholder(rest[1:end])
		if !ok {
			return nil, senseless(rest[:end+1])
		}
		pieces = append(pieces, p)
		rest = rest[end+1:]
	}
	return pieces, nil
}

// placeholder reads what stands between braces.
func placeholder(word string) (piece, bool) {
	name, language, escaped := strings.Cut(word, ":")
	p := piece{value: values[name]}
	if escaped {
		p.escape = escapes[language]
	}
	return p, p.value != nil && escaped == (p.escape != nil)
}

// senseless shows the part of a template that can't be read, or the beginning of it.
func senseless(part string) error {
	const shown = 32
	if r := []rune(part); len(r) > shown {
		part = string(r[:shown]) + "…"
	}
	return fault.New(fault.BadRequest, "linkformat: template", "template "+oneLine(part))
}

// fill puts a picture's values into a template.
func fill(pieces []piece, l Link, n int) string {
	var b strings.Builder
	for _, p := range pieces {
		text := p.text
		if p.value != nil {
			text = p.value(l, n)
		}
		if p.escape != nil {
			text = p.escape(text)
		}
		b.WriteString(text)
	}
	return b.String()
}
