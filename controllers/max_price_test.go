// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/ptr"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// priced creates a marketing template with a max price, and waits until it is approved.
func priced(t *testing.T, change func(*v1alpha1.MessageTemplate), opts ...graphsim.Option) (*harness.World, *harness.Operator, *v1alpha1.MessageTemplate) {
	t.Helper()
	w := harness.New(t, env, append([]graphsim.Option{graphsim.WithEditReview(graphsim.EditReviewKeep)}, opts...)...)
	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
		m.Spec.Category, m.Spec.MaxPrice = v1alpha1.TemplateCategoryMarketing, &v1alpha1.TemplateMaxPrice{AmountPer1000: 5000}
		change(m)
	})
	op := w.Start()
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	return w, op, tmpl
}

func asIs(*v1alpha1.MessageTemplate) {}

func setPrice(w *harness.World, op *harness.Operator, tmpl *v1alpha1.MessageTemplate, amount int64) {
	w.Edit(tmpl, func() { tmpl.Spec.MaxPrice.AmountPer1000 = amount })
	op.Settle()
	w.Reload(tmpl)
}

// editBodies are the bodies of the edits that Meta took, in their order.
func editBodies(w *harness.World) (out []string) {
	for _, r := range w.Sim.Requests() {
		if r.Op == graphsim.OpEditTemplate && r.Status == http.StatusOK {
			out = append(out, string(bytes.TrimSpace(r.Body)))
		}
	}
	return out
}

func expectPrice(t *testing.T, w *harness.World, want int64) {
	t.Helper()
	if live, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); ptr.Deref(live.MaxPrice, 0) != want {
		t.Errorf("the max price at Meta is %d, want %d", ptr.Deref(live.MaxPrice, 0), want)
	}
}

func TestMaxPrice(t *testing.T) {
	t.Parallel()
	w, op, tmpl := priced(t, asIs)
	expectPrice(t, w, 5000)
	if tmpl.Status.MaxPrice == nil || tmpl.Status.MaxPrice.AmountPer1000 != 5000 {
		t.Errorf("status.maxPrice %+v", tmpl.Status.MaxPrice)
	}
	for _, amount := range []int64{4000, 4100} { // within a minute
		setPrice(w, op, tmpl, amount)
		expectReady(t, tmpl)
		expectPrice(t, w, amount)
	}
	if got := editBodies(w); len(got) != 2 || got[1] != `{"optimization_spec":{"bid_amount":4100,"bid_strategy":"LOWEST_COST_WITH_BID_CAP"}}` {
		t.Errorf("edits: %q", got)
	}
	if s := tmpl.Status.Operator; len(s.Edits) != 0 || len(s.PriceEdits) != 1 || s.PriceEdits[0].Count != 2 {
		t.Errorf("counted: %+v, %+v", s.Edits, s.PriceEdits)
	}
	// The content has its own budget, and keeps the price.
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	expectPrice(t, w, 4100)
	if n := len(tmpl.Status.Operator.Edits); n != 1 {
		t.Errorf("%d edits of the content are counted", n)
	}
	op.AdvanceRoughly(3*time.Hour, time.Hour)
	if got := editBodies(w); len(got) != 3 {
		t.Errorf("nothing more is to be edited: %q", got)
	}
	w.CheckInvariants()
}

// TestMaxPriceDoesNotWait: the price is changed at once though the content has to wait, and the content follows with the price.
func TestMaxPriceDoesNotWait(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"by our record": false, "by Meta's": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op, tmpl := priced(t, asIs)
			if refused { // an edit by hand that left no trace
				w.Sim.EditInManager(tmpl.Status.ID, func(*graphsim.Template) {})
				op.Observe()
			} else {
				w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
				op.Settle()
				op.Observe()
			}
			before := len(editBodies(w))
			w.Edit(tmpl, func() {
				tmpl.Spec.Body.Text, tmpl.Spec.MaxPrice.AmountPer1000 = changedBody+" Please.", 4000
			})
			op.Settle()
			for range 2 {
				w.Reload(tmpl)
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
				expectPrice(t, w, 4000)
				if wait := tmpl.Status.NextAttemptTime.Sub(w.Clock.Now()); wait < 20*time.Hour {
					t.Errorf("the content is tried again in %s", wait)
				}
				op.Observe()
			}
			if got := editBodies(w)[before:]; len(got) != 1 || !strings.HasPrefix(got[0], `{"optimization_spec"`) {
				t.Errorf("edits: %q", got)
			}
			setPrice(w, op, tmpl, 3000) // and again
			expectPrice(t, w, 3000)
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
			op.AdvanceRoughly(25*time.Hour, time.Hour)
			op.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			expectPrice(t, w, 3000)
			if live, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); !strings.Contains(string(live.Components), "Please") {
				t.Errorf("at Meta: %s", live.Components)
			}
			if got := editBodies(w)[before:]; len(got) != 3 {
				t.Errorf("edits: %q", got)
			}
			w.CheckInvariants()
		})
	}
}

func TestMaxPriceBudget(t *testing.T) {
	t.Parallel()
	w, op, tmpl := priced(t, asIs, graphsim.WithPriceEdits(3, 2400)) // others use it too
	for amount := int64(4001); amount <= 4004; amount++ {
		setPrice(w, op, tmpl, amount)
	}
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
	expectPrice(t, w, 4003)
	if wait := tmpl.Status.NextAttemptTime.Sub(w.Clock.Now()); wait < 55*time.Minute || wait > time.Hour {
		t.Errorf("tried again in %s, want an hour", wait)
	}
	tries := edits(w)
	op.Advance(50 * time.Minute)
	if got := edits(w); got != tries {
		t.Errorf("%d tries within the hour, of which Meta takes none", got-tries)
	}
	op.Advance(20 * time.Minute)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	expectPrice(t, w, 4004)
	w.CheckInvariants()
}

// TestMaxPriceOfOthers: what can't be added isn't sent, and what the spec leaves alone stays.
func TestMaxPriceOfOthers(t *testing.T) {
	t.Parallel()
	marketing := func(m *v1alpha1.MessageTemplate) { m.Spec.Category = v1alpha1.TemplateCategoryMarketing }
	t.Run("added", func(t *testing.T) {
		t.Parallel()
		w, op, tmpl := ready(t, marketing)
		w.Sim.EditInManager(tmpl.Status.ID, func(m *graphsim.Template) { m.MaxPrice = ptr.To[int64](1) })
		op.Observe()
		w.Edit(tmpl, func() { tmpl.Spec.MaxPrice = &v1alpha1.TemplateMaxPrice{AmountPer1000: 5000} }) // the API server sees the price
		w.Sim.EditInManager(tmpl.Status.ID, func(m *graphsim.Template) { m.MaxPrice = nil })
		op.Settle()
		op.Observe()
		w.Reload(tmpl)
		c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced)
		if c.Reason != v1alpha1.ReasonInvalidSpec || !strings.Contains(c.Message, "remove spec.maxPrice, or create a template with another name") {
			t.Errorf("%s: %s", c.Reason, c.Message)
		}
		w.Edit(tmpl, func() { tmpl.Spec.MaxPrice = nil })
		op.Settle()
		w.Reload(tmpl)
		expectReady(t, tmpl)
		w.CheckInvariants()
	})
	t.Run("adopted without", func(t *testing.T) {
		t.Parallel()
		w := harness.New(t, env)
		id := seed(w, "parcel_left", "en_US", harness.Template("parcel_left").Spec.Body.Text)
		w.Sim.EditInManager(id, func(m *graphsim.Template) { m.Category = "MARKETING" })
		w.Secret()
		w.WABA()
		tmpl := w.CreateTemplate("parcel_left", marketing, func(m *v1alpha1.MessageTemplate) {
			m.Spec.MaxPrice, m.Spec.AdoptionPolicy = &v1alpha1.TemplateMaxPrice{AmountPer1000: 5000}, v1alpha1.AdoptionPolicyAlways
		})
		op := w.Start()
		op.Observe()
		w.Reload(tmpl)
		expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)
		if n := edits(w); n != 0 {
			t.Errorf("%d edits", n)
		}
		w.CheckInvariants()
	})
	t.Run("adopted with one", func(t *testing.T) {
		t.Parallel()
		w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep))
		id := seed(w, "parcel_left", "en_US", harness.Template("parcel_left").Spec.Body.Text)
		w.Sim.EditInManager(id, func(m *graphsim.Template) { m.Category, m.MaxPrice = "MARKETING", ptr.To[int64](7000) })
		w.Clock.Step(25 * time.Hour)
		w.Secret()
		w.WABA()
		tmpl := w.CreateTemplate("parcel_left", marketing)
		op := w.Start()
		op.Observe()
		w.Reload(tmpl)
		expectReady(t, tmpl)
		if tmpl.Status.MaxPrice == nil || tmpl.Status.MaxPrice.AmountPer1000 != 7000 {
			t.Errorf("status.maxPrice %+v", tmpl.Status.MaxPrice)
		}
		w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
		op.Settle()
		op.Observe()
		w.Reload(tmpl)
		expectReady(t, tmpl)
		expectPrice(t, w, 7000)
		w.CheckInvariants()
	})
}

func TestMaxPriceDrift(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.DriftPolicy{"", v1alpha1.DriftPolicyRepair} {
		for _, moves := range []bool{true, false} { // Meta's time of the last change
			t.Run("driftPolicy "+string(policy)+", time moves "+strconv.FormatBool(moves), func(t *testing.T) {
				t.Parallel()
				w, op, tmpl := priced(t, func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = policy }, graphsim.WithPriceTime(moves))
				repairs := 0
				for range 4 {
					w.Sim.EditInManager(tmpl.Status.ID, func(m *graphsim.Template) { m.MaxPrice = ptr.To[int64](9000) })
					op.Observe()
					op.Observe()
					repairs = len(editBodies(w))
				}
				w.Reload(tmpl)
				if n := len(tmpl.Status.Operator.LastUpdatedTimes); n != 0 {
					t.Errorf("%d edits of the content by others", n)
				}
				if policy == "" {
					expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonDriftDetected)
					if len(tmpl.Status.Drift) != 1 || tmpl.Status.Drift[0] != "maxPrice.amountPer1000" || repairs != 0 {
						t.Errorf("drift %q, %d repairs", tmpl.Status.Drift, repairs)
					}
					return
				}
				// Three times it is undone, and then left to those who fight.
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonContested)
				if repairs != 3 {
					t.Errorf("%d repairs", repairs)
				}
				w.CheckInvariants()
			})
		}
	}
}

// TestMaxPriceDriftBesideContent: of a template whose price and text were changed by hand, the price is repaired at once.
func TestMaxPriceDriftBesideContent(t *testing.T) {
	t.Parallel()
	w, op, tmpl := priced(t, func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = v1alpha1.DriftPolicyRepair })
	w.Sim.EditInManager(tmpl.Status.ID, func(m *graphsim.Template) { m.MaxPrice = ptr.To[int64](9000) })
	person(w, tmpl.Status.ID, changedBody)
	op.Observe()
	expectPrice(t, w, 5000)
	for range 2 {
		w.Reload(tmpl)
		expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
		expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
		if len(tmpl.Status.Drift) != 1 || tmpl.Status.Drift[0] != "body.text" {
			t.Errorf("drift %q", tmpl.Status.Drift)
		}
		op.Observe()
	}
	op.AdvanceRoughly(25*time.Hour, time.Hour)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	expectPrice(t, w, 5000)
	if got := editBodies(w); len(got) != 2 {
		t.Errorf("edits: %q", got)
	}
	w.CheckInvariants()
}

// TestMaxPriceLost: an answer that is lost leads to no second edit, and a crash loses nothing.
func TestMaxPriceLost(t *testing.T) {
	t.Parallel()
	w, op, tmpl := priced(t, asIs)
	w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + tmpl.Status.ID, Cut: graphsim.AfterCommit})
	setPrice(w, op, tmpl, 4000)
	op.Stop()
	op = w.Start()
	op.Advance(10 * time.Minute)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	expectPrice(t, w, 4000)
	if n := w.Sim.Stats().CommittedEdits[tmpl.Status.ID]; n != 1 {
		t.Errorf("%d edits", n)
	}
	w.CheckInvariants()
}

// TestAgreementNotSigned: a person at the business has to act, once.
func TestAgreementNotSigned(t *testing.T) {
	t.Parallel()
	w, op, tmpl := priced(t, asIs)
	w.Sim.Fail(graphsim.Fault{
		Method: http.MethodPost, Path: "/" + tmpl.Status.ID, Status: http.StatusBadRequest, Code: 100,
		Message: "(#100) You need to sign the testing legal agreement before sending out messages.",
	})
	setPrice(w, op, tmpl, 4000)
	c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced)
	if c.Reason != v1alpha1.ReasonActionRequired || !strings.Contains(c.Message, "enroll-max-price") {
		t.Errorf("%s: %s", c.Reason, c.Message)
	}
	if n := len(tmpl.Status.Operator.PriceEdits); n != 1 || tmpl.Status.Operator.PriceEdits[0].Count != 0 {
		t.Errorf("a refused edit is counted: %+v", tmpl.Status.Operator.PriceEdits)
	}
	w.CheckInvariants()
}
