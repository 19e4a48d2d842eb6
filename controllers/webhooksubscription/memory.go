// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
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

	mu   sync.Mutex
	apps map[types.UID]appReading
	// lacking are the resources whose overrides Meta refused because the app lacks messages, and when it did.
	lacking map[types.UID]time.Time
	// statuses are what this process last set. The cache may be older than the last write, and an address that is missing there would
	// count as another client's.
	statuses map[types.UID]*v1alpha1.WebhookSubscriptionStatus
}

// routeKey is where failed writes of one level of a resource are remembered.
func routeKey(uid types.UID, path string) lifecycle.RetryKey {
	return lifecycle.RetryKey{Object: uid, Part: path}
}

// callbackKey is where failed handshakes at an address are remembered: a service that answers at one address fails for all levels.
func callbackKey(uid types.UID, url string) lifecycle.RetryKey {
	return lifecycle.RetryKey{Object: uid, Part: callbackPrefix + url}
}

// appReading is an app's subscription as last read.
type appReading struct {
	subscription graph.AppSubscription
	appID        string
	at           time.Time
}

func newMemory(c clock.PassiveClock) *memory {
	return &memory{
		clock: c, apps: map[types.UID]appReading{},
		lacking: map[types.UID]time.Time{}, statuses: map[types.UID]*v1alpha1.WebhookSubscriptionStatus{},
	}
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

// lacks reports that Meta takes no override because the app lacks messages. Where the app's fields aren't known, no observation shows
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
		s.Operator.AppliedSubscription, s.Operator.AppliedCallbacks = known.Operator.AppliedSubscription, known.Operator.AppliedCallbacks
		s.App, s.Messages, s.PhoneNumbers = known.App, known.Messages, known.PhoneNumbers
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
}
