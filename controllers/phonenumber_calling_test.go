// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// callingAtMeta is the block calling of the number's settings.
func callingAtMeta(t *testing.T, w *harness.World) (out struct {
	Status string
	SRTP   string `json:"srtp_key_exchange_protocol"`
	Video  struct{ Status string }
	SIP    struct {
		Status  string
		Servers []struct {
			Hostname string
			Port     int
			Params   map[string]string `json:"request_uri_user_params"`
		}
	}
}) {
	t.Helper()
	if raw := atMeta(t, w).Calling; len(raw) > 0 {
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func setCalling(w *harness.World, raw string) {
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.Calling = json.RawMessage(raw) })
}

const someCalling = `{"status":"ENABLED","srtp_key_exchange_protocol":"SDES","sip":{"status":"DISABLED","servers":[{"hostname":"old.example","port":5070}]}}`

func eastSIP(s *v1alpha1.PhoneNumberSpec) {
	s.Calling = &v1alpha1.PhoneNumberCalling{SIP: &v1alpha1.CallingSIP{
		Status: v1alpha1.SettingStatusEnabled,
		Servers: []v1alpha1.SIPServer{{
			Hostname: "sip.acme.example", Port: ptr.To[int32](5061), RequestURIUserParams: map[string]v1alpha1.SIPParameterValue{"tgrp": "east"},
		}},
	}}
}

// TestCallingSIP: the server is set and read back, a change by hand is undone, what the spec doesn't name stays, and the password
// that Meta makes is never requested.
func TestCallingSIP(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	w.Sim.SetMessagingLimit(harness.AccountID, "TIER_10K")
	setCalling(w, someCalling)
	obj := settingsNumber(w, eastSIP)
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	c := callingAtMeta(t, w)
	if c.Status != "ENABLED" || c.SRTP != "SDES" || c.SIP.Status != "ENABLED" || len(c.SIP.Servers) != 1 ||
		c.SIP.Servers[0].Hostname != "sip.acme.example" || c.SIP.Servers[0].Params["tgrp"] != "east" {
		t.Errorf("at Meta: %+v", c)
	}
	op.Observe()
	w.Reload(obj)
	for _, e := range obj.Status.Health.Entities {
		if want := map[string]string{"PHONE_NUMBER": "AVAILABLE", "APP": "AVAILABLE"}[e.Type]; e.CanReceiveCallSIP != want {
			t.Errorf("health of %s: %q, want %q", e.Type, e.CanReceiveCallSIP, want)
		}
	}
	setCalling(w, strings.ReplaceAll(someCalling, `"DISABLED"`, `"ENABLED"`))
	op.Advance(65 * time.Minute)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if c = callingAtMeta(t, w); c.SIP.Servers[0].Hostname != "sip.acme.example" {
		t.Errorf("not repaired: %+v", c)
	}
	w.Edit(obj, func() { obj.Spec.Calling.SIP = &v1alpha1.CallingSIP{Status: v1alpha1.SettingStatusDisabled} })
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if c = callingAtMeta(t, w); c.SIP.Status != "DISABLED" || len(c.SIP.Servers) != 1 {
		t.Errorf("more than the status was written: %+v", c)
	}
	writes := numberOps(w, graphsim.OpUpdateSettings)
	w.Edit(obj, func() { obj.Spec.Calling = nil })
	op.Advance(65 * time.Minute)
	if n := numberOps(w, graphsim.OpUpdateSettings); n != writes || writes != 3 {
		t.Errorf("%d writes, then %d", writes, n)
	}
	for _, r := range w.Sim.Requests() {
		if strings.Contains(r.RawQuery+string(r.Body), "sip_credentials") {
			t.Errorf("the SIP password was requested: %s %s?%s", r.Method, r.Path, r.RawQuery)
		}
	}
	w.CheckInvariants()
}

// TestCallingSIPObserved: the difference is named and nothing is written.
func TestCallingSIPObserved(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	setCalling(w, someCalling)
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		eastSIP(s)
		s.Calling.Video, s.ManagementPolicy = v1alpha1.SettingStatusEnabled, v1alpha1.ManagementPolicyObserved
	})
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonDriftDetected)
	if want := []string{"calling.sip.servers", "calling.sip.status", "calling.video"}; !slices.Equal(obj.Status.Drift, want) {
		t.Errorf("drift: %v, want %v", obj.Status.Drift, want)
	}
	if n := numberOps(w, graphsim.OpUpdateSettings); n != 0 {
		t.Errorf("%d writes", n)
	}
	w.CheckInvariants()
}

// TestCallingVideo: a switch that Meta takes and leaves as it was isn't called equal: it is written three more times, and then
// reported.
func TestCallingVideo(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	w.Sim.SetMessagingLimit(harness.AccountID, "TIER_10K")
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.VideoUnavailable = true })
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		s.Calling = &v1alpha1.PhoneNumberCalling{Video: v1alpha1.SettingStatusEnabled}
	})
	op.Settle()
	op.AdvanceRoughly(6*time.Hour, time.Hour)
	synced(t, w, obj, v1alpha1.ReasonContested)
	if n := numberOps(w, graphsim.OpUpdateSettings); n != 4 || !slices.Equal(obj.Status.Drift, []string{"calling.video"}) {
		t.Errorf("%d writes, drift %v", n, obj.Status.Drift)
	}
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.VideoUnavailable = false })
	w.Annotate(obj, v1alpha1.AnnotationRequestedAt, "now")
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if c := callingAtMeta(t, w); c.Video.Status != "ENABLED" {
		t.Errorf("at Meta: %+v", c)
	}
	w.CheckInvariants()
}

// TestIdentityKeyCheck: it is switched on and read back, a change by hand is undone or named, and removing it changes nothing.
func TestIdentityKeyCheck(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	setCalling(w, someCalling)
	on := func() bool { return strings.Contains(string(atMeta(t, w).IdentityChange), "true") }
	off := func() {
		w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) {
			n.Config.IdentityChange = json.RawMessage(`{"enable_identity_key_check":false}`)
		})
	}
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		s.IdentityKeyCheck, s.ManagementPolicy = v1alpha1.SettingStatusEnabled, v1alpha1.ManagementPolicyObserved
	})
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonDriftDetected)
	if want := []string{"identityKeyCheck"}; !slices.Equal(obj.Status.Drift, want) || on() {
		t.Errorf("observed: drift %v, on at Meta: %t", obj.Status.Drift, on())
	}
	w.Edit(obj, func() { obj.Spec.ManagementPolicy = "" })
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	off()
	op.Advance(65 * time.Minute)
	if synced(t, w, obj, v1alpha1.ReasonSynced); !on() {
		t.Error("not repaired")
	}
	w.Edit(obj, func() { obj.Spec.DriftPolicy = v1alpha1.DriftPolicyReport })
	op.Settle()
	off()
	op.Advance(65 * time.Minute)
	if synced(t, w, obj, v1alpha1.ReasonDriftDetected); on() {
		t.Error("repaired against the policy")
	}
	w.Edit(obj, func() { obj.Spec.IdentityKeyCheck = "" })
	op.Advance(65 * time.Minute)
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if n := numberOps(w, graphsim.OpUpdateSettings); n != 2 || string(atMeta(t, w).Calling) != someCalling {
		t.Errorf("%d writes; calling %s", n, atMeta(t, w).Calling)
	}
	w.CheckInvariants()
}

// TestCallingRefused: Meta's words reach the condition, the same isn't sent again, and the other sections are managed.
func TestCallingRefused(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	w.Sim.SetMessagingLimit(harness.AccountID, "TIER_250")
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) {
		eastSIP(s)
		aboutOpen(s)
		s.Calling.Status = v1alpha1.SettingStatusEnabled
	})
	op.Settle()
	op.Advance(3 * time.Hour)
	synced(t, w, obj, v1alpha1.ReasonInvalidSpec)
	if n := numberOps(w, graphsim.OpUpdateSettings); n != 1 || atMeta(t, w).Profile.About != "Open daily" {
		t.Errorf("%d writes; profile %+v", n, atMeta(t, w).Profile)
	}
	w.CheckInvariants()
}

// TestSearchVisibility: what a person chose in WhatsApp Manager is shown at the next observation, at no further call.
func TestSearchVisibility(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, func(*v1alpha1.PhoneNumberSpec) {})
	op.Settle()
	if w.Reload(obj); obj.Status.SearchVisibility != "VISIBLE" {
		t.Errorf("status: %q", obj.Status.SearchVisibility)
	}
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.Hidden = true })
	op.Observe()
	if w.Reload(obj); obj.Status.SearchVisibility != "HIDDEN" || w.Sim.Stats().ByOp[graphsim.OpReadNumber] != 0 {
		t.Errorf("status: %q; calls %v", obj.Status.SearchVisibility, w.Sim.Stats().ByOp)
	}
}
