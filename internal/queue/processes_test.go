package queue_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/queue"
)

// Two processes claim with many hands at once: nothing is claimed twice or overtakes,
// and all hands together take the tasks of those served longest ago.
func TestProcessesClaimAtOnce(t *testing.T) {
	const hands, turns, each = 8, 3, 3 // in each round; rounds until all were served; tasks of each
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			place := dbtest.Place(t, e)
			var workers []*queue.Workers
			var handles []*db.DB
			for range 2 {
				d := dbtest.Again(t, place, nil)
				handles = append(handles, d)
				workers = append(workers, queue.NewWorkers(d, queue.Copy, nobody{}, slog.New(slog.DiscardHandler)))
			}
			l := &line{T: t, ctx: t.Context(), db: handles[0], seq: make(map[int64]int64)}
			for acc := range int64(hands * turns) {
				l.account(acc + 1)
				for range each {
					l.add(queue.Copy, acc+1)
				}
			}
			round := func() (got []string, leases []*queue.Lease) {
				answers := make(chan *queue.Lease, hands)
				for hand := range hands {
					go func() {
						lease, err := workers[hand%2].Claim(l.ctx)
						if err != nil {
							t.Error(err)
						}
						answers <- lease
					}()
				}
				for range hands {
					if lease := <-answers; lease != nil {
						got, leases = append(got, lease.ID), append(leases, lease)
					}
				}
				slices.Sort(got)
				return got, leases
			}
			for n := range turns * each {
				var want []string
				for hand := range hands {
					want = append(want, fmt.Sprintf("%d.%d", n%turns*hands+hand+1, n/turns+1))
				}
				slices.Sort(want)
				got, leases := round()
				if !slices.Equal(got, want) {
					t.Fatalf("round %d claimed %q, want %q", n, got, want)
				}
				for i, lease := range leases {
					if err := handles[i%2].Write(l.ctx, "test", func(tx *db.Tx) error { return lease.Finish(l.ctx, tx, queue.Done) }); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got, _ := round(); len(got) > 0 {
				t.Errorf("claimed %q at the end", got)
			}
		})
	}
}
