// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// Sync compares the template with its spec and acts at most once.
func (t *templates) Sync(ctx context.Context, p *templateRun) *lifecycle.Result {
	o := t.act(ctx, p)
	if o.After() == 0 && !o.Backoff() && p.Writable() && inConfigMaps(&p.Object.Spec) {
		return o.RetryAfter(lifecycle.MediaRecheck)
	}
	return o
}

// act reads the template at Meta and the wanted content of the spec, and does what the plan says.
func (t *templates) act(ctx context.Context, p *templateRun) *lifecycle.Result {
	t.resetForNewAccount(p)
	p.Object.Status.Warnings = warnings(&p.Object.Spec)
	w, problems := desiredBy(&p.Object.Spec)
	if len(problems) > 0 && p.Writable() {
		return lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec, joinProblems(problems))
	}
	view, o := t.lookup(ctx, p)
	if o != nil {
		return o
	}
	if p.Writable() {
		if o := t.samples(ctx, p, &w); o != nil {
			if view.Template != nil {
				t.showOwned(p, view)
			}
			return o
		}
	}
	if view.Template == nil {
		if o := t.confirmAbsent(ctx, p); o != nil {
			return o
		}
	}
	return t.converge(ctx, p, w, view)
}

// converge decides whose the template is, plans, and executes the plan.
func (t *templates) converge(ctx context.Context, p *templateRun, w desired, view account.TemplateView) *lifecycle.Result {
	if view.Template != nil {
		if p.Writable() {
			if o := t.own(p, w, view); o != nil {
				return o
			}
		}
		t.observeInto(p, view)
		p.Status.ID, p.Status.AccountID = view.Template.ID, p.WABA.Spec.ID
		parameters(p, w, view)
	}
	return t.execute(ctx, p, w, view, planFor(t.stateOf(p, w, view)))
}

// stateOf is what a plan is made from.
func (t *templates) stateOf(p *templateRun, w desired, view account.TemplateView) state {
	revival, byPerson := t.revivalFor(p)
	synced := p.Synced()
	return state{
		spec: &p.Object.Spec, writable: p.Writable(), changed: p.ChangedByUser(), desired: w, observed: view, status: &p.Object.Status,
		before: p.Before.Status.Status, revival: revival, byPerson: byPerson, refusedFor: p.RefusedFor(),
		budgetSpent: synced != nil && synced.Reason == v1alpha1.ReasonEditBudgetExhausted, now: p.Now,
	}
}

// own records that the template is this resource's. The result says why it isn't.
func (t *templates) own(p *templateRun, w desired, view account.TemplateView) *lifecycle.Result {
	owned := ownershipOf(t.stateOf(p, w, view))
	s := &p.Object.Status
	if owned.adopted {
		s.Operator.PendingCreate = nil // the template isn't what an attempt of the operator's created
	}
	if owned.stop != nil {
		t.compare(p, w, view, template.Diff(w.fields, template.LiveFields(view.Template)))
		return owned.stop
	}
	if owned.baseline != nil {
		s.Operator.Baseline = owned.baseline
		if owned.adopted {
			p.Status.Drift = nil
		}
	}
	return nil
}

// showOwned shows what Meta says of a template that is this resource's.
func (t *templates) showOwned(p *templateRun, view account.TemplateView) {
	if t.owns(p, view) {
		t.observeInto(p, view)
	}
}

// owns reports that the template is this resource's, and records the baseline of one that a lost create made.
func (t *templates) owns(p *templateRun, view account.TemplateView) bool {
	ours, baseline := owned(t.stateOf(p, desired{}, view))
	if baseline != nil {
		p.Object.Status.Operator.Baseline = baseline
	}
	return ours
}

// execute records what a plan says, and makes its one write to Meta.
func (t *templates) execute(ctx context.Context, p *templateRun, w desired, view account.TemplateView, a action) *lifecycle.Result {
	s := &p.Object.Status
	if view.Template != nil && p.Writable() {
		t.answerRevivals(p)
		if a.step != stepUnpause && a.step != stepUnarchive {
			s.Operator.PendingCreate = nil
		}
	}
	t.compare(p, w, view, slices.Concat(a.fields, a.drift))
	t.recordPlan(p, view, w, a)
	switch a.step {
	case stepUnpause, stepUnarchive:
		return t.revive(ctx, p, view, a.step)
	case stepCreate:
		return t.createAnew(ctx, p, w)
	case stepEdit:
		return t.edit(ctx, p, w, view, a.fields, a.cause)
	}
	return a.result
}

// compare reports the values of the fields, of a new template with its name and language.
func (t *templates) compare(p *templateRun, w desired, view account.TemplateView, differing []string) {
	t.Compare(func() lifecycle.Comparison {
		c := lifecycle.Comparison{Object: p.Object, Want: w.fields.Values(), Differing: differing}
		if view.Template != nil {
			c.Live = template.LiveFields(view.Template).Values()
			return c
		}
		c.Want["name"], c.Want["language"] = p.Object.Spec.Name, p.Object.Spec.Language
		return c
	})
}

// recordPlan records what a plan found out, before anything is written to Meta.
func (t *templates) recordPlan(p *templateRun, view account.TemplateView, w desired, a action) {
	s := &p.Object.Status
	if a.gone {
		t.clearObserved(p)
		return
	}
	if a.settlesEdit {
		closeEdit(&s.Operator, w.editHash())
	}
	for _, name := range a.normalised {
		t.Metrics.UnknownNormalisation(v1alpha1.KindMessageTemplate, name)
	}
	if a.baseline != nil {
		s.Operator.Baseline, p.Status.Drift = a.baseline, nil
	}
	switch {
	case !p.Writable():
		p.Status.Drift = a.drift
	case len(a.drift) > 0:
		p.Status.Drift = a.drift
		t.CountDrift(p.Object, a.drift, p.Prior.Drift)
		if !template.OnlyMaxPrice(a.drift) {
			t.sawEdit(p, view.Template.LastUpdatedTime)
		}
	}
}

// resetForNewAccount forgets the template in an account that a person gave up by accepting another one.
func (t *templates) resetForNewAccount(p *templateRun) {
	if p.Status.AccountID == "" || p.Status.AccountID == p.WABA.Spec.ID {
		return
	}
	t.clearObserved(p)
	p.Status.AccountID, p.Object.Status.Operator.PendingCreate = "", nil
}

// warnings name what Meta tends to refuse; nothing is withheld because of them.
func warnings(spec *v1alpha1.MessageTemplateSpec) []string {
	var texts []string
	for _, w := range template.Warnings(spec) {
		texts = append(texts, w.String())
	}
	return texts
}

func joinProblems(problems []template.Problem) string {
	texts := make([]string, len(problems))
	for i, problem := range problems {
		texts[i] = problem.String()
	}
	return strings.Join(texts, "; ")
}

// lookup returns what is known of the template. It reads the one name from Meta only where the snapshot can't answer. So a resync
// costs no call, and a new template doesn't wait for a listing.
func (t *templates) lookup(ctx context.Context, p *templateRun) (account.TemplateView, *lifecycle.Result) {
	key := templateKey(p.Object)
	view := p.Session.Template(key)
	ask := p.Requested() && view.At.Before(p.Now)
	switch pending := p.Object.Status.Operator.PendingCreate; {
	case !view.Known && p.Settled() && pending == nil && !openEdit(p.Object.Status.Operator.Edits):
		return view, lifecycle.Unchanged(p.UntilNextAttempt()) // nothing new since before the restart; the next observation brings an event
	case !view.Known:
		ask = true
	case pending != nil && view.Template == nil && !view.At.After(pending.Time.Time):
		ask = true // a create of ours may have happened after this was read
	case view.Template != nil && !view.ReadBack && p.ChangedByUser():
		ask = true // the spec changed again before our last write was read back
	}
	if !ask {
		return view, nil
	}
	return t.refresh(ctx, p, view)
}

// refresh looks the template up at Meta. Where that has to wait, what was known is returned.
func (t *templates) refresh(ctx context.Context, p *templateRun, view account.TemplateView) (account.TemplateView, *lifecycle.Result) {
	if o := p.Lookups(1); o != nil {
		return view, o
	}
	lifecycle.LogStep(ctx, "Looking the template up")
	view, err := p.Session.LookupTemplate(ctx, templateKey(p.Object))
	if err != nil {
		return view, lifecycle.Failed("look the template up", err)
	}
	return view, nil
}

// observeInto copies what Meta says into the status, and what webhooks reported over it.
func (t *templates) observeInto(p *templateRun, view account.TemplateView) {
	s, live := &p.Object.Status, view.Template
	s.Status = metavalues.Clip(live.Status)
	if live.Category != "" {
		s.Category = metavalues.Clip(live.Category)
	}
	if !view.ReadBack {
		t.overlayWebhook(p, time.Time{}) // Meta's short answer to a write says no more
		return
	}
	p.Status.UnknownProperties = live.UnknownProperties
	s.PreviousCategory, s.CorrectCategory = metavalues.Clip(live.PreviousCategory), metavalues.Clip(live.CorrectCategory)
	s.QualityScore = metavalues.Clip(live.QualityScore)
	s.Rejection, s.MaxPrice = rejectionOf(live), maxPriceOf(live)
	t.overlayWebhook(p, live.LastUpdatedTime)
}

// maxPriceOf is the max price that Meta shows.
func maxPriceOf(live *graph.Template) *v1alpha1.ObservedMaxPrice {
	if live.MaxPrice == nil {
		return nil
	}
	return &v1alpha1.ObservedMaxPrice{AmountPer1000: live.MaxPrice.AmountPer1000}
}

// parameters lists what a sender fills in: from the spec, whose examples are as they were written, unless the text is Meta's.
func parameters(p *templateRun, w desired, view account.TemplateView) {
	if ours := p.Object.Spec.Body != nil; ours || !view.ReadBack {
		p.Object.Status.Parameters = template.Parameters(w.content.Components)
		return
	}
	p.Object.Status.Parameters = template.Parameters(view.Template.Components)
}

// sawEdit remembers an edit by another client: it counts towards Meta's limit.
func (t *templates) sawEdit(p *templateRun, at time.Time) {
	if at.IsZero() {
		return
	}
	seen := p.Object.Status.Operator.LastUpdatedTimes
	if slices.ContainsFunc(seen, func(o metav1.Time) bool { return o.Unix() == at.Unix() }) {
		return
	}
	seen = append(seen, metav1.NewTime(at))
	p.Object.Status.Operator.LastUpdatedTimes = seen[max(0, len(seen)-metavalues.RingSize):]
}
