// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/states"
)

// check is an entry of spec.healthCheckExprs of Flux's Kustomization.
type check struct {
	inProgress, failed, current cel.Program
}

type checks map[string]check

// expressions reads those that the page tells users to write.
func expressions(t *testing.T, page string) checks {
	t.Helper()
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(), ext.Sets(), ext.Encoders(),
	)
	if err != nil {
		t.Fatal(err)
	}
	program := func(entry map[string]any, field string) cel.Program {
		text, _ := entry[field].(string)
		if text == "" {
			return nil
		}
		parsed, issues := env.Parse(text)
		if issues != nil {
			t.Fatalf("%s: %v", text, issues)
		}
		p, err := env.Program(parsed)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return p
	}
	out := checks{}
	for _, u := range manifests(t, page) {
		entries, _, _ := unstructured.NestedSlice(u.Object, "spec", "healthCheckExprs")
		for _, item := range entries {
			entry, _ := item.(map[string]any)
			if entry["apiVersion"] != v1alpha1.GroupVersion.String() {
				t.Errorf("expressions for %v", entry["apiVersion"])
			}
			kind, _ := entry["kind"].(string)
			out[kind] = check{program(entry, "inProgress"), program(entry, "failed"), program(entry, "current")}
		}
	}
	if len(out) != len(states.Kinds) {
		t.Fatalf("the page has expressions for %d kinds", len(out))
	}
	return out
}

// evaluate does what Flux does (https://fluxcd.io/flux/components/kustomize/kustomizations/#health-check-expressions): a
// generation that wasn't processed is in progress; then the expressions in their order.
func (c checks) evaluate(t *testing.T, u *unstructured.Unstructured) status.Status {
	t.Helper()
	observed, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration")
	if observed != u.GetGeneration() {
		return status.InProgressStatus
	}
	own := c[u.GetKind()]
	for _, step := range []struct {
		program cel.Program
		means   status.Status
	}{{own.inProgress, status.InProgressStatus}, {own.failed, status.FailedStatus}, {own.current, status.CurrentStatus}} {
		if step.program == nil {
			continue
		}
		value, _, err := step.program.Eval(u.Object)
		if err != nil {
			t.Fatalf("%s %s: %v", u.GetKind(), u.GetName(), err)
		}
		if value.Value() == true {
			return step.means
		}
	}
	return status.InProgressStatus
}
