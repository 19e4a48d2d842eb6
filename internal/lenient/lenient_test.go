// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lenient

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const everything = `{
	"number":12,"text":"12","float":12.0,"exponent":1.2e1,"half":1.5,"huge":1e999999999,"long":12345678901234567890,
	"id":12345678901234567,"blank":" 7 ","word":"word","mixed":" Green ","true":true,"one":1,"no":"FALSE","null":null,"empty":[],"nothing":"",
	"object":{"a":1},"objects":[{"a":1},{"a":2}],"list":[1,"b",null,{"c":2},[3],"",true],"words":["first","last"],"numbers":[1,2],"max":2147483648,
	"beyond 53 bits":9007199254740993,"beyond 53 bits as float":9007199254740994.0,
	"seconds":1758754645,"text seconds":"1758754645","zero":0,"zero text":"0","negative":-1,"absurd":99999999999999,"last second":253402300799,
	"meta":"2023-08-22T19:05:53+0000","rfc":"2023-08-22T21:05:53+02:00","fraction":"2023-08-22T19:05:53.5Z","day":"2026-03-14",
	"month":" March 14, 2026 ","short month":"Mar 14, 2026","before":"1969-07-20","epoch":"1970-01-01","year 10000":"9999-12-31T23:59:59-0700"}`

func decoded(t *testing.T, data string) Node {
	t.Helper()
	n, err := DecodeNode([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// check compares what a read gives of each member.
func check[T any](t *testing.T, read func(string) T, want map[string]T) {
	t.Helper()
	for key, want := range want {
		if diff := cmp.Diff(want, read(key)); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestDecode(t *testing.T) {
	for text, ok := range map[string]bool{
		`{}`: true, ` [1] `: true, `null`: true, `1e999`: true, `"x"`: true,
		``: false, `{`: false, `{} {}`: false, `{}x`: false, `<html>`: false,
	} {
		value, err := Decode([]byte(text))
		if (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && value != nil {
			t.Errorf("%q: a value beside the error %v", text, err)
		}
	}
	for _, text := range []string{`[{"a":1}]`, `"x"`, `1`, `null`} {
		if n := decoded(t, text); n != nil {
			t.Errorf("%s is no object, but reads as %v", text, n)
		}
	}
	if _, err := DecodeNode([]byte(`{}{}`)); err == nil {
		t.Error("two objects read as one")
	}
}

func TestTexts(t *testing.T) {
	n := decoded(t, everything)
	check(t, n.Text, map[string]string{
		"number": "12", "text": "12", "float": "12", "exponent": "12", "half": "1.5", "huge": "1e999999999", "long": "12345678901234567890",
		"id": "12345678901234567", "beyond 53 bits": "9007199254740993", "beyond 53 bits as float": "9007199254740994.0",
		"blank": " 7 ", "true": "true", "null": "", "empty": "", "object": "", "none": "",
		"words": "last", "numbers": "2", "objects": "",
	})
	check(t, n.Upper, map[string]string{"mixed": "GREEN", "no": "FALSE", "words": "LAST", "null": "", "object": ""})
	check(t, n.Texts, map[string][]string{
		"list": {"1", "b", "", "true"}, "words": {"first", "last"}, "word": {"word"}, "number": {"12"}, "object": nil, "null": nil, "none": nil, "empty": nil,
	})
	text := func(s string) *string { return &s }
	check(t, n.TextPtr, map[string]*string{
		"word": text("word"), "nothing": text(""), "number": text("12"), "no": text("FALSE"), "words": text("last"),
		"null": nil, "none": nil, "object": nil, "objects": nil, "empty": nil,
	})
}

func TestNumbers(t *testing.T) {
	n := decoded(t, everything)
	check(t, func(key string) int { return n.Int(key, -2) }, map[string]int{
		"number": 12, "text": 12, "float": 12, "exponent": 12, "blank": 7, "negative": -1, "zero": 0, "numbers": 2, "list": -2, "half": -2, "huge": -2,
		"long": -2, "word": -2, "true": -2, "null": -2, "none": -2, "max": -2,
	})
	integer := func(i int64) *int64 { return &i }
	check(t, n.Int64Ptr, map[string]*int64{
		"max": integer(2147483648), "id": integer(12345678901234567), "beyond 53 bits": integer(9007199254740993), "zero": integer(0),
		"beyond 53 bits as float": nil, "long": nil, "word": nil, "none": nil,
	})
	boolean := func(b bool) *bool { return &b }
	check(t, n.BoolPtr, map[string]*bool{
		"true": boolean(true), "one": boolean(true), "no": boolean(false), "zero": boolean(false), "list": boolean(true),
		"word": nil, "null": nil, "object": nil,
	})
	check(t, n.Bool, map[string]bool{"true": true, "one": true, "no": false, "word": false, "none": false})
}

func TestTimes(t *testing.T) {
	n := decoded(t, everything)
	september, august := time.Unix(1758754645, 0).UTC(), time.Date(2023, 8, 22, 19, 5, 53, 0, time.UTC)
	march14 := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	check(t, n.Time, map[string]time.Time{
		"seconds": september, "text seconds": september, "last second": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"meta": august, "rfc": august, "fraction": august.Add(time.Second / 2), "day": march14, "month": march14, "short month": march14,
		"zero": {}, "zero text": {}, "negative": {}, "absurd": {}, "huge": {}, "half": {}, "before": {}, "epoch": {}, "year 10000": {}, "word": {},
		"true": {}, "null": {}, "none": {}, "object": {}, "empty": {},
	})
	for _, layout := range layouts {
		text := march14.Format(layout)
		if got, in, ok := ParseTime(text); !ok || in != layout || !got.Equal(march14) {
			t.Errorf("%s is written as %s and read as %v in %s", layout, text, got, in)
		}
	}
	if at, layout, ok := ParseTime("soon"); ok || layout != "" || !at.IsZero() {
		t.Errorf("soon reads as %v in %s", at, layout)
	}
}

func TestObjects(t *testing.T) {
	n := decoded(t, everything)
	check(t, n.Node, map[string]Node{
		"object": {"a": json.Number("1")}, "objects": {"a": json.Number("2")}, "list": nil, "empty": nil, "word": nil, "null": nil, "none": nil,
	})
	check(t, func(key string) int { return len(n.Nodes(key)) }, map[string]int{
		"object": 1, "objects": 2, "list": 1, "empty": 0, "word": 0, "null": 0, "none": 0,
	})
	check(t, func(key string) int { return len(n.List(key)) }, map[string]int{
		"object": 1, "list": 7, "word": 1, "empty": 0, "null": 0, "none": 0,
	})
}

// FuzzNode reads a member of anything in every way: no accessor may panic, and what they give must fit where it goes.
func FuzzNode(f *testing.F) {
	n, err := DecodeNode([]byte(everything))
	if err != nil {
		f.Fatal(err)
	}
	for _, value := range n {
		text, err := json.Marshal(value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(`"9999-12-31T23:59:59-2400"`)
	f.Add(`[[[{"x":"\ud800"}]]]`)
	f.Fuzz(func(t *testing.T, text string) {
		value, err := Decode([]byte(text))
		if err != nil {
			return
		}
		n := Node{"x": value}
		if at := n.Time("x"); !at.IsZero() && (at.Unix() <= 0 || at.Year() > 9999 || at.Location() != time.UTC) {
			t.Errorf("%s reads as the time %v", text, at)
		}
		if i := n.Int("x", 0); i < math.MinInt32 || i > math.MaxInt32 {
			t.Errorf("%s reads as %d", text, i)
		}
		if number, ok := value.(json.Number); ok {
			if again, _ := Decode([]byte(n.Text("x"))); Text(again) != n.Text("x") {
				t.Errorf("%s reads as %s, and that as %s", number, n.Text("x"), Text(again))
			}
		}
		if got := n.Upper("x"); got != strings.TrimSpace(got) {
			t.Errorf("%s reads as %q", text, got)
		}
		if got := len(n.Texts("x")) + len(n.Nodes("x")); got > len(n.List("x")) {
			t.Errorf("%s has %d items, and reads as %d", text, len(n.List("x")), got)
		}
		if wanted := n.TextPtr("x"); wanted != nil && *wanted != n.Text("x") {
			t.Errorf("%s reads as %q and as %q", text, *wanted, n.Text("x"))
		}
		n.Bool("x")
		n.Node("x").Text("x")
	})
}
