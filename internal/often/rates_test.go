package often

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// clock is a time that tests set.
type clock struct{ micros atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMicro(c.micros.Load()) }
func (c *clock) pass(some time.Duration) { c.micros.Add(some.Microseconds()) }

func startClock() *clock {
	c := new(clock)
	c.micros.Store(1e15)
	return c
}

// asks takes one, and says how long there is nothing.
func asks(t *testing.T, r *Rates, who Asker, limit Rate) time.Duration {
	t.Helper()
	wait, err := r.Take(t.Context(), who, limit)
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

// pass says how many of so many requests are let pass, each by the next process.
func pass(t *testing.T, requests int, who Asker, limit Rate, processes ...*Rates) (passed int) {
	t.Helper()
	for n := range requests {
		if asks(t, processes[n%len(processes)], who, limit) == 0 {
			passed++
		}
	}
	return passed
}

// So many in a second, and then one as often as the rate says; each asker and each path
// by itself.
func TestRates(t *testing.T) {
	c := startClock()
	r := NewRates(dbtest.Open(t, db.SQLite, c.now), true)
	me, limit := Asker{Account: 1, Path: "/a"}, PerSecond(5)
	for range 5 {
		if wait := asks(t, r, me, limit); wait != 0 {
			t.Fatalf("wait %s", wait)
		}
	}
	if wait := asks(t, r, me, limit); wait != 200*time.Millisecond {
		t.Errorf("wait %s", wait)
	}
	for _, other := range []Asker{{Account: 2, Path: "/a"}, {Account: 1, Path: "/b"}, {Address: "1", Path: "/a"}} {
		if wait := asks(t, r, other, limit); wait != 0 {
			t.Errorf("%+v waits %s", other, wait)
		}
	}
	c.pass(200 * time.Millisecond)
	if asks(t, r, me, limit) != 0 || asks(t, r, me, limit) == 0 {
		t.Error("a fifth of a second is not one")
	}
	c.pass(-time.Hour) // a clock that is set back gives nothing and takes nothing
	if asks(t, r, me, limit) == 0 {
		t.Error("a clock that was set back gives one")
	}
	c.pass(3 * time.Hour) // no more than those of a second add up
	if n := pass(t, 10, me, limit, r); n != 5 {
		t.Errorf("%d after an hour", n)
	}
	slow := Rate{100.0 / 60, 100}
	if n := pass(t, 110, Asker{Path: "/c"}, slow, r); n != 100 {
		t.Errorf("%d of 100 a minute", n)
	}
	c.pass(600 * time.Millisecond)
	if asks(t, r, Asker{Path: "/c"}, slow) != 0 {
		t.Error("100 a minute are one in 600 ms")
	}
	c.pass(time.Minute)
	for n := range 10 { // of IPv6 one has a network
		if wait := asks(t, r, Asker{Address: "2001:db8::" + strconv.Itoa(n), Path: "/a"}, limit); (wait == 0) != (n < 5) {
			t.Errorf("the address %d waits %s", n, wait)
		}
	}
}

// However many ask, so many are counted at most, and who has nothing left is not
// forgotten for those who have.
func TestRatesAreBounded(t *testing.T) {
	c := startClock()
	r := NewRates(dbtest.Open(t, db.SQLite, c.now), true)
	limit := PerSecond(1)
	for n := range mostKept + 10 {
		if n == mostKept-1 {
			c.pass(time.Second)
			asks(t, r, Asker{Address: "busy"}, limit)
		}
		asks(t, r, Asker{Address: strconv.Itoa(n)}, limit)
		if len(r.buckets) > mostKept {
			t.Fatalf("%d are kept", len(r.buckets))
		}
	}
	if len(r.buckets) > 20 || asks(t, r, Asker{Address: "busy"}, limit) == 0 {
		t.Errorf("%d are kept, or who is busy was forgotten", len(r.buckets))
	}
	for n := range mostKept + 10 {
		r.leaseOf(Asker{Account: int64(n)}, c.now())
		if len(r.leases) > mostKept {
			t.Fatalf("%d leases are kept", len(r.leases))
		}
	}
}

// several opens a database as so many processes, each with the clock of its number, and
// makes the account that is counted.
func several(t *testing.T, e db.Engine, clocks ...func() time.Time) (all []*Rates, who Asker) {
	t.Helper()
	place := dbtest.Place(t, e)
	for n, now := range clocks {
		d := dbtest.Again(t, place, now)
		all = append(all, NewRates(d, false))
		if n == 0 {
			who = Asker{Account: account(t, d), Path: "/a"}
		}
	}
	return all, who
}

func account(t *testing.T, d *db.DB) (id int64) {
	t.Helper()
	err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
		_, err := tx.Get(t.Context(), `
			INSERT INTO account (id, name, operator, state, quota, password_hash, created_at)
			SELECT coalesce(max(id), 1000) + 1, 'a' || count(*), 0, 1, -1, '', 0 FROM account RETURNING id`, nil, &id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Three processes let pass no more than one would, whichever of them are asked, and one
// alone all of it.
func TestProcessesShareARate(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			c := startClock()
			all, who := several(t, e, c.now, c.now, c.now)
			for _, limit := range []Rate{PerSecond(20), PerSecond(5), PerSecond(1)} {
				most := int(limit.Most)
				who.Path += "/"
				for _, processes := range [][]*Rates{all, all[:1], all[1:], all[:1], all[2:], all} {
					if n := pass(t, 4*most, who, limit, processes...); n > most || n < most-len(processes)*(most/part) {
						t.Errorf("%d of %d a second pass %d processes", n, most, len(processes))
					} else if len(processes) == 1 && n != most {
						t.Errorf("one process alone lets pass %d of %d", n, most)
					}
					c.pass(3 * time.Second) // what is held is good no more, and more does not add up
				}
				other := Asker{Account: account(t, all[0].db), Path: who.Path}
				if n := pass(t, most, who, limit, all[0]) + pass(t, most, other, limit, all[0]); n != 2*most {
					t.Errorf("two accounts: %d", n)
				}
			}
		})
	}
}

// At no time, however requests come, do the processes let pass more than the rate and a
// quarter of a second's worth; and who asks all the time gets all of it.
func TestProcessesKeepARateForLong(t *testing.T) {
	c := startClock()
	all, who := several(t, db.PostgreSQL, c.now, c.now, c.now)
	limit := PerSecond(16)
	const ticks = 16 * 8 // of a 16th of a second
	for name, request := range map[string]func(tick int) (process, times int){
		"now here, now there": func(tick int) (int, int) { return tick % 3, 1 + tick%3 },
		"more than there is":  func(tick int) (int, int) { return tick * 7 % 3, 5 },
		"one alone":           func(int) (int, int) { return 1, 2 },
		"a while each":        func(tick int) (int, int) { return tick / 16 % 3, 3 },
		"bursts":              func(tick int) (int, int) { return tick / 5 % 3, 9 * (1 - min(1, tick%5)) },
	} {
		c.pass(time.Minute)
		var passed [ticks + 1]int // until then
		for tick := range ticks {
			process, times := request(tick)
			passed[tick+1] = passed[tick] + pass(t, times, who, limit, all[process])
			c.pass(time.Second / 16)
		}
		for from := range ticks {
			for to := from + 1; to <= ticks; to++ {
				if n, most := passed[to]-passed[from], 16+(to-from-1)+16/part; n > most {
					t.Fatalf("%s: %d in %d ticks, want %d at most", name, n, to-from, most)
				}
			}
		}
		if n := passed[ticks]; n < ticks {
			t.Errorf("%s: %d in %d ticks", name, n, ticks)
		}
	}
}

// What a request costs: who is refused asks the database no more until there is something,
// and of many that pass few do.
func TestLeasesCostLittle(t *testing.T) {
	c := startClock()
	all, who := several(t, db.PostgreSQL, c.now)
	writes := func() int64 { return all[0].db.Stats().Writes }
	before := writes()
	if n := pass(t, 1000, who, PerSecond(20), all[0]); n != 20 {
		t.Fatalf("%d pass", n)
	}
	if n := writes() - before; n > 5 { // one, three times five, the last four
		t.Errorf("%d writes for 20 requests and 980 in vain", n)
	}
	for range 5 * 20 {
		c.pass(50 * time.Millisecond)
		pass(t, 3, who, PerSecond(20), all[0])
	}
	if n := writes() - before; n > 5+5*part {
		t.Errorf("%d writes in five seconds of too many requests", n)
	}
}

// Whose clock is wrong is limited as the others are: the database's counts.
func TestClocksOfProcessesMayDiffer(t *testing.T) {
	place := dbtest.Place(t, db.PostgreSQL)
	slow := Rate{Often: 1e-3, Most: 30}
	var all []*Rates
	for _, wrong := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour} {
		here := place
		here.Upgrade, here.Now = true, func() time.Time { return time.Now().Add(wrong) }
		d, err := db.Open(t.Context(), here)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		all = append(all, NewRates(d, false))
	}
	if n := pass(t, 120, Asker{Account: account(t, all[0].db), Path: "/a"}, slow, all...); n != 30 {
		t.Errorf("%d of 30 pass", n)
	}
}

// Many at once ask the database one after the other, and all processes count.
func TestManyAtOnce(t *testing.T) {
	c := startClock()
	all, who := several(t, db.PostgreSQL, c.now, c.now, c.now)
	passed := make(chan int)
	for n := range 60 {
		go func() {
			wait, err := all[n%3].Take(t.Context(), who, PerSecond(20))
			switch {
			case err != nil:
				t.Error(err)
			case wait == 0:
				passed <- 1
				return
			}
			passed <- 0
		}()
	}
	sum := 0
	for range 60 {
		sum += <-passed
	}
	if sum > 20 || sum < 20-2*20/part {
		t.Errorf("%d of 20 pass", sum)
	}
}

// Where the database is gone a request fails as it would anyway; who waits for another's
// answer goes when his time is over.
func TestWithoutTheDatabase(t *testing.T) {
	c := startClock()
	all, who := several(t, db.PostgreSQL, c.now)
	l := all[0].leaseOf(who, c.now())
	l.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := all[0].Take(ctx, who, PerSecond(1)); err == nil {
		t.Error("there was no answer")
	}
	<-l.turn
	if err := all[0].db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].Take(t.Context(), who, PerSecond(1)); err == nil {
		t.Error("the database is closed")
	}
}

// Who has all of it again is forgotten, and nobody else.
func TestSweep(t *testing.T) {
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			c := startClock()
			all, who := several(t, e, c.now)
			r, d := all[0], all[0].db
			rows := func() (n int) {
				if _, err := d.Get(t.Context(), "test", `SELECT count(*) FROM account_rate`, nil, &n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			pass(t, 2, who, PerSecond(1), r)
			c.pass(500 * time.Millisecond)
			if err := r.Sweep(t.Context()); err != nil || rows() != 1 {
				t.Errorf("%d rows, %v", rows(), err)
			}
			c.pass(501 * time.Millisecond)
			if err := r.Sweep(t.Context()); err != nil || rows() != 0 {
				t.Errorf("%d rows, %v", rows(), err)
			}
			if n := pass(t, 2, who, PerSecond(1), r); n != 1 {
				t.Errorf("%d pass then", n)
			}
		})
	}
}

func TestStatementsUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dbtest.Planned(t, d, "give", giveSome)
		dbtest.Planned(t, d, "forget", forgetFull, `account_rate_until (until<?)`)
	})
}
