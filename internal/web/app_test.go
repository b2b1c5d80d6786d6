package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/copytask"
	"tuchuang/internal/thumbnail"
)

// source is where the application is written.
const source = "../../web"

// What is embedded was built of the sources that are here.
func TestAppIsBuiltOfItsSources(t *testing.T) {
	names := []string{"index.html", "package-lock.json", "package.json", "tsconfig.json", "vite.config.ts"}
	err := filepath.WalkDir(filepath.Join(source, "src"), func(at string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, e := filepath.Rel(source, at)
			names, err = append(names, filepath.ToSlash(name)), e
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	all := sha256.New()
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(source, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(all, "%s\n%x\n", name, sha256.Sum256(b))
	}
	built, err := dist.ReadFile("dist/SOURCES.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x\n", all.Sum(nil)); got != string(built) {
		t.Error("the application is not what web/ says: run make web, and commit internal/web/dist")
	}
}

// Nothing that is bundled may be without its notice, and all of it may be given away.
func TestAppHasItsLicenses(t *testing.T) {
	notices := string(assets()["/LICENSES.txt"].plain)
	for _, name := range []string{"vue", "naive-ui", "vue-i18n", "js-md5"} {
		if !strings.Contains(notices, "\n"+name+" ") {
			t.Errorf("there is no notice of %s", name)
		}
	}
	if strings.Contains(notices, "GNU ") {
		t.Error("something is under the GPL")
	}
}

// A first view is there soon on a slow line too.
func TestAppIsLight(t *testing.T) {
	all := assets()
	size, asked := len(all["/"].zipped()), regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllSubmatch(all["/"].plain, -1)
	if len(asked) < 2 {
		t.Fatalf("%d files belong to it", len(asked))
	}
	for _, m := range asked {
		size += len(all[string(m[1])].zipped())
	}
	if most := 250 << 10; size > most {
		t.Errorf("a first view has %d bytes, more than %d", size, most)
	}
}

// words reads the texts of a language by their names.
func words(t *testing.T, lang string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(source, "src", "text", lang+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	flat := make(map[string]string)
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, below := range v {
				walk(strings.TrimPrefix(at+"."+name, "."), below)
			}
		case string:
			flat[at] = v
		}
	}
	walk("", tree)
	return flat
}

var (
	placeholder = regexp.MustCompile(`\{\w+\}`)
	chinese     = regexp.MustCompile(`\p{Han}`)
	latin       = regexp.MustCompile(`\p{Latin}`)
)

// properNames are the same in every language.
var properNames = []string{"URL", "Markdown", "HTML", "BBCode", "CSV", "JSON", "clientID", "clientSecret", "PicGo", "OpenList", "curl"}

// Both languages have the same texts, with the same values in them; none has words of
// the other.
func TestAppSpeaksBothLanguages(t *testing.T) {
	zh, en := words(t, "zh"), words(t, "en")
	if len(zh) < 100 {
		t.Fatalf("there are %d texts", len(zh))
	}
	for name, text := range zh {
		other, ok := en[name]
		if !ok || strings.TrimSpace(text) == "" || strings.TrimSpace(other) == "" {
			t.Errorf("%s is not in English", name)
			continue
		}
		if chinese.MatchString(other) {
			t.Errorf("%s: %q is not English", name, other)
		}
		if latin.MatchString(text) && !chinese.MatchString(text) && !slices.Contains(properNames, text) {
			t.Errorf("%s: %q is not Chinese", name, text)
		}
		for form := range strings.SplitSeq(other, " | ") {
			for _, p := range placeholder.FindAllString(form, -1) {
				if !strings.Contains(text, p) {
					t.Errorf("%s: %s is in %q alone", name, p, form)
				}
			}
		}
		for _, p := range placeholder.FindAllString(text, -1) {
			if !strings.Contains(other, p) && p != "{n}" { // "the failed one"
				t.Errorf("%s: %s is in %q alone", name, p, text)
			}
		}
	}
	for name := range en {
		if _, ok := zh[name]; !ok {
			t.Errorf("%s is not in Chinese", name)
		}
	}
}

// Each text that the application names is there.
func TestAppTextsAreThere(t *testing.T) {
	named := regexp.MustCompile(`(?:\$t|\bt|\bsay)\('([a-zA-Z_.]+)'`)
	zh := words(t, "zh")
	used := 0
	err := filepath.WalkDir(filepath.Join(source, "src"), func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(at)
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			used++
			if zh[m[1]] == "" && !strings.HasSuffix(m[1], ".") { // one that is put together
				t.Errorf("%s: there is no text %q", at, m[1])
			}
		}
		return err
	})
	if err != nil || used < 100 {
		t.Fatal(cmp.Or(err, fmt.Errorf("%d are used", used)))
	}
}

// What the application puts names of texts together of: what may follow a beginning.
var endings = map[string][]string{
	"accounts.is.": {"disabled", "unpublished"},
	"keys.":        {"arrows", "range", "one", "all", "open", "look", "details", "download", "publish", "links", "visit", "republish", "rename", "remove", "undo", "search", "tasks", "out", "keys"},
	"limit.":       nil, // TestAppHasWordsForReasons
	"links.":       {"url", "md", "html", "bbcode", "csv", "json", "template"},
	"order.":       {"file_name", "update_at", "size"},
	"outcome.":     {"all", "open", "copied", "replaced", "skipped", "failed"},
	"reason.":      nil,
	"said.":        nil, // of all other codes it has the server's words
	"server.in.":   {"folder", "bucket"},
	"server.is.":   {"draining", "database", "store", "room", "moved"},
	"settings.":    {"picgo", "openlist", "curl", "cli", "picgoConfig", "picgoHost", "openlistFields", "openlistHost", "curlToken", "curlAsk", "cliLogin", "cliPut"},
	"source.":      {"current", "outdated", "gone"},
	"state.":       {"current", "outdated"},
	"thumb.":       {string(thumbnail.Unsupported), string(thumbnail.Damaged), string(thumbnail.TooLarge), string(thumbnail.Busy), "none"},
	"tokens.":      {"base", "read", "write"},
	"upload.":      {"replace", "both", "skip"},
}

// Each text whose name is put together is there, and of no other beginning is one.
func TestAppTextsThatArePutTogetherAreThere(t *testing.T) {
	put := regexp.MustCompile(`'([a-z]+(?:\.[a-z]+)?\.)' \+`)
	zh := words(t, "zh")
	begun := make(map[string]bool)
	err := filepath.WalkDir(filepath.Join(source, "src"), func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(at)
		for _, m := range put.FindAllStringSubmatch(string(b), -1) {
			begun[m[1]] = true
			if _, ok := endings[m[1]]; !ok {
				t.Errorf("%s: what follows %q?", at, m[1])
			}
		}
		if d.Name() == "KeysSheet.vue" {
			for _, m := range regexp.MustCompile(`\], '(\w+)'\]`).FindAllStringSubmatch(string(b), -1) {
				if !slices.Contains(endings["keys."], m[1]) {
					t.Errorf("the key of %s is not looked at", m[1])
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for beginning, all := range endings {
		if !begun[beginning] {
			t.Errorf("nothing begins with %q", beginning)
		}
		for _, end := range all {
			if zh[beginning+end] == "" {
				t.Errorf("there is no text %q", beginning+end)
			}
		}
	}
}

// Whatever a plan or a task may be told to fail for has its text.
func TestAppHasWordsForReasons(t *testing.T) {
	en := words(t, "en") // the other language has the same
	ofUndo := []copytask.Reason{copytask.WasReplaced, copytask.Republished, copytask.WasChanged, copytask.WasMoved, copytask.WasTouched, copytask.FormerGone}
	for _, r := range copytask.Reasons() {
		if _, ok := en["reason."+string(r)]; ok == slices.Contains(ofUndo, r) { // those come with the server's sentences
			t.Errorf("the reason %s: %v", r, ok)
		}
	}
	for _, c := range copytask.FailCodes() {
		if en["limit."+string(c)] == "" {
			t.Errorf("there is no text for %s", c)
		}
	}
}

// Colours, sizes of type and corners stand in one file.
func TestAppTokensStandInOneFile(t *testing.T) {
	own := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(|font-size: *[0-9.]+[a-z]+|border-[a-z-]*radius: *(?:[1-9]|[1-9][0-9])px`)
	err := filepath.WalkDir(filepath.Join(source, "src"), func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "tokens.ts" || d.Name() == "icon.svg" {
			return err
		}
		b, err := os.ReadFile(at)
		if found := own.FindAllString(string(b), -1); found != nil {
			t.Errorf("%s: %v", at, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
