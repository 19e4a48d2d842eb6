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
	out := Known{inside: maps.Clone(k.inside)}
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

// Limit bounds how many unknown properties of one object are kept.
const Limit = 20

// name is what is kept of a name, which is Meta's to choose.
var name = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// Unknown lists the properties of a decoded JSON value that aren't known, as paths such as buttons[0].label_color, sorted and at most Limit.
// Values are never part of it.
func Unknown(value any, known Known) []string {
	var out []string
	collect(value, &known, "", &out)
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), Limit)]
}

func collect(value any, known *Known, path string, out *[]string) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			collect(item, known, fmt.Sprintf("%s[%d]", path, i), out)
		}
	case map[string]any:
		for key, inside := range v {
			deeper, ok := known.inside[key]
			switch {
			case !ok:
				*out = append(*out, join(path, key))
			case deeper != nil:
				collect(inside, deeper, join(path, key), out)
			}
		}
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
