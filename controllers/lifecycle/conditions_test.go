// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// broken returns which rule of the conditions is broken, "" for none.
func broken(cs []metav1.Condition, generation int64) string {
	ready := meta.FindStatusCondition(cs, v1alpha1.ConditionReady)
	synced := meta.FindStatusCondition(cs, v1alpha1.ConditionSynced)
	reconciling := meta.FindStatusCondition(cs, v1alpha1.ConditionReconciling)
	stuck := meta.FindStatusCondition(cs, v1alpha1.ConditionStalled)
	switch {
	case ready == nil || synced == nil:
		return "Ready and Synced must always be there"
	case reconciling != nil && stuck != nil:
		return "Reconciling and Stalled exclude each other"
	case ready.Status == metav1.ConditionTrue && stuck != nil:
		return "Ready=True excludes Stalled"
	case ready.Status == metav1.ConditionTrue && reconciling != nil:
		return "Ready=True excludes Reconciling"
	case reconciling != nil && reconciling.Status != metav1.ConditionTrue, stuck != nil && stuck.Status != metav1.ConditionTrue:
		return "Reconciling and Stalled are there only while true"
	}
	seen := map[string]bool{}
	for _, c := range cs {
		switch {
		case seen[c.Type]:
			return c.Type + " is there twice"
		case c.Reason == "" || c.LastTransitionTime.IsZero():
			return c.Type + " has no reason or no time"
		case c.ObservedGeneration != generation:
			return c.Type + " is about another generation"
		case utf8.RuneCountInString(c.Message) > metavalues.MessageLimit || !utf8.ValidString(c.Message):
			return c.Type + " has an unfit message"
		}
		seen[c.Type] = true
	}
	return ""
}

func TestUnitConditionsKeepTheirInvariants(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	flip := func() bool { return random.IntN(2) == 0 }
	pick := func(options ...string) string { return options[random.IntN(len(options))] }
	statuses := []metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown}
	var previous []metav1.Condition
	for i := range int64(20000) {
		o := &Result{
			synced: statuses[random.IntN(2)], reason: pick("Synced", "Paused", "InvalidSpec", "RateLimited", "AccountNotReady", "InReview"),
			message: strings.Repeat("é", random.IntN(1200)), unaffected: flip(), shown: flip(), backoff: flip(),
		}
		r := Readiness{
			Status: statuses[random.IntN(3)], Reason: pick("Approved", "InReview", "Rejected", "Unknown"), Message: pick("a", "b"),
		}
		c := NewConditions(previous, i, lifecycletest.Start.Add(time.Duration(i)*time.Second))
		for _, kind := range []string{v1alpha1.ConditionApproved, v1alpha1.ConditionQualityHealthy} {
			if flip() {
				c.Set(kind, statuses[random.IntN(3)], "Some", "m")
			}
		}
		c.Summarize(o, r)
		next := c.List()
		if rule := broken(next, i); rule != "" {
			t.Fatalf("%s: result %+v, readiness %+v, conditions %+v", rule, o, r, next)
		}
		for _, cond := range next {
			old := meta.FindStatusCondition(previous, cond.Type)
			kept := old != nil && old.Status == cond.Status
			if kept && !cond.LastTransitionTime.Equal(&old.LastTransitionTime) || !kept && !cond.LastTransitionTime.Time.Equal(c.now) {
				t.Fatalf("%s: transition time %s after %+v", cond.Type, cond.LastTransitionTime, old)
			}
		}
		previous = next
	}
}

func TestUnitSummarize(t *testing.T) {
	ready := Readiness{Status: metav1.ConditionTrue, Reason: "Approved", Message: "can be used"}
	review := Readiness{Status: metav1.ConditionFalse, Reason: "InReview", Message: "in review"}
	rejected := Readiness{Status: metav1.ConditionFalse, Reason: "Rejected", Message: "rejected"}
	unseen := Readiness{Status: metav1.ConditionFalse, Reason: "Progressing", Message: "not at Meta yet"}
	for name, c := range map[string]struct {
		o    *Result
		r    Readiness
		want string // type=status/reason, in order
	}{
		"in use":                     {Done("m"), ready, "Ready=True/Approved Synced=True/Synced"},
		"in review":                  {Done("m"), review, "Ready=False/InReview Synced=True/Synced Reconciling=True/InReview"},
		"rejected":                   {Done("m"), rejected, "Ready=False/Rejected Synced=True/Synced Stalled=True/Rejected"},
		"the spec is wrong":          {NotSynced("InvalidSpec", "m"), ready, "Ready=False/InvalidSpec Synced=False/InvalidSpec Stalled=True/InvalidSpec"},
		"the spec waits":             {Waiting("QuotaExceeded", "m", 1), ready, "Ready=False/QuotaExceeded Synced=False/QuotaExceeded Reconciling=True/QuotaExceeded"},
		"the account waits":          {Waiting("RateLimited", "m", 1).AssetUnaffected(), ready, "Ready=True/Approved Synced=False/RateLimited"},
		"both wait":                  {Waiting("RateLimited", "m", 1).AssetUnaffected(), review, "Ready=False/InReview Synced=False/RateLimited Reconciling=True/RateLimited"},
		"paused while in use":        {pausedResult(), ready, "Ready=True/Approved Synced=False/Paused"},
		"paused while in review":     {pausedResult(), review, "Ready=False/InReview Synced=False/Paused Reconciling=True/InReview"},
		"paused while rejected":      {pausedResult(), rejected, "Ready=False/Rejected Synced=False/Paused"},
		"paused before it was seen":  {pausedResult(), unseen, "Ready=False/Paused Synced=False/Paused"},
		"a person is awaited":        {Waiting("ActionRequired", "m", 1), unseen, "Ready=False/ActionRequired Synced=False/ActionRequired Stalled=True/ActionRequired"},
		"awaited while in use":       {NotSynced("ActionRequired", "m").AssetUnaffected(), ready, "Ready=True/Approved Synced=False/ActionRequired"},
		"held":                       {bulkChangeHeld(), unseen, "Ready=False/BulkChangeHeld Synced=False/BulkChangeHeld Stalled=True/BulkChangeHeld"},
		"drifted":                    {NotSynced("DriftDetected", "m").AssetUnaffected(), ready, "Ready=True/Approved Synced=False/DriftDetected"},
		"drifted, in review":         {NotSynced("DriftDetected", "m").AssetUnaffected(), review, "Ready=False/InReview Synced=False/DriftDetected Stalled=True/DriftDetected"},
		"drifted, rejected":          {NotSynced("DriftDetected", "m").AssetUnaffected(), rejected, "Ready=False/Rejected Synced=False/DriftDetected Stalled=True/DriftDetected"},
		"contested, rejected":        {Waiting("Contested", "m", 1).AssetUnaffected(), rejected, "Ready=False/Rejected Synced=False/Contested Stalled=True/Contested"},
		"another account, in use":    {NotSynced("AccountChanged", "m").AssetUnaffected(), ready, "Ready=True/Approved Synced=False/AccountChanged"},
		"another account, in review": {NotSynced("AccountChanged", "m").AssetUnaffected(), review, "Ready=False/InReview Synced=False/AccountChanged Stalled=True/AccountChanged"},
	} {
		set := NewConditions(nil, 3, lifecycletest.Start)
		set.Summarize(c.o, c.r)
		var got []string
		for _, cond := range set.List() {
			got = append(got, cond.Type+"="+string(cond.Status)+"/"+cond.Reason)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, text, c.want)
		}
		if rule := broken(set.List(), 3); rule != "" {
			t.Errorf("%s: %s", name, rule)
		}
	}
}

func TestUnitConditionsAreBuiltFromScratch(t *testing.T) {
	before := NewConditions(nil, 1, lifecycletest.Start)
	before.Set(v1alpha1.ConditionApproved, metav1.ConditionTrue, "Approved", "m")
	before.Set(v1alpha1.ConditionVerified, metav1.ConditionTrue, "Verified", "old")
	after := NewConditions(before.List(), 2, lifecycletest.Start.Add(time.Hour))
	if after.KeepPrevious(v1alpha1.ConditionSubscribed) || !after.KeepPrevious(v1alpha1.ConditionVerified) {
		t.Error("only what was there can be kept")
	}
	got := after.List()
	if len(got) != 1 || got[0].Message != "old" || got[0].ObservedGeneration != 2 || !got[0].LastTransitionTime.Time.Equal(lifecycletest.Start) {
		t.Errorf("got %+v", got)
	}
	after.Set(v1alpha1.ConditionVerified, metav1.ConditionFalse, "NotVerified", "new")
	if got = after.List(); len(got) != 1 || got[0].Message != "new" || !got[0].LastTransitionTime.Time.Equal(lifecycletest.Start.Add(time.Hour)) {
		t.Errorf("got %+v", got)
	}
}
