// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// noticeLimit is how many events one run makes at most.
const noticeLimit = 5

// Notice is a change that no condition shows, for an event.
type Notice struct {
	Warning         bool
	Reason, Message string
}

// notify records events for the newest notices.
func (b *Base) notify(obj v1alpha1.Asset, notices []Notice) {
	for _, n := range notices[max(0, len(notices)-noticeLimit):] {
		kind := corev1.EventTypeNormal
		if n.Warning {
			kind = corev1.EventTypeWarning
		}
		b.Event(obj, kind, n.Reason, "Webhook", n.Message)
	}
}

// Sentence joins what isn't empty with colons.
func Sentence(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}
