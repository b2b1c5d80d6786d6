// Package offline fetches URLs into drive or bed as durable tasks (离线下载), and tells
// who asked of the end. It promises that each task makes one file or image or says why
// not, whenever the process is killed, that what has come is not fetched again where
// the server lets it go on, and that nothing appears before it is durable. It knows
// nothing of HTTP: fetch does.
package offline

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
	"tuchuang/internal/fetch"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/picture"
	"tuchuang/internal/queue"
)

// MaxOpen is how many unfinished tasks an account may have, and how many ends that are
// still to be told to a callback with them.
const MaxOpen = 1000

// Dest says where a URL is fetched to.
type Dest int

// The destinations as they are stored.
const (
	ToDrive Dest = 1
	ToBed   Dest = 2
)

func (d Dest) String() string {
	if d == ToBed {
		return "bed"
	}
	return "drive"
}

// Seq is a task's number on the wire.
type Seq int64

// UnmarshalText reads a number as the wire has it.
func (s *Seq) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n <= 0 {
		return fault.New(fault.BadRequest, "offline: parse task", "taskID")
	}
	*s = Seq(n)
	return nil
}

func (s Seq) id() string { return strconv.FormatInt(int64(s), 10) }

// Downloads is the room's door to the database. Its methods may be called at the same
// time.
type Downloads struct {
	db        *db.DB
	store     blob.Store
	drive     *drive.Drive
	bed       *imagebed.Bed
	client    *fetch.Client
	log       *slog.Logger
	imageSize int64
	sliceSize int64
	turns     turns
	watch     Watch
}

// New makes the room's door, the workers that fetch, and those that tell of the ends.
func New(d *db.DB, store blob.Store, dr *drive.Drive, bed *imagebed.Bed, c *fetch.Client, log *slog.Logger) (*Downloads, *queue.Workers, *queue.Workers) {
	t := &Downloads{db: d, store: store, drive: dr, bed: bed, client: c, log: log, imageSize: picture.MaxBytes, sliceSize: 16 << 20, turns: turns{m: make(map[turn]chan struct{})}}
	return t, queue.NewWorkers(d, queue.Offline, t, log), queue.NewWorkers(d, queue.Callback, callbacks{t}, log)
}

// SetImageSize has pictures of at most so many bytes taken into the bed. Call it before
// the workers run.
func (d *Downloads) SetImageSize(n int64) { d.imageSize = n }

// Request says what to fetch, and where to.
type Request struct {
	Dest     Dest
	URL      string
	Name     string // "" for the one that the server or the URL gives
	Parent   string // the id of a folder of drive or bed; "" for the root
	Path     string // of folders below it; where both are the root, entryname.Offline is meant
	Callback string // a URL that is told of the end; "" for none
}

// Create writes a task down and wakes a worker; when it has returned, the task survives
// a crash. fault.BadRequest, fault.BadURL, fault.AddressRefused, fault.BadName,
// fault.NotAnImage for a name in the bed, fault.ParentNotFound or fault.NotFolder for the
// folder, fault.TooManyDownloads.
func (d *Downloads) Create(ctx context.Context, acc account.ID, r Request) (Seq, error) {
	if err := d.check(&r); err != nil {
		return 0, err
	}
	var seq Seq
	err := d.db.Write(ctx, "offline: create", func(tx *db.Tx) error {
		if _, err := account.Lock(ctx, tx, acc); err != nil {
			return err
		}
		n, err := queue.Unfinished(ctx, tx, queue.Offline, int64(acc))
		if err == nil && r.Callback != "" { // each becomes one of these: nobody can pile them up
			var told int
			told, err = queue.Unfinished(ctx, tx, queue.Callback, int64(acc))
			n += told
		}
		if err == nil && n >= MaxOpen {
			err = fault.New(fault.TooManyDownloads, "offline: create", MaxOpen)
		}
		if err != nil {
			return err
		}
		r := r // this may run more than once
		if err := r.findFolder(ctx, tx, acc); err != nil {
			return err
		}
		next, err := account.NextTask(ctx, tx, acc)
		if err != nil {
			return err
		}
		seq = Seq(next)
		if err := queue.Add(ctx, tx, queue.Offline, int64(acc), next, seq.id()); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertTask, acc, seq, r.Dest, r.URL, r.Parent, r.Path, r.Name, r.Callback)
		return fault.Wrap(err, "offline: create")
	})
	return seq, err
}

// check looks at a request as far as the database is not needed, and cleans it.
func (d *Downloads) check(r *Request) error {
	for _, u := range []*string{&r.URL, &r.Callback} {
		if *u = strings.TrimSpace(*u); *u == "" {
			continue
		}
		if _, err := d.client.Check(*u); err != nil {
			return err
		}
	}
	if r.URL == "" {
		return fault.New(fault.BadRequest, "offline: create", "url")
	}
	var err error
	if r.Name != "" {
		if r.Name, err = entryname.Clean(r.Name); err != nil {
			return err
		}
		if _, ok := picture.FormatOfName(r.Name); r.Dest == ToBed && !ok {
			return fault.New(fault.NotAnImage, "offline: create")
		}
	}
	names := strings.FieldsFunc(r.Path, func(c rune) bool { return c == '/' })
	for n, name := range names {
		if names[n], err = entryname.Find(name); err != nil {
			return err
		}
	}
	if len(names) > drive.MaxDepth {
		return fault.New(fault.TooDeep, "offline: create", drive.MaxDepth)
	}
	r.Path = strings.Join(names, "/")
	return nil
}

// findFolder looks whether the folder is there that is named, and chooses one where none is.
func (r *Request) findFolder(ctx context.Context, tx *db.Tx, acc account.ID) error {
	root := r.Parent == "" || r.Parent == "0"
	if r.Dest == ToBed {
		folder, err := imagebed.FolderIn(ctx, tx, acc, imagebed.ID(r.Parent))
		if err != nil {
			return err
		}
		top, err := imagebed.FolderIn(ctx, tx, acc, "")
		if err != nil {
			return err
		}
		root = folder == top
	} else if !root {
		id, err := drive.ParseID(r.Parent)
		if err != nil {
			return err
		}
		if _, err := drive.CanPut(ctx, tx, acc, id, nil, entryname.Offline, drive.KeepBoth); err != nil {
			return err
		}
	}
	if root {
		r.Parent = ""
		if r.Path == "" {
			r.Path = entryname.Offline
		}
	}
	if r.Dest == ToBed {
		return nil
	}
	return account.CanMake(ctx, tx, acc, 1)
}

// Status is where a task stands.
type Status struct {
	queue.Task
	Dest     Dest
	URL      string
	Bytes    int64 // that have come
	Total    int64 // -1 where that is not known
	Tries    int   // attempts in vain since the last bytes that came for good
	FailCode FailCode
	HTTP     int    // the status of the answer behind the code; 0 for none
	TraceID  string // with Broken: where to look in the log
	ResultID string // of the file or image; "" before it is there
	Name     string // its name, or the one that it is to have as far as that is known
}

// Retrying says whether the task waits to be tried again.
func (s Status) Retrying() bool { return s.State == queue.Waiting && s.Tries > 0 }

// Percent is how much of it has come, in whole percent; 100 when it is there alone.
func (s Status) Percent() int {
	switch {
	case s.State == queue.Done:
		return 100
	case !s.State.Unfinished() || s.Total <= 0:
		return 0
	}
	return int(min(99, s.Bytes*100/s.Total))
}

// Status answers where a task stands; fault.TaskNotFound where the account has none of
// that number that goes there.
func (d *Downloads) Status(ctx context.Context, acc account.ID, to Dest, seq Seq) (s Status, err error) {
	err = d.db.Read(ctx, "offline: status", func(tx *db.Tx) error {
		task, err := queue.Find(ctx, tx, queue.Offline, int64(acc), seq.id())
		if err != nil {
			return err
		}
		list, err := withRows(ctx, tx, acc, []queue.Task{task})
		if err == nil && (len(list) == 0 || list[0].Dest != to) {
			err = fault.New(fault.TaskNotFound, "offline: status")
		}
		if err == nil {
			s = list[0]
		}
		return err
	})
	return s, err
}

// List answers a page of an account's tasks, the newest first, those before a number; 0
// for the newest; and whether there are more.
func (d *Downloads) List(ctx context.Context, acc account.ID, before Seq, limit int) (list []Status, more bool, err error) {
	err = d.db.Read(ctx, "offline: list", func(tx *db.Tx) error {
		tasks, err := queue.List(ctx, tx, queue.Offline, int64(acc), int64(before), nil, limit+1)
		if err != nil {
			return err
		}
		if more = len(tasks) > limit; more {
			tasks = tasks[:limit]
		}
		list, err = withRows(ctx, tx, acc, tasks)
		return err
	})
	return list, more, err
}
