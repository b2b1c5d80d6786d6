package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tuchuang/internal/api"
)

// field is one parameter of a request.
type field struct {
	name  string
	value any // string, int, bool, or a list of strings or ints
}

// spelling is one way in which clients send the documented requests.
type spelling struct {
	name string
	// plain makes a request without a file.
	plain func(method, target string, fields []field) (*http.Request, error)
	// key and value spell the fields of a request with a file.
	key   func(string) string
	after bool // the fields follow the file
	query bool // the fields are in the query

	documented bool // as the document of the API has it
	curl       bool // as the page of the API has it
}

func same(s string) string { return s }

var spellings = []spelling{
	{name: "as documented", documented: true, key: same, plain: func(method, target string, fields []field) (*http.Request, error) {
		if method == http.MethodGet {
			return inQuery(method, target, fields)
		}
		return inJSON(method, target, fields)
	}},
	{name: "form under a JSON header", key: same, after: true, plain: func(method, target string, fields []field) (*http.Request, error) {
		return request(method, target, "application/json", strings.NewReader(pairs(fields)))
	}},
	{name: "multipart", key: strings.ToUpper, plain: func(method, target string, fields []field) (*http.Request, error) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, f := range fields {
			for _, v := range texts(f.value) {
				if err := w.WriteField(f.name, v); err != nil {
					return nil, err
				}
			}
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		return request(method, target, w.FormDataContentType(), &b)
	}},
	{name: "query", key: same, query: true, plain: inQuery},
	{name: "lower-case keys in JSON", key: strings.ToLower, plain: func(method, target string, fields []field) (*http.Request, error) {
		low := make([]field, len(fields))
		for i, f := range fields {
			low[i] = field{strings.ToLower(f.name), f.value}
		}
		return inJSON(method, target, low)
	}},
	{name: "strings for numbers", key: strings.ToLower, after: true, plain: func(method, target string, fields []field) (*http.Request, error) {
		said := make([]field, len(fields))
		for i, f := range fields {
			said[i] = f
			switch list := texts(f.value); f.value.(type) {
			case int, int64, bool:
				said[i].value = list[0]
			case []int64:
				said[i].value = list
			}
		}
		return inJSON(method, target, said)
	}},
	{name: "numbers for strings, the other method and path", key: same, plain: func(method, target string, fields []field) (*http.Request, error) {
		for _, e := range api.Endpoints() {
			if len(e.Also) > 0 {
				target = strings.Replace(target, e.Path, e.Also[0], 1)
			}
		}
		other := http.MethodGet
		if method == http.MethodGet {
			other = http.MethodPost
		}
		said := make([]field, len(fields))
		for i, f := range fields {
			if list, ok := f.value.([]string); ok {
				var numbers []json.Number
				for _, v := range list {
					if v != "" && strings.Trim(v, "0123456789") == "" {
						numbers = append(numbers, json.Number(v))
					}
				}
				if len(numbers) == len(list) {
					f.value = numbers
				}
			}
			said[i] = f
		}
		return inJSON(other, target, said)
	}},
	{name: "nulls and what nobody knows", key: same, plain: func(method, target string, fields []field) (*http.Request, error) {
		more := append([]field{{"unknown", "x"}, {"filename2", nil}, {"duplicate", nil}, {"callBackUrl", nil}}, fields...)
		return inJSON(method, target+"?trashed=&pageNumber=3&limit=", more)
	}},
}

func init() {
	spellings = append(spellings, spelling{name: "lines for a shell", key: same, curl: true, documented: true, plain: func(method, target string, fields []field) (*http.Request, error) {
		line := api.Curl(api.Asked{Method: method, URL: target, Params: params(fields)})
		return fromLine(line, nil)
	}})
}

// params are fields as the page of the API has them.
func params(fields []field) (out api.Params) {
	for _, f := range fields {
		out = append(out, api.Param{Name: f.name, Value: json.RawMessage(encode(f.value))})
	}
	return out
}

func inQuery(method, target string, fields []field) (*http.Request, error) {
	return request(method, target+"?"+pairs(fields), "", http.NoBody)
}

func inJSON(method, target string, fields []field) (*http.Request, error) {
	return request(method, target, "application/json", strings.NewReader(object(fields)))
}

func request(method, target, contentType string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequest(method, target, body)
	if err == nil && contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r, err
}

// pairs writes fields as a query or form does; lists repeat their name.
func pairs(fields []field) string {
	var b strings.Builder
	for _, f := range fields {
		for _, v := range texts(f.value) {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(f.name) + "=" + url.QueryEscape(v))
		}
	}
	return b.String()
}

// texts writes a value as text, a list as several; booleans as Python does.
func texts(value any) []string {
	switch v := value.(type) {
	case []string:
		return v
	case []int64:
		list := make([]string, len(v))
		for i, n := range v {
			list[i] = fmt.Sprint(n)
		}
		return list
	case bool:
		if v {
			return []string{"True"}
		}
		return []string{"False"}
	}
	return []string{fmt.Sprint(value)}
}

// object writes fields as JSON, in order.
func object(fields []field) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", f.name, encode(f.value))
	}
	b.WriteByte('}')
	return b.String()
}

func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // fields are of a few simple types
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// withFile makes a multipart request that carries a file.
func (sp spelling) withFile(target string, fields []field, name string, content []byte) (*http.Request, error) {
	if sp.curl {
		return fromLine(api.Curl(api.Asked{Method: http.MethodPost, URL: target, Params: params(fields), File: name}), content)
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	put := func() error {
		if sp.query {
			return nil
		}
		for _, f := range fields {
			if err := w.WriteField(sp.key(f.name), texts(f.value)[0]); err != nil {
				return err
			}
		}
		return nil
	}
	if sp.query {
		target += "?" + pairs(fields)
	}
	if !sp.after {
		if err := put(); err != nil {
			return nil, err
		}
	}
	part, err := w.CreateFormFile(sp.key(name), "a file")
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(content); err != nil {
		return nil, err
	}
	if sp.after {
		if err := put(); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return request(http.MethodPost, target, w.FormDataContentType(), &b)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
