// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestLanguagesOfTwoCategories applies two languages of one name in different categories at once. Meta would refuse one of
// them; the operator doesn't ask.
func TestLanguagesOfTwoCategories(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	// Created within one second, the resource whose name comes first counts as the older one.
	language := func(name, code string, category v1alpha1.TemplateCategory) *v1alpha1.MessageTemplate {
		tmpl := harness.Template("parcel_left", func(m *v1alpha1.MessageTemplate) {
			m.Name, m.Spec.Language, m.Spec.Category = name, code, category
		})
		w.Create(tmpl)
		return tmpl
	}
	english := language("a", "en", v1alpha1.TemplateCategoryUtility)
	german := language("b", "de", v1alpha1.TemplateCategoryMarketing)
	op := w.Start()
	op.Settle()
	op.Observe()
	w.Reload(english)
	expectReady(t, english)
	w.Reload(german)
	expect(t, german.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)
	c := harness.Condition(german.Status.Conditions, v1alpha1.ConditionSynced)
	if !strings.HasPrefix(c.Message, "spec.category: ") || !strings.Contains(c.Message, "write category: UTILITY") {
		t.Errorf("message: %s", c.Message)
	}
	if posts(w) != 1 {
		t.Errorf("%d creates, want 1", posts(w))
	}
	w.Edit(german, func() { german.Spec.Category = v1alpha1.TemplateCategoryUtility })
	op.Settle()
	op.Observe()
	w.Reload(german)
	expectReady(t, german)
	w.CheckInvariants()
}

// TestTheOtherLanguageGivesWay: the language that waits for another resource is created when that one is gone.
func TestTheOtherLanguageGivesWay(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	stop := w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Code: 2, Times: -1})
	english := w.CreateTemplate("parcel_left") // can't be created yet
	op.Settle()
	german := harness.Template("parcel_left", func(m *v1alpha1.MessageTemplate) {
		m.Name, m.Spec.Language, m.Spec.Category = "parcel-left-de", "de", v1alpha1.TemplateCategoryMarketing
	})
	w.Create(german)
	op.Settle()
	w.Reload(german)
	expect(t, german.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)
	w.Delete(english)
	op.Settle()
	stop()
	op.Advance(2 * time.Minute)
	op.Observe()
	w.Reload(german)
	expectReady(t, german)
	w.CheckInvariants()
}
