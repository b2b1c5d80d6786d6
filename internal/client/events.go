package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxEvent is how many bytes a line of a stream of events may have.
const maxEvent = 1 << 20

// CopyEvents listens to a task, or with "" to all of the account, and calls told with each
// event until the server ends the stream, or the stream breaks. after is the id of the last
// event of an earlier stream, "" for none; that of the last one of this stream is answered.
// told ends it with an error, which is answered. It is not in the documentation.
func (c *Client) CopyEvents(ctx context.Context, taskID, after string, told func(CopyTask) error) (last string, err error) {
	last, _, err = c.listen(ctx, taskID, after, told)
	return last, err
}

// listen is CopyEvents that says too whether there was a stream at all.
func (c *Client) listen(ctx context.Context, taskID, after string, told func(CopyTask) error) (last string, begun bool, err error) {
	last = after
	query := url.Values{}
	if taskID != "" {
		query.Set("taskID", taskID)
	}
	err = c.do(ctx, call{
		method: http.MethodGet, path: "/api/v1/oss/source/copy/events", query: query, safe: true, lastEvent: after,
		header: [2]string{"Content-Type", "text/event-stream"}, take: func(body io.Reader) error {
			begun = true
			return readEvents(body, func(e streamEvent) error {
				last = e.id
				if e.kind != "task" {
					return nil // of a later server
				}
				var t CopyTask
				if err := json.Unmarshal([]byte(e.data), &t); err != nil {
					return fmt.Errorf("client: an event has another shape than expected: %w", err)
				}
				return told(t)
			})
		},
	}, nil)
	return last, begun, err
}

type streamEvent struct{ id, kind, data string }

// readEvents reads a stream of events to its end.
func readEvents(r io.Reader, each func(streamEvent) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	var e streamEvent
	var data []string
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			e.data = strings.Join(data, "\n")
			if data != nil {
				if err := each(e); err != nil {
					return err
				}
			}
			e.kind, data = "", nil
		case name == "id":
			e.id = value
		case name == "event":
			e.kind = value
		case name == "data":
			data = append(data, value)
		}
	}
	return lines.Err()
}

// A task that can't be listened to is asked for often at first, so that a short one ends
// at once, and less often the longer it takes.
const (
	firstPoll   = 10 * time.Millisecond
	longestPoll = 500 * time.Millisecond
)

// errEnded ends a stream of which no more is wanted.
var errEnded = errors.New("client: the task has ended")

// Follow calls told with where a task stands, whenever that has changed, and answers how it
// ended. It listens to events, again where the stream ends or breaks early, and asks for the
// state from time to time where there are none to be had.
func (c *Client) Follow(ctx context.Context, taskID string, told func(CopyState)) (CopyState, error) {
	pause := pauses{c: c}
	for after := ""; ; {
		var state CopyState
		came := false
		last, begun, err := c.listen(ctx, taskID, after, func(t CopyTask) error {
			state, came = t.CopyState, true
			told(state)
			if state.Ended() {
				return errEnded
			}
			return nil
		})
		switch {
		case state.Ended():
			return state, nil
		case ctx.Err() != nil:
			return state, context.Cause(ctx)
		case !begun && Broken(err):
			return state, err // it was waited for long enough
		case !came:
			// An older server, or another one; or something on the way that keeps events back.
			return c.poll(ctx, taskID, told)
		case err != nil && !Broken(err):
			return state, err
		}
		after, pause = last, pauses{c: c} // it was there a moment ago
		if _, err := pause.next(ctx, 0); err != nil {
			return state, err
		}
	}
}

// poll is Follow where there are no events.
func (c *Client) poll(ctx context.Context, taskID string, told func(CopyState)) (CopyState, error) {
	for wait := firstPoll; ; wait = min(wait*3/2, longestPoll) {
		state, err := c.CopyProcess(ctx, taskID)
		if err != nil {
			return state, err
		}
		told(state)
		if state.Ended() {
			return state, nil
		}
		if err := c.wait(ctx, wait); err != nil {
			return state, err
		}
	}
}
