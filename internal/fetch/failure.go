package fetch

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"time"

	"tuchuang/internal/fault"
)

// Reason says why nothing came, or not all.
type Reason string

// The reasons.
const (
	Refused          Reason = "address_refused"    // the address is not one that may be asked
	BadURL           Reason = "bad_url"            // a redirect leads to what is no URL for us
	TooManyRedirects Reason = "too_many_redirects" // more than ten
	NoSuchHost       Reason = "no_such_host"       // the name is nobody's
	BadCertificate   Reason = "bad_certificate"    // the server does not prove who it is
	BadStatus        Reason = "bad_status"         // an answer that will be the same again
	Busy             Reason = "server_busy"        // an answer that may be another one later
	BadRange         Reason = "bad_range"          // what was asked to go on is something else
	BadEncoding      Reason = "bad_encoding"       // a form that we can't read
	TooLarge         Reason = "too_large"          // more than may come
	Stalled          Reason = "stalled"            // no byte for a minute, or hardly any
	Network          Reason = "network"            // the connection could not be made, or broke
)

// Failure is why a server gave nothing, or not all.
type Failure struct { //nolint:errname // a word of the product: a server failed
	Reason Reason
	Status int           // of HTTP, where there was one
	Again  bool          // it may be otherwise later
	Afresh bool          // from the beginning then
	After  time.Duration // not before that, if the server asked for it
	Cause  error
}

func (f *Failure) Error() string {
	s := "fetch: " + string(f.Reason)
	if f.Status != 0 {
		s += " " + strconv.Itoa(f.Status)
	}
	if f.Cause != nil {
		s += ": " + f.Cause.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (f *Failure) Unwrap() error { return f.Cause }

// failure makes a Failure of whatever went wrong. Where the caller has gone it is the
// context's own error.
func (c *Client) failure(ctx context.Context, err error) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	f := &Failure{Reason: Network, Again: true, Cause: err}
	if e, ok := errors.AsType[*url.Error](err); ok {
		f.Cause = e.Err // a URL may be a secret of who gave it, and this is logged
	}
	_, badCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, isCorrupt := errors.AsType[flate.CorruptInputError](err)
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case fault.Is(err, fault.AddressRefused):
		f.Reason, f.Again = Refused, false
	case fault.Is(err, fault.BadURL):
		f.Reason, f.Again = BadURL, false
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case isDNS && dns.IsNotFound:
		f.Reason, f.Again = NoSuchHost, false
	case badCertificate:
		f.Reason, f.Again = BadCertificate, false
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), isCorrupt:
		f.Reason, f.Again = BadEncoding, false
	}
	return f
}
