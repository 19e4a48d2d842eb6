// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// confirmAbsent makes sure that the template isn't there, and that nothing speaks against creating it. The result says why no plan
// can be made.
func (t *templates) confirmAbsent(ctx context.Context, p *templateRun) *lifecycle.Result {
	if p.Status.ID != "" {
		if gone, o := t.provenGone(ctx, p); !gone {
			return o
		}
	}
	if !p.Writable() {
		return nil
	}
	return t.siblings(ctx, p)
}

// createAnew creates a template that isn't there: a new one, or one that was there before.
func (t *templates) createAnew(ctx context.Context, p *templateRun, w desired) *lifecycle.Result {
	s := &p.Object.Status
	wait := t.reserveCreate(p)
	files, o := t.readySamples(ctx, p, w, wait)
	defer files.Close()
	if o != nil && o.Unfinished() {
		t.Creates.Release(p.WABA.Spec.ID)
		return o
	}
	if p.Status.ID != "" {
		if held := t.AllowUnrequested(ctx, p.Object, p.WABA, p.Session); held != nil {
			t.unreserveCreate(p, wait)
			return held
		}
	}
	t.clearObserved(p)
	if wait > 0 {
		return lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded,
			"the account's limit of 100 new templates per hour is reached; the template is created when the limit resets", wait).Showing(true)
	}
	if t.ReadOnly {
		return t.withhold(p, w, v1alpha1.ReasonNotFound, CallCreateTemplate)
	}
	if o == nil {
		o = t.withSamples(ctx, p, &w, files)
	}
	if o != nil {
		t.Creates.Release(p.WABA.Spec.ID)
		return o
	}
	if s.Operator.PendingCreate == nil || s.Operator.PendingCreate.SpecHash != w.hash {
		s.Operator.PendingCreate = &v1alpha1.PendingCreate{SpecHash: w.hash, Time: metav1.NewTime(p.Now.Truncate(time.Second))}
		s.Parameters = template.Parameters(w.content.Components)
		p.Status.AccountID = p.WABA.Spec.ID
		if err := t.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "creating the template", 0), false); err != nil {
			return lifecycle.Failed("record the pending create", err)
		}
		return t.create(ctx, p, w, false)
	}
	return t.create(ctx, p, w, true)
}

// reserveCreate takes one of the hour's creates and returns 0, or how long to wait for one.
func (t *templates) reserveCreate(p *templateRun) time.Duration {
	if t.ReadOnly {
		return t.Creates.ReserveDryRun(p.WABA.Spec.ID, p.Object.UID, p.WABA.Status.Operator.TemplateCreates)
	}
	return t.Creates.Reserve(p.WABA.Spec.ID, p.WABA.Status.Operator.TemplateCreates)
}

// unreserveCreate gives the create back that reserveCreate took, if it took one.
func (t *templates) unreserveCreate(p *templateRun, wait time.Duration) {
	if wait == 0 && !t.ReadOnly {
		t.Creates.Release(p.WABA.Spec.ID)
	}
}

// readySamples returns the sample files for a create that may be made now.
func (t *templates) readySamples(ctx context.Context, p *templateRun, w desired, wait time.Duration) (lifecycle.Fetched, *lifecycle.Result) {
	if wait > 0 || t.ReadOnly {
		return nil, nil
	}
	return t.fetchSamples(ctx, p, w)
}

// withhold says what would be written if the operator didn't only read.
func (t *templates) withhold(p *templateRun, w desired, reason, call string, fields ...string) *lifecycle.Result {
	var uploads []lifecycle.Intent
	for _, s := range w.samples {
		if _, o := p.Uploads().App(s.file); o != nil {
			return o
		}
		uploads = append(uploads, t.DryRun(p.Object, lifecycle.CallUploadFile, s.file.Field))
	}
	return lifecycle.DryRunOnly(reason, t.DryRun(p.Object, call, fields...), uploads...).AssetUnaffectedIf(reason == v1alpha1.ReasonDriftDetected)
}

// provenGone reports whether a template that was there is really gone. One answer isn't enough: listings lag, and "does
// not exist" is also what Meta says when a permission is missing.
func (t *templates) provenGone(ctx context.Context, p *templateRun) (bool, *lifecycle.Result) {
	key := templateKey(p.Object)
	later := lifecycle.Unchanged(max(time.Duration(p.WABA.Status.EffectiveIntervalSeconds)*time.Second, lifecycle.MinimumInterval))
	if !p.Session.ProvenMissing(key) {
		return false, later
	}
	found, err := p.Session.LookupTemplate(ctx, key) // archived ones and those being deleted are found by name
	if err != nil {
		return false, lifecycle.Failed("look the template up", err)
	}
	if found.Template != nil {
		return false, lifecycle.Unchanged(lifecycle.FirstPause)
	}
	if !p.Session.IsMissingID(key, p.Status.ID) {
		return true, nil // the account never showed this id, so it isn't ours to ask for
	}
	live, err := p.Session.Client().ReadTemplate(ctx, p.Status.ID)
	switch e, _ := graph.AsError(err); {
	case err == nil && account.NewTemplateKey(live.Name, live.Language) == key && live.Status != metavalues.TemplateDeleted:
		return false, later // the listings lied
	case err != nil && (e == nil || e.Cause != graph.CauseMissingObject && e.Class != graph.ClassGone):
		return false, lifecycle.Failed("read the missing template", err)
	}
	return true, nil
}

// clearObserved drops everything that described the template which is gone.
func (t *templates) clearObserved(p *templateRun) {
	s := &p.Object.Status
	if p.Status.ID != "" {
		t.Event(p.Object, corev1.EventTypeWarning, v1alpha1.ReasonNotFound, "Observe", "the template is no longer at Meta")
	}
	p.Status.ID, p.Status.Drift, p.Status.UnknownProperties = "", nil, nil
	s.Status, s.Category, s.PreviousCategory, s.CorrectCategory, s.QualityScore = "", "", "", "", ""
	s.Operator.Baseline, s.Rejection, s.MaxPrice, s.Operator.LastWriteTime = nil, nil, nil, nil
	s.Operator.Edits, s.Operator.PriceEdits = nil, nil
	s.StatusChangedTime, s.StatusEndTime, s.Pause, s.Operator.PauseTimes = nil, nil, nil, nil
}

// create makes the one call. Nothing that a crash could lose follows it in this run but the status write itself.
// retried means an earlier attempt may have succeeded without our knowing.
func (t *templates) create(ctx context.Context, p *templateRun, w desired, retried bool) *lifecycle.Result {
	key := templateKey(p.Object)
	lifecycle.LogStep(ctx, "About to write to Meta", "call", CallCreateTemplate)
	created, err := p.Session.Client().CreateTemplate(ctx, p.WABA.Spec.ID, w.content)
	p.AuditWrite(t.Base, CallCreateTemplate, nil, err)
	if again := t.sent(p, w, err); again != nil {
		t.Creates.Release(p.WABA.Spec.ID)
		return again
	}
	if err != nil {
		return t.createFailed(ctx, p, w, err, retried)
	}
	live := &graph.Template{
		ID: created.ID, Name: key.Name, Language: key.Language, Status: created.Status, Category: created.Category,
		ParameterFormat: w.content.ParameterFormat,
	}
	p.Session.RecordWrite(key, live)
	s := &p.Object.Status
	s.Operator.NameLockedTime = nil
	s.Operator.LastWriteTime = deadline.Pointer(t.Clock.Now().Truncate(time.Second))
	p.Status.ID, p.Status.AccountID = created.ID, p.WABA.Spec.ID
	s.Operator.PendingCreate = nil
	t.observeInto(p, account.TemplateView{Template: live, Known: true, At: p.Now})
	s.Operator.Baseline = pendingBaseline(&p.Object.Spec, w)
	return written()
}

func (t *templates) createFailed(ctx context.Context, p *templateRun, w desired, err error, retried bool) *lifecycle.Result {
	e, ok := graph.AsError(err)
	if pending := p.Object.Status.Operator.PendingCreate; pending != nil && (!ok || e.Cause != graph.CauseDuplicate) {
		pending.Answered = ok && e.Code != 0
	}
	if !ok || e.Class == graph.ClassTransient || e.Class == graph.ClassUnknown {
		// It may have happened all the same: the next run looks before it tries again.
		return w.pausing(lifecycle.Failed("create the template", err))
	}
	switch e.Cause {
	case graph.CauseDuplicate:
		return t.duplicate(ctx, p, w, retried)
	case graph.CauseNameLocked:
		return t.nameLocked(ctx, p, w, err, retried)
	}
	switch e.Class {
	case graph.ClassThrottled, graph.ClassPermission, graph.ClassAmbiguous, graph.ClassBlocked:
		// Nothing was created, but the same is tried again soon: noting it anew would cost a status write each time.
	default:
		p.Object.Status.Operator.PendingCreate, p.Object.Status.Operator.NameLockedTime = nil, nil
	}
	t.Creates.Release(p.WABA.Spec.ID)
	return lifecycle.Failed("create the template", err)
}

// firstNameLockPause is the first wait for a locked name. Only the name of a template that was approved is locked for long, and Meta
// gives the same answer about others.
const firstNameLockPause = 15 * time.Minute

// nameLocked finds out what Meta means: it says "locked" of a name that is taken too. A name that is locked is tried again after a wait
// that grows from minutes to the thirty days of a template that was approved.
func (t *templates) nameLocked(ctx context.Context, p *templateRun, w desired, err error, retried bool) *lifecycle.Result {
	view, failed := p.Session.LookupTemplate(ctx, templateKey(p.Object))
	if failed != nil {
		return lifecycle.Failed("look the template up", failed)
	}
	memory := &p.Object.Status.Operator
	if live := view.Template; live != nil && live.Status != metavalues.TemplatePendingDeletion && live.Status != metavalues.TemplateDeleted {
		memory.NameLockedTime = nil
		return t.taken(ctx, p, w, view, retried)
	}
	t.Creates.Release(p.WABA.Spec.ID)
	since := deadline.Value(memory.NameLockedTime)
	if since.IsZero() || since.After(p.Now) {
		since = p.Now.Truncate(time.Second)
		memory.NameLockedTime = deadline.Pointer(since)
	}
	return lifecycle.Failed("create the template", err).RetryAfter(min(max(p.Now.Sub(since), firstNameLockPause), lifecycle.NameLock))
}

// duplicate follows Meta's word that the name and language are taken, which the snapshot didn't know.
func (t *templates) duplicate(ctx context.Context, p *templateRun, w desired, retried bool) *lifecycle.Result {
	view, err := p.Session.LookupTemplate(ctx, templateKey(p.Object))
	if err != nil {
		return lifecycle.Failed("look the template up", err)
	}
	if view.Template == nil {
		return lifecycle.NotSynced(v1alpha1.ReasonTransientError, "Meta says that the name and language are taken but doesn't show the template yet").
			WithBackoff(lifecycle.SlowPause)
	}
	return t.taken(ctx, p, w, view, retried)
}

// taken goes on with the template that has the name and language already.
func (t *templates) taken(ctx context.Context, p *templateRun, w desired, view account.TemplateView, retried bool) *lifecycle.Result {
	if !retried {
		p.Object.Status.Operator.PendingCreate = nil // not ours: this run was the first to try
	}
	return t.converge(ctx, p, w, view)
}
