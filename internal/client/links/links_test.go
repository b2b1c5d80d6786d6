package links_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tuchuang/internal/client/links"
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

func linkOf(name string) links.Link {
	return links.Link{Path: "/folder/" + name, Name: name, URL: "https://pic.example.org/i/01jd.png", Etag: "d41d8cd98f00b204e9800998ecf8427e", Size: 7}
}

func all() []links.Link {
	var out []links.Link
	for _, name := range nasty {
		out = append(out, linkOf(name))
	}
	return out
}

func write(t *testing.T, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := links.Write(&b, format, all()); err != nil {
		t.Fatal(err)
	}
	return b.String()
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
		if got := links.Markdown(linkOf(name)); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", name, got, want)
		}
	}
}

// A parser reads back from each tag exactly the picture's name and address.
func TestHTML(t *testing.T) {
	for _, name := range nasty {
		tag := links.HTML(linkOf(name))
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
	l := links.Link{Name: "n", URL: "https://h/a b(c)[d]\"e'<f>\n.png"}
	const safe = "https://h/a%20b%28c%29%5Bd%5D%22e%27%3Cf%3E%0A.png"
	for got, want := range map[string]string{
		links.Markdown(l): "![n](" + safe + ")",
		links.HTML(l):     `<img src="` + safe + `" alt="n">`,
		links.BBCode(l):   "[img]" + safe + "[/img]",
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestHostsStayReachable(t *testing.T) {
	for _, u := range []string{"http://[::1]:8123/i/01jd.png", "http://my_host/i/01jd.png?v=a1b2"} {
		if got, want := links.BBCode(links.Link{URL: u}), "[img]"+u+"[/img]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCSV(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"path", "name", "url", "etag", "size"}, rows[0]); diff != "" {
		t.Error(diff)
	}
	for i, name := range nasty {
		row := rows[i+1]
		for _, c := range row {
			if strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(c)[0]) {
				t.Errorf("%q begins a formula", c)
			}
		}
		if got := strings.TrimPrefix(row[1], "'"); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
}

func TestJSON(t *testing.T) {
	var got []links.Link
	if err := json.Unmarshal([]byte(write(t, "json")), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all(), got); diff != "" {
		t.Error(diff)
	}
	var none bytes.Buffer
	if err := links.Write(&none, "json", nil); err != nil || none.String() != "[]\n" {
		t.Errorf("no links: %q, %v", none.String(), err)
	}
}

func TestUnknownFormat(t *testing.T) {
	err := links.Write(&bytes.Buffer{}, "pdf", nil)
	if err == nil || !strings.Contains(err.Error(), links.Formats) {
		t.Errorf("%v does not name the formats", err)
	}
}
