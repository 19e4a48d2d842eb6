// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lenient reads Meta's JSON, answers and events alike, in whichever of its forms it comes: ids, codes, times and counts are
// printed as numbers or as texts, empty objects as empty lists, single values instead of lists and lists instead of single values,
// and the case of enumeration values is mixed.
package lenient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Decode decodes exactly one JSON value. Numbers stay text (json.Number), so that ids of 17 digits survive and 1e999 doesn't hurt.
func Decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return value, nil
}

// DecodeNode is Decode for an object; what is no object reads as an empty one.
func DecodeNode(data []byte) (Node, error) {
	value, err := Decode(data)
	if err != nil {
		return nil, err
	}
	return NodeOf(value), nil
}

// Node is a decoded JSON object. Its accessors never fail: a missing or unexpected member reads as an empty one. Where a single value
// is asked for and a list is there, the last item counts.
type Node map[string]any

// NodeOf gives nil (which reads as empty) for what is no object.
func NodeOf(value any) Node {
	object, _ := value.(map[string]any)
	return object
}

// last is the last item of a list, and anything else as it is.
func last(value any) any {
	if list, ok := value.([]any); ok && len(list) > 0 {
		return list[len(list)-1]
	}
	return value
}

// Text renders a string, number or boolean; "" is for anything else. An integer is written in digits, however it was printed.
func Text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		if i, ok := integer(v); ok {
			return strconv.FormatInt(i, 10)
		}
		return v.String()
	default:
		return ""
	}
}

// Texts renders the strings, numbers and booleans of a list.
func Texts(items []any) []string {
	var out []string
	for _, item := range items {
		switch item.(type) {
		case string, bool, json.Number:
			out = append(out, Text(item))
		}
	}
	return out
}

// integer understands 12, "12", 12.0 and 1.2e1.
func integer(value any) (int64, bool) {
	var text string
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	default:
		return 0, false
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(text, 64)
	const exact = 1 << 53 // beyond it a float is not the integer that was printed
	if err != nil || f != math.Trunc(f) || math.Abs(f) > exact {
		return 0, false
	}
	return int64(f), true
}

// Text is a string, number or boolean.
func (n Node) Text(key string) string { return Text(last(n[key])) }

// TextPtr gives nil for what is missing or no text, and a text otherwise, empty ones too.
func (n Node) TextPtr(key string) *string {
	switch last(n[key]).(type) {
	case nil, map[string]any, []any:
		return nil
	}
	text := n.Text(key)
	return &text
}

// Texts gives the strings, numbers and booleans of a list.
func (n Node) Texts(key string) []string { return Texts(n.List(key)) }

// Upper is for enumeration values.
func (n Node) Upper(key string) string { return strings.ToUpper(strings.TrimSpace(n.Text(key))) }

// Int64 also says whether there is an integer.
func (n Node) Int64(key string) (int64, bool) { return integer(last(n[key])) }

// Int64Ptr gives nil where there is no integer.
func (n Node) Int64Ptr(key string) *int64 {
	if i, ok := n.Int64(key); ok {
		return &i
	}
	return nil
}

// Int is for codes and counts; otherwise is for none, and for what an int32 can't hold.
func (n Node) Int(key string, otherwise int) int {
	if i, ok := n.Int64(key); ok && i >= math.MinInt32 && i <= math.MaxInt32 {
		return int(i)
	}
	return otherwise
}

// BoolPtr understands true, "true", 1 and "1"; nil is for anything else.
func (n Node) BoolPtr(key string) *bool {
	value, err := strconv.ParseBool(strings.ToLower(n.Text(key)))
	if err != nil {
		return nil
	}
	return &value
}

// Bool is BoolPtr with false for nil.
func (n Node) Bool(key string) bool {
	value := n.BoolPtr(key)
	return value != nil && *value
}

// layouts are the forms in which Meta writes times that are no UNIX seconds.
var layouts = []string{
	"2006-01-02T15:04:05-0700", // fields of the Graph API
	time.RFC3339,
	time.DateOnly,
	"January 2, 2006", // waba_ban_date
	"Jan 2, 2006",
}

// ParseTime reads a time that is no UNIX seconds, and says in which layout it is written.
func ParseTime(text string) (t time.Time, layout string, ok bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, layout, true
		}
	}
	return time.Time{}, "", false
}

// Time understands UNIX seconds and Meta's forms of dates. What isn't after 1970 is the zero time, since Meta's 0 means "never", and so
// is a year beyond 9999, which no Kubernetes object can hold.
func (n Node) Time(key string) time.Time {
	var t time.Time
	if seconds, ok := n.Int64(key); ok {
		t = time.Unix(seconds, 0)
	} else {
		t, _, _ = ParseTime(strings.TrimSpace(n.Text(key)))
	}
	if t = t.UTC(); t.Unix() <= 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// Node is an object inside.
func (n Node) Node(key string) Node { return NodeOf(last(n[key])) }

// List gives a list, a single value as a list of one, and nil for null or nothing.
func (n Node) List(key string) []any {
	switch v := n[key].(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

// Nodes gives the objects of a list.
func (n Node) Nodes(key string) []Node {
	var out []Node
	for _, item := range n.List(key) {
		if object := NodeOf(item); object != nil {
			out = append(out, object)
		}
	}
	return out
}
