// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// desired is the template as the spec describes it.
type desired struct {
	content graph.TemplateContent
	fields  template.Fields
	// hash of the content, without the sample files.
	hash string
	// samples are the files of media headers; reused means that one was uploaded for an earlier attempt.
	samples []sample
	reused  bool
}

// desiredBy translates a spec. What can't be created has problems instead.
func desiredBy(spec *v1alpha1.MessageTemplateSpec) (desired, []template.Problem) {
	content, problems := template.Content(spec)
	if len(problems) > 0 {
		return desired{}, problems
	}
	w := desired{content: content, fields: template.WantedFields(content)}
	w.hash = w.fields.Hash()
	return w, nil
}

// editHash recognises repetitions of one edit, the sample files included.
func (w desired) editHash() string { return w.fields.EditHash() }

// state is what a plan is made from. A plan makes no call and changes nothing of it.
type state struct {
	spec *v1alpha1.MessageTemplateSpec
	// writable reports that the policies of the resource and its account allow writes.
	writable bool
	// changed reports that this generation of the spec wasn't handled yet.
	changed bool
	desired desired
	// observed is the template at Meta.
	observed account.TemplateView
	// status is what earlier runs recorded, with what this one has observed.
	status *v1alpha1.MessageTemplateStatus
	// before is the status at Meta that the last run left.
	before string
	// revival is the step by which a paused or archived template is brought back, as a person or the spec requests; stepNone without.
	revival step
	// byPerson reports that a person requests the revival, which doesn't wait then.
	byPerson bool
	// refusedFor is how long a write that Meta refused isn't repeated; budgetSpent reports that it waits for the budget of edits.
	refusedFor  time.Duration
	budgetSpent bool
	now         time.Time
}

// ownership is whether the template at Meta is this resource's.
type ownership struct {
	// stop says why it isn't.
	stop *lifecycle.Result
	// baseline is recorded for a template that the resource created or adopts now, nil for one that it has already.
	baseline *v1alpha1.Baseline
	// adopted reports that the template isn't what an attempt of the operator's created.
	adopted bool
}

// ownershipOf decides whether the template at Meta is this resource's, or may be adopted.
func ownershipOf(s state) ownership {
	if owned, baseline := owned(s); owned {
		return ownership{baseline: baseline}
	}
	live, policy := template.LiveFields(s.observed.Template), s.spec.AdoptionPolicy
	names := template.Diff(s.desired.fields, live)
	switch {
	case policy == v1alpha1.AdoptionPolicyNever:
		return ownership{adopted: true, stop: lifecycle.NotSynced(v1alpha1.ReasonAlreadyExists,
			"a template with this name and language exists and adoptionPolicy is Never"+generated(s.observed.Template)+"; choose another name or allow adoption")}
	case !s.observed.ReadBack:
		return ownership{adopted: true, stop: lifecycle.Unchanged(lifecycle.FirstPause)}
	case len(names) > 0 && policy != v1alpha1.AdoptionPolicyAlways:
		return ownership{adopted: true, stop: lifecycle.NotSynced(v1alpha1.ReasonAlreadyExists, fmt.Sprintf(
			"a template with this name and language exists with other content (%s)%s; correct the spec or set adoptionPolicy: Always to overwrite it",
			strings.Join(names, ", "), generated(s.observed.Template)))}
	}
	adopted := desired{fields: s.desired.fields, hash: live.Hash()}
	return ownership{adopted: true, baseline: baselineOf(s.spec, s.observed, adopted)}
}

// generated explains a template that Meta made by itself, for a business that sends without templates. Meta may take a name that the sender
// gave.
func generated(live *graph.Template) string {
	if live.Source != graph.SourceGenerated {
		return ""
	}
	return "; Meta generated it for messages sent without a template (Direct Send)"
}

// owned reports that the resource created or adopted the template. A baseline is returned where none is recorded yet.
func owned(s state) (bool, *v1alpha1.Baseline) {
	if s.status.Operator.Baseline != nil && s.status.ID == s.observed.Template.ID {
		return true, nil
	}
	pending, live := s.status.Operator.PendingCreate, template.LiveFields(s.observed.Template)
	switch {
	case pending == nil, pending.Answered:
		return false, nil // Meta refused to create it, so another client has made it since: the adoption policy decides
	case !s.observed.ReadBack, live.Hash() == pending.SpecHash, appeared(s.observed.Template, pending) && onlySent(s.spec, live):
		// The process died between Meta's answer and the status write, or the answer was lost. Meta may have normalised what
		// appeared, so the hash alone doesn't decide.
		return true, pendingBaseline(s.spec, desired{hash: pending.SpecHash})
	}
	return false, nil
}

// appeared reports that the template was made or touched when a lost create of the operator's can have reached Meta.
func appeared(live *graph.Template, pending *v1alpha1.PendingCreate) bool {
	at, begun := live.LastUpdatedTime, pending.Time.Time
	return !at.Before(begun.Add(-deadline.Skew)) && !at.After(begun.Add(lifecycle.InFlight+deadline.Skew))
}

// onlySent reports that the template has nothing that the spec doesn't have too.
func onlySent(spec *v1alpha1.MessageTemplateSpec, live template.Fields) bool {
	w, problems := desiredBy(spec)
	if len(problems) > 0 {
		return false
	}
	return !slices.ContainsFunc(template.Diff(w.fields, live), func(name string) bool {
		_, sent := w.fields[name]
		return !sent
	})
}

// step is what a plan does at Meta.
type step string

const (
	stepNone    step = ""
	stepCreate  step = "create"
	stepEdit    step = "edit"
	stepUnpause step = "unpause"
	// stepUnarchive brings an archived template back.
	stepUnarchive step = "unarchive"
)

// action is what follows from a state: at most one write to Meta, and what the operator records.
type action struct {
	step step
	// result is how the run ends, for stepNone.
	result *lifecycle.Result
	// fields differ from the spec, and cause says why, for stepEdit.
	fields []string
	cause  string

	// baseline is recorded, nil where the last one stays. A new baseline ends the drift.
	baseline *v1alpha1.Baseline
	// settlesEdit reports that an edit whose answer was lost has taken effect.
	settlesEdit bool
	// normalised are fields that Meta gave back in an unexpected form.
	normalised []string
	// drift are fields that another client has changed.
	drift []string
	// gone reports that there is no template any more, and that nothing is created.
	gone bool
}

// planFor compares the template at Meta with the spec. A template that is there is this resource's, or is only observed.
func planFor(s state) action {
	switch {
	case s.observed.Template == nil:
		return planAbsent(s)
	case !s.writable:
		return planObserved(s)
	case s.revival != stepNone && s.refusedFor > 0 && !s.byPerson:
		return action{result: lifecycle.Unchanged(s.refusedFor)}
	case s.revival != stepNone:
		return action{step: s.revival}
	case !s.observed.ReadBack:
		return planUnread(s)
	}
	if o := unpriced(s.spec, s.status.Operator.Baseline, s.observed.Template); o != nil {
		return action{result: o}
	}
	return planManaged(s)
}

// written is the result of a write, until it is read back. It is the same throughout: a run in between must not write the status again.
func written() *lifecycle.Result {
	return lifecycle.Done("written; the next observation reads it back")
}

// planUnread is the plan after a write that isn't read back.
func planUnread(s state) action {
	if s.budgetSpent && (s.status.Operator.Baseline.SpecHash != s.desired.hash || len(s.status.Drift) > 0) {
		return action{result: lifecycle.Unchanged(s.refusedFor)} // only the max price was written, and the content waits
	}
	return action{result: written()}
}

// planManaged is the plan for a template whose content is known.
func planManaged(s state) action {
	recorded, base := s.status.Operator.Baseline, (*v1alpha1.Baseline)(nil)
	changed := recorded.SpecHash != s.desired.hash || len(template.WriteOnlyChanged(recorded.Fields, s.desired.fields)) > 0
	if recorded.Version != template.CanonicalVersion {
		// Hashes of another version can't be compared; the generation then shows whether the user changed the spec.
		changed = s.changed
		base = pendingBaseline(s.spec, s.desired)
		base.UnknownProperties = recorded.UnknownProperties
		recorded = base
	}
	sameCategory := template.SameCategory(recorded.Fields, string(s.spec.Category))
	var a action
	switch {
	case changed || !sameCategory:
		a = planChange(s, recorded, sameCategory)
	case template.AwaitsReadBack(recorded.Fields):
		// The first observation after a write.
		return planReadBack(s)
	default:
		a = planDrift(s, recorded)
	}
	if a.baseline == nil {
		a.baseline = base
	} else {
		a.baseline.UnknownProperties = recorded.UnknownProperties
	}
	return a
}

// planAbsent is the plan for a template that isn't there: not yet, or not any more.
func planAbsent(s state) action {
	switch {
	case !s.writable:
		return action{gone: true, result: lifecycle.NotSynced(v1alpha1.ReasonNotFound, "no such template at Meta, and managementPolicy is Observed")}
	case s.refusedFor > 0 && s.status.ID == "":
		return action{result: lifecycle.Unchanged(s.refusedFor)}
	}
	if o := unsendable(s.spec); o != nil {
		return action{gone: true, result: o}
	}
	return action{step: stepCreate}
}

// planObserved is the plan for a template that may not be written.
func planObserved(s state) action {
	if len(s.desired.content.Components) == 0 {
		return action{result: lifecycle.Done("observed only: managementPolicy is Observed")}
	}
	if names := template.Diff(s.desired.fields, template.LiveFields(s.observed.Template)); len(names) > 0 && s.observed.ReadBack {
		return action{drift: names, result: lifecycle.Waiting(v1alpha1.ReasonDriftDetected,
			"observed only; differs from the spec in "+strings.Join(names, ", "), 0).AssetUnaffected()}
	}
	return action{result: lifecycle.Done("observed only, and equal to the spec")}
}

// planChange is the plan for a changed spec.
func planChange(s state, recorded *v1alpha1.Baseline, sameCategory bool) action {
	live := template.LiveFields(s.observed.Template)
	names := append(template.Diff(s.desired.fields, live), template.WriteOnlyChanged(recorded.Fields, s.desired.fields)...)
	slices.Sort(names)
	names = slices.Compact(names)
	if !sameCategory && live[template.FieldCategory] != string(s.spec.Category) {
		if s.status.Status == metavalues.TemplateApproved {
			return action{result: lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec, fmt.Sprintf(
				"the category of an approved template can't be changed; set it back, accept %s, or create a template with another name",
				live[template.FieldCategory]))}
		}
		names = append(names, template.FieldCategory)
	}
	if o := incomparable(s); o != nil {
		return action{result: o}
	}
	if len(names) == 0 {
		return action{result: inSync(s.status.Status), settlesEdit: true, baseline: baselineOf(s.spec, s.observed, s.desired)}
	}
	return planEdit(s, names, causeSpec)
}

// planAccept is the plan for a template of which Meta gives some fields back in a form of its own: what it shows becomes the baseline.
func planAccept(s state, normalised []string) action {
	return action{result: inSync(s.status.Status), baseline: baselineOf(s.spec, s.observed, s.desired), normalised: normalised}
}

// planReadBack is the plan for the first observation after a write.
func planReadBack(s state) action {
	names := template.Diff(s.desired.fields, template.LiveFields(s.observed.Template))
	a := planAccept(s, template.WithoutMaxPrice(names))
	if slices.Contains(names, template.FieldMaxPrice) {
		drifted := planDrifted(s, []string{template.FieldMaxPrice})
		drifted.baseline, drifted.normalised = a.baseline, a.normalised
		a = drifted
	}
	a.baseline.UnknownProperties = classesOf(s.observed.Template)
	return a
}

// planDrift is the plan for an unchanged spec: what differs from the baseline, another client has changed, or Meta gives it back in
// another form than before.
func planDrift(s state, recorded *v1alpha1.Baseline) action {
	live, updated := template.LiveFields(s.observed.Template), s.observed.Template.LastUpdatedTime
	names := template.Compare(recorded.Fields, s.desired.fields, live, false).Drift
	priced := slices.Contains(names, template.FieldMaxPrice)
	moved := updated.IsZero() || updated.After(deadline.Value(recorded.LastUpdatedTime))
	metas := !moved || s.before == metavalues.TemplatePending || reviewed(s.status, updated) // a template in review can't be edited
	switch {
	case len(template.Changed(recorded.Fields, live)) == 0 && !priced:
		same := recorded.DeepCopy()
		same.LastUpdatedTime = deadline.Pointer(updated)
		return action{result: inSync(s.status.Status), baseline: same}
	case metas && priced:
		names = []string{template.FieldMaxPrice} // Meta changes the form of texts only
	case len(names) == 0, metas:
		return planAccept(s, names) // the change took nothing from the spec, or is Meta's
	}
	return planDrifted(s, names)
}

// planDrifted is the plan for fields that another client has changed.
func planDrifted(s state, names []string) action {
	if s.spec.DriftPolicy != v1alpha1.DriftPolicyRepair {
		return action{drift: names, result: lifecycle.Waiting(v1alpha1.ReasonDriftDetected, fmt.Sprintf(
			"changed at Meta in %s; change the spec to accept it, or set driftPolicy: Repair to undo it", strings.Join(names, ", ")), 0).AssetUnaffected()}
	}
	a := planEdit(s, names, causeDrift)
	a.drift = names
	return a
}

// planEdit is the plan for a template that has to be edited, if its status permits that.
func planEdit(s state, names []string, cause string) action {
	unaffected := cause == causeDrift
	if o := unsendable(s.spec); o != nil && !template.OnlyMaxPrice(names) {
		return action{result: o.AssetUnaffectedIf(unaffected)}
	}
	if o := losing(s.spec, s.status.Operator.Baseline, s.observed.Template, names); o != nil {
		return action{result: o.AssetUnaffectedIf(unaffected)}
	}
	if o := editable(s.status.Status, strings.Join(names, ", ")); o != nil {
		return action{result: o}
	}
	priceGoes := s.budgetSpent && pricePending(s.status, s.desired, names, cause, s.now) && priceWait(s.status, "", s.now) == 0
	if s.refusedFor > 0 && !priceGoes {
		return action{result: lifecycle.Unchanged(s.refusedFor)}
	}
	return action{step: stepEdit, fields: names, cause: cause}
}

// inSync is the result where Meta has what the spec says.
func inSync(status string) *lifecycle.Result {
	switch status {
	case metavalues.TemplatePending, metavalues.TemplateInAppeal:
		return lifecycle.Done("written to Meta; in review")
	default:
		return lifecycle.Done("equal to the spec")
	}
}

// baselineOf is the baseline of a template that was read: its fields as Meta gave them back.
func baselineOf(spec *v1alpha1.MessageTemplateSpec, view account.TemplateView, w desired) *v1alpha1.Baseline {
	b := pendingBaseline(spec, w)
	if view.ReadBack {
		for name, hash := range template.LiveFields(view.Template).Hashes() {
			if name != template.FieldCategory {
				b.Fields[name] = hash
			}
		}
		b.LastUpdatedTime = deadline.Pointer(view.Template.LastUpdatedTime)
	}
	return b
}

// pendingBaseline is what a write leaves until the template is read back. It contains the category of the spec: Meta may give the
// template another one, which is no edit.
func pendingBaseline(spec *v1alpha1.MessageTemplateSpec, w desired) *v1alpha1.Baseline {
	fields := w.fields.WriteOnly()
	maps.Copy(fields, template.Fields{template.FieldCategory: string(spec.Category)}.Hashes())
	return &v1alpha1.Baseline{Version: template.CanonicalVersion, SpecHash: w.hash, Fields: fields}
}
