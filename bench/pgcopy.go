package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"tuchuang/internal/db"
)

// postgresCopies measures the main job on PostgreSQL and S3, beside the bare statements
// of such a task on the same server.
func (b *bench) postgresCopies(ctx context.Context) (err error) {
	cluster, err := b.postgres()
	if err != nil {
		return err
	}
	var urls []string
	var writer access
	for _, name := range []string{"copied", "floor"} {
		url, err := newDatabase(ctx, cluster, name, "")
		if err != nil {
			return err
		}
		all, err := albumStock.fill(ctx, url)
		if err != nil {
			return err
		}
		if name == "copied" {
			writer = access{UID: int64(all[0].ID), ClientID: all[0].ClientID, ClientSecret: all[0].ClientSecret}
		}
		urls = append(urls, url)
	}
	env, end, err := b.bucket(ctx, db.Options{URL: urls[0]})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	s, err := b.serve(ctx, "pg", b.path("pg"), &world{Writer: writer, Album: albumID}, urls[0], env...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	c, err := s.signIn(writer)
	if err != nil {
		return err
	}
	defer c.hangUp()
	f, err := openPGFloor(ctx, urls[1])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close(ctx)) }()
	bare := pgTask{account: writer.UID, seq: 1, levels: albumLevels, first: albumID}
	if bare.pictures, err = f.readPictures(ctx, bare.account, 0); err != nil {
		return err
	}
	if err := bare.findRoot(ctx, f); err != nil {
		return err
	}
	ways := []*way{
		{run: func(int) (time.Duration, error) {
			bare.seq++
			began := time.Now()
			err := f.run(ctx, bare, began.UnixMicro())
			return time.Since(began), err
		}},
		{run: func(n int) (time.Duration, error) { return c.copyAlbum(albumID, n) }},
	}
	done, err := b.profiled(ctx, s, "postgres")
	if err != nil {
		return err
	}
	if err := errors.Join(inTurn(b.runs, ways), done()); err != nil {
		return err
	}
	b.table.slower("copy task, 1000 pictures in 15 levels, PostgreSQL and S3", ways[1].median(), "bare statements", ways[0].median(), 2.5)
	return nil
}

// findRoot finds where the account's bed begins.
func (t *pgTask) findRoot(ctx context.Context, f *pgFloor) error {
	err := f.c.QueryRow(ctx, `SELECT id FROM bed_folder WHERE account_id = $1 AND id = parent_id`, t.account).Scan(&t.root)
	if err == nil {
		// The first digit tells how many of the account follow, see imagebed.ID.
		t.digits = t.root[:1+strings.IndexByte("0123456789abcdefghijklmnopqrstuv", t.root[0])]
	}
	return err
}
