// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/gitops/argocd"
	"github.com/waba-operator/waba-operator/test/states"
)

const root = "../.."

// class is a row of the table in docs/gitops.md: what tools make of a state. The first that matches counts.
type class struct {
	what    string
	matches func(s states.State) bool
	argo    string
	kstatus status.Status
	// flux is what Flux makes of it with the expressions of docs/gitops.md.
	flux status.Status
}

var classes = []class{
	{"being deleted", states.State.Deleting, argocd.Progressing, status.TerminatingStatus, status.TerminatingStatus},
	{"not yet processed by the operator, or changed since", func(s states.State) bool {
		observed, generation := s.Observed()
		return observed != generation
	}, argocd.Progressing, status.InProgressStatus, status.InProgressStatus},
	{"`Ready=True`", is(v1alpha1.ConditionReady, "True"), argocd.Healthy, status.CurrentStatus, status.CurrentStatus},
	{"not ready, and `Paused`", because(v1alpha1.ConditionSynced, v1alpha1.ReasonPaused), argocd.Healthy, status.InProgressStatus, status.CurrentStatus},
	{
		"`Stalled`, waiting for a person", because(v1alpha1.ConditionStalled, v1alpha1.ReasonActionRequired),
		argocd.Suspended, status.FailedStatus, status.FailedStatus,
	},
	{"`Stalled`", is(v1alpha1.ConditionStalled, "True"), argocd.Degraded, status.FailedStatus, status.FailedStatus},
	{"in review, `wait-for-approval: \"false\"`", func(s states.State) bool {
		annotations, _, _ := unstructured.NestedStringMap(s.Object, "metadata", "annotations")
		return annotations[v1alpha1.AnnotationWaitForApproval] == "false" && s.Condition(v1alpha1.ConditionReady).Reason == v1alpha1.ReasonInReview &&
			s.Condition(v1alpha1.ConditionSynced).Status == "True"
	}, argocd.Healthy, status.InProgressStatus, status.CurrentStatus},
	{"`Reconciling`", is(v1alpha1.ConditionReconciling, "True"), argocd.Progressing, status.InProgressStatus, status.InProgressStatus},
	{"not ready, neither `Reconciling` nor `Stalled`", is(v1alpha1.ConditionReady, "False"), argocd.Progressing, status.InProgressStatus, status.InProgressStatus},
}

func is(kind, value string) func(states.State) bool {
	return func(s states.State) bool { return s.Condition(kind).Status == value }
}

func because(kind, reason string) func(states.State) bool {
	return func(s states.State) bool { return s.Condition(kind).Reason == reason }
}

// corpus returns every state, and those in review once more for a team that doesn't want to wait.
func corpus(t *testing.T) []states.State {
	t.Helper()
	all, err := states.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d states", len(all))
	}
	for _, s := range all {
		if s.Condition(v1alpha1.ConditionApproved).Reason != v1alpha1.ReasonInReview {
			continue
		}
		impatient := states.State{Object: runtime.DeepCopyJSON(s.Object), File: s.File + " with the annotation"}
		if err := unstructured.SetNestedField(impatient.Object, "false", "metadata", "annotations", v1alpha1.AnnotationWaitForApproval); err != nil {
			t.Fatal(err)
		}
		all = append(all, impatient)
	}
	return all
}

func classOf(t *testing.T, s states.State) int {
	t.Helper()
	i := slices.IndexFunc(classes, func(c class) bool { return c.matches(s) })
	if i < 0 {
		t.Fatalf("%s/%s: no row of the table speaks of %s", s.Kind(), s.File, s.Key())
	}
	return i
}

// TestHealth compares what Argo CD, kstatus and Flux make of every state with the table, and the table with the page.
func TestHealth(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "docs", "gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	flowed := strings.Join(strings.Fields(page), " ")
	health, err := argocd.Script(root, "health")
	if err != nil {
		t.Fatal(err)
	}
	flux := expressions(t, page)
	reasons := make([]map[string]bool, len(classes))
	for _, s := range corpus(t) {
		i := classOf(t, s)
		if reasons[i] == nil {
			reasons[i] = map[string]bool{}
		}
		reasons[i]["`"+s.Condition(v1alpha1.ConditionReady).Reason+"`"] = true
		name := s.Kind() + "/" + s.File
		got, err := argocd.Machine{Clock: time.Now}.Health(s.Object, health)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Status != classes[i].argo || got.Message == "" {
			t.Errorf("%s: Argo CD says %s (%s), the table %s", name, got.Status, got.Message, classes[i].argo)
		}
		u := &unstructured.Unstructured{Object: s.Object}
		result, err := status.Compute(u)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if result.Status != classes[i].kstatus {
			t.Errorf("%s: kstatus says %s (%s), the table %s", name, result.Status, result.Message, classes[i].kstatus)
		}
		if got := flux.evaluate(t, u); !s.Deleting() && got != classes[i].flux {
			t.Errorf("%s: the expressions for Flux say %s, the table %s", name, got, classes[i].flux)
		}
	}
	for i, c := range classes {
		if reasons[i] == nil {
			t.Errorf("no state is %s", c.what)
		}
		if row := fmt.Sprintf("| %s | %s | %s | %s |", c.what, c.argo, c.kstatus, c.flux); !strings.Contains(page, row+"\n") {
			t.Errorf("docs/gitops.md lacks the row\n%s", row)
		}
		// The reasons of a row that is about one condition are named, so that readers find theirs.
		if list := strings.Join(slices.Sorted(maps.Keys(reasons[i])), ", "); strings.HasPrefix(c.what, "`Stalled`") && !strings.Contains(flowed, list) {
			t.Errorf("docs/gitops.md doesn't name the reasons of the row %s:\n%s", c.what, list)
		}
	}
}

// TestMessagesArePassedOn: where something is wrong, Argo CD shows the operator's own words.
func TestMessagesArePassedOn(t *testing.T) {
	health, err := argocd.Script(root, "health")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range corpus(t) {
		got, err := argocd.Machine{Clock: time.Now}.Health(s.Object, health)
		if err != nil {
			t.Fatal(err)
		}
		stalled := s.Condition(v1alpha1.ConditionStalled)
		if got.Status == argocd.Degraded && got.Message != stalled.Message {
			t.Errorf("%s/%s: %q instead of %q", s.Kind(), s.File, got.Message, stalled.Message)
		}
		if synced := s.Condition(v1alpha1.ConditionSynced); synced.Reason == v1alpha1.ReasonPaused && s.Stable() && got.Message != synced.Message {
			t.Errorf("%s/%s: %q doesn't say that it is paused", s.Kind(), s.File, got.Message)
		}
	}
}

var constant = regexp.MustCompile(`(?m)^\t// Reason\w+: (.*)\n(?:\t//.*\n)*\tReason\w+ += "(\w+)"`)

// TestEveryReasonIsShown: the corpus has every reason that the API knows, but for those of events.
func TestEveryReasonIsShown(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "api", "v1alpha1", "conditions.go"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, s := range corpus(t) {
		for _, c := range s.Conditions() {
			shown[c.Reason] = true
		}
	}
	found := constant.FindAllStringSubmatch(string(source), -1)
	if len(found) < 70 {
		t.Fatalf("only %d reasons were found", len(found))
	}
	for _, m := range found {
		if isEvent := strings.HasPrefix(m[1], "an event only"); shown[m[2]] == isEvent {
			t.Errorf("reason %s: shown by a state: %t; said to be of events only: %t. Bring it about in a test of the controllers and run make states",
				m[2], shown[m[2]], isEvent)
		}
	}
}
