// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRotated(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := now.Add
	tests := []struct {
		name     string
		previous []appSecret
		current  string
		want     []appSecret
	}{
		{"first", nil, "a", []appSecret{{value: "a"}}},
		{"none", nil, "", nil},
		{"unchanged", []appSecret{{value: "a"}}, "a", []appSecret{{value: "a"}}},
		{"replaced", []appSecret{{value: "a"}}, "b", []appSecret{{"b", time.Time{}}, {"a", in(time.Hour)}}},
		{"taken away", []appSecret{{value: "a"}}, "", []appSecret{{"a", in(time.Hour)}}},
		{"back again", []appSecret{{"b", time.Time{}}, {"a", in(time.Minute)}}, "a", []appSecret{{"a", time.Time{}}, {"b", in(time.Hour)}}},
		{"the hour doesn't start again", []appSecret{{"b", time.Time{}}, {"a", in(time.Minute)}}, "b", []appSecret{{"b", time.Time{}}, {"a", in(time.Minute)}}},
		{"over", []appSecret{{"b", time.Time{}}, {"a", now}}, "b", []appSecret{{value: "b"}}},
		{"too many", []appSecret{{"e", time.Time{}}, {"d", in(4)}, {"c", in(3)}, {"b", in(2)}}, "f",
			[]appSecret{{"f", time.Time{}}, {"e", in(time.Hour)}, {"d", in(4)}, {"c", in(3)}}},
	}
	for _, tt := range tests {
		got := rotated(tt.previous, tt.current, now)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(appSecret{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
