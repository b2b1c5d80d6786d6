package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tuchuang/internal/blob/blobtest"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
	"tuchuang/internal/queue"
	"tuchuang/test/audit"
	"tuchuang/test/harness"
)

// crowd is three servers on one PostgreSQL and one bucket, and their people, whose
// requests go to any of them.
type crowd struct {
	*world
	base    db.Options
	db      *db.DB
	bucket  *blobtest.S3Server
	members []*member
	names   []string // of points
	must    []string // those that have to be hit
	clients map[int64]*client.Client

	// Odd while the database or the bucket is away: a server may not come up then.
	trouble atomic.Int64
	over    atomic.Bool // nobody begins a life any more

	mu    sync.Mutex     // guards the counts of the world, and:
	about int            // of them to be killed at points
	armed map[string]int // the points
	rng   *rand.Rand
	done  map[string]int // what was done to them
}

// member is one of the servers, over all its lives.
type member struct {
	v      *victim
	clock  string // how wrong it is
	frozen atomic.Bool
	told   atomic.Int32 // to end, by us: the signal
	armed  atomic.Bool  // it is about to be killed at a point
	until  atomic.Int64 // so many requests are answered in all: then it may end without
	tame   atomic.Bool  // it is not to be killed at points
	next   chan string  // what the next life is to be armed with
}

// ahead is how wrong the clock of one process is.
const ahead = 10 * time.Minute

// atPoints is how many of them may be about to be killed at a point.
const atPoints = 2

// Whatever happens to whichever of several processes, to their database and to their
// store: what was answered is true, and every picture has exactly one outcome.
func TestNothingIsLostBetweenSeveralProcesses(t *testing.T) {
	c := gather(t)
	people := c.work()
	began := time.Now()
	c.torment(max(18, *kills/20))
	took := time.Since(began)

	c.closing.Store(true)
	people.Wait()
	c.checkAll()
	c.finishUploads()
	c.calm()
	c.quietly()
	c.report(took)
	c.hold()
	c.over.Store(true)
	for _, m := range c.members {
		c.end(m, c.ready(m), syscall.SIGTERM)
	}
	c.checkAll()
}

// gather starts the three, with accounts and what they begin with.
func gather(t *testing.T) *crowd {
	t.Helper()
	s := harness.NewOn(t, db.PostgreSQL)
	c := &crowd{
		world: newWorld(t, 40, 2), base: s.Base, db: dbtest.Again(t, s.Base, nil), bucket: blobtest.S3(t), names: points(t, true),
		armed: make(map[string]int), rng: rand.New(rand.NewPCG(*seed, 1)), done: make(map[string]int),
	}
	// What one server passes too it is killed at elsewhere; here only where there is time.
	c.must = pointsIn(t, func(file string) bool { return apart[file] })
	if *kills >= 1000 {
		c.must = c.names
	}
	c.now = func() *life { return nil }
	for n := range 3 {
		m := &member{v: newVictim(t, fmt.Sprintf("%s-%d", s.Data, n), append(opened, "--grace", "50ms")...), next: make(chan string, 1)}
		if n == 2 {
			m.clock = ahead.String()
		}
		m.tame.Store(true)
		c.members = append(c.members, m)
		c.begin(m)
	}
	// Every request finds a process anew.
	c.clients = c.settle(s, c.rng, &http.Transport{DialContext: c.any, DisableKeepAlives: true})
	c.checkAll()
	for _, m := range c.members {
		m.tame.Store(false)
	}
	return c
}

// any connects to one of those that answer, as what stands before them does: it sends
// nothing to one that stands still.
func (c *crowd) any(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	for {
		for _, n := range rand.Perm(len(c.members)) {
			m := c.members[n]
			l, _ := m.v.present()
			if l == nil || m.frozen.Load() {
				continue
			}
			if conn, err := d.DialContext(ctx, "tcp", l.addr); err == nil {
				return conn, nil
			}
		}
		tick := time.NewTimer(2 * time.Millisecond)
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return nil, context.Cause(ctx)
		}
	}
}

// begin has a member live again and again until the test ends.
func (c *crowd) begin(m *member) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !c.over.Load() && c.ctx.Err() == nil && c.live(m) {
		}
	}()
	c.t.Cleanup(func() {
		c.over.Store(true)
		for {
			select {
			case <-ended:
				return
			case <-time.After(10 * time.Millisecond):
				if l := m.v.started(); l != nil {
					l.signal(syscall.SIGKILL)
				}
			}
		}
	})
}

// live is one life of a member, mostly with a point at which it ends. It says whether
// there is to be another.
func (c *crowd) live(m *member) bool {
	env := append(c.bucket.Env(), "TUCHUANG_DATABASE_URL="+c.base.URL, "TUCHUANG_BLOB_URL="+c.bucket.URL(), "TUCHUANG_CLOCK="+m.clock)
	var points []string
	stops := false
	select {
	case what := <-m.next:
		env, stops = append(env, what), true
	default:
		if points = c.arm(m); points != nil {
			env = append(env, "TUCHUANG_KILL="+c.times(points))
		}
	}
	trouble := c.trouble.Load()
	m.until.Store(c.answered.Load() + c.patience(points))
	m.armed.Store(points != nil)
	l, err := m.v.start(env...)
	if err != nil {
		c.problem("start: %v", err)
		return false
	}
	<-l.ended
	killed, told := l.killed(), syscall.Signal(m.told.Swap(0))
	c.mu.Lock()
	defer c.mu.Unlock()
	if points != nil {
		c.about--
	}
	for _, point := range points {
		c.armed[point]--
		if told != 0 && l.diedAt() == "" {
			c.misses[point]++
		}
	}
	switch {
	case killed && slices.Contains(points, l.diedAt()): // where it was only stopped says it too
		c.byPoint[l.diedAt()]++
	case killed && told == syscall.SIGKILL:
		c.byPoint["at a random moment"]++
	case l.err == nil && told == syscall.SIGTERM: // it was drained
	case l.addr == "" && (stops || trouble%2 == 1 || trouble != c.trouble.Load()): // it could not come up
	case !c.over.Load() || !killed:
		c.problem("it ended by itself: %v", l)
		return false
	}
	return true
}

// arm chooses points for a life, which ends at the first that it comes to: those that were
// hit least. None where enough are about to be killed, or where a task has seen so many
// attempts die that some more would be too many.
func (c *crowd) arm(m *member) []string {
	if m.tame.Load() || c.idle() > 1 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.about >= atPoints {
		return nil
	}
	c.about++
	c.rng.Shuffle(len(c.names), func(i, j int) { c.names[i], c.names[j] = c.names[j], c.names[i] })
	points := rarest(c.names, func(point string) int {
		n := c.byPoint[point] + c.armed[point]
		if n == 0 && slices.Contains(c.must, point) {
			return -1
		}
		return n
	})
	points = points[:min(armed, len(points))]
	for _, point := range points {
		c.armed[point]++
	}
	return points
}

// patience is how many requests go on without any of the points: the more the oftener all
// were missed.
func (c *crowd) patience(points []string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	missed := 0
	if len(points) > 0 {
		missed = c.missedAll(points)
	}
	return int64(2*requests) * int64(1+missed)
}

// times says to a life which passing of each of its points is the last: some are passed in
// every request.
func (c *crowd) times(points []string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := make([]string, len(points))
	for n, point := range points {
		times := 1 + c.rng.IntN(3)
		switch {
		case c.byPoint[point] == 0:
			times = 1
		case strings.HasPrefix(point, "db."):
			times = 1 + c.rng.IntN(60)
		}
		at[n] = fmt.Sprint(point, ":", times)
	}
	return strings.Join(at, ",")
}

// ask asks the database, which may be away for the moment.
func (c *crowd) ask(query string, args ...any) (n int64) {
	for c.ctx.Err() == nil {
		_, err := c.db.Get(c.ctx, "crash: number", query, args, &n)
		if err == nil {
			return n
		}
		if !fault.Is(err, fault.Unavailable) {
			c.problem("ask: %v", err)
			return 0
		}
		c.wait(2 * time.Millisecond)
	}
	return 0
}

// idle is how many attempts of a task have died in a row at the most.
func (c *crowd) idle() int64 {
	return c.ask(`SELECT coalesce(max(idle), 0) FROM task WHERE state IN (1, 4)`)
}

// until waits until something is so, or the watchdog barks.
func (c *crowd) until(so func() bool) {
	for c.ctx.Err() == nil && !so() {
		c.wait(2 * time.Millisecond)
	}
}

func (c *crowd) checkAll() {
	c.t.Helper()
	c.dog.Reset(leash)
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	if cause := context.Cause(c.ctx); cause != nil {
		c.problems = append(c.problems, fmt.Sprintf("the watchdog: %v", cause))
	}
	if len(c.problems) == 0 {
		return
	}
	for n, m := range c.members {
		if l := m.v.started(); l != nil {
			c.t.Logf("the last that number %d says:\n%s", n, l.tail())
		}
	}
	c.t.Fatalf("%d problems, the first:\n%s", len(c.problems), strings.Join(c.problems[:min(10, len(c.problems))], "\n"))
}

// trouble is what can be done to one of them.
type trouble struct {
	what string
	to   func(*member)
}

// torment does to them what can be done, in turn, while they are killed at points. Then it
// goes on with what is quick until every point has been hit; a bound keeps one that can't be
// from going on for ever, and the report names it.
func (c *crowd) torment(rounds int) {
	c.t.Helper()
	all := []trouble{
		{"killed", c.killNow}, {"drained", c.drain}, {"the store refuses", c.refuse},
		{"the database begins anew", c.restart}, {"frozen at a point", c.freezeAt}, {"frozen", c.freezeNow},
	}
	quick := all[:2]
	for n := 0; n < rounds || !c.covered() && n < 20*rounds; n++ {
		c.until(func() bool { return c.idle() <= 1 })
		m := c.pick()
		do := quick[n%len(quick)]
		if n < rounds {
			do = all[n%len(all)]
		}
		do.to(m)
		c.done[do.what]++
		c.checkAll()
		if n%6 == 5 {
			c.findings(audit.Snapshot(c.ctx, c.subject()))
		}
	}
}

// pick chooses whom something is to be done to: one that nothing waits for at a point.
// Where there are more than one of these, all but that one begin new lives, which may be
// armed by now. One that did not come to its point for long ends as an operator ends it:
// some points are passed there alone.
func (c *crowd) pick() *member {
	var free []*member
	for _, n := range c.rng.Perm(len(c.members)) {
		switch m := c.members[n]; {
		case !m.armed.Load():
			free = append(free, m)
		case c.answered.Load() > m.until.Load():
			c.drain(m)
		}
	}
	if len(free) == 0 {
		return c.members[c.rng.IntN(len(c.members))]
	}
	for _, m := range free[1:] {
		c.killNow(m)
	}
	return free[0]
}

func (c *crowd) covered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.world.covered(c.must)
}

// ready waits until a member answers.
func (c *crowd) ready(m *member) (l *life) {
	c.until(func() bool {
		l, _ = m.v.present()
		return l != nil
	})
	return l
}

func (c *crowd) killNow(m *member) {
	l := c.ready(m)
	c.wait(time.Duration(c.rng.Int64N(int64(150 * time.Millisecond))))
	c.end(m, l, syscall.SIGKILL)
}

// end ends a life, unless something else did.
func (c *crowd) end(m *member, l *life, s syscall.Signal) {
	if l == nil {
		return
	}
	m.told.Store(int32(s))
	l.signal(s)
	select {
	case <-l.ended:
	case <-c.ctx.Done():
	}
}

// drain ends a life as an operator does it, where it may be killed at the last moment.
func (c *crowd) drain(m *member) {
	if l := c.ready(m); l != nil {
		c.end(m, l, syscall.SIGTERM)
	}
}

// past waits until every lease of this moment is over.
func (c *crowd) past() {
	const clock = `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`
	over := c.ask(clock) + (queue.LeaseLength + time.Second).Microseconds()
	c.until(func() bool { return c.ask(clock) > over })
}

// freezeNow has one stand still until its leases are over, and others have what it had.
func (c *crowd) freezeNow(m *member) {
	l := c.ready(m)
	if l == nil {
		return
	}
	m.frozen.Store(true)
	l.signal(syscall.SIGSTOP)
	c.past()
	m.frozen.Store(false)
	l.signal(syscall.SIGCONT)
}

// where are the points at which a process stands still: with a task, inside a
// transaction and between two, and with content that is on its way.
var where = []string{
	"copytask.batch.fenced", "copytask.batch.outcomes", "copytask.batch.committed", "copytask.plan.half", "queue.claimed",
	"db.before_commit", "upload.stored", "blob.s3.part", "blob.doom.rows", "blob.bury",
	"offline.slice", "offline.settling",
}

// freezeAt has one stand still at a point, and ends it where it does not come to it.
func (c *crowd) freezeAt(m *member) {
	m.next <- "TUCHUANG_STOP=" + where[c.rng.IntN(len(where))] + ":1"
	before := c.ready(m)
	c.end(m, before, syscall.SIGKILL)
	c.until(func() bool { return m.v.started() != before })
	l := m.v.started()
	c.until(func() bool { return l.standsStill() || l.gone() || l.answers() })
	enough := c.answered.Load() + 5*requests
	c.until(func() bool { return l.standsStill() || l.gone() || c.answered.Load() > enough })
	if !l.standsStill() {
		c.end(m, l, syscall.SIGKILL)
		return
	}
	c.mu.Lock()
	c.done["of these, stood still"]++
	c.mu.Unlock()
	m.frozen.Store(true)
	c.past()
	m.frozen.Store(false)
	l.signal(syscall.SIGCONT)
}

// standsStill says whether a process was stopped.
func (l *life) standsStill() bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.cmd.Process.Pid))
	return err == nil && strings.Contains(string(b), ") T ")
}

func (l *life) answers() bool {
	select {
	case <-l.ready:
		return true
	default:
		return false
	}
}

func (l *life) gone() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// restart ends PostgreSQL as a crash does, and begins it again.
func (c *crowd) restart(*member) {
	c.trouble.Add(1)
	dbtest.Restart(c.t)
	c.ask(`SELECT 1`)
	c.trouble.Add(1)
}

// refuse has the store fail for seconds, in one way or in all.
func (c *crowd) refuse(*member) {
	over, how, seen := make(chan struct{}), c.rng.IntN(6), new(atomic.Int64)
	c.trouble.Add(1)
	c.bucket.Fail(func(r *http.Request) blobtest.Fault {
		n := int(seen.Add(1))
		way := how
		if how == 5 {
			way = n % 5
		}
		switch way {
		case 0:
			return blobtest.Fault{Status: http.StatusInternalServerError}
		case 1:
			return blobtest.Fault{Status: http.StatusServiceUnavailable}
		case 2:
			return blobtest.Fault{Deaf: true}
		case 3:
			return blobtest.Fault{Cut: []int{-1, 100, 1000}[n%3]}
		}
		// It hangs, with all that it was sent, and answers when the others are served again.
		select {
		case <-over:
		case <-r.Context().Done():
		}
		return blobtest.Fault{}
	})
	c.wait(time.Duration(1+c.rng.IntN(3)) * time.Second)
	c.until(func() bool { return seen.Load() > 0 })
	c.bucket.Fail(nil)
	close(over)
	c.trouble.Add(1)
}

// finishUploads completes what was begun: each slice that was taken is there.
func (c *crowd) finishUploads() {
	c.t.Helper()
	for _, p := range c.people {
		for _, u := range p.open {
			c.told.ForgetUpload(p.uid, u.id)
			done, err := p.CompleteV2(c.ctx, u.id)
			for ; err == nil && !done.Completed; done, err = p.CompleteV2(c.ctx, u.id) {
			}
			if err != nil {
				c.problem("%s: complete what was begun: %v", p.name, err)
				continue
			}
			p.keep(done.FileID, u.content)
		}
	}
	c.checkAll()
}

// calm has each begin a life that nothing happens to.
func (c *crowd) calm() {
	c.t.Helper()
	for _, m := range c.members {
		m.tame.Store(true)
		c.end(m, c.ready(m), syscall.SIGTERM)
	}
	for _, m := range c.members {
		c.ready(m)
	}
	c.checkAll()
}

// quietly waits until all that nobody needs is gone.
func (c *crowd) quietly() {
	c.t.Helper()
	c.until(func() bool {
		return c.ask(`SELECT (SELECT count(*) FROM task WHERE state IN (1, 4)) + (SELECT count(*) FROM doomed) + (SELECT count(*) FROM unreferenced)`) == 0
	})
	c.checkAll()
}

func (c *crowd) subject() audit.Subject {
	return audit.Subject{
		Store: c.bucket.Open(c.t), DB: c.db, Clients: c.clients, Told: &c.told, Several: true, Clocks: ahead + time.Minute,
	}
}

// hold holds everything against the guarantees, and what each of them serves.
func (c *crowd) hold() {
	c.t.Helper()
	s := c.subject()
	c.findings(audit.AtRest(c.ctx, s))
	for _, m := range c.members {
		s.URL = "http://" + c.ready(m).addr
		c.findings(audit.Served(c.ctx, s))
		c.checkAll()
	}
	c.allFetched()
	c.checkAll()
	for _, p := range c.people {
		n := c.ask(`SELECT count(*) FROM task WHERE account_id = $1 AND kind = $2`, p.uid, queue.Copy)
		if least, most := p.sure.Load(), p.sure.Load()+p.unsure.Load(); n < least || n > most {
			c.t.Errorf("%s has %d copy tasks, created were between %d and %d", p.name, n, least, most)
		}
	}
}

// report says what was done, and fails for points that no kill has hit.
func (c *crowd) report(took time.Duration) {
	c.t.Helper()
	total, named := c.killed(c.names)
	if c.compared.Load() == 0 {
		c.t.Error("no copy inside the drive was compared")
	}
	slices.Sort(c.names)
	for _, p := range c.names {
		if c.byPoint[p] == 0 && slices.Contains(c.must, p) {
			c.t.Errorf("no kill has hit %s", p)
		}
		c.t.Logf("%4d  %s", c.byPoint[p], p)
	}
	c.t.Logf("%d kills in %v, %d of them at %d named points; %d tasks ended, %d copies inside the drive, %d requests answered; %v",
		total, took.Round(time.Millisecond), named, len(c.names), c.ended.Load(), c.compared.Load(), c.answered.Load(), c.done)
}
