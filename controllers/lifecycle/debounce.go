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

// factsPause is how long facts about one object gather until its spec is looked at again because of them. Its status follows
// each of them at once.
const factsPause = 5 * time.Second

// Freshness says how fresh that is what facts are compared with.
type Freshness struct {
	// ObservedAt is when the request was sent that saw the asset last; zero where that isn't known.
	ObservedAt time.Time
	// WrittenAt is when the asset was last written: what happened at Meta before says nothing of it.
	WrittenAt time.Time
}

// Outweighs reports that what an event told wins over what was seen: until an observation begun a minute or more after its
// receipt.
func (k Freshness) Outweighs(e *v1alpha1.WebhookEvent) bool {
	return facts.Wins(e, k.ObservedAt) && !e.Time.Time.Before(k.WrittenAt)
}

// LastResult is the result that the last pass recorded, so that a pass without one of its own can show what webhooks told.
func LastResult(prior *v1alpha1.CommonStatus) (*Result, bool) {
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

// eventDebouncer remembers what webhooks had told of each object when it was last looked at. It keeps events apart from all that
// may cost a call or a look at the API server: however many arrive, that is done once in a while.
type eventDebouncer struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	known map[types.UID]debounced
}

type debounced struct {
	facts any
	// due is when other work is done; zero when no fact has come since it was.
	due time.Time
}

func newEventDebouncer(c clock.PassiveClock) *eventDebouncer {
	return &eventDebouncer{clock: c, known: map[types.UID]debounced{}}
}

// observe notes what webhooks told of an object. before is what they had told at the last look, and known is false at the
// first one; wait is how long other work waits, unless it is urgent.
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

func (h *eventDebouncer) Forget(gone Gone) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.known, gone.UID)
	return 0
}

// Facts is what webhooks told of an object, and what follows for people.
type Facts struct {
	Object v1alpha1.Asset
	topic  Topic
	// Notices is what is new since what they had told before.
	Notices func(before any) []Notice
}

// Debounce takes note of what webhooks told of an object of the account, or of the account itself: people hear of it, and the
// account is observed soon. It returns how long other work waits meanwhile.
func (b *Base) Debounce(t Facts, waba *v1alpha1.WABA, urgent bool) time.Duration {
	uid := t.Object.GetUID()
	before, known, wait := b.debouncer.observe(uid, WebhookFacts(t.Object), urgent)
	if known {
		b.notify(t.Object, t.Notices(before))
	}
	var newest time.Time
	events := t.Object.WebhookEvents()
	for i := range events {
		newest = deadline.Later(newest, facts.Receipt(&events[i]))
	}
	if b.Unconfirmed.note(waba.UID, uid, t.topic, newest, deadline.Value(waba.Status.LastObservedTime)) {
		b.AccountEvents.EnqueueAfter(client.ObjectKeyFromObject(waba), max(0, b.Unconfirmed.Due(waba.UID).Sub(b.Clock.Now())))
	}
	return wait
}

// WebhookFacts is what webhooks told of an object, as far as it is a reason to look at it.
func WebhookFacts(obj client.Object) any {
	asset, ok := obj.(v1alpha1.Asset)
	if _, subscription := obj.(*v1alpha1.WebhookSubscription); !ok || subscription {
		return nil // a handshake or an event of a subscription is none
	}
	return asset.WebhookStatus()
}
