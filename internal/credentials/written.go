// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package credentials

import (
	"encoding/json"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// written returns when one of the keys of a Secret was last written, according to its managed fields: the newest time of an entry
// that owns one of them. It has whole seconds, and is too late if the same field manager has changed something else since. Zero
// means that the keys have no owner, for managed fields can be removed.
func written(secret *corev1.Secret, keys ...string) time.Time {
	var newest time.Time
	for _, entry := range secret.ManagedFields {
		if entry.Time == nil || entry.FieldsV1 == nil || !entry.Time.After(newest) {
			continue
		}
		var fields struct {
			Data       map[string]json.RawMessage `json:"f:data"`
			StringData map[string]json.RawMessage `json:"f:stringData"`
		}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		if owns(fields.Data, keys) || owns(fields.StringData, keys) {
			newest = entry.Time.Time
		}
	}
	return newest
}

// owns reports whether managed fields name one of the keys, or the whole map without naming any. "." is the map itself.
func owns(fields map[string]json.RawMessage, keys []string) bool {
	for _, key := range keys {
		if _, ok := fields["f:"+key]; ok {
			return true
		}
	}
	return fields != nil && len(fields) == 0
}
