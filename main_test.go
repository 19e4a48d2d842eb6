// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"
	"testing"
)

// The version is asked for without a cluster, and comes alone.
func TestVersion(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"--version"}, &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !regexp.MustCompile(`^waba-operator devel\S* go\S+ \w+/\w+\n$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
}

func TestFlagsAreChecked(t *testing.T) {
	if err := run([]string{"--log-level=9"}, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "--log-level") {
		t.Errorf("got %v", err)
	}
}
