// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// checks collects what isn't as it should be.
type checks struct{ problems []string }

func (c *checks) that(ok bool, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func (c *checks) equal(what string, got, want any) {
	c.that(got == want, "%s is %v, not %v", what, got, want)
}

func (c *checks) condition(object string, conditions []metav1.Condition, kind string, status metav1.ConditionStatus, reason string) {
	got := apimeta.FindStatusCondition(conditions, kind)
	if got == nil {
		c.that(false, "%s has no condition %s", object, kind)
		return
	}
	c.that(got.Status == status && got.Reason == reason, "%s: condition %s is %s (%s: %s), not %s (%s)",
		object, kind, got.Status, got.Reason, got.Message, status, reason)
}

// missing says what the end of the demo still lacks, nothing when it is reached.
func (d *demo) missing(s *state) []string {
	c := &checks{}
	c.account(&s.waba)
	c.webhooks(&s.hooks)
	c.that(d.meta.bot.messages.Load() > 0, "the customer's message didn't reach the bot")
	c.templates(s)
	c.numbers(s)
	c.events(s)
	c.calls(d.meta)
	c.log(d.operator.log, d.meta)
	return c.problems
}

func (c *checks) account(w *v1alpha1.WABA) {
	s := &w.Status
	for _, want := range []struct{ kind, reason string }{
		{v1alpha1.ConditionReady, v1alpha1.ReasonObserved}, {v1alpha1.ConditionSynced, v1alpha1.ReasonSynced},
		{v1alpha1.ConditionCredentialsValid, v1alpha1.ReasonValid}, {v1alpha1.ConditionApproved, v1alpha1.ReasonApproved},
		{v1alpha1.ConditionCanSendMessages, v1alpha1.ReasonHealthy},
	} {
		c.condition("waba/"+wabaName, s.Conditions, want.kind, metav1.ConditionTrue, want.reason)
	}
	c.equal("the account's name", s.Name, "Acme Store")
	if s.Templates == nil || s.PhoneNumbers == nil {
		c.that(false, "waba/%s counts no templates and phone numbers", wabaName)
		return
	}
	want := v1alpha1.TemplateCounts{
		Total: int32(templatesCount + len(unmanaged)), Limit: s.Templates.Limit, Approved: int32(3 + len(unmanaged)), //nolint:gosec // small
		Rejected: 1, Unmanaged: int32(len(unmanaged)), //nolint:gosec // small
	}
	c.equal("the account's count of templates", *s.Templates, want)
	c.equal("the account's number of phone numbers", s.PhoneNumbers.Total, int32(2))
}

func (c *checks) templates(s *state) {
	order, flash, password, photos := s.templates[orderName], s.templates[flashName], s.templates[passwordName], s.templates[photosName]
	for _, t := range []struct {
		template         *v1alpha1.MessageTemplate
		status, category string
	}{
		{&order, "APPROVED", "UTILITY"}, {&flash, "APPROVED", "MARKETING"}, {&password, "REJECTED", "UTILITY"},
		{&photos, "APPROVED", "MARKETING"},
	} {
		c.equal("the status of "+t.template.Name, t.template.Status.Status, t.status)
		c.told(t.template)
		c.equal("the category of "+t.template.Name, t.template.Status.Category, t.category)
		c.condition(t.template.Name, t.template.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	c.condition(orderName, order.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	c.condition(orderName, order.Status.Conditions, v1alpha1.ConditionCategoryAsRequested, metav1.ConditionTrue, v1alpha1.ReasonAsRequested)
	c.equal("the number of parameters of "+orderName, len(order.Status.Parameters), 5)
	c.condition(flashName, flash.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	c.condition(flashName, flash.Status.Conditions, v1alpha1.ConditionCategoryAsRequested, metav1.ConditionFalse, v1alpha1.ReasonReclassified)
	c.condition(passwordName, password.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRejected)
	c.condition(passwordName, password.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRejected)
	c.condition(photosName, photos.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	rejection := password.Status.Rejection
	c.that(rejection != nil && rejection.Reason == "TAG_CONTENT_MISMATCH" && rejection.Recommendation != "",
		"%s doesn't say why Meta rejected it and what to do", passwordName)
}

func (c *checks) numbers(s *state) {
	for _, name := range []string{supportName, salesName} {
		number := s.numbers[name]
		c.equal("the status of "+name, number.Status.Status, "CONNECTED")
		c.condition(name, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
		c.condition(name, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	}
	support := s.numbers[supportName].Status.Profile
	c.that(support != nil && support.Email == "support@acme.example", "%s has no profile", supportName)
}

func (c *checks) events(s *state) {
	for _, want := range []struct{ name, reason string }{
		{wabaName, v1alpha1.ReasonObserved}, {orderName, v1alpha1.ReasonApproved},
		{flashName, v1alpha1.ReasonReclassified}, {passwordName, v1alpha1.ReasonRejected},
	} {
		found := false
		for _, e := range s.events {
			found = found || e.Regarding.Name == want.name && e.Reason == want.reason
		}
		c.that(found, "there is no event %s for %s", want.reason, want.name)
	}
}

// calls looks at what the operator asked of Meta.
func (c *checks) calls(m *meta) {
	stats := m.sim.Stats()
	c.equal("the number of uploaded sample files", stats.Uploads, 1)
	for key, n := range stats.CreatesByKey {
		c.equal("the number of attempts to create "+key, n, 1)
	}
	c.equal("the number of templates created", len(stats.CommittedCreates), templatesCount)
	c.equal("the number of templates edited", len(stats.EditsByID), 0)
	leaks := m.sim.SecretsInURLs()
	c.that(len(leaks) == 0, "%d calls had a secret in their URL", len(leaks))
}

// log looks for secrets and missing permissions in the operator's log.
func (c *checks) log(path string, m *meta) {
	raw, err := os.ReadFile(path) //nolint:gosec // the demo's own log
	c.that(err == nil, "the operator's log can't be read: %v", err)
	leaked := slices.ContainsFunc(m.secrets(), func(secret string) bool { return strings.Contains(string(raw), secret) })
	c.that(!leaked, "the operator's log contains a secret")
	c.that(!strings.Contains(string(raw), "is forbidden"), "the API server refused the operator something: see the log")
}
