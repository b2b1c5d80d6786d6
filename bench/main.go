// Command bench measures what the product promises of speed: each figure stands
// beside its floor or its peer in the same run, taken in turn with it, so that the
// ratios mean something on any machine. It drives the plainly built server as a
// process of its own, over loopback alone.
//
//	go run ./bench [-only copy,beyond,calls,serve,upload,delete,postgres,drain,kill,pages] [-rows N] [-accounts N] [-many N] [-quick] [-profile DIR]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"tuchuang/internal/db/dbtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// bench is one run.
type bench struct {
	dir     string // scratch, removed at the end
	binary  string // the server under test
	rows    int    // drive files, and images, of the large account
	runs    int    // of what is compared, in turn
	profile string // folder for the server's profiles; "" for none
	table   table

	many     int             // drive files, and images, whose lists are paged through
	accounts int             // that have tasks to be drained
	large    *server         // with the large account, once a section wanted it
	cluster  *dbtest.Cluster // once a section wanted it
	stocked  bool            // the database that drains begin with is there
}

type section struct {
	name string
	run  func(*bench, context.Context) error
}

// sections in the order they run.
var sections = []section{
	{"copy", onLarge("copy", (*bench).copies)},
	{"beyond", (*bench).beyond},
	{"calls", onLarge("calls", (*bench).calls)},
	{"serve", onLarge("serve", (*bench).serves)},
	{"upload", onLarge("upload", (*bench).uploads)},
	{"delete", onLarge("delete", (*bench).deletes)},
	{"postgres", (*bench).postgresCopies},
	{"drain", (*bench).drains},
	{"kill", (*bench).kills},
	{"pages", (*bench).listPages},
}

// onLarge is a section that is told the server with the large account.
func onLarge(name string, run func(*bench, context.Context, *server) error) func(*bench, context.Context) error {
	return func(b *bench, ctx context.Context) (err error) {
		if b.large == nil {
			progress("an account with %d drive files and %d images", b.rows, b.rows)
			if b.large, err = b.start(ctx, "large", b.rows); err != nil {
				return err
			}
		}
		done, err := b.profiled(ctx, b.large, name)
		if err != nil {
			return err
		}
		return errors.Join(run(b, ctx, b.large), done())
	}
}

func run(ctx context.Context, args []string) (err error) {
	if len(args) == 2 && args[0] == fileServerRole {
		return serveFiles(ctx, args[1])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	only := flags.String("only", "", "run these sections alone: "+strings.Join(names, ", "))
	rows := flags.Int("rows", 1_000_000, "drive files, and images, of the large account")
	accounts := flags.Int("accounts", 1000, "accounts that have three tasks each to be drained")
	many := flags.Int("many", 10_000_000, "drive files, and images, whose lists are paged through")
	quick := flags.Bool("quick", false, "fewer runs: for a look, not for a verdict")
	profile := flags.String("profile", "", "write CPU and allocation profiles of the server into this folder, a pair a section")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bench{rows: *rows, many: *many, accounts: *accounts, runs: 7, profile: *profile}
	if *quick {
		b.runs = 3
	}
	wanted := names
	if *only != "" {
		wanted = strings.Split(*only, ",")
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no section %q", name)
		}
	}
	if b.dir, err = os.MkdirTemp("", "tuchuang-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := b.build(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	for _, s := range sections {
		if !slices.Contains(wanted, s.name) {
			continue
		}
		progress("%s", s.name)
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if b.large != nil {
		peak, err := b.large.peak()
		if err != nil {
			return err
		}
		b.table.memory("memory of the server during all of it", peak, 150)
	}
	b.table.write(os.Stdout)
	return nil
}

// end ends what sections share.
func (b *bench) end() (err error) {
	if b.large != nil {
		err = b.large.stop()
	}
	if b.cluster != nil {
		err = errors.Join(err, b.cluster.Stop())
	}
	return err
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }
