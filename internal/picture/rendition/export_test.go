package rendition

import (
	"context"
	"io"
)

// Bare is Open and Draw without the guard against panics, for the fuzzers.
func Bare(r io.ReaderAt, size int64, mime string, longer int, most int64) (Drawn, error) {
	f := forms[mime]
	s := &Source{content: &blocks{ctx: context.Background(), r: r, size: size}, form: f}
	if f.config != nil {
		if err := s.measure(); err != nil {
			return Drawn{}, err
		}
	}
	if s.Memory(longer) > most {
		return Drawn{}, ErrTooLarge
	}
	return s.draw(longer)
}
