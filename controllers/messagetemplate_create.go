// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// absent handles a template that isn't there: not yet, or not any more.
func (t *templates) absent(ctx context.Context, p *templatePass, w wish) *Result {
	known := p.status.ID != ""
	if known {
		if gone, o := t.provenGone(ctx, p); !gone {
			return o
		}
	}
	if !p.writable() {
		t.forget(p)
		return notSynced(v1alpha1.ReasonNotFound, "no such template at Meta, and managementPolicy is Observed")
	}
	if o := t.siblings(ctx, p); o != nil {
		return o
	}
	if hold := p.refusedFor(); hold > 0 && !known {
		return unchanged(hold)
	}
	return t.createAnew(ctx, p, w)
}

// createAnew creates a template that isn't there: a new one, or one that was there before.
func (t *templates) createAnew(ctx context.Context, p *templatePass, w wish) *Result {
	s := &p.obj.Status
	wait := t.reserveCreate(p)
	files, o := t.readySamples(ctx, p, w, wait)
	defer files.close()
	if o != nil && o.unfinished {
		t.creates.release(p.waba.Spec.ID)
		return o
	}
	if p.status.ID != "" {
		if held := t.unrequestedWrite(ctx, p); held != nil {
			t.unreserveCreate(p, wait)
			return held
		}
	}
	t.forget(p)
	if wait > 0 {
		return waiting(v1alpha1.ReasonQuotaExceeded,
			"Meta takes 100 new templates an hour and account; created when the hour is over", wait).showing(true)
	}
	if t.readOnly {
		return t.withhold(p, w, v1alpha1.ReasonNotFound, CallCreateTemplate)
	}
	if o == nil {
		o = t.withSamples(ctx, p, &w, files)
	}
	if o != nil {
		t.creates.release(p.waba.Spec.ID)
		return o
	}
	if s.PendingCreate == nil || s.PendingCreate.SpecHash != w.hash {
		s.PendingCreate = &v1alpha1.PendingCreate{SpecHash: w.hash, Time: metav1.NewTime(p.now.Truncate(time.Second))}
		s.Parameters = template.Parameters(w.content.Components)
		p.status.AccountID = p.waba.Spec.ID
		if err := t.record(ctx, p, waiting(v1alpha1.ReasonProgressing, "creating the template", 0), false); err != nil {
			return failure("record the pending create", err)
		}
		return t.create(ctx, p, w, false)
	}
	return t.create(ctx, p, w, true)
}

// reserveCreate takes one of the hour's creates and returns 0, or how long to wait for one.
func (t *templates) reserveCreate(p *templatePass) time.Duration {
	if t.readOnly {
		return t.creates.announce(p.waba.Spec.ID, p.obj.UID, p.waba.Status.TemplateCreates)
	}
	return t.creates.reserve(p.waba.Spec.ID, p.waba.Status.TemplateCreates)
}

// unreserveCreate gives the create back that reserveCreate took, if it took one.
func (t *templates) unreserveCreate(p *templatePass, wait time.Duration) {
	if wait == 0 && !t.readOnly {
		t.creates.release(p.waba.Spec.ID)
	}
}

// readySamples returns the sample files for a create that may be made now.
func (t *templates) readySamples(ctx context.Context, p *templatePass, w wish, wait time.Duration) (fetched, *Result) {
	if wait > 0 || t.readOnly {
		return nil, nil
	}
	return t.fetchSamples(ctx, p, w)
}

// withhold says what would be written if the operator didn't only read.
func (t *templates) withhold(p *templatePass, w wish, reason, call string, fields ...string) *Result {
	var uploads []Intent
	for _, s := range w.samples {
		if _, o := p.uploads().app(s.file); o != nil {
			return o
		}
		uploads = append(uploads, t.would(p.obj, CallUploadFile, s.file.field))
	}
	return withheld(reason, t.would(p.obj, call, fields...), uploads...).assetUnaffectedIf(reason == v1alpha1.ReasonDriftDetected)
}

// provenGone reports whether a template that was there is really gone. One answer isn't enough: listings lag, and "does
// not exist" is also what Meta says when a permission is missing.
func (t *templates) provenGone(ctx context.Context, p *templatePass) (bool, *Result) {
	key := templateKey(p.obj)
	later := unchanged(max(time.Duration(p.waba.Status.EffectiveIntervalSeconds)*time.Second, minimumInterval))
	if !p.session.ProvenMissing(key) {
		return false, later
	}
	found, err := p.session.LookupTemplate(ctx, key) // archived ones and those being deleted are found by name
	if err != nil {
		return false, failure("look the template up", err)
	}
	if found.Template != nil {
		return false, unchanged(firstPause)
	}
	if !p.session.Lost(key, p.status.ID) {
		return true, nil // the account never showed this id, so it isn't ours to ask for
	}
	live, err := p.session.Client().ReadTemplate(ctx, p.status.ID)
	switch e, _ := graph.AsError(err); {
	case err == nil && account.NewTemplateKey(live.Name, live.Language) == key && live.Status != metavalues.TemplateDeleted:
		return false, later // the listings lied
	case err != nil && (e == nil || e.Cause != graph.CauseMissingObject && e.Class != graph.ClassGone):
		return false, failure("read the missing template", err)
	}
	return true, nil
}

// forget drops everything that described the template which is gone.
func (t *templates) forget(p *templatePass) {
	s := &p.obj.Status
	if p.status.ID != "" {
		t.event(p.obj, corev1.EventTypeWarning, v1alpha1.ReasonNotFound, "Observe", "the template is no longer at Meta")
	}
	p.status.ID, p.status.Drift = "", nil
	s.Status, s.Category, s.PreviousCategory, s.CorrectCategory, s.QualityScore = "", "", "", "", ""
	s.Baseline, s.Rejection, s.Edits = nil, nil, nil
	s.StatusSince, s.StatusUntil, s.Pause, s.PauseTimes = nil, nil, nil, nil
}

// create makes the one call. Nothing that a crash could lose follows it in this pass but the status write itself.
// retried means an earlier attempt may have succeeded without our knowing.
func (t *templates) create(ctx context.Context, p *templatePass, w wish, retried bool) *Result {
	key := templateKey(p.obj)
	logStep(ctx, "About to write to Meta", "call", CallCreateTemplate)
	created, err := p.session.Client().CreateTemplate(ctx, p.waba.Spec.ID, w.content)
	t.wrote(p.obj, CallCreateTemplate, nil, err)
	if again := t.sent(p, w, err); again != nil {
		t.creates.release(p.waba.Spec.ID)
		return again
	}
	if err != nil {
		return t.createFailed(ctx, p, w, err, retried)
	}
	live := &graph.Template{
		ID: created.ID, Name: key.Name, Language: key.Language, Status: created.Status, Category: created.Category,
		ParameterFormat: w.content.ParameterFormat,
	}
	p.session.Wrote(key, live)
	s := &p.obj.Status
	p.status.ID, p.status.AccountID = created.ID, p.waba.Spec.ID
	s.PendingCreate = nil
	t.take(p, account.TemplateView{Template: live, Known: true, At: p.now})
	s.Baseline = written(p, w)
	return done("created")
}

func (t *templates) createFailed(ctx context.Context, p *templatePass, w wish, err error, retried bool) *Result {
	e, ok := graph.AsError(err)
	if pending := p.obj.Status.PendingCreate; pending != nil && (!ok || e.Cause != graph.CauseDuplicate) {
		pending.Answered = ok && e.Code != 0
	}
	if !ok || e.Class == graph.ClassTransient || e.Class == graph.ClassUnknown {
		// It may have happened all the same: the next pass looks before it tries again.
		return w.slow(failure("create the template", err))
	}
	if e.Cause == graph.CauseDuplicate {
		return t.duplicate(ctx, p, w, retried)
	}
	switch e.Class {
	case graph.ClassThrottled, graph.ClassPermission, graph.ClassAmbiguous, graph.ClassBlocked:
		// Nothing was created, but the same is tried again soon: noting it anew would cost a status write each time.
	default:
		p.obj.Status.PendingCreate = nil
	}
	t.creates.release(p.waba.Spec.ID)
	return failure("create the template", err)
}

// duplicate follows Meta's word that the name and language are taken, which the snapshot didn't know.
func (t *templates) duplicate(ctx context.Context, p *templatePass, w wish, retried bool) *Result {
	view, err := p.session.LookupTemplate(ctx, templateKey(p.obj))
	if err != nil {
		return failure("look the template up", err)
	}
	if view.Template == nil {
		return notSynced(v1alpha1.ReasonTransientError, "Meta says that the name and language are taken but doesn't show the template yet").
			withBackoff(slowPause)
	}
	if !retried {
		p.obj.Status.PendingCreate = nil // not ours: this pass was the first to try
	}
	if t.mine(p, view) {
		return t.compare(ctx, p, w, view)
	}
	return t.adopt(ctx, p, w, view)
}

// unrequestedWrite asks the account's breaker for a write that no change of a spec asked for; nil where it may be made.
func (t *templates) unrequestedWrite(ctx context.Context, p *templatePass) *Result {
	var list v1alpha1.MessageTemplateList
	if err := t.client.List(ctx, &list, client.MatchingFields{index.Account: index.AccountKey(client.ObjectKeyFromObject(p.waba))}, client.UnsafeDisableDeepCopy); err != nil {
		return failure("list the account's templates", err)
	}
	if t.unrequested(p.obj, p.waba, p.session, len(list.Items)) {
		return nil
	}
	return massChangeHeld()
}
