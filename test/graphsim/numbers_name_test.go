// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"net/url"
	"testing"
	"time"
)

func TestFirstNames(t *testing.T) {
	cases := []struct{ name, limit, before, after, reason string }{
		{"Acme Support", "TIER_2K", "PENDING_REVIEW", "APPROVED", ""},
		{"Acme Support", "TIER_250", "NONE", "AVAILABLE_WITHOUT_REVIEW", ""},
		{"WhatsApp Helpers", "TIER_2K", "PENDING_REVIEW", "DECLINED", "NAME_NOT_CONSISTENT"},
		{"12345", "TIER_250", "NONE", "DECLINED", "NAME_FORMAT_UNACCEPTABLE"},
	}
	for _, c := range cases {
		t.Run(c.name+" "+c.limit, func(t *testing.T) {
			f := newNumbers(t)
			f.sim.SetMessagingLimit(testWABA, c.limit)
			id := f.addNumber(c.name)
			f.clock.Step(defaultNameReview - time.Second)
			f.same(f.fields(id, "name_status,certificate"), map[string]any{"name_status": c.before, "certificate": nil})
			f.clock.Step(time.Second)
			f.same(f.fields(id, "name_status"), map[string]any{"name_status": c.after})
			if n := f.number(id); n.NameReason != c.reason {
				t.Errorf("reason %q", n.NameReason)
			}
		})
	}
}

func TestNameReviewDelays(t *testing.T) {
	f := newNumbers(t, WithNameReviewDelay(0))
	id := f.addNumber("Acme Support")
	f.same(f.fields(id, "name_status"), map[string]any{"name_status": "APPROVED"})
	f = newNumbers(t, WithNameReviewDelay(-1))
	id = f.addNumber("Acme Support")
	f.clock.Step(365 * 24 * time.Hour)
	f.same(f.fields(id, "name_status"), map[string]any{"name_status": "PENDING_REVIEW"})
	if err := f.sim.DecideName(id, NameDecision{Status: "DEFERRED"}); err != nil {
		t.Error(err)
	}
	f.same(f.fields(id, "name_status"), map[string]any{"name_status": "DEFERRED"})
	if f.sim.DecideName("1", NameDecision{Status: "APPROVED"}) == nil || f.sim.DecideName(id, NameDecision{}) == nil {
		t.Error("a decision about nothing, or for nothing")
	}
}

func TestRename(t *testing.T) {
	for at, want := range map[NameSwitch]string{NameSwitchAtOnce: "Acme Ltd", NameSwitchRegister: "Acme Garden"} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			f := newNumbers(t, WithNameSwitch(at))
			id := f.first()
			f.must(f.post(id+"?new_display_name="+url.QueryEscape("Acme Ltd"), nil))
			f.same(f.fields(id, "verified_name,name_status,new_display_name,new_name_status"), map[string]any{
				"verified_name": "Acme Garden", "name_status": "APPROVED", "new_display_name": "Acme Ltd", "new_name_status": "PENDING_REVIEW",
			})
			f.must(f.register(id, testPIN)) // too early: changes nothing
			f.clock.Step(defaultNameReview)
			f.same(f.fields(id, "verified_name"), map[string]any{"verified_name": want})
			f.must(f.register(id, testPIN))
			f.same(f.fields(id, "verified_name,name_status,new_display_name,new_name_status"), map[string]any{
				"verified_name": "Acme Ltd", "name_status": "APPROVED", "new_display_name": nil, "new_name_status": nil,
			})
		})
	}
}

func TestApprovedRenameExpires(t *testing.T) {
	f := newNumbers(t, WithNameSwitch(NameSwitchRegister))
	id := f.first()
	f.must(f.post(id, map[string]any{"new_display_name": "Acme Ltd"}))
	f.clock.Step(defaultNameReview)
	f.same(f.fields(id, "new_name_status"), map[string]any{"new_name_status": "APPROVED"})
	f.clock.Step(certificateAge)
	f.must(f.register(id, testPIN))
	f.same(f.fields(id, "verified_name,new_name_status"), map[string]any{"verified_name": "Acme Garden", "new_name_status": "EXPIRED"})
}

func TestDeclinedRename(t *testing.T) {
	f := newNumbers(t, WithNameReviewDelay(-1))
	id := f.first()
	f.must(f.post(id, map[string]any{"new_display_name": "Acme Ltd"}))
	if err := f.sim.DecideName(id, NameDecision{Status: "DECLINED", Reason: "NAME_NOT_CONSISTENT"}); err != nil {
		t.Error(err)
	}
	f.same(f.fields(id, "verified_name,name_status,new_display_name,new_name_status"), map[string]any{
		"verified_name": "Acme Garden", "name_status": "APPROVED", "new_display_name": "Acme Ltd", "new_name_status": "DECLINED",
	})
}

func TestRenameBudget(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	for i := range renameLimit {
		f.must(f.post(id, map[string]any{"new_display_name": fmt.Sprint("Acme ", i)}))
	}
	body := map[string]any{"new_display_name": "Acme Ltd"}
	f.refused(f.post(id, body), 100, 0)
	f.clock.Step(renameWindow)
	f.must(f.post(id, body))
	f.refused(f.post(id, map[string]any{"new_display_name": "A"}), 100, 0)
	if n := f.sim.Stats(); n.ByNumber[id][OpRenameNumber] != 13 || n.CommittedByNumber[id][OpRenameNumber] != 11 {
		t.Errorf("%+v", n.ByNumber)
	}
}

func TestRaisedLimitStartsReviews(t *testing.T) {
	f := newNumbers(t)
	f.sim.SetMessagingLimit(testWABA, "TIER_250")
	f.sim.UpdateNumber(f.first(), func(n *Number) { n.NameStatus = "AVAILABLE_WITHOUT_REVIEW" })
	f.sim.SetMessagingLimit(testWABA, "TIER_2K")
	f.same(f.fields(f.first(), "name_status,status,whatsapp_business_manager_messaging_limit"), map[string]any{
		"name_status": "PENDING_REVIEW", "status": "CONNECTED", "whatsapp_business_manager_messaging_limit": "TIER_2K",
	})
	f.clock.Step(defaultNameReview)
	f.same(f.fields(f.first(), "name_status"), map[string]any{"name_status": "APPROVED"})
}
