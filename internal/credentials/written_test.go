// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package credentials

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestWritten: only an owner of the key, or of all data, shows when it was written.
func TestWritten(t *testing.T) {
	t.Parallel()
	hour := func(h int) *metav1.Time { return new(metav1.Date(2026, 1, 1, h, 0, 0, 0, time.UTC)) }
	entry := func(h int, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Time: hour(h), FieldsV1: metav1.NewFieldsV1(fields)}
	}
	for name, c := range map[string]struct {
		fields []metav1.ManagedFieldsEntry
		hour   int
	}{
		"no owner":              {nil, 0},
		"the key":               {[]metav1.ManagedFieldsEntry{entry(1, `{"f:data":{".":{},"f:pin":{}},"f:type":{}}`)}, 1},
		"the newest":            {[]metav1.ManagedFieldsEntry{entry(2, `{"f:data":{"f:pin":{}}}`), entry(1, `{"f:data":{"f:pin":{}}}`)}, 2},
		"another key":           {[]metav1.ManagedFieldsEntry{entry(1, `{"f:data":{"f:pin":{}}}`), entry(2, `{"f:data":{".":{},"f:code":{}}}`)}, 1},
		"an annotation":         {[]metav1.ManagedFieldsEntry{entry(1, `{"f:data":{"f:pin":{}}}`), entry(2, `{"f:metadata":{"f:annotations":{"f:x":{}}}}`)}, 1},
		"all of data":           {[]metav1.ManagedFieldsEntry{entry(1, `{"f:data":{"f:pin":{}}}`), entry(2, `{"f:data":{}}`)}, 2},
		"applied as stringData": {[]metav1.ManagedFieldsEntry{entry(2, `{"f:stringData":{"f:pin":{}}}`)}, 2},
		"the map alone":         {[]metav1.ManagedFieldsEntry{entry(2, `{"f:data":{".":{}}}`)}, 0},
		"no time":               {[]metav1.ManagedFieldsEntry{{FieldsV1: metav1.NewFieldsV1(`{"f:data":{"f:pin":{}}}`)}}, 0},
		"not understood":        {[]metav1.ManagedFieldsEntry{entry(2, `[]`), entry(1, `{"f:data":{"f:pin":{}}}`), {Time: hour(3)}}, 1},
	} {
		var want time.Time
		if c.hour > 0 {
			want = hour(c.hour).Time
		}
		got := written(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{ManagedFields: c.fields}}, "pin")
		if !got.Equal(want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
