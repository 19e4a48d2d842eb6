// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// arrivalPeriod is how often the status of a subscription repeats that events of a field arrive: often enough to show that they
// do, and cheap.
const arrivalPeriod = 10 * time.Minute

// mergeSubscription stores that events of a field arrive, or that Meta verified the receiver.
func mergeSubscription(w *v1alpha1.WebhookSubscriptionWebhookStatus, e event) bool {
	if e.handshake {
		if w.HandshakeTime != nil && !w.HandshakeTime.Time.Before(e.received) {
			return false
		}
		w.HandshakeTime = &metav1.Time{Time: e.received}
		return true
	}
	if !webhook.Known(e.Field) {
		return false
	}
	if last := EventOf(w.Events, e.Field); last != nil && deadline.Within(deadline.Value(last.ReceivedTime), e.received, arrivalPeriod) {
		return false
	}
	return advance(&w.Events, e.Field, e, 1)
}
