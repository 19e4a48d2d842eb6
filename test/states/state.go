// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package states

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// State is a resource as it was in a test.
type State struct {
	Object map[string]any
	// File is the name of the file that keeps it.
	File string
}

// Condition is what decides about a condition; messages and times don't.
type Condition struct {
	Type, Status, Reason, Message string
}

func (c Condition) String() string { return c.Type + "=" + c.Status + "/" + c.Reason }

// summary are the conditions that judge the whole resource.
var summary = []string{
	v1alpha1.ConditionReady, v1alpha1.ConditionSynced, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled,
}

func (s State) text(field string) string { return textOf(s.Object, field) }

// Kind of the resource.
func (s State) Kind() string { return s.text("kind") }

// Deleting reports that the resource is being deleted.
func (s State) Deleting() bool {
	_, found, _ := unstructured.NestedString(s.Object, "metadata", "deletionTimestamp")
	return found
}

// Observed is the generation that the operator last processed, and the present one.
func (s State) Observed() (observed, generation int64) {
	return number(s.Object, "status", "observedGeneration"), number(s.Object, "metadata", "generation")
}

// number reads an integer, whichever decoder it went through.
func number(object map[string]any, path ...string) int64 {
	value, _, _ := unstructured.NestedFieldNoCopy(object, path...)
	switch n := value.(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// Conditions of the resource, as they are.
func (s State) Conditions() []Condition {
	list, _, _ := unstructured.NestedFieldNoCopy(s.Object, "status", "conditions")
	items, _ := list.([]any)
	out := make([]Condition, 0, len(items))
	for _, item := range items {
		out = append(out, Condition{
			Type: textOf(item, "type"), Status: textOf(item, "status"), Reason: textOf(item, "reason"), Message: textOf(item, "message"),
		})
	}
	return out
}

// Condition returns one condition, or an empty one.
func (s State) Condition(kind string) Condition {
	for _, c := range s.Conditions() {
		if c.Type == kind {
			return c
		}
	}
	return Condition{}
}

// current is the phase in which the status is about the resource as it is.
const current = "current"

func (s State) phase() string {
	observed, generation := s.Observed()
	switch {
	case s.Deleting():
		return "deleting"
	case observed < 0:
		return "new"
	case observed < generation:
		return "behind"
	}
	return current
}

// Key names the state: two resources with the same key differ in nothing that tools judge by.
func (s State) Key() string {
	return s.key(func(Condition) bool { return true })
}

// Verdict is the part of the key that judges the whole resource. Outside the phase current, conditions say nothing about it.
func (s State) Verdict() string {
	if s.phase() != current {
		return s.Kind() + " " + s.phase()
	}
	return s.key(func(c Condition) bool { return slices.Contains(summary, c.Type) })
}

func (s State) key(counts func(Condition) bool) string {
	parts := []string{s.Kind(), s.phase()}
	for _, c := range s.Conditions() {
		if counts(c) {
			parts = append(parts, c.String())
		}
	}
	slices.Sort(parts[2:])
	return strings.Join(parts, " ")
}

// Fits is nil where the API has every field of the object, in this place and with this type.
func (s State) Fits() error {
	kind, ok := v1alpha1.AssetKindOf(s.Kind())
	if !ok {
		return fmt.Errorf("%q is no kind of the API", s.Kind())
	}
	raw, err := json.Marshal(s.Object)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(kind.New())
}

// Policy is the management policy of the resource itself.
func (s State) Policy() string {
	policy, _, _ := unstructured.NestedString(s.Object, "spec", "managementPolicy")
	return policy
}

// Stable reports that the status is about the resource as it is: not new, changed since, or being deleted.
func (s State) Stable() bool { return s.phase() == current }
