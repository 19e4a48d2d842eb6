// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// updates is how often the account was written.
func updates(w *harness.World) int {
	n := 0
	for _, r := range w.Sim.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/"+harness.AccountID) {
			n++
		}
	}
	return n
}

// TestAccountSettings: what the spec names is set once and read back; what it doesn't name is left alone.
func TestAccountSettings(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(func(a *v1alpha1.WABA) { a.Spec.MarketingMessages = v1alpha1.FeatureDisabled })
	op := w.Start()
	op.Settle()
	op.Observe()
	op.Observe()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if waba.Status.MarketingMessages != "Disabled" || updates(w) != 1 {
		t.Errorf("marketing messages %q after %d writes", waba.Status.MarketingMessages, updates(w))
	}
	op.Advance(3 * time.Hour)
	if updates(w) != 1 {
		t.Errorf("%d writes without a change", updates(w))
	}
	w.Edit(waba, func() {
		waba.Spec.MarketingMessages = ""
		waba.Spec.TemplateAutoArchival = v1alpha1.FeatureEnabled
	})
	op.Settle()
	op.Observe()
	op.Observe()
	w.Reload(waba)
	if waba.Status.MarketingMessages != "Disabled" || waba.Status.TemplateAutoArchival != "Enabled" || updates(w) != 2 {
		t.Errorf("marketing messages %q, archival %q after %d writes", waba.Status.MarketingMessages, waba.Status.TemplateAutoArchival, updates(w))
	}
	w.CheckInvariants()
}

// TestAccountSettingRefused: a refused setting doesn't change the account's readiness and isn't sent again at every observation.
func TestAccountSettingRefused(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(func(a *v1alpha1.WABA) { a.Spec.Insights = v1alpha1.InsightsEnabled })
	w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + harness.AccountID, Code: 200005, Message: "Template Insights isn't available", Times: -1})
	tmpl := w.CreateTemplate("parcel_left")
	op := w.Start()
	op.Settle()
	op.Advance(6 * time.Hour)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonRefusedByMeta)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	if updates(w) != 1 {
		t.Errorf("asked %d times in six hours", updates(w))
	}
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if age := w.Clock.Since(waba.Status.LastObservedTime.Time); age > 20*time.Minute {
		t.Errorf("not observed for %s", age)
	}
	w.CheckInvariants()
}

// TestNoWayOutOfArchival: Meta takes the write and goes on archiving. That isn't another client's doing, and is said after one write.
func TestNoWayOutOfArchival(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(func(a *v1alpha1.WABA) { a.Spec.TemplateAutoArchival = v1alpha1.FeatureDisabled })
	w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { a.AutoArchival = true })
	op := w.Start()
	op.Settle()
	op.Advance(6 * time.Hour)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonRefusedByMeta)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	if c := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced); updates(w) != 1 || !strings.Contains(c.Message, "archivedPolicy: Unarchive") {
		t.Errorf("%d writes: %s", updates(w), c.Message)
	}
	w.CheckInvariants()
}

// TestAccountSettingContested: after three repairs the value of the other client stays.
func TestAccountSettingContested(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(func(a *v1alpha1.WABA) { a.Spec.MarketingMessages = v1alpha1.FeatureDisabled })
	op := w.Start()
	op.Settle()
	for range 6 {
		w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { a.DisableMarketing = false })
		op.Advance(70 * time.Minute)
	}
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonContested)
	if updates(w) != 3 {
		t.Errorf("%d writes, want 3", updates(w))
	}

	op.Stop()
	op = w.Start()
	op.Advance(70 * time.Minute)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonContested)
	if updates(w) != 3 {
		t.Errorf("%d writes after a restart, want 3", updates(w))
	}
	w.Edit(waba, func() { waba.Spec.MarketingMessages = v1alpha1.FeatureEnabled })
	op.Settle()
	w.Edit(waba, func() { waba.Spec.MarketingMessages = v1alpha1.FeatureDisabled })
	op.Settle()
	op.Advance(70 * time.Minute)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.CheckInvariants()
}

// TestCreativeFeatures: the features of the spec are set and read back, the others stay, a change by hand is undone, and a feature that
// was never set counts as off.
func TestCreativeFeatures(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	atMeta := func(features map[string]string) {
		w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { a.CreativeFeatures = features })
	}
	shows := func(name, status string) (same bool) {
		w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { same = a.CreativeFeatures[name] == status })
		return same
	}
	atMeta(map[string]string{"image_animation": "OPT_IN"})
	waba := w.WABA(func(a *v1alpha1.WABA) {
		a.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved
		a.Spec.CreativeFeatures = []v1alpha1.CreativeFeature{{Feature: "Image_Touchups", EnrollStatus: "OPT_IN"}, {Feature: "add_text_overlay", EnrollStatus: "OPT_OUT"}}
	})
	op := w.Start()
	op.Settle()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonDriftDetected)
	if updates(w) != 0 || !slices.Equal(waba.Status.Drift, []string{"creativeFeatures"}) {
		t.Errorf("observed: %d writes, drift %v", updates(w), waba.Status.Drift)
	}
	if got := waba.Status.CreativeFeatures; len(got) != 1 || got[0].Feature != "image_animation" || got[0].EnrollStatus != "OPT_IN" {
		t.Errorf("status: %v", got)
	}
	w.Edit(waba, func() { waba.Spec.ManagementPolicy = "" })
	op.Settle()
	op.Observe()
	op.Observe()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if updates(w) != 1 || !shows("image_touchups", "OPT_IN") || !shows("image_animation", "OPT_IN") || len(waba.Status.CreativeFeatures) != 3 {
		t.Errorf("%d writes, status %v", updates(w), waba.Status.CreativeFeatures)
	}
	atMeta(map[string]string{"image_animation": "OPT_IN"})
	op.Advance(70 * time.Minute)
	if updates(w) != 2 || !shows("image_touchups", "OPT_IN") {
		t.Errorf("not repaired: %d writes", updates(w))
	}
	w.Edit(waba, func() { waba.Spec.CreativeFeatures = nil })
	op.Settle()
	atMeta(nil)
	op.Advance(3 * time.Hour)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if updates(w) != 2 || len(waba.Status.CreativeFeatures) != 0 {
		t.Errorf("without the field: %d writes, status %v", updates(w), waba.Status.CreativeFeatures)
	}
	w.CheckInvariants()
}

// TestCreativeFeatureNeverSet: it is off, so that opting out of it writes nothing.
func TestCreativeFeatureNeverSet(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(func(a *v1alpha1.WABA) {
		a.Spec.CreativeFeatures = []v1alpha1.CreativeFeature{{Feature: "image_touchups", EnrollStatus: "OPT_OUT"}}
	})
	op := w.Start()
	op.Settle()
	op.Observe()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if updates(w) != 0 {
		t.Errorf("%d writes", updates(w))
	}
}

// TestCreativeFeatureRefused: a feature that Meta doesn't know is reported, and isn't sent again at every observation.
func TestCreativeFeatureRefused(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(func(a *v1alpha1.WABA) {
		a.Spec.CreativeFeatures = []v1alpha1.CreativeFeature{{Feature: "image_touchup", EnrollStatus: "OPT_IN"}}
	})
	op := w.Start()
	op.Settle()
	op.Advance(3 * time.Hour)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonRefusedByMeta)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	if c := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionSynced); updates(w) != 1 || !strings.Contains(c.Message, "spec.creativeFeatures") {
		t.Errorf("%d writes: %s", updates(w), c.Message)
	}
	w.CheckInvariants()
}
