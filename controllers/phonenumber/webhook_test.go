// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"reflect"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

func TestUnitFactsOfNumbers(t *testing.T) {
	fields := []string{facts.MarkNumberName, facts.MarkNumberQuality, facts.MarkNumberUsername}
	type name struct{ verified, status, next, nextStatus string }
	for what, c := range map[string]struct {
		decision, requested string
		seen, want          name
	}{
		"the name in use":     {"REJECTED", "Acme", name{verified: "Acme", status: "PENDING_REVIEW"}, name{"Acme", "DECLINED", "", ""}},
		"no name given":       {"APPROVED", "", name{verified: "Acme", status: "PENDING_REVIEW"}, name{"Acme", "APPROVED", "", ""}},
		"the name that waits": {"REJECTED", "Acme Two", name{"Acme", "APPROVED", "Acme Two", "PENDING_REVIEW"}, name{"Acme", "APPROVED", "Acme Two", "DECLINED"}},
		"one requested since": {"DEFERRED", "Acme Two", name{verified: "Acme", status: "APPROVED"}, name{"Acme", "APPROVED", "Acme Two", "PENDING_REVIEW"}},
		"a new word":          {"POSTPONED", "Acme", name{verified: "Acme", status: "APPROVED"}, name{"Acme", "APPROVED", "", ""}},
	} {
		s := &v1alpha1.PhoneNumberStatus{
			VerifiedName: c.seen.verified, NameStatus: c.seen.status, NewDisplayName: c.seen.next, NewNameStatus: c.seen.nextStatus,
			Username: "acme", UsernameStatus: "RESERVED", MessagingLimit: "TIER_2K", ThroughputLevel: "STANDARD",
			Webhook: &v1alpha1.PhoneNumberWebhookStatus{
				Events: lifecycletest.EventsAt(0, fields...), NameDecision: c.decision, RequestedName: c.requested, NameRejectionReason: "NAME_FORMAT_UNACCEPTABLE",
				MessagingLimit: "TIER_UNLIMITED", QualityEvent: throughputUpgrade, Username: "acme", UsernameStatus: "APPROVED",
			},
		}
		late := s.DeepCopy()
		overlayNumber(late, lifecycle.Freshness{ObservedAt: lifecycletest.At(60)}, lifecycle.Freshness{ObservedAt: lifecycletest.At(60)}, true)
		if !reflect.DeepEqual(late, s) {
			t.Errorf("%s: wins over a later observation: %+v", what, late)
		}
		overlayNumber(s, lifecycle.Freshness{ObservedAt: lifecycletest.At(59)}, lifecycle.Freshness{ObservedAt: lifecycletest.At(59)}, true)
		if got := (name{s.VerifiedName, s.NameStatus, s.NewDisplayName, s.NewNameStatus}); got != c.want {
			t.Errorf("%s: %+v", what, got)
		}
		if s.MessagingLimit != "TIER_UNLIMITED" || s.ThroughputLevel != "HIGH" || s.UsernameStatus != "APPROVED" {
			t.Errorf("%s: %+v", what, s)
		}
		set := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		displayName(s, set)
		declined := s.NameStatus == metavalues.NameDeclined || s.NewNameStatus == metavalues.NameDeclined
		if strings.Contains(set.List()[0].Message, "NAME_FORMAT_UNACCEPTABLE") != declined {
			t.Errorf("%s: %s", what, set.List()[0].Message)
		}
	}
	gone := &v1alpha1.PhoneNumberStatus{Username: "acme", UsernameStatus: "APPROVED", Webhook: &v1alpha1.PhoneNumberWebhookStatus{
		Events: lifecycletest.EventsAt(0, fields...), Username: "acme", UsernameStatus: "DELETED",
	}}
	if overlayNumber(gone, lifecycle.Freshness{}, lifecycle.Freshness{}, true); gone.Username != "" || gone.UsernameStatus != "" {
		t.Errorf("a deleted user name: %+v", gone)
	}
	unnamed := &v1alpha1.PhoneNumberStatus{Webhook: &v1alpha1.PhoneNumberWebhookStatus{
		Events: lifecycletest.EventsAt(0, fields...), Username: "acme", UsernameStatus: "APPROVED",
	}}
	if overlayNumber(unnamed, lifecycle.Freshness{}, lifecycle.Freshness{}, false); unnamed.Username != "" {
		t.Error("a user name that the spec doesn't name")
	}
}
