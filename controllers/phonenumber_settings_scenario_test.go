// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// settingsWorld has an account that can be used, and a number about which others have said something already.
func settingsWorld(t *testing.T, change ...func(*operator.Options)) (*harness.World, *harness.Operator) {
	t.Helper()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.Files = map[string][]byte{photoAddress: harness.JPEG}
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) {
		n.Config.Profile = graphsim.Profile{About: "Hello", Address: "1 Main St", Websites: []string{"https://acme.example/"}}
	})
	op := w.Start(change...)
	op.Settle()
	return w, op
}

func settingsNumber(w *harness.World, change func(*v1alpha1.PhoneNumberSpec)) *v1alpha1.PhoneNumber {
	obj := &v1alpha1.PhoneNumber{
		ObjectMeta: metav1.ObjectMeta{Name: "support"},
		Spec: v1alpha1.PhoneNumberSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}, ID: harness.NumberID,
		},
	}
	change(&obj.Spec)
	w.Create(obj)
	return obj
}

func aboutOpen(s *v1alpha1.PhoneNumberSpec) {
	s.Profile = &v1alpha1.PhoneNumberProfile{About: ptr.To("Open daily\n"), Websites: []string{"https://acme.example"}}
}

func synced(t *testing.T, w *harness.World, obj *v1alpha1.PhoneNumber, reason string) {
	t.Helper()
	w.Reload(obj)
	status := metav1.ConditionFalse
	if reason == v1alpha1.ReasonSynced {
		status = metav1.ConditionTrue
	}
	expect(t, obj.Status.Conditions, v1alpha1.ConditionSynced, status, reason)
}

func numberOps(w *harness.World, op string) int {
	return w.Sim.Stats().ByNumber[harness.NumberID][op]
}

func atMeta(t *testing.T, w *harness.World) graphsim.NumberConfig {
	t.Helper()
	n, ok := w.Sim.NumberByID(harness.NumberID)
	if !ok {
		t.Fatal("the number is gone")
	}
	return n.Config
}

// TestSettingsOnlyWhatTheSpecNames: one read, one write with the field that differs, one read back; then silence for an hour.
func TestSettingsOnlyWhatTheSpecNames(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, aboutOpen)
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if p := atMeta(t, w).Profile; p.About != "Open daily" || p.Address != "1 Main St" || p.Websites[0] != "https://acme.example/" {
		t.Errorf("profile at Meta: %+v", p)
	}
	if p := obj.Status.Profile; p == nil || p.About != "Open daily" || p.Address != "1 Main St" {
		t.Errorf("profile in the status: %+v", p)
	}
	calls := func(reads, writes int) {
		t.Helper()
		if r, u := numberOps(w, graphsim.OpReadProfile), numberOps(w, graphsim.OpUpdateProfile); r != reads || u != writes {
			t.Errorf("%d reads and %d writes, want %d and %d", r, u, reads, writes)
		}
	}
	calls(2, 1)
	op.Advance(50 * time.Minute)
	calls(2, 1)
	op.Advance(15 * time.Minute)
	calls(3, 1)

	w.Annotate(obj, v1alpha1.AnnotationRequestedAt, "now")
	op.Settle()
	calls(4, 1)

	op.Stop()
	op = w.Start()
	op.Settle()
	op.Advance(55 * time.Minute)
	op.Advance(4 * time.Minute)
	calls(5, 1) // nothing is to be written, so the number takes its turn within the hour
	w.CheckInvariants()
}

// TestSettingsDrift: changes by others are undone, three times a day.
func TestSettingsDrift(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, aboutOpen)
	op.Settle()
	for range 3 {
		w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.Profile.About = "Closed" })
		op.Advance(65 * time.Minute)
		synced(t, w, obj, v1alpha1.ReasonSynced)
		if about := atMeta(t, w).Profile.About; about != "Open daily" {
			t.Fatalf("not repaired: %s", about)
		}
	}
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.Profile.About = "Closed" })
	op.Advance(65 * time.Minute)
	synced(t, w, obj, v1alpha1.ReasonContested)
	if !slices.Equal(obj.Status.Drift, []string{"profile.about"}) {
		t.Errorf("drift: %v", obj.Status.Drift)
	}
	op.Stop()
	op = w.Start()
	op.Advance(2 * time.Hour)
	synced(t, w, obj, v1alpha1.ReasonContested)
	op.AdvanceRoughly(24*time.Hour, time.Hour)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if len(obj.Status.Drift) > 0 {
		t.Errorf("drift: %v", obj.Status.Drift)
	}
	w.CheckInvariants()
}

// TestSettingsDriftReported: nothing is written, the fields are named, and a change of the spec still goes out alone.
func TestSettingsDriftReported(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		aboutOpen(s)
		s.DriftPolicy = v1alpha1.DriftPolicyReport
		s.Commerce = &v1alpha1.PhoneNumberCommerce{CatalogVisible: ptr.To(true)}
	})
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) {
		n.Config.Profile.About, n.Config.CatalogVisible = "Closed", false
	})
	op.Advance(65 * time.Minute)
	synced(t, w, obj, v1alpha1.ReasonDriftDetected)
	if want := []string{"commerce.catalogVisible", "profile.about"}; !slices.Equal(obj.Status.Drift, want) {
		t.Errorf("drift: %v, want %v", obj.Status.Drift, want)
	}
	w.Edit(obj, func() { obj.Spec.Profile.Websites = []string{"https://shop.acme.example"} })
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonDriftDetected)
	if p := atMeta(t, w).Profile; p.About != "Closed" || p.Websites[0] != "https://shop.acme.example" {
		t.Errorf("profile at Meta: %+v", p)
	}
	w.CheckInvariants()
}

// TestSettingsObserved: differences are named and nothing is written, neither by policy nor with --read-only.
func TestSettingsObserved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy v1alpha1.ManagementPolicy
		option func(*operator.Options)
	}{
		"Observed":    {v1alpha1.ManagementPolicyObserved, func(*operator.Options) {}},
		"--read-only": {"", func(o *operator.Options) { o.ReadOnly = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op := settingsWorld(t, c.option)
			obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) { aboutOpen(s); s.ManagementPolicy = c.policy })
			op.Settle()
			op.Advance(50 * time.Minute)
			synced(t, w, obj, v1alpha1.ReasonDriftDetected)
			if !slices.Equal(obj.Status.Drift, []string{"profile.about"}) {
				t.Errorf("drift: %v", obj.Status.Drift)
			}
			if r, u := numberOps(w, graphsim.OpReadProfile), numberOps(w, graphsim.OpUpdateProfile); r != 1 || u != 0 {
				t.Errorf("%d reads and %d writes", r, u)
			}
			w.CheckInvariants()
		})
	}
}

// TestSettingsEverySection: all of them together, each written once.
func TestSettingsEverySection(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	w.Sim.SetMessagingLimit(harness.AccountID, "TIER_10K")
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		aboutOpen(s)
		s.Commerce = &v1alpha1.PhoneNumberCommerce{CartEnabled: ptr.To(false)}
		s.ConversationalAutomation = &v1alpha1.ConversationalAutomation{
			Commands: []v1alpha1.ConversationalCommand{{Name: "help", Description: "Show help"}},
		}
		s.Calling = &v1alpha1.PhoneNumberCalling{
			Status: v1alpha1.SettingStatusEnabled, RestrictToUserCountries: []string{"US", "DE"},
			CallHours: &v1alpha1.CallHours{
				Status: v1alpha1.SettingStatusEnabled, TimezoneID: "Europe/Berlin",
				Weekly: []v1alpha1.OperatingHours{{DayOfWeek: "MONDAY", OpenTime: "0900", CloseTime: "1700"}},
			},
		}
		s.FlowsEncryption = &v1alpha1.FlowsEncryption{PublicKey: flowsKey}
		s.ComplianceInfo = &v1alpha1.ComplianceInfo{
			EntityName: "Acme", EntityType: v1alpha1.ComplianceEntityTypePartnership, Registered: ptr.To(true),
			GrievanceOfficer: &v1alpha1.ComplianceOfficer{Name: "Ana"},
			CustomerCare:     &v1alpha1.ComplianceContact{MobileNumber: "+913854559033"},
		}
		s.Username, s.IdentityKeyCheck = ptr.To("acme"), v1alpha1.SettingStatusEnabled
	})
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if obj.Status.Username != "acme" || obj.Status.Commerce == nil || *obj.Status.Commerce.CartEnabled {
		t.Errorf("status: %+v", obj.Status)
	}
	op.Advance(3 * time.Hour)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	for name, want := range map[string]int{
		graphsim.OpUpdateProfile: 1, graphsim.OpUpdateCommerce: 1, graphsim.OpUpdateAutomation: 1,
		graphsim.OpUpdateSettings:   2, // calls and the identity check, which have one endpoint
		graphsim.OpUpdateEncryption: 1, graphsim.OpUpdateCompliance: 1, graphsim.OpUpdateUsername: 1,
	} {
		if n := numberOps(w, name); n != want {
			t.Errorf("%s: %d calls, want %d", name, n, want)
		}
	}
	w.Edit(obj, func() { obj.Spec.Username = ptr.To("") })
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if c := atMeta(t, w); c.Username != "" || c.Profile.About != "Open daily" || numberOps(w, graphsim.OpUpdateProfile) != 1 {
		t.Errorf("at Meta: %+v", c)
	}
	w.CheckInvariants()
}

// flowsKey is a public key made for tests; its private half wasn't kept.
const flowsKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnTQvaEZ2GaZZVTlPPlYj
06rWvHHP5OmW0HBfxj+8QQ3lDjlGfbR9kjAqWunNDRjU1Wck4D8edSUwXpH7xTKH
nBZHVzEjiMfgBNd8HyLofWCKjY9eAcPMFKGdH5aTc97Qem0zvOVVvqQHaVisTsc9
l+ei6VPfcRMdq7EBTCiaj8rKpXDR78tiJGwotTivvr6XcKhJYUz0xLYAqxh1hfc5
R+WIiIYnZ8DtjxU6pPHkd/46vZE4E2bzR2bFG4fPdnmFi7EXTOTCGUvhg5QnaRNy
QHIPc0XDh/DPOvBJCaQLONxsOYUoge3V82pDT8yXAtHpPeOquiTfmcQ/5wQnaAIO
hQIDAQAB
-----END PUBLIC KEY-----
`
