package client

import (
	"io"
	"time"
)

// watched is a body that notices when nobody takes its bytes any more. net/http
// has limits for the dial and for the answer, none for a request that stands
// still half way.
type watched struct {
	r     io.Reader
	limit time.Duration
	timer *time.Timer
}

// watch calls stalled when no byte of r has been taken for limit.
func watch(r io.Reader, limit time.Duration, stalled func()) *watched {
	return &watched{r, limit, time.AfterFunc(limit, stalled)}
}

// Read gives the next bytes. After the last one the time belongs to the answer.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil {
		w.timer.Stop()
	} else {
		w.timer.Reset(w.limit)
	}
	return n, err
}

func (w *watched) stop() { w.timer.Stop() }
