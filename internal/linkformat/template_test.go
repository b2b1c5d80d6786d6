package linkformat_test

import (
	"encoding/csv"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"

	"tuchuang/internal/fault"
	"tuchuang/internal/linkformat"
)

func TestTemplate(t *testing.T) {
	l := linkformat.Link{ID: "id7", Name: "图 [1].tar.PNG", URL: "https://h/i/id7.png", Etag: "e7", Size: 70}
	for template, want := range map[string]string{
		"{n}. {name} {stem} {ext} {id} {etag} {size} {url}": "3. 图 [1].tar.PNG 图 [1].tar PNG id7 e7 70 https://h/i/id7.png",
		"plain":               "plain",
		"{{{url}}}":           "{https://h/i/id7.png}",
		"{{url}} }}{{":        "{url} }{",
		`{{"u": "{url}"}}`:    `{"u": "https://h/i/id7.png"}`,
		"![{name:md}]({url})": `![图 \[1\].tar.PNG](https://h/i/id7.png)`,
		"/x/{stem:url}":       "/x/%E5%9B%BE%20%5B1%5D.tar",
		"%s %d ${url} \\n":    "%s %d $https://h/i/id7.png \\n",
		"a\n{n}\n":            "a\n3\n",
	} {
		if got := of(t, "", template).Text(l, 3); got != want {
			t.Errorf("%q gives %q, want %q", template, got, want)
		}
	}
	for name, want := range map[string]string{"a.b.png": "a.b|png", ".png": ".png|", "none": "none|", "end.": "end|", "图.GIF": "图|GIF"} {
		if got := of(t, "", "{stem}|{ext}").Text(linkOf(name), 1); got != want {
			t.Errorf("%q is parted %q, want %q", name, got, want)
		}
	}
}

// Each picture has its own lines and number, whether the template ends its line or
// not.
func TestTemplateOfSeveral(t *testing.T) {
	two := []linkformat.Link{linkOf("a.png"), linkOf("b.png")}
	for _, template := range []string{"{n} {name}", "{n} {name}\n"} {
		if got := of(t, "", template).All(two); got != "1 a.png\n2 b.png\n" {
			t.Errorf("%q gives %q", template, got)
		}
	}
}

func TestTemplatesThatMakeNoSense(t *testing.T) {
	for template, says := range map[string]string{
		"{foo}":                       "template {foo}",
		"{url} {}":                    "template {}",
		"{URL}":                       "template {URL}",
		"{ url }":                     "template { url }",
		"{name:}":                     "template {name:}",
		"{name:xml}":                  "template {name:xml}",
		"{name:md:md}":                "template {name:md:md}",
		"{:md}":                       "template {:md}",
		"{url":                        "template {url",
		"url}":                        "template }",
		"{url}}":                      "template }",
		"{a{url}}":                    "template {a{url}",
		"{a\nb}":                      "template {a b}",
		"{" + strings.Repeat("图", 99): "template {" + strings.Repeat("图", 31) + "…",
		strings.Repeat("x", linkformat.MaxTemplate+1): "template",
	} {
		_, err := linkformat.New("", template)
		if args := fault.ArgsOf(err); !fault.Is(err, fault.BadRequest) || len(args) != 1 || args[0] != says {
			t.Errorf("%q: %v, want %q", template, err, says)
		}
	}
	if long := strings.Repeat("x", linkformat.MaxTemplate); of(t, "", long).Text(linkOf("a"), 1) != long {
		t.Error("the longest template is not written as it is")
	}
}

// What a template escapes for a language, its parser reads back.
func TestTemplateEscapes(t *testing.T) {
	for _, name := range nasty {
		flat := strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(name)
		of := func(template string) string { return of(t, "", template).Text(linkOf(name), 1) }
		if got := html.UnescapeString(of("{name:html}")); got != flat || strings.ContainsAny(of("{name:html}"), `<>"'`) {
			t.Errorf("%q as HTML: %q", name, of("{name:html}"))
		}
		var text string
		if err := json.Unmarshal([]byte(of(`"{name:json}"`)), &text); err != nil || text != flat {
			t.Errorf("%q as JSON: %s %v", name, of("{name:json}"), err)
		}
		row, err := csv.NewReader(strings.NewReader(of("{n},{name:csv},{size}"))).Read()
		if err != nil || len(row) != 3 || strings.TrimPrefix(row[1], "'") != flat {
			t.Errorf("%q in a table: %q %v", name, row, err)
		}
		if got, err := url.PathUnescape(of("{name:url}")); err != nil || got != flat || strings.ContainsAny(of("{name:url}"), "/?#\" <>") {
			t.Errorf("%q in an address: %q %v", name, of("{name:url}"), err)
		}
		if got, want := of("![{name:md}]({url})"), linkformat.Markdown(linkOf(name)); got != want {
			t.Errorf("%q in Markdown: %s, want %s", name, got, want)
		}
	}
}

// Whatever a template is, it is refused or written without a panic, and text in it
// that has no braces comes out as it went in.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"{url}", "{{}}", "{name:md}", "}{", "{a{", "图{n}"} {
		f.Add(seed, "a](x).png")
	}
	f.Fuzz(func(t *testing.T, template, name string) {
		format, err := linkformat.New("template", template)
		if err != nil {
			if !fault.Is(err, fault.BadRequest) {
				t.Error(err)
			}
			return
		}
		got := format.Text(linkOf(name), 1)
		if !strings.ContainsAny(template, "{}") && got != template {
			t.Errorf("%q gives %q", template, got)
		}
	})
}
