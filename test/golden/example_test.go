package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"tuchuang/internal/api"
)

// examplesFile has the requests and answers that the document and the page of the API
// show: the first of each endpoint that was done.
const examplesFile = "../../internal/api/examples.json"

// onlyRefused is what the story can't do, as its tasks are over too soon. Its example is the
// answer of all that answers nothing.
const onlyRefused = "/api/v1/oss/source/copy/cancel"

// example keeps a request and its answer where the endpoint has none yet.
func (p *player) example(path string, fields []field, answer []byte, text string) {
	p.t.Helper()
	if _, ok := p.examples[path]; ok {
		return
	}
	e := api.Example{Text: sample(p.stable(text))}
	for _, f := range fields {
		e.Fields = append(e.Fields, api.Param{Name: f.name, Value: json.RawMessage(sample(p.stable(encode(f.value))))})
	}
	if answer != nil {
		e.Answer = json.RawMessage(sample(p.stable(string(answer))))
	}
	p.examples[path] = e
}

func (p *player) exampleText() string {
	p.t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(p.examples); err != nil {
		p.t.Fatal(err)
	}
	return b.String()
}

var stableWord = regexp.MustCompile(`\{([a-zA-Z]+?)(\d*)\}`)

// sample puts values as they look in the place of the words of golden files.
func sample(text string) string {
	return stableWord.ReplaceAllStringFunc(text, func(word string) string {
		parts := stableWord.FindStringSubmatch(word)
		number := fmt.Sprintf("%02s", parts[2])
		switch parts[1] {
		case "server":
			return "https://pictures.example.org"
		case "elsewhere":
			return "https://example.org"
		case "clientID":
			return "k3x0q7m2v9a4c8e1g5i6o0s2u7w3y9b1"
		case "clientSecret":
			return "r8t2n5p0d4f7h1j6l3z9x2c5v8b0n4m7q1w6e3y9"
		case "trace":
			return "0f8fad5b-d9cb-469f-a165-70867728950e_tuchuang"
		case "token":
			return "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAyIn0.example"
		case "sign":
			return "1767225600-example"
		case "micros":
			return "1767225600000000"
		case "BOM", "CRLF":
			return ""
		case "bedfolder":
			return "2vaf00000000000000000000000000" + number
		case "image":
			return "2vai00000000000000000000000000" + number
		case "task":
			return "4tz000000000000000000000000000" + number
		case "grant":
			return "rt.0123456789abcdefghij.0123456789abcdefghijklmnopqrstuvwxyz01" + number
		case "sharekey":
			return "1002-examplekeyabcd" + number[1:]
		case "upload":
			return "EXAMPLEEXAMPLEEXAMPLEEX" + strings.Map(func(r rune) rune { return 'A' + r - '0' }, fmt.Sprintf("%03s", parts[2]))
		}
		return word
	})
}
