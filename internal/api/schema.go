package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/copytask"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/offline"
	"tuchuang/internal/share"
)

// schema is one of JSON Schema, as far as the document needs it.
type schema struct {
	Ref         string   `json:"$ref,omitempty"`
	Type        any      `json:"type,omitempty"` // a word, or a list of them
	Format      string   `json:"format,omitempty"`
	Media       string   `json:"contentMediaType,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	Const       any      `json:"const,omitempty"`
	Enum        []any    `json:"enum,omitempty"`
	Default     any      `json:"default,omitempty"`
	Minimum     any      `json:"minimum,omitempty"`
	Description string   `json:"description,omitempty"`
	Properties  members  `json:"properties,omitempty"`
	Required    []string `json:"required,omitempty"`
	Values      *schema  `json:"additionalProperties,omitempty"` // of an object whose names are data
	Items       *schema  `json:"items,omitempty"`
	MinItems    int      `json:"minItems,omitempty"`
	MaxItems    int      `json:"maxItems,omitempty"`
	OneOf       []schema `json:"oneOf,omitempty"`
	Example     any      `json:"example,omitempty"`
	Aliases     []string `json:"x-aliases,omitempty"` // other names that are taken
}

// members are the parts of an object in an order that means something.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes an object.
func (m members) MarshalJSON() ([]byte, error) {
	b := bytes.NewBufferString("{")
	for i, p := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendJSON(b, p.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := appendJSON(b, p.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

const timePattern = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`

// The types whose values look otherwise than their kind says, in answers.
var shapes = map[reflect.Type]schema{
	reflect.TypeFor[wire.Null]():      {Type: "null"},
	reflect.TypeFor[wire.Time]():      {Type: "string", Pattern: "^" + timePattern + "$", Description: "UTC+8"},
	reflect.TypeFor[wire.MaybeTime](): {Type: "string", Pattern: "^(" + timePattern + ")?$", Description: "UTC+8"},
	reflect.TypeFor[wire.TimeV1]():    {Type: "string", Pattern: "^" + timePattern + ` \+0800 CST$`},
	reflect.TypeFor[wire.TimeRFC]():   {Type: "string", Pattern: `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$`},
	reflect.TypeFor[fetchedID]():      {Type: []string{"integer", "string"}},

	reflect.TypeFor[copytask.Reason]():   {Type: "string", Enum: words(copytask.Reasons())},
	reflect.TypeFor[copytask.FailCode](): {Type: "string", Enum: words(copytask.FailCodes())},
	reflect.TypeFor[offline.FailCode]():  {Type: "string", Enum: words(offline.FailCodes())},
	reflect.TypeFor[drive.Duplicate]():   {Type: "integer", Enum: []any{int(drive.Refuse), int(drive.KeepBoth), int(drive.Overwrite)}},

	reflect.TypeFor[drive.ID]():    {Type: "integer", Format: "int64"},
	reflect.TypeFor[account.ID]():  {Type: "integer", Format: "int64"},
	reflect.TypeFor[offline.Seq](): {Type: "integer", Format: "int64"},
	reflect.TypeFor[share.ID]():    {Type: "integer", Format: "int64"},
	reflect.TypeFor[imagebed.ID](): {Type: "string"},
	reflect.TypeFor[logTime]():     {Type: "string"},
	reflect.TypeFor[logHour]():     {Type: "string"},
	reflect.TypeFor[wire.Raw]():    {Type: []string{"string", "object"}},
}

// either are the types of which each value is one of several others.
var either = map[reflect.Type][]reflect.Type{
	reflect.TypeFor[bedMkdirOut]():  {reflect.TypeFor[bedFolders](), reflect.TypeFor[copyFailOut]()},
	reflect.TypeFor[bedDeleteOut](): {reflect.TypeFor[wire.Null](), reflect.TypeFor[bedLinksCount]()},
}

// words are those of an enumeration, with "" for none.
func words[T ~string](list []T) []any {
	out := []any{""}
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}

// schemas are made from types; each struct that has a name is described once.
type schemas map[string]schema

// of describes what encoding/json writes of a type.
func (all schemas) of(t reflect.Type) schema {
	if s, ok := shapes[t]; ok {
		return s
	}
	if list, ok := either[t]; ok {
		var s schema
		for _, one := range list {
			s.OneOf = append(s.OneOf, all.of(one))
		}
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schema{OneOf: []schema{all.of(t.Elem()), {Type: "null"}}}
	case reflect.Slice:
		items := all.of(t.Elem())
		return schema{Type: "array", Items: &items}
	case reflect.Map:
		values := all.of(t.Elem())
		return schema{Type: "object", Values: &values}
	case reflect.Struct:
		return all.structure(t)
	case reflect.String:
		return schema{Type: "string"}
	case reflect.Bool:
		return schema{Type: "boolean"}
	case reflect.Int64:
		return schema{Type: "integer", Format: "int64"}
	case reflect.Int:
		return schema{Type: "integer"}
	}
	panic("api: the document has no words for " + t.String())
}

// structure describes a struct, and gives a reference where it has a name.
func (all schemas) structure(t reflect.Type) schema {
	if t.Name() == "" || t.NumField() == 0 {
		return all.object(t)
	}
	name := string(unicode.ToUpper(rune(t.Name()[0]))) + t.Name()[1:]
	if _, ok := all[name]; !ok {
		all[name] = schema{} // while it is being described
		all[name] = all.object(t)
	}
	return schema{Ref: "#/components/schemas/" + name}
}

func (all schemas) object(t reflect.Type) schema {
	s := schema{Type: "object"}
	all.fields(t, &s)
	return s
}

// fields describes the fields of a struct, those of an embedded one as its own.
func (all schemas) fields(t reflect.Type, to *schema) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		if !tagged && f.Anonymous {
			all.fields(f.Type, to)
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		of := f.Type
		if options == "omitempty" && of.Kind() == reflect.Pointer {
			of = of.Elem() // there or not, and never null
		}
		s := all.of(of)
		s.tell(f.Tag)
		to.Properties = append(to.Properties, member{name, s})
		if options != "omitempty" {
			to.Required = append(to.Required, name)
		}
	}
}

// tell adds what tags of a field say: doc is a description, schema says what other
// type it may have (or=null), or which values (enum=a|b).
func (s *schema) tell(tag reflect.StructTag) {
	if doc := tag.Get("doc"); doc != "" {
		s.Description = doc
	}
	for option := range strings.SplitSeq(tag.Get("schema"), ",") {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "":
		case "or":
			s.Type = []string{s.Type.(string), value} //nolint:forcetypeassert // such a field has one type
		case "enum":
			for word := range strings.SplitSeq(value, "|") {
				s.Enum = append(s.Enum, s.constant(word))
			}
		default:
			panic("api: an unknown option of a schema: " + option)
		}
	}
}

// constant is a value of the schema's type.
func (s *schema) constant(text string) any {
	switch s.Type {
	case "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic(err) // a tag of ours is wrong: seen by any test
		}
		return n
	case "boolean":
		return text == "true"
	}
	return text
}

// asked describes a parameter.
func (all schemas) asked(f wire.Field, ids int) schema {
	s, ok := shapes[f.Type]
	switch {
	case ok && s.Type == "integer" && s.Format == "int64" && f.List:
		s = schema{Type: []string{"integer", "string"}, Pattern: "^[0-9]+$"} // the documentation has texts in lists, numbers elsewhere
	case !ok && f.Kind != wire.Any:
		s = all.of(f.Type)
	}
	if f.Default != "" {
		s.Default = s.constant(f.Default)
	}
	if f.List {
		items := s
		s = schema{Type: "array", Items: &items, MaxItems: f.Max}
		if ids > 0 {
			s.MaxItems = ids
		}
		if f.Required {
			s.MinItems = 1
		}
	}
	s.tell(f.Tag)
	s.Aliases = slices.Clone(f.Aliases)
	return s
}

// body describes an object of all parameters.
func (all schemas) body(fields []wire.Field, ids int) schema {
	s := schema{Type: "object"}
	for _, f := range fields {
		s.Properties = append(s.Properties, member{f.Name, all.asked(f, ids)})
		if f.Required {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s
}

// raw is JSON that is there already.
type raw = json.RawMessage
