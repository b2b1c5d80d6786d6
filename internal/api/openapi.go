package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tuchuang/internal/api/wire"
)

// The document of the API, in OpenAPI 3.1. It is made of the routes that answer, of the
// types that they read and write, and of summaries: nothing of it is kept true by hand.

type document struct {
	OpenAPI    string                          `json:"openapi"`
	Info       members                         `json:"info"`
	Servers    []members                       `json:"servers"`
	Security   []map[string][]string           `json:"security"`
	Tags       []members                       `json:"tags"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components components                      `json:"components"`
}

type components struct {
	SecuritySchemes map[string]members `json:"securitySchemes"`
	Schemas         schemas            `json:"schemas"`
}

type operation struct {
	Tags        []string               `json:"tags"`
	Summary     string                 `json:"summary"`
	Description string                 `json:"description,omitempty"`
	ID          string                 `json:"operationId"`
	Security    *[]map[string][]string `json:"security,omitempty"`
	Parameters  []parameter            `json:"parameters,omitempty"`
	Body        *requestBody           `json:"requestBody,omitempty"`
	Responses   map[string]response    `json:"responses"`
}

type parameter struct {
	Name        string   `json:"name"`
	In          string   `json:"in"`
	Description string   `json:"description,omitempty"`
	Required    bool     `json:"required,omitempty"`
	Schema      schema   `json:"schema"`
	Example     raw      `json:"example,omitempty"`
	Aliases     []string `json:"x-aliases,omitempty"`
}

type requestBody struct {
	Required bool             `json:"required,omitempty"`
	Content  map[string]media `json:"content"`
}

type response struct {
	Description string           `json:"description"`
	Content     map[string]media `json:"content,omitempty"`
}

type media struct {
	Schema  *schema `json:"schema,omitempty"`
	Example any     `json:"example,omitempty"`
}

const (
	bearerScheme = "accessToken"
	sentJSON     = "application/json"
	sentForm     = "application/x-www-form-urlencoded"
	sentFile     = "multipart/form-data"
)

var byToken = []map[string][]string{{bearerScheme: {}}}

const about = `Every endpoint takes GET and POST, and the documented method: parameters in the query, as JSON, as a form or as multipart, in any case,
numbers as texts and texts as numbers. This document has the one documented way. A failure has HTTP status 200 too, a code other than 0, and data that is null.`

// describe makes the document of the routes.
func (a *API) describe() *document {
	d := &document{
		OpenAPI: "3.1.0",
		Info: members{
			{"title", "tuchuang 图床"}, {"version", "1"}, {"description", about},
		},
		Servers:  []members{{{"url", a.PublicURL}}},
		Security: byToken,
		Paths:    make(map[string]map[string]operation),
		Components: components{
			SecuritySchemes: map[string]members{bearerScheme: {{"type", "http"}, {"scheme", "bearer"}, {"description", "POST /api/v1/access_token"}}},
			Schemas:         schemas{"Failure": failure()},
		},
	}
	for _, t := range areas {
		d.Tags = append(d.Tags, members{{"name", t.name}, {"description", t.english + " · " + t.chinese}})
	}
	for _, r := range a.routes() {
		d.Paths[r.path] = map[string]operation{strings.ToLower(r.method): d.operation(r)}
	}
	for _, b := range byteRoutes {
		d.Paths[b.path] = map[string]operation{strings.ToLower(b.method): b.operation()}
	}
	return d
}

// failure is the envelope of what went wrong.
func failure() schema {
	codes := make([]any, 0, len(answers))
	for _, c := range slices.Sorted(maps.Keys(answers)) {
		codes = append(codes, string(c))
	}
	return schema{
		Type: "object", Required: []string{"code", "message", "data", "x-traceID", "error"},
		Properties: members{
			{"code", schema{Type: "integer", Minimum: 1}}, {"message", schema{Type: "string"}}, {"data", schema{Type: "null"}}, {"x-traceID", schema{Type: "string"}},
			{"error", schema{
				Type: "object", Required: []string{"code", "message"},
				Properties: members{{"code", schema{Type: "string", Enum: codes}}, {"message", schema{Type: "string"}}},
			}},
		},
	}
}

// envelope is that of an answer with data.
func envelope(data schema) schema {
	return schema{
		Type: "object", Required: []string{"code", "message", "data", "x-traceID"},
		Properties: members{
			{"code", schema{Type: "integer", Const: 0}}, {"message", schema{Type: "string", Const: "ok"}}, {"data", data}, {"x-traceID", schema{Type: "string"}},
		},
	}
}

// operation describes an endpoint as it is documented.
func (d *document) operation(r route) operation {
	e, said, example := r.serve, summaries[r.path], examples()[r.path]
	o := operation{
		Tags: []string{said.area.name}, Summary: said.english + " · " + said.chinese, Description: others(r),
		ID: strings.ReplaceAll(strings.Trim(r.path, "/"), "/", "_"), Responses: make(map[string]response),
	}
	o.Security = &[]map[string][]string{}
	if r.need != anyone {
		o.Security = &[]map[string][]string{{bearerScheme: r.need.Words()}}
	}
	fields := wire.Describe(e.in)
	switch {
	case len(fields) == 0:
	case e.file != "":
		s := d.Components.Schemas.body(fields, e.ids)
		s.Properties = append(s.Properties, member{e.file, schema{Type: "string", Media: "application/octet-stream"}})
		s.Required = append(s.Required, e.file)
		o.Body = &requestBody{Required: true, Content: map[string]media{sentFile: {Schema: &s}}}
	case r.method == http.MethodGet:
		o.Parameters = d.parameters(fields, e.ids, example)
	default:
		s := d.Components.Schemas.body(fields, e.ids)
		o.Body = &requestBody{Required: len(s.Required) > 0, Content: map[string]media{sentJSON: {Schema: &s}, sentForm: {Schema: &s}}}
		if len(example.Fields) > 0 {
			o.Body.Content[sentJSON] = media{Schema: &s, Example: raw(example.Fields.object())}
		}
	}
	d.answers(e, example, o.Responses)
	return o
}

// others says how else the endpoint can be asked.
func others(r route) string {
	method := http.MethodGet
	if r.method == http.MethodGet {
		method = http.MethodPost
	}
	text := method
	if r.method == http.MethodPut {
		text += ", " + http.MethodPost
	}
	text = "Also: " + text
	for _, path := range r.also {
		text += ", " + path
	}
	switch {
	case r.serve.operator:
		text += ". For operators alone."
	case r.serve.own:
		text += ". Not for apps."
	}
	return text
}

func (d *document) parameters(fields []wire.Field, ids int, example Example) []parameter {
	var list []parameter
	for _, f := range fields {
		s := d.Components.Schemas.asked(f, ids)
		p := parameter{Name: f.Name, In: "query", Required: f.Required, Description: s.Description, Aliases: s.Aliases, Example: example.field(f.Name)}
		s.Description, s.Aliases = "", nil
		p.Schema = s
		list = append(list, p)
	}
	return list
}

// answers describes what an endpoint answers.
func (d *document) answers(e endpoint, example Example, to map[string]response) {
	refused := schema{Ref: "#/components/schemas/Failure"}
	content := make(map[string]media)
	if e.out != nil {
		data := d.Components.Schemas.of(e.out)
		about := "no envelope; a failure comes in one"
		if !e.flat {
			data, about = envelope(data), "the envelope"
		}
		s := schema{OneOf: []schema{data, refused}}
		m := media{Schema: &s}
		if len(example.Answer) > 0 {
			m.Example = example.Answer
		}
		content[sentJSON] = m
		to["200"] = response{Description: about, Content: content}
		return
	}
	content[sentJSON] = media{Schema: &refused}
	if e.away {
		to["302"] = response{Description: "to the redirect URI, with code or error_description"}
		to["200"] = response{Description: "a failure, where nobody may be sent there", Content: content}
		return
	}
	for _, m := range e.media {
		name, _, _ := strings.Cut(m, ";")
		s := &schema{Type: "string"}
		if name == sentJSON {
			item := d.Components.Schemas.of(reportItem)
			s = &schema{OneOf: []schema{{Type: "array", Items: &item}, refused}}
		}
		content[name] = media{Schema: s}
	}
	to["200"] = response{Description: "a file or stream; a failure comes in the envelope", Content: content}
	if e.head {
		to["304"] = response{Description: "as it is known"}
	}
	if slices.Contains(e.media, eventMedia) {
		to["204"] = response{Description: "nothing more will come"}
	}
}

// byteRoute is an endpoint of raw bytes, which transfer answers.
type byteRoute struct {
	method, path, id string
	english, chinese string
	about            string
	params           []parameter
	in               bool // it takes bytes, and gives none
}

func inPath(name, about string) parameter {
	return parameter{Name: name, In: "path", Required: true, Description: about, Schema: schema{Type: "string"}}
}

var byteRoutes = []byteRoute{
	{
		method: http.MethodGet, path: "/i/{image}", id: "picture", english: "A published picture", chinese: "公开图片",
		about:  "The permanent link of an image of the bed, as answers have it: at the host of images. Range, HEAD and If-None-Match are understood.",
		params: []parameter{inPath("image", "the id and the ending of its format, as ID.png")},
	},
	{
		method: http.MethodGet, path: "/d/{account}/{file}/{sign}/{name}", id: "download", english: "A file of the drive, by a signed URL", chinese: "文件下载",
		about:  "The URL is that of download_info. Range, HEAD and If-None-Match are understood.",
		params: []parameter{inPath("account", ""), inPath("file", ""), inPath("sign", "ends 24 hours after it was made"), inPath("name", "")},
	},
	{
		method: http.MethodGet, path: "/z/{account}/{files}/{sign}/{name}", id: "archive", english: "Files and folders of the drive as one ZIP archive, by a signed URL", chinese: "打包下载",
		about:  "The URL is that of archive_info. The archive is made as it is sent: it has no length, and no parts of it can be had. What could not be read is told in a text file at its end.",
		params: []parameter{inPath("account", ""), inPath("files", ""), inPath("sign", "ends 24 hours after it was made"), inPath("name", "")},
	},
	{
		method: http.MethodGet, path: "/dl/{account}/{path}", id: "direct", english: "A file below a folder with direct links", chinese: "直链文件",
		about: "The URL is that of direct-link/url; its path is the file's, with slashes. Range, HEAD and If-None-Match are understood.",
		params: []parameter{
			inPath("account", ""), inPath("path", ""),
			{Name: "auth_key", In: "query", Description: "the signature, where the account wants one", Schema: schema{Type: "string"}},
		},
	},
	{
		method: http.MethodGet, path: "/dl-log/{account}/{hour}/{sign}/{name}", id: "directLog", english: "What was read by direct links in an hour, in CSV", chinese: "直链日志文件",
		about:  "The URL is that of direct-link/offline/logs.",
		params: []parameter{inPath("account", ""), inPath("hour", ""), inPath("sign", "ends 24 hours after it was made"), inPath("name", "")},
	},
	{
		method: http.MethodPut, path: "/upload/put/{account}/{upload}/{slice}", id: "put", english: "The bytes of a slice, to a signed URL", chinese: "上传分片内容",
		about: "The URL is that of get_upload_url. The answer has no body.", in: true,
		params: []parameter{
			inPath("account", ""), inPath("upload", ""), inPath("slice", ""),
			{Name: "sign", In: "query", Required: true, Description: "ends 24 hours after it was made", Schema: schema{Type: "string"}},
		},
	},
}

func (b byteRoute) operation() operation {
	bytes := map[string]media{"*/*": {}}
	o := operation{
		Tags: []string{ofBytes.name}, Summary: b.english + " · " + b.chinese, Description: b.about, ID: b.id,
		Security: &[]map[string][]string{}, Parameters: b.params,
		Responses: map[string]response{
			"200":     {Description: "done"},
			"default": {Description: "the HTTP status says what is wrong, and a word of the text", Content: map[string]media{"text/plain": {Schema: &schema{Type: "string"}}}},
		},
	}
	if b.in {
		o.Body = &requestBody{Required: true, Content: bytes}
		return o
	}
	o.Responses["200"] = response{Description: "the bytes", Content: bytes}
	o.Responses["206"] = response{Description: "a part of them", Content: bytes}
	o.Responses["304"] = response{Description: "as they are known"}
	return o
}

// write gives the document as JSON, the same for the same routes.
func (d *document) write() []byte {
	var b, indented bytes.Buffer
	if err := appendJSON(&b, d); err != nil {
		panic(err) // of types of ours: seen by any test
	}
	if err := json.Indent(&indented, b.Bytes(), "", " "); err != nil {
		panic(err)
	}
	return append(indented.Bytes(), '\n')
}
