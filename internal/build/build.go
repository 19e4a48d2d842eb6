// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package build says which version a program of this project is.
package build

import (
	"runtime/debug"

	"k8s.io/apimachinery/pkg/util/version"
)

const (
	// unknown is the version of a program of which nothing is known.
	unknown = "unknown"
	// devel is how Go names a module that it built from a working directory.
	devel = "(devel)"
	// revisionLength is how much of a commit's hash is enough to name it.
	revisionLength = 12
)

// Version returns the version of the running program: the linker's value if there is one, as in releases and images, else what Go
// recorded, as with `go install …@latest`. It fits into a User-Agent.
func Version(linked string) string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(linked, info)
}

// versionOf is Version for a build. A build outside of a repository has no revision.
func versionOf(linked string, info *debug.BuildInfo) string {
	switch {
	case linked != "" && linked != unknown:
		return linked
	case info == nil:
		return unknown
	case info.Main.Version != "" && info.Main.Version != devel:
		return info.Main.Version
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	v := "devel"
	if revision := settings["vcs.revision"]; revision != "" {
		v += "-" + revision[:min(len(revision), revisionLength)]
	}
	if settings["vcs.modified"] == "true" {
		v += "-dirty"
	}
	return v
}

// SameMinor reports whether two versions have the same major and minor version. Of a version that isn't a release's, such as devel or
// one that Go made of a commit, it says yes: nothing is known about it.
func SameMinor(a, b string) bool {
	x, errX := version.ParseSemantic(a)
	y, errY := version.ParseSemantic(b)
	if errX != nil || errY != nil || x.Major()+x.Minor() == 0 || y.Major()+y.Minor() == 0 {
		return true
	}
	return x.Major() == y.Major() && x.Minor() == y.Minor()
}
