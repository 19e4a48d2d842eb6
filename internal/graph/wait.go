// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds the wait that a text may demand. The longest known lock is that of WhatsApp's two-step verification, 7 days.
const maxWait = 7 * 24 * time.Hour

// waitPattern finds durations in Meta's texts, such as "30 seconds", "an hour" or "1 hour and 5 minutes".
var waitPattern = regexp.MustCompile(`(?i)` + waitPart + `(?:,? (?:and )?` + waitPart + `)*`)

// waitPart is one count and unit, such as "5 minutes"; the unit is known by its first letter.
const waitPart = `\b([0-9]{1,7}|an?) ?(seconds?|secs?|minutes?|mins?|hours?|hrs?|days?)\b`

var waitParts = regexp.MustCompile(`(?i)` + waitPart)

// waitIn returns the longest duration in the texts, or 0. Shorter ones may mean something else, such as the time in which too
// many attempts were made, and waiting too long is better than lengthening a lock.
func waitIn(texts []string) (wait time.Duration) {
	for _, text := range texts {
		for _, found := range waitPattern.FindAllString(text, -1) {
			wait = max(wait, waitOf(found))
		}
	}
	return wait
}

func waitOf(text string) (wait time.Duration) {
	for _, part := range waitParts.FindAllStringSubmatch(text, -1) {
		count, err := strconv.Atoi(part[1])
		if err != nil { // "a" or "an"
			count = 1
		}
		unit := waitUnits[strings.ToLower(part[2][:1])]
		wait = min(wait+unit*time.Duration(min(count, int(maxWait/unit))), maxWait)
	}
	return wait
}

var waitUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
