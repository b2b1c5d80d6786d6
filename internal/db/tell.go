package db

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// What a transaction tells is told after its commit: to this process at once, to
// the others through PostgreSQL's NOTIFY. With SQLite other processes are rare and
// see only that something was written, see OnForeignWrite.

type tell struct{ topic, text string }

const (
	channel  = "tuchuang"
	mostText = 7000 // bytes of a notification; PostgreSQL takes 8000
)

// Tell has every process that listens to a topic be told, once the transaction is
// durable; not at all when it is rolled back. The text holds no space.
func (t *Tx) Tell(topic, text string) { t.tells = append(t.tells, tell{topic, text}) }

// OnTell has fn called with what is told of a topic, by whichever process. After a
// lost connection something may never be told: OnForeignWrite is called then. fn
// must be quick and must not use the database.
func (d *DB) OnTell(topic string, fn func(text string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told[topic] = append(d.told[topic], fn)
}

func (d *DB) tellHere(all []tell) {
	for _, t := range all {
		d.mu.Lock()
		fns := d.told[t.topic]
		d.mu.Unlock()
		for _, fn := range fns {
			fn(t.text)
		}
	}
}

// committed does what waits for the commit.
func (t *Tx) committed() {
	for _, fn := range t.after {
		fn()
	}
	t.d.tellHere(t.tells)
}

// tellOthers hands to the database what it is to tell with the commit, in as few
// notifications as hold it: the process, then topic and text in turn.
func (t *Tx) tellOthers(ctx context.Context) error {
	var b strings.Builder
	flush := func() error {
		if b.Len() == 0 {
			return nil
		}
		_, err := t.c.exec(ctx, `SELECT pg_notify($1, $2)`, []any{channel, t.d.process + b.String()})
		b.Reset()
		return err
	}
	for _, one := range t.tells {
		if b.Len()+len(one.topic)+len(one.text) > mostText {
			if err := flush(); err != nil {
				return err
			}
		}
		b.WriteString(" " + one.topic + " " + one.text)
	}
	return flush()
}

// listen hears what other processes tell, until Close.
func (d *DB) listen(ctx context.Context, config *pgx.ConnConfig) error {
	config = config.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	c, err := listenTo(ctx, config)
	if err != nil {
		return translate(err, "db: listen")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.stopped.Go(func() {
		<-d.stop
		cancel()
	})
	d.stopped.Go(func() {
		defer close(d.ended)
		for {
			err := d.hear(ctx, c)
			if e := c.Close(context.WithoutCancel(ctx)); e != nil {
				d.log.Debug("db: close the listener", "err", e)
			}
			if ctx.Err() != nil {
				return
			}
			d.log.Warn("db: what others tell is not heard for the moment", "err", err)
			if c = d.listenAgain(ctx, config); c == nil {
				return
			}
			d.foreignWrite() // whatever was told meanwhile
		}
	})
	return nil
}

func listenTo(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := c.Exec(ctx, "LISTEN "+channel); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

// listenAgain tries once a second; nil when the database is closed meanwhile.
func (d *DB) listenAgain(ctx context.Context, config *pgx.ConnConfig) *pgx.Conn {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		c, err := listenTo(ctx, config)
		if err == nil {
			return c
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			// What is kept in memory may be wrong by now, and nobody says so.
			d.foreignWrite()
		}
	}
}

// hear hands on what is told until the connection or the context ends.
func (d *DB) hear(ctx context.Context, c *pgx.Conn) error {
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		words := strings.Split(n.Payload, " ")
		if words[0] == d.process {
			continue
		}
		var all []tell
		for i := 1; i+1 < len(words); i += 2 {
			all = append(all, tell{words[i], words[i+1]})
		}
		d.tellHere(all)
	}
}
