// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
)

// factsPause is how long webhook events about one object are collected before they cause a full run. The status shows each event at once.
const factsPause = 5 * time.Second

// Freshness is the age of the observed state that webhook events are compared with.
type Freshness struct {
	// ObservedAt is when the request was sent that last observed the asset; zero where that isn't known.
	ObservedAt time.Time
	// WrittenAt is when the operator last wrote the asset. Earlier events say nothing about its present state.
	WrittenAt time.Time
}

// Outweighs reports whether a webhook event takes precedence over the last observation, which it does until an observation starts at least
// one minute after the event was received.
func (k Freshness) Outweighs(e *v1alpha1.WebhookEvent) bool {
	return facts.Outweighs(e, k.ObservedAt) && !e.Time.Time.Before(k.WrittenAt)
}

// lastResult is the result that the last run recorded. A run without a result of its own replays it to show new webhook events.
func lastResult(prior *v1alpha1.CommonStatus) (*Result, bool) {
	synced := meta.FindStatusCondition(prior.Conditions, v1alpha1.ConditionSynced)
	if synced == nil {
		return nil, false
	}
	same := func(kind string) bool {
		c := meta.FindStatusCondition(prior.Conditions, kind)
		return c != nil && c.Reason == synced.Reason && c.Message == synced.Message
	}
	return replayedResult(synced, !same(v1alpha1.ConditionReady)), true
}

// eventDebouncer delays the full run that webhook events trigger, so that a burst of events causes one. It keeps the events of each object
// as of its last run.
type eventDebouncer struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	known map[types.UID]debounced
}

// debounced is what is kept of one object.
type debounced struct {
	facts any
	// due is when the full run follows; zero when no event has come since the last one.
	due time.Time
}

func newEventDebouncer(c clock.PassiveClock) *eventDebouncer {
	return &eventDebouncer{clock: c, known: map[types.UID]debounced{}}
}

// observe records the webhook facts of an object. before are those of the last run, and known is false in the first one; wait is how long
// the full run is delayed, unless it is urgent.
func (h *eventDebouncer) observe(key types.UID, facts any, urgent bool) (before any, known bool, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, ok := h.known[key]
	if !ok {
		h.known[key] = debounced{facts: facts}
		return nil, false, 0
	}
	before = last.facts
	now := h.clock.Now()
	if last.due.IsZero() && !reflect.DeepEqual(before, facts) {
		last.due = now.Add(factsPause)
	}
	if wait = deadline.Left(last.due, now, factsPause); last.due.IsZero() || urgent || wait <= 0 {
		last.due, wait = time.Time{}, 0
	}
	last.facts = facts
	h.known[key] = last
	return before, true, wait
}

// Forget frees what is kept of an object.
func (h *eventDebouncer) Forget(gone Gone) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.known, gone.UID)
	return 0
}

// reportedFacts are what webhooks reported of an object, and how to make events of Kubernetes of them.
type reportedFacts struct {
	Object v1alpha1.Asset
	topic  Topic
	// Notices returns what is new since the facts of an earlier run.
	Notices func(before any) []Notice
}

// debounce records what webhooks reported of an object of the account, or of the account itself. New facts become events of
// Kubernetes, and the account is observed soon, to confirm them. It returns how long the full run is delayed.
func (b *Base) debounce(t reportedFacts, waba *v1alpha1.WABA, urgent bool) time.Duration {
	uid := t.Object.GetUID()
	before, known, wait := b.debouncer.observe(uid, WebhookFacts(t.Object), urgent)
	if known {
		b.notify(t.Object, t.Notices(before))
	}
	var newest time.Time
	events := t.Object.WebhookEvents()
	for i := range events {
		newest = deadline.Later(newest, facts.ReceivedAt(&events[i]))
	}
	if b.Unconfirmed.note(waba.UID, uid, t.topic, newest, deadline.Value(waba.Status.LastObservedTime)) {
		b.AccountEvents.enqueueAfter(client.ObjectKeyFromObject(waba), max(0, b.Unconfirmed.Due(waba.UID).Sub(b.Clock.Now())))
	}
	return wait
}

// WebhookFacts are the webhook facts of an object whose change causes a run.
func WebhookFacts(obj client.Object) any {
	asset, ok := obj.(v1alpha1.Asset)
	if _, subscription := obj.(*v1alpha1.WebhookSubscription); !ok || subscription {
		return nil // a handshake or an event of a subscription is none
	}
	return asset.WebhookStatus()
}
