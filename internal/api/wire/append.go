package wire

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// Appender is data that writes itself, as encoding/json would: for the pages of a list,
// of which the reflection is a good part of what they cost.
type Appender interface {
	AppendJSON(b []byte) []byte
}

// AppendString appends a text as JSON.
func AppendString(b []byte, s string) []byte {
	if !plainText(s) {
		var quoted strings.Builder
		enc := json.NewEncoder(&quoted)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(s) // a text can always be told
		return append(b, strings.TrimSuffix(quoted.String(), "\n")...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// plainText says that a text stands in JSON as it is.
func plainText(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == 0xe2: // the last begins U+2028 too, a line break in JavaScript
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}

// AppendTime appends a time as Time has it, as JSON. The general formatting of times
// would be most of what a page costs.
func AppendTime(b []byte, t Time) []byte {
	at := time.Time(t).In(utc8)
	year, month, day := at.Date()
	if year < 1000 || year > 9999 {
		b = at.AppendFormat(append(b, '"'), layout)
		return append(b, '"')
	}
	hour, minute, second := at.Clock()
	return append(b, '"', digit(year/1000), digit(year/100), digit(year/10), digit(year),
		'-', digit(int(month)/10), digit(int(month)), '-', digit(day/10), digit(day),
		' ', digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':', digit(second/10), digit(second), '"')
}

// digit is the last one of a number.
func digit(n int) byte { return '0' + byte(n%10) }
