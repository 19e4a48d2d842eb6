// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package standing evaluates an account's standing with Meta at present: what webhooks reported about it, unless it is over or an
// observation disproved it, and apps that aren't approved.
package standing

import (
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
)

// States of a ban.
const (
	BanScheduled  = "SCHEDULE_FOR_DISABLE"
	BanDisabled   = "DISABLE"
	BanReinstated = "REINSTATE"
)

const (
	// ViolationMemory is how long a violation of Meta's policies counts: Meta reports no end of it.
	ViolationMemory = 30 * 24 * time.Hour
	// banDelay is how long a ban may come later than on the day for which it is scheduled.
	banDelay = 24 * time.Hour
)

// outweighs reports whether an event outweighs the last observation of the account.
func outweighs(s *v1alpha1.WABAStatus, field string) bool {
	if s.Webhook == nil {
		return false
	}
	var observed time.Time
	if s.LastObservedTime != nil {
		observed = s.LastObservedTime.Time
	}
	return facts.Outweighs(facts.EventOf(s.Webhook.Events, field), observed)
}

// disproved reports whether a later observation shows nothing of an event about the account's standing.
func disproved(s *v1alpha1.WABAStatus, field string) bool {
	return !outweighs(s, field) && available(s.Health)
}

// available reports whether Meta sees no obstacle to messages.
func available(h *v1alpha1.HealthStatus) bool {
	if h == nil {
		return false
	}
	for _, e := range h.Entities {
		if e.CanSendMessage != "AVAILABLE" {
			return false
		}
	}
	return len(h.Entities) > 0 || h.CanSendMessage == "AVAILABLE"
}

// Restrictions are those in force: until their end, and without one until Meta shows the account as available.
func Restrictions(s *v1alpha1.WABAStatus, now time.Time) []v1alpha1.Restriction {
	var out []v1alpha1.Restriction
	if s.Webhook == nil {
		return nil
	}
	for _, r := range s.Webhook.Restrictions {
		if r.ExpirationTime == nil && disproved(s, facts.MarkRestriction) || r.ExpirationTime != nil && !r.ExpirationTime.After(now) {
			continue
		}
		out = append(out, r)
	}
	return out
}

// Ban is the ban in force or announced, "" when there is none. A lost event about a reinstatement doesn't block an account for
// ever.
func Ban(s *v1alpha1.WABAStatus, now time.Time) string {
	if s.Webhook == nil || s.Webhook.Ban == nil {
		return ""
	}
	switch ban := s.Webhook.Ban; {
	case ban.State == BanReinstated:
		return ""
	case ban.State == BanScheduled && banExpected(s.Webhook, now):
		return ban.State // a ban that isn't visible yet may still come
	case disproved(s, facts.MarkBan):
		return ""
	default:
		return ban.State
	}
}

// banExpected reports whether an announced ban may still come. If its day isn't known it is expected as long as a violation
// counts.
func banExpected(w *v1alpha1.WABAWebhookStatus, now time.Time) bool {
	if w.Ban.Time != nil {
		return now.Before(w.Ban.Time.Add(banDelay))
	}
	e := facts.EventOf(w.Events, facts.MarkBan)
	return e == nil || now.Sub(facts.ReceivedAt(e)) < ViolationMemory
}

// Violations are those within ViolationMemory.
func Violations(s *v1alpha1.WABAStatus, now time.Time) []*v1alpha1.Violation {
	if s.Webhook == nil {
		return nil
	}
	var out []*v1alpha1.Violation
	for i := range s.Webhook.Violations {
		if v := &s.Webhook.Violations[i]; now.Sub(v.Time.Time) < ViolationMemory {
			out = append(out, v)
		}
	}
	return out
}

// NewestViolation that still counts, nil when there is none.
func NewestViolation(s *v1alpha1.WABAStatus, now time.Time) *v1alpha1.Violation {
	var newest *v1alpha1.Violation
	for _, v := range Violations(s, now) {
		if newest == nil || !v.Time.Before(&newest.Time) {
			newest = v
		}
	}
	return newest
}

// Deleted reports whether Meta announced the account's end, and no observation saw the account since.
func Deleted(s *v1alpha1.WABAStatus) bool { return outweighs(s, facts.MarkAccountDeleted) }

// UnapprovedApps lists apps that receive the account's webhooks without being named in the spec, as "id name". Without a list
// in the spec nothing is reported.
func UnapprovedApps(waba *v1alpha1.WABA) []string {
	if len(waba.Spec.ApprovedApps) == 0 {
		return nil
	}
	known := map[string]bool{}
	for _, a := range waba.Spec.ApprovedApps {
		known[a.ID] = true
	}
	if creds := waba.Status.Credentials; creds != nil {
		known[creds.AppID] = true
	}
	var out []string
	for _, a := range waba.Status.SubscribedApps {
		if !known[a.ID] {
			out = append(out, strings.TrimSpace(a.ID+" "+a.Name))
		}
	}
	return out
}

// RestrictedAddNumber is the restriction under which no number can be added to the account.
const RestrictedAddNumber = "RESTRICTED_ADD_PHONE_NUMBER_ACTION"

// Restriction returns the restriction of a type that is in force, nil where there is none.
func Restriction(s *v1alpha1.WABAStatus, kind string, now time.Time) *v1alpha1.Restriction {
	all := Restrictions(s, now)
	if i := slices.IndexFunc(all, func(r v1alpha1.Restriction) bool { return r.Type == kind }); i >= 0 {
		return &all[i]
	}
	return nil
}
