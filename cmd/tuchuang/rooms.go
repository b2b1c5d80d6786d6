package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/copytask"
	"tuchuang/internal/db"
	"tuchuang/internal/direct"
	"tuchuang/internal/drive"
	"tuchuang/internal/fetch"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/offline"
	"tuchuang/internal/often"
	"tuchuang/internal/share"
	"tuchuang/internal/sweep"
	"tuchuang/internal/thumbnail"
	"tuchuang/internal/treecopy"
	"tuchuang/internal/upload"
)

const (
	copyWorkers = 2
	tellWorkers = 2    // of callbacks
	treeWorkers = 2    // of copies inside the drive
	sweepRows   = 1000 // of a large delete in one transaction
)

// rooms are all that a server works with, and who works in them.
type rooms struct {
	store      blob.Store
	accounts   *account.Accounts
	drive      *drive.Drive
	bed        *imagebed.Bed
	uploads    *upload.Uploads
	tasks      *copytask.Tasks
	downloads  *offline.Downloads
	copies     *treecopy.Copies
	shares     *share.Shares
	links      *direct.Links
	rates      *often.Rates
	thumbnails *thumbnail.Thumbnails

	alone    bool // no other process serves the same data
	crews    []crew
	detached chan struct{} // a large delete waits for its sweep
}

// openRooms opens the doors of all rooms, as the settings have them.
func (s *server) openRooms(ctx context.Context, store blob.Store) (*rooms, error) {
	conf := s.conf
	// Where the database is a file, this process is the only one that serves it.
	r := &rooms{store: store, alone: s.db.Engine() == db.SQLite, detached: make(chan struct{}, 1)}
	var err error
	if r.accounts, err = account.Open(ctx, s.db); err != nil {
		return nil, err
	}
	r.accounts.SetTokens(account.TokenRules{Life: conf.TokenLife, Live: conf.ClientTokens})
	r.drive, r.bed = drive.New(s.db), imagebed.New(s.db)
	r.uploads = upload.New(s.db, store, r.drive, r.bed, s.log)
	r.uploads.SetImageSize(conf.ImageSize)
	tasks, workers := copytask.New(s.db, r.bed, s.log)
	tasks.SetLimits(copytask.Limits{IDs: conf.CopyIDs, Tasks: conf.CopyTasks, Images: conf.CopyImages, Levels: conf.CopyLevels, ImageSize: conf.ImageSize})
	downloads, fetchers, tellers := offline.New(s.db, store, r.drive, r.bed, fetch.New(fetch.Options{Allow: conf.FetchAllow, Now: s.db.Now}), s.log)
	downloads.SetImageSize(conf.ImageSize)
	copies, copiers := treecopy.New(s.db, s.log)
	r.tasks, r.downloads, r.copies = tasks, downloads, copies
	r.crews = []crew{
		{kindCopy, workers, copyWorkers}, {kindOffline, fetchers, conf.OfflineWorkers},
		{kindCallback, tellers, tellWorkers}, {kindTreeCopy, copiers, treeWorkers},
	}
	r.shares, r.links = share.New(s.db), direct.New(s.db)
	r.rates = often.NewRates(s.db, r.alone)
	r.thumbnails = thumbnail.New(thumbnail.Options{
		Drive: r.drive, Bed: r.bed, DB: s.db, Store: store, Dir: dataFile(conf.Data, "thumbnails"), Most: conf.Thumbnails, Log: s.log, Watch: s.watchDecoders(),
	})
	return r, nil
}

// limits are how often accounts may ask; nil where that is not limited.
func (r *rooms) limits(conf config.Config) *often.Rates {
	if conf.Limited {
		return r.rates
	}
	return nil
}

// takeOver takes back what a process before has left: where no other one serves the data,
// it is nobody's.
func (r *rooms) takeOver(ctx context.Context, d *db.DB, log *slog.Logger) error {
	if err := r.uploads.SweepOrphans(ctx, r.alone); err != nil {
		return err
	}
	if err := blob.SweepDoomed(ctx, d, r.store); err != nil {
		log.Warn("serve: doomed content stays until the next sweep", "err", err)
	}
	if !r.alone {
		return nil
	}
	for _, c := range r.crews {
		if err := c.workers.ReclaimAll(ctx); err != nil {
			return err
		}
	}
	return nil
}

// keepLimit is how long a stop takes at most to write down what was counted last.
const keepLimit = 5 * time.Second

// keepCounts writes down what was counted when nothing is in the background any more.
func (r *rooms) keepCounts(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), keepLimit)
	defer cancel()
	if err := errors.Join(r.links.KeepCounts(ctx), r.shares.KeepCounts(ctx), r.accounts.KeepUses(ctx)); err != nil {
		log.Warn("serve: the traffic of direct links, the visits of shares and the uses of tokens of the last seconds are lost", "err", err)
	}
}

// wakeSweep has what a large delete has detached swept soon.
func (r *rooms) wakeSweep() {
	select {
	case r.detached <- struct{}{}:
	default:
	}
}

// background starts what works without being asked.
func (s *server) background(ctx context.Context) {
	r := s.rooms
	for _, c := range r.crews {
		s.work.Go(func() { c.workers.Run(ctx, c.size) })
	}
	s.work.Go(func() {
		sweep.Run(ctx, s.log,
			sweep.Job{Name: "expired uploads", Every: time.Hour, Run: r.uploads.SweepExpired},
			sweep.Job{Name: "uploads that ended without telling", Every: time.Hour, Run: func(ctx context.Context) error {
				return r.uploads.SweepOrphans(ctx, false)
			}},
			sweep.Job{Name: "content that nothing refers to", Every: garbageEvery(s.conf.Grace), Run: func(ctx context.Context) error {
				return sweep.Garbage(ctx, s.db, r.store, s.conf.Grace)
			}},
			sweep.Job{Name: "expired tokens", Every: time.Hour, Run: r.accounts.SweepTokens},
			sweep.Job{Name: "how often accounts have asked", Every: time.Hour, Run: r.rates.Sweep},
			sweep.Job{Name: "expired plans", Every: time.Hour, Run: r.tasks.SweepPlans},
			sweep.Job{Name: "old audit log", Every: time.Hour, Run: func(ctx context.Context) error {
				return sweepAll(ctx, func(ctx context.Context, rows int) (bool, error) {
					return auditlog.Sweep(ctx, s.db, s.conf.AuditKeep, rows)
				})
			}},
			sweep.Job{Name: "tasks that have ended", Every: time.Hour, Run: func(ctx context.Context) error {
				if s.conf.TaskKeep == 0 {
					return nil
				}
				return errors.Join(r.tasks.SweepEnded(ctx, s.conf.TaskKeep), r.downloads.SweepEnded(ctx, s.conf.TaskKeep), r.copies.SweepEnded(ctx, s.conf.TaskKeep))
			}},
			sweep.Job{Name: "old log of direct links", Every: time.Hour, Run: func(ctx context.Context) error { return sweepAll(ctx, r.links.SweepOld) }},
			sweep.Job{Name: "traffic of direct links", Every: time.Second, Run: r.links.KeepCounts},
			sweep.Job{Name: "thumbnails of content that is gone", Every: time.Hour, Run: r.thumbnails.Sweep},
			sweep.Job{Name: "shares that are over", Every: time.Hour, Run: func(ctx context.Context) error { return sweepAll(ctx, r.shares.SweepExpired) }},
			sweep.Job{Name: "uses of tokens", Every: time.Second, Run: r.accounts.KeepUses},
			sweep.Job{Name: "visits of shares", Every: time.Second, Run: r.shares.KeepCounts},
			// Searches look at names one by one until they are in the index.
			sweep.Job{Name: "names to be searched for", Every: time.Second, Run: r.drive.IndexNames},
			sweep.Job{Name: "large deletes", Every: time.Hour, Wake: r.detached, Run: func(ctx context.Context) error {
				return errors.Join(sweepAll(ctx, r.drive.SweepDetached), sweepAll(ctx, r.bed.SweepDetached))
			}},
		)
	})
}

// garbageEvery is how often content is looked for whose time of grace is over: not much
// later than that, and at least once an hour.
func garbageEvery(grace time.Duration) time.Duration {
	return min(max(grace/24, time.Second), time.Hour)
}

// sweepAll repeats a sweep of short transactions while there is more to do.
func sweepAll(ctx context.Context, step func(ctx context.Context, rows int) (more bool, err error)) error {
	for ctx.Err() == nil {
		if more, err := step(ctx, sweepRows); err != nil || !more {
			return err
		}
	}
	return nil
}
