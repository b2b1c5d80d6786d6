package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"
)

// asProgram makes the test binary behave as the program itself.
const asProgram = "TUCHUANG_TEST_RUNS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is the command line as one user of one machine sees it.
type program struct {
	t    *testing.T
	home string
	env  []string
	here bool // it runs within the test, which takes a tenth of the time
}

func newProgram(t *testing.T) *program {
	t.Helper()
	return &program{t: t, home: t.TempDir()}
}

// result is how one run ended.
type result struct {
	code        int
	out, errOut string
}

// command prepares a run with nothing of the surroundings in its environment.
func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), os.Args[0], args...)
	cmd.Dir = p.home
	// A coverage run would warn about its missing folder.
	cmd.Env = append([]string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "GOCOVERDIR=" + p.home}, p.environ()...)
	return cmd
}

// environ is what a run sees of its surroundings.
func (p *program) environ() []string {
	return append([]string{
		"HOME=" + p.home, "LANG=C.UTF-8", "LC_ALL=", "XDG_CONFIG_HOME=" + p.home + "/config", "XDG_CACHE_HOME=" + p.home + "/cache",
	}, p.env...)
}

func (p *program) run(args ...string) result {
	p.t.Helper()
	var out, errOut bytes.Buffer
	if p.here {
		nobody, err := os.Open(os.DevNull)
		if err != nil {
			p.t.Fatal(err)
		}
		defer nobody.Close()
		for _, v := range p.environ() {
			name, value, _ := strings.Cut(v, "=")
			p.t.Setenv(name, value)
		}
		return result{run(p.t.Context(), args, nobody, &out, &errOut), out.String(), errOut.String()}
	}
	cmd := p.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func TestWrongLines(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"unknown command", []string{"foo"}, exitUsage, "unexpected argument foo"},
		{"nearly a command", []string{"lss"}, exitUsage, `did you mean "ls"?`},
		{"a flag without its value", []string{"ls", "drive:/", "--server"}, exitUsage, "--server wants a value"},
		{"a number that is none", []string{"put", "a", "-j", "x"}, exitUsage, "--jobs wants a whole number"},
		{"a switch with a value", []string{"version", "--json=x"}, exitUsage, "--json is a switch"},
		{"unknown flag", []string{"ls", "drive:/", "--colour"}, exitUsage, "--colour"},
		{"a secret on the line", []string{"login", "--client-secret", "x"}, exitUsage, "--client-secret"},
		{"put without a file", []string{"put"}, exitUsage, "local"},
		{"put to the bed", []string{"put", "a", "--to", "bed:/x"}, exitUsage, "tuchuang copy"},
		{"put both ways", []string{"put", "a", "--overwrite", "--keep-both"}, exitUsage, "can't be used together"},
		{"copy from the bed", []string{"copy", "bed:/a"}, exitUsage, "bed:/a is not a path of the drive"},
		{"copy to the drive", []string{"copy", "drive:/a", "--to", "drive:/b"}, exitUsage, "drive:/b is not a path of the bed"},
		{"copy the root", []string{"copy", "drive:/"}, exitUsage, "name folders"},
		{"copy 101 paths", append([]string{"copy"}, strings.Fields(strings.Repeat("/a ", 101))...), exitUsage, "at most 100 paths, 101 were given"},
		{"no task", []string{"task", " "}, exitUsage, "no id of a task"},
		{"share of the bed", []string{"share", "bed:/a"}, exitUsage, "files and folders of the drive can be shared"},
		{"share of all", []string{"share", "drive:/"}, exitUsage, "not its root"},
		{"share of nothing", []string{"share", ""}, exitUsage, "a path is empty"},
		{"share for two days", []string{"share", "/a", "--days", "2"}, exitUsage, "--days"},
		{"share with two passwords", []string{"share", "/a", "--password", "x", "--with-password"}, exitUsage, "--with-password"},
		{"share ls of none", []string{"share", "ls", "--limit", "0"}, exitUsage, "--limit wants a positive number"},
		{"share rm of a word", []string{"share", "rm", "x"}, exitUsage, "x"},
		{"direct links of the bed", []string{"direct", "enable", "bed:/a"}, exitUsage, "a path of the drive"},
		{"direct links of all", []string{"direct", "enable", "drive:/"}, exitUsage, "not its root"},
		{"direct url of nothing", []string{"direct", "url", ""}, exitUsage, "a path is empty"},
		{"direct log of none", []string{"direct", "log", "--limit", "0"}, exitUsage, "--limit wants a positive number"},
		{"direct sign on and off", []string{"direct", "sign", "--on", "--off"}, exitUsage, "--off"},
		{"direct block of no address", []string{"direct", "block", "--add", "192.0.2.0/24"}, exitUsage, "no address of IPv4 or IPv6"},
		{"offline of no URL", []string{"offline", "http://h/a", "ftp://h/a"}, exitUsage, "ftp://h/a is no http or https URL"},
		{"offline of no host", []string{"offline", "http:///a"}, exitUsage, "no http or https URL"},
		{"offline with a name for two", []string{"offline", "http://h/a", "http://h/b", "--name", "c"}, exitUsage, "for one URL alone"},
		{"offline to somewhere", []string{"offline", "http://h/a", "--to", "/a"}, exitUsage, "drive:/…"},
		{"offline to nothing", []string{"offline", "http://h/a", "--to", ""}, exitUsage, "a path is empty"},
		{"offline ls of none", []string{"offline", "ls", "--limit", "0"}, exitUsage, "--limit wants a positive number"},
		{"mv nowhere", []string{"mv", "drive:/a"}, exitUsage, "say where to"},
		{"mv from drive to bed", []string{"mv", "drive:/a", "bed:/b"}, exitUsage, "tuchuang copy publishes"},
		{"mv the root", []string{"mv", "drive:/", "drive:/b"}, exitUsage, "can't be moved"},
		{"mv without a scheme", []string{"mv", "a", "drive:/b"}, exitUsage, "write drive:/…"},
		{"rm the root", []string{"rm", "drive:/a", "drive:/"}, exitUsage, "can't be removed"},
		{"rm nothing", []string{"rm", ""}, exitUsage, "a path is empty"},
		{"rm of the bed", []string{"rm", "bed:/a"}, exitUsage, "--for-good"},
		{"recover nothing", []string{"trash", "recover", ""}, exitUsage, "a path is empty"},
		{"recover into the bed", []string{"trash", "recover", "a", "--to", "bed:/"}, exitUsage, "the trash is the drive's"},
		{"ls nowhere", []string{"ls", "/a"}, exitUsage, "drive:/…"},
		{"links of the drive", []string{"links", "drive:/a"}, exitUsage, "not a path of the bed"},
		{"published from the bed", []string{"published", "/a", "bed:/b"}, exitUsage, "bed:/b is not a path of the drive"},
		{"published nothing", []string{"published", ""}, exitUsage, "a path is empty"},
		{"links in an unknown form", []string{"links", "/a", "--format", "pdf"}, exitUsage, "bbcode"},
		{"links as two things", []string{"links", "/a", "--format", "md", "--json"}, exitUsage, "exclude each other"},
		{"links as JSON and a template", []string{"links", "/a", "--template", "{url}", "--json"}, exitUsage, "--format template exclude each other"},
		{"links by an unknown placeholder", []string{"links", "/a", "--template", "{url} {title}"}, exitUsage, "--template {title} makes no sense"},
		{"links by a brace alone", []string{"links", "/a", "--format", "template", "--template", "a}"}, exitUsage, "--template } makes no sense"},
		{"links by no template", []string{"links", "/a", "--format", "template"}, exitUsage, "--template makes no sense"},
		{"links in two forms", []string{"links", "/a", "--format", "md", "--template", "{url}"}, exitUsage, "--template makes no sense"},
		{"links by a long template", []string{"links", "/a", "--template", strings.Repeat("x", 5000)}, exitUsage, "at most 4096 bytes"},
		{"put nothing", []string{"put", ""}, exitUsage, "a path is empty"},
		{"put nothing among others", []string{"put", "a.png", " "}, exitUsage, "a path is empty"},
		{"put to nothing", []string{"put", "a.png", "--to", ""}, exitUsage, "a path is empty"},
		{"copy nothing", []string{"copy", "/a", ""}, exitUsage, "a path is empty"},
		{"copy to nothing", []string{"copy", "/a", "--to", "bed:"}, exitUsage, "a path is empty"},
		{"ls nothing", []string{"ls", "bed:"}, exitUsage, "a path is empty"},
		{"links of nothing", []string{"links", ""}, exitUsage, "a path is empty"},
		{"no server", []string{"ls", "drive:/"}, exitUsage, "tuchuang login --server"},
		{"login without a server", []string{"login"}, exitUsage, "tuchuang login --server"},
		{"login without an id", []string{"login", "--server", "http://127.0.0.1:1"}, exitUsage, "--client-id"},
		{"a server without a scheme", []string{"ls", "drive:/", "--server", "127.0.0.1:1"}, exitUsage, "http://host:port"},
		{"no secret and nobody to ask", []string{"ls", "drive:/", "--server", "http://127.0.0.1:1", "--client-id", "x"}, exitUsage, "TUCHUANG_CLIENT_SECRET"},
	}
	p := newProgram(t)
	p.here = true
	t.Chdir(p.home)
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "TUCHUANG_") || strings.HasPrefix(name, "LC_") {
			t.Setenv(name, "") // so that it comes back
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := p.run(tt.args...)
			if r.code != tt.code || !strings.Contains(r.errOut, tt.says) {
				t.Errorf("exit %d, want %d; said:\n%s\nwant %q", r.code, tt.code, r.errOut, tt.says)
			}
			if r.out != "" {
				t.Errorf("wrote to standard output: %s", r.out)
			}
			inChinese(t, p, r.code, tt.args...)
		})
	}
}

// inChinese runs a line that fails once more in Chinese: every line of what is said
// then is, and the exit code is the same.
func inChinese(t *testing.T, p *program, code int, args ...string) {
	t.Helper()
	q := *p
	q.env = append(q.env[:len(q.env):len(q.env)], "LC_ALL=zh_CN.UTF-8")
	r := q.run(args...)
	if r.code != code || r.errOut == "" {
		t.Errorf("%q in Chinese: exit %d, want %d", args, r.code, code)
	}
	for line := range strings.Lines(r.errOut) {
		if !strings.ContainsFunc(line, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%q in Chinese says: %s", args, line)
		}
	}
}

// What people try first: no word at all, a group of commands alone, help.
func TestFirstTries(t *testing.T) {
	p := newProgram(t)
	for _, tt := range []struct {
		args []string
		says string
	}{
		{nil, "Usage: tuchuang <command>"},
		{nil, "Exit codes: 0 "},
		{nil, "5 it was cancelled"},
		{[]string{"help"}, "Usage: tuchuang <command>"},
		{[]string{"help", "put"}, "Usage: tuchuang put"},
		{[]string{"user"}, "user add"},
		{[]string{"--version"}, "tuchuang "},
	} {
		if r := p.run(tt.args...); r.code != exitDone || !strings.Contains(r.out, tt.says) || r.errOut != "" {
			t.Errorf("%q: %+v", tt.args, r)
		}
	}
	p.env = []string{"LC_ALL=zh_CN.UTF-8"}
	for _, args := range [][]string{nil, {"put", "--help"}, {"user", "add", "--help"}, {"serve", "--help"}} {
		r := p.run(args...)
		for _, word := range []string{"Usage", "Arguments", "Commands", "Flags:", "Show ", "Run ", "<command>", "[flags]"} {
			if r.code != exitDone || strings.Contains(r.out, word) {
				t.Errorf("%q says %q:\n%s", args, word, r.out)
			}
		}
	}
}

// A result that nobody got is no success.
func TestOutputThatIsLost(t *testing.T) {
	s := serve(t, "")
	s.file("a.png", "a")
	s.mustRun("put", "a.png")
	s.mustRun("copy", "/a.png")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	data := filepath.Join(s.home, "data")
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"ls", "drive:/"}, "the result could not be written"},
		{[]string{"ls", "drive:/", "--json"}, "the result could not be written"},
		{[]string{"links", "bed:/"}, "the result could not be written"},
		{[]string{"put", "a.png"}, "the result could not be written"},
		{[]string{"version"}, "the result could not be written"},
		{[]string{"serve", "--data", filepath.Join(s.home, "new"), "--listen", "127.0.0.1:0"}, "tuchuang user reset admin"},
		{[]string{"user", "add", "reader", "--data", data}, "tuchuang user reset reader"},
		{[]string{"user", "reset", "reader", "--data", data}, "tuchuang user reset reader"},
	} {
		cmd := s.command(tt.args...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &said
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(said.String(), tt.says) {
			t.Errorf("%v: %v\n%s", tt.args, err, &said)
		}
	}
}

func TestUnreachableServer(t *testing.T) {
	p := newProgram(t)
	p.env = []string{secretVariable + "=x", "TUCHUANG_CLIENT_ID=y", "TUCHUANG_SERVER=http://127.0.0.1:1"}
	r := p.run("ls", "drive:/")
	if r.code != exitFailed || !strings.Contains(r.errOut, "can't be reached") || !strings.Contains(r.errOut, "→ check address") {
		t.Errorf("exit %d: %s", r.code, r.errOut)
	}
	inChinese(t, p, r.code, "ls", "drive:/")
}

// Every command, and every flag of it, has its help in both languages.
func TestHelp(t *testing.T) {
	p := newProgram(t)
	var help func(lang string, words []string, node *kong.Node)
	help = func(lang string, words []string, node *kong.Node) {
		for _, flag := range node.Flags {
			if !flag.Hidden && (flag.Help == "" || strings.HasPrefix(flag.Help, "help_")) {
				t.Errorf("%s %q --%s: %q", lang, words, flag.Name, flag.Help)
			}
		}
		for _, arg := range node.Positional {
			if arg.Help == "" || strings.HasPrefix(arg.Help, "help_") {
				t.Errorf("%s %q %s: %q", lang, words, arg.Name, arg.Help)
			}
		}
		if strings.HasPrefix(node.Help, "help_") || node.Help == "" {
			t.Errorf("%s %q: %q", lang, words, node.Help)
		}
		for _, child := range node.Children {
			help(lang, append(words[:len(words):len(words)], child.Name), child)
		}
	}
	for _, lang := range []string{"en_US.UTF-8", "zh_CN.UTF-8"} {
		u := newUI(nil, io.Discard, io.Discard, func(string) string { return lang })
		parser, err := newParser(t.Context(), new(cli), u)
		if err != nil {
			t.Fatal(err)
		}
		help(lang, nil, parser.Model.Node)
	}
	for _, words := range [][]string{nil, {"put"}, {"task", "show"}, {"serve"}} {
		if r := p.run(append(words, "--help")...); r.code != exitDone || !strings.Contains(r.out, "Usage: tuchuang") || strings.Contains(r.out, "help_") {
			t.Errorf("%q: exit %d\n%s%s", words, r.code, r.out, r.errOut)
		}
	}
	p.env = []string{"LC_ALL=zh_CN.UTF-8"}
	if r := p.run("put", "--help"); !strings.Contains(r.out, putHelpInChinese) {
		t.Errorf("no Chinese help:\n%s", r.out)
	}
}

var putHelpInChinese = helpPut.zh

func TestVersion(t *testing.T) {
	p := newProgram(t)
	if r := p.run("version"); r.code != exitDone || !strings.HasPrefix(r.out, "tuchuang ") {
		t.Errorf("%+v", r)
	}
	if r := p.run("--json", "version"); r.code != exitDone || !strings.HasPrefix(r.out, "{") {
		t.Errorf("%+v", r)
	}
}
