package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"tuchuang/internal/account"
)

// An answer in pieces that breaks off does not end as if it were whole, and why stands in
// the log alone.
func TestStreamsBreakOff(t *testing.T) {
	for _, broken := range []bool{false, true} {
		var log bytes.Buffer
		s := httptest.NewServer(one(&log, endpoint{in: reflect.TypeFor[none](), call: func(ctx context.Context, _ account.ID, _ *http.Request) (any, error) {
			return stream(func(whole context.Context, f *flow) error {
				if _, limited := whole.Deadline(); limited || ctx == whole {
					t.Error("the stream has the time of a request")
				}
				f.begin("text/x")
				if err := f.send([]byte("a piece")); err != nil || !broken {
					return err
				}
				return errors.New("secret cause")
			}), nil
		}}))
		res, err := http.Get(s.URL + "/api/x")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if (err != nil) != broken || string(body) != "a piece" || res.Header.Get("Content-Type") != "text/x" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("broken %v: %q %v %v", broken, body, err, res.Header)
		}
		s.Close() // when it has returned the log is written
		if strings.Contains(log.String(), "level=ERROR") != broken || strings.Contains(log.String(), "secret cause") != broken {
			t.Errorf("broken %v: log:\n%s", broken, &log)
		}
	}
}
