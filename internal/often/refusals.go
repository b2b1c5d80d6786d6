package often

import (
	"log/slog"
	"sync"
	"time"
)

// refusalsSaid is how many refused sign-ins have a line of the log in a minute: who
// mistypes is told of, and no stranger fills a disk.
const refusalsSaid = 10

// Refusals tells of sign-ins that were refused. Its methods may be called at the same time;
// the zero value has told of none.
type Refusals struct {
	mu     sync.Mutex
	minute time.Time // when it began
	count  int       // in it
}

// Tell tells of one, unless there were many; with the first of another minute also how many
// were not told of.
func (r *Refusals) Tell(log *slog.Logger, at time.Time, message string, args ...any) {
	say, unsaid := r.add(at)
	if !say {
		return
	}
	if unsaid > 0 {
		args = append(args, "unsaid", unsaid)
	}
	log.Info(message, args...)
}

// add counts one. say is whether it has a line, unsaid how many of the minute before
// had none.
func (r *Refusals) add(now time.Time) (say bool, unsaid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.minute) >= time.Minute {
		unsaid = max(0, r.count-refusalsSaid)
		r.minute, r.count = now, 0
	}
	r.count++
	return r.count <= refusalsSaid, unsaid
}
