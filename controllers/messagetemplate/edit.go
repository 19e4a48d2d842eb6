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

// Limits of edits to approved templates
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
const (
	editsPerWindow = 10
	monthlyWindow  = 30 * 24 * time.Hour

	// attemptMemory is how long a recorded attempt stands for the repetitions of the same edit.
	attemptMemory = 10 * time.Minute

	causeSpec  = "Spec"
	causeDrift = "Drift"
)

// edit replaces the content of a template, once, within Meta's limits.
func (t *templates) edit(ctx context.Context, p *templateRun, w desired, view account.TemplateView, names []string, cause string) *lifecycle.Result {
	if o := t.repairHeld(p, cause); o != nil {
		return o
	}
	live := view.Template
	if !t.ReadOnly { // what isn't written needn't be newer than the listing
		newer, o := t.liveTemplate(ctx, p, live.ID)
		if o != nil {
			return o
		}
		live = newer
	}
	if o := t.alreadyDone(p, w, live); o != nil {
		return o
	}
	if o := losing(&p.Object.Spec, p.Object.Status.Operator.Baseline, live); o != nil {
		return o.AssetUnaffectedIf(cause == causeDrift)
	}
	approved := live.Status == metavalues.TemplateApproved
	if approved {
		if wait := editWait(&p.Object.Status, w.editHash(), p.Now); wait > 0 {
			// The content at Meta still works, as with drift that is only reported; the sample files aren't sent.
			works := cause == causeDrift || template.OnlyMedia(names)
			return lifecycle.Waiting(v1alpha1.ReasonEditBudgetExhausted, fmt.Sprintf(
				"waits to edit %s: Meta allows one edit of an approved template a day, and ten in 30 days", strings.Join(names, ", ")), wait).Showing(true).AssetUnaffectedIf(works)
		}
	}
	if t.ReadOnly {
		if o := t.counted(ctx, p, cause); o != nil {
			return o
		}
		return t.withhold(p, w, v1alpha1.ReasonDriftDetected, CallEditTemplate, names...)
	}
	if o := t.prepare(ctx, p, &w, cause); o != nil {
		return o
	}
	if o := t.recordAttempt(ctx, p, v1alpha1.EditAttempt{
		Time: metav1.NewTime(p.Now.Truncate(time.Second)), SpecHash: w.editHash(), Cause: cause, Approved: approved,
	}); o != nil {
		return o
	}
	return t.send(ctx, p, w, live, names)
}

// prepare does what comes before the call: the files have to be there, and the breaker must agree before they are uploaded.
func (t *templates) prepare(ctx context.Context, p *templateRun, w *desired, cause string) *lifecycle.Result {
	files, o := t.fetchSamples(ctx, p, *w)
	defer files.Close()
	if o != nil {
		return o
	}
	if o := t.counted(ctx, p, cause); o != nil {
		return o
	}
	return t.withSamples(ctx, p, w, files)
}

// repairHeld guards edits that no change of the spec requested. The breaker counts them later, once for each edit that is made.
func (t *templates) repairHeld(p *templateRun, cause string) *lifecycle.Result {
	if cause != causeDrift {
		return nil
	}
	return t.RepairHeld(p.Session, contestedFor(p),
		"another client keeps reverting the operator's edits; agree who manages this template, or set driftPolicy: Report")
}

// contestedFor is how long the template isn't repaired any more, because another client keeps reverting the repairs.
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
		(looksEqual || len(template.Changed(s.Operator.Baseline.Fields, template.LiveFields(live))) > 0)
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

// editWait is how long an approved template can't be edited, by our own edits and by those seen of others. An attempt
// whose answer was lost and that had no effect doesn't count twice.
func editWait(s *v1alpha1.MessageTemplateStatus, hash string, now time.Time) time.Duration {
	var times []time.Time
	for i, e := range s.Operator.Edits {
		lost := i == len(s.Operator.Edits)-1 && !e.Done && e.SpecHash == hash
		if e.Approved && !lost {
			times = append(times, e.Time.Time)
		}
	}
	for _, seen := range s.Operator.LastUpdatedTimes {
		times = append(times, seen.Time)
	}
	times = slices.DeleteFunc(times, func(t time.Time) bool { return !deadline.Within(t, now, monthlyWindow) })
	slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) }) // newest first
	var wait time.Duration
	if len(times) > 0 {
		wait = max(wait, times[0].Add(lifecycle.EditWindow).Sub(now))
	}
	if len(times) >= editsPerWindow {
		wait = max(wait, times[editsPerWindow-1].Add(monthlyWindow).Sub(now))
	}
	return max(wait, 0)
}

// recordAttempt writes the attempt before the call, and only if no other client changed the object: two leaders that overlap for
// a moment must not both edit.
func (t *templates) recordAttempt(ctx context.Context, p *templateRun, e v1alpha1.EditAttempt) *lifecycle.Result {
	edits := p.Object.Status.Operator.Edits
	if openEdit(edits) {
		if last := edits[len(edits)-1]; last.SpecHash == e.SpecHash && deadline.Within(last.Time.Time, p.Now, attemptMemory) {
			return nil // on record already; noting each try of a failing call would cost a status write each time
		}
		edits = edits[:len(edits)-1] // the live template showed that it had no effect
	}
	edits = append(slices.Clone(edits), e)
	p.Object.Status.Operator.Edits = edits[max(0, len(edits)-metavalues.RingSize):]
	if err := t.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "editing the template", 0).AssetUnaffected(), true); err != nil {
		return lifecycle.WriteFailed("record the attempt to edit", err)
	}
	return nil
}

// send makes the call. Only its own result is recorded after it.
func (t *templates) send(ctx context.Context, p *templateRun, w desired, live *graph.Template, names []string) *lifecycle.Result {
	content := w.content
	if live.Status == metavalues.TemplateApproved {
		content.Category = "" // can't be changed, and need not be sent
		if content.LinkTrackingOptedOut != nil {
			content.Category = live.Category // Meta takes this switch only together with the category it has
		}
	}
	lifecycle.LogStep(ctx, "About to write to Meta", "call", CallEditTemplate, "fields", names)
	err := p.Session.Client().EditTemplate(ctx, live.ID, content)
	t.AuditWrite(p.Object, CallEditTemplate, names, err)
	again := t.sent(p, w, err)
	edits := p.Object.Status.Operator.Edits
	if err != nil {
		switch class := graph.ClassOf(err); class {
		case graph.ClassTransient, graph.ClassUnknown:
			return w.pausing(lifecycle.Failed("edit the template", err)) // it may have taken effect; the next run reads the template first
		}
		p.Object.Status.Operator.Edits = edits[:len(edits)-1] // refused: not an edit
		if again != nil {
			return again
		}
		return lifecycle.Failed("edit the template", err)
	}
	edits[len(edits)-1].Done = true
	p.Object.Status.Operator.LastWriteTime = deadline.Pointer(t.Clock.Now().Truncate(time.Second))
	after := *live
	if after.Status == metavalues.TemplateRejected {
		// An edit ends the rejection and starts a review. Until it is read back, the resource must not look failed.
		after.Status = metavalues.TemplatePending
		p.Object.Status.Status, p.Object.Status.Rejection = metavalues.TemplatePending, nil
		trackStatusPeriod(p, statusChange{})
	}
	p.Session.RecordWrite(templateKey(p.Object), &after)
	p.Object.Status.Operator.Baseline = pendingBaseline(&p.Object.Spec, w)
	p.Status.Drift = nil
	return lifecycle.Done("edited; the next observation reads it back")
}
