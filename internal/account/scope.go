package account

import "strings"

// Scope is what a token may do: some of the three.
type Scope int

// The scopes, by the words of the platform.
const (
	UserBase  Scope = 1 << iota // user:base: the account and its space
	FileRead                    // file:all:read
	FileWrite                   // file:all:write
)

// AllScopes are those of a token that a client gets for its own account.
const AllScopes = UserBase | FileRead | FileWrite

var scopeWords = []struct {
	scope Scope
	word  string
}{{UserBase, "user:base"}, {FileRead, "file:all:read"}, {FileWrite, "file:all:write"}}

// ParseScope reads scopes with commas or spaces between them; ok is false where there is
// none, or an unknown one.
func ParseScope(text string) (s Scope, ok bool) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		var one Scope
		for _, w := range scopeWords {
			if w.word == word {
				one = w.scope
			}
		}
		if one == 0 {
			return 0, false
		}
		s |= one
	}
	return s, s != 0
}

// Words are the scopes one by one.
func (s Scope) Words() (list []string) {
	for _, w := range scopeWords {
		if s&w.scope != 0 {
			list = append(list, w.word)
		}
	}
	return list
}

// String is what ParseScope reads.
func (s Scope) String() string { return strings.Join(s.Words(), ",") }
