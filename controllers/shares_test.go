// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// byName is how many lookups of templates by name reached Meta after the first n calls.
func byName(w *harness.World, n int) int {
	found := 0
	for _, r := range w.Sim.Requests()[n:] {
		if r.Method == http.MethodGet && strings.Contains(r.RawQuery, "name=") {
			found++
		}
	}
	return found
}

// lookups is how many calls about single templates reached Meta after the first n.
func lookups(w *harness.World, n int) int {
	return len(beyondObservation(w, n))
}

// TestAnnotationsInALoop: each annotation requests a lookup, but many of them in a short time are answered together.
func TestAnnotationsInALoop(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithMaxPageSize(100))
	w.Secret()
	waba := w.WABA()
	tmpl := w.CreateTemplate("parcel_left")
	op := w.Start()
	op.Observe()
	before := len(w.Sim.Requests())
	var last string
	for i := range 100 {
		last = fmt.Sprint(i)
		w.Annotate(tmpl, v1alpha1.AnnotationRequestedAt, last)
		op.Advance(time.Second)
	}
	op.Advance(15 * time.Second)
	looked := byName(w, before)
	if looked < 5 || looked > 10 {
		t.Errorf("100 annotations in 100 seconds made %d lookups", looked)
	}
	w.Reload(tmpl)
	if tmpl.Status.Operator.LastHandledRequest != last {
		t.Errorf("the last request handled is %q, want %q", tmpl.Status.Operator.LastHandledRequest, last)
	}
	before = len(w.Sim.Requests())
	for i := range 20 {
		w.Annotate(waba, v1alpha1.AnnotationRequestedAt, fmt.Sprint(i))
		op.Advance(time.Second)
	}
	op.Advance(15 * time.Second)
	if n := len(w.Sim.Requests()) - before; n > 6 {
		t.Errorf("20 annotations of the account in 20 seconds made %d calls", n)
	}
	w.Reload(waba)
	if waba.Status.Operator.LastHandledRequest != "19" {
		t.Errorf("the account's last request handled is %q", waba.Status.Operator.LastHandledRequest)
	}
	w.CheckInvariants()
}

// TestTenantTakesItsShare: a tenant whose 50 templates are annotated, and changed, again and again leaves the others enough of an
// account's quota, which is 200 calls an hour here.
func TestTenantTakesItsShare(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Sim.DeleteNumberInManager(harness.NumberID)
	w.Secret()
	w.WABA(allow([]string{"MessageTemplate"}, v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll}))
	greedy, modest := env.Namespace(t), env.Namespace(t)
	var many []*v1alpha1.MessageTemplate
	for i := range 50 {
		many = append(many, w.CreateTemplate(fmt.Sprintf("many_%d", i), from(w, greedy)))
	}
	one := w.CreateTemplate("one", from(w, modest))
	op := w.Start()
	op.AdvanceRoughly(30*time.Minute, 10*time.Minute)
	w.Reload(many[49])
	expectReady(t, many[49])
	op.Advance(time.Minute) // after the last listing

	before := len(w.Sim.Requests())
	for round := range 3 {
		for _, m := range many {
			w.Annotate(m, v1alpha1.AnnotationRequestedAt, fmt.Sprint(round))
		}
		op.Advance(20 * time.Second)
	}
	asked := byName(w, before)
	if asked < 40 || asked > 55 {
		t.Errorf("the requests of one tenant cost %d calls of 100 for all", asked)
	}
	before = lookups(w, 0)
	for _, m := range many[:20] {
		w.Edit(m, func() { m.Spec.Body.Text = changedBody })
	}
	op.Settle()
	if n := lookups(w, 0) - before; n > 5 {
		t.Errorf("its changes cost %d calls beyond its share", n)
	}
	w.Reload(many[19])
	expect(t, many[19].Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonQuotaExceeded)

	w.Annotate(one, v1alpha1.AnnotationRequestedAt, "now")
	w.Edit(one, func() { one.Spec.Body.Text = changedBody })
	op.Settle()
	w.Reload(one)
	if one.Status.Operator.LastHandledRequest != "now" || one.Status.ObservedGeneration != one.Generation {
		t.Error("the request of another tenant waits")
	}
	op.AdvanceRoughly(90*time.Minute, 10*time.Minute)
	for _, m := range many {
		if w.Reload(m); m.Status.Operator.LastHandledRequest != "2" || m.Status.ObservedGeneration != m.Generation {
			t.Errorf("%s: request %q is the last one handled, generation %d of %d", m.Name, m.Status.Operator.LastHandledRequest,
				m.Status.ObservedGeneration, m.Generation)
		}
	}
	w.CheckInvariants()
}

// TestSubscriptionTakesItsShare: a subscription that is changed to and fro costs no more of an account's quota, which is 200 calls an
// hour here, than its namespace's share; in the end its last state is at Meta.
func TestSubscriptionTakesItsShare(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	w.Sim.DeleteNumberInManager(harness.NumberID)
	obj := w.subscription()
	op := w.start()
	finish(op)
	w.expectReady(t, obj)
	op.AdvanceRoughly(70*time.Minute, 10*time.Minute) // what the installation took is over

	before := len(w.Sim.Requests())
	for round := range 61 {
		w.Edit(obj, func() {
			obj.Spec.Messages.CallbackURL, obj.Spec.Messages.VerifyTokenSecretRef = botURL, tokenOf("bot")
			if round%2 == 0 {
				obj.Spec.Messages.CallbackURL, obj.Spec.Messages.VerifyTokenSecretRef = elseURL, tokenOf("else")
			}
		})
		op.Advance(time.Second)
	}
	if n := lookups(w.World, before); n > 30 {
		t.Errorf("61 changes of one subscription cost %d calls", n)
	}
	w.Reload(obj)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonQuotaExceeded)
	op.AdvanceRoughly(90*time.Minute, 10*time.Minute)
	w.expectReady(t, obj)
	w.expectRoute(t, elseHost, operatorHost)
	w.CheckInvariants()
}
