// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTokenWithoutEnd: what the guide to the installation recommends is no finding, and everything else about the end of a token is.
func TestTokenWithoutEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		kind         string
		expires      time.Duration
		result, text string
	}{
		"a system user's": {"SYSTEM_USER", 0, ResultPassed, "Meta recommends for servers"},
		"a person's":      {"USER", 0, ResultFound, "doesn't expire"},
		"unknown":         {"", 0, ResultNotChecked, "whether it is a system user's is known only from Meta"},
		"60 days":         {"SYSTEM_USER", 60 * 24 * time.Hour, ResultPassed, ""},
		"soon":            {"SYSTEM_USER", 24 * time.Hour, ResultFound, "within 14 days"},
	} {
		e := rich()
		e.snapshot.Token.Type, e.snapshot.Token.ExpiresAt = tc.kind, time.Time{}
		if tc.expires > 0 {
			e.snapshot.Token.ExpiresAt = e.now.Add(tc.expires)
		}
		r := e.compile()
		at := slices.IndexFunc(r.Checks, func(c Check) bool { return c.ID == "token-expiry" })
		text := r.Checks[at].Reason + r.Checks[at].Note
		for _, f := range r.Findings {
			if f.Check == "token-expiry" {
				text += f.Statement
			}
		}
		if r.Checks[at].Result != tc.result || !strings.Contains(text, tc.text) || tc.text == "" && text != "" {
			t.Errorf("%s: %s: %s", name, r.Checks[at].Result, text)
		}
	}
}
