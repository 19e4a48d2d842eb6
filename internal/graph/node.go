// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

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

// node is a decoded JSON object. Its accessors never fail: Meta prints ids, codes, times and counts as numbers or as
// strings, empty objects as empty lists, single values instead of lists, and mixes the case of enumeration values.
type node map[string]any

// decodeJSON decodes exactly one JSON value. Numbers stay text, so that ids of 17 digits survive.
func decodeJSON(data []byte) (any, error) {
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

// decodeNode is decodeJSON for the UnmarshalJSON methods; what is not an object reads as an empty one.
func decodeNode(data []byte) (node, error) {
	value, err := decodeJSON(data)
	if err != nil {
		return nil, err
	}
	return asNode(value), nil
}

// asNode gives nil (which reads as empty) for what is not an object.
func asNode(value any) node {
	object, _ := value.(map[string]any)
	return object
}

// scalar renders a string, number or boolean; "" for anything else.
func scalar(value any) string {
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

func (n node) str(key string) string { return scalar(n[key]) }

// upper is for enumeration values.
func (n node) upper(key string) string { return strings.ToUpper(n.str(key)) }

func (n node) int64(key string) (int64, bool) { return integer(n[key]) }

func (n node) int64Ptr(key string) *int64 {
	if i, ok := integer(n[key]); ok {
		return &i
	}
	return nil
}

// int is for codes and counts; otherwise when there is none.
func (n node) int(key string, otherwise int) int {
	if i, ok := integer(n[key]); ok && i >= math.MinInt32 && i <= math.MaxInt32 {
		return int(i)
	}
	return otherwise
}

// boolPtr understands true, "true", 1 and "1"; nil when there is none.
func (n node) boolPtr(key string) *bool {
	value, err := strconv.ParseBool(strings.ToLower(n.str(key)))
	if err != nil {
		return nil
	}
	return &value
}

func (n node) bool(key string) bool {
	value := n.boolPtr(key)
	return value != nil && *value
}

// time understands UNIX seconds and Meta's date format. 0, negative and absurd values are the zero time: Meta's 0 means
// "never", and a year beyond 9999 could not be written into a Kubernetes object.
func (n node) time(key string) time.Time {
	if seconds, ok := n.int64(key); ok {
		const year9999 = 253402300799
		if seconds <= 0 || seconds > year9999 {
			return time.Time{}
		}
		return time.Unix(seconds, 0).UTC()
	}
	text := n.str(key)
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func (n node) obj(key string) node { return asNode(n[key]) }

// list gives a list, a single object or scalar as a list of one, and nil for null or nothing.
func (n node) list(key string) []any {
	switch v := n[key].(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

// nodes gives the objects of a list.
func (n node) nodes(key string) []node {
	var out []node
	for _, item := range n.list(key) {
		if object := asNode(item); object != nil {
			out = append(out, object)
		}
	}
	return out
}

// strs gives the scalars of a list; a single scalar counts as a list of one.
func (n node) strs(key string) []string { return scalars(n.list(key)) }

func scalars(items []any) []string {
	var out []string
	for _, item := range items {
		switch item.(type) {
		case string, bool, json.Number:
			out = append(out, scalar(item))
		}
	}
	return out
}
