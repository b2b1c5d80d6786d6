package rendition_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"tuchuang/internal/picture/rendition"
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"`

func cleaned(t testing.TB, text string) (string, error) {
	t.Helper()
	d, err := draw(t, []byte(text), "image/svg+xml", 128)
	if err == nil && d.Type != "image/svg+xml" {
		t.Errorf("it is %s", d.Type)
	}
	return string(d.Bytes), err
}

// What draws stays as it is.
func TestSVGStays(t *testing.T) {
	for _, inside := range []string{
		`<path d="M0 0L10 10z" fill="#f00" stroke-width="2" transform="rotate(3)"></path>`,
		`<g id="a" style="fill:red !important;stroke:url(#s)"><circle cx="5" cy="5" r="3"></circle></g><use xlink:href="#a" x="3"></use>`,
		`<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"></stop></linearGradient></defs><rect width="9" height="9" fill="url(#g)" filter="url(&#34;#f&#34;)"></rect>`,
		`<text x="1" y="2" xml:space="preserve" font-family="sans-serif">你好 &lt;b&gt; &amp; <tspan dy="1">x</tspan></text>`,
		`<style>.a{fill:#f00 !important}.b{fill:url(#g)}</style><rect class="a"></rect>`,
		`<image xlink:href="data:image/png;base64,iVBORw0KGgo=" width="3" height="4"></image>`,
		`<filter id="f"><feGaussianBlur in="SourceAlpha" stdDeviation="2"></feGaussianBlur><feMerge><feMergeNode in="x"></feMergeNode></feMerge></filter>`,
		`<title>a</title><desc>b</desc><clipPath id="c"><rect width="1" height="1"></rect></clipPath>`,
	} {
		got, err := cleaned(t, svgHead+` viewBox="0 0 10 10">`+inside+`</svg>`)
		if err != nil || got != svgHead+` viewBox="0 0 10 10">`+inside+`</svg>` {
			t.Errorf("%s\n\tbecame %s, %v", inside, got, err)
		}
	}
	// What others write differently is written alike.
	for from, want := range map[string]string{
		`<svg width="1"><g/></svg>`: svgHead + ` width="1"><g></g></svg>`,
		`<?xml version="1.0" encoding="utf-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x"><!-- a --><s:svg xmlns:s="http://www.w3.org/2000/svg"><s:rect/></s:svg> `: svgHead + `><rect></rect></svg>`,
		`<svg xmlns:i="http://ns.adobe.com/x"><i:pgf>x</i:pgf><g i:layer="yes" data-a="b"><rect/></g><metadata><a>b</a></metadata></svg>`:                                   svgHead + `><g><rect></rect></g></svg>`,
		`<svg xmlns:x="http://www.w3.org/1999/xlink"><use x:href="#a" href="#b"/></svg>`:                                                                                    svgHead + `><use xlink:href="#a"></use></svg>`,
		`<svg><a href="https://evil.example/"><text>go</text></a></svg>`:                                                                                                    svgHead + `><text>go</text></svg>`,
		`<svg><style>@font-face{font-family:x;src:url(http://e/x)}@media print{.b{fill:red}}.a{fill:blue}/* c */</style></svg>`:                                             svgHead + `><style>.a{fill:blue} </style></svg>`,
		`<svg><style><![CDATA[.a > .b{fill:blue}]]></style></svg>`:                                                                                                          svgHead + `><style>.a &gt; .b{fill:blue}</style></svg>`,
	} {
		if got, err := cleaned(t, from); err != nil || got != want {
			t.Errorf("%s\n\tbecame %s, %v\n\tshould be %s", from, got, err, want)
		}
	}
}

// hostile are SVGs that do something, or ask for something.
var hostile = []string{
	`<script>alert(1)</script>`,
	`<script xlink:href="https://evil.example/x.js"/>`,
	`<g onload="alert(1)" onclick="alert(1)" ONMOUSEOVER="alert(1)"/>`,
	`<a xlink:href="javascript:alert(1)"><rect/></a>`,
	`<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><iframe src="https://evil.example/"/></body></foreignObject>`,
	`<html:script xmlns:html="http://www.w3.org/1999/xhtml">alert(1)</html:script>`,
	`<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>`,
	`<image xlink:href="https://evil.example/x.png"/>`,
	`<image href="//evil.example/x.png"/>`,
	`<image href="data:image/svg+xml;base64,PHN2Zy8+"/>`,
	`<image href="data:text/html,evil"/>`,
	`<use href="https://evil.example/x.svg#a"/>`,
	`<use href="data:image/svg+xml,evil#a"/>`,
	`<feImage href="https://evil.example/x.png"/>`,
	`<rect fill="url(https://evil.example/x.svg#a)"/>`,
	`<rect fill="url( 'https://evil.example/x.svg#a' )"/>`,
	`<rect style="fill:url(https://evil.example/x)"/>`,
	`<rect style="fill:u\72l(https://evil.example/x)"/>`,
	`<rect style="fill:url/**/(https://evil.example/x)"/>`,
	`<rect style="background:image-set('https://evil.example/x' 1x)"/>`,
	`<rect style="width:expression(evil)"/>`,
	`<rect style="-moz-binding:url(https://evil.example/x)"/>`,
	`<rect cursor="url(https://evil.example/x)"/>`,
	`<rect filter="url(#a) url(https://evil.example/x)"/>`,
	`<style>@import "https://evil.example/x.css";</style>`,
	`<style>@import url(https://evil.example/x.css)</style>`,
	`<style>@font-face{src:url(https://evil.example/x)}.a{fill:red}</style>`,
	`<style>@media screen{@import "https://evil.example/x"}.a{fill:url(https://evil.example/y)}</style>`,
	`<style>.a{background:url("https://evil.example/x")}</style>`,
	`<style>.a{background:URL(//evil.example/x)}</style>`,
	`<style>.a{background:url("#a" https://evil.example/x)}</style>`,
	`<style>.a{content:"</style><script>evil</script>"}</style>`,
	`<style>.a{b:"@";c:url(https://evil.example/x)}</style>`,
	`<style>.a{b:url(https://evil.example/x) /* }</style>`,
	`<style>@ur{}l(https://evil.example/x)</style>`,
	`<style><g onload="evil"/>.a{fill:red}</style>`,
	`<animate attributeName="href" to="javascript:alert(1)"/>`,
	`<set attributeName="onload" to="alert(1)"/>`,
	`<animateTransform attributeName="transform" onbegin="alert(1)"/>`,
	`<handler type="text/javascript">alert(1)</handler>`,
	`<iframe src="https://evil.example/"/>`, `<embed src="https://evil.example/"/>`, `<object data="https://evil.example/"/>`,
	`<audio src="https://evil.example/"/>`, `<video><source src="https://evil.example/"/></video>`,
	`<link rel="stylesheet" href="https://evil.example/x.css"/>`,
	`<discard/>`, `<g xml:base="https://evil.example/"/>`, `<g xmlns:ev="http://www.w3.org/2001/xml-events" ev:event="click"/>`,
	`<title><script>alert(1)</script></title>`,
	`<g id="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"/>`,
	`<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>`,
	`<?xml-stylesheet href="https://evil.example/x.css"?>`,
}

// asks are what no SVG may have that was cleaned: names of elements and of attributes.
func unclean(t testing.TB, text string) (why string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	inStyle := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return ""
		}
		if err != nil {
			return err.Error()
		}
		var values []string
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Space != "http://www.w3.org/2000/svg" {
				return "namespace " + e.Name.Space
			}
			switch name := strings.ToLower(e.Name.Local); name {
			case "script", "foreignobject", "a", "animate", "set", "animatetransform", "animatemotion", "handler", "iframe", "embed", "object",
				"audio", "video", "link", "discard", "html", "body", "source", "listener":
				return "element " + name
			}
			inStyle = e.Name.Local == "style"
			for _, a := range e.Attr {
				name := strings.ToLower(a.Name.Local)
				if strings.HasPrefix(name, "on") || name == "src" || name == "base" || a.Name.Space == "xmlns" && name != "xlink" {
					return "attribute " + name
				}
				if a.Name.Space != "xmlns" && name != "xmlns" {
					values = append(values, a.Value)
				}
			}
		case xml.EndElement:
			inStyle = false
		case xml.CharData:
			if inStyle {
				values = append(values, string(e))
			}
		case xml.ProcInst, xml.Directive:
			return "an instruction"
		}
		for _, v := range values {
			low := strings.ToLower(v)
			for _, word := range []string{"evil", "http:", "https:", "javascript:", "@import", "data:text", "data:image/svg", "expression("} {
				if strings.Contains(low, word) {
					return "value " + v
				}
			}
		}
	}
}

// Whatever is put into an SVG, nothing of what acts or asks comes out, and what is beside
// it stays.
func TestSVGHostile(t *testing.T) {
	for _, h := range hostile {
		got, err := cleaned(t, svgHead+`>`+h+`<rect id="stays"/></svg>`)
		if err != nil {
			if !errors.Is(err, rendition.ErrDamaged) {
				t.Errorf("%s: %v", h, err)
			}
			continue
		}
		if why := unclean(t, got); why != "" {
			t.Errorf("%s\n\tbecame %s: %s", h, got, why)
		}
		if !strings.Contains(got, `<rect id="stays"></rect>`) {
			t.Errorf("%s: what is beside it is gone: %s", h, got)
		}
	}
	got, err := cleaned(t, `<svg onload="alert(1)" xmlns:evil="https://evil.example/" evil:a="b"/>`)
	if why := unclean(t, got); err != nil || why != "" {
		t.Errorf("%s: %s, %v", got, why, err)
	}
	for _, bad := range []string{ // of what the test calls unclean
		svgHead + `><script/></svg>`, svgHead + `><g onload="x"/></svg>`, svgHead + `><style>@import "x"</style></svg>`, `<svg/>`,
	} {
		if unclean(t, bad) == "" {
			t.Errorf("%s is called clean", bad)
		}
	}
}

func TestSVGRefusals(t *testing.T) {
	laughs := `<svg><g id="l0"><rect/></g>`
	for i := range 9 {
		one := `<use href="#l` + strconv.Itoa(i) + `"/>`
		laughs += `<g id="l` + strconv.Itoa(i+1) + `">` + strings.Repeat(one, 10) + `</g>`
	}
	patterns := `<svg>`
	for i := range 9 {
		patterns += `<pattern id="p` + strconv.Itoa(i) + `">` + strings.Repeat(`<rect fill="url(#p`+strconv.Itoa(i+1)+`)"/>`, 10) + `</pattern>`
	}
	nested := `<svg>`
	for i := range 9 { // by the id of something around
		nested += `<g id="o` + strconv.Itoa(i+1) + `"><g>` + strings.Repeat(`<use href="#o`+strconv.Itoa(i)+`"/>`, 10) + `</g></g>`
	}
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"entities":                {`<!DOCTYPE svg [<!ENTITY a "b">]><svg><text>&a;</text></svg>`, rendition.ErrUnsupported},
		"entities from outside":   {`<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg/>`, rendition.ErrUnsupported},
		"parameters of them":      {`<!DOCTYPE svg [<!ENTITY % a SYSTEM "http://evil.example/">%a;]><svg/>`, rendition.ErrUnsupported},
		"an entity that is none":  {`<svg><text>&a;</text></svg>`, rendition.ErrDamaged},
		"another alphabet":        {`<?xml version="1.0" encoding="GBK"?><svg/>`, rendition.ErrUnsupported},
		"deep":                    {`<svg>` + strings.Repeat(`<g>`, 500) + strings.Repeat(`</g>`, 500) + `</svg>`, rendition.ErrTooLarge},
		"deep in what goes":       {`<svg>` + strings.Repeat(`<script>`, 500) + strings.Repeat(`</script>`, 500) + `</svg>`, rendition.ErrTooLarge},
		"many":                    {`<svg>` + strings.Repeat(`<g/>`, 300_000) + `</svg>`, rendition.ErrTooLarge},
		"few that use each other": {laughs + `<use href="#l9"/></svg>`, rendition.ErrTooLarge},
		"patterns of patterns":    {patterns + `<rect fill="url(#p0)"/></svg>`, rendition.ErrTooLarge},
		"uses of what is around":  {nested + `</svg>`, rendition.ErrTooLarge},
		"cut":                     {`<svg><g><rect/>`, rendition.ErrDamaged},
		"nothing":                 {` `, rendition.ErrDamaged},
		"no XML":                  {`<svg><g></svg>`, rendition.ErrDamaged},
		"HTML":                    {`<html xmlns="http://www.w3.org/1999/xhtml"><svg/></html>`, rendition.ErrDamaged},
		"an svg of another kind":  {`<svg xmlns="http://evil.example/"/>`, rendition.ErrDamaged},
		"bytes":                   {"<svg>\x00\x01</svg>", rendition.ErrDamaged},
	} {
		if got, err := cleaned(t, test.text); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v: %.200s", name, err, test.want, got)
		}
	}
	// What is used often and leads nowhere further is fine, and so is what leads to itself.
	for _, text := range []string{
		`<svg><symbol id="s"><path d="M0 0"/></symbol>` + strings.Repeat(`<use href="#s"/>`, 20_000) + `</svg>`,
		`<svg><g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g><use href="#a"/></svg>`,
	} {
		if _, err := cleaned(t, text); err != nil {
			t.Errorf("%.80s: %v", text, err)
		}
	}
}

// FuzzSVG looks for an SVG that is not clean afterwards, and for one that changes when it
// is cleaned again.
func FuzzSVG(f *testing.F) {
	for _, h := range hostile {
		f.Add(svgHead + `>` + h + `</svg>`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := rendition.Bare(strings.NewReader(text), int64(len(text)), "image/svg+xml", 128, 16<<20)
		if err != nil {
			return
		}
		if why := unclean(t, string(d.Bytes)); why != "" && !strings.Contains(why, "value") { // words may be those of an id
			t.Errorf("%s\n\tbecame %s: %s", text, d.Bytes, why)
		}
		again, err := rendition.Bare(bytes.NewReader(d.Bytes), int64(len(d.Bytes)), "image/svg+xml", 128, 16<<20)
		if err != nil || !bytes.Equal(again.Bytes, d.Bytes) {
			t.Errorf("%s\n\tbecame %s\n\tand again %s, %v", text, d.Bytes, again.Bytes, err)
		}
	})
}

// A style that is all at-rules is cleaned in one pass, not one for each of them.
func TestSVGOfManyRules(t *testing.T) {
	one, many := 1<<10, 1<<20
	style := func(rules int) []byte {
		return []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><style>` + strings.Repeat("x@;", rules) + `</style></svg>`)
	}
	few := testing.AllocsPerRun(1, func() { _, _ = draw(t, style(one), "image/svg+xml", 128) })
	lots := testing.AllocsPerRun(1, func() { _, _ = draw(t, style(many), "image/svg+xml", 128) })
	if lots > few+1000 {
		t.Errorf("%g allocations for %d rules, %g for %d", few, one, lots, many)
	}
}
