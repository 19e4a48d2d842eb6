// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/properties"
)

// shapes are what was seen of properties, by object and path.
type shapes map[[2]string]*Shape

var enumValue = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,63}$`)

// add looks at a decoded value. What isn't known is named and not looked into: its names and values may be anything.
func (s shapes) add(op graph.Operation, path string, value any, known *properties.Known) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			s.add(op, path, item, known)
		}
	case map[string]any:
		s.see(op, path, "object", "")
		for _, key := range slices.Sorted(maps.Keys(v)) {
			inside, ok := known.In(key)
			shown := key
			if !propertyName.MatchString(key) {
				shown = "?"
			}
			s.property(op, strings.TrimPrefix(path+"."+shown, "."), v[key], inside, ok)
		}
	case string:
		text := strings.ToUpper(v)
		if !known.IsEnum() || !enumValue.MatchString(text) {
			text = ""
		}
		s.see(op, path, "string", text)
	default:
		s.see(op, path, typeOf(v), "")
	}
}

var propertyName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// property looks into a property only where its own properties are known.
func (s shapes) property(op graph.Operation, path string, value any, inside *properties.Known, known bool) {
	if known && inside != nil {
		s.add(op, path, value, inside)
		return
	}
	items, isList := value.([]any)
	if !isList {
		items = []any{value}
	}
	for _, item := range items {
		s.see(op, path, typeOf(item), "")
	}
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "list"
	default:
		return "object"
	}
}

func (s shapes) see(op graph.Operation, path, kind, value string) {
	where, rest := locate(op, path)
	if rest == "" || path == "data" {
		return
	}
	key := [2]string{where, rest}
	shape := s[key]
	if shape == nil {
		shape = &Shape{Object: where, Path: rest}
		s[key] = shape
	}
	shape.Seen++
	shape.Types = withWord(shape.Types, kind)
	if value != "" {
		shape.Values = withWord(shape.Values, value)
	}
}

// withWord adds a word to a sorted list.
func withWord(words []string, word string) []string {
	i, found := slices.BinarySearch(words, word)
	if found {
		return words
	}
	return slices.Insert(words, i, word)
}

func (s shapes) list() []Shape {
	var out []Shape
	for _, shape := range s {
		out = append(out, *shape)
	}
	return out
}
