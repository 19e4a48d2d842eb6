// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"maps"
	"slices"
	"time"
)

// versionEnds are the days on which Meta ends versions of the API: two years after the next version came. A version that
// isn't here is too old or too new to be known, or its end isn't known yet, as v26.0's.
//
// Source: https://developers.facebook.com/docs/graph-api/changelog (October 2026)
var versionEnds = map[string]time.Time{
	"v18.0": day(2026, time.January, 26),
	"v19.0": day(2026, time.May, 21),
	"v20.0": day(2026, time.September, 24),
	"v21.0": day(2027, time.January, 21),
	"v22.0": day(2027, time.May, 20),
	"v23.0": day(2027, time.October, 8),
	"v24.0": day(2028, time.February, 18),
	"v25.0": day(2028, time.July, 29),
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// VersionEnd returns when Meta ends a version of the API, and whether that is known. Calls with a version that has ended are
// answered by the oldest one that lives, without a word
// (https://developers.facebook.com/docs/graph-api/guides/versioning).
func VersionEnd(version string) (time.Time, bool) {
	end, ok := versionEnds[version]
	return end, ok
}

// NewestVersion is the newest version of the API that is known. Its end isn't.
const NewestVersion = "v26.0"

// LivingVersions returns the versions that answer calls by themselves, the oldest first.
func LivingVersions(now time.Time) []string {
	var out []string
	for _, version := range slices.Sorted(maps.Keys(versionEnds)) {
		if now.Before(versionEnds[version]) {
			out = append(out, version)
		}
	}
	return append(out, NewestVersion)
}
