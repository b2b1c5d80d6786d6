package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tuchuang/internal/fault"
)

// Error is a refusal by the server.
type Error struct {
	Code    int    // of the envelope; 0 when the answer had none
	Message string // as served, in Chinese on most servers
	English string // the same in English; "" where the server sends none
	Reason  string // a fault code; worked out from code and message where the server sends none; may be ""
	TraceID string // what to tell the operator; may be ""
	HTTP    int    // status of the HTTP answer

	Foreign *Foreign // what answered, where it was not in the form of this API
}

// Foreign is an answer that is not of this API.
type Foreign struct {
	Host, Status string
	Location     string // where it points to; may be ""
	WantsTLS     bool   // it was spoken to by http:// and speaks https://
}

// Error reads in English where the server does.
func (e *Error) Error() string {
	text := e.English
	if text == "" {
		text = e.Message
	}
	if text == "" {
		text = fmt.Sprintf("HTTP %d", e.HTTP)
	}
	return text
}

// Is says whether err is a refusal by the server for that reason.
func Is(err error, reason fault.Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Reason == string(reason)
}

// NoEndpoint says whether the server answered that it has no such endpoint, as those
// of the documentation alone do.
func NoEndpoint(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.HTTP == http.StatusNotFound || e.HTTP == http.StatusMethodNotAllowed)
}

// errNoID is an answer of success without the id it should carry.
var errNoID = errors.New("client: the server answered success without an id")

// brokenError is a call of which nobody knows whether it arrived.
type brokenError struct {
	cause error
	final bool // it is not to be tried again: the call's patience is used up, or part of the answer was taken
}

func (e *brokenError) Error() string { return e.cause.Error() }
func (e *brokenError) Unwrap() error { return e.cause }

func isFinal(err error) bool {
	broken, ok := errors.AsType[*brokenError](err)
	return ok && broken.final
}

// Broken says whether err left it open if the call was carried out: the
// connection broke, the answer was not one of this API, or the server does not know it
// either.
func Broken(err error) bool {
	_, ok := errors.AsType[*brokenError](err)
	return ok || Is(err, fault.Uncertain)
}

// Numbers of the envelope with a meaning of their own.
const (
	codeBadToken    = 401
	codeTooMany     = 429
	codeNotFound    = 5066
	codeNotVerified = 20103
)

// reasonOf names the reason of a refusal that came without one, as other servers
// of the API send them: by its number, else by the words clients know.
func reasonOf(code int, message string) fault.Code {
	switch code {
	case codeBadToken:
		return fault.TokenExpired
	case codeNotFound:
		return fault.NotFound
	}
	for _, known := range knownWords {
		if strings.Contains(message, known.words) {
			return known.reason
		}
	}
	return ""
}

var knownWords = []struct {
	words  string
	reason fault.Code
}{
	{"目录名不能重名", fault.BedFolderTaken},
	{"该目录下已经有同名文件夹", fault.FolderTaken},
	{"不能重名", fault.NameTaken},
	{"文件名要小于256个字符", fault.BadName},
	{"文件上传失败", fault.HashMismatch},
}
