package direct

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
)

// HourFile is a table in CSV of what was read in an hour that is over.
type HourFile struct {
	Hour Hour
	Size int64 // bytes
}

// Files answers a page of the hours from one on, up to another, in which something was
// read, the newest first, and how many there are in all. Nothing is older than 30 days, and
// the hour that goes on is not there.
func (l *Links) Files(ctx context.Context, acc account.ID, from, to Hour, skip, limit int) (list []HourFile, total int, err error) {
	// Each table is written once, to see how long it is.
	err = l.db.LongRead(ctx, l.turn, "direct: files", func(ctx context.Context, tx *db.Tx) error {
		hours, err := l.hours(ctx, tx, acc, from, to)
		if err != nil {
			return err
		}
		list, total = nil, len(hours)
		hours = hours[min(skip, len(hours)):]
		for _, h := range hours[:min(limit, len(hours))] {
			var size length
			if err := table(ctx, tx, acc, h, &size); err != nil {
				return err
			}
			list = append(list, HourFile{h, int64(size)})
		}
		return nil
	})
	return list, total, err
}

// File answers the text of one of Files, whose address works without a token:
// fault.NotFound where there is none, or its account may not act.
func (l *Links) File(ctx context.Context, acc account.ID, hour Hour) (csv string, err error) {
	err = l.db.Read(ctx, "direct: file", func(tx *db.Tx) error {
		s, err := settings(ctx, tx, acc)
		if err != nil {
			return err
		}
		hours, err := l.hours(ctx, tx, acc, hour, hour+1)
		if err == nil && (len(hours) == 0 || s.state != account.Enabled) {
			err = fault.New(fault.NotFound, "direct: file")
		}
		if err != nil {
			return err
		}
		var b strings.Builder
		err = table(ctx, tx, acc, hour, &b)
		csv = b.String()
		return err
	})
	return csv, err
}

func (l *Links) hours(ctx context.Context, tx *db.Tx, acc account.ID, from, to Hour) ([]Hour, error) {
	now := HourOf(l.db.Now())
	return db.Collect(ctx, tx, func(row db.Row) (h Hour, err error) { return h, row.Scan(&h) },
		selectHours, acc, max(from, now-keepHours), min(to, now))
}

// table writes the lines of an hour. It is made anew each time, and the same: names stay as
// they were.
func table(ctx context.Context, tx *db.Tx, acc account.ID, hour Hour, to io.Writer) error {
	t := linkformat.NewTable(to)
	t.Row("fileID", "fileName", "fileSize", "requests", "totalTraffic")
	err := tx.Each(ctx, func(row db.Row) error {
		l, err := scanLine(row)
		t.Row(l.ID.String(), l.Name, strconv.FormatInt(l.Size, 10), strconv.FormatInt(l.Requests, 10), strconv.FormatInt(l.Bytes, 10))
		return err
	}, selectLog, acc, hour, hour+1, hourFiles, 0)
	return fault.Wrap(errors.Join(err, t.End()), "direct: table")
}

// length counts what is written, and keeps nothing of it.
type length int64

func (n *length) Write(p []byte) (int, error) {
	*n += length(len(p))
	return len(p), nil
}
