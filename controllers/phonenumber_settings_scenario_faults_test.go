// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestSettingsPicture: uploaded once, again when the file changes or Meta lost it.
func TestSettingsPicture(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	cm := configMap(w, map[string][]byte{"logo.png": harness.PNG})
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		s.Profile = &v1alpha1.PhoneNumberProfile{Picture: &v1alpha1.MediaSource{
			ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: cm.Name, Key: "logo.png"},
		}}
	})
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if p := obj.Status.Profile; p == nil || obj.Status.Operator.PictureSHA256 != harness.SHA256(harness.PNG) || !*p.PicturePresent {
		t.Fatalf("profile in the status: %+v", p)
	}
	count := func(want int) {
		t.Helper()
		if u, wr := uploads(w), numberOps(w, graphsim.OpUpdateProfile); u != want || wr != want {
			t.Errorf("%d uploads and %d writes, want %d", u, wr, want)
		}
	}
	op.Advance(2 * time.Hour)
	count(1)
	w.Edit(cm, func() { cm.BinaryData["logo.png"] = harness.JPEG })
	op.Advance(11 * time.Minute)
	count(2)
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.Profile.PictureHandle = "" })
	op.Advance(65 * time.Minute)
	count(3)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	w.CheckInvariants()
}

// TestSettingsWithoutPermission: what the account may not do in one section doesn't hide the others.
func TestSettingsWithoutPermission(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	w.Sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: "/*/whatsapp_business_profile", Code: 10, Times: -1})
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		aboutOpen(s)
		s.Commerce = &v1alpha1.PhoneNumberCommerce{CatalogVisible: ptr.To(true)}
	})
	op.Settle()
	op.Advance(50 * time.Minute)
	synced(t, w, obj, v1alpha1.ReasonPermissionDenied)
	if c := harness.Condition(obj.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
		t.Errorf("a section that can't be read says nothing about the number: %+v", c)
	}
	if !atMeta(t, w).CatalogVisible {
		t.Error("the other section wasn't written")
	}
	if n := numberOps(w, graphsim.OpReadProfile); n > 1 {
		t.Errorf("asked %d times in an hour", n)
	}
	w.Sim.ClearFaults()
	op.Advance(15 * time.Minute)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	w.CheckInvariants()
}

// TestSettingsRefused: a refused setting isn't sent again, not even after a restart, until the spec changes.
func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		s.ConversationalAutomation = &v1alpha1.ConversationalAutomation{Prompts: []string{"Hello \U0001F600"}}
	})
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonInvalidSpec)
	op.Advance(2 * time.Hour)
	op.Stop()
	op = w.Start()
	op.Advance(2 * time.Hour)
	if n := numberOps(w, graphsim.OpUpdateAutomation); n != 1 {
		t.Errorf("tried %d times", n)
	}
	w.Edit(obj, func() { obj.Spec.ConversationalAutomation.Prompts = []string{"Hello"} })
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	w.Reload(obj)
	if sections := obj.Status.Operator.Sections; len(sections) != 1 || sections[0].Refusal != nil {
		t.Errorf("still remembered: %+v", sections)
	}

	// An empty list clears. Go leaves it out of JSON, manifests don't.
	raw := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"conversationalAutomation": map[string]any{"prompts": []any{}},
	}}}
	raw.SetAPIVersion(v1alpha1.GroupVersion.String())
	raw.SetKind("PhoneNumber")
	raw.SetName(obj.Name)
	raw.SetNamespace(obj.Namespace)
	patch, err := raw.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Client.Patch(context.Background(), obj, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		t.Fatal(err)
	}
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if p := atMeta(t, w).Automation.Prompts; len(p) > 0 {
		t.Errorf("not cleared: %v", p)
	}
	w.CheckInvariants()
}

// TestSettingsKeyMismatch: the key of flows is uploaded again when Meta says that its signature doesn't match.
func TestSettingsKeyMismatch(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) { s.FlowsEncryption = &v1alpha1.FlowsEncryption{PublicKey: flowsKey} })
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.PublicKeyStatus = "MISMATCH" })
	op.Advance(65 * time.Minute)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if s := atMeta(t, w).PublicKeyStatus; s != "VALID" || numberOps(w, graphsim.OpUpdateEncryption) != 2 {
		t.Errorf("%s after %d uploads", s, numberOps(w, graphsim.OpUpdateEncryption))
	}
	w.CheckInvariants()
}

// TestSettingsFault: a fault that doesn't end costs at most ten calls in ten minutes, however many sections there are.
func TestSettingsFault(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]graphsim.Fault{
		"transient read":  {Method: http.MethodGet, Path: "/" + harness.NumberID + "/*", Code: 2, Times: -1},
		"transient write": {Method: http.MethodPost, Path: "/" + harness.NumberID + "/*", Code: 2, Times: -1},
		"unknown":         {Path: "/" + harness.NumberID + "/*", Code: 987654, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op := settingsWorld(t)
			w.Sim.Fail(fault)
			settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
				aboutOpen(s)
				s.Commerce = &v1alpha1.PhoneNumberCommerce{CatalogVisible: ptr.To(true)}
				s.Username = ptr.To("acme")
				s.Calling = &v1alpha1.PhoneNumberCalling{CallIconVisibility: v1alpha1.CallIconVisibilityDisableAll}
			})
			op.Settle()
			op.Advance(10 * time.Minute)
			total := 0
			for op, n := range w.Sim.Stats().ByNumber[harness.NumberID] {
				if op != graphsim.OpReadNumber {
					total += n
				}
			}
			if total > 10 || total == 0 {
				t.Errorf("%d calls in ten minutes: %v", total, w.Sim.Stats().ByNumber[harness.NumberID])
			}
			w.CheckInvariants()
		})
	}
}

// TestSettingsUnknownNormalisation: an unknown normalisation of a text by Meta is counted, and the text is never written again.
func TestSettingsUnknownNormalisation(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	// Between what is written and what is read, Meta makes capitals of it.
	w.Sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: "/*/whatsapp_business_profile", Times: -1, Status: http.StatusOK,
		Body: `{"data":[{"about":"OPEN DAILY","websites":["https://acme.example/"],"messaging_product":"whatsapp"}]}`})
	obj := settingsNumber(w, aboutOpen)
	op.Settle()
	op.Advance(3 * time.Hour)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if n := numberOps(w, graphsim.OpUpdateProfile); n != 1 {
		t.Errorf("written %d times", n)
	}
	found := false
	families, err := op.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				found = found || l.GetValue() == "profile.about" && m.GetCounter().GetValue() == 1
			}
		}
	}
	if !found {
		t.Error("not counted")
	}
	w.CheckInvariants()
}

// TestSettingsMassChange: a change of many numbers at once stops the repairs until a person releases them.
func TestSettingsMassChange(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	const count = 8
	ids := make([]string, count)
	for i := range ids {
		ids[i] = "20654035224292" + string(rune('0'+i))
		w.Sim.AddNumber(harness.AccountID, graphsim.Number{ID: ids[i], DisplayPhoneNumber: "+1 555-078-390" + string(rune('0'+i))})
		obj := &v1alpha1.PhoneNumber{ObjectMeta: metav1.ObjectMeta{Name: "number-" + string(rune('0'+i))}}
		obj.Spec.WABARef.Name, obj.Spec.ID = "acme", ids[i]
		aboutOpen(&obj.Spec)
		w.Create(obj)
	}
	op.Settle()
	op.Observe()
	for _, id := range ids {
		w.Sim.UpdateNumber(id, func(n *graphsim.Number) { n.Config.Profile.About = "Closed" })
	}
	changed := func() (out int) {
		for _, id := range ids {
			if n, _ := w.Sim.NumberByID(id); n.Config.Profile.About == "Closed" {
				out++
			}
		}
		return out
	}
	// All in one observation period: a person requests a lookup of each.
	for i := range ids {
		obj := &v1alpha1.PhoneNumber{ObjectMeta: metav1.ObjectMeta{Name: "number-" + string(rune('0'+i)), Namespace: w.Namespace}}
		w.Annotate(obj, v1alpha1.AnnotationRequestedAt, "now")
	}
	op.Settle()
	if n := changed(); n != count-5 {
		t.Fatalf("%d are still changed, want %d", n, count-5)
	}
	op.Advance(2 * time.Hour)
	if n := changed(); n != count-5 {
		t.Fatalf("repaired although held: %d are still changed", n)
	}
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
	w.Annotate(waba, v1alpha1.AnnotationReleaseHeld, "now")
	op.Advance(65 * time.Minute)
	if n := changed(); n != 0 {
		t.Errorf("released, but %d are still changed", n)
	}
	w.CheckInvariants()
}
