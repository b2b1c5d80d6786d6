package wire

import (
	"errors"
	"strconv"
	"strings"
)

// shape is what kind of value was sent.
type shape uint8

const (
	isNull   shape = iota
	isText         // a JSON string, or anything in a query or form
	isNumber       // of JSON, as the following
	isBool
	isArray
	isObject
)

// Raw is one value as it was sent, for parameters that are not plain: an
// element may be an object with one client and a string with the next. The zero
// Raw is absent.
type Raw struct {
	shape shape
	// source is the decoded text of a text, and JSON that has been checked of
	// anything else.
	source string
}

// empty says that the value counts as absent.
func (r Raw) empty() bool {
	switch r.shape {
	case isNull:
		return true
	case isText:
		return r.source == ""
	case isArray:
		return strings.TrimSpace(r.source[1:len(r.source)-1]) == ""
	}
	return false
}

// Text gives the text of a string, number or boolean; false for anything else.
// A whole number reads as its digits, however it was written (1e2, 100.0).
func (r Raw) Text() (string, bool) {
	switch r.shape {
	case isText, isBool:
		return r.source, true
	case isNumber:
		if strings.ContainsAny(r.source, ".eE") {
			if n, err := parseInt(r.source); err == nil {
				return strconv.FormatInt(n, 10), true
			}
		}
		return r.source, true
	}
	return "", false
}

// Object gives the members of a JSON object, ready for Bind; false for anything
// else, and for an object of more members than a request may have.
func (r Raw) Object() (*Params, bool) {
	if r.shape != isObject {
		return nil, false
	}
	p := &Params{}
	if err := p.addMembers(r.source); err != nil {
		return nil, false
	}
	return p, true
}

var (
	errNotInteger = errors.New("not an integer of 64 bits")
	errNotBoolean = errors.New("not a boolean")
	errNotScalar  = errors.New("a list or object where one value is wanted")
)

const (
	maxDigits   = 64      // bytes of a number that is tried as an integer; "-9223372036854775808.0" has 22
	maxExponent = 1 << 20 // keeps sums of exponents from overflowing
)

// parseInt reads a decimal number that is exactly an integer, without passing
// through a float: 9007199254740993, 100.0, 1e2 and -5 are, 1.5 isn't.
func parseInt(s string) (int64, error) {
	if len(s) > maxDigits {
		return 0, errNotInteger
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e < -maxExponent || e > maxExponent {
			return 0, errNotInteger
		}
		mantissa, exponent = s[:i], e
	}
	sign := ""
	if mantissa != "" && (mantissa[0] == '-' || mantissa[0] == '+') {
		sign, mantissa = mantissa[:1], mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errNotInteger
	}
	exponent -= len(fraction)

	// The number is sign digits * 10^exponent: move its zeros into the exponent.
	significant := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(significant)
	significant = strings.TrimLeft(significant, "0")
	switch {
	case significant == "":
		return 0, nil
	case exponent < 0 || exponent > 18: // a fraction, or over 2^63
		return 0, errNotInteger
	}
	n, err := strconv.ParseInt(sign+significant+strings.Repeat("0", exponent), 10, 64)
	if err != nil {
		return 0, errNotInteger
	}
	return n, nil
}

// parseBool reads true, True, 1 and the like.
func parseBool(s string) (bool, error) {
	switch {
	case s == "1" || strings.EqualFold(s, "true"):
		return true, nil
	case s == "0" || strings.EqualFold(s, "false"):
		return false, nil
	}
	return false, errNotBoolean
}
