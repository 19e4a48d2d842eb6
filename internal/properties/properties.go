// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package properties finds the properties of Meta's JSON that this version doesn't know, so that none is dropped silently.
package properties

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Known are the properties of an object, with those of the objects inside.
type Known struct {
	inside map[string]*Known // nil for a value that isn't looked into
	values map[string]bool   // of a value that is one of these, in upper case; empty: any word
}

// Of returns properties that aren't looked into.
func Of(names ...string) Known {
	k := Known{inside: map[string]*Known{}}
	for _, name := range names {
		k.inside[name] = nil
	}
	return k
}

// With returns the properties and those of others.
func (k Known) With(others ...Known) Known {
	out := Of()
	maps.Copy(out.inside, k.inside)
	for _, other := range others {
		maps.Copy(out.inside, other.inside)
	}
	return out
}

// Object returns the properties and one more, which is an object or a list of objects with these properties.
func (k Known) Object(name string, of Known) Known {
	out := k.With()
	out.inside[name] = &of
	return out
}

// Enum returns the properties and one more, which has one of the values, or is a list of them; without values, any word. Case doesn't
// matter.
func (k Known) Enum(name string, values ...string) Known {
	of := Known{values: map[string]bool{}}
	for _, value := range values {
		of.values[strings.ToUpper(value)] = true
	}
	return k.Object(name, of)
}

// In returns what is known of the value of a property, nil if it isn't looked into, and whether the property is known.
func (k *Known) In(name string) (inside *Known, ok bool) {
	if k == nil {
		return nil, false
	}
	inside, ok = k.inside[name]
	return inside, ok
}

// IsEnum reports whether the value is one of a list.
func (k *Known) IsEnum() bool { return k != nil && k.values != nil }

// Kind is how a JSON value deviates from what is known.
type Kind string

// The kinds of deviations.
const (
	// Property isn't known.
	Property Kind = "Property"
	// Value isn't one of the known ones.
	Value Kind = "Value"
	// Type isn't the known one: a scalar instead of an object, or an object instead of one of a list of values.
	Type Kind = "Type"
)

// Deviation is one place where a JSON value deviates from what is known.
type Deviation struct {
	Kind Kind
	// Path names the property, such as buttons[0].label_color.
	Path string
	// Value is the unknown value in upper case, "?" if it doesn't have the form of a value of an enumeration.
	Value string
}

// Deviations lists all deviations of a decoded JSON value, in no order.
func Deviations(value any, known Known) []Deviation {
	var out []Deviation
	collect(value, &known, "", func(d Deviation) { out = append(out, d) })
	return out
}

// Limit bounds how many unknown properties of one object are kept.
const Limit = 20

// name is what is kept of a name, which is Meta's to choose.
var name = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// Unknown lists the properties of a decoded JSON value that aren't known, as paths such as buttons[0].label_color, sorted and at most Limit.
// Values are never part of it.
func Unknown(value any, known Known) []string {
	var out []string
	collect(value, &known, "", func(d Deviation) {
		if d.Kind == Property {
			out = append(out, d.Path)
		}
	})
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), Limit)]
}

func collect(value any, known *Known, path string, report func(Deviation)) {
	switch v := value.(type) {
	case nil:
	case []any:
		for i, item := range v {
			collect(item, known, fmt.Sprintf("%s[%d]", path, i), report)
		}
	case map[string]any:
		if known.values != nil {
			report(Deviation{Kind: Type, Path: path})
			return
		}
		for key, inside := range v {
			deeper, ok := known.inside[key]
			switch {
			case !ok:
				report(Deviation{Kind: Property, Path: join(path, key)})
			case deeper != nil:
				collect(inside, deeper, join(path, key), report)
			}
		}
	default:
		known.checkScalar(v, path, report)
	}
}

func (k *Known) checkScalar(value any, path string, report func(Deviation)) {
	if k.values == nil {
		report(Deviation{Kind: Type, Path: path})
		return
	}
	text, ok := value.(string)
	switch text = strings.ToUpper(text); {
	case !ok:
		report(Deviation{Kind: Type, Path: path})
	case text == "" || k.values[text]:
	case name.MatchString(text):
		if len(k.values) > 0 {
			report(Deviation{Kind: Value, Path: path, Value: text})
		}
	default:
		report(Deviation{Kind: Value, Path: path, Value: "?"})
	}
}

func join(path, key string) string {
	if !name.MatchString(key) {
		key = "?"
	}
	return strings.TrimPrefix(path+"."+key, ".")
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

// Class is a path without the places in lists, such as buttons.label_color.
func Class(path string) string { return index.ReplaceAllString(path, "") }
