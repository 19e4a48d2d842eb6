// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	of := func(version string, settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{Main: debug.Module{Path: "github.com/waba-operator/waba-operator", Version: version}}
		for i := 0; i < len(settings); i += 2 {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return info
	}
	const revision = "8d5f824c0ffee8d5f824c0ffee8d5f824c0ffee0"
	for name, tc := range map[string]struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		"a release":                     {"v1.2.3", of("v1.2.2"), "v1.2.3"},
		"go install …@latest":           {"", of("v1.2.3"), "v1.2.3"},
		"go install …@main":             {"", of("v0.0.0-20261201050158-8d5f824c0ffe"), "v0.0.0-20261201050158-8d5f824c0ffe"},
		"an image without a version":    {"unknown", of("v1.2.3"), "v1.2.3"},
		"go build in a repository":      {"", of("(devel)", "vcs.revision", revision, "vcs.modified", "false"), "devel-8d5f824c0ffe"},
		"go build of changed files":     {"", of("(devel)", "vcs.revision", revision, "vcs.modified", "true"), "devel-8d5f824c0ffe-dirty"},
		"a short revision":              {"", of("(devel)", "vcs.revision", "8d5f"), "devel-8d5f"},
		"go build without a repository": {"", of("(devel)"), "devel"},
		"go run, go test":               {"", of(""), "devel"},
		"no build information":          {"", nil, "unknown"},
	} {
		if got := versionOf(tc.linked, tc.info); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
	if got := Version(""); got == unknown {
		t.Error("this build has build information")
	}
}

func TestSameMinor(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"v1.2.3", "v1.2.9", true},
		{"v1.2.3", "1.2.0-rc.1", true},
		{"v1.2.3", "v1.3.0", false},
		{"v1.2.3", "v2.2.3", false},
		{"v0.1.0", "v0.2.0", false},
		{"devel-8d5f824c0ffe", "v1.3.0", true},
		{"v0.0.0-20261201050158-8d5f824c0ffe", "v1.3.0", true},
		{"v1.3.0", "unknown", true},
	} {
		if got := SameMinor(tc.a, tc.b); got != tc.want {
			t.Errorf("%s and %s: %v", tc.a, tc.b, got)
		}
	}
}
