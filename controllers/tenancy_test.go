// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const teamLabel = "test.waba-operator.io/team"

// silent fails the test if anything that f does leads to a call to Meta.
func silent(t *testing.T, w *harness.World, what string, f func()) {
	t.Helper()
	before := len(w.Sim.Requests())
	f()
	for _, r := range w.Sim.Requests()[before:] {
		t.Errorf("%s: %s %s as %s", what, r.Method, r.Path, r.TokenID)
	}
}

// beyondObservation are the calls after the first n that an observation of the account doesn't make: whatever is asked
// about single templates, and every write.
func beyondObservation(w *harness.World, n int) []string {
	var out []string
	for _, r := range w.Sim.Requests()[n:] {
		switch r.Op {
		case graphsim.OpReadAccount, graphsim.OpDebugToken, graphsim.OpListTemplates, graphsim.OpListNumbers, graphsim.OpListApps,
			graphsim.OpBatch: // its items are listed too
			continue
		}
		out = append(out, fmt.Sprintf("%s %s %s?%s", r.Op, r.Method, r.Path, r.RawQuery))
	}
	return out
}

// expectRefused fails unless Synced is False with the reason, and its message has all the parts.
func expectRefused(t *testing.T, conditions []metav1.Condition, reason string, parts ...string) {
	t.Helper()
	expect(t, conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, reason)
	for _, part := range parts {
		if c := harness.Condition(conditions, v1alpha1.ConditionSynced); !strings.Contains(c.Message, part) {
			t.Errorf("message %q doesn't say %q", c.Message, part)
		}
	}
}

// from makes a template refer to the world's account from another namespace.
func from(w *harness.World, namespace string) func(*v1alpha1.MessageTemplate) {
	return func(m *v1alpha1.MessageTemplate) {
		m.Namespace, m.Spec.WABARef.Namespace = namespace, w.Namespace
	}
}

func allow(kinds []string, namespaces v1alpha1.ReferenceNamespaces, prefixes ...string) func(*v1alpha1.WABA) {
	return func(a *v1alpha1.WABA) {
		a.Spec.AllowedReferences = []v1alpha1.AllowedReference{{Kinds: kinds, Namespaces: namespaces, TemplateNamePrefixes: prefixes}}
	}
}

func selected(team string) v1alpha1.ReferenceNamespaces {
	return v1alpha1.ReferenceNamespaces{
		From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{teamLabel: team}},
	}
}

// TestReferenceNotPermitted: whatever the account's owner didn't allow is refused with the reason, and costs no call.
func TestReferenceNotPermitted(t *testing.T) {
	t.Parallel()
	templates := []string{"MessageTemplate"}
	everywhere := v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll}
	for _, tc := range []struct {
		name  string
		allow func(*v1alpha1.WABA)
		same  bool // the template is in the account's own namespace
		parts []string
	}{
		{"nothing allowed", func(*v1alpha1.WABA) {}, false, []string{"spec.allowedReferences is empty"}},
		{"own namespace only", allow(templates, v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromSame}), false,
			[]string{"no entry of spec.allowedReferences matches"}},
		{"other kinds only", allow([]string{"PhoneNumber", "WebhookSubscription"}, everywhere), false,
			[]string{"no entry of spec.allowedReferences matches", "MessageTemplate"}},
		{"other kinds only, own namespace", allow([]string{"PhoneNumber"}, everywhere), true,
			[]string{"no entry of spec.allowedReferences matches"}},
		{"another prefix", allow(templates, everywhere, "shop_", "parcels_"), false, []string{"templateNamePrefixes"}},
		{"another team", allow(templates, selected("shop")), false, []string{"no entry of spec.allowedReferences matches"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA(tc.allow)
			op := w.Start()
			op.Settle()
			namespace := env.NamespaceWithLabels(t, map[string]string{teamLabel: "billing"})
			if tc.same {
				namespace = w.Namespace
			}
			var tmpl *v1alpha1.MessageTemplate
			silent(t, w, "refused", func() {
				tmpl = w.CreateTemplate("parcel_left", from(w, namespace))
				op.Settle()
				w.Reload(tmpl)
				w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
				w.Annotate(tmpl, v1alpha1.AnnotationRequestedAt, "now")
				op.Settle()
			})
			n := len(w.Sim.Requests())
			op.Observe()
			if calls := beyondObservation(w, n); len(calls) > 0 {
				t.Errorf("calls: %v", calls)
			}
			w.Reload(tmpl)
			parts := append([]string{"MessageTemplate from namespace " + namespace, "its owner can allow it"}, tc.parts...)
			expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonReferenceNotPermitted, parts...)
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotPermitted)
			w.CheckInvariants()
		})
	}
}

// TestReferenceFollowsNamespaceLabels: a label that is added lets a team in, and one that is removed keeps it out at once.
func TestReferenceFollowsNamespaceLabels(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA(allow([]string{"MessageTemplate"}, selected("shop")))
	op := w.Start()
	namespace := env.Namespace(t)
	tmpl := w.CreateTemplate("parcel_left", from(w, namespace))
	op.Settle()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonReferenceNotPermitted)

	label(w, namespace, "shop")
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)

	silent(t, w, "revoked", func() {
		label(w, namespace, "billing")
		op.Settle()
		w.Reload(tmpl)
		expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonReferenceNotPermitted, "no entry of spec.allowedReferences matches")
		w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
		op.Settle()
	})
	w.CheckInvariants()
}

// TestStrangersTemplateIsNoRival: a resource that may not act can't keep another from acting by being older.
func TestStrangersTemplateIsNoRival(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		permitted bool
		policy    v1alpha1.ManagementPolicy
	}{
		{"not permitted", false, ""},
		{"not permitted and paused", false, v1alpha1.ManagementPolicyPaused},
		{"permitted and paused", true, v1alpha1.ManagementPolicyPaused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA(allow([]string{"MessageTemplate"}, v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll}, "parcel_"))
			stranger := harness.Template("parcel_left", from(w, namespaceFirst(w)), func(m *v1alpha1.MessageTemplate) {
				m.Spec.ManagementPolicy = tc.policy
			})
			w.Create(stranger)
			tmpl := w.CreateTemplate("parcel_left")
			if !tc.permitted {
				waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "acme"}}
				w.Edit(waba, func() { waba.Spec.AllowedReferences = nil })
			}
			op := w.Start()
			op.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			w.Reload(stranger)
			if stranger.Status.ID != "" {
				t.Errorf("the stranger got %s", stranger.Status.ID)
			}
			w.CheckInvariants()
		})
	}
}

// namespaceFirst makes a namespace whose resources count as older when they are created in the same second.
func namespaceFirst(w *harness.World) string {
	w.T.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "a-" + rand.String(10)}}
	if err := w.Client.Create(context.Background(), ns); err != nil {
		w.T.Fatal(err)
	}
	return ns.Name
}

func label(w *harness.World, namespace, team string) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	w.Edit(ns, func() {
		if ns.Labels == nil {
			ns.Labels = map[string]string{}
		}
		ns.Labels[teamLabel] = team
	})
}

// TestReferenceRevoked: the end of a permission takes effect at once and shows on the referrer. The asset at Meta stays as it is,
// even if the referrer is deleted with the policy to delete.
func TestReferenceRevoked(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(allow([]string{"MessageTemplate"}, selected("shop")))
	op := w.Start()
	namespace := env.NamespaceWithLabels(t, map[string]string{teamLabel: "shop"})
	tmpl := w.CreateTemplate("parcel_left", from(w, namespace), func(m *v1alpha1.MessageTemplate) {
		m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	})
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)

	w.Edit(waba, func() { waba.Spec.AllowedReferences = nil })
	op.Settle()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonReferenceNotPermitted, "spec.allowedReferences is empty")
	// What was known stays visible: the template itself still works.
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)

	n := len(w.Sim.Requests())
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Observe()
	w.Delete(tmpl)
	op.Observe()
	if !w.Reload(tmpl) {
		t.Fatal("deleted as if there were still a permission")
	}
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonReferenceNotPermitted, "set deletionPolicy: Retain")
	if calls := beyondObservation(w, n); len(calls) > 0 {
		t.Errorf("calls: %v", calls)
	}
	w.Edit(tmpl, func() { tmpl.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	op.Settle()
	if w.Reload(tmpl) {
		t.Errorf("not let go: %+v", tmpl.Status.Conditions)
	}
	if _, there := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); !there {
		t.Error("deleted at Meta")
	}
	w.CheckInvariants()
}

// TestSecretOfAnotherPurpose: no tenant can have a Secret sent to Meta that was released for another purpose, or not at all.
func TestSecretOfAnotherPurpose(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		purpose string // empty: no label
		parts   []string
	}{
		{"not released", "", []string{"isn't released to the operator", "kubectl label secret acme-meta", v1alpha1.LabelSecretPurpose + "=account"}},
		{"a verify token", v1alpha1.SecretPurposeVerifyToken, []string{"is labelled " + v1alpha1.LabelSecretPurpose + "=verify-token", "can't be used as account"}},
		{"a PIN", v1alpha1.SecretPurposePIN, []string{"=pin"}},
		{"a code", v1alpha1.SecretPurposeCode, []string{"=code"}},
		{"an invented purpose", "everything", []string{"=everything"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret(func(s *corev1.Secret) {
				s.Labels = nil
				if tc.purpose != "" {
					s.Labels = map[string]string{v1alpha1.LabelSecretPurpose: tc.purpose}
				}
			})
			waba, tmpl := w.WABA(), w.CreateTemplate("parcel_left")
			op := w.Start()
			silent(t, w, "another purpose", op.Observe)
			w.Reload(waba)
			expectRefused(t, waba.Status.Conditions, v1alpha1.ReasonCredentialsInvalid, tc.parts...)
			expect(t, waba.Status.Conditions, v1alpha1.ConditionCredentialsValid, metav1.ConditionFalse, v1alpha1.ReasonCredentialsInvalid)
			w.Reload(tmpl)
			expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonCredentialsInvalid, "WABA acme can't be used")
			w.CheckInvariants()
		})
	}
}
