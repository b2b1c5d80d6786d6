package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Example is a request that an endpoint was sent, and what it answered. test/golden
// writes them down: go test ./test/golden -update
type Example struct {
	Fields Params          `json:"fields,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"` // the envelope
	Text   string          `json:"text,omitempty"`   // what else was answered
}

// Param is a parameter with its value in JSON.
type Param struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

// Params are those of a request, in their order.
type Params []Param

// object writes them as the body of a request has them.
func (p Params) object() string {
	var m members
	for _, f := range p {
		m = append(m, member{f.Name, f.Value})
	}
	text, err := m.MarshalJSON()
	if err != nil {
		panic(err) // they came as JSON
	}
	return string(text)
}

// texts is a value as a query or form has it: a list as several.
func (p Param) texts() []string {
	var v any
	d := json.NewDecoder(strings.NewReader(string(p.Value)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err) // it came as JSON
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, len(list))
	for i, one := range list {
		out[i] = fmt.Sprint(one)
	}
	return out
}

func (e Example) field(name string) json.RawMessage {
	for _, f := range e.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

//go:embed examples.json
var examplesFile []byte

// examples are by the path of their endpoint.
var examples = sync.OnceValue(func() (out map[string]Example) {
	if err := json.Unmarshal(examplesFile, &out); err != nil {
		panic(err) // it is part of the program
	}
	return out
})

// Asked is a request to be written as a line for a shell.
type Asked struct {
	Method, URL string
	Open        bool // goes without a token
	Params      Params
	File        string // the field that carries a file; "" for none
}

// ExampleFile is the file that examples send.
const ExampleFile = "picture.png"

// Curl writes a request as a line for a shell in which TOKEN is set.
func Curl(a Asked) string {
	var b strings.Builder
	word := func(words ...string) {
		for _, w := range words {
			b.WriteString(" " + w)
		}
	}
	b.WriteString("curl -sS")
	target := a.URL
	switch {
	case a.File != "" || len(a.Params) == 0 && a.Method == http.MethodGet:
	case a.Method == http.MethodGet:
		query := make([]string, 0, len(a.Params))
		for _, p := range a.Params {
			for _, v := range p.texts() {
				query = append(query, url.QueryEscape(p.Name)+"="+url.QueryEscape(v))
			}
		}
		target += "?" + strings.Join(query, "&")
	default:
		word("-X", a.Method)
	}
	word(quote(target))
	if !a.Open {
		word("-H", `"Authorization: Bearer $TOKEN"`)
	}
	switch {
	case a.File != "":
		for _, p := range a.Params {
			word("--form-string", quote(p.Name+"="+p.texts()[0]))
		}
		word("-F", quote(a.File+"=@"+ExampleFile))
	case a.Method != http.MethodGet:
		word("-H", quote("Content-Type: "+sentJSON), "-d", quote(a.Params.object()))
	}
	return b.String()
}

// quote writes a word for a shell that takes it as it is.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
