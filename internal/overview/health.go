// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

const (
	// notSeenAfter is how long a new resource may have no status, or be in deletion, before that is a finding.
	notSeenAfter = 10 * time.Minute
	// briefLimit is how long a brief condition may last.
	briefLimit = time.Hour
	// overdueAfter is how long something may go on after its expected end.
	overdueAfter = 24 * time.Hour
)

// brief are reasons of conditions that normally end within minutes.
var brief = []string{v1alpha1.ReasonTransientError, v1alpha1.ReasonProgressing, v1alpha1.ReasonPending, reasonDeleting}

// vague are reasons with which Ready only repeats that something is wrong.
var vague = []string{v1alpha1.ReasonProgressing, v1alpha1.ReasonPending, v1alpha1.ReasonNotSubscribed, v1alpha1.ReasonNotRegistered}

// evaluation collects the findings about one resource.
type evaluation struct {
	kind       string
	now        time.Time
	generation int64
	common     *v1alpha1.CommonStatus
	findings   []Finding
}

// judge is the only place that says what isn't well about a resource.
func judge(obj v1alpha1.Asset, now time.Time) []Finding {
	kind, common := obj.KindName(), obj.CommonStatus()
	j := &evaluation{kind: kind, now: now, generation: obj.GetGeneration(), common: common}
	if at := obj.GetDeletionTimestamp(); at != nil {
		message := "being deleted"
		if c := meta.FindStatusCondition(common.Conditions, v1alpha1.ConditionSynced); c != nil && c.Status == metav1.ConditionFalse {
			message += ": " + c.Message
		}
		j.add(Finding{Reason: reasonDeleting, Message: message, Since: at})
	}
	if common.ObservedGeneration < 0 || meta.FindStatusCondition(common.Conditions, v1alpha1.ConditionReady) == nil {
		j.notSeen(obj)
		return j.done()
	}
	if common.ObservedGeneration < j.generation {
		j.add(Finding{Reason: reasonBehind, Message: "the operator hasn't processed the newest change of the spec yet"})
	}
	adapters[kind].judge(j, obj)
	for i := range common.Conditions {
		j.condition(&common.Conditions[i])
	}
	j.ready()
	return j.done()
}

// notSeen adds that no operator has reconciled the resource yet.
func (j *evaluation) notSeen(obj v1alpha1.Asset) {
	created := obj.GetCreationTimestamp()
	f := Finding{Reason: reasonNotSeen, Message: "no operator has seen this resource yet: does one run, and watch this namespace and these labels?", Since: &created}
	if j.now.Sub(created.Time) < notSeenAfter {
		f.Severity = Info
	}
	j.add(f)
}

// add judges a finding by the rules, unless its severity is set.
func (j *evaluation) add(f Finding) {
	r := ruleOf(j.kind, f.Condition, f.Reason)
	f.Severity = cmp.Or(f.Severity, r.severity)
	if f.Severity == Info && (j.overdue(&f) || j.stalled(&f)) {
		f.Severity = Warning
	}
	if f.Severity != OK {
		f.Message, f.Help = terminal.Plain(f.Message), r.address(f.Condition)
		j.findings = append(j.findings, f)
	}
}

// overdue reports whether a brief condition lasts too long.
func (j *evaluation) overdue(f *Finding) bool {
	if f.Until != nil && j.now.Sub(f.Until.Time) > overdueAfter {
		return true
	}
	return f.Since != nil && f.Until == nil && slices.Contains(brief, f.Reason) && j.now.Sub(f.Since.Time) > briefLimit
}

// stalled reports whether the operator waits for a user because of this.
func (j *evaluation) stalled(f *Finding) bool {
	c := meta.FindStatusCondition(j.common.Conditions, v1alpha1.ConditionStalled)
	return f.Condition != "" && c != nil && c.Status == metav1.ConditionTrue && c.Reason == f.Reason
}

// condition judges one condition.
func (j *evaluation) condition(c *metav1.Condition) {
	switch c.Type {
	case v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled:
		return // they sum up
	case v1alpha1.ConditionPolicyCompliant:
		return // account has it, with dates
	case v1alpha1.ConditionSynced:
		if c.ObservedGeneration < j.generation {
			return // about an older spec
		}
	}
	troubled := c.Status == metav1.ConditionFalse || c.Reason == v1alpha1.ReasonExpiringSoon || c.Reason == v1alpha1.ReasonLimited ||
		c.Reason == v1alpha1.ReasonCurrencyDeadline
	if !troubled || j.explained(c) {
		return
	}
	f := Finding{Condition: c.Type, Reason: c.Reason, Message: c.Message, Since: &c.LastTransitionTime}
	if c.Type == v1alpha1.ConditionSynced {
		f.Until = j.common.NextAttemptTime
	}
	j.add(f)
}

// explained reports that another condition says the same, and better.
func (j *evaluation) explained(c *metav1.Condition) bool {
	is := func(kind string, status metav1.ConditionStatus) bool {
		return meta.IsStatusConditionPresentAndEqual(j.common.Conditions, kind, status)
	}
	switch c.Type {
	case v1alpha1.ConditionSynced:
		return c.Reason == v1alpha1.ReasonPermissionDenied && is(v1alpha1.ConditionCredentialsValid, metav1.ConditionFalse)
	case v1alpha1.ConditionVerified: // a code is needed only on the way to the registration
		return is(v1alpha1.ConditionRegistered, metav1.ConditionTrue) || j.inProgress()
	case v1alpha1.ConditionRegistered, v1alpha1.ConditionSubscribed:
		return j.inProgress()
	}
	return false
}

// inProgress reports whether the condition Synced says what the resource waits for.
func (j *evaluation) inProgress() bool {
	conditions := j.common.Conditions
	ready, synced := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady), meta.FindStatusCondition(conditions, v1alpha1.ConditionSynced)
	return synced != nil && synced.Status == metav1.ConditionFalse &&
		(ready.Reason == synced.Reason || meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling))
}

// ready adds why the resource isn't ready, where nothing else says it.
func (j *evaluation) ready() {
	c := meta.FindStatusCondition(j.common.Conditions, v1alpha1.ConditionReady)
	if c.Status == metav1.ConditionTrue || len(j.findings) > 0 && (slices.Contains(vague, c.Reason) || c.ObservedGeneration < j.generation) {
		return
	}
	if s := meta.FindStatusCondition(j.common.Conditions, v1alpha1.ConditionSynced); s != nil && s.Reason == c.Reason && j.explained(s) {
		return
	}
	j.add(Finding{Condition: c.Type, Reason: c.Reason, Message: c.Message, Since: &c.LastTransitionTime})
}

// covers names reasons that only follow from another one.
var covers = map[string][]string{
	reasonBanned: {v1alpha1.ReasonBlocked, v1alpha1.ReasonAccountBlocked}, reasonDisconnected: {v1alpha1.ReasonNotRegistered},
}

// done returns the findings, the worst first. Of each reason it keeps the worst, and of equals the first, which has dates.
func (j *evaluation) done() []Finding {
	slices.SortStableFunc(j.findings, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
	seen := map[string]bool{}
	for _, f := range j.findings {
		for _, reason := range covers[f.Reason] {
			seen[reason] = true
		}
	}
	return slices.DeleteFunc(j.findings, func(f Finding) bool {
		again := seen[f.Reason]
		seen[f.Reason] = true
		return again
	})
}

// worst is the severity of the worst finding.
func worst(findings []Finding) Severity {
	if len(findings) == 0 {
		return OK
	}
	return findings[0].Severity
}

// consequences are reasons with which a resource only repeats a problem of its account.
var consequences = []string{
	v1alpha1.ReasonAccountNotReady, v1alpha1.ReasonAccountBlocked, v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonBulkChangeHeld,
}

// causes reports that what is wrong with an account makes its resources show a reason.
func (f *Finding) causes(reason string) bool {
	if !f.Severity.needsPerson() {
		return false
	}
	return f.Reason == reason || f.Condition == v1alpha1.ConditionCredentialsValid && reason == v1alpha1.ReasonPermissionDenied
}

// downgradeConsequences lowers findings of a resource that follow from findings of its account: one cause, one alarm. If the
// account can't be read, they stay as they are.
func downgradeConsequences(account *Account, r *Resource) {
	if account.Missing == reasonForbidden {
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Reason == v1alpha1.ReasonAccountNotReady {
				f.Severity = Warning
			}
		}
	} else if account.Severity.needsPerson() {
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Condition != v1alpha1.ConditionSynced && f.Condition != v1alpha1.ConditionReady {
				continue
			}
			if slices.Contains(consequences, f.Reason) || slices.ContainsFunc(account.Findings, func(a Finding) bool { return a.causes(f.Reason) }) {
				f.Severity = Info
			}
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return rank[a.Severity] - rank[b.Severity] })
	r.Severity = worst(r.Findings)
}
