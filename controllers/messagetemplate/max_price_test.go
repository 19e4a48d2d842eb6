// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/template"
)

// pricedState is the state of an approved template with a max price, equal to the spec.
func pricedState(t *testing.T) *state {
	t.Helper()
	s := planState(t)
	s.respec(func(spec *v1alpha1.MessageTemplateSpec) {
		spec.Category, spec.MaxPrice = "MARKETING", &v1alpha1.TemplateMaxPrice{AmountPer1000: 5000}
	})
	s.observed.Template.Category, s.changed, s.now = "MARKETING", false, lifecycletest.Start
	s.atMeta(5000)
	s.status.Operator.Baseline = baselineOf(s.spec, s.observed, s.desired)
	return s
}

// atMeta gives the template a max price at Meta. The time of the last change stays.
func (s *state) atMeta(amount int64) {
	s.observed.Template.MaxPrice = &graph.MaxPrice{AmountPer1000: amount, Strategy: graph.StrategyBidCap}
}

func priceEdits(ages ...time.Duration) (out []v1alpha1.EditCount) {
	for _, age := range ages {
		out = append(out, v1alpha1.EditCount{Time: metav1.NewTime(lifecycletest.Start.Add(-age)), Count: 50})
	}
	return out
}

func TestUnitPlanMaxPrice(t *testing.T) {
	price := func(amount int64) func(*state) {
		return func(s *state) {
			s.respec(func(spec *v1alpha1.MessageTemplateSpec) {
				spec.MaxPrice = &v1alpha1.TemplateMaxPrice{AmountPer1000: amount}
			})
		}
	}
	text := func(s *state) {
		s.respec(func(spec *v1alpha1.MessageTemplateSpec) { spec.Body.Text = "Your order has arrived. Thank you!" })
	}
	unnamed := func(s *state) { s.respec(func(spec *v1alpha1.MessageTemplateSpec) { spec.MaxPrice = nil }) }
	unpriced := func(s *state) {
		s.observed.Template.MaxPrice = nil
		s.status.Operator.Baseline = baselineOf(s.spec, s.observed, s.desired)
	}
	lost := func(s *state) { s.observed.Template.MaxPrice = nil }
	unread := func(s *state) { s.observed.Template.MaxPrice, s.observed.Template.MaxPriceUnread = nil, true }
	byHand := func(s *state) { s.atMeta(9000) }
	touched := func(s *state) { s.observed.Template.LastUpdatedTime = lifecycletest.Start }
	repair := func(s *state) { s.spec.DriftPolicy = v1alpha1.DriftPolicyRepair }
	awaits := func(s *state) { s.status.Operator.Baseline = pendingBaseline(s.spec, s.desired) }
	older := func(s *state) { delete(s.status.Operator.Baseline.Fields, template.FieldMaxPrice) } // recorded by a version without max prices
	refused := func(reason string) func(*state) {
		return func(s *state) { s.refusedFor, s.budgetSpent = time.Hour, reason == v1alpha1.ReasonEditBudgetExhausted }
	}
	sent := func(s *state) {
		s.status.Operator.Baseline.Fields = template.PriceWritten(s.status.Operator.Baseline.Fields, s.desired.fields)
	}
	spent := func(s *state) { s.status.Operator.PriceEdits = priceEdits(2*time.Minute, time.Minute) }
	unwritten := func(s *state) { s.observed.ReadBack = false }
	lenient := func(s *state) {
		s.spec.ContentValidation = v1alpha1.ContentValidationLenient
		s.respec(func(spec *v1alpha1.MessageTemplateSpec) { spec.Body.Text = "{{1}}, hello." })
		s.body("{{1}}, hello.", s.observed.Template.LastUpdatedTime)
		s.status.Operator.Baseline, s.changed = baselineOf(s.spec, s.observed, s.desired), false
	}
	unknown := func(path string) func(*state) {
		return func(s *state) { s.observed.Template.UnknownProperties = []string{path} }
	}
	both := func(s *state) { byHand(s); repair(s); s.body("Buy two, pay for one.", lifecycletest.Start) }
	contested := func(s *state) {
		now := metav1.NewTime(lifecycletest.Start)
		s.status.Operator.Repairs = []v1alpha1.RepairHistory{{Name: template.FieldMaxPrice, Times: []metav1.Time{now, now, now}}}
	}
	budget := v1alpha1.ReasonEditBudgetExhausted
	for name, c := range map[string]struct {
		change []func(*state)
		want   string
	}{
		"equal":                             {nil, "Synced"},
		"another price":                     {[]func(*state){price(4000)}, "edit maxPrice.amountPer1000 Spec"},
		"another price, in review":          {[]func(*state){price(4000), func(s *state) { s.status.Status = "PENDING" }}, "InReview"},
		"another price and text":            {[]func(*state){price(4000), text}, "edit body.text,maxPrice.amountPer1000 Spec"},
		"another text":                      {[]func(*state){text}, "edit body.text Spec"},
		"the price left to Meta":            {[]func(*state){unnamed}, "Synced"},
		"left to Meta, and another there":   {[]func(*state){byHand, unnamed}, "Synced"},
		"added, and Meta has one":           {[]func(*state){unnamed, price(9000)}, "edit maxPrice.amountPer1000 Spec"},
		"added, and Meta has none":          {[]func(*state){unpriced, price(4000)}, "InvalidSpec"},
		"added to an older record":          {[]func(*state){older, price(4000)}, "edit maxPrice.amountPer1000 Spec"},
		"an older record":                   {[]func(*state){older}, "Synced"},
		"created, and Meta shows none":      {[]func(*state){awaits, lost}, "InvalidSpec"},
		"created, and Meta shows another":   {[]func(*state){awaits, byHand}, "DriftDetected; drift maxPrice.amountPer1000"},
		"written, and Meta shows another":   {[]func(*state){sent, byHand}, "DriftDetected; drift maxPrice.amountPer1000"},
		"gone at Meta":                      {[]func(*state){lost, repair}, "InvalidSpec"},
		"by hand":                           {[]func(*state){byHand, touched}, "DriftDetected; drift maxPrice.amountPer1000"},
		"by hand, to repair":                {[]func(*state){byHand, touched, repair}, "edit maxPrice.amountPer1000 Drift; drift maxPrice.amountPer1000"},
		"by hand, and the time didn't move": {[]func(*state){byHand, repair}, "edit maxPrice.amountPer1000 Drift; drift maxPrice.amountPer1000"},
		"by hand, after a review":           {[]func(*state){byHand, touched, repair, func(s *state) { s.before = "PENDING" }}, "edit maxPrice.amountPer1000 Drift; drift maxPrice.amountPer1000"},
		"by hand, beside Meta's form":       {[]func(*state){byHand, repair, func(s *state) { s.body("Meta's form of it", s.observed.Template.LastUpdatedTime) }}, "edit maxPrice.amountPer1000 Drift; drift maxPrice.amountPer1000"},
		"by hand, as the text":              {[]func(*state){byHand, repair, func(s *state) { s.body("Buy two, pay for one.", lifecycletest.Start) }}, "edit body.text,maxPrice.amountPer1000 Drift; drift body.text,maxPrice.amountPer1000"},
		"not shown":                         {[]func(*state){unread}, "Synced"},
		"not shown, and another text":       {[]func(*state){unread, text}, "ActionRequired"},
		"not shown, and not named":          {[]func(*state){unread, unnamed, text}, "edit body.text Spec"},
		"of content that isn't sent":        {[]func(*state){lenient, price(4000)}, "edit maxPrice.amountPer1000 Spec"},
		"with content that isn't sent":      {[]func(*state){lenient, price(4000), func(s *state) { s.respec(func(spec *v1alpha1.MessageTemplateSpec) { spec.Body.Text = "{{1}}, bye." }) }}, "InvalidSpec"},
		"unknown properties of the content": {[]func(*state){unknown("components[0].colour"), price(4000)}, "edit maxPrice.amountPer1000 Spec"},
		"unknown properties of the price":   {[]func(*state){unknown("optimization_spec.pacing"), price(4000)}, "ActionRequired"},

		"refused":                             {[]func(*state){price(4000), refused(v1alpha1.ReasonRefusedByMeta)}, "unchanged for 1h0m0s"},
		"while the content waits":             {[]func(*state){byHand, repair, refused(budget)}, "edit maxPrice.amountPer1000 Drift; drift maxPrice.amountPer1000"},
		"while both wait":                     {[]func(*state){byHand, repair, refused(budget), spent}, "unchanged for 1h0m0s; drift maxPrice.amountPer1000"},
		"by hand, as the text, which waits":   {[]func(*state){both, refused(budget)}, "edit body.text,maxPrice.amountPer1000 Drift; drift body.text,maxPrice.amountPer1000"},
		"by hand, as the text, and contested": {[]func(*state){both, refused(budget), contested}, "unchanged for 1h0m0s; drift body.text,maxPrice.amountPer1000"},
		"and content that waits":              {[]func(*state){price(4000), text, refused(budget)}, "edit body.text,maxPrice.amountPer1000 Spec"},
		"and content that waits, sent":        {[]func(*state){price(4000), text, refused(budget), sent}, "unchanged for 1h0m0s"},
		"sent, and the content waits":         {[]func(*state){price(4000), text, sent, refused(budget), unwritten}, "unchanged for 1h0m0s"},
		"sent, and nothing waits":             {[]func(*state){price(4000), text, sent, refused(""), unwritten}, "Synced"},
		"repaired, and the content waits":     {[]func(*state){refused(budget), unwritten, func(s *state) { s.status.Drift = []string{"body.text"} }}, "unchanged for 1h0m0s"},
	} {
		s := pricedState(t)
		for _, change := range c.change {
			change(s)
		}
		if got := brief(planFor(*s)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A template of which Meta shows another price than was sent is recorded, and not as equal.
func TestUnitPlanAnotherPriceStays(t *testing.T) {
	s := pricedState(t)
	s.status.Operator.Baseline = pendingBaseline(s.spec, s.desired)
	s.atMeta(9000)
	for range 2 {
		a := planFor(*s)
		if got := brief(a); got != "DriftDetected; drift maxPrice.amountPer1000" {
			t.Error(got)
		}
		if a.baseline != nil {
			s.status.Operator.Baseline = a.baseline
		}
	}
	if template.AwaitsReadBack(s.status.Operator.Baseline.Fields) {
		t.Error("what was read isn't recorded")
	}
}

func TestUnitOwnershipOfPriced(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*state)
		want   string
	}{
		"the same price":    {func(*state) {}, ""},
		"another price":     {func(s *state) { s.atMeta(9000) }, v1alpha1.ReasonAlreadyExists},
		"no price":          {func(s *state) { s.observed.Template.MaxPrice = nil }, v1alpha1.ReasonAlreadyExists},
		"a price not shown": {func(s *state) { s.observed.Template.MaxPrice, s.observed.Template.MaxPriceUnread = nil, true }, ""},
		"a price not named": {func(s *state) { s.respec(func(spec *v1alpha1.MessageTemplateSpec) { spec.MaxPrice = nil }) }, ""},
	} {
		s := pricedState(t)
		s.status.ID, s.status.Operator.Baseline = "", nil
		c.change(s)
		got := ""
		if o := ownershipOf(*s); o.stop != nil {
			got = o.stop.Reason()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestUnitPriceWait(t *testing.T) {
	for name, c := range map[string]struct {
		edits []v1alpha1.EditCount
		want  time.Duration
	}{
		"never":                  {nil, 0},
		"fifty":                  {priceEdits(time.Minute), 0},
		"a hundred":              {priceEdits(40*time.Minute, time.Minute), 20 * time.Minute},
		"the oldest don't count": {priceEdits(50*time.Minute, 40*time.Minute, time.Minute), 20 * time.Minute},
		"an hour ago":            {priceEdits(time.Hour, time.Minute), 0},
		"by a clock of tomorrow": {priceEdits(-day, -day), 0},
	} {
		s := &v1alpha1.MessageTemplateStatus{Operator: v1alpha1.MessageTemplateOperatorStatus{PriceEdits: c.edits}}
		if got := priceWait(s, "", lifecycletest.Start); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A day of edits as often as Meta allows fits into a few entries, and none is lost.
func TestUnitPriceEditsAreBounded(t *testing.T) {
	s, now := &v1alpha1.MessageTemplateStatus{}, lifecycletest.Start
	var made []time.Time
	for range 24 * 60 {
		now = now.Add(time.Minute)
		for range 5 {
			if priceWait(s, "", now) == 0 {
				countPriceEdits(&s.Operator, 1, now)
				made = append(made, now)
			}
		}
		if n := len(s.Operator.PriceEdits); n > 7 {
			t.Fatalf("%d entries", n)
		}
		inHour := slices.DeleteFunc(slices.Clone(made), func(at time.Time) bool { return now.Sub(at) >= time.Hour })
		if len(inHour) > priceEditsPerHour {
			t.Fatalf("%d edits within an hour", len(inHour))
		}
	}
	if n := len(made); n < 2000 || n > 2400 {
		t.Errorf("%d edits in a day", n)
	}
	countPriceEdits(&s.Operator, -200, now)
	if n := s.Operator.PriceEdits[len(s.Operator.PriceEdits)-1].Count; n != 0 {
		t.Errorf("count %d", n)
	}
}
