// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/facts"
)

func TestUnitFactsYield(t *testing.T) {
	sent, received := metav1.NewTime(lifecycletest.At(0)), metav1.NewTime(lifecycletest.At(10))
	e := &v1alpha1.WebhookEvent{Field: facts.MarkBan, Time: sent, ReceivedTime: &received}
	for name, c := range map[string]struct {
		event *v1alpha1.WebhookEvent
		k     Freshness
		want  bool
	}{
		"no event":                            {nil, Freshness{}, false},
		"nothing seen":                        {e, Freshness{}, true},
		"seen before":                         {e, Freshness{ObservedAt: lifecycletest.At(-100)}, true},
		"seen 59 s after the receipt":         {e, Freshness{ObservedAt: lifecycletest.At(69)}, true},
		"seen a minute after the receipt":     {e, Freshness{ObservedAt: lifecycletest.At(70)}, false},
		"written since":                       {e, Freshness{WrittenAt: lifecycletest.At(1)}, false},
		"written in the second of the event":  {e, Freshness{WrittenAt: lifecycletest.At(0)}, true},
		"no receipt: the time that Meta gave": {&v1alpha1.WebhookEvent{Time: sent}, Freshness{ObservedAt: lifecycletest.At(60)}, false},
	} {
		if got := c.k.Outweighs(c.event); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestUnitHearing(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	h := newEventDebouncer(clk)
	listen := func(fact string, urgent bool) (known bool, wait time.Duration) {
		t.Helper()
		_, known, wait = h.observe("uid", &v1alpha1.MessageTemplateWebhookStatus{Status: fact}, urgent)
		return known, wait
	}
	for i, c := range []struct {
		seconds int
		fact    string
		urgent  bool
		known   bool
		wait    time.Duration
	}{
		{0, "A", false, false, 0}, // at the start everything is looked at
		{1, "A", false, true, 0},
		{2, "B", false, true, factsPause},
		{4, "C", false, true, factsPause - 2*time.Second}, // later facts don't put the work off
		{5, "C", false, true, factsPause - 3*time.Second},
		{7, "D", false, true, 0},
		{8, "D", false, true, 0},
		{9, "E", false, true, factsPause},
		{10, "F", true, true, 0}, // a change is requested
		{11, "F", false, true, 0},
	} {
		clk.SetTime(lifecycletest.At(c.seconds))
		if known, wait := listen(c.fact, c.urgent); known != c.known || wait != c.wait {
			t.Errorf("step %d: %v, %s", i, known, wait)
		}
	}
	if _, known, _ := h.observe("another", nil, false); known {
		t.Error("a new object isn't the old one")
	}
	h.Forget(Gone{UID: "uid"})
	if _, known, _ := h.observe("uid", nil, false); known {
		t.Error("forgotten and known")
	}
}

func TestUnitReceipts(t *testing.T) {
	r, waba := newUnconfirmedFacts(), types.UID("waba")
	one := Topic{Template: account.NewTemplateKey("one", "en")}
	two, number := Topic{Template: account.NewTemplateKey("two", "en")}, Topic{Number: "1"}
	due := func(want int) {
		t.Helper()
		if got := r.Due(waba); !got.Equal(lifecycletest.At(want)) {
			t.Errorf("due at %s, want %s", got, lifecycletest.At(want))
		}
	}
	if r.note(waba, "one", one, time.Time{}, lifecycletest.At(0)) || r.note(waba, "one", one, lifecycletest.At(0), lifecycletest.At(60)) || !r.Due(waba).IsZero() {
		t.Error("without a change, or long after its confirmation, there is nothing to report")
	}
	if !r.note(waba, "one", one, lifecycletest.At(100), lifecycletest.At(0)) {
		t.Error("the first one wakes the account")
	}
	if r.note(waba, "one", one, lifecycletest.At(130), lifecycletest.At(0)) || r.note(waba, "number", number, lifecycletest.At(130), lifecycletest.At(0)) || r.note(waba, waba, Topic{}, lifecycletest.At(135), lifecycletest.At(0)) {
		t.Error("the account is awake")
	}
	due(161)
	if !r.note(waba, "two", two, lifecycletest.At(90), lifecycletest.At(0)) {
		t.Error("an earlier one brings the observation forward")
	}
	due(151)
	var change account.Change
	r.Observed(waba, lifecycletest.At(151), &change)
	if len(change.Templates) != 1 || change.Templates[0] != two.Template || len(change.Numbers) != 0 {
		t.Errorf("confirmed: %+v", change)
	}
	due(191) // of the others the newest is known
	if r.note(waba, "two", two, lifecycletest.At(90), lifecycletest.At(0)) {
		t.Error("confirmed already, whatever the cache still says of the account")
	}
	change = account.Change{}
	r.Observed(waba, lifecycletest.At(195), &change)
	if len(change.Templates) != 1 || len(change.Numbers) != 1 || !r.Due(waba).IsZero() {
		t.Errorf("confirmed: %+v, due %s", change, r.Due(waba))
	}
	r.note(waba, "one", one, lifecycletest.At(300), lifecycletest.At(0))
	r.Forget(Gone{UID: waba})
	if !r.Due(waba).IsZero() {
		t.Error("forgotten and due")
	}
}

// TestUnitRecall: what was recorded is recalled so that the same conditions follow from it.
func TestUnitRecall(t *testing.T) {
	if _, ok := lastResult(&v1alpha1.CommonStatus{}); ok {
		t.Error("nothing can be recalled before the first run")
	}
	good := Readiness{Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonApproved, Message: "good"}
	bad := Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRejected, Message: "bad"}
	review := Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInReview, Message: "review"}
	nothing := Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProgressing, Message: "not yet"}
	for name, o := range map[string]*Result{
		"done": Done("well"), "paused": pausedResult(), "stalled": NotSynced(v1alpha1.ReasonInvalidSpec, "wrong"),
		"waiting": Waiting(v1alpha1.ReasonQuotaExceeded, "full", time.Hour).Showing(true), "unaffected": Waiting(v1alpha1.ReasonDriftDetected, "drift", 0).AssetUnaffected(),
		"stalled, unaffected": NotSynced(v1alpha1.ReasonRefusedByMeta, "no").AssetUnaffected(),
	} {
		for _, r := range []Readiness{good, bad, review, nothing} {
			before := NewConditions(nil, 3, lifecycletest.Start)
			before.Summarize(o, r)
			recalled, ok := lastResult(&v1alpha1.CommonStatus{Conditions: before.List()})
			after := NewConditions(before.List(), 3, lifecycletest.Start)
			after.Summarize(recalled, r)
			if !ok || !SameStatus(before.List(), after.List()) {
				t.Errorf("%s, %s:\n%+v\n%+v", name, r.Reason, before.List(), after.List())
			}
		}
	}
}
