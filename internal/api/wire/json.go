package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

var (
	errTooDeep  = errors.New("JSON nested too deep")
	errNotJSON  = errors.New("not one complete JSON value")
	errNotNamed = errors.New("a JSON array where an object is wanted")
)

// addJSON reads a JSON body. encoding/json judges it as a whole first; what is
// split below is therefore known to be well formed.
func (p *Params) addJSON(body []byte) error {
	switch {
	case tooDeep(body):
		return errTooDeep
	case !utf8.Valid(body):
		return errUTF8
	case !json.Valid(body):
		return errNotJSON
	case body[0] != '{':
		return errNotNamed
	}
	return p.addMembers(string(body))
}

// isList says whether a text is a JSON array, as some put one into a form.
func isList(text string) bool {
	return strings.HasPrefix(text, "[") && !tooDeep([]byte(text)) && json.Valid([]byte(text))
}

// tooDeep says whether brackets are nested deeper than maxDepth. It looks at
// any bytes, so that it can speak before a parser has had to.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
			if c == '\\' {
				i++
			}
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// addMembers adds the members of a well formed JSON object.
func (p *Params) addMembers(object string) error {
	for i := skipTo(object, 1); object[i] != '}'; i = skipTo(object, i) {
		name, next, err := readValue(object, i)
		if err != nil {
			return err
		}
		value, next, err := readValue(object, skipTo(object, next))
		if err != nil {
			return err
		}
		if err := p.add(name.source, value, fromJSON); err != nil {
			return err
		}
		i = next
	}
	return nil
}

// eachElement calls yield with the elements of a well formed JSON array.
func eachElement(array string, yield func(Raw) error) error {
	for i := skipTo(array, 1); array[i] != ']'; i = skipTo(array, i) {
		value, next, err := readValue(array, i)
		if err != nil {
			return err
		}
		if err := yield(value); err != nil {
			return err
		}
		i = next
	}
	return nil
}

// skipTo gives the place of the next value or closing bracket at or after i in
// well formed JSON.
func skipTo(s string, i int) int {
	for strings.IndexByte(" \t\r\n,:", s[i]) >= 0 {
		i++
	}
	return i
}

// readValue reads the value that begins at i in well formed JSON, and gives the
// place after it.
func readValue(s string, i int) (Raw, int, error) {
	end := valueEnd(s, i)
	source := s[i:end]
	switch s[i] {
	case '"':
		decoded, err := unquote(source)
		return Raw{isText, decoded}, end, err
	case '{':
		return Raw{isObject, source}, end, nil
	case '[':
		return Raw{isArray, source}, end, nil
	case 't', 'f':
		return Raw{isBool, source}, end, nil
	case 'n':
		return Raw{}, end, nil
	}
	return Raw{isNumber, source}, end, nil
}

// valueEnd gives the place after the value that begins at i.
func valueEnd(s string, i int) int {
	switch s[i] {
	case '"':
		for i++; s[i] != '"'; i++ {
			if s[i] == '\\' {
				i++
			}
		}
		return i + 1
	case '{', '[':
		for depth := 0; ; {
			switch s[i] {
			case '"':
				i = valueEnd(s, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	// A word or number ends at the next mark; an enclosing bracket follows it.
	return i + strings.IndexAny(s[i:], ",]} \t\r\n")
}

// unquote decodes a JSON string. An escaped half of a surrogate pair becomes
// U+FFFD, as everywhere in Go.
func unquote(quoted string) (string, error) {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	var s string
	err := json.Unmarshal([]byte(quoted), &s)
	return s, err
}
