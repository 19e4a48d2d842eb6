// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"testing"
	"time"
)

func TestTolerantAccessors(t *testing.T) {
	value, err := decodeJSON([]byte(`{
		"number":12,"text":"12","float":12.0,"exponent":1.2e1,"half":1.5,"huge":1e999999999,"long":12345678901234567890,
		"id":12345678901234567,"blank":" 7 ","word":"word","true":true,"one":1,"no":"FALSE","null":null,"empty":[],
		"object":{"a":1},"list":[1,"b",null,{"c":2},[3]],"max":2147483648,
		"seconds":1758754645,"text seconds":"1758754645","zero":0,"negative":-1,"absurd":99999999999999,
		"meta":"2023-08-22T19:05:53+0000","rfc":"2023-08-22T21:05:53+02:00"}`))
	if err != nil {
		t.Fatal(err)
	}
	n := asNode(value)
	for key, want := range map[string]string{
		"number": "12", "text": "12", "float": "12", "exponent": "12", "half": "1.5", "long": "12345678901234567890",
		"id": "12345678901234567", "true": "true", "null": "", "empty": "", "object": "", "none": "", "huge": "1e999999999",
	} {
		equal(t, "str "+key, n.str(key), want)
	}
	for key, want := range map[string]int{
		"number": 12, "text": 12, "float": 12, "exponent": 12, "blank": 7, "half": -1, "huge": -1, "long": -1, "word": -1,
		"true": -1, "null": -1, "none": -1, "max": -1, "negative": -1, "zero": 0,
	} {
		equal(t, "int "+key, n.int(key, -1), want)
	}
	for key, want := range map[string]*bool{
		"true": ptr(true), "one": ptr(true), "no": ptr(false), "zero": ptr(false), "word": nil, "null": nil, "object": nil,
	} {
		equal(t, "bool "+key, n.boolPtr(key), want)
	}
	august := time.Date(2023, 8, 22, 19, 5, 53, 0, time.UTC)
	for key, want := range map[string]time.Time{
		"seconds": time.Unix(1758754645, 0).UTC(), "text seconds": time.Unix(1758754645, 0).UTC(), "zero": {}, "negative": {},
		"absurd": {}, "meta": august, "rfc": august, "word": {}, "null": {}, "object": {},
	} {
		if got := n.time(key); !got.Equal(want) {
			t.Errorf("time %s: got %v, want %v", key, got, want)
		}
	}
	equal(t, "strs", n.strs("list"), []string{"1", "b"})
	equal(t, "strs of one", n.strs("word"), []string{"word"})
	equal(t, "nodes", len(n.nodes("list")), 1)
	equal(t, "nodes of one", len(n.nodes("object")), 1)
	equal(t, "nothing", len(n.nodes("null"))+len(n.strs("none"))+len(n.obj("word")), 0)
}
