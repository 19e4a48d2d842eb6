// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// writeFacts writes facts as the receiver does: with a field owner of their own, and only if no other client changed the object
// meanwhile.
func writeFacts(w *harness.World, obj client.Object, facts any) {
	w.T.Helper()
	gvk, err := apiutil.GVKForObject(obj, w.Client.Scheme())
	if err != nil {
		w.T.Fatal(err)
	}
	raw, err := json.Marshal(facts)
	if err != nil {
		w.T.Fatal(err)
	}
	w.Wait("the facts to be written", func() bool {
		w.Reload(obj)
		content := map[string]any{}
		if err := json.Unmarshal(raw, &content); err != nil {
			w.T.Fatal(err)
		}
		u := &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{
				"name": obj.GetName(), "namespace": obj.GetNamespace(), "uid": string(obj.GetUID()), "resourceVersion": obj.GetResourceVersion(),
			},
			"status": map[string]any{"webhook": runtime.DeepCopyJSON(content)},
		}}
		u.SetGroupVersionKind(gvk)
		err := w.Client.Status().Apply(context.Background(), client.ApplyConfigurationFromUnstructured(u),
			client.FieldOwner(v1alpha1.FieldOwnerFacts), client.ForceOwnership)
		if err != nil && !apierrors.IsConflict(err) {
			w.T.Fatal(err)
		}
		return err == nil
	})
	w.Reload(obj)
}

// happened is the watermark of an event that Meta sent and the operator received now.
func happened(w *harness.World, fields ...string) []v1alpha1.WebhookEvent {
	var out []v1alpha1.WebhookEvent
	now := metav1.NewTime(w.Clock.Now())
	for _, field := range fields {
		out = append(out, v1alpha1.WebhookEvent{Field: field, Time: now, ReceivedTime: &now, Hash: fmt.Sprint(now.UnixNano())})
	}
	return out
}

func statusFact(w *harness.World, status string) v1alpha1.MessageTemplateWebhookStatus {
	return v1alpha1.MessageTemplateWebhookStatus{Events: happened(w, "message_template_status_update"), Status: status}
}

// approvedTemplate is an account with an approved template, observed long enough ago that nothing is due.
func approvedTemplate(t *testing.T) (*harness.World, *harness.Operator, *v1alpha1.WABA, *v1alpha1.MessageTemplate) {
	t.Helper()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(hourly)
	tmpl := w.CreateTemplate("parcel_left")
	op := w.Start()
	op.Settle()
	op.Advance(2 * time.Minute)
	w.Annotate(waba, v1alpha1.AnnotationRequestedAt, "now")
	op.Settle()
	w.Reload(waba)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.Sim.ResetStats()
	return w, op, waba, tmpl
}

func expectNoCalls(t *testing.T, w *harness.World) {
	t.Helper()
	if s := w.Sim.Stats(); s.Calls != 0 {
		t.Errorf("%d calls to Meta: %v", s.Calls, s.ByOp)
	}
}

func TestFactsOfATemplateShowAtOnce(t *testing.T) {
	t.Parallel()
	w, op, waba, tmpl := approvedTemplate(t)
	facts := statusFact(w, "REJECTED")
	facts.Reason, facts.RejectionReason, facts.RejectionRecommendation = "INVALID_FORMAT", "Parameters touch.", "Put words between them."
	writeFacts(w, tmpl, facts)
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRejected)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if r := tmpl.Status.Rejection; r == nil || r.Explanation != "Parameters touch." || r.Recommendation != "Put words between them." {
		t.Errorf("rejection %+v", r)
	}
	expectNoCalls(t, w)

	// A minute is not over: what Meta's API shows doesn't count yet.
	op.Advance(50 * time.Second)
	w.Annotate(waba, v1alpha1.AnnotationRequestedAt, "again")
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRejected)

	// It is over: the observation, which is brought forward, disagrees.
	op.Advance(70 * time.Second)
	w.Reload(tmpl)
	w.Reload(waba)
	expectReady(t, tmpl)
	if age := w.Clock.Since(waba.Status.LastObservedTime.Time); age > time.Minute {
		t.Errorf("observed %s ago", age)
	}
	if tmpl.Status.Rejection != nil {
		t.Errorf("rejection %+v", tmpl.Status.Rejection)
	}
	w.CheckInvariants()
}

// TestFactsHoldWhereMetaAgrees: what only webhooks report stays as long as the status it belongs to.
func TestFactsHoldWhereMetaAgrees(t *testing.T) {
	t.Parallel()
	w, op, _, tmpl := approvedTemplate(t)
	if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "PAUSED"}); err != nil {
		t.Fatal(err)
	}
	facts := statusFact(w, "PAUSED")
	facts.PauseTitle, facts.PauseDescription = "FIRST_PAUSE", "Paused for 3 hours."
	writeFacts(w, tmpl, facts)
	op.Settle()
	begun := w.Clock.Now()
	for range 2 {
		w.Reload(tmpl)
		s := tmpl.Status
		expect(t, s.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTemplatePaused)
		if s.Pause == nil || s.Pause.Title != "FIRST_PAUSE" || s.Pause.Description != "Paused for 3 hours." {
			t.Errorf("pause %+v", s.Pause)
		}
		if s.StatusEndTime == nil || s.StatusEndTime.Sub(begun).Round(time.Minute) != 3*time.Hour {
			t.Errorf("until %v", s.StatusEndTime)
		}
		op.Advance(2 * time.Minute)
	}
	if n := w.Sim.Stats().Writes; n != 0 {
		t.Errorf("%d writes to Meta", n)
	}
	w.CheckInvariants()
}

// TestFactsManyAtOnce: the status follows each of fifty changes, without one call.
func TestFactsManyAtOnce(t *testing.T) {
	t.Parallel()
	w, op, _, tmpl := approvedTemplate(t)
	for i := range 50 {
		status, reason := "DISABLED", v1alpha1.ReasonDisabled
		if i%2 == 1 {
			status, reason = "REINSTATED", v1alpha1.ReasonApproved
		}
		writeFacts(w, tmpl, statusFact(w, status))
		w.Wait("the status to follow", func() bool {
			w.Reload(tmpl)
			return harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionReady).Reason == reason
		})
	}
	op.Settle()
	expectNoCalls(t, w)
	w.CheckInvariants()
}

// TestFactsCostOneObservationAMinute: however many events arrive, the account is observed once a minute at most.
func TestFactsCostOneObservationAMinute(t *testing.T) {
	t.Parallel()
	w, op, _, tmpl := approvedTemplate(t)
	const minutes = 10
	for i := range minutes * 12 {
		writeFacts(w, tmpl, statusFact(w, []string{"PAUSED", "APPROVED"}[i%2]))
		op.Advance(5 * time.Second)
	}
	s := w.Sim.Stats()
	if s.Calls > minutes+1 || s.Calls < minutes/2 || s.Writes != 0 {
		t.Errorf("%d calls in %d minutes: %v", s.Calls, minutes, s.ByOp)
	}
	w.Sim.ResetStats()
	op.Advance(3 * time.Minute)
	if n := w.Sim.Stats().Calls; n > 2 {
		t.Errorf("%d calls after the last event", n)
	}
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.CheckInvariants()
}

// TestFactsSurviveARestart: a fact that arrives while no controller runs shows at the start, without a call; one that an
// observation has answered doesn't come back.
func TestFactsSurviveARestart(t *testing.T) {
	t.Parallel()
	w, op, _, tmpl := approvedTemplate(t)
	op.Stop()
	writeFacts(w, tmpl, statusFact(w, "DISABLED"))
	w.Clock.Step(10 * time.Second)
	op = w.Start()
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDisabled)
	expectNoCalls(t, w)
	op.Advance(80 * time.Second)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	op.Stop()
	w.Sim.ResetStats()
	op = w.Start()
	op.Settle()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	expectNoCalls(t, w)
	op.Stop()
}

func TestFactsUnderEveryPolicy(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.ManagementPolicy{v1alpha1.ManagementPolicyObserved, v1alpha1.ManagementPolicyPaused} {
		for _, ofAccount := range []bool{false, true} {
			t.Run(fmt.Sprint(policy, ofAccount), func(t *testing.T) {
				t.Parallel()
				w, op, waba, tmpl := approvedTemplate(t)
				if ofAccount {
					w.Edit(waba, func() { waba.Spec.ManagementPolicy = policy })
				} else {
					w.Edit(tmpl, func() { tmpl.Spec.ManagementPolicy = policy })
				}
				op.Settle()
				w.Sim.ResetStats()
				writeFacts(w, tmpl, statusFact(w, "PAUSED"))
				op.Settle()
				w.Reload(tmpl)
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTemplatePaused)
				expectNoCalls(t, w)
				op.Advance(20 * time.Second)
				w.Reload(tmpl)
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTemplatePaused)
				expectNoCalls(t, w)
				w.CheckInvariants()
			})
		}
	}
}

// TestFactsDuringABackoff: a wait after a failed call hides nothing, and no event cuts it short.
func TestFactsDuringABackoff(t *testing.T) {
	t.Parallel()
	w, op, _, tmpl := approvedTemplate(t)
	remove := w.Sim.Fail(graphsim.Fault{Path: "/" + tmpl.Status.ID, Status: 500, Code: 2, Times: -1})
	defer remove()
	w.Edit(tmpl, func() { tmpl.Spec.Footer = &v1alpha1.TemplateFooter{Text: "Acme Store"} })
	op.Settle()
	w.Sim.ResetStats()
	for _, status := range []string{"REJECTED", "APPROVED", "DISABLED"} {
		writeFacts(w, tmpl, statusFact(w, status))
		op.Settle()
	}
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonDisabled)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonTransientError)
	op.Advance(5 * time.Second)
	expectNoCalls(t, w)
	w.CheckInvariants()
}

// TestFactsOfADeletionCreateNothing: a webhook that reports a deletion doesn't prove it.
func TestFactsOfADeletionCreateNothing(t *testing.T) {
	t.Parallel()
	w, op, _, tmpl := approvedTemplate(t)
	writeFacts(w, tmpl, statusFact(w, "DELETED"))
	op.Advance(20 * time.Second)
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPendingDeletion)
	expectNoCalls(t, w)
}

// TestFactsOfAnotherOwnersTemplate: what isn't ours shows nothing.
func TestFactsOfAnotherOwnersTemplate(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{
		Name: "parcel_left", Status: "APPROVED", Category: "UTILITY", Components: json.RawMessage(`[{"type":"BODY","text":"Something else."}]`),
	})
	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left")
	op := w.Start()
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonAlreadyExists)
	writeFacts(w, tmpl, statusFact(w, "DISABLED"))
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAlreadyExists)
	if tmpl.Status.Status != "" {
		t.Errorf("status %q", tmpl.Status.Status)
	}
}

// TestFactsMakeNoDrift: a change that Meta's review makes to a template isn't taken for an edit by others. Here a webhook
// reported the end of the review before the template was read.
func TestFactsMakeNoDrift(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(hourly)
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = v1alpha1.DriftPolicyRepair })
	op := w.Start()
	op.Settle()
	op.Advance(10 * time.Second)
	w.Annotate(waba, v1alpha1.AnnotationRequestedAt, "in review")
	op.Settle()
	op.Advance(10 * time.Second)
	w.Reload(tmpl)
	w.Sim.EditInManager(tmpl.Status.ID, func(live *graphsim.Template) {
		live.Components = json.RawMessage(strings.Replace(string(live.Components), "morning", "Morning", 1))
	})
	if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "APPROVED"}); err != nil {
		t.Fatal(err)
	}
	writeFacts(w, tmpl, statusFact(w, "APPROVED"))
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	op.Advance(5 * time.Minute)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if n := edits(w); n != 0 || len(tmpl.Status.Drift) > 0 {
		t.Errorf("%d edits, drift %v", n, tmpl.Status.Drift)
	}
	w.CheckInvariants()
}
