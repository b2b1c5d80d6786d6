package linkformat_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
)

// nasty are names that would break one form or the other.
var nasty = []string{
	`a](x)"<b>.png`,
	`plain.png`,
	`图 床.png`,
	`=cmd()|'/c calc'!A1.png`,
	`+1.png`, `-1.png`, `@sum.png`, `＝1.png`,
	`a,b"c.csv.png`,
	`[/img][url]x.png`,
	"line\nbreak\rtab\t.png",
	"`code` **bold** _it_ ~~no~~ $x$ \\.png",
	`&lt;&#60;'.png`,
	`<img src=x onerror=alert(1)>.png`,
}

func linkOf(name string) linkformat.Link {
	return linkformat.Link{ID: "01jd", Path: "/folder/" + name, Name: name, URL: "https://pic.example.org/i/01jd.png", Etag: "d41d8cd98f00b204e9800998ecf8427e", Size: 7}
}

func all() []linkformat.Link {
	var out []linkformat.Link
	for _, name := range nasty {
		out = append(out, linkOf(name))
	}
	return out
}

func of(t *testing.T, name, template string) linkformat.Format {
	t.Helper()
	f, err := linkformat.New(name, template)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, format string) string {
	t.Helper()
	return of(t, format, "").WithPaths().All(all())
}

// line is one picture in one format.
func line(t *testing.T, format string, l linkformat.Link) string {
	t.Helper()
	return of(t, format, "").Text(l, 1)
}

func TestOneLineAPicture(t *testing.T) {
	for _, format := range []string{"url", "md", "html", "bbcode"} {
		if got := strings.Count(write(t, format), "\n"); got != len(nasty) {
			t.Errorf("%s: %d lines for %d pictures", format, got, len(nasty))
		}
	}
}

func TestMarkdown(t *testing.T) {
	const to = "](https://pic.example.org/i/01jd.png)"
	for name, want := range map[string]string{
		`plain.png`:                          `![plain.png` + to,
		`a](x)"<b>.png`:                      `![a\](x)"\<b\>.png` + to,
		"line\nbreak.png":                    `![line break.png` + to,
		"`code` **b** _i_ ~~n~~ $x$ | \\ &!": "![\\`code\\` \\*\\*b\\*\\* \\_i\\_ \\~\\~n\\~\\~ \\$x\\$ \\| \\\\ \\&\\!" + to,
	} {
		if got := linkformat.Markdown(linkOf(name)); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

// A parser reads back from each tag exactly the picture's name and address.
func TestHTML(t *testing.T) {
	for _, name := range nasty {
		tag := line(t, "html", linkOf(name))
		var img struct {
			Src string `xml:"src,attr"`
			Alt string `xml:"alt,attr"`
		}
		if err := xml.Unmarshal([]byte(strings.TrimSuffix(tag, ">")+"/>"), &img); err != nil {
			t.Errorf("%s: %v", tag, err)
			continue
		}
		want := strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(name)
		if img.Alt != want || img.Src != linkOf(name).URL {
			t.Errorf("%s reads back as %q, %q", tag, img.Src, img.Alt)
		}
	}
}

// Whatever a server takes for an address, it ends where the form says.
func TestAddressesEndWhereTheyShould(t *testing.T) {
	l := linkformat.Link{Name: "n", URL: "https://h/a b(c)[d]\"e'<f>\n.png"}
	const safe = "https://h/a%20b%28c%29%5Bd%5D%22e%27%3Cf%3E%0A.png"
	for got, want := range map[string]string{
		linkformat.Markdown(l): "![n](" + safe + ")",
		line(t, "html", l):     `<img src="` + safe + `" alt="n">`,
		line(t, "bbcode", l):   "[img]" + safe + "[/img]",
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestHostsStayReachable(t *testing.T) {
	for _, u := range []string{"http://[::1]:8123/i/01jd.png", "http://my_host/i/01jd.png?v=a1b2"} {
		if got, want := line(t, "bbcode", linkformat.Link{URL: u}), "[img]"+u+"[/img]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCSV(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"path", "id", "name", "url", "etag", "size"}, rows[0]); diff != "" {
		t.Error(diff)
	}
	for i, name := range nasty {
		row := rows[i+1]
		for _, c := range row {
			if strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(c)[0]) {
				t.Errorf("%q begins a formula", c)
			}
		}
		if got := strings.TrimPrefix(row[2], "'"); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
}

// A table is for spreadsheets: its lines, and no formulas; what could not be written is told.
func TestTable(t *testing.T) {
	var b strings.Builder
	table := linkformat.NewTable(&b)
	table.Row("id", "name")
	table.Row("1", "=a,b")
	if err := table.End(); err != nil || b.String() != "id,name\r\n1,\"'=a,b\"\r\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	r, w := io.Pipe()
	r.Close()
	table = linkformat.NewTable(w)
	table.Row("id")
	if err := table.End(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("nobody reads: %v", err)
	}
}

func TestJSON(t *testing.T) {
	var got []linkformat.Link
	if err := json.Unmarshal([]byte(write(t, "json")), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all(), got); diff != "" {
		t.Error(diff)
	}
	if none := of(t, "json", "").All(nil); none != "[]\n" {
		t.Errorf("no links: %q", none)
	}
}

// Paths are told only where they are asked for.
func TestPathsAreTold(t *testing.T) {
	one := all()[:1]
	for _, name := range []string{"csv", "json"} {
		f := of(t, name, "")
		if with, without := f.WithPaths().All(one), f.All(one); !strings.Contains(with, "path") || strings.Contains(without, "path") || strings.Contains(without, "/folder/") {
			t.Errorf("with paths\n%s\nwithout\n%s", with, without)
		}
	}
	if got := of(t, "csv", "").All(nil); got != "id,name,url,etag,size\n" {
		t.Errorf("an empty table: %q", got)
	}
}

// The name of a format is taken in any case, and a template needs none.
func TestWhichFormat(t *testing.T) {
	l := linkOf("plain.png")
	for _, tt := range []struct{ name, template, want string }{
		{"", "", l.URL},
		{"URL", "", l.URL},
		{"MD", "", "![plain.png](" + l.URL + ")"},
		{"", "{name}", "plain.png"},
		{"Template", "{name}", "plain.png"},
	} {
		if got := of(t, tt.name, tt.template).Text(l, 1); got != tt.want {
			t.Errorf("%q with %q: %q, want %q", tt.name, tt.template, got, tt.want)
		}
	}
	for _, tt := range []struct{ name, template, field string }{
		{"pdf", "", "format"}, {"markdown ", "", "format"},
		{"template", "", "template"}, {"md", "{url}", "template"}, {"pdf", "{url}", "template"},
	} {
		_, err := linkformat.New(tt.name, tt.template)
		if args := fault.ArgsOf(err); !fault.Is(err, fault.BadRequest) || args[0] != tt.field {
			t.Errorf("%q with %q: %v, want %s", tt.name, tt.template, err, tt.field)
		}
	}
	for name := range strings.SplitSeq(linkformat.Names, ",") {
		if name != "template" && line(t, name, l) == "" {
			t.Errorf("nothing is written as %s", name)
		}
	}
}
