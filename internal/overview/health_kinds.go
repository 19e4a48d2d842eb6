// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/standing"
)

const (
	// usualInterval is how often an account is observed where neither spec nor status say it.
	usualInterval = 5 * time.Minute
	// observationSlack is added to three intervals, as in the alert WhatsAppAccountNotObserved.
	observationSlack = 10 * time.Minute
	// neverObservedAfter is how long a new account may take until its first observation.
	neverObservedAfter = 15 * time.Minute
	// usageNotice is at how many percent of Meta's quota the alert WhatsAppRateBudgetNearEnd begins.
	usageNotice = 80
	// limitNotice is at how many percent of the allowed templates the alert WhatsAppTemplateLimitNear begins.
	limitNotice = 90
	// versionNotice is how long before its end a version of the Graph API is reported.
	versionNotice = 90 * 24 * time.Hour
	// alertMemory is how long an alert of Meta's counts that wasn't withdrawn.
	alertMemory = 30 * 24 * time.Hour
)

// account adds what conditions don't say of an account, or not with dates.
func (j *evaluation) account(w *v1alpha1.WABA) {
	s := &w.Status
	j.standing(w)
	j.token(s)
	if s.Operator.HeldTime != nil {
		j.add(Finding{
			Reason: v1alpha1.ReasonBulkChangeHeld, Since: s.Operator.HeldTime,
			Message: "unusually many unrequested changes are held; look at the account, then release them with the annotation " + v1alpha1.AnnotationReleaseHeld,
		})
	}
	if r := s.RateLimit; r != nil && r.UsagePercent >= usageNotice {
		j.add(Finding{Reason: reasonRateUsage, Message: fmt.Sprintf("%d %% of Meta's hourly quota of calls is used", r.UsagePercent), Until: after(r.RegainAccessTime, j.now)})
	}
	if c := s.Templates; c != nil && c.Limit > 0 && int64(c.Total)*100 > int64(c.Limit)*limitNotice {
		j.add(Finding{Reason: reasonTemplateLimit, Message: fmt.Sprintf("the account has %d of the %d templates that Meta allows; delete some", c.Total, c.Limit)})
	}
	if end, known := graph.VersionEnd(w.Spec.GraphAPIVersion); known && end.Sub(j.now) < versionNotice {
		j.add(Finding{
			Reason: reasonGraphVersion, Message: fmt.Sprintf("Meta ends %s of the Graph API; set spec.graphAPIVersion to a later one", w.Spec.GraphAPIVersion),
			Until: &metav1.Time{Time: end},
		})
	}
	j.alerts(s)
	j.observation(w)
}

// standing adds bans, restrictions, violations and apps that aren't approved.
func (j *evaluation) standing(w *v1alpha1.WABA) {
	s := &w.Status
	compliant := v1alpha1.ConditionPolicyCompliant
	if state := standing.Ban(s, j.now); state != "" {
		message := "Meta has disabled the account (ban state " + state + "); appeal in Business Support Home"
		if state == standing.BanScheduled {
			message = "Meta is going to disable the account (ban state " + state + "); appeal in Business Support Home"
		}
		f := Finding{Condition: compliant, Reason: reasonBanned, Message: message, Until: after(s.Webhook.Ban.Time, j.now)}
		if e := facts.EventOf(s.Webhook.Events, facts.MarkBan); e != nil {
			f.Since = &e.Time
		}
		j.add(f)
	}
	if all := standing.Restrictions(s, j.now); len(all) > 0 {
		f := Finding{Condition: compliant, Reason: v1alpha1.ReasonRestricted, Since: all[0].Time, Until: all[0].ExpirationTime}
		texts := make([]string, 0, len(all))
		for _, r := range all {
			texts = append(texts, joined(r.Type, r.Remediation))
			if r.ExpirationTime == nil || f.Until != nil && r.ExpirationTime.After(f.Until.Time) {
				f.Until = r.ExpirationTime // until the last has ended
			}
		}
		f.Message = "restricted by Meta: " + strings.Join(texts, "; ")
		j.add(f)
	}
	if v := standing.NewestViolation(s, j.now); v != nil {
		j.add(Finding{
			Condition: compliant, Reason: v1alpha1.ReasonPolicyViolation, Since: &v.Time,
			Message: strings.TrimSuffix("violation of a policy: "+v.Type+" by "+v.PhoneNumber, " by ") + "; appeal in Business Support Home",
		})
	}
	if apps := standing.UnapprovedApps(w); len(apps) > 0 {
		f := Finding{
			Condition: compliant, Reason: v1alpha1.ReasonUnapprovedApp,
			Message: "subscribed apps outside spec.approvedApps: " + strings.Join(apps, ", ") + "; remove them at Meta, or approve them",
		}
		if c := meta.FindStatusCondition(s.Conditions, compliant); c != nil && c.Reason == v1alpha1.ReasonUnapprovedApp {
			f.Since = &c.LastTransitionTime
		}
		j.add(f)
	}
}

// token adds when the access token expires, or that it has expired since the last observation.
func (j *evaluation) token(s *v1alpha1.WABAStatus) {
	if s.Credentials == nil || s.Credentials.ExpirationTime == nil {
		return
	}
	c, ends := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionCredentialsValid), s.Credentials.ExpirationTime
	switch {
	case c == nil || c.Status == metav1.ConditionFalse:
	case !ends.After(j.now):
		j.add(Finding{
			Condition: c.Type, Reason: v1alpha1.ReasonCredentialsInvalid, Since: ends,
			Message: "the access token has expired; put a new one into the Secret",
		})
	case c.Reason == v1alpha1.ReasonExpiringSoon:
		j.add(Finding{Condition: c.Type, Reason: c.Reason, Message: c.Message, Since: &c.LastTransitionTime, Until: ends})
	}
}

// alerts adds Meta's alerts: of each kind and thing the newest, unless it was taken back.
func (j *evaluation) alerts(s *v1alpha1.WABAStatus) {
	if s.Webhook == nil {
		return
	}
	newest := map[string]*v1alpha1.Alert{}
	var order []string
	for i := range s.Webhook.Alerts {
		a := &s.Webhook.Alerts[i]
		key := a.Type + " " + a.EntityID
		if newest[key] == nil {
			order = append(order, key)
		}
		if newest[key] == nil || !a.Time.Before(&newest[key].Time) {
			newest[key] = a
		}
	}
	for _, key := range order {
		a := newest[key]
		if a.Status == "NONE" || j.now.Sub(a.Time.Time) > alertMemory {
			continue
		}
		f := Finding{Reason: v1alpha1.ReasonMetaAlert, Message: joined(a.Type, joined(strings.TrimSpace(a.EntityType+" "+a.EntityID), a.Description)), Since: &a.Time}
		if a.Severity == "CRITICAL" {
			f.Severity = Warning
		}
		j.add(f)
	}
}

// observation adds that what is shown may be old.
func (j *evaluation) observation(w *v1alpha1.WABA) {
	s := &w.Status
	if w.Spec.ManagementPolicy == v1alpha1.ManagementPolicyPaused || meta.IsStatusConditionFalse(s.Conditions, v1alpha1.ConditionCredentialsValid) {
		return // another finding has the reason why it isn't observed
	}
	if s.LastObservedTime == nil {
		created := w.CreationTimestamp
		if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionStalled); c == nil && j.now.Sub(created.Time) > neverObservedAfter {
			j.add(Finding{Reason: reasonNotObserved, Message: "the account was never observed; see the condition Synced and the operator's log", Since: &created})
		}
		return
	}
	interval := interval(w)
	if j.now.Sub(s.LastObservedTime.Time) > 3*interval+observationSlack {
		j.add(Finding{
			Reason: reasonNotObserved, Since: s.LastObservedTime,
			Message: "not observed for much longer than its interval of " + duration.HumanDuration(interval) + ", so that what is shown may be old: does the operator run?",
		})
	}
}

// interval is how often the account is observed.
func interval(w *v1alpha1.WABA) time.Duration {
	switch {
	case w.Status.EffectiveIntervalSeconds > 0:
		return time.Duration(w.Status.EffectiveIntervalSeconds) * time.Second
	case w.Spec.ObservationIntervalSeconds != nil:
		return time.Duration(*w.Spec.ObservationIntervalSeconds) * time.Second
	}
	return usualInterval
}

// number adds what a number's status at Meta means beyond its conditions.
func (j *evaluation) number(n *v1alpha1.PhoneNumber) {
	ready := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionReady)
	f := Finding{Message: "Meta shows the number as " + n.Status.Status, Since: &ready.LastTransitionTime}
	switch n.Status.Status {
	case "BANNED":
		f.Reason, f.Message = reasonBanned, "Meta has banned the number; see WhatsApp Manager and Business Support Home"
	case "DISCONNECTED", "UNVERIFIED", "MIGRATED", "DELETED":
		f.Reason, f.Message = reasonDisconnected, f.Message+": it can neither send nor receive"
	case "FLAGGED":
		f.Reason, f.Message = v1alpha1.ReasonFlagged, f.Message+": its quality is low, and Meta may limit it; look at what is sent"
		f.Since = nil // it is ready all the same
	default:
		return
	}
	j.add(f)
}

// template adds the dates that Meta gives to a template's status and to a change of its category.
func (j *evaluation) template(t *v1alpha1.MessageTemplate) {
	s := &t.Status
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if c.Status != metav1.ConditionFalse {
			continue
		}
		f := Finding{Condition: c.Type, Reason: c.Reason, Message: c.Message, Since: &c.LastTransitionTime}
		switch {
		case c.Type == v1alpha1.ConditionApproved:
			f.Until = s.StatusEndTime
			if s.StatusChangedTime != nil {
				f.Since = s.StatusChangedTime
			}
		case c.Reason == v1alpha1.ReasonFlagged && s.Webhook != nil:
			f.Until = s.Webhook.DisableTime
		case c.Reason == v1alpha1.ReasonReclassificationPlanned && s.Webhook != nil:
			f.Until = s.Webhook.CategoryChangeTime
		default:
			continue
		}
		j.add(f)
	}
}

// after returns a time only where it is still to come.
func after(t *metav1.Time, now time.Time) *metav1.Time {
	if t == nil || !t.After(now) {
		return nil
	}
	return t
}

// joined puts a colon between two texts, where there are two.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}
