// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// desired is what the spec asks for, translated once per run.
type desired struct {
	content graph.TemplateContent
	fields  template.Fields
	// hash of the content, without the sample files.
	hash string
	// samples are the files of media headers; reused means that one was uploaded for an earlier attempt.
	samples []sample
	reused  bool
}

// editHash tells one edit from another.
func (w desired) editHash() string { return w.fields.EditHash() }

// Sync compares the template with its spec and acts at most once.
func (t *templates) Sync(ctx context.Context, p *templateRun) *lifecycle.Result {
	o := t.act(ctx, p)
	if o.After() == 0 && !o.Backoff() && p.Writable() && inConfigMaps(&p.Object.Spec) {
		return o.RetryAfter(lifecycle.MediaRecheck)
	}
	return o
}

func (t *templates) act(ctx context.Context, p *templateRun) *lifecycle.Result {
	t.resetForNewAccount(p)
	p.Object.Status.Warnings = warnings(&p.Object.Spec)
	w := desired{}
	content, problems := template.Content(&p.Object.Spec)
	if len(problems) == 0 {
		w = desired{content: content, fields: template.WantedFields(content)}
		w.hash = w.fields.Hash()
	} else if p.Writable() {
		return lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec, joinProblems(problems))
	}

	view, o := t.lookup(ctx, p)
	if o != nil {
		return o
	}
	if p.Writable() {
		if o := t.samples(ctx, p, &w); o != nil {
			if view.Template != nil && t.owned(p, view) {
				t.observeInto(p, view)
			}
			return o
		}
	}
	if view.Template == nil {
		return t.absent(ctx, p, w)
	}
	switch {
	case !p.Writable():
		return t.observed(p, w, view)
	case t.owned(p, view):
		return t.compare(ctx, p, w, view)
	default:
		return t.adopt(ctx, p, w, view)
	}
}

// resetForNewAccount forgets the template in an account that a person gave up by accepting another one.
func (t *templates) resetForNewAccount(p *templateRun) {
	if p.Status.AccountID == "" || p.Status.AccountID == p.WABA.Spec.ID {
		return
	}
	t.clearObserved(p)
	p.Status.AccountID, p.Object.Status.PendingCreate = "", nil
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

// lookup returns what is known of the template, asking Meta for the one name only where the snapshot can't answer: a
// resync costs no call, and a new template doesn't wait for a listing.
func (t *templates) lookup(ctx context.Context, p *templateRun) (account.TemplateView, *lifecycle.Result) {
	key := templateKey(p.Object)
	view := p.Session.Template(key)
	ask := p.Requested() && view.At.Before(p.Now)
	switch pending := p.Object.Status.PendingCreate; {
	case !view.Known && p.Settled() && pending == nil && !openEdit(p.Object.Status.Edits):
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

// owned reports whether the template was created or adopted by this resource. The id in the status is only compared with
// what the account's own listing shows under this name and language; it is never used to reach something else.
func (t *templates) owned(p *templateRun, view account.TemplateView) bool {
	s := &p.Object.Status
	if s.Baseline != nil && s.ID == view.Template.ID {
		return true
	}
	pending, live := s.PendingCreate, template.LiveFields(view.Template)
	switch {
	case pending == nil, pending.Answered:
		return false // what Meta refused to create, somebody else has made since: the adoption policy decides
	case !view.ReadBack, live.Hash() == pending.SpecHash, appeared(view.Template, pending) && onlySent(&p.Object.Spec, live):
		// The process died between Meta's answer and the status write, or the answer was lost. Meta may have normalised what
		// appeared, so the hash alone doesn't decide.
		s.Baseline = pendingBaseline(p, desired{hash: pending.SpecHash})
		return true
	}
	return false
}

// appeared reports that a template was last changed when a create of ours may have been under way.
func appeared(live *graph.Template, pending *v1alpha1.PendingCreate) bool {
	at, begun := live.LastUpdatedTime, pending.Time.Time
	return !at.Before(begun.Add(-deadline.Skew)) && !at.After(begun.Add(lifecycle.InFlight+deadline.Skew))
}

// onlySent reports that a template differs from the spec in nothing but fields that we sent: those Meta may have normalised.
func onlySent(spec *v1alpha1.MessageTemplateSpec, live template.Fields) bool {
	content, problems := template.Content(spec)
	if len(problems) > 0 {
		return false
	}
	wanted := template.WantedFields(content)
	return !slices.ContainsFunc(template.Diff(wanted, live), func(name string) bool {
		_, sent := wanted[name]
		return !sent
	})
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
	s.PreviousCategory, s.CorrectCategory = metavalues.Clip(live.PreviousCategory), metavalues.Clip(live.CorrectCategory)
	s.QualityScore = metavalues.Clip(live.QualityScore)
	s.Rejection = rejectionOf(live)
	t.overlayWebhook(p, live.LastUpdatedTime)
}

// parameters lists what a sender fills in: from the spec, whose examples are as they were written, unless the text is Meta's.
func parameters(p *templateRun, w desired, view account.TemplateView) {
	if ours := p.Object.Spec.Body != nil; ours || !view.ReadBack {
		p.Object.Status.Parameters = template.Parameters(w.content.Components)
		return
	}
	p.Object.Status.Parameters = template.Parameters(view.Template.Components)
}

// observed reports differences and writes nothing.
func (t *templates) observed(p *templateRun, w desired, view account.TemplateView) *lifecycle.Result {
	t.observeInto(p, view)
	p.Status.ID, p.Status.AccountID, p.Status.Drift = view.Template.ID, p.WABA.Spec.ID, nil
	parameters(p, w, view)
	if len(w.content.Components) == 0 {
		return lifecycle.Done("observed only: managementPolicy is Observed")
	}
	if names := template.Diff(w.fields, template.LiveFields(view.Template)); len(names) > 0 && view.ReadBack {
		p.Status.Drift = names
		return lifecycle.Waiting(v1alpha1.ReasonDriftDetected, "observed only; differs from the spec in "+strings.Join(names, ", "), 0).AssetUnaffected()
	}
	return lifecycle.Done("observed only, and equal to the spec")
}

// adopt decides whether a template that is there already becomes ours.
func (t *templates) adopt(ctx context.Context, p *templateRun, w desired, view account.TemplateView) *lifecycle.Result {
	policy := p.Object.Spec.AdoptionPolicy
	live := template.LiveFields(view.Template)
	names := template.Diff(w.fields, live)
	p.Object.Status.PendingCreate = nil // it isn't what came of our own attempt
	switch {
	case policy == v1alpha1.AdoptionPolicyNever:
		return lifecycle.NotSynced(v1alpha1.ReasonAlreadyExists,
			"a template with this name and language exists and adoptionPolicy is Never; choose another name or allow adoption")
	case !view.ReadBack:
		return lifecycle.Unchanged(lifecycle.FirstPause)
	case len(names) > 0 && policy != v1alpha1.AdoptionPolicyAlways:
		return lifecycle.NotSynced(v1alpha1.ReasonAlreadyExists, fmt.Sprintf(
			"a template with this name and language exists with other content (%s); correct the spec or set adoptionPolicy: Always to overwrite it",
			strings.Join(names, ", ")))
	}
	p.Status.ID, p.Status.AccountID = view.Template.ID, p.WABA.Spec.ID
	t.recordBaseline(p, view, desired{fields: w.fields, hash: live.Hash()})
	return t.compare(ctx, p, w, view)
}

// recordBaseline makes what Meta shows now the baseline: only later differences are drift.
func (t *templates) recordBaseline(p *templateRun, view account.TemplateView, w desired) {
	b := pendingBaseline(p, w)
	if view.ReadBack {
		for name, hash := range template.LiveFields(view.Template).Hashes() {
			if name != template.FieldCategory {
				b.Fields[name] = hash
			}
		}
		b.LastUpdatedTime = deadline.Pointer(view.Template.LastUpdatedTime)
	}
	p.Object.Status.Baseline = b
	p.Status.Drift = nil
}

// pendingBaseline is the baseline right after a write of ours: what Meta made of it isn't known yet, only what it will never
// show, and which category was asked for. (Meta may give another; that isn't a difference.)
func pendingBaseline(p *templateRun, w desired) *v1alpha1.Baseline {
	fields := w.fields.Sent()
	maps.Copy(fields, template.Fields{template.FieldCategory: string(p.Object.Spec.Category)}.Hashes())
	return &v1alpha1.Baseline{Version: template.CanonicalVersion, SpecHash: w.hash, Fields: fields}
}

// compare is three-way: the spec, what was recorded after our last write, and what Meta shows now. Only a changed spec
// leads to an edit; a difference nobody made is a habit of Meta's and never does.
func (t *templates) compare(ctx context.Context, p *templateRun, w desired, view account.TemplateView) *lifecycle.Result {
	s := &p.Object.Status
	t.observeInto(p, view)
	p.Status.ID, p.Status.AccountID = view.Template.ID, p.WABA.Spec.ID
	if o := t.unpause(ctx, p, view); o != nil {
		return o
	}
	s.PendingCreate = nil
	parameters(p, w, view)
	if !view.ReadBack {
		return lifecycle.Done("written; the next observation reads it back")
	}
	live := template.LiveFields(view.Template)
	changed := s.Baseline.SpecHash != w.hash || len(template.Resent(s.Baseline.Fields, w.fields)) > 0
	if s.Baseline.Version != template.CanonicalVersion {
		// Hashes of another version say nothing; whether the user changed anything is then told by the generation.
		changed = p.ChangedByUser()
		s.Baseline = pendingBaseline(p, w)
	}
	sameCategory := template.SameCategory(s.Baseline.Fields, string(p.Object.Spec.Category))
	if changed || !sameCategory {
		return t.apply(ctx, p, w, view, live, sameCategory)
	}
	if template.AwaitsReadBack(s.Baseline.Fields) {
		t.readBack(p, w, view, live)
		return t.inSync(p)
	}
	return t.drift(ctx, p, w, view, live)
}

// readBack records the first answer after our write, and counts what Meta made of it that nobody expected.
func (t *templates) readBack(p *templateRun, w desired, view account.TemplateView, live template.Fields) {
	for _, name := range template.Diff(w.fields, live) {
		t.Metrics.UnknownNormalisation(v1alpha1.KindMessageTemplate, name)
	}
	t.recordBaseline(p, view, w)
}

func (t *templates) inSync(p *templateRun) *lifecycle.Result {
	switch p.Object.Status.Status {
	case metavalues.TemplatePending, metavalues.TemplateInAppeal:
		return lifecycle.Done("written to Meta; in review")
	default:
		return lifecycle.Done("equal to the spec")
	}
}

// apply brings a changed spec to Meta.
func (t *templates) apply(
	ctx context.Context, p *templateRun, w desired, view account.TemplateView, live template.Fields, sameCategory bool,
) *lifecycle.Result {
	names := append(template.Diff(w.fields, live), template.Resent(p.Object.Status.Baseline.Fields, w.fields)...)
	if !sameCategory && live[template.FieldCategory] != string(p.Object.Spec.Category) {
		if p.Object.Status.Status == metavalues.TemplateApproved {
			return lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec, fmt.Sprintf(
				"the category of an approved template can't be changed; set it back, accept %s, or create a template with another name",
				live[template.FieldCategory]))
		}
		names = append(names, template.FieldCategory)
	}
	if len(names) == 0 {
		closeEdit(p.Object.Status.Edits, w.editHash())
		t.recordBaseline(p, view, w)
		return t.inSync(p)
	}
	return t.edit(ctx, p, w, view, names, causeSpec)
}

// drift looks for changes that somebody else made since the baseline.
func (t *templates) drift(ctx context.Context, p *templateRun, w desired, view account.TemplateView, live template.Fields) *lifecycle.Result {
	s := &p.Object.Status
	names := template.Changed(s.Baseline.Fields, live)
	moved := view.Template.LastUpdatedTime.After(deadline.Value(s.Baseline.LastUpdatedTime)) || view.Template.LastUpdatedTime.IsZero()
	prior := p.Before.Status.Status
	switch {
	case len(names) == 0:
		p.Status.Drift = nil
		s.Baseline.LastUpdatedTime = deadline.Pointer(view.Template.LastUpdatedTime)
		return t.inSync(p)
	case !moved, prior == metavalues.TemplatePending, reviewed(s, view.Template.LastUpdatedTime), len(template.Diff(w.fields, live)) == 0:
		// Nobody edited it (a template in review can't be edited), or the edit made it equal to the spec.
		t.readBack(p, w, view, live)
		return t.inSync(p)
	}
	p.Status.Drift = names
	t.CountDrift(p.Object, names, p.Prior.Drift)
	t.sawEdit(p, view.Template.LastUpdatedTime)
	if p.Object.Spec.DriftPolicy != v1alpha1.DriftPolicyRepair {
		return lifecycle.Waiting(v1alpha1.ReasonDriftDetected, fmt.Sprintf(
			"changed at Meta in %s; change the spec to accept it, or set driftPolicy: Repair to undo it", strings.Join(names, ", ")), 0).AssetUnaffected()
	}
	return t.edit(ctx, p, w, view, names, causeDrift)
}

// sawEdit remembers an edit by somebody else: it counts towards Meta's limit.
func (t *templates) sawEdit(p *templateRun, at time.Time) {
	if at.IsZero() {
		return
	}
	seen := p.Object.Status.LastUpdatedTimes
	if slices.ContainsFunc(seen, func(o metav1.Time) bool { return o.Unix() == at.Unix() }) {
		return
	}
	seen = append(seen, metav1.NewTime(at))
	p.Object.Status.LastUpdatedTimes = seen[max(0, len(seen)-metavalues.RingSize):]
}
