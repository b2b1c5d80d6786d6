package copytask

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"tuchuang/internal/account"
)

// An account that asks often waits for itself, and nobody else for it.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newTurns(2)
		take := func(ctx context.Context, acc account.ID) (func(), error) { return all.take(ctx, acc) }
		done, err := take(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan error)
		for range 5 {
			go func() {
				_, err := take(ctx, 1)
				waited <- err
			}()
		}
		synctest.Wait()
		other, err := take(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		third := make(chan func())
		go func() {
			end, err := take(t.Context(), 3)
			if err != nil {
				t.Error(err)
			}
			third <- end
		}()
		synctest.Wait()
		select {
		case <-third:
			t.Error("three work at a time")
		default:
		}
		other()
		end := <-third
		cancel()
		for range 5 {
			if err := <-waited; !errors.Is(err, context.Canceled) {
				t.Errorf("waited: %v", err)
			}
		}
		done()
		end()
		if len(all.of) != 0 || len(all.all) != 0 {
			t.Errorf("left are %v and %d", all.of, len(all.all))
		}
	})
}
