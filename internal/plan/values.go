// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/controllers"
)

// values are what the manifest wants of a resource and what Meta shows, by fields of the spec.
type values struct {
	want, live map[string]string
	// differing are fields that differ, besides those that the status names as drift.
	differing []string
}

// add takes over a comparison; several may be about one resource.
func (v *values) add(c controllers.Comparison) {
	if v.want == nil {
		v.want, v.live = map[string]string{}, map[string]string{}
	}
	maps.Copy(v.want, c.Want)
	maps.Copy(v.live, c.Live)
	if c.Differing != nil {
		v.differing = c.Differing
	}
}

// buttonField is a field of a button, of the template or of a card.
var buttonField = regexp.MustCompile(`^((?:.*\.)?buttons\[\d+\])\.`)

// changes has the values of fields.
func (v *values) changes(fields []string) []Change {
	out := make([]Change, 0, len(fields))
	for _, field := range fields {
		out = append(out, v.change(field))
	}
	return out
}

func (v *values) change(field string) Change {
	c := Change{Field: field, Old: valueOf(v.live, field), New: valueOf(v.want, field)}
	if button := buttonField.FindStringSubmatch(field); button != nil {
		c.ButtonType = v.want[button[1]+".type"]
		if c.ButtonType == "" {
			c.ButtonType = v.live[button[1]+".type"]
		}
	}
	return c
}

// positional is how parameters are counted if nothing else is said, which goes without saying for a new template.
const positional = "POSITIONAL"

// all are the fields of something new.
func (v *values) all() []Change {
	return slices.DeleteFunc(v.changes(slices.Sorted(maps.Keys(v.want))), func(c Change) bool {
		return c.New == nil || c.Old != nil || c.Field == "parameterFormat" && *c.New == positional
	})
}

func valueOf(all map[string]string, field string) *string {
	value, ok := all[field]
	if !ok || value == "" {
		return nil
	}
	return &value
}

// loop are the parts of messages about what the operator does later, or about what it has written down: a plan does nothing later.
var loop = []string{"tried again", "see its status", "the operator's log"}

// planned is the message of a condition without what holds only for an operator that runs.
func planned(message string) string {
	message = strings.Replace(message, " and is tried again", "", 1)
	clauses := slices.DeleteFunc(strings.Split(message, "; "), func(clause string) bool {
		return slices.ContainsFunc(loop, func(part string) bool { return strings.Contains(clause, part) })
	})
	return strings.Join(clauses, "; ")
}
