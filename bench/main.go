// Command bench measures what the product promises of speed: each figure stands
// beside its floor or its peer in the same run, taken in turn with it, so that the
// ratios mean something on any machine. It drives the plainly built server as a
// process of its own, over loopback alone.
//
//	go run ./bench [-only copy,calls,serve,upload] [-rows N] [-quick] [-profile DIR]
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
}

// sections in the order they run; each is told the server with the large account.
var sections = []struct {
	name string
	run  func(*bench, context.Context, *server) error
}{
	{"copy", (*bench).copies},
	{"calls", (*bench).calls},
	{"serve", (*bench).serves},
	{"upload", (*bench).uploads},
}

func run(ctx context.Context, args []string) (err error) {
	if len(args) == 2 && args[0] == fileServerRole {
		return serveFiles(ctx, args[1])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "run these sections alone: copy, calls, serve, upload")
	rows := flags.Int("rows", 1_000_000, "drive files, and images, of the large account")
	quick := flags.Bool("quick", false, "fewer runs: for a look, not for a verdict")
	profile := flags.String("profile", "", "write CPU and allocation profiles of the server into this folder, a pair a section")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bench{rows: *rows, runs: 7, profile: *profile}
	if *quick {
		b.runs = 3
	}
	wanted := strings.Split(*only, ",")
	for _, name := range wanted {
		known := slices.ContainsFunc(sections, func(s struct {
			name string
			run  func(*bench, context.Context, *server) error
		}) bool {
			return s.name == name
		})
		if *only != "" && !known {
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
	progress("an account with %d drive files and %d images", b.rows, b.rows)
	large, err := b.start(ctx, "large", b.rows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, large.stop()) }()
	for _, s := range sections {
		if *only != "" && !slices.Contains(wanted, s.name) {
			continue
		}
		progress("%s", s.name)
		done, err := b.profiled(ctx, large, s.name)
		if err != nil {
			return err
		}
		if err := errors.Join(s.run(b, ctx, large), done()); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	peak, err := large.peak()
	if err != nil {
		return err
	}
	b.table.memory("memory of the server during all of it", peak, 150)
	b.table.write(os.Stdout)
	return nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }
