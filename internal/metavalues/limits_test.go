// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metavalues_test

import (
	"testing"

	"github.com/waba-operator/waba-operator/internal/metavalues"
)

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"éàü", 3, "éàü"}, {"éàüö", 3, "éà…"}, {"😀😀😀😀", 3, "😀😀…"}, {"日本語テキスト", 4, "日本語…"},
	} {
		if got := metavalues.Truncate(c.in, c.limit); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}
