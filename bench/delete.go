package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const idsAtOnce = 100 // that a request takes

// deletes has the large account throw away its drive, and measures the requests, the time
// until the last row has gone, and what creating tasks costs others meanwhile.
func (b *bench) deletes(ctx context.Context, s *server) error {
	if s.Folders == 0 {
		return errors.New("delete wants -rows")
	}
	c, err := s.signIn(s.Writer)
	if err != nil {
		return err
	}
	defer c.hangUp()
	freed, err := s.folderBytes(c)
	if err != nil {
		return err
	}
	before, err := c.used()
	if err != nil {
		return err
	}
	idle, err := s.createAtOnce(10)
	if err != nil {
		return err
	}
	began := time.Now()
	var asked []time.Duration
	for from := 0; from < s.Folders; from += idsAtOnce {
		var ids []int64
		for n := from; n < min(from+idsAtOnce, s.Folders); n++ {
			ids = append(ids, driveFolder(n))
		}
		for _, path := range []string{"/api/v1/file/trash", "/api/v1/file/delete"} {
			at := time.Now()
			if err := c.ask(path, map[string]any{"fileIDs": ids}, nil); err != nil {
				return err
			}
			asked = append(asked, time.Since(at))
		}
	}
	other, err := s.signIn(s.Others[0])
	if err != nil {
		return err
	}
	defer other.hangUp()
	var beside []time.Duration
	for {
		took, err := other.createOne(s.Others[0].Picture)
		if err != nil {
			return err
		}
		beside = append(beside, took)
		now, err := c.used()
		if err != nil {
			return err
		}
		if now == before-freed {
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	files := s.Folders * folderSize
	b.table.beside(fmt.Sprintf("a request that deletes %d files, the slowest", min(idsAtOnce, s.Folders)*folderSize), quantile(asked, 1), "create alone, p99", p99(idle))
	b.table.beside("create beside the deletion, p99", p99(beside), "alone", p99(idle))
	b.table.beside(fmt.Sprintf("deletion of %d files, until the last row has gone", files), time.Since(began), "create alone, p99", p99(idle))
	return nil
}

// folderBytes is what all folders of the drive's large part hold.
func (s *server) folderBytes(c *conn) (sum int64, err error) {
	for n := range s.Folders {
		var detail struct{ Size int64 }
		if err := c.ask("/api/v1/file/detail", map[string]any{"fileID": driveFolder(n)}, &detail); err != nil {
			return 0, err
		}
		sum += detail.Size
	}
	return sum, nil
}

// used is what the account takes of its quota.
func (c *conn) used() (int64, error) {
	var info struct{ SpaceUsed int64 }
	err := c.ask("/api/v1/user/info", map[string]any{}, &info)
	return info.SpaceUsed, err
}
