// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// judged is the status with what Meta says now: what webhooks reported is judged by the newest observation.
func (e *evidence) judged() *v1alpha1.WABAStatus {
	s := e.waba.Status.DeepCopy()
	if e.snapshot != nil {
		s.Health, s.LastObservedTime = e.health(), &metav1.Time{Time: e.snapshot.AccountSection.Begun}
	}
	return s
}

func (e *evidence) standing() Standing {
	out := Standing{Restrictions: []Event{}, Violations: []Event{}, Alerts: []Event{}, Events: []Event{}}
	w := e.waba.Status.Webhook
	switch {
	case !e.clustered:
		out.Unknown = "only webhooks report it, and no cluster was read in which the operator receives them"
	case w == nil || len(w.Events) == 0:
		out.Unknown = "only webhooks report it, and none about this account has ever reached the operator"
	}
	if out.Unknown != "" {
		e.gap("Restrictions, violations, bans and alerts", out.Unknown)
	}
	if w == nil {
		return out
	}
	if out.Unknown == "" {
		e.inherentGap("What Meta reported before the operator received the account's webhooks, or while it didn't", "Meta reports it once; it can't be read again")
	}
	for i := range w.Events {
		if t := utc(&w.Events[i].Time); t != nil && (out.LastEvent == nil || t.After(*out.LastEvent)) {
			out.LastEvent = t
		}
	}
	e.judgements(&out, w)
	for _, a := range w.Alerts {
		out.Alerts = append(out.Alerts, Event{
			Type: a.Type, State: a.Status, Time: utc(&a.Time), Subject: joinWords(a.EntityType, a.EntityID), Detail: joinWords(a.Severity, a.Description),
		})
	}
	for _, x := range w.AccountEvents {
		out.Events = append(out.Events, Event{Type: x.Event, Time: utc(&x.Time), Detail: x.Detail})
	}
	return out
}

// judgements adds what Meta holds against the account, and whether it still does.
func (e *evidence) judgements(out *Standing, w *v1alpha1.WABAWebhookStatus) {
	s := e.judged()
	inForce, counting := standing.Restrictions(s, e.now), standing.Violations(s, e.now)
	for _, r := range w.Restrictions {
		state := stateOf(slices.ContainsFunc(inForce, func(x v1alpha1.Restriction) bool { return sameRestriction(x, r) }))
		out.Restrictions = append(out.Restrictions, Event{Type: r.Type, State: state, Time: utc(r.Time), Expires: utc(r.ExpirationTime), Detail: r.Remediation})
	}
	for _, v := range w.Violations {
		state := StatePast
		if slices.ContainsFunc(counting, func(x *v1alpha1.Violation) bool { return *x == v }) {
			state = StateRecent
		}
		out.Violations = append(out.Violations, Event{Type: v.Type, State: state, Time: utc(&v.Time), Subject: v.PhoneNumber})
	}
	if w.Ban != nil {
		out.Ban = &Event{Type: w.Ban.State, State: stateOf(standing.Ban(s, e.now) != ""), Expires: utc(w.Ban.Time)}
	}
}

func sameRestriction(a, b v1alpha1.Restriction) bool {
	return a.Type == b.Type && a.Time.Equal(b.Time) && a.ExpirationTime.Equal(b.ExpirationTime)
}

func stateOf(inForce bool) string {
	if inForce {
		return StateInForce
	}
	return StateOver
}

func joinWords(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + " " + b
}

// within reports that a time lies ahead, but not further than d.
func within(t, now time.Time, d time.Duration) bool { return t.After(now) && t.Before(now.Add(d)) }
