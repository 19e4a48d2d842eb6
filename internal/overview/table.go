// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/waba-operator/waba-operator/internal/terminal"
)

// colours of severities.
var colours = map[Severity]terminal.Colour{Critical: terminal.BoldRed, Warning: terminal.Yellow, Info: terminal.Cyan, OK: terminal.Green}

// age is how long ago a time was, as kubectl says it.
func age(t *metav1.Time, now time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return duration.HumanDuration(max(0, now.Sub(t.Time)))
}

// until is how far a time lies ahead, or how long ago it was.
func until(t *metav1.Time, now time.Time) string {
	switch {
	case t == nil || t.IsZero():
		return ""
	case t.After(now):
		return "in " + duration.HumanDuration(t.Sub(now))
	}
	return age(t, now) + " ago"
}
