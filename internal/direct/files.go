package direct

import (
	"context"
	"strconv"
	"strings"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
)

// HourFile is what was read in an hour that is over, as a table in CSV.
type HourFile struct {
	Hour Hour
	CSV  string
}

// Files answers a page of the hours from one on, up to another, in which something was
// read, the newest first, and how many there are in all. Nothing is older than 30 days, and
// the hour that goes on is not there.
func (l *Links) Files(ctx context.Context, acc account.ID, from, to Hour, skip, limit int) (list []HourFile, total int, err error) {
	err = l.db.Read(ctx, "direct: files", func(tx *db.Tx) error {
		hours, err := l.hours(ctx, tx, acc, from, to)
		if err != nil {
			return err
		}
		list, total = nil, len(hours)
		hours = hours[min(skip, len(hours)):]
		for _, h := range hours[:min(limit, len(hours))] {
			text, err := table(ctx, tx, acc, h)
			if err != nil {
				return err
			}
			list = append(list, HourFile{h, text})
		}
		return nil
	})
	return list, total, err
}

// File is one of Files; fault.NotFound where there is none.
func (l *Links) File(ctx context.Context, acc account.ID, hour Hour) (f HourFile, err error) {
	list, _, err := l.Files(ctx, acc, hour, hour+1, 0, 1)
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "direct: file")
	}
	if err != nil {
		return f, err
	}
	return list[0], nil
}

func (l *Links) hours(ctx context.Context, tx *db.Tx, acc account.ID, from, to Hour) ([]Hour, error) {
	now := HourOf(l.db.Now())
	return db.Collect(ctx, tx, func(row db.Row) (h Hour, err error) { return h, row.Scan(&h) },
		selectHours, acc, max(from, now-keepHours), min(to, now))
}

// table writes the lines of an hour. It is made anew each time, and the same: names stay as
// they were.
func table(ctx context.Context, tx *db.Tx, acc account.ID, hour Hour) (string, error) {
	var b strings.Builder
	b.WriteString("fileID,fileName,fileSize,requests,totalTraffic\r\n")
	lines, err := db.Collect(ctx, tx, scanLine, selectLog, acc, hour, hour+1, hourFiles, 0)
	for _, l := range lines {
		b.WriteString(linkformat.Record([]string{
			l.ID.String(), l.Name, strconv.FormatInt(l.Size, 10), strconv.FormatInt(l.Requests, 10), strconv.FormatInt(l.Bytes, 10),
		}) + "\r\n")
	}
	return b.String(), fault.Wrap(err, "direct: table")
}
