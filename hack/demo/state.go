// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"slices"

	eventsv1 "k8s.io/api/events/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Names of the sample resources.
const (
	wabaName       = "acme"
	hooksName      = "acme"
	orderName      = "order-confirmation-en-us"
	flashName      = "flash-sale-reminder-en-us"
	passwordName   = "account-password-check-en-us"
	photosName     = "spring-photos-en-us"
	supportName    = "acme-support"
	salesName      = "acme-sales"
	templatesCount = 4
)

// state is what the API server holds of the samples.
type state struct {
	waba      v1alpha1.WABA
	hooks     v1alpha1.WebhookSubscription
	templates map[string]v1alpha1.MessageTemplate
	numbers   map[string]v1alpha1.PhoneNumber
	events    []eventsv1.Event
}

// look reads the resources and their events.
func look(ctx context.Context, c client.Client) (*state, error) {
	s := &state{templates: map[string]v1alpha1.MessageTemplate{}, numbers: map[string]v1alpha1.PhoneNumber{}}
	if err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: wabaName}, &s.waba); err != nil {
		return nil, err
	}
	if err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: hooksName}, &s.hooks); err != nil {
		return nil, err
	}
	var list v1alpha1.MessageTemplateList
	if err := c.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	for _, t := range list.Items {
		s.templates[t.Name] = t
	}
	var numbers v1alpha1.PhoneNumberList
	if err := c.List(ctx, &numbers, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	for _, n := range numbers.Items {
		s.numbers[n.Name] = n
	}
	var events eventsv1.EventList
	if err := c.List(ctx, &events, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	s.events = events.Items
	slices.SortStableFunc(s.events, func(a, b eventsv1.Event) int {
		return cmp.Or(a.EventTime.Compare(b.EventTime.Time), cmp.Compare(a.Regarding.Name, b.Regarding.Name))
	})
	return s, nil
}

// rows is the state as a table.
func (s *state) rows() []row {
	ready, reason := summary(s.waba.Status.Conditions)
	rows := []row{{"waba/" + wabaName, orDash(s.waba.Status.Status), "-", ready, reason}}
	ready, reason = summary(s.hooks.Status.Conditions)
	subscribed := ""
	if ptr.Deref(s.hooks.Status.Subscribed, false) {
		subscribed = "subscribed"
	}
	rows = append(rows, row{"webhooksubscription/" + hooksName, orDash(subscribed), "-", ready, reason})
	for _, name := range []string{orderName, flashName, passwordName, photosName} {
		t := s.templates[name]
		ready, reason := summary(t.Status.Conditions)
		rows = append(rows, row{"messagetemplate/" + name, orDash(t.Status.Status), orDash(t.Status.Category), ready, reason})
	}
	for _, name := range []string{supportName, salesName} {
		n := s.numbers[name]
		ready, reason := summary(n.Status.Conditions)
		rows = append(rows, row{"phonenumber/" + name, orDash(n.Status.Status), "-", ready, reason})
	}
	return rows
}

func summary(conditions []metav1.Condition) (ready, reason string) {
	c := apimeta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if c == nil {
		return "-", "-"
	}
	return string(c.Status), c.Reason
}

func orDash(s string) string { return cmp.Or(s, "-") }
