package offline

import (
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"tuchuang/internal/entryname"
	"tuchuang/internal/picture"
)

// nameFrom is the name that an answer gives: in its header, else the last part of the
// URL; "" where neither can be one.
func nameFrom(header string, u *url.URL) string {
	if name := tidy(header); name != "" {
		return name
	}
	return tidy(path.Base(u.Path))
}

// tidy makes a name of a stranger's text: what is after the last slash of either kind,
// without what no name may have; "" where nothing is left.
func tidy(s string) string {
	s = strings.ToValidUTF8(s, "_")
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f:
			return -1
		case strings.ContainsRune(`":*?|><`, r):
			return '_'
		}
		return r
	}, s)
	s = strings.Trim(s, " ")
	if n := utf8.RuneCountInString(s); n > entryname.Max {
		ext := []rune(path.Ext(s))
		if len(ext) > 20 {
			ext = nil
		}
		s = string([]rune(s)[:entryname.Max-len(ext)]) + string(ext)
	}
	name, err := entryname.Clean(s)
	if err != nil {
		return ""
	}
	return name
}

// extensions are those of the types that pictures have which the bed takes.
var extensions = map[string]string{
	"image/png": ".png", "image/gif": ".gif", "image/jpeg": ".jpg", "image/tiff": ".tiff", "image/webp": ".webp", "image/bmp": ".bmp", "image/svg+xml": ".svg",
}

// finalName is what the file or image is called: as was asked, else as was found, else by
// what it is. In the bed it ends as a picture does.
func (w *work) finalName(kind string) string {
	name := w.name
	if name == "" {
		name = w.found
	}
	ext := extensions[kind]
	if name == "" {
		return "download" + ext
	}
	if _, ok := picture.FormatOfName(name); w.dest == ToBed && !ok {
		if room := entryname.Max - len(ext); utf8.RuneCountInString(name) > room {
			name = string([]rune(name)[:room])
		}
		name += ext
	}
	return name
}
