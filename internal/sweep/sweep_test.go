package sweep_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tuchuang/internal/sweep"
)

// A job that fails, in whatever manner, is tried again when its time has come, and the
// others run at theirs.
func TestAJobThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour+time.Minute)
		defer cancel()
		var said strings.Builder
		var failing, panicking, well, woken int
		wake := make(chan struct{}, 1)
		wake <- struct{}{}
		sweep.Run(ctx, slog.New(slog.NewTextHandler(&said, nil)),
			sweep.Job{Name: "failing", Every: time.Hour, Run: func(context.Context) error {
				failing++
				return errors.New("no luck")
			}},
			sweep.Job{Name: "panicking", Every: time.Hour, Run: func(context.Context) error {
				panicking++
				panic("ouch")
			}},
			sweep.Job{Name: "well", Every: 2 * time.Hour, Run: func(context.Context) error {
				well++
				return nil
			}},
			sweep.Job{Name: "woken", Every: 24 * time.Hour, Wake: wake, Run: func(context.Context) error {
				woken++
				return nil
			}},
		)
		if failing != 4 || panicking != 4 || well != 2 || woken != 2 {
			t.Errorf("in three hours: failing %d, panicking %d, well %d, woken %d", failing, panicking, well, woken)
		}
		for _, want := range []string{"sweep: failing", "no luck", "sweep: panicking", "ouch", "sweep_test.go:"} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, &said)
			}
		}
	})
}
