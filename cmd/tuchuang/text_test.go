package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tuchuang/internal/fault"
)

var verb = regexp.MustCompile(`%[-+ #0-9.]*[a-zA-Z%]`)

func TestMessagesAreInBothLanguages(t *testing.T) {
	if len(texts) < 100 {
		t.Fatalf("only %d messages were registered", len(texts))
	}
	for _, m := range texts {
		if m.zh == "" || m.en == "" {
			t.Errorf("one language is missing: %+v", m)
		}
		if zh, en := verb.FindAllString(m.zh, -1), verb.FindAllString(m.en, -1); strings.Join(zh, " ") != strings.Join(en, " ") {
			t.Errorf("%q has %v, %q has %v", m.zh, zh, m.en, en)
		}
	}
}

// spoken is a literal that looks like a sentence: two English words, or Chinese.
var spoken = regexp.MustCompile(`[A-Za-z]{2,}[,:]? [a-z]{2,}|\p{Han}`)

// unspoken are the sentences of this package that no user reads, or that are in both
// languages already.
var unspoken = []string{
	"some of it failed", "the database does not answer", // of /readyz
	"ask for a loopback address", // of the profiler
	"旅行/", "travel/", "产品图",      // folders of the demo
}

// heard says whether what is handed to a call or put into a literal is for people.
func heard(n ast.Node) bool {
	var of ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		of = n.Fun
	case *ast.CompositeLit:
		of = n.Type
	case *ast.Field, *ast.ImportSpec: // tags, paths
		return false
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name != "say"
	}
	sel, ok := of.(*ast.SelectorExpr)
	if !ok {
		return true
	}
	id, _ := sel.X.(*ast.Ident)
	if field, ok := sel.X.(*ast.SelectorExpr); ok { // s.log.Warn
		id = field.Sel
	}
	return id == nil || !slices.Contains([]string{"fault", "log", "slog", "regexp", "sweep"}, id.Name)
}

// What people read passes say: a sentence anywhere else is one that is not translated.
func TestSentencesPassTheTable(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return n == nil || heard(n)
			}
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(unspoken, func(u string) bool { return strings.HasPrefix(s, u) })
			if i >= 0 {
				found[unspoken[i]] = true
			} else if spoken.MatchString(s) {
				t.Errorf("%s: %q is in one language only", set.Position(lit.Pos()), s)
			}
			return true
		})
	}
	if len(found) != len(unspoken) {
		t.Errorf("of the known sentences only %v were found", found)
	}
}

// Every word for what is wrong with a setting or the data folder has its sentence.
func TestEveryWhyHasItsSentence(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../../internal/fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	words := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Why" {
			return true
		}
		words++
		word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if _, known := problems[fault.Why(word)]; err != nil || !known {
			t.Errorf("%s has no sentence (%v)", word, err)
		}
		return true
	})
	if words == 0 || words != len(problems) {
		t.Errorf("%d words, %d sentences", words, len(problems))
	}
}

func TestLanguage(t *testing.T) {
	for _, tt := range []struct {
		env map[string]string
		zh  bool
	}{
		{nil, false},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, true},
		{map[string]string{"LANG": "en_US.UTF-8"}, false},
		{map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "C", "LC_MESSAGES": "zh_TW"}, true},
		{map[string]string{"LC_MESSAGES": "en_GB", "LC_ALL": "ZH"}, true},
	} {
		if got := speaksChinese(func(name string) string { return tt.env[name] }); got != tt.zh {
			t.Errorf("%v: %v", tt.env, got)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"图床 a.png":          "图床 a.png",
		"a\x1b[31mb":        `a\u001b[31mb`,
		"a\nb\u202etxt.png": `a\u000ab\u202etxt.png`,
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestHumanSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 200 << 10: "200 KiB",
		1<<20 - 1: "1.0 MiB", 10 << 30: "10 GiB",
	} {
		if got := humanSize(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestTasksInWords(t *testing.T) {
	total := int64(3)
	for _, tt := range []struct {
		name string
		zh   bool
		r    taskReport
		want string
	}{
		{"of a server that counts", false, reportOf(2, &total, "", ""), "task T is done: 1 copied, 0 replaced, 0 skipped, 1 failed"},
		{"of one that does not", false, reportOf(2, nil, "", ""), "task T is done, 1 failed"},
		{"failed for a known reason", false, reportOf(3, &total, "limit_images", "图片数量超过1000张限制"), "task T failed: more than 1000 pictures, nothing was copied"},
		{"a limit of this server", false, reportOf(3, &total, "limit_images", "图片数量超过20张限制"), "task T failed: more than 20 pictures, nothing was copied"},
		{"the same in Chinese", true, reportOf(3, &total, "limit_depth", "文件夹层级超过7层限制"), "任务 T 失败：文件夹超过 7 层，没有复制任何图片"},
		{"a limit that is not named", false, reportOf(3, &total, "limit_images", ""), "task T failed: limit_images"},
		{"failed, with words alone", true, reportOf(3, nil, "", "空间不足"), "任务 T 失败：空间不足"},
		{"a reason nobody knows", false, reportOf(3, nil, "weird", ""), "task T failed: weird"},
		{"waiting", true, reportOf(4, nil, "", ""), "任务 T 在排队"},
		{"an unknown state", false, reportOf(9, nil, "", ""), "unknown state: 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			u := &ui{out: &out, zh: tt.zh}
			if err := u.showTask(tt.r, 0); err != nil {
				t.Fatal(err)
			}
			failure := "failed a.png: no room left"
			if tt.zh {
				failure = "失败 a.png：空间不足"
			}
			for _, want := range []string{tt.want, failure} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing in:\n%s", want, out.String())
				}
			}
		})
	}
}
