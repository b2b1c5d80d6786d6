package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tuchuang/internal/api/wire"
)

// What writes itself says what its tags say.
func TestAppendersAgreeWithTheirTags(t *testing.T) {
	for _, of := range []reflect.Type{reflect.TypeFor[listV2Out](), reflect.TypeFor[bedListOut]()} {
		t.Run(of.Name(), rapid.MakeCheck(func(t *rapid.T) {
			v := reflect.New(of).Elem()
			draw(t, v)
			var want bytes.Buffer
			enc := json.NewEncoder(&want)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(v.Interface()); err != nil {
				t.Fatal(err)
			}
			got := v.Interface().(wire.Appender).AppendJSON([]byte("before"))
			if string(got)+"\n" != "before"+want.String() {
				t.Fatalf("got  %s\nwant %s", got, want.String())
			}
		}))
	}
}

// draw fills every field of a value.
func draw(t *rapid.T, v reflect.Value) {
	if v.Type() == reflect.TypeFor[wire.Time]() {
		at := time.UnixMicro(rapid.Int64Range(0, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC).UnixMicro()).Draw(t, "time"))
		v.Set(reflect.ValueOf(wire.Time(at)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			draw(t, v.Field(i))
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			draw(t, v.Index(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			draw(t, v.Elem())
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"图片 1.png", "…", "a\u2028b", "<a&b>", "\xff", "\xe2", "\x7f", "\"\\\n"})).Draw(t, "text"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	default:
		t.Fatalf("no value for %s", v.Type())
	}
}
