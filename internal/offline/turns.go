package offline

import "sync"

// turns has one attempt of a task at a time in this process: one that lost its lease may
// still be at the place that its successor writes to. Other processes are kept apart by
// the store, see blob.Store.
type turns struct {
	mu sync.Mutex
	m  map[turn]chan struct{}
}

type turn struct{ account, seq int64 }

// take waits for whoever is at the task. leave must be called.
func (t *turns) take(of turn) (leave func()) {
	mine := make(chan struct{})
	for {
		t.mu.Lock()
		other := t.m[of]
		if other == nil {
			t.m[of] = mine
		}
		t.mu.Unlock()
		if other == nil {
			break
		}
		<-other
	}
	return func() {
		t.mu.Lock()
		delete(t.m, of)
		t.mu.Unlock()
		close(mine)
	}
}
