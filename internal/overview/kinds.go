// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

// adapter is what an overview does for one kind besides what it does for all.
type adapter struct {
	// trim takes off what no overview shows.
	trim func(v1alpha1.Asset)
	// judge finds what isn't well about a resource besides its conditions.
	judge func(*evaluation, v1alpha1.Asset)
	// add puts a resource under its account; nil for the account itself.
	add func(*Account, Resource, v1alpha1.Asset)
}

var adapters = map[string]adapter{
	v1alpha1.KindWABA:                adapt(trimAccount, (*evaluation).account, nil),
	v1alpha1.KindPhoneNumber:         adapt(trimNumber, (*evaluation).number, addNumber),
	v1alpha1.KindMessageTemplate:     adapt(trimTemplate, (*evaluation).template, addTemplate),
	v1alpha1.KindWebhookSubscription: adapt(nil, nil, addSubscription),
}

// adapt makes the adapter of a kind; nil is for what there is nothing to do.
func adapt[T v1alpha1.Asset](trim func(T), judge func(*evaluation, T), add func(*Account, Resource, T)) adapter {
	a := adapter{trim: func(v1alpha1.Asset) {}, judge: func(*evaluation, v1alpha1.Asset) {}}
	if trim != nil {
		a.trim = func(obj v1alpha1.Asset) { trim(as[T](obj)) }
	}
	if judge != nil {
		a.judge = func(j *evaluation, obj v1alpha1.Asset) { judge(j, as[T](obj)) }
	}
	if add != nil {
		a.add = func(to *Account, r Resource, obj v1alpha1.Asset) { add(to, r, as[T](obj)) }
	}
	return a
}

// as is a resource in its own type. It panics for one of another kind.
func as[T v1alpha1.Asset](obj v1alpha1.Asset) T { return obj.(T) } // adapters are found by the name of the kind

func trimAccount(o *v1alpha1.WABA) {
	o.Spec.AllowedReferences, o.Status.Operator = nil, v1alpha1.WABAOperatorStatus{HeldTime: o.Status.Operator.HeldTime}
}

func trimNumber(o *v1alpha1.PhoneNumber) {
	o.Spec = v1alpha1.PhoneNumberSpec{CommonSpec: o.Spec.CommonSpec, ID: o.Spec.ID, Number: o.Spec.Number}
	s := &o.Status
	s.Health, s.CallbackURLs, s.Profile, s.Commerce, s.Webhook, s.Operator = nil, nil, nil, nil, nil, v1alpha1.PhoneNumberOperatorStatus{}
}

func trimTemplate(o *v1alpha1.MessageTemplate) {
	o.Spec = v1alpha1.MessageTemplateSpec{CommonSpec: o.Spec.CommonSpec, Name: o.Spec.Name, Language: o.Spec.Language, Category: o.Spec.Category}
	s := &o.Status
	s.Warnings, s.Parameters, s.Operator = nil, nil, v1alpha1.MessageTemplateOperatorStatus{}
	if w := s.Webhook; w != nil {
		s.Webhook = &v1alpha1.MessageTemplateWebhookStatus{DisableTime: w.DisableTime, CategoryChangeTime: w.CategoryChangeTime}
	}
}

func addNumber(a *Account, r Resource, o *v1alpha1.PhoneNumber) {
	s := &o.Status
	a.PhoneNumbers = append(a.PhoneNumbers, &Number{
		Resource: r, Number: cmp.Or(terminal.Plain(s.DisplayPhoneNumber), o.Spec.Number), DisplayName: terminal.Plain(s.VerifiedName), Status: terminal.Plain(s.Status),
		Quality: terminal.Plain(s.QualityRating), MessagingLimit: terminal.Plain(s.MessagingLimit), Throughput: terminal.Plain(s.ThroughputLevel),
	})
}

func addTemplate(a *Account, r Resource, o *v1alpha1.MessageTemplate) {
	s := &o.Status
	t := &Template{
		Resource: r, Template: o.Spec.Name, Language: o.Spec.Language, Status: terminal.Plain(s.Status), StatusChangedTime: s.StatusChangedTime, StatusEndTime: s.StatusEndTime,
		Quality: terminal.Plain(s.QualityScore), Category: terminal.Plain(s.Category), RequestedCategory: string(o.Spec.Category),
	}
	if s.CorrectCategory != s.Category {
		t.PlannedCategory = terminal.Plain(s.CorrectCategory)
	}
	a.MessageTemplates = append(a.MessageTemplates, t)
}

func addSubscription(a *Account, r Resource, o *v1alpha1.WebhookSubscription) {
	s := &o.Status
	w := &Subscription{Resource: r, AppID: terminal.Plain(s.AppID)}
	if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionSubscribed); c != nil && c.Status != metav1.ConditionUnknown {
		w.Status = c.Reason
	}
	if s.App != nil {
		w.CallbackURL = terminal.Plain(s.App.CallbackURL)
	}
	if s.Messages != nil {
		w.MessagesURL = terminal.Plain(s.Messages.CallbackURL)
	}
	a.WebhookSubscriptions = append(a.WebhookSubscriptions, w)
}
