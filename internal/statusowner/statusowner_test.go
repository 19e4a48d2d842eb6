// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package statusowner

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func entry(manager string, operation metav1.ManagedFieldsOperationType, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(fields)}
}

const (
	apply  = metav1.ManagedFieldsOperationApply
	update = metav1.ManagedFieldsOperationUpdate
)

func TestForeign(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entry   metav1.ManagedFieldsEntry
		foreign bool
	}{
		"ours":                       {entry(v1alpha1.FieldOwner, apply, `{"f:status":{"f:id":{}}}`), false},
		"the facts'":                 {entry(v1alpha1.FieldOwnerFacts, apply, `{"f:status":{"f:webhook":{"f:events":{}}}}`), false},
		"somebody's":                 {entry("backup", update, `{"f:status":{"f:id":{}}}`), true},
		"somebody's facts":           {entry("backup", apply, `{"f:status":{"f:webhook":{}}}`), true},
		"an update under our name":   {entry(v1alpha1.FieldOwner, update, `{"f:status":{"f:id":{}}}`), true},
		"more than facts":            {entry(v1alpha1.FieldOwnerFacts, apply, `{"f:status":{"f:webhook":{},"f:id":{}}}`), true},
		"a spec":                     {entry("kubectl", apply, `{"f:spec":{"f:id":{}}}`), false},
		"an annotation named status": {entry("kubectl", apply, `{"f:metadata":{"f:annotations":{"f:status":{}}}}`), false},
		"not understood":             {entry("backup", update, `["f:status"]`), false},
		"empty":                      {metav1.ManagedFieldsEntry{Manager: "backup"}, false},
	} {
		if got := len(Foreign([]metav1.ManagedFieldsEntry{c.entry})) > 0; got != c.foreign {
			t.Errorf("%s: %t, want %t", name, got, c.foreign)
		}
	}
}

// TestTrim: a cache keeps no managed fields but those of others.
func TestTrim(t *testing.T) {
	t.Parallel()
	obj := &v1alpha1.WABA{}
	obj.ManagedFields = []metav1.ManagedFieldsEntry{
		entry("kubectl", apply, `{"f:spec":{"f:id":{}}}`), entry(v1alpha1.FieldOwner, apply, `{"f:status":{"f:id":{}}}`),
	}
	if _, err := Trim(obj); err != nil || obj.ManagedFields != nil {
		t.Errorf("%v, %v", obj.ManagedFields, err)
	}
	obj.ManagedFields = []metav1.ManagedFieldsEntry{entry("kubectl", apply, `{}`), entry("backup", update, `{"f:status":{"f:id":{}}}`)}
	if _, err := Trim(obj); err != nil || len(obj.ManagedFields) != 1 || obj.ManagedFields[0].Manager != "backup" {
		t.Errorf("%v, %v", obj.ManagedFields, err)
	}
	gone := cache.DeletedFinalStateUnknown{Key: "a/b"}
	if got, err := Trim(gone); err != nil || got != any(gone) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entries []metav1.ManagedFieldsEntry
		want    map[string]string // by manager and operation; nil: no patch
	}{
		"nothing to take": {[]metav1.ManagedFieldsEntry{entry(v1alpha1.FieldOwner, apply, `{"f:status":{"f:id":{}}}`)}, nil},
		"added to ours": {
			[]metav1.ManagedFieldsEntry{
				entry(v1alpha1.FieldOwner, apply, `{"f:status":{"f:id":{}}}`), entry("backup", update, `{"f:status":{".":{},"f:drift":{}}}`),
				entry("other", apply, `{"f:status":{"f:conditions":{"k:{\"type\":\"X\"}":{".":{},"f:type":{}}}}}`),
			},
			map[string]string{"waba-operator Apply": `{"f:status":{"f:conditions":{"k:{\"type\":\"X\"}":{".":{},"f:type":{}}},"f:drift":{},"f:id":{}}}`},
		},
		"we own nothing yet": {
			[]metav1.ManagedFieldsEntry{entry("backup", update, `{"f:status":{"f:id":{}}}`)},
			map[string]string{"waba-operator Apply": `{"f:status":{"f:id":{}}}`},
		},
		"facts go to their owner": {
			[]metav1.ManagedFieldsEntry{
				entry(v1alpha1.FieldOwner, apply, `{"f:status":{"f:id":{}}}`), entry(v1alpha1.FieldOwnerFacts, apply, `{"f:status":{"f:drift":{},"f:webhook":{"f:events":{}}}}`),
				entry("backup", update, `{"f:status":{"f:webhook":{".":{},"f:status":{}}}}`),
			},
			map[string]string{
				"waba-operator Apply":       `{"f:status":{"f:drift":{},"f:id":{}}}`,
				"waba-operator-facts Apply": `{"f:status":{"f:webhook":{".":{},"f:events":{},"f:status":{}}}}`,
			},
		},
		"the rest stays": {
			[]metav1.ManagedFieldsEntry{
				entry(v1alpha1.FieldOwner, apply, `{"f:status":{"f:id":{}}}`), entry("before", update, `{"f:spec":{"f:id":{}},"f:status":{"f:name":{}}}`),
			},
			map[string]string{"waba-operator Apply": `{"f:status":{"f:id":{},"f:name":{}}}`, "before Update": `{"f:spec":{"f:id":{}}}`},
		},
	} {
		obj := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "7", ManagedFields: c.entries}}
		raw, err := TakeOver(obj)
		if err != nil || (raw == nil) != (c.want == nil) {
			t.Errorf("%s: %s, %v", name, raw, err)
			continue
		}
		if raw == nil {
			continue
		}
		var patch []struct {
			Path  string
			Value json.RawMessage
		}
		var entries []metav1.ManagedFieldsEntry
		if err := json.Unmarshal(raw, &patch); err != nil || len(patch) != 2 || string(patch[1].Value) != `"7"` {
			t.Fatalf("%s: %s, %v", name, raw, err)
		}
		if err := json.Unmarshal(patch[0].Value, &entries); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			key := e.Manager + " " + string(e.Operation)
			if got := e.FieldsV1.GetRawString(); got != c.want[key] {
				t.Errorf("%s: %s owns %s, want %s", name, key, got, c.want[key])
			}
			delete(c.want, key)
		}
		if len(c.want) > 0 {
			t.Errorf("%s: these are missing: %v", name, c.want)
		}
	}
	broken := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{entry("backup", update, `{"f:status":{"x":{}}}`)}}}
	if _, err := TakeOver(broken); err == nil {
		t.Error("what isn't understood is taken over")
	}
}
