// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/graph"
)

const day = 24 * time.Hour

// ago are edits of an approved template, made and answered so long ago.
func ago(ages ...time.Duration) (out []v1alpha1.EditAttempt) {
	for _, age := range ages {
		out = append(out, v1alpha1.EditAttempt{Time: metav1.NewTime(lifecycletest.Start.Add(-age)), SpecHash: "old", Approved: true, Done: true})
	}
	return out
}

func everyThreeDays(n int) (out []time.Duration) {
	for i := n; i >= 1; i-- {
		out = append(out, time.Duration(i)*3*day-day) // the newest is two days old
	}
	return out
}

func TestUnitEditWait(t *testing.T) {
	last := func(edits []v1alpha1.EditAttempt, f func(*v1alpha1.EditAttempt)) []v1alpha1.EditAttempt {
		f(&edits[len(edits)-1])
		return edits
	}
	lost := func(hash string) func(*v1alpha1.EditAttempt) {
		return func(e *v1alpha1.EditAttempt) { e.Done, e.SpecHash = false, hash }
	}
	for name, c := range map[string]struct {
		edits []v1alpha1.EditAttempt
		seen  []time.Duration // last_updated_times of edits by people
		want  time.Duration
	}{
		"never edited":                         {nil, nil, 0},
		"an hour ago":                          {ago(time.Hour), nil, 23 * time.Hour},
		"a day ago":                            {ago(day), nil, 0},
		"just before the day is over":          {ago(day - time.Second), nil, time.Second},
		"by another client":                    {nil, []time.Duration{6 * time.Hour}, 18 * time.Hour},
		"the newest counts, wherever it is":    {ago(20*time.Hour, 10*time.Hour), []time.Duration{15 * time.Hour}, 14 * time.Hour},
		"not while it was rejected":            {last(ago(time.Hour), func(e *v1alpha1.EditAttempt) { e.Approved = false }), nil, 0},
		"the same one, its answer lost":        {last(ago(time.Minute), lost("new")), nil, 0},
		"another one, its answer lost":         {last(ago(time.Minute), lost("old")), nil, day - time.Minute},
		"only the last one can be lost":        {append(last(ago(2*time.Hour), lost("new")), ago(time.Hour)...), nil, 23 * time.Hour},
		"nine in the month":                    {ago(everyThreeDays(9)...), nil, 0},
		"ten in the month":                     {ago(everyThreeDays(10)...), nil, day}, // the oldest is 29 days old
		"ten, some by people":                  {ago(everyThreeDays(6)...), []time.Duration{20 * day, 22 * day, 24 * day, 28 * day}, 2 * day},
		"ten, one older than the month":        {append(ago(31*day), ago(everyThreeDays(9)...)...), nil, 0},
		"eleven: the tenth newest has to go":   {append(ago(29*day+12*time.Hour), ago(everyThreeDays(10)...)...), nil, day},
		"both limits: the longer wait":         {append(ago(everyThreeDays(9)...), ago(time.Hour)...), nil, 4 * day},
		"the lost one doesn't count, ten do":   {last(append(ago(everyThreeDays(10)...), ago(time.Hour)...), lost("new")), nil, day},
		"an edit from the future (clock skew)": {ago(-time.Minute), nil, day + time.Minute},
	} {
		s := &v1alpha1.MessageTemplateStatus{Operator: v1alpha1.MessageTemplateOperatorStatus{Edits: c.edits}}
		for _, age := range c.seen {
			s.Operator.LastUpdatedTimes = append(s.Operator.LastUpdatedTimes, metav1.NewTime(lifecycletest.Start.Add(-age)))
		}
		if got := editWait(s, "new", lifecycletest.Start); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestUnitReadinessOfEveryStatus(t *testing.T) {
	type want struct {
		ready                metav1.ConditionStatus
		reason               string
		progressing, stalled bool
	}
	for status, w := range map[string]want{
		"":                 {"False", "Progressing", true, false},
		"APPROVED":         {"True", "Approved", false, false},
		"PENDING":          {"False", "InReview", true, false},
		"IN_APPEAL":        {"False", "InAppeal", true, false},
		"REJECTED":         {"False", "Rejected", false, true},
		"PAUSED":           {"False", "PausedByMeta", true, false},
		"DISABLED":         {"False", "Disabled", false, true},
		"PENDING_DELETION": {"False", "PendingDeletion", false, true},
		"DELETED":          {"False", "PendingDeletion", false, true},
		"LIMIT_EXCEEDED":   {"False", "LimitExceeded", false, true},
		"ARCHIVED":         {"False", "Archived", false, true},
		"WARMING_UP":       {"False", "Unknown", false, false},
	} {
		r := readinessOf(&v1alpha1.MessageTemplateStatus{Status: status})
		if got := (want{r.Status, r.Reason, lifecycle.KstatusOf[r.Reason] == lifecycle.KstatusReconciling, lifecycle.KstatusOf[r.Reason] == lifecycle.KstatusStalled}); got != w || r.Message == "" {
			t.Errorf("%q: got %+v, want %+v", status, r, w)
		}
	}
	if r := readinessOf(&v1alpha1.MessageTemplateStatus{Status: "WARMING_UP"}); r.Message != "Meta reports the status WARMING_UP, which this version doesn't know" {
		t.Errorf("an unknown status must be shown: %q", r.Message)
	}
}

func TestUnitRejection(t *testing.T) {
	for _, c := range []struct {
		live    graph.Template
		reason  string // "-": no rejection
		message string
	}{
		{graph.Template{Status: "APPROVED", RejectedReason: "NONE"}, "-", ""},
		{graph.Template{Status: "APPROVED"}, "-", ""},
		{graph.Template{Status: "REJECTED"}, "", "rejected by Meta without a reason; change the content or appeal in WhatsApp Manager"},
		{graph.Template{Status: "REJECTED", RejectedReason: "NONE"}, "NONE", "rejected by Meta without a reason; change the content or appeal in WhatsApp Manager"},
		{graph.Template{Status: "REJECTED", RejectedReason: "NEW_REASON"}, "NEW_REASON", "rejected by Meta: NEW_REASON; change the content or appeal in WhatsApp Manager"},
		{graph.Template{Status: "REJECTED", RejectedReason: "ABUSIVE_CONTENT"}, "ABUSIVE_CONTENT", "rejected by Meta: ABUSIVE_CONTENT (remove threats and abusive language)"},
		{graph.Template{Status: "IN_APPEAL", RejectedReason: "PROMOTIONAL"}, "PROMOTIONAL", "rejected by Meta: PROMOTIONAL (remove promotional content or use category MARKETING)"},
	} {
		got := rejectionOf(&c.live)
		if (got == nil) != (c.reason == "-") {
			t.Errorf("%+v: %+v", c.live, got)
			continue
		}
		if got != nil && (got.Reason != c.reason || rejectionMessage(got) != c.message) {
			t.Errorf("%+v: %+v, %q", c.live, got, rejectionMessage(got))
		}
	}
	if rejectionMessage(nil) == "" {
		t.Error("a rejection of which nothing is known needs a message too")
	}
}

func TestUnitEditable(t *testing.T) {
	for status, reason := range map[string]string{
		"APPROVED": "", "REJECTED": "", "PAUSED": "", "PENDING": "InReview", "IN_APPEAL": "InReview",
		"PENDING_DELETION": "NameLocked", "DELETED": "NameLocked",
		"DISABLED": "RefusedByMeta", "ARCHIVED": "RefusedByMeta", "LIMIT_EXCEEDED": "RefusedByMeta", "WARMING_UP": "RefusedByMeta",
	} {
		o, got := editable(status, "body.text"), ""
		if o != nil {
			got = o.Reason()
		}
		if got != reason {
			t.Errorf("%s: %+v, want %q", status, o, reason)
		}
	}
}

func TestUnitQuality(t *testing.T) {
	for score, want := range map[string]string{
		"GREEN": "True/Healthy", "YELLOW": "False/MediumQuality", "RED": "False/LowQuality",
		"": "Unknown/NotRated", "UNKNOWN": "Unknown/NotRated", "BLUE": "Unknown/Unknown",
	} {
		c := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		quality(&v1alpha1.MessageTemplateStatus{QualityScore: score}, c)
		got := meta.FindStatusCondition(c.List(), v1alpha1.ConditionQualityHealthy)
		if got == nil || string(got.Status)+"/"+got.Reason != want {
			t.Errorf("%q: %+v, want %s", score, got, want)
		}
	}
}

func TestUnitCategory(t *testing.T) {
	for _, c := range []struct{ now, announced, reason string }{
		{"UTILITY", "", "AsRequested"},
		{"UTILITY", "UTILITY", "AsRequested"},
		{"", "", "AsRequested"}, // Meta says nothing
		{"MARKETING", "", "Reclassified"},
		{"MARKETING", "UTILITY", "Reclassified"},
		{"UTILITY", "MARKETING", "ReclassificationPlanned"},
	} {
		ok, reason, message := category(&v1alpha1.MessageTemplateStatus{Category: c.now, CorrectCategory: c.announced}, "UTILITY")
		if reason != c.reason || ok != (reason == "AsRequested") || message == "" {
			t.Errorf("%+v: %t, %s, %q", c, ok, reason, message)
		}
	}
}

func TestUnitCategoryPolicyDecidesAboutReady(t *testing.T) {
	for _, c := range []struct {
		policy                      v1alpha1.CategoryPolicy
		status, category, announced string
		ready                       metav1.ConditionStatus
		reason                      string
		stalled                     bool
	}{
		{"", "APPROVED", "MARKETING", "", "True", "Approved", false},
		{"Report", "APPROVED", "MARKETING", "", "True", "Approved", false},
		{"Require", "APPROVED", "UTILITY", "", "True", "Approved", false},
		{"Require", "APPROVED", "MARKETING", "", "False", "Reclassified", true},
		{"Require", "APPROVED", "UTILITY", "MARKETING", "True", "Approved", false}, // only announced
		{"Require", "PENDING", "MARKETING", "", "False", "InReview", false},
	} {
		obj := &v1alpha1.MessageTemplate{}
		obj.Spec.Category, obj.Spec.CategoryPolicy = "UTILITY", c.policy
		obj.Status.Status, obj.Status.Category, obj.Status.CorrectCategory = c.status, c.category, c.announced
		p := &templateRun{Object: obj, Policy: v1alpha1.ManagementPolicyManaged}
		set := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		r := (&templates{}).Describe(p, set)
		if r.Status != c.ready || r.Reason != c.reason || (lifecycle.KstatusOf[r.Reason] == lifecycle.KstatusStalled) != c.stalled {
			t.Errorf("%+v: %+v", c, r)
		}
		for _, kind := range []string{v1alpha1.ConditionApproved, v1alpha1.ConditionQualityHealthy, v1alpha1.ConditionCategoryAsRequested} {
			if meta.FindStatusCondition(set.List(), kind) == nil {
				t.Errorf("%+v: no condition %s", c, kind)
			}
		}
	}
}

func TestUnitNothingIsKnownYet(t *testing.T) {
	set := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
	r := (&templates{}).Describe(&templateRun{Object: &v1alpha1.MessageTemplate{}}, set)
	if r.Status != metav1.ConditionFalse || lifecycle.KstatusOf[r.Reason] != lifecycle.KstatusReconciling || len(set.List()) != 3 {
		t.Errorf("%+v, %+v", r, set.List())
	}
	for _, c := range set.List() {
		if c.Status != metav1.ConditionUnknown || c.Reason != v1alpha1.ReasonPending {
			t.Errorf("%+v", c)
		}
	}
}

// TestUnitStuck: a language of a template gives way to others only because of what is wrong with itself.
func TestUnitStuck(t *testing.T) {
	for reason, want := range map[string]bool{
		"": false, v1alpha1.ReasonInvalidSpec: true, v1alpha1.ReasonRejected: true, v1alpha1.ReasonNotFound: false,
		v1alpha1.ReasonCredentialsInvalid: false, v1alpha1.ReasonPermissionDenied: false, v1alpha1.ReasonAccountBlocked: false,
	} {
		var conditions []metav1.Condition
		if reason != "" {
			conditions = append(conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason})
		}
		if got := stuck(conditions); got != want {
			t.Errorf("%q: %t", reason, got)
		}
	}
}
