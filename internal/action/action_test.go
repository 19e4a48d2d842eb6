// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

var now = time.Date(2026, 11, 29, 10, 0, 0, 1, time.UTC)

func template(change ...func(*v1alpha1.MessageTemplate)) v1alpha1.Asset {
	t := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Name: "sale", Namespace: "shop", ResourceVersion: "7", Generation: 2}}
	t.Spec.WABARef.Name = "acme"
	t.Status.ObservedGeneration = 2
	for _, f := range change {
		f(t)
	}
	return t
}

func withPolicy(p v1alpha1.ManagementPolicy) func(*v1alpha1.MessageTemplate) {
	return func(t *v1alpha1.MessageTemplate) { t.Spec.ManagementPolicy = p }
}

func annotated(name, value string) func(*v1alpha1.MessageTemplate) {
	return func(t *v1alpha1.MessageTemplate) { metav1.SetMetaDataAnnotation(&t.ObjectMeta, name, value) }
}

func account(change ...func(*v1alpha1.WABA)) v1alpha1.Asset {
	w := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: "platform", ResourceVersion: "7"}}
	for _, f := range change {
		f(w)
	}
	return w
}

func held(w *v1alpha1.WABA) { w.Status.Operator.HeldTime = &metav1.Time{Time: now} }

func TestOn(t *testing.T) {
	for name, tc := range map[string]struct {
		action *Action
		obj    v1alpha1.Asset
		// patch, unchanged or err, of which the last is a part.
		patch, unchanged, err string
	}{
		"refresh":            {Refresh, template(), `{"metadata":{"annotations":{"whatsapp.waba-operator.io/requested-at":"2026-11-29T10:00:00.000000001Z"}}}`, "", ""},
		"refresh, paused":    {Refresh, template(withPolicy(v1alpha1.ManagementPolicyPaused)), "", "", "kubectl waba resume messagetemplate/sale -n shop"},
		"pause":              {Pause, template(), `{"metadata":{"annotations":{"whatsapp.waba-operator.io/policy-before-pause":"Absent"},"resourceVersion":"7"},"spec":{"managementPolicy":"Paused"}}`, "", ""},
		"pause, observed":    {Pause, template(withPolicy(v1alpha1.ManagementPolicyObserved)), `{"metadata":{"annotations":{"whatsapp.waba-operator.io/policy-before-pause":"Observed"},"resourceVersion":"7"},"spec":{"managementPolicy":"Paused"}}`, "", ""},
		"pause, paused":      {Pause, template(withPolicy(v1alpha1.ManagementPolicyPaused)), "", "already paused", ""},
		"resume, absent":     {Resume, template(withPolicy(v1alpha1.ManagementPolicyPaused), annotated(v1alpha1.AnnotationPolicyBeforePause, "Absent")), `{"metadata":{"annotations":{"whatsapp.waba-operator.io/policy-before-pause":null},"resourceVersion":"7"},"spec":{"managementPolicy":null}}`, "", ""},
		"resume, observed":   {Resume, template(withPolicy(v1alpha1.ManagementPolicyPaused), annotated(v1alpha1.AnnotationPolicyBeforePause, "Observed")), `{"metadata":{"annotations":{"whatsapp.waba-operator.io/policy-before-pause":null},"resourceVersion":"7"},"spec":{"managementPolicy":"Observed"}}`, "", ""},
		"resume, by hand":    {Resume, template(withPolicy(v1alpha1.ManagementPolicyPaused)), "", "", "change spec.managementPolicy there"},
		"resume, not paused": {Resume, template(), "", "not paused", ""},
		"release":            {Release, account(held), `{"metadata":{"annotations":{"whatsapp.waba-operator.io/release-held-changes":"2026-11-29T10:00:00.000000001Z"}}}`, "", ""},
		"release, nothing":   {Release, account(), "", "holds no changes", ""},
		"release, paused":    {Release, account(held, func(w *v1alpha1.WABA) { w.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused }), "", "", "kubectl waba resume waba/acme -n platform"},
		"release, template":  {Release, template(), "", "", "name the WABA acme"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := tc.action.On(tc.obj, now)
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Fatalf("error %v, want %q", err, tc.err)
			}
			if err == nil && (string(r.Patch) != tc.patch || r.Unchanged != tc.unchanged) {
				t.Errorf("patch %s, unchanged %q; want %s, %q", r.Patch, r.Unchanged, tc.patch, tc.unchanged)
			}
		})
	}
}

// TestAnswers: a request is answered by facts in the status, and never by a version from before the request.
func TestAnswers(t *testing.T) {
	condition := func(c metav1.Condition) func(*v1alpha1.MessageTemplate) {
		return func(t *v1alpha1.MessageTemplate) { t.Status.Conditions = []metav1.Condition{c} }
	}
	version := func(v string) func(*v1alpha1.MessageTemplate) {
		return func(t *v1alpha1.MessageTemplate) { t.ResourceVersion = v }
	}
	handled := func(value string) func(*v1alpha1.MessageTemplate) {
		return func(t *v1alpha1.MessageTemplate) { t.Status.Operator.LastHandledRequest = value }
	}
	requestedAt := func(value string) func(*v1alpha1.MessageTemplate) {
		return annotated(v1alpha1.AnnotationRequestedAt, value)
	}
	throttled := condition(metav1.Condition{Type: "Synced", Status: metav1.ConditionFalse, Reason: "RateLimited", Message: "later"})
	paused := condition(metav1.Condition{Type: "Synced", Status: metav1.ConditionFalse, Reason: "Paused", Message: "no call is made"})
	generation := func(n int64) func(*v1alpha1.MessageTemplate) {
		return func(t *v1alpha1.MessageTemplate) { t.Generation = n }
	}
	released := func(w *v1alpha1.WABA) {
		w.ResourceVersion, w.Status.Operator.LastHandledRelease = "8", "b"
		metav1.SetMetaDataAnnotation(&w.ObjectMeta, v1alpha1.AnnotationReleaseHeld, "b")
	}
	for name, tc := range map[string]struct {
		action           *Action
		requested, later v1alpha1.Asset
		// missing and objection are parts of what is said.
		missing, objection string
	}{
		"refreshed":              {Refresh, template(requestedAt("b")), template(version("8"), requestedAt("b"), handled("b")), "", ""},
		"not refreshed":          {Refresh, template(requestedAt("b")), template(version("8"), requestedAt("b"), handled("a")), "hasn't answered", ""},
		"not refreshed, and why": {Refresh, template(requestedAt("b")), template(version("8"), requestedAt("b"), handled("a"), throttled), "before it: Synced=False, RateLimited: later", "RateLimited"},
		"from before":            {Refresh, template(version("8"), requestedAt("b"), handled("a")), template(requestedAt("a"), handled("a")), "hasn't answered", ""},
		"another request":        {Refresh, template(requestedAt("b")), template(version("9"), requestedAt("c"), handled("c")), "", ""},
		"refreshed, throttled":   {Refresh, template(requestedAt("b")), template(version("8"), requestedAt("b"), handled("b"), throttled), "", "Synced=False, RateLimited: later"},
		"paused":                 {Pause, template(), template(version("8"), paused), "", ""},
		"not processed":          {Pause, template(), template(version("8"), generation(3)), "generation 3", "isn't paused any more"},
		"resumed by another":     {Pause, template(), template(version("8")), "", "isn't paused any more"},
		"resumed":                {Resume, template(), template(version("8")), "", ""},
		"resumed, account isn't": {Resume, template(), template(version("8"), paused), "", "Paused: no call is made"},
		"released":               {Release, account(), account(released), "", ""},
		"not released":           {Release, account(released), account(held, released, func(w *v1alpha1.WABA) { w.Status.Operator.LastHandledRelease = "a" }), "hasn't released", "again"},
		"held again":             {Release, account(), account(released, held), "", "holds changes again"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Request{Action: tc.action}
			if got := r.Missing(tc.requested, tc.later); (got == "") != (tc.missing == "") || !strings.Contains(got, tc.missing) {
				t.Errorf("missing %q, want %q", got, tc.missing)
			}
			if got := r.Objection(tc.later); (got == "") != (tc.objection == "") || !strings.Contains(got, tc.objection) {
				t.Errorf("objection %q, want %q", got, tc.objection)
			}
		})
	}
}
