package wire

import (
	"net/url"
	"strings"
)

// addPairs reads a query or an urlencoded body. It keeps the order between
// different names, which url.ParseQuery loses, and takes a semicolon literally.
func (p *Params) addPairs(pairs string, from source) error {
	for len(pairs) > 0 {
		var pair string
		pair, pairs, _ = strings.Cut(pairs, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return err
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return err
		}
		if err := p.addText(name, value, from); err != nil {
			return err
		}
	}
	return nil
}

// addText keeps one parameter of a query or form.
func (p *Params) addText(name, value string, from source) error {
	if err := checkText(name, value); err != nil {
		return err
	}
	return p.add(withoutIndex(name), Raw{isText, value}, from)
}

// withoutIndex turns the forms' array spellings key[] and key[0] into key.
func withoutIndex(name string) string {
	base, ok := strings.CutSuffix(name, "]")
	if !ok {
		return name
	}
	base = strings.TrimRight(base, "0123456789")
	if base, ok = strings.CutSuffix(base, "["); ok && base != "" {
		return base
	}
	return name
}
