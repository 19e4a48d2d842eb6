// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// CheckInvariants verifies what must hold of every resource at any time, and that no secret got out.
func (w *World) CheckInvariants() {
	w.T.Helper()
	ctx := context.Background()
	shard := w.Shard()
	var accounts v1alpha1.WABAList
	var templates v1alpha1.MessageTemplateList
	var numbers v1alpha1.PhoneNumberList
	var hooks v1alpha1.WebhookSubscriptionList
	for _, list := range []client.ObjectList{&accounts, &templates, &numbers, &hooks} {
		if err := w.Client.List(ctx, list, shard); err != nil {
			w.T.Fatal(err)
		}
	}
	for i := range accounts.Items {
		w.check(&accounts.Items[i], accounts.Items[i].Status.CommonStatus)
	}
	for i := range templates.Items {
		w.check(&templates.Items[i], templates.Items[i].Status.CommonStatus)
	}
	for i := range numbers.Items {
		w.check(&numbers.Items[i], numbers.Items[i].Status.CommonStatus)
	}
	for i := range hooks.Items {
		w.check(&hooks.Items[i], hooks.Items[i].Status.CommonStatus)
	}
	if leaked := w.Sim.SecretsInURLs(); len(leaked) > 0 {
		w.T.Errorf("secrets in URLs: %v", leaked)
	}
}

func (w *World) check(obj client.Object, s v1alpha1.CommonStatus) {
	w.T.Helper()
	for _, problem := range Violations(obj.GetGeneration(), s) {
		w.T.Errorf("%T %s: %s", obj, obj.GetName(), problem)
	}
}

// Violations names the invariants of conditions that a status breaks.
func Violations(generation int64, s v1alpha1.CommonStatus) []string {
	var out []string
	complain := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s.ObservedGeneration > generation {
		complain("observedGeneration %d is ahead of generation %d", s.ObservedGeneration, generation)
	}
	if len(s.Conditions) == 0 {
		if s.ObservedGeneration >= 0 {
			complain("no conditions")
		}
		return out
	}
	has := map[string]metav1.Condition{}
	for _, c := range s.Conditions {
		has[c.Type] = c
		out = append(out, conditionViolations(generation, c)...)
	}
	ready, ok := has[v1alpha1.ConditionReady]
	_, reconciling := has[v1alpha1.ConditionReconciling]
	_, stalled := has[v1alpha1.ConditionStalled]
	switch {
	case !ok:
		complain("Ready is missing")
	case reconciling && stalled:
		complain("Reconciling and Stalled together")
	case ready.Status == metav1.ConditionTrue && stalled:
		complain("Ready and Stalled together")
	case ready.Status == metav1.ConditionTrue && reconciling:
		complain("Ready and Reconciling together")
	}
	return out
}

func conditionViolations(generation int64, c metav1.Condition) []string {
	var out []string
	if c.ObservedGeneration > generation {
		out = append(out, c.Type+" is ahead of the generation")
	}
	for _, passing := range []string{"fbtrace", "graph.facebook.com", "127.0.0.1"} {
		if strings.Contains(c.Message, passing) {
			out = append(out, fmt.Sprintf("message of %s isn't stable: %s", c.Type, c.Message))
		}
	}
	if (c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled) && c.Status != metav1.ConditionTrue {
		out = append(out, c.Type+" is there and not True")
	}
	return out
}
