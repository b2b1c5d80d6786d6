package drive

import (
	"hash/fnv"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"tuchuang/internal/db"
)

// A name has these words: each of its characters, each two that stand beside each other,
// the name as a whole, and one that every name has. Two characters are one where Unicode's
// simple case folding makes them so, or where one is the full-width or half-width form of
// the other. The same rule says whether a name contains a text, see searched.has.

const (
	index = db.WordIndex("drive_words")

	anyName   = int64(0)       // the word of every name
	wholeName = int64(1) << 42 // begins the words that are whole names
	// maxWords is how many words a search asks for: what is left out is seen in the names.
	maxWords = 32
)

// fold answers the one of all characters that are the same.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	if f := width.LookupRune(r).Folded(); f != 0 {
		r = f
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// folded is a text as it is compared.
func folded(s string) string { return strings.Map(fold, s) }

// wordsOf answers the words of a name.
func wordsOf(name string) []int64 {
	words := append(make([]int64, 0, 2*len(name)+2), anyName, whole(name))
	before := rune(-1)
	for _, r := range folded(name) {
		words = append(words, int64(r))
		if before >= 0 {
			words = append(words, beside(before, r))
		}
		before = r
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func beside(a, b rune) int64 { return int64(a)<<21 | int64(b) }

func whole(name string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return wholeName | int64(h.Sum64()&uint64(wholeName-1))
}

// searched is what a search is for: names that contain a text or, exact, are it.
type searched struct {
	text  string // folded, unless exact
	exact bool
}

func newSearched(text string, exact bool) searched {
	text = norm.NFC.String(text)
	if !exact {
		text = folded(text)
	}
	return searched{text, exact}
}

// has says whether a name is searched for.
func (s searched) has(name string) bool {
	switch {
	case s.text == "":
		return false
	case s.exact:
		return name == s.text
	}
	return strings.Contains(folded(name), s.text)
}

// words are such as each of the names has.
func (s searched) words() []int64 {
	runes := []rune(s.text)
	switch {
	case s.exact:
		return []int64{whole(s.text)}
	case len(runes) == 1:
		return []int64{int64(runes[0])}
	}
	var words []int64
	for i := 1; i < len(runes); i++ {
		words = append(words, beside(runes[i-1], runes[i]))
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return words[:min(len(words), maxWords)]
}
