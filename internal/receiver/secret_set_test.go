// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSucceed(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := now.Add
	tests := []struct {
		name    string
		before  []key
		present string
		want    []key
	}{
		{"first", nil, "a", []key{{secret: "a"}}},
		{"none", nil, "", nil},
		{"unchanged", []key{{secret: "a"}}, "a", []key{{secret: "a"}}},
		{"replaced", []key{{secret: "a"}}, "b", []key{{"b", time.Time{}}, {"a", in(time.Hour)}}},
		{"taken away", []key{{secret: "a"}}, "", []key{{"a", in(time.Hour)}}},
		{"back again", []key{{"b", time.Time{}}, {"a", in(time.Minute)}}, "a", []key{{"a", time.Time{}}, {"b", in(time.Hour)}}},
		{"the hour doesn't begin anew", []key{{"b", time.Time{}}, {"a", in(time.Minute)}}, "b", []key{{"b", time.Time{}}, {"a", in(time.Minute)}}},
		{"over", []key{{"b", time.Time{}}, {"a", now}}, "b", []key{{secret: "b"}}},
		{"too many", []key{{"e", time.Time{}}, {"d", in(4)}, {"c", in(3)}, {"b", in(2)}}, "f",
			[]key{{"f", time.Time{}}, {"e", in(time.Hour)}, {"d", in(4)}, {"c", in(3)}}},
	}
	for _, tt := range tests {
		got := succeed(tt.before, tt.present, now)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(key{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
