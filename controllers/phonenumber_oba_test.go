// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

func wantsBadge(s *v1alpha1.PhoneNumberSpec) {
	s.OfficialBusinessAccount = &v1alpha1.OfficialBusinessAccountRequest{
		BusinessWebsiteURL: "https://acme.example", PrimaryCountryOfOperation: "Germany", PrimaryLanguage: "German",
		SupportingLinks: []string{"https://news.example/acme"},
	}
}

// badges is how often the badge was requested.
func badges(w *harness.World) int { return numberOps(w, graphsim.OpRequestBadge) }

// lastAnswer is the newest event about a request.
func lastAnswer(t *testing.T, w *harness.World) string {
	t.Helper()
	notes := eventNotes(t, w, v1alpha1.ReasonOBARequestHandled)
	if len(notes) == 0 {
		t.Fatal("no event")
	}
	return notes[len(notes)-1]
}

// TestBadgeRequested: the annotation requests it once for each value, and within 30 days at most once, whatever becomes of the resource.
func TestBadgeRequested(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, wantsBadge)
	op.Settle()
	if w.Reload(obj); badges(w) != 0 || obj.Status.OfficialBusinessAccountStatus != "NOT_STARTED" {
		t.Errorf("without the annotation: %d requests, status %q", badges(w), obj.Status.OfficialBusinessAccountStatus)
	}
	w.Annotate(obj, v1alpha1.AnnotationRequestOBA, "december")
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonSynced)
	if badges(w) != 1 || obj.Status.OfficialBusinessAccountStatus != "PENDING" || !strings.HasPrefix(lastAnswer(t, w), "requested; Meta reviews it") {
		t.Errorf("%d requests, status %q, %s", badges(w), obj.Status.OfficialBusinessAccountStatus, lastAnswer(t, w))
	}
	op.Advance(3 * time.Hour)
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.OfficialStatus = "REJECTED" })
	op.Observe()
	w.Annotate(obj, v1alpha1.AnnotationRequestOBA, "december, please")
	op.Settle()
	if badges(w) != 1 || !strings.Contains(lastAnswer(t, w), "less than 30 days ago") {
		t.Errorf("%d requests: %s", badges(w), lastAnswer(t, w))
	}

	w.Delete(obj)
	op.Settle()
	again := settingsNumber(w, wantsBadge)
	w.Annotate(again, v1alpha1.AnnotationRequestOBA, "december")
	op.Settle()
	if badges(w) != 1 {
		t.Errorf("%d requests after the resource was created again", badges(w))
	}
	w.CheckInvariants()
}

// TestBadgeAfterThirtyDays: a manifest that still has the annotation requests nothing twice, another value does.
func TestBadgeAfterThirtyDays(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	obj := settingsNumber(w, wantsBadge)
	w.Annotate(obj, v1alpha1.AnnotationRequestOBA, "december")
	op.Settle()
	op.AdvanceRoughly(31*24*time.Hour, 24*time.Hour)
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.OfficialStatus = "REJECTED" })
	w.Delete(obj)
	op.Settle()
	again := settingsNumber(w, wantsBadge)
	w.Annotate(again, v1alpha1.AnnotationRequestOBA, "december")
	op.Settle()
	if badges(w) != 1 || !strings.Contains(lastAnswer(t, w), "was acted on before") {
		t.Errorf("%d requests: %s", badges(w), lastAnswer(t, w))
	}
	w.Annotate(again, v1alpha1.AnnotationRequestOBA, "january")
	op.Settle()
	if badges(w) != 2 {
		t.Errorf("%d requests: %s", badges(w), lastAnswer(t, w))
	}
	w.CheckInvariants()
}

// TestBadgeRefused: Meta's refusal is a condition that stays until a person acts, and nothing repeats the request.
func TestBadgeRefused(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]graphsim.Fault{
		"refused":     {Code: 100, Message: "Business verification is required"},
		"answer lost": {Cut: graphsim.AfterCommit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op := settingsWorld(t)
			fault.Method, fault.Path = http.MethodPost, "/*/official_business_account"
			w.Sim.Fail(fault)
			obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) { wantsBadge(s); aboutOpen(s) })
			w.Annotate(obj, v1alpha1.AnnotationRequestOBA, "now")
			op.Settle()
			op.Advance(5 * time.Hour)
			synced(t, w, obj, v1alpha1.ReasonActionRequired)
			expect(t, obj.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
			c := harness.Condition(obj.Status.Conditions, v1alpha1.ConditionSynced)
			if badges(w) != 1 || atMeta(t, w).Profile.About != "Open daily" || fault.Message != "" && !strings.Contains(c.Message, fault.Message) {
				t.Errorf("%d requests; %s", badges(w), c.Message)
			}
			w.Annotate(obj, v1alpha1.AnnotationRequestOBA, "again")
			op.Settle()
			synced(t, w, obj, v1alpha1.ReasonSynced)
			if want := map[string]int{"refused": 2, "answer lost": 1}[name]; badges(w) != want {
				t.Errorf("%d requests, want %d: %s", badges(w), want, lastAnswer(t, w))
			}
			w.CheckInvariants()
		})
	}
}

// TestBadgeNotRequested: an event says why, and the request doesn't wait for a better moment.
func TestBadgeNotRequested(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec   func(*v1alpha1.PhoneNumberSpec)
		number func(*graphsim.Number)
		option func(*operator.Options)
		says   string
	}{
		"nothing to send": {spec: func(*v1alpha1.PhoneNumberSpec) {}, says: "add spec.officialBusinessAccount"},
		"has it":          {spec: wantsBadge, number: func(n *graphsim.Number) { n.Official = true }, says: "has the badge"},
		"observed": {spec: func(s *v1alpha1.PhoneNumberSpec) {
			wantsBadge(s)
			s.ManagementPolicy = v1alpha1.ManagementPolicyObserved
		},
			says: "only observes"},
		"--read-only": {spec: wantsBadge, option: func(o *operator.Options) { o.ReadOnly = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			option := func(*operator.Options) {}
			if c.option != nil {
				option = c.option
			}
			w, op := settingsWorld(t, option)
			if c.number != nil {
				w.Sim.UpdateNumber(harness.NumberID, c.number)
				op.Observe()
			}
			obj := settingsNumber(w, c.spec)
			w.Annotate(obj, v1alpha1.AnnotationRequestOBA, "now")
			op.Settle()
			if c.says != "" && !strings.Contains(lastAnswer(t, w), c.says) {
				t.Errorf("%s", lastAnswer(t, w))
			}
			w.Edit(obj, func() { wantsBadge(&obj.Spec); obj.Spec.ManagementPolicy = "" })
			op.Settle()
			if badges(w) != 0 {
				t.Errorf("%d requests", badges(w))
			}
			w.CheckInvariants()
		})
	}
}

// TestNameOfANumberWithBadge: another display name isn't requested before a person accepts that Meta reviews the badge again.
func TestNameOfANumberWithBadge(t *testing.T) {
	t.Parallel()
	w, op := settingsWorld(t)
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Official = true })
	op.Observe()
	obj := settingsNumber(w, func(s *v1alpha1.PhoneNumberSpec) { s.DisplayName = "Acme Sales"; aboutOpen(s) })
	op.Settle()
	w.Annotate(obj, v1alpha1.AnnotationRequestedAt, "now")
	w.Annotate(obj, v1alpha1.AnnotationAcceptBadgeReview, "Acme Shop") // another name
	op.Settle()
	synced(t, w, obj, v1alpha1.ReasonActionRequired)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	if c := harness.Condition(obj.Status.Conditions, v1alpha1.ConditionSynced); numberOps(w, graphsim.OpRenameNumber) != 0 ||
		atMeta(t, w).Profile.About != "Open daily" || !strings.Contains(c.Message, `accept-badge-review="Acme Sales"`) {
		t.Errorf("%d requests: %s", numberOps(w, graphsim.OpRenameNumber), c.Message)
	}
	w.Annotate(obj, v1alpha1.AnnotationAcceptBadgeReview, "Acme Sales")
	op.Settle()
	if n := numberOps(w, graphsim.OpRenameNumber); n != 1 {
		t.Errorf("%d requests after the consent", n)
	}
	w.CheckInvariants()
}
