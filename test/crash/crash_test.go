// Package crash kills the real server again and again, while clients upload and
// tasks run, and holds what is left against every guarantee.
package crash

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/queue"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

var (
	kills = flag.Int("crash.kills", 200, "how often the server is killed")
	seed  = flag.Uint64("crash.seed", 1, "what the kills and the clients do")
)

const accounts = 3

// world is a server, its people, and what they were told.
type world struct {
	t               *testing.T
	ctx             context.Context
	v               *victim
	now             func() *life // that answers; nil where that is nobody or any of several
	told            audit.Told
	people          []*person
	source          *source
	closing         atomic.Bool
	ended           atomic.Int64 // tasks
	compared        atomic.Int64 // copies inside the drive, with what they are copies of
	byPoint         map[string]int
	misses          map[string]int // lives that were to be killed at a point and did not come to it
	inFolder, large int            // pictures of a folder, and files of several slices, that a person has

	looked int // lives whose leases were looked at
	dog    *time.Timer

	answered atomic.Int64 // requests

	mu         sync.Mutex
	problems   []string
	recoveries []time.Duration
}

func (w *world) going() bool { return !w.closing.Load() && w.ctx.Err() == nil }

func (w *world) problem(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

func (w *world) recovered(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recoveries = append(w.recoveries, d)
}

// wait waits, at most until the watchdog barks.
func (w *world) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
	}
}

// leash is how long nothing may come to its end before the watchdog barks. However slow
// the machine is, what goes on goes on: the whole has no limit of time.
const leash = 3 * time.Minute

func newWorld(t *testing.T, inFolder, large int) *world {
	ctx, cancel := context.WithCancelCause(t.Context())
	w := &world{t: t, ctx: ctx, source: newSource(t), inFolder: inFolder, large: large, byPoint: make(map[string]int), misses: make(map[string]int)}
	w.dog = time.AfterFunc(leash, func() { cancel(fmt.Errorf("nothing came to its end in %v", leash)) })
	t.Cleanup(func() {
		w.dog.Stop()
		cancel(nil)
	})
	return w
}

// check ends the test at the first problem, and keeps the watchdog quiet where there is
// none.
func (w *world) check(l *life) {
	w.t.Helper()
	w.dog.Reset(leash)
	if err := w.ctx.Err(); err != nil {
		w.t.Fatalf("the watchdog: %v; %v", context.Cause(w.ctx), l)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.problems) > 0 {
		w.t.Fatalf("%d problems, the first:\n%s\n%v", len(w.problems), strings.Join(w.problems[:min(10, len(w.problems))], "\n"), l)
	}
}

// apart are the files whose points only one set-up passes: a folder of one's own, or
// what processes share.
var apart = map[string]bool{
	"disk.go": false, "disk_write.go": false, "write.go": false, "s3.go": true, "postgres.go": true,
}

// points are all that the rooms name and a server passes, alone on its folder or with
// others on what they share: not those of what operators run.
func points(t *testing.T, shared bool) []string {
	t.Helper()
	names := pointsIn(t, func(file string) bool {
		of, is := apart[file]
		return !is || of == shared
	})
	if shared { // nobody takes back the leases of others
		names = slices.DeleteFunc(names, func(name string) bool { return name == "queue.reclaim" })
	}
	return names
}

// pointsIn are those of some files.
func pointsIn(t *testing.T, which func(file string) bool) []string {
	t.Helper()
	here := regexp.MustCompile(`killpoint\.Here\("([^"]+)"\)`)
	var names []string
	err := filepath.WalkDir(filepath.Join("..", "..", "internal"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Base(filepath.Dir(path)) == "ops" {
			return err
		}
		if !which(d.Name()) {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range here.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("found %d points: %v", len(names), err)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Whatever is killed, whenever: what was answered is true, and every picture has
// exactly one outcome.
func TestNothingIsLostWhenTheServerIsKilled(t *testing.T) {
	w := newWorld(t, 70, 6)
	rng := rand.New(rand.NewPCG(*seed, 0))
	clients := w.populate(rng)

	people := w.work()
	began := time.Now()
	w.killMany(rng, *kills)
	took := time.Since(began)

	l := w.mustStart()
	w.closing.Store(true)
	people.Wait()
	w.check(l)
	w.quiet()
	w.stop(l)
	w.auditAll(clients)
	w.summary(took)
}

// work has everybody at everything until the world is closing.
func (w *world) work() *sync.WaitGroup {
	all := new(sync.WaitGroup)
	for _, p := range w.people {
		for n, do := range []func(context.Context, *rand.Rand){p.feed, p.copies, p.watch, p.tidy, p.slices, p.fetches, p.doubles} {
			own := rand.New(rand.NewPCG(*seed, uint64(p.uid)<<8|uint64(n)))
			all.Go(func() { do(w.ctx, own) })
		}
	}
	return all
}

// populate makes the accounts and what they begin with.
func (w *world) populate(rng *rand.Rand) map[int64]*client.Client {
	w.t.Helper()
	s := harness.New(w.t)
	w.v = newVictim(w.t, s.Data, append(opened, "--grace", "50ms")...) // so that content goes while it is asked for again
	w.now = func() *life {
		l, _ := w.v.present()
		return l
	}
	l := w.mustStart()
	clients := w.settle(s, rng, &http.Transport{DialContext: w.v.dial, MaxIdleConnsPerHost: 16})
	w.stop(l)
	return clients
}

// settle makes the accounts on servers that run, and what they begin with.
func (w *world) settle(s *harness.Server, rng *rand.Rand, through *http.Transport) map[int64]*client.Client {
	w.t.Helper()
	clients := make(map[int64]*client.Client)
	var settling sync.WaitGroup
	for n := range accounts {
		secrets := s.AddUser(fmt.Sprintf("person%d", n))
		c, err := client.New(client.Options{
			Server: "http://tuchuang.test", ClientID: secrets.ClientID, Secret: secrets.ClientSecret,
			HTTP: &http.Client{Transport: counting{through, &w.answered}},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		p := &person{Client: c, w: w, name: fmt.Sprintf("person%d", n), uid: secrets.UID}
		clients[p.uid] = c
		w.people = append(w.people, p)
		own := rand.New(rand.NewPCG(*seed, rng.Uint64()))
		settling.Go(func() {
			if err := p.settleDown(w.ctx, own); err != nil {
				w.problem("%s: settle down: %v", p.name, err)
			}
		})
	}
	settling.Wait()
	return clients
}

func (w *world) mustStart(env ...string) *life {
	w.t.Helper()
	l, err := w.v.start(env...)
	if err != nil {
		w.t.Fatal(err)
	}
	select {
	case <-l.ready:
	case <-l.ended:
		w.t.Fatal(l)
	case <-w.ctx.Done():
		w.t.Fatal(context.Cause(w.ctx))
	}
	return l
}

// killMany kills until it has killed so often, and at every point: half of the times at
// a random moment, half at a named point, the one that was hit least; in the end only at
// those that were not. After four of them a
// life goes on until all tasks have made progress: a task whose attempts die five
// times in a row is given up.
func (w *world) killMany(rng *rand.Rand, n int) {
	names := points(w.t, false)
	for lives := 0; ; lives++ {
		all, named := w.killed(names)
		if all >= n && w.covered(names) || all > 5*n+100 { // the summary says which points were not reached
			return
		}
		switch {
		case lives%5 == 4:
			w.peace(lives%50 == 49)
		case all < n && 2*named > all:
			w.killAnytime(rng)
		default:
			w.killAt(rng, names)
		}
	}
}

// killed counts the kills, and those at a named point.
func (w *world) killed(names []string) (all, named int) {
	for point, n := range w.byPoint {
		all += n
		if slices.Contains(names, point) {
			named += n
		}
	}
	return all, named
}

func (w *world) covered(names []string) bool {
	return !slices.ContainsFunc(names, func(p string) bool { return w.byPoint[p] == 0 })
}

// end waits for the end of a life that is to be killed.
func (w *world) end(l *life) {
	w.t.Helper()
	<-l.ended
	if !l.killed() {
		w.t.Fatalf("was not killed: %v", l)
	}
	w.check(l)
}

func (w *world) killAnytime(rng *rand.Rand) {
	w.t.Helper()
	l, err := w.v.start()
	if err != nil {
		w.t.Fatal(err)
	}
	if rng.IntN(8) > 0 {
		select {
		case <-l.ready:
		case <-l.ended:
			w.t.Fatal(l)
		case <-w.ctx.Done():
		}
	}
	w.wait(time.Duration(rng.Int64N(int64(150 * time.Millisecond))))
	l.signal(syscall.SIGKILL)
	w.byPoint["at a random moment"]++
	w.end(l)
}

// Patience with a point that a life is to be killed at: so much has to go on without it.
// What comes by the clock has come by then, what comes with the work too, on whatever
// machine; and with a point that was always missed a life is the more patient.
const (
	patience = time.Second
	requests = 50
)

// missed waits for the end of a life, or until it has gone on long enough without any of
// the points.
func (w *world) missed(l *life, points []string) bool {
	select {
	case <-l.ready:
	case <-l.ended:
		return false
	case <-w.ctx.Done():
		return true
	}
	more := 1
	if w.byPoint[points[0]] == 0 { // so it is with the others
		more += w.missedAll(points)
	}
	enough := w.answered.Load() + int64(more*requests)
	timer := time.NewTimer(time.Duration(more) * patience)
	defer timer.Stop()
	select {
	case <-l.ended:
		return false
	case <-timer.C:
	}
	for w.answered.Load() < enough && w.ctx.Err() == nil {
		select {
		case <-l.ended:
			return false
		default:
			w.wait(2 * time.Millisecond)
		}
	}
	for _, point := range points {
		w.misses[point]++
	}
	return true
}

// release is passed where a task runs when the server is told to stop.
const release = "queue.release"

// armed is how many points a life may be killed at: what comes rarely is waited for beside
// what comes at once.
const armed = 6

// rarest are the points that were hit least, in the order that they have.
func rarest(names []string, hit func(point string) int) []string {
	least := hit(slices.MinFunc(names, func(a, b string) int { return cmp.Compare(hit(a), hit(b)) }))
	return slices.DeleteFunc(slices.Clone(names), func(p string) bool { return hit(p) > least })
}

// missedAll is how often all of the points were missed.
func (w *world) missedAll(points []string) int {
	return w.misses[slices.MinFunc(points, func(a, b string) int { return cmp.Compare(w.misses[a], w.misses[b]) })]
}

// killAt has the server kill itself at the first that it comes to of the points that were
// hit least. Some points are passed in every request, others once a life: so the number of
// times differs.
func (w *world) killAt(rng *rand.Rand, names []string) {
	w.t.Helper()
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	points := rarest(names, func(p string) int { return w.byPoint[p] })
	if points[0] == release {
		w.killAtRelease(rng)
		return
	}
	points = slices.DeleteFunc(points, func(p string) bool { return p == release })
	points = points[:min(armed, len(points))]
	at := make([]string, len(points))
	for n, point := range points {
		times := 1 + rng.IntN(3)
		switch {
		case w.misses[point] >= w.byPoint[point]:
			times = 1
		case strings.HasPrefix(point, "db.") && !strings.Contains(point, "checkpoint"):
			times = 1 + rng.IntN(60)
		case strings.HasPrefix(point, "blob.commit"):
			times = 1 + rng.IntN(6)
		}
		at[n] = fmt.Sprint(point, ":", times)
	}
	l, err := w.v.start("TUCHUANG_KILL=" + strings.Join(at, ","))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.missed(l, points) {
		l.signal(syscall.SIGKILL)
	}
	w.end(l)
	w.byPoint[cmp.Or(l.diedAt(), "at a random moment")]++
}

func (w *world) killAtRelease(rng *rand.Rand) {
	w.t.Helper()
	l := w.mustStart("TUCHUANG_KILL=" + release + ":1")
	w.wait(time.Duration(50+rng.IntN(150)) * time.Millisecond)
	l.signal(syscall.SIGTERM)
	<-l.ended
	if l.killed() {
		w.byPoint[release]++
	} else if l.err != nil {
		w.t.Fatal(l)
	}
}

// peace lets every task that began make progress, one that waits after a death too, audits
// a snapshot now and then, and ends like an operator does it.
func (w *world) peace(look bool) {
	w.t.Helper()
	l := w.mustStart()
	d, err := audit.OpenDB(w.ctx, w.v.data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.reclaimed(l, d)
	for w.ctx.Err() == nil && w.number(d, `SELECT count(*) FROM task WHERE state = 1 AND idle > 1 OR state = 4 AND idle > 0`) > 0 {
		w.wait(2 * time.Millisecond)
	}
	if look {
		w.findings(audit.Snapshot(w.ctx, audit.Subject{Data: w.v.data, DB: d, Told: &w.told}))
	}
	if err := d.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.stop(l)
}

// reclaimed holds a life that answers against "a killed task runs again at once": no
// lease of a life before is left to run out. Leases are told apart by the clock that
// both have: one that this life gave ends no sooner than a lease after it began. How
// long it is from there to an attempt depends on the machine, and is printed.
func (w *world) reclaimed(l *life, d *db.DB) {
	w.t.Helper()
	end := l.began.Add(queue.LeaseLength).UnixMicro()
	if n := w.number(d, `SELECT count(*) FROM task WHERE state = 1 AND lease_until < $1`, end); n > 0 {
		w.t.Fatalf("%d tasks wait for the lease of a server that is gone; %v", n, l)
	}
	w.looked++
}

// stop ends a life as an operator does.
func (w *world) stop(l *life) {
	w.t.Helper()
	l.signal(syscall.SIGTERM)
	<-l.ended
	if l.err != nil {
		w.t.Fatalf("after SIGTERM: %v", l)
	}
	w.check(l)
}

// number asks the database for one.
func (w *world) number(d *db.DB, query string, args ...any) (n int64) {
	w.t.Helper()
	err := d.Read(w.ctx, "crash: number", func(tx *db.Tx) error {
		_, err := tx.Get(w.ctx, query, args, &n)
		return err
	})
	if err != nil && w.ctx.Err() == nil {
		w.t.Fatal(err)
	}
	return n
}

// quiet waits until every task has ended and all that nobody needs is gone.
func (w *world) quiet() {
	w.t.Helper()
	d, err := audit.OpenDB(w.ctx, w.v.data)
	if err != nil {
		w.t.Fatal(err)
	}
	defer d.Close()
	for w.ctx.Err() == nil && w.number(d, `SELECT (SELECT count(*) FROM task WHERE state IN (1, 4)) + (SELECT count(*) FROM doomed) + (SELECT count(*) FROM unreferenced)`) > 0 {
		w.wait(2 * time.Millisecond)
	}
}

// auditAll starts the server once more and holds everything against the guarantees.
func (w *world) auditAll(clients map[int64]*client.Client) {
	w.t.Helper()
	l := w.mustStart()
	w.quiet()
	d, err := audit.OpenDB(w.ctx, w.v.data)
	if err != nil {
		w.t.Fatal(err)
	}
	defer d.Close()
	s := audit.Subject{Data: w.v.data, DB: d, URL: "http://" + l.addr, Clients: clients, Told: &w.told}
	w.findings(audit.AtRest(w.ctx, s))
	w.findings(audit.Served(w.ctx, s))
	w.allFetched()
	w.check(l)
	w.stop(l)
}

func (w *world) findings(list []audit.Finding, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	for i, f := range list {
		if i == 20 {
			w.t.Errorf("and %d more", len(list)-i)
			break
		}
		w.t.Error(f)
	}
	if len(list) > 0 {
		w.t.FailNow()
	}
}

// summary says what was done, and fails for points that no kill has hit.
func (w *world) summary(took time.Duration) {
	w.t.Helper()
	names := points(w.t, false)
	total, named := w.killed(names)
	for _, p := range names {
		if w.byPoint[p] == 0 {
			w.t.Errorf("no kill has hit %s", p)
		}
		w.t.Logf("%4d  %s", w.byPoint[p], p)
	}
	r := w.recoveries
	if len(r) == 0 || w.looked == 0 || w.compared.Load() == 0 {
		w.t.Fatalf("%d tasks were seen to run again, the leases of %d lives were looked at, %d copies inside the drive compared", len(r), w.looked, w.compared.Load())
	}
	slices.Sort(r)
	w.t.Logf("%d kills in %v, %d of them at %d named points; %d tasks ended, %d copies inside the drive; from a restart to a task that runs again: %v min, %v median, %v max of %d",
		total, took.Round(time.Millisecond), named, len(names), w.ended.Load(), w.compared.Load(),
		r[0].Round(time.Millisecond), r[len(r)/2].Round(time.Millisecond), r[len(r)-1].Round(time.Millisecond), len(r))
}
