package queue

import (
	"testing"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// Tasks that were put off here and ended elsewhere are forgotten; one that still waits
// is not.
func TestPutOffIsForgotten(t *testing.T) {
	w := NewWorkers(dbtest.Open(t, db.SQLite, nil), Copy, nil, nil)
	now := time.Unix(1e9, 0)
	for seq := range int64(1000) {
		w.wait(&Lease{Task: Task{Account: 1, Seq: seq}}, true, now)
	}
	now = now.Add(longestWait)
	if again := w.wait(&Lease{Task: Task{Account: 1, Seq: 1}}, true, now); again != 2*LeaseLength {
		t.Errorf("put off twice: %v", again)
	}
	now = now.Add(forgetAfter)
	if w.wait(&Lease{Task: Task{Account: 2, Seq: 1}}, false, now); len(w.putOff) != 1 {
		t.Errorf("%d tasks are kept, want the one of late", len(w.putOff))
	}
}
