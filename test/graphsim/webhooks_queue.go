// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"container/heap"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"
)

// WebhookChange is one event.
type WebhookChange struct {
	// Field as subscribed to.
	Field string
	// Value is what the event says, as JSON knows it.
	Value any
	// BusinessID is the portfolio under which events about partners come; empty: the account.
	BusinessID string
	// NumberID is the phone number whose override the event follows; empty: none.
	NumberID string
	// Time is entry.time, to the second; zero: now.
	Time time.Time
}

// With returns a copy with one more key in its value, which must be an object.
func (x WebhookChange) With(key string, v any) WebhookChange {
	value := map[string]any{key: v}
	for name, old := range asJSON(x.Value).(map[string]any) { //nolint:forcetypeassert // the caller's promise
		if name != key {
			value[name] = old
		}
	}
	x.Value = value
	return x
}

// outbox holds the events that wait.
type outbox struct {
	hosts   map[string]string // see MapCallback
	rand    *rand.Rand        // of its own: ids must not depend on when events are sent
	ready   []*notice
	waiting noticeHeap
	again   []*post // duplicates and replays
	old     []*post // accepted, for replays
	posts   int64
	wake    chan struct{}
	record  []Delivery
}

const maxOldPosts = 256

func newOutbox(seed int64) outbox {
	return outbox{rand: rand.New(rand.NewPCG(uint64(seed), 2)), wake: make(chan struct{}, 1)} //nolint:gosec // reproducible on purpose
}

// notice is an event on its way to one app.
type notice struct {
	change   WebhookChange // with a decoded value
	account  *account
	appID    string
	seq      int64
	size     int // about, in bytes
	happened time.Time
	due      time.Time
	attempts int
}

// noticeHeap has the one that is due first on top.
type noticeHeap []*notice

func (h *noticeHeap) Len() int { return len(*h) }
func (h *noticeHeap) Less(i, j int) bool {
	a, b := (*h)[i], (*h)[j]
	return a.due.Before(b.due) || a.due.Equal(b.due) && a.seq < b.seq
}
func (h *noticeHeap) Swap(i, j int) { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *noticeHeap) Push(x any)    { *h = append(*h, x.(*notice)) } //nolint:forcetypeassert // the only type there is

// Pop implements heap.Interface.
func (h *noticeHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// asJSON is a value as encoding/json reads it, with numbers as they were written. It panics on what is no JSON: the test is
// wrong then.
func asJSON(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("graphsim: value of an event: " + err.Error())
	}
	return decodedJSON(raw)
}

// Emit lets something happen to an account that only webhooks report. Without WithWebhooks, or for an unknown account, it
// panics: the test is wrong then.
func (s *Simulator) Emit(accountID string, changes ...WebhookChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hooked {
		panic("graphsim: Emit needs WithWebhooks")
	}
	now := s.now()
	s.settle(now)
	s.emit(s.mustAccount(accountID), now, changes...)
}

// emit queues events for every app that subscribed to the account and to the field. Where there is none they are lost, as at
// Meta.
func (s *Simulator) emit(a *account, at time.Time, changes ...WebhookChange) {
	if !s.hooked {
		return
	}
	for _, x := range changes {
		x.Value = asJSON(x.Value)
		raw, _ := json.Marshal(x.Value) // was JSON
		if x.Time.IsZero() {
			x.Time = at
		}
		for _, appID := range s.audience(a, &x) {
			n := &notice{change: x, account: a, appID: appID, seq: s.nextSequence(), size: len(raw), happened: at, due: at}
			if d := int64(s.habits.Delay); d > 0 {
				n.due = at.Add(time.Duration(int64(toss(s.seed, "delay", itoa(int(n.seq)))>>1) % d))
			}
			heap.Push(&s.outbox.waiting, n)
		}
	}
	s.outbox.nudge()
}

// nudge wakes a worker of StartDelivery, if one sleeps.
func (o *outbox) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// audience are the apps that get an event. Those about partners come before an app is subscribed to the account and after it
// was; that the apps are then those with a token for it is a guess.
func (s *Simulator) audience(a *account, x *WebhookChange) []string {
	var out []string
	if x.BusinessID == "" {
		for _, app := range a.apps {
			out = append(out, app.appID)
		}
	} else {
		for _, t := range s.tokens {
			if slices.Contains(t.Accounts, a.ID) {
				out = append(out, t.AppID)
			}
		}
	}
	return slices.DeleteFunc(sorted(out), func(appID string) bool {
		own := s.topicOf(appID)
		return own == nil || !slices.Contains(own.fields, x.Field)
	})
}

// addressee is where an event goes now, empty without a subscriber: number, account, app. That attempts after a change of address
// go to the new one is a guess.
func (s *Simulator) addressee(n *notice) string {
	own := s.topicOf(n.appID)
	if own == nil {
		return ""
	}
	if !overridableFields[n.change.Field] {
		return own.url
	}
	if number := s.numbers[n.change.NumberID]; number != nil && number.overrideFor(n.appID) != "" {
		return number.overrideFor(n.appID)
	}
	if x := n.account.subscriptionOf(n.appID); x != nil && x.override != "" {
		return x.override
	}
	return own.url
}

// post is one POST to a callback.
type post struct {
	notices    []*notice
	appID, url string
	number     int64
	repeat     Repeat
	body       []byte
}

// nextPost takes the next POST out of what is due at now, nil when there is none.
func (s *Simulator) nextPost(now time.Time) *post {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(now)
	o := &s.outbox
	for o.waiting.Len() > 0 && !o.waiting[0].due.After(now) {
		o.ready = append(o.ready, heap.Pop(&o.waiting).(*notice)) //nolint:forcetypeassert // the only type there is
	}
	var out *post
	if len(o.again) > 0 && (len(o.ready) == 0 || o.rand.IntN(2) == 0) {
		out, o.again = o.again[0], o.again[1:]
	}
	for out == nil && len(o.ready) > 0 {
		out = s.pack()
	}
	if len(o.ready)+len(o.again) > 0 {
		o.nudge() // there is work for another one
	}
	return out
}

// pack takes a notice, and others for the same address as far as habits allow; nil without a subscriber.
func (s *Simulator) pack() *post {
	o := &s.outbox
	if s.habits.Shuffle {
		i := o.rand.IntN(len(o.ready))
		o.ready[0], o.ready[i] = o.ready[i], o.ready[0]
	}
	first := o.ready[0]
	o.ready = o.ready[1:]
	p := &post{notices: []*notice{first}, appID: first.appID, url: s.addressee(first)}
	if p.url == "" {
		return nil
	}
	most, size := min(s.habits.Batch, maxBatchedChanges), first.size
	if most > 1 {
		o.ready = slices.DeleteFunc(o.ready, func(n *notice) bool {
			const envelope = 200 // bytes around a value, at most
			if len(p.notices) >= most || n.appID != p.appID || s.addressee(n) != p.url || size+n.size+len(p.notices)*envelope > maxWebhookBytes {
				return false
			}
			p.notices, size = append(p.notices, n), size+n.size
			return true
		})
	}
	o.posts++
	p.number = o.posts
	p.body = s.webhookBody(p)
	s.repeat(p)
	return p
}

// repeat adds what else is sent along with a POST: itself, or an old one.
func (s *Simulator) repeat(p *post) {
	o := &s.outbox
	if s.percent(s.habits.Duplicates, "duplicate", itoa(int(p.number))) {
		twin := *p
		twin.repeat = Duplicate
		twin.body = s.webhookBody(&twin)
		o.again = append(o.again, &twin)
	}
	if len(o.old) > 0 && s.percent(s.habits.Replays, "replay", itoa(int(p.number))) {
		twin := *o.old[o.rand.IntN(len(o.old))]
		twin.repeat = Replay
		o.again = append(o.again, &twin)
	}
}
