// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// appReadPeriod is how often an app's subscription is read: its fields are in no observation.
const appReadPeriod = time.Hour

// callbackPrefix marks what is remembered of an address and not of a level.
const callbackPrefix = "callback "

// memory is what a process remembers of subscriptions. After a restart each is learnt anew, for one call.
type memory struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	holds map[routeKey]refusedWrite
	apps  map[types.UID]appReading
	// lacking are the resources whose overrides Meta refused because the app lacks messages, and when it did.
	lacking map[types.UID]time.Time
	// statuses are what this process last knew to have set: the cache may be older than our own last write, and what it
	// forgets would become somebody else's address.
	statuses map[types.UID]*v1alpha1.WebhookSubscriptionStatus
}

// routeKey is one level of a resource, or one address.
type routeKey struct {
	uid  types.UID
	what string
}

// refusedWrite is a write that failed and isn't tried again yet.
type refusedWrite struct {
	fingerprint string
	failures    int
	until       time.Time
	result      *lifecycle.Result
}

// appReading is an app's subscription as last read.
type appReading struct {
	subscription graph.AppSubscription
	appID        string
	at           time.Time
}

func newMemory(c clock.PassiveClock) *memory {
	return &memory{
		clock: c, holds: map[routeKey]refusedWrite{}, apps: map[types.UID]appReading{},
		lacking: map[types.UID]time.Time{}, statuses: map[types.UID]*v1alpha1.WebhookSubscriptionStatus{},
	}
}

// held returns why a write isn't made, nil where it may be. Another fingerprint is worth another try.
func (m *memory) held(key routeKey, fingerprint string) *lifecycle.Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.holds[key]
	left := deadline.Left(known.until, m.clock.Now(), lifecycle.RefusedRecheck)
	if !ok || known.fingerprint != fingerprint || left <= 0 {
		return nil
	}
	return known.result.RetryAfter(left)
}

// hold keeps a write from being made again for a while: as long as the result says, else with growing pauses.
func (m *memory) hold(key routeKey, fingerprint string, o *lifecycle.Result) *lifecycle.Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.holds[key]
	if known.fingerprint != fingerprint {
		known = refusedWrite{fingerprint: fingerprint}
	}
	pause := o.After()
	if o.Backoff() || pause <= 0 {
		pause = min(max(o.FirstPause(), lifecycle.SlowPause)<<min(known.failures, 8), lifecycle.LongestPause)
	}
	o = o.RetryAfter(pause).AssetUnaffected()
	known.failures++
	known.until, known.result = m.clock.Now().Add(pause), o
	m.holds[key] = known
	return o
}

// keepCallbacks forgets failed handshakes at addresses that nobody wants any more.
func (m *memory) keepCallbacks(uid types.UID, wanted []routeKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.holds {
		if key.uid == uid && strings.HasPrefix(key.what, callbackPrefix) && !slices.Contains(wanted, key) {
			delete(m.holds, key)
		}
	}
}

// unverified says which handshake failed last, "" for none.
func (m *memory) unverified(uid types.UID) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := ""
	for key, known := range m.holds {
		if text := known.result.Message(); key.uid == uid && strings.HasPrefix(key.what, callbackPrefix) && (first == "" || text < first) {
			first = text
		}
	}
	return first
}

func (m *memory) release(key routeKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.holds, key)
}

func (m *memory) app(uid types.UID, appID string) (appReading, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.apps[uid]
	return r, ok && r.appID == appID
}

func (m *memory) sawApp(uid types.UID, r appReading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.apps[uid] = r
}

// invalidateApp has the app read again, because it was written.
func (m *memory) invalidateApp(uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.apps, uid)
}

// lacks reports that Meta takes no override because the app lacks messages. Where the app's fields aren't known nobody tells
// that a person has added it, so Meta is asked again after a while.
func (m *memory) lacks(uid types.UID, fieldsKnown bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.lacking[uid]
	return ok && (fieldsKnown || deadline.Within(at, m.clock.Now(), lifecycle.LongestPause))
}

func (m *memory) setLacking(uid types.UID, lacking bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lacking {
		m.lacking[uid] = m.clock.Now()
	} else {
		delete(m.lacking, uid)
	}
}

// keep remembers what was set.
func (m *memory) keep(obj *v1alpha1.WebhookSubscription) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.statuses[obj.UID] = obj.Status.DeepCopy()
}

// restore puts what was set into a status that may be older.
func (m *memory) restore(obj *v1alpha1.WebhookSubscription) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.statuses[obj.UID]; known != nil && known.AccountID == obj.Status.AccountID {
		known = known.DeepCopy()
		s := &obj.Status
		s.Operator.AppliedSubscription, s.App, s.Messages, s.PhoneNumbers = known.Operator.AppliedSubscription, known.App, known.Messages, known.PhoneNumbers
	}
}

func (m *memory) Forget(gone lifecycle.Gone) time.Duration {
	m.drop(gone.UID)
	return 0
}

// drop frees everything about a resource.
func (m *memory) drop(uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.apps, uid)
	delete(m.lacking, uid)
	delete(m.statuses, uid)
	for key := range m.holds {
		if key.uid == uid {
			delete(m.holds, key)
		}
	}
}
