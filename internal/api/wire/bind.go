package wire

import (
	"cmp"
	"encoding"
	"errors"
	"reflect"
	"strconv"
	"strings"

	"tuchuang/internal/fault"
)

// Bind fills the struct that out points to. Each of its exported fields has a
// tag, the documented name of the parameter first, then its aliases, then
// options:
//
//	FileIDs []drive.ID `wire:"fileIDs,fileID;required;max=100"`
//
// Of a field's names, the first with a value wins. A field can be a string, a
// signed integer, a bool, a type of these kinds, a type that implements
// encoding.TextUnmarshaler, or Raw; a pointer to one of these (nil: absent), or
// a list. An untagged embedded struct counts as its fields; wire:"-" leaves a
// field out. The options:
//
//	required   absent is an error, and so is a list without elements
//	default=V  what absent means; otherwise an absent field is left as it is
//	max=N      how many elements a list may have, told before anything else is
//	           looked at, duplicates counted; every list has it
//	csv        commas part elements; lists of anything but plain strings and Raw
//	           have it without saying
//
// Lists take an array, one value, a form's repeated name, and with csv a joined
// string or an array written as text; empty elements are left out, duplicates and
// order stay.
//
// Errors: BadRequest naming the parameter when it is missing, malformed or holds a NUL,
// TooManyIDs with the limit. Bind panics when out is no pointer to a struct or
// Check has an objection to its type.
func Bind(p *Params, out any) error { return BindUpTo(p, out, 0) }

// BindUpTo is Bind where lists may have so many elements, whatever their tags say; 0 for
// what they say.
func BindUpTo(p *Params, out any, most int) error {
	dst := reflect.ValueOf(out).Elem()
	pl := mustPlan(dst.Type())
	won := pl.choose(p)
	for i := range pl.fields {
		f := &pl.fields[i]
		if err := f.fill(dst.FieldByIndex(f.index), p.entries[won[i].from:won[i].to], cmp.Or(most, f.Max)); err != nil {
			return err
		}
	}
	return nil
}

// choice is where a field's value begins: the best entry so far.
type choice struct {
	from, to int // entries[from:to], of which the first has the value; empty if absent
	rank     int // of its name and source; smaller wins
}

// choose finds for each field the entry to take its value from.
func (pl *plan) choose(p *Params) []choice {
	won := make([]choice, len(pl.fields))
	for i, e := range p.entries {
		t, ok := pl.find(e.name)
		if !ok {
			continue
		}
		best := &won[t.field]
		rank := t.rank*int(sources) + int(e.source)
		if best.to == 0 || rank < best.rank {
			*best = choice{from: i, to: len(p.entries), rank: rank}
		}
	}
	return won
}

// find looks a name up without regard to case. It folds into a buffer of its
// own, so that names cost no memory.
func (pl *plan) find(name string) (target, bool) {
	var buffer [64]byte
	if len(name) > pl.longest {
		return target{}, false
	}
	folded := buffer[:0]
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		folded = append(folded, c)
	}
	t, ok := pl.names[string(folded)]
	return t, ok
}

// fill sets one field from the first of entries; those after it matter to a
// list in a form, where they may repeat its name. A list has most elements at most.
func (f *field) fill(dst reflect.Value, entries []entry, most int) error {
	var err error
	switch {
	case len(entries) == 0 && f.Default != "":
		err = f.set(dst, Raw{isText, f.Default})
	case len(entries) == 0 && f.Required:
		err = errAbsent
	case len(entries) == 0:
		return nil
	case f.List:
		return f.fillList(dst, entries, most)
	default:
		err = f.take(dst, entries[0].value)
	}
	return f.malformed(err)
}

var (
	errAbsent = errors.New("absent")
	errNUL    = errors.New("a NUL in it")
)

// take sets a field, or an element of its list, from what was sent. A NUL is in no name
// and no id, and not every database takes it for text.
func (f *field) take(dst reflect.Value, value Raw) error {
	if value.shape == isText && strings.IndexByte(value.source, 0) >= 0 {
		return errNUL
	}
	return f.set(dst, value)
}

// malformed makes a fault of what is wrong with the field's value.
func (f *field) malformed(err error) error {
	if err == nil {
		return nil
	}
	return fault.Because(fault.BadRequest, "wire: bind", err, f.Name)
}

// fillList counts before it sets aside memory, then fills.
func (f *field) fillList(dst reflect.Value, entries []entry, most int) error {
	count := 0
	err := f.eachElement(entries, func(Raw) error {
		if count++; count > most {
			return fault.New(fault.TooManyIDs, "wire: bind "+f.Name, most)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case count == 0 && f.Required:
		return f.malformed(errAbsent)
	case count == 0:
		return nil
	}
	list := reflect.MakeSlice(dst.Type(), count, count)
	next := 0
	err = f.eachElement(entries, func(value Raw) error {
		err := f.take(list.Index(next), value)
		next++
		return err
	})
	if err != nil {
		return f.malformed(err)
	}
	dst.Set(list)
	return nil
}

// eachElement calls yield with each element of the list that the first entry
// begins.
func (f *field) eachElement(entries []entry, yield func(Raw) error) error {
	part := func(value Raw) error { return f.eachPart(value, yield) }
	first := entries[0]
	switch {
	case first.value.shape == isArray:
		return eachElement(first.value.source, part)
	case first.source == fromJSON: // a name that is there twice is no list
		return part(first.value)
	}
	for _, e := range entries {
		if e.name == first.name && e.source == first.source {
			if err := part(e.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachPart calls yield with the parts of one element that commas may join.
func (f *field) eachPart(value Raw, yield func(Raw) error) error {
	if value.empty() {
		return nil
	}
	if !f.split || value.shape != isText {
		return yield(value)
	}
	if list := strings.TrimSpace(value.source); isList(list) {
		return eachElement(list, func(v Raw) error { return f.eachPart(v, yield) })
	}
	for part := range strings.SplitSeq(value.source, ",") {
		if part = strings.TrimSpace(part); part != "" {
			if err := yield(Raw{isText, part}); err != nil {
				return err
			}
		}
	}
	return nil
}

// The setters, one for each sort of field.

func setRaw(dst reflect.Value, value Raw) error {
	*dst.Addr().Interface().(*Raw) = value
	return nil
}

func setString(dst reflect.Value, value Raw) error {
	s, ok := value.Text()
	if !ok {
		return errNotScalar
	}
	dst.SetString(s)
	return nil
}

func setBoolean(dst reflect.Value, value Raw) error {
	s, ok := value.Text()
	if !ok {
		return errNotScalar
	}
	b, err := parseBool(strings.TrimSpace(s))
	if err != nil {
		return err
	}
	dst.SetBool(b)
	return nil
}

func setInteger(dst reflect.Value, value Raw) error {
	n, err := integer(value)
	if err != nil {
		return err
	}
	if dst.OverflowInt(n) {
		return errNotInteger
	}
	dst.SetInt(n)
	return nil
}

func setText(dst reflect.Value, value Raw) error {
	s, ok := value.Text()
	if !ok {
		return errNotScalar
	}
	return dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s))
}

// setTextInteger gives a number's plain digits to a type that is an integer, so
// that an id need not know how its number may be spelled.
func setTextInteger(dst reflect.Value, value Raw) error {
	n, err := integer(value)
	if err != nil {
		return err
	}
	return dst.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(strconv.AppendInt(nil, n, 10))
}

func integer(value Raw) (int64, error) {
	s, ok := value.Text()
	if !ok {
		return 0, errNotScalar
	}
	return parseInt(strings.TrimSpace(s))
}

// allocate makes a setter of a value one of a pointer to it.
func allocate(set func(reflect.Value, Raw) error) func(reflect.Value, Raw) error {
	return func(dst reflect.Value, value Raw) error {
		fresh := reflect.New(dst.Type().Elem())
		if err := set(fresh.Elem(), value); err != nil {
			return err
		}
		dst.Set(fresh)
		return nil
	}
}
