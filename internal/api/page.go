package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The page of the API, for people: what the document says, with examples.

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

// pagePolicy lets a browser do nothing with the page but show it.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// Those who ask again within this time see what they have.
const documentAge = "public, max-age=300"

// Document answers the document of the API: for GET /openapi.json.
func (a *API) Document(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*") // tools in a browser read it
	still(w, jsonMedia, a.document())
}

// Page answers the page of the API: for GET /docs.
func (a *API) Page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	still(w, "text/html; charset=utf-8", a.page())
}

// still answers what is the same as long as the server runs.
func still(w http.ResponseWriter, contentType string, b []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("Cache-Control", documentAge)
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(b) // the client has gone
}

type (
	pageArea struct {
		Name, English, Chinese string
		Endpoints              []pageEndpoint
	}
	pageEndpoint struct {
		ID, Method, Path, Summary, About string
		Open                             bool
		Params                           []pageParam
		Curl, Answer                     string
	}
	pageParam struct {
		Name, Type, About string
		Required          bool
	}
)

// page renders the document.
func (d *document) page(server string) []byte {
	var list []pageArea
	for _, of := range areas {
		a := pageArea{Name: of.name, English: of.english, Chinese: of.chinese}
		for path, methods := range d.Paths {
			for method, o := range methods {
				if o.Tags[0] == of.name {
					a.Endpoints = append(a.Endpoints, d.endpoint(server, strings.ToUpper(method), path, o))
				}
			}
		}
		slices.SortFunc(a.Endpoints, func(x, y pageEndpoint) int { return strings.Compare(x.Path, y.Path) })
		list = append(list, a)
	}
	var b bytes.Buffer
	err := pageTemplate().Execute(&b, struct {
		Server string
		Style  template.CSS
		Areas  []pageArea
	}{server, template.CSS(pageStyle), list}) //nolint:gosec // a file of ours
	if err != nil {
		panic(err) // of data of ours: seen by any test
	}
	return b.Bytes()
}

// endpoint is what the page shows of one.
func (d *document) endpoint(server, method, path string, o operation) pageEndpoint {
	e := pageEndpoint{ID: o.ID, Method: method, Path: path, Summary: o.Summary, About: o.Description, Open: o.Security != nil && len(*o.Security) == 0}
	for _, p := range o.Parameters {
		e.Params = append(e.Params, pageParam{p.Name, typeText(p.Schema), aboutText(p.Description, p.Aliases), p.Required})
	}
	file := ""
	if o.Body != nil {
		for name, m := range o.Body.Content {
			if m.Schema == nil || name == sentForm {
				continue
			}
			for _, p := range m.Schema.Properties {
				s := p.value.(schema) //nolint:forcetypeassert // properties are nothing else
				if s.Media != "" {
					file = p.name
				}
				e.Params = append(e.Params, pageParam{p.name, typeText(s), aboutText(s.Description, s.Aliases), slices.Contains(m.Schema.Required, p.name)})
			}
		}
	}
	if o.Tags[0] == ofBytes.name {
		return e
	}
	example := examples()[path]
	e.Curl = Curl(Asked{Method: method, URL: server + path, Open: e.Open, Params: example.Fields, File: file})
	e.Answer = example.Text
	if len(example.Answer) > 0 {
		var b bytes.Buffer
		if err := json.Indent(&b, example.Answer, "", "  "); err != nil {
			panic(err) // it is part of the program
		}
		e.Answer = b.String()
	}
	return e
}

// typeText says what a value is in a few words.
func typeText(s schema) string {
	text := ""
	switch t := s.Type.(type) {
	case string:
		text = t
	case []string:
		text = strings.Join(t, " / ")
	}
	switch {
	case s.Media != "":
		text = "file"
	case s.Items != nil:
		text = fmt.Sprintf("%s × %d", typeText(*s.Items), s.MaxItems)
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprint(v)
		}
		text += ": " + strings.Join(values, ", ")
	}
	if s.Default != nil {
		text += fmt.Sprintf(" = %v", s.Default)
	}
	return text
}

// aboutText joins a description and other names.
func aboutText(description string, aliases []string) string {
	if len(aliases) > 0 {
		if description != "" {
			description += "; "
		}
		description += "= " + strings.Join(aliases, ", ")
	}
	return description
}
