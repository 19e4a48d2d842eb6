// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"
	"fmt"
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

const (
	// attemptMemory is how long a recorded attempt stands for the repetitions of the same edit.
	attemptMemory = 10 * time.Minute

	causeSpec  = "Spec"
	causeDrift = "Drift"
)

// templateEdit is one edit of a template: of its content, which includes the max price, or of the max price alone.
type templateEdit struct {
	// names are the fields that differ, and cause says why.
	names  []string
	cause  string
	budget *editBudget
	// live is the template at Meta, read just now.
	live *graph.Template
	// rest is what is said of the content after an edit of the max price alone, nil where nothing else differs.
	rest *lifecycle.Result
}

func (e *templateEdit) approved() bool { return e.live.Status == metavalues.TemplateApproved }

// onlyPrice reports that nothing but the max price is sent.
func (e *templateEdit) onlyPrice() bool { return e.budget == &priceBudget }

// edit brings a template to the spec, once, within Meta's limits. The max price doesn't wait for the budget of the content.
func (t *templates) edit(ctx context.Context, p *templateRun, w desired, view account.TemplateView, names []string, cause string) *lifecycle.Result {
	e := templateEdit{names: names, cause: cause, budget: budgetOf(names), live: view.Template}
	if o := t.repairHeld(p, e); o != nil {
		return o
	}
	if !t.ReadOnly { // what isn't written needn't be newer than the listing
		newer, o := t.liveTemplate(ctx, p, e.live.ID)
		if o != nil {
			return o
		}
		e.live = newer
	}
	if o := t.alreadyDone(p, w, e.live); o != nil {
		return o
	}
	if o := unpriced(&p.Object.Spec, p.Object.Status.Operator.Baseline, e.live); o != nil {
		return o
	}
	if o := losing(&p.Object.Spec, p.Object.Status.Operator.Baseline, e.live, names); o != nil {
		return o.AssetUnaffectedIf(cause == causeDrift)
	}
	if content := template.WithoutMaxPrice(names); len(content) > 0 && template.SamePrice(w.fields, template.LiveFields(e.live)) {
		e.names = content // the answer to an edit of the price was lost
	}
	o := t.attempt(ctx, p, w, e)
	if e.onlyPrice() || o.Reason() != v1alpha1.ReasonEditBudgetExhausted || !pricePending(&p.Object.Status, w, e.names, cause, p.Now) {
		return o
	}
	if wait := priceWait(&p.Object.Status, "", p.Now); wait > 0 {
		return o.Sooner(wait)
	}
	e.names, e.budget, e.rest = []string{template.FieldMaxPrice}, &priceBudget, o
	return t.attempt(ctx, p, w, e)
}

// attempt makes an edit if its budget allows it.
func (t *templates) attempt(ctx context.Context, p *templateRun, w desired, e templateEdit) *lifecycle.Result {
	if e.onlyPrice() {
		w.samples = nil // which are sent with the content
	}
	if e.approved() {
		wait := e.budget.wait(&p.Object.Status, w.editHash(), p.Now)
		if !e.onlyPrice() {
			wait = max(wait, p.RefusedFor())
		}
		if wait > 0 {
			// The content at Meta still works, as with drift that is only reported; the sample files aren't sent.
			works := e.cause == causeDrift || template.OnlyMedia(e.names)
			waiting := e.names
			if !e.onlyPrice() && pricePending(&p.Object.Status, w, e.names, e.cause, p.Now) {
				waiting = template.WithoutMaxPrice(waiting) // which is edited on its own
			}
			return lifecycle.Waiting(v1alpha1.ReasonEditBudgetExhausted, fmt.Sprintf(
				"waits to edit %s: Meta allows %s", strings.Join(waiting, ", "), e.budget.limit), wait).Showing(true).AssetUnaffectedIf(works)
		}
	}
	if t.ReadOnly {
		if o := t.counted(ctx, p, e.cause); o != nil {
			return o
		}
		o := t.withhold(p, w, v1alpha1.ReasonDriftDetected, CallEditTemplate, e.names...)
		if e.rest != nil {
			return e.rest
		}
		return o
	}
	if o := t.prepare(ctx, p, &w, e); o != nil {
		return o
	}
	if o := t.recordAttempt(ctx, p, w, e); o != nil {
		return o
	}
	return t.send(ctx, p, w, e)
}

// prepare does what comes before the call: the files have to be there, and the breaker must agree before they are uploaded.
func (t *templates) prepare(ctx context.Context, p *templateRun, w *desired, e templateEdit) *lifecycle.Result {
	files, o := t.fetchSamples(ctx, p, *w)
	defer files.Close()
	if o != nil {
		return o
	}
	if o := t.counted(ctx, p, e.cause); o != nil {
		return o
	}
	return t.withSamples(ctx, p, w, files)
}

// repairHeld guards edits that no change of the spec requested. The breaker counts them later, once for each edit that is made.
func (t *templates) repairHeld(p *templateRun, e templateEdit) *lifecycle.Result {
	if e.cause != causeDrift {
		return nil
	}
	contested := contestedFor(p)
	if e.onlyPrice() {
		contested = priceContested(&p.Object.Status, p.Now)
	}
	return t.RepairHeld(p.Session, contested,
		"another client keeps reverting the operator's edits; agree who manages this template, or set driftPolicy: Report")
}

// contestedFor is how long the content of the template isn't repaired any more, because another client keeps reverting the repairs.
func contestedFor(p *templateRun) time.Duration {
	var repairs []metav1.Time
	for _, e := range p.Object.Status.Operator.Edits {
		if e.Cause == causeDrift {
			repairs = append(repairs, e.Time)
		}
	}
	return lifecycle.Contested(repairs, p.Now)
}

// counted asks the account's breaker for an edit that no change of the spec requested.
func (t *templates) counted(ctx context.Context, p *templateRun, cause string) *lifecycle.Result {
	if cause != causeDrift {
		return nil
	}
	return t.AllowUnrequested(ctx, p.Object, p.WABA, p.Session)
}

// liveTemplate reads the template just before an edit: the listing may be minutes old, and an edit is scarce.
func (t *templates) liveTemplate(ctx context.Context, p *templateRun, id string) (*graph.Template, *lifecycle.Result) {
	if o := p.Lookups(1); o != nil {
		return nil, o
	}
	live, err := p.Session.Client().ReadTemplate(ctx, id)
	if err != nil {
		return nil, lifecycle.Failed("read the template before the edit", err)
	}
	if account.NewTemplateKey(live.Name, live.Language) != templateKey(p.Object) {
		return nil, lifecycle.Waiting(v1alpha1.ReasonUnknownError, "Meta answers with another template under this id", lifecycle.MinimumInterval)
	}
	if o := editable(live.Status, "the change"); o != nil {
		// The listing or a webhook said otherwise: until that is cleared up, not every event is worth a call.
		return nil, o.WithBackoff(lifecycle.SlowPause)
	}
	return live, nil
}

// alreadyDone recognises an edit that took effect though its answer was lost, and one that a person made for us.
func (t *templates) alreadyDone(p *templateRun, w desired, live *graph.Template) *lifecycle.Result {
	fields := template.LiveFields(live)
	looksEqual := len(template.Diff(w.fields, fields)) == 0
	// The category of an approved template can't be edited; where Meta chose another one, only the content counts.
	equal := looksEqual && len(template.WriteOnlyChanged(p.Object.Status.Operator.Baseline.Fields, w.fields)) == 0 &&
		(live.Status == metavalues.TemplateApproved || live.Category == string(p.Object.Spec.Category))
	if !equal && !tookEffect(&p.Object.Status, w.editHash(), live, looksEqual) {
		return nil
	}
	closeEdit(&p.Object.Status.Operator, w.editHash())
	p.Session.RecordWrite(templateKey(p.Object), live)
	view := account.TemplateView{Template: live, Known: true, ReadBack: true, At: p.Now}
	p.Object.Status.Operator.Baseline, p.Status.Drift = baselineOf(&p.Object.Spec, view, w), nil
	return inSync(p.Object.Status.Status)
}

// tookEffect reports that an edit of ours whose answer was lost was made all the same, in words that Meta normalised. The
// time alone proves little: it moves on reviews and pauses too; so the content must have changed since the baseline, unless
// the change is one that Meta never shows.
func tookEffect(s *v1alpha1.MessageTemplateStatus, hash string, live *graph.Template, looksEqual bool) bool {
	if !openEdit(s.Operator.Edits) || s.Operator.Baseline == nil || template.AwaitsReadBack(s.Operator.Baseline.Fields) {
		return false
	}
	last := s.Operator.Edits[len(s.Operator.Edits)-1]
	return last.SpecHash == hash && !live.LastUpdatedTime.Before(last.Time.Time) &&
		(looksEqual || len(template.WithoutMaxPrice(template.Changed(s.Operator.Baseline.Fields, template.LiveFields(live)))) > 0)
}

// openEdit reports that the answer to the last edit isn't known.
func openEdit(edits []v1alpha1.EditAttempt) bool { return len(edits) > 0 && !edits[len(edits)-1].Done }

// closeEdit notes that the edit whose answer was lost has taken effect.
func closeEdit(memory *v1alpha1.MessageTemplateOperatorStatus, hash string) {
	if !openEdit(memory.Edits) {
		return
	}
	if last := &memory.Edits[len(memory.Edits)-1]; last.SpecHash == hash {
		last.Done = true
		memory.LastWriteTime = deadline.Pointer(last.Time.Time)
	}
}

// recordAttempt writes the attempt before the call, and only if no other client changed the object: two leaders that overlap for
// a moment must not both edit.
func (t *templates) recordAttempt(ctx context.Context, p *templateRun, w desired, e templateEdit) *lifecycle.Result {
	if !note(p, w, e) {
		return nil // on record already; noting each try of a failing call would cost a status write each time
	}
	if err := t.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "editing the template", 0).AssetUnaffected(), true); err != nil {
		return lifecycle.WriteFailed("record the attempt to edit", err)
	}
	return nil
}

// note puts an attempt into the memory of its budget, unless the same one is there.
func note(p *templateRun, w desired, e templateEdit) bool {
	memory := &p.Object.Status.Operator
	if e.cause == causeDrift && slices.Contains(e.names, template.FieldMaxPrice) {
		lifecycle.RepairsOf(p.Object, p.Now).Note(template.FieldMaxPrice)
	}
	if e.onlyPrice() {
		if e.approved() {
			countPriceEdits(memory, 1, p.Now)
		}
		return true
	}
	edits, hash := memory.Edits, w.editHash()
	if openEdit(edits) {
		if last := edits[len(edits)-1]; last.SpecHash == hash && deadline.Within(last.Time.Time, p.Now, attemptMemory) {
			return false
		}
		edits = edits[:len(edits)-1] // the live template showed that it had no effect
	}
	edits = append(slices.Clone(edits), v1alpha1.EditAttempt{
		Time: metav1.NewTime(p.Now.Truncate(time.Second)), SpecHash: hash, Cause: e.cause, Approved: e.approved(),
	})
	memory.Edits = edits[max(0, len(edits)-metavalues.RingSize):]
	return true
}

// contentOf is what the edit sends. The content includes the max price, even where the spec leaves it alone: whether Meta keeps the price of
// a template that is edited without isn't documented, and it can't be added again.
func (e *templateEdit) contentOf(w desired) graph.TemplateContent {
	if e.onlyPrice() {
		return graph.TemplateContent{MaxPrice: w.content.MaxPrice}
	}
	content := w.content
	if content.MaxPrice == nil {
		content.MaxPrice = e.live.MaxPrice
	}
	if e.approved() {
		content.Category = "" // can't be changed, and need not be sent
		if content.LinkTrackingOptedOut != nil {
			content.Category = e.live.Category // Meta takes this switch only together with the category it has
		}
	}
	return content
}

// send makes the call. Only its own result is recorded after it.
func (t *templates) send(ctx context.Context, p *templateRun, w desired, e templateEdit) *lifecycle.Result {
	content := e.contentOf(w)
	lifecycle.LogStep(ctx, "About to write to Meta", "call", CallEditTemplate, "fields", e.names)
	err := p.Session.Client().EditTemplate(ctx, e.live.ID, content)
	p.AuditWrite(t.Base, CallEditTemplate, e.names, err)
	var again *lifecycle.Result
	if !e.onlyPrice() {
		again = t.sent(p, w, err)
	}
	switch class := graph.ClassOf(err); {
	case err == nil && e.onlyPrice():
		return t.priceSent(p, w, e)
	case err == nil:
		return t.contentSent(p, w, content, e)
	case class == graph.ClassTransient, class == graph.ClassUnknown:
		return w.pausing(lifecycle.Failed("edit the template", err)) // it may have taken effect; the next run reads the template first
	}
	return t.editRefused(p, e, err, again)
}

// editRefused takes back what was noted of an edit that Meta refused. again is the result where its sample files are to be sent again.
func (t *templates) editRefused(p *templateRun, e templateEdit, err error, again *lifecycle.Result) *lifecycle.Result {
	memory := &p.Object.Status.Operator
	overBudget := false
	if failure, ok := graph.AsError(err); ok {
		overBudget = failure.Cause == graph.CauseEditBudget
	}
	switch {
	case e.onlyPrice() && overBudget:
		countPriceEdits(memory, priceEditsPerHour, p.Now) // others have edited it, too
	case e.onlyPrice() && e.approved():
		countPriceEdits(memory, -1, p.Now)
	case !e.onlyPrice():
		memory.Edits = memory.Edits[:len(memory.Edits)-1]
	}
	if again != nil {
		return again
	}
	o := lifecycle.Failed("edit the template", err)
	if overBudget {
		return o.RetryAfter(e.budget.refused).AssetUnaffectedIf(e.cause == causeDrift)
	}
	return o
}

// contentSent records an edit of the content that Meta took.
func (t *templates) contentSent(p *templateRun, w desired, content graph.TemplateContent, e templateEdit) *lifecycle.Result {
	memory := &p.Object.Status.Operator
	memory.Edits[len(memory.Edits)-1].Done = true
	memory.LastWriteTime = deadline.Pointer(t.Clock.Now().Truncate(time.Second))
	after := *e.live
	after.MaxPrice = content.MaxPrice
	if after.Status == metavalues.TemplateRejected {
		// An edit ends the rejection and starts a review. Until it is read back, the resource must not look failed.
		after.Status = metavalues.TemplatePending
		p.Object.Status.Status, p.Object.Status.Rejection = metavalues.TemplatePending, nil
		trackStatusPeriod(p, statusChange{})
	}
	p.Session.RecordWrite(templateKey(p.Object), &after)
	memory.Baseline = pendingBaseline(&p.Object.Spec, w)
	p.Status.Drift = nil
	return written()
}

// priceSent records an edit of the max price alone that Meta took. The content is as it was, and what is to be edited of it stays so.
func (t *templates) priceSent(p *templateRun, w desired, e templateEdit) *lifecycle.Result {
	after := *e.live
	after.MaxPrice = w.content.MaxPrice
	p.Session.RecordWrite(templateKey(p.Object), &after)
	p.Object.Status.MaxPrice = maxPriceOf(&after)
	base := p.Object.Status.Operator.Baseline.DeepCopy()
	base.Fields = template.PriceWritten(base.Fields, w.fields)
	p.Object.Status.Operator.Baseline = base
	p.Status.Drift = template.WithoutMaxPrice(p.Status.Drift)
	if e.rest != nil {
		return e.rest
	}
	base.SpecHash = w.hash
	p.Status.Drift = nil
	return written()
}
