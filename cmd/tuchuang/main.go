// Command tuchuang is the picture publisher: the server, what its operator runs,
// and the commands that use any server of the same API. This package parses the
// line, wires the rooms, and reports once how it ended; it decides nothing else.
package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
)

// cli is the command line: one field a command, each in a file of its own. A
// command has a method Run that takes what it wants of (context.Context, *ui).
type cli struct {
	JSON bool `name:"json" help:"help_json"`

	Serve   serveCmd   `cmd:"" help:"help_serve"`
	Demo    demoCmd    `cmd:"" help:"help_demo"`
	User    userCmd    `cmd:"" help:"help_user"`
	Block   blockCmd   `cmd:"" help:"help_block"`
	Audit   auditCmd   `cmd:"" help:"help_audit"`
	Backup  backupCmd  `cmd:"" help:"help_backup"`
	Restore restoreCmd `cmd:"" help:"help_restore"`
	Migrate migrateCmd `cmd:"" help:"help_migrate"`
	Fsck    fsckCmd    `cmd:"" help:"help_fsck"`
	Login   loginCmd   `cmd:"" help:"help_login"`
	Put     putCmd     `cmd:"" help:"help_put"`
	Copy    copyCmd    `cmd:"" help:"help_copy"`
	Task    taskCmd    `cmd:"" help:"help_task"`
	Tasks   tasksCmd   `cmd:"" help:"help_tasks"`
	Offline offlineCmd `cmd:"" help:"help_offline"`
	Share   shareCmd   `cmd:"" help:"help_share"`
	Direct  directCmd  `cmd:"" help:"help_direct"`
	Ls      lsCmd      `cmd:"" help:"help_ls"`
	Links   linksCmd   `cmd:"" help:"help_links"`
	Get     getCmd     `cmd:"" help:"help_get"`
	Mv      mvCmd      `cmd:"" help:"help_mv"`
	Rm      rmCmd      `cmd:"" help:"help_rm"`
	Trash   trashCmd   `cmd:"" help:"help_trash"`

	Plan      planCmd      `cmd:"" help:"help_plan"`
	Published publishedCmd `cmd:"" help:"help_published"`
	Republish republishCmd `cmd:"" help:"help_republish"`

	Version versionCmd `cmd:"" help:"help_version"`
}

// How the program ends.
const (
	exitDone        = 0
	exitFailed      = 1 // with --json as well as without
	exitUsage       = 2 // the line or a setting makes no sense; nothing was done
	exitSome        = 3 // some pictures of a task have failed, or all, or the task has
	exitLimit       = 4 // the task asks for more than it may, or the quota is used up
	exitCancelled   = 5 // the task was cancelled
	exitInterrupted = 130
)

// reported ends a command that has already said what failed, with this exit code.
type reported int

func (r reported) Error() string { return "some of it failed" }

// errReported is reported with the usual exit code.
const errReported = reported(exitFailed)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first Ctrl-C ends the command in order; the second ends it at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command line and gives the exit code.
func run(ctx context.Context, args []string, in *os.File, out, errOut io.Writer) int {
	u := newUI(in, out, errOut, os.Getenv)
	var c cli
	parser, err := newParser(ctx, &c, u)
	if err != nil {
		u.fail(err)
		return exitUsage
	}
	line, err := parser.Parse(arrange(parser.Model, helpful(parser.Model, args)))
	if err != nil {
		u.fail(usageError{u.parseError(err), u.text(tryHelp)})
		return exitUsage
	}
	u.json = c.JSON
	return u.ended(ctx, u.delivered(line.Run()))
}

// ended says why a command failed, where it has not said so itself, and gives the
// exit code.
func (u *ui) ended(ctx context.Context, err error) int {
	_, usage := errors.AsType[usageError](err)
	said, isSaid := errors.AsType[reported](err)
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		if !isSaid {
			u.note(u.text(interrupted))
		}
		return exitInterrupted
	case isSaid:
		return int(said)
	case asksTooMuch(err):
		u.fail(err)
		return exitLimit
	case usage || fault.Is(err, fault.BadConfig):
		u.fail(err)
		return exitUsage
	default:
		u.fail(err)
		return exitFailed
	}
}

func newParser(ctx context.Context, c *cli, u *ui) (*kong.Kong, error) {
	parser, err := kong.New(c,
		kong.Name("tuchuang"),
		kong.Description(u.text(description)),
		kong.Writers(u.out, u.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Help(u.printHelp),
		kong.Vars{"formats": linkformat.Names},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(u),
	)
	if err != nil {
		return nil, err
	}
	texts := helpTexts{}
	for _, some := range []helpTexts{clientHelp(u), serverHelp(u), opsHelp(u), demoHelp(u), treeHelp(u), offlineHelp(u), shareHelp(u), directHelp(u)} {
		maps.Copy(texts, some)
	}
	texts.putInto(parser.Model.Node)
	parser.Model.HelpFlag.Help = u.text(helpHelp)
	return parser, nil
}

// putInto puts the help where its name stands. As variables of the parser they would be
// looked through for each flag, all of them, which took longer than most commands do.
func (h helpTexts) putInto(node *kong.Node) {
	put := func(to *string) {
		if text, named := h[*to]; named {
			*to = text
		}
	}
	put(&node.Help)
	for _, flag := range node.Flags {
		put(&flag.Help)
	}
	for _, arg := range node.Positional {
		put(&arg.Help)
	}
	for _, child := range node.Children {
		h.putInto(child)
	}
}

// usageError is a line that parses but makes no sense.
type usageError struct{ text, advice string }

func (e usageError) Error() string { return e.text }

// failure is what went wrong although the line made sense.
type failure struct{ text, advice string }

func (e failure) Error() string { return e.text }
