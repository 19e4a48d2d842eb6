// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package statusowner keeps statuses the operator's own. Server-side apply removes a field only where no other field manager owns it: what
// another client writes into a status, such as a backup tool, would otherwise stay there for ever.
package statusowner

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

const (
	subresource = "status"
	facts       = "webhook"
	fieldsType  = "FieldsV1"
)

// of reports whether an entry is one of the operator's own.
func of(owner string, entry *metav1.ManagedFieldsEntry) bool {
	return entry.Operation == metav1.ManagedFieldsOperationApply && entry.Manager == owner
}

// foreign reports whether an entry owns something of a status that isn't its manager's.
func foreign(entry *metav1.ManagedFieldsEntry) bool {
	// Most entries aren't read any further: this is done with each object that a watch brings.
	if of(v1alpha1.FieldOwner, entry) || entry.FieldsV1 == nil || !strings.Contains(entry.FieldsV1.GetRawString(), `"f:status"`) {
		return false
	}
	var fields struct {
		Status map[string]json.RawMessage `json:"f:status"`
	}
	if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil || fields.Status == nil {
		return false
	}
	if of(v1alpha1.FieldOwnerFacts, entry) {
		delete(fields.Status, "f:"+facts)
		return len(fields.Status) > 0
	}
	return true
}

// Foreign are the managed fields by which others than the operator own something of a status, normally none.
func Foreign(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var out []metav1.ManagedFieldsEntry
	for i := range entries {
		if foreign(&entries[i]) {
			out = append(out, entries[i])
		}
	}
	return out
}

// Trim is a transformation for a cache: of the managed fields, which take more memory than the rest, it leaves what Foreign is about.
func Trim(obj any) (any, error) {
	m, err := meta.Accessor(obj)
	if err != nil {
		return obj, nil //nolint:nilerr // a tombstone
	}
	if m.GetManagedFields() != nil {
		m.SetManagedFields(Foreign(m.GetManagedFields()))
	}
	return obj, nil
}

// TakeOver returns a JSON patch that gives all of the status that others own to the operator's two field owners: facts to theirs, the
// rest to the reconcilers'. The next apply of each removes what isn't wanted. obj must be as the API server has it. The patch is nil where
// there is nothing to take over.
func TakeOver(obj client.Object) ([]byte, error) {
	taken := map[string]*fieldpath.Set{v1alpha1.FieldOwner: fieldpath.NewSet(), v1alpha1.FieldOwnerFacts: fieldpath.NewSet()}
	kept := []metav1.ManagedFieldsEntry{}
	for _, entry := range obj.GetManagedFields() {
		if foreign(&entry) {
			rest, err := take(&entry, taken)
			if err != nil {
				return nil, err
			}
			if entry.FieldsV1 = rest; rest == nil {
				continue
			}
		}
		kept = append(kept, entry)
	}
	if len(Foreign(obj.GetManagedFields())) == 0 {
		return nil, nil
	}
	for _, owner := range slices.Sorted(maps.Keys(taken)) {
		if err := give(&kept, owner, taken[owner]); err != nil {
			return nil, err
		}
	}
	return json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": kept},
		{"op": "replace", "path": "/metadata/resourceVersion", "value": obj.GetResourceVersion()},
	})
}

// take moves what an entry owns of the status, and returns what is left of it, nil for nothing.
func take(entry *metav1.ManagedFieldsEntry, taken map[string]*fieldpath.Set) (*metav1.FieldsV1, error) {
	fields, rest := fieldpath.NewSet(), fieldpath.NewSet()
	if err := fields.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
		return nil, err
	}
	fields.Iterate(func(path fieldpath.Path) {
		switch {
		case !at(path, 0, subresource), at(path, 1, facts) && of(v1alpha1.FieldOwnerFacts, entry):
			rest.Insert(path.Copy())
		case at(path, 1, facts):
			taken[v1alpha1.FieldOwnerFacts].Insert(path.Copy())
		case len(path) > 1:
			taken[v1alpha1.FieldOwner].Insert(path.Copy())
		}
	})
	if rest.Empty() {
		return nil, nil
	}
	raw, err := rest.ToJSON()
	return metav1.NewFieldsV1(string(raw)), err
}

func at(path fieldpath.Path, i int, field string) bool {
	return len(path) > i && path[i].FieldName != nil && *path[i].FieldName == field
}

// give adds fields to the entry of a field owner, or makes one.
func give(entries *[]metav1.ManagedFieldsEntry, owner string, taken *fieldpath.Set) error {
	if taken.Empty() {
		return nil
	}
	i := slices.IndexFunc(*entries, func(e metav1.ManagedFieldsEntry) bool {
		return of(owner, &e) && e.Subresource == subresource
	})
	if i < 0 {
		i = len(*entries)
		*entries = append(*entries, metav1.ManagedFieldsEntry{
			Manager: owner, Operation: metav1.ManagedFieldsOperationApply, Subresource: subresource, APIVersion: v1alpha1.GroupVersion.String(),
			FieldsType: fieldsType, FieldsV1: metav1.NewFieldsV1("{}"),
		})
	}
	entry := &(*entries)[i]
	mine := fieldpath.NewSet()
	if err := mine.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
		return err
	}
	raw, err := mine.Union(taken).ToJSON()
	entry.FieldsV1 = metav1.NewFieldsV1(string(raw))
	return err
}
