// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
)

// restricted is a user with the operator's role.
type restricted struct {
	*harness.World
	user string
	role *rbacv1.ClusterRole
}

// asRole lets the world's operators act as a user with the operator's role.
func asRole(t *testing.T, w *harness.World) *restricted {
	t.Helper()
	raw, err := os.ReadFile("../config/rbac/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := &restricted{World: w, user: "operator-of-" + w.Namespace, role: &rbacv1.ClusterRole{}}
	if err := yaml.UnmarshalStrict(raw, r.role); err != nil {
		t.Fatal(err)
	}
	r.role.ObjectMeta = metav1.ObjectMeta{Name: r.user}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: r.user}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: r.user},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: r.user}},
	}
	if err := w.Client.Create(t.Context(), r.role); err != nil {
		t.Fatal(err)
	}
	if err := w.Client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // worlds share the API server, and a ClusterRoleBinding has no namespace
		_ = w.Client.Delete(context.Background(), binding)
		_ = w.Client.Delete(context.Background(), r.role)
	})
	w.Config = env.Impersonate(r.user)
	return r
}

// may grants one permission, or takes it away, and waits until that counts.
func (r *restricted) may(t *testing.T, allowed bool, verb, group, resource string) {
	t.Helper()
	rules := slices.DeleteFunc(r.role.Rules, func(rule rbacv1.PolicyRule) bool { return slices.Contains(rule.Resources, resource) })
	if allowed {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{verb}})
	}
	r.role.Rules = rules
	if err := r.Client.Update(t.Context(), r.role); err != nil {
		t.Fatal(err)
	}
	name, subresource, _ := strings.Cut(resource, "/")
	r.Wait("the permission", func() bool {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: r.user, ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: r.Namespace, Verb: verb, Group: group, Resource: name, Subresource: subresource,
			},
		}}
		if err := r.Client.Create(t.Context(), review); err != nil {
			t.Fatal(err)
		}
		return review.Status.Allowed == allowed
	})
}

// TestForbiddenIsInTheLog: the log shows a missing permission in the API server's words, once for each time that it is missing.
// The metric counts every attempt.
func TestForbiddenIsInTheLog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verb, group, resource, operation string
		// reason of the condition, "" where no condition can be written.
		reason   string
		internal bool
	}{
		"status": {"patch", v1alpha1.GroupVersion.Group, "wabas/status", "write the status", "", true},
		"Secret": {"get", "", "secrets", "read the account's Secret", v1alpha1.ReasonCredentialsInvalid, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			r := asRole(t, w)
			r.may(t, false, c.verb, c.group, c.resource)
			w.Secret()
			waba := w.WABA()
			op := w.Start(atLevel(0))
			for range 3 {
				op.Observe()
			}
			expectFailures(t, w, 1, c.operation, "forbidden", "cannot "+c.verb)
			w.Reload(waba)
			if c.reason != "" {
				expectRefused(t, waba.Status.Conditions, c.reason, "grant its service account the verb "+c.verb)
			}
			if n := internalErrors(t, op, "WABA"); c.internal && n < 3 || !c.internal && n > 0 {
				t.Errorf("%v internal errors are counted", n)
			}

			r.may(t, true, c.verb, c.group, c.resource)
			op.Observe()
			w.Reload(waba)
			expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
			r.may(t, false, c.verb, c.group, c.resource)
			w.Annotate(waba, v1alpha1.AnnotationRequestedAt, "now")
			op.Observe()
			expectFailures(t, w, 2, c.operation, "forbidden")
		})
	}
}

// internalErrors is what the metric says.
func internalErrors(t *testing.T, op *harness.Operator, kind string) float64 {
	t.Helper()
	families, err := op.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == "waba_operator_internal_errors_total" && m.GetLabel()[0].GetValue() == kind {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatal("no such metric")
	return 0
}
