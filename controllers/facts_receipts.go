// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/facts"
)

// topic is what a fact is about: a template, a number or, when empty, the account.
type topic struct {
	template account.TemplateKey
	number   string
}

func topicOf(obj client.Object) topic {
	switch o := obj.(type) {
	case *v1alpha1.MessageTemplate:
		return topic{template: templateKey(o)}
	case *v1alpha1.PhoneNumber:
		return topic{number: o.Status.ID}
	}
	return topic{}
}

// receipts remembers for each account what webhooks told since its last observation. The next one is brought forward, to
// confirm it or not.
type receipts struct {
	mu       sync.Mutex
	accounts map[types.NamespacedName]*unconfirmed
}

type unconfirmed struct {
	// observed is when the last observation began.
	observed time.Time
	// first is the earliest receipt that it didn't confirm.
	first time.Time
	// newest has the newest receipt of each topic.
	newest map[topic]time.Time
}

func newReceipts() *receipts { return &receipts{accounts: map[types.NamespacedName]*unconfirmed{}} }

// told notes the receipt of a fact, unless an observation has seen what became of it. It reports that the account has to be
// woken, because there was nothing to confirm before.
func (r *receipts) told(waba types.NamespacedName, about topic, received, observed time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.accounts[waba]
	if u == nil {
		u = &unconfirmed{newest: map[topic]time.Time{}}
	}
	if received.IsZero() || !laterOf(u.observed, observed).Before(received.Add(facts.Window)) {
		return false
	}
	r.accounts[waba] = u
	u.newest[about] = laterOf(u.newest[about], received)
	if !u.first.IsZero() && !received.Before(u.first) {
		return false
	}
	u.first = received
	return true
}

// due is when an observation confirms the earliest fact; zero when there is none. Times of receipt are cut to seconds, so
// it takes one more than the rule wants.
func (r *receipts) due(waba types.NamespacedName) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.accounts[waba]; u != nil && !u.first.IsZero() {
		return u.first.Add(facts.Window + time.Second)
	}
	return time.Time{}
}

// observe notes an observation and adds to its changes what it confirmed, or not: where it shows the same as the one before
// it, it may still disagree with a webhook.
func (r *receipts) observe(waba types.NamespacedName, begun time.Time, change *account.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.accounts[waba]
	if u == nil {
		u = &unconfirmed{newest: map[topic]time.Time{}}
		r.accounts[waba] = u
	}
	u.observed, u.first = begun, time.Time{}
	for about, received := range u.newest {
		if begun.Before(received.Add(facts.Window)) {
			if u.first.IsZero() || received.Before(u.first) {
				u.first = received
			}
			continue
		}
		delete(u.newest, about)
		switch {
		case about.number != "":
			change.Numbers = append(change.Numbers, about.number)
		case about != topic{}:
			change.Templates = append(change.Templates, about.template)
		}
	}
}

// forget drops an account that is gone.
func (r *receipts) forget(waba types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.accounts, waba)
}
