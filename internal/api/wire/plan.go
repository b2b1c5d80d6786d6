package wire

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind is what one value of a parameter is on the wire.
type Kind string

// The kinds, named as in JSON Schema; Any is of no certain type.
const (
	String  Kind = "string"
	Integer Kind = "integer"
	Boolean Kind = "boolean"
	Any     Kind = "any"
)

// Field describes one parameter that a struct takes.
type Field struct {
	Name     string   // the documented name
	Aliases  []string // other names it is taken under, in order
	Kind     Kind     // of the value, or of a list's elements
	List     bool
	Required bool
	Max      int               // the most elements of a list; 0 if it is none
	Default  string            // "" if there is none
	Type     reflect.Type      // of the value in Go, or of a list's elements
	Tag      reflect.StructTag // of the field
}

// Describe tells what parameters a struct type takes, in the order of its
// fields. It panics where Check would give an error.
func Describe(t reflect.Type) []Field {
	pl := mustPlan(t)
	out := make([]Field, len(pl.fields))
	for i, f := range pl.fields {
		out[i] = f.Field
		out[i].Aliases = slices.Clone(f.Aliases)
	}
	return out
}

// Check says whether Bind can fill a struct of this type: an error names the
// first field with a tag or type that can't be.
func Check(t reflect.Type) error {
	_, err := planOf(t)
	return err
}

// plan is what is prepared once for a struct type.
type plan struct {
	fields  []field
	names   map[string]target // by folded name
	longest int               // bytes of the longest name
}

// target is what a name stands for: a field, and how early the name comes among
// the field's names.
type target struct{ field, rank int }

// field is one field of a struct with all that is needed to fill it.
type field struct {
	Field
	index []int                          // for reflect.Value.FieldByIndex
	split bool                           // a comma parts elements
	set   func(reflect.Value, Raw) error // fills the field, or an element of its list
}

var plans sync.Map // reflect.Type -> *plan

func mustPlan(t reflect.Type) *plan {
	pl, err := planOf(t)
	if err != nil {
		panic(err)
	}
	return pl
}

func planOf(t reflect.Type) (*plan, error) {
	if known, ok := plans.Load(t); ok {
		return known.(*plan), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("wire: %v is no struct", t)
	}
	pl := &plan{names: map[string]target{}}
	if err := pl.addFields(t, nil); err != nil {
		return nil, fmt.Errorf("wire: %v: %w", t, err)
	}
	plans.Store(t, pl)
	return pl, nil
}

// addFields prepares the fields of t, which lies at index in the struct.
func (pl *plan) addFields(t reflect.Type, index []int) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		tag, tagged := sf.Tag.Lookup("wire")
		switch {
		case tag == "-":
			continue
		case !tagged && sf.Anonymous && sf.Type.Kind() == reflect.Struct:
			if err := pl.addFields(sf.Type, at); err != nil {
				return err
			}
			continue
		case !tagged && !sf.IsExported():
			continue
		case !tagged:
			return fmt.Errorf(`field %s has no tag (wire:"-" leaves it out)`, sf.Name)
		case !sf.IsExported():
			return fmt.Errorf("field %s has a tag, but isn't exported", sf.Name)
		}
		f, err := newField(sf.Type, tag)
		if err != nil {
			return fmt.Errorf("field %s: %w", sf.Name, err)
		}
		f.index, f.Tag = at, sf.Tag
		if err := pl.add(f); err != nil {
			return fmt.Errorf("field %s: %w", sf.Name, err)
		}
	}
	return nil
}

// add takes a field and its names into the plan.
func (pl *plan) add(f field) error {
	for rank, name := range append([]string{f.Name}, f.Aliases...) {
		folded := strings.ToLower(name)
		if _, taken := pl.names[folded]; taken {
			return fmt.Errorf("the name %q is taken", name)
		}
		pl.names[folded] = target{len(pl.fields), rank}
		pl.longest = max(pl.longest, len(name))
	}
	pl.fields = append(pl.fields, f)
	return nil
}

// newField reads a tag: the names, documented one first, then the options, all
// parted by semicolons.
func newField(t reflect.Type, tag string) (field, error) {
	names, options, _ := strings.Cut(tag, ";")
	f := field{}
	for _, name := range strings.Split(names, ",") {
		if name == "" || strings.Trim(name, nameLetters) != "" {
			return f, fmt.Errorf("%q is no name", name)
		}
		f.Aliases = append(f.Aliases, name)
	}
	f.Name, f.Aliases = f.Aliases[0], f.Aliases[1:]

	value := t
	if t.Kind() == reflect.Slice && !isTextual(t) {
		f.List, value = true, t.Elem()
	}
	plain := value == reflect.TypeFor[string]()
	optional := t.Kind() == reflect.Pointer && !isTextual(t)
	if optional {
		value = t.Elem()
	}
	f.Type = value
	var err error
	if f.Kind, f.set, err = setter(value); err != nil {
		return f, err
	}
	// A plain string may hold a comma of its own, an id or number never.
	f.split = f.List && f.Kind != Any && !plain
	if optional {
		f.set = allocate(f.set)
	}
	for option := range strings.SplitSeq(options, ";") {
		if err := f.option(option); err != nil {
			return f, err
		}
	}
	return f, f.consistent(t, optional)
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

// option takes one option of a tag.
func (f *field) option(option string) error {
	key, value, _ := strings.Cut(option, "=")
	switch key {
	case "":
		return nil
	case "required":
		f.Required = true
	case "csv":
		f.split = true
	case "default":
		f.Default = value
	case "max":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("max=%q is no positive number", value)
		}
		f.Max = n
	default:
		return fmt.Errorf("unknown option %q", option)
	}
	return nil
}

// consistent says whether type and options of a field make sense together.
func (f *field) consistent(t reflect.Type, optional bool) error {
	switch {
	case f.List && f.Max == 0:
		return errors.New("a list needs max=N")
	case !f.List && (f.Max > 0 || f.split):
		return errors.New("max and csv are for lists")
	case f.Default == "":
		return nil
	case f.List || optional || f.Required:
		return errors.New("a default is for a field that is no list, no pointer and not required")
	}
	return f.set(reflect.New(t).Elem(), Raw{isText, f.Default})
}

// isTextual says whether values of t fill themselves from text.
func isTextual(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// setter gives the kind of a type and the way to fill it.
func setter(t reflect.Type) (Kind, func(reflect.Value, Raw) error, error) {
	integer := reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64
	switch {
	case t == reflect.TypeFor[Raw]():
		return Any, setRaw, nil
	case isTextual(t) && integer:
		return Integer, setTextInteger, nil
	case isTextual(t):
		return String, setText, nil
	case integer:
		return Integer, setInteger, nil
	case t.Kind() == reflect.String:
		return String, setString, nil
	case t.Kind() == reflect.Bool:
		return Boolean, setBoolean, nil
	}
	return "", nil, fmt.Errorf("no parameter can be a %v", t)
}
