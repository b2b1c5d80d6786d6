// Package audit compares a data folder, and the server that runs on it, with what
// the product guarantees and with what clients were told. It promises that every
// guarantee is one named check that says what is wrong and where, and it changes
// nothing. It must not use the rooms' own SQL: it reads the tables for itself.
package audit

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	blobs "tuchuang/internal/blob"
	"tuchuang/internal/client"
	"tuchuang/internal/db"
)

// Finding is one thing that is not as it is promised.
type Finding struct {
	Check string // the name of the check
	Text  string // what is wrong, and where
}

func (f Finding) String() string { return f.Check + ": " + f.Text }

// Subject is what is audited.
type Subject struct {
	Data    string                   // the data folder
	Store   blobs.Store              // where content is; nil for the data folder
	DB      *db.DB                   // its database
	URL     string                   // of the server that runs on it; only for Served
	Clients map[int64]*client.Client // by account; only for Served
	Told    *Told                    // what clients were told; nil for nothing

	// Several processes are at it: none takes away what another one began in one request
	// before a week is over, and their clocks differ by so much at most.
	Several bool
	Clocks  time.Duration
}

// OpenDB opens the database of a data folder. A server may run on it. The caller
// closes it.
func OpenDB(ctx context.Context, data string) (*db.DB, error) {
	return db.Open(ctx, db.Options{Path: filepath.Join(data, "tuchuang.db")})
}

// check is one guarantee.
type check struct {
	name string
	run  func(context.Context, *view) error
}

// anytime holds in every snapshot of the database, also while requests and tasks
// run.
var anytime = []check{
	{"database", sound},
	{"account.quota", quota},
	{"account.counters", counters},
	{"blob.rows", blobRows},
	{"blob.references", references},
	{"blob.garbage", garbage},
	{"drive.tree", driveTree},
	{"drive.children", driveChildren},
	{"drive.total", driveTotal},
	{"drive.names", driveNames},
	{"bed.tree", bedTree},
	{"bed.names", bedNames},
	{"bed.links", bedLinks},
	{"queue.turns", queueTurns},
	{"queue.limits", queueLimits},
	{"queue.order", queueOrder},
	{"offline.tasks", downloads},
	{"queue.states", queueStates},
	{"task.counters", taskCounters},
	{"task.outcomes", taskOutcomes},
	{"task.failures", taskFailures},
	{"task.verdict", taskVerdict},
	{"task.publications", taskPublications},
	{"task.exactly_once", exactlyOnce},
	{"upload.slices", uploadSlices},
	{"told.files", toldFiles},
	{"told.tasks", toldTasks},
	{"told.slices", toldSlices},
	{"told.gone", toldGone},
}

// atRest holds where no request and no task is under way: after a start, once what
// was left over has been swept.
var atRest = []check{
	{"rest.leftovers", leftovers},
	{"rest.tasks_ended", tasksEnded},
	{"store.files", storeFiles},
	{"store.strangers", strangers},
}

// served is what a running server answers.
var served = []check{
	{"served.images", servedImages},
	{"served.links", servedLinks},
	{"served.tasks", servedTasks},
	{"served.bed", servedBed},
	{"served.drive", servedDrive},
}

// Snapshot audits the database as it is at one moment; anything may be going on.
func Snapshot(ctx context.Context, s Subject) ([]Finding, error) { return run(ctx, s, anytime) }

// AtRest audits the database and the stored files of a folder on which nothing is
// going on.
func AtRest(ctx context.Context, s Subject) ([]Finding, error) {
	return run(ctx, s, append(append([]check(nil), anytime...), atRest...))
}

// Served asks a running server, with nothing else going on, for all that the
// database says it has.
func Served(ctx context.Context, s Subject) ([]Finding, error) { return run(ctx, s, served) }

// run does the checks on one snapshot. The error is that of an audit that could
// not be done.
func run(ctx context.Context, s Subject, checks []check) ([]Finding, error) {
	v := &view{Subject: s}
	if v.Told == nil {
		v.Told = &Told{}
	}
	v.Told.mu.Lock()
	defer v.Told.mu.Unlock()
	if err := v.load(ctx); err != nil {
		return nil, err
	}
	for _, c := range checks {
		v.check = c.name
		if err := c.run(ctx, v); err != nil {
			return nil, fmt.Errorf("audit: %s: %w", c.name, err)
		}
	}
	return v.findings, nil
}

// found notes a finding of the check that runs.
func (v *view) found(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.findings = append(v.findings, Finding{v.check, fmt.Sprintf(format, args...)})
}
