package db_test

import (
	"errors"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

func pool(t *testing.T, d *db.DB, name string) db.PoolStats {
	t.Helper()
	for _, p := range d.Stats().Pools {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no pool %s", name)
	return db.PoolStats{}
}

func TestStats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		before := d.Stats()
		if err := put(d, "a"); err != nil {
			t.Fatal(err)
		}
		boom := errors.New("boom")
		if err := d.Write(t.Context(), "test", func(*db.Tx) error { return boom }); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		s := d.Stats()
		if s.Writes-before.Writes != 1 || s.Failed-before.Failed != 1 || s.Commits-before.Commits != 1 || s.WriteFor <= before.WriteFor {
			t.Errorf("before %+v, after %+v", before, s)
		}

		// All readers are taken: who comes next waits, and is counted.
		size := pool(t, d, "readers").Size
		taken, enough, ended := make(chan bool, size), make(chan bool), make(chan error, size+1)
		for range size {
			go func() {
				ended <- d.Read(t.Context(), "test", func(*db.Tx) error {
					taken <- true
					<-enough
					return nil
				})
			}()
		}
		for range size {
			<-taken
		}
		if p := pool(t, d, "readers"); p.InUse != size || p.Waits != 0 {
			t.Errorf("%+v", p)
		}
		go func() { ended <- d.Ping(t.Context()) }()
		for pool(t, d, "readers").Waits == 0 {
			select {
			case err := <-ended:
				t.Fatalf("one did not wait: %v", err)
			default:
			}
		}
		close(enough)
		for range size + 1 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if p := pool(t, d, "readers"); p.InUse != 0 || p.Waits != 1 || p.Waited <= 0 {
			t.Errorf("%+v", p)
		}
	})
}
