// Package entryname says what a file, folder or image may be called, in the drive
// and in the bed alike: one form, one rule, and how a second of a name is called.
// It knows no tree and no database.
package entryname

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tuchuang/internal/fault"
)

// Max is how many characters a name may have.
const Max = 255

// Clean gives a name the form in which it is kept and compared (NFC), or
// fault.BadName: empty or only spaces, over Max characters, not UTF-8, "."
// or "..", with a control character or one of "\/:*?|><.
func Clean(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", fault.New(fault.BadName, "entryname: clean")
	}
	name = norm.NFC.String(name)
	if strings.TrimSpace(name) == "" || name == "." || name == ".." || utf8.RuneCountInString(name) > Max ||
		strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune(`"\/:*?|><`, r) }) {
		return "", fault.New(fault.BadName, "entryname: clean")
	}
	return name, nil
}

// Offline is the folder that fetched URLs go into where no other is named. The API's
// documentation calls it so, though nobody may call a folder of his own so: only the path of
// a download may name it.
const Offline = "来自:离线下载"

var offlines = regexp.MustCompile(`^` + Offline + `(\([1-9][0-9]*\))*$`)

// Find is Clean for a name that somebody looks for: there may be Offline too, and what its
// copies are called.
func Find(name string) (string, error) {
	clean, err := Clean(name)
	if err != nil && offlines.MatchString(name) {
		return name, nil
	}
	return clean, err
}

// Kept says whether a name is in the form in which it is kept.
func Kept(name string) bool {
	clean, err := Find(name)
	return err == nil && clean == name
}

// Suffixed is the nth other form of a name: stem(n).ext. The ending begins at the last
// dot, also where nothing is before it: what kind of file a name stands for is kept, and
// ".png" becomes "(1).png". The stem is cut where Max characters would be passed.
func Suffixed(name string, n int) string {
	stem, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		stem, ext = name[:i], name[i:]
	}
	suffix := fmt.Sprintf("(%d)", n)
	room := Max - utf8.RuneCountInString(suffix) - utf8.RuneCountInString(ext)
	if room < 1 { // the ending alone is too long: cut it as part of the name
		stem, ext = name, ""
		room = Max - utf8.RuneCountInString(suffix)
	}
	if r := []rune(stem); len(r) > room {
		stem = string(r[:room])
	}
	return stem + suffix + ext
}

// inOrder is how many suffixes Free tries one by one.
const inOrder = 16

// Free finds another form of a name that is not taken, name(n).ext with an n above
// after, and answers it with its n. The next 16 are tried in order. Where all of
// them are taken the distance is doubled until one is free and then halved between
// the last taken and the first free one: it takes some 2·log(n) questions, and of
// numbers with gaps it need not be the lowest. It asks the same questions whenever
// it gets the same answers. The first error of taken ends it.
func Free(name string, after int, taken func(string) (bool, error)) (free string, n int, err error) {
	low, high := after, after+1 // taken, or where it begins; perhaps free
	for {
		t, err := taken(Suffixed(name, high))
		if err != nil {
			return "", 0, err
		}
		if !t {
			break
		}
		low = high
		if high++; high-after > inOrder {
			high = after + 2*(low-after)
		}
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		t, err := taken(Suffixed(name, middle))
		if err != nil {
			return "", 0, err
		}
		if t {
			low = middle
		} else {
			high = middle
		}
	}
	return Suffixed(name, high), high, nil
}
