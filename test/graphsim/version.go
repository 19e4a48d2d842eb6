// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"strconv"
	"strings"
	"time"
)

const (
	// versionHeader says which version of the API answered.
	// See https://developers.facebook.com/docs/graph-api/guides/debugging.
	versionHeader = "Facebook-Api-Version"
	newestVersion = 26
)

// versionEnds are the days on which versions end.
// See https://developers.facebook.com/docs/graph-api/changelog.
var versionEnds = map[int]time.Time{
	20: time.Date(2026, time.September, 24, 0, 0, 0, 0, time.UTC),
	21: time.Date(2027, time.January, 21, 0, 0, 0, 0, time.UTC),
	22: time.Date(2027, time.May, 20, 0, 0, 0, 0, time.UTC),
	23: time.Date(2027, time.October, 8, 0, 0, 0, 0, time.UTC),
	24: time.Date(2028, time.February, 18, 0, 0, 0, 0, time.UTC),
	25: time.Date(2028, time.July, 29, 0, 0, 0, 0, time.UTC),
}

// answeringVersion is the version that answers a call: for one that has ended, the oldest that lives.
func answeringVersion(version string, now time.Time) string {
	major, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(version, "v"), ".0"))
	if err != nil || major > newestVersion {
		return "v" + strconv.Itoa(newestVersion) + ".0"
	}
	for major < newestVersion && !now.Before(versionEnds[major]) {
		major++
	}
	return "v" + strconv.Itoa(major) + ".0"
}
