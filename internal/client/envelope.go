package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// maxAnswer bounds what is read of one answer; a page of 100 entries is far below.
const maxAnswer = 32 << 20

// envelope is what every answer of the API comes in.
type envelope struct {
	Code    *int            `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
	TraceID string          `json:"x-traceID"`
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// readAnswer reads one answer into out, which may be nil. A refusal is an *Error;
// what is no answer of this API at all is a brokenError. flat says that success comes
// without the envelope.
func readAnswer(resp *http.Response, out any, flat bool) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &brokenError{cause: fmt.Errorf("client: the answer broke off: %w", err)}
	}
	if resp.Request.Method == http.MethodPut && len(body) == 0 && resp.StatusCode/100 == 2 {
		return nil // a presigned PUT has no envelope
	}
	var env envelope
	err = json.Unmarshal(body, &env)
	if flat && err == nil && env.Code == nil && resp.StatusCode == http.StatusOK {
		env.Code, env.Data = new(int), body
	}
	if err != nil || env.Code == nil {
		refusal := &Error{HTTP: resp.StatusCode, Message: notThisAPI(resp), Foreign: &Foreign{
			Host: resp.Request.URL.Host, Status: resp.Status, Location: resp.Header.Get("Location"),
			// As Go's own server and nginx say it.
			WantsTLS: resp.StatusCode == http.StatusBadRequest && bytes.Contains(body, []byte("HTTPS")) && resp.Request.URL.Scheme == "http",
		}}
		if resp.StatusCode >= 500 {
			return &brokenError{cause: refusal} // a proxy before a server that is away
		}
		return refusal
	}
	if *env.Code != 0 {
		refusal := &Error{Code: *env.Code, Message: env.Message, TraceID: env.TraceID, HTTP: resp.StatusCode}
		if env.Error != nil {
			refusal.Reason, refusal.English = env.Error.Code, env.Error.Message
		} else {
			refusal.Reason = string(reasonOf(*env.Code, env.Message))
		}
		return refusal
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(env.Data, out); err != nil {
		return fmt.Errorf("client: the answer has another shape than expected: %w", err)
	}
	return nil
}

func notThisAPI(resp *http.Response) string {
	text := fmt.Sprintf("%s did not answer in the form of this API: HTTP %s", resp.Request.URL.Host, resp.Status)
	if to := resp.Header.Get("Location"); to != "" {
		text += ", it points to " + to
	}
	return text
}
