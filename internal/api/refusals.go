package api

import (
	"sync"
	"time"
)

// refusalsSaid is how many refused sign-ins have a line of the log in a minute: who
// mistypes is told of, and no stranger fills a disk.
const refusalsSaid = 10

// refusals counts sign-ins that were refused.
type refusals struct {
	mu     sync.Mutex
	minute time.Time // when it began
	count  int       // in it
}

// add counts one. say is whether it has a line, unsaid how many of the minute before
// had none.
func (r *refusals) add(now time.Time) (say bool, unsaid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.minute) >= time.Minute {
		unsaid = max(0, r.count-refusalsSaid)
		r.minute, r.count = now, 0
	}
	r.count++
	return r.count <= refusalsSaid, unsaid
}
