// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/cli"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/patience"
)

// act runs kubectl waba with --wait, and returns its exit code and what it printed.
func act(t *testing.T, w *harness.World, words ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	words = append(words, "--wait", "--timeout", patience.Limit.String(), "-n", w.Namespace, "--kubeconfig", env.KubeconfigFile)
	code = cli.Run(t.Context(), "v1.2.3", cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr}, words)
	return code, stdout.String(), stderr.String()
}

// expectDone runs kubectl waba with --wait, which must succeed.
func expectDone(t *testing.T, w *harness.World, words ...string) {
	t.Helper()
	if code, out, stderr := act(t, w, words...); code != cli.ExitOK || stderr != "" {
		t.Fatalf("%v: exit code %d\n%s%s", words, code, out, stderr)
	}
}

// TestActions: refresh, pause and resume end when the operator has answered.
func TestActions(t *testing.T) {
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA()
	tmpl := w.CreateTemplate("order_confirmation")
	op := w.Start()
	op.Observe()

	w.Sim.ResetStats()
	expectDone(t, w, "refresh", "wamt", tmpl.Name)
	w.Reload(tmpl)
	if n := w.Sim.Stats().Calls; n == 0 || tmpl.Status.Operator.LastHandledRequest != tmpl.Annotations[v1alpha1.AnnotationRequestedAt] {
		t.Errorf("%d calls, last request %q", n, tmpl.Status.Operator.LastHandledRequest)
	}

	expectDone(t, w, "pause", "waba", "acme")
	w.Reload(waba)
	if c := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced); c.Reason != v1alpha1.ReasonPaused {
		t.Errorf("the paused account says %s", c.Reason)
	}
	w.Sim.ResetStats()
	code, out, stderr := act(t, w, "refresh", "wamt", tmpl.Name)
	if code != cli.ExitFound || !strings.Contains(stderr, "Synced=False, Paused: ") || w.Sim.Stats().Calls > 0 {
		t.Errorf("below a paused account: exit code %d, %d calls\n%s%s", code, w.Sim.Stats().Calls, out, stderr)
	}
	expectDone(t, w, "resume", "waba", "acme")
	w.Reload(waba)
	if c := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced); c.Reason != v1alpha1.ReasonSynced || waba.Spec.ManagementPolicy != "" {
		t.Errorf("the resumed account says %s, its policy is %q", c.Reason, waba.Spec.ManagementPolicy)
	}
}

// TestReleaseHeldChanges: release ends when the operator has released what it held.
func TestReleaseHeldChanges(t *testing.T) {
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA()
	templates := make([]*v1alpha1.MessageTemplate, 12)
	for i := range templates {
		templates[i] = w.CreateTemplate(fmt.Sprintf("parcel_%02d", i))
	}
	op := w.Start()
	op.Observe()
	for _, tmpl := range templates[:9] {
		w.Reload(tmpl)
		// A rejected one can be created again at once; the name of an approved one would be locked.
		if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "REJECTED", RejectedReason: "SCAM"}); err != nil {
			t.Fatal(err)
		}
		w.Sim.DeleteInManager(tmpl.Status.ID)
	}
	op.Advance(20 * time.Minute) // two listings and more
	if w.Reload(waba); waba.Status.Operator.HeldTime == nil {
		t.Fatal("nothing is held")
	}
	expectDone(t, w, "release", "waba", "acme")
	if w.Reload(waba); waba.Status.Operator.HeldTime != nil {
		t.Errorf("held since %v", waba.Status.Operator.HeldTime)
	}
}
