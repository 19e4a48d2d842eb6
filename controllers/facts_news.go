// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// newsLimit is how many events one pass makes at most.
const newsLimit = 5

// notice is news that no condition shows, for an event.
type notice struct {
	warning         bool
	reason, message string
}

// announce tells people the newest of some news.
func (b *base) announce(obj v1alpha1.Asset, news []notice) {
	for _, n := range news[max(0, len(news)-newsLimit):] {
		kind := corev1.EventTypeNormal
		if n.warning {
			kind = corev1.EventTypeWarning
		}
		b.event(obj, kind, n.reason, "Webhook", n.message)
	}
}

func sentence(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}
