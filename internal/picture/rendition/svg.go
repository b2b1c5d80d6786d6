package rendition

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

const (
	svgSpace   = "http://www.w3.org/2000/svg"
	xlinkSpace = "http://www.w3.org/1999/xlink"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"

	maxDepth = 100     // of elements
	maxDrawn = 200_000 // elements, each as often as it is drawn
)

// What an SVG may have. All else goes: an element with what is in it, unless it is a link,
// which only shows what is in it.
var (
	svgElements = words(`
		svg g defs symbol use switch title desc style image a
		path rect circle ellipse line polyline polygon text tspan textPath
		linearGradient radialGradient stop pattern clipPath mask marker filter
		feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
		feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode
		feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence`)
	svgAttributes = words(`
		id class style transform x y x1 x2 y1 y2 z cx cy r rx ry fx fy fr dx dy d points width height viewBox version
		preserveAspectRatio rotate textLength lengthAdjust startOffset method spacing side pathLength offset
		gradientUnits gradientTransform spreadMethod patternUnits patternContentUnits patternTransform
		clipPathUnits maskUnits maskContentUnits mask-type markerUnits markerWidth markerHeight refX refY orient
		filterUnits primitiveUnits in in2 result mode type values tableValues slope intercept amplitude exponent
		operator k1 k2 k3 k4 order kernelMatrix divisor bias targetX targetY edgeMode preserveAlpha kernelUnitLength
		surfaceScale diffuseConstant specularConstant specularExponent limitingConeAngle pointsAtX pointsAtY pointsAtZ
		azimuth elevation scale xChannelSelector yChannelSelector stdDeviation radius baseFrequency numOctaves seed
		stitchTiles requiredFeatures requiredExtensions systemLanguage media
		alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation color-interpolation-filters
		color-rendering direction display dominant-baseline fill fill-opacity fill-rule filter flood-color flood-opacity
		font font-family font-size font-size-adjust font-stretch font-style font-variant font-weight image-rendering
		isolation kerning letter-spacing lighting-color marker marker-end marker-mid marker-start mask mix-blend-mode
		opacity overflow paint-order shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset
		stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration
		text-rendering transform-origin unicode-bidi vector-effect visibility word-spacing writing-mode`)
)

func words(list string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// cleaner writes an SVG without whatever could do more than be looked at.
type cleaner struct {
	w      *bytes.Buffer
	open   []string // elements that are written and not ended
	inside []string // the ids of those that have one; "" for the others
	skip   int      // elements that are open and not written
	drawn  census
	style  *strings.Builder // what is in a style element
}

// clean writes the SVG in r without scripts, handlers, links, references to anything
// outside of it, entities and animations.
func clean(w *bytes.Buffer, r io.Reader) error {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("%w: written in %s", ErrUnsupported, charset)
	}
	c := cleaner{w: w, drawn: census{all: new(below)}}
	for begun := false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: no SVG", ErrDamaged)
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.Contains(t, []byte("ENTITY")) {
				return fmt.Errorf("%w: an SVG with entities", ErrUnsupported)
			}
		case xml.StartElement:
			if !begun && !isSVG(t.Name, "svg") {
				return fmt.Errorf("%w: no SVG", ErrDamaged)
			}
			begun = true
			err = c.start(t)
		case xml.EndElement:
			c.end(t)
			if c.skip == 0 && len(c.open) == 0 {
				return c.drawn.check()
			}
		case xml.CharData:
			c.text(t)
		}
		if err == nil && w.Len() > 2*maxSVG {
			err = ErrTooLarge
		}
		if err != nil {
			return err
		}
	}
}

func isSVG(n xml.Name, local string) bool {
	return n.Local == local && (n.Space == svgSpace || n.Space == "")
}

// link is an element that is gone through, as if it were not there.
const link = "a"

func (c *cleaner) start(t xml.StartElement) error {
	if len(c.open)+c.skip >= maxDepth {
		return fmt.Errorf("%w: elements within each other", ErrTooLarge)
	}
	name := t.Name.Local
	if c.skip > 0 || c.style != nil || !svgElements[name] || !isSVG(t.Name, name) {
		c.skip++
		return nil
	}
	if name == "style" {
		c.style = new(strings.Builder)
		c.open, c.inside = append(c.open, name), append(c.inside, "")
		return nil
	}
	var id string
	var refs []string
	if name != link {
		c.w.WriteString("<" + name)
		if len(c.open) == 0 {
			c.w.WriteString(` xmlns="` + svgSpace + `" xmlns:xlink="` + xlinkSpace + `"`)
		}
		seen := make(map[string]bool)
		for _, a := range t.Attr {
			as, value := attribute(name, a)
			if as == "" || seen[as] {
				continue
			}
			seen[as] = true
			if as == "id" {
				id = value
			}
			refs = append(refs, references(as, value)...)
			c.w.WriteString(" " + as + `="`)
			_ = xml.EscapeText(c.w, []byte(value)) // a buffer takes everything
			c.w.WriteString(`"`)
		}
		c.w.WriteString(">")
	}
	err := c.drawn.add(c.inside, id, refs)
	c.open, c.inside = append(c.open, name), append(c.inside, id)
	return err
}

func (c *cleaner) end(t xml.EndElement) {
	if c.skip > 0 {
		c.skip--
		return
	}
	if c.style != nil {
		c.w.WriteString("<style>")
		_ = xml.EscapeText(c.w, []byte(cleanCSS(c.style.String())))
		c.w.WriteString("</style>")
		c.style = nil
	} else if t.Name.Local != link {
		c.w.WriteString("</" + t.Name.Local + ">")
	}
	c.open, c.inside = c.open[:len(c.open)-1], c.inside[:len(c.inside)-1]
}

func (c *cleaner) text(t xml.CharData) {
	switch {
	case c.skip > 0 || len(c.open) == 0:
	case c.style != nil:
		c.style.Write(t)
	default:
		_ = xml.EscapeText(c.w, t)
	}
}

// attribute is how an attribute of an element is written; "" for not at all.
func attribute(element string, a xml.Attr) (as, value string) {
	name, value := a.Name.Local, a.Value
	switch a.Name.Space {
	case "":
	case xlinkSpace:
		if name != "href" {
			return "", ""
		}
	case xmlSpace:
		if name == "space" || name == "lang" {
			return "xml:" + name, value
		}
		return "", ""
	default:
		return "", ""
	}
	switch {
	case name == "href":
		if !inner.MatchString(value) && !((element == "image" || element == "feImage") && embedded.MatchString(value)) {
			return "", ""
		}
		return "xlink:href", strings.TrimSpace(value)
	case !svgAttributes[name]:
		return "", ""
	case name == "style":
		value = cleanCSS(value)
	case !harmless(value):
		return "", ""
	}
	return name, value
}

// What may be referred to: a part of the same SVG, or a picture that is in it.
const (
	innerForm    = `#[^\s'"()<>]+`
	embeddedForm = `data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*`
)

var (
	inner    = regexp.MustCompile(`^\s*` + innerForm + `\s*$`)
	embedded = regexp.MustCompile(`^\s*(?i:` + embeddedForm + `)\s*$`)
	goodURL  = regexp.MustCompile(`(?i)url\(\s*(?:` + innerForm + `|'` + innerForm + `'|"` + innerForm + `"|['"]?` + embeddedForm + `['"]?)\s*\)`)
	comments = regexp.MustCompile(`(?s)/\*.*?(?:\*/|$)`)
)

// fetching are what makes a style ask for something, beside the good URLs.
var fetching = []string{"url(", "src(", "image(", "image-set", "//", "expression", "javascript", "binding", "behavior", "@", `\`, "<"}

// harmless says that a value asks for nothing outside.
func harmless(value string) bool {
	rest := strings.ToLower(goodURL.ReplaceAllString(value, " "))
	for _, word := range fetching {
		if strings.Contains(rest, word) {
			return false
		}
	}
	return true
}

// cleanCSS takes the at-rules away, which import, and all of what is not harmless then.
func cleanCSS(css string) string {
	rest := comments.ReplaceAllString(css, " ")
	var kept strings.Builder
	for {
		before, _, found := strings.Cut(rest, "@")
		kept.WriteString(before)
		if !found {
			break
		}
		rest = afterRule(rest[len(before):])
	}
	if css = kept.String(); !harmless(css) {
		return ""
	}
	return css
}

// afterRule is what follows the at-rule that a style begins with.
func afterRule(css string) string {
	depth := 0
	for i, r := range css {
		switch r {
		case ';':
			if depth == 0 {
				return css[i+1:]
			}
		case '{':
			depth++
		case '}':
			if depth--; depth <= 0 {
				return css[i+1:]
			}
		}
	}
	return ""
}

var reference = regexp.MustCompile(`(?i)url\(\s*['"]?#([^\s'"()<>]+)`)

// references are the ids that an attribute refers to.
func references(as, value string) (ids []string) {
	if as == "xlink:href" {
		if id, ok := strings.CutPrefix(value, "#"); ok {
			return []string{id}
		}
		return nil
	}
	for _, m := range reference.FindAllStringSubmatch(value, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// census counts what is below each id, and what that refers to: a few elements that use
// each other can be drawn a billion times. What has no id above it is below "".
type census map[string]*below

// all is where every element is counted once; no id has a space.
const all = " "

type below struct {
	elements int
	refs     []string
	total    int // -1 while it is counted
}

// add counts an element, which has an id or "", within those that have the ids inside.
func (c census) add(inside []string, id string, refs []string) error {
	within := ""
	for _, outer := range slices.Backward(inside) {
		if within = outer; within != "" {
			break
		}
	}
	b := c.of(within)
	if id != "" {
		b.refs = append(b.refs, id)
		b = c.of(id)
	}
	b.elements++
	b.refs = append(b.refs, refs...)
	if c[all].elements++; c[all].elements > maxDrawn {
		return fmt.Errorf("%w: elements", ErrTooLarge)
	}
	return nil
}

func (c census) of(id string) *below {
	if c[id] == nil {
		c[id] = new(below)
	}
	return c[id]
}

func (c census) check() error {
	if c.total("") > maxDrawn {
		return fmt.Errorf("%w: elements that are drawn again", ErrTooLarge)
	}
	return nil
}

// total is what is drawn for an id, as far as it is of interest. What leads back to itself
// browsers don't draw.
func (c census) total(id string) int {
	b := c[id]
	if b == nil || b.total < 0 {
		return 0
	}
	if b.total > 0 {
		return b.total
	}
	b.total = -1
	sum := b.elements
	for _, ref := range b.refs {
		if sum += c.total(ref); sum > maxDrawn {
			break
		}
	}
	b.total = sum
	return sum
}
