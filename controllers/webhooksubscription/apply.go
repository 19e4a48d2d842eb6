// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// tokenRecheck is how often the Secrets with the verify tokens are looked at for a change, without a call to Meta.
const tokenRecheck = 5 * time.Minute

// Sync compares where the events go with the spec and makes at most one write.
func (h *subscriptions) Sync(ctx context.Context, p *subscriptionRun) *lifecycle.Result {
	h.memory.restore(p.Object)
	defer h.memory.keep(p.Object)
	h.resetForNewAccount(p)
	if o := p.Lookups(lookups); o != nil {
		return o
	}
	if o := h.refresh(ctx, p); o != nil {
		return o
	}
	appID, o := h.appID(p)
	if o != nil {
		return o
	}
	p.Object.Status.AppID, p.Status.AccountID = appID, p.WABA.Spec.ID
	l, o := h.lookup(ctx, p, appID)
	if o != nil {
		return o
	}
	h.observeInto(l)
	h.Compare(l.comparison)
	if !p.Writable() {
		return h.observed(l)
	}
	if h.ReadOnly {
		return h.wouldAct(ctx, l)
	}
	step, complaints := l.situation.plan()
	if step == nil {
		return concluded(complaints)
	}
	return h.act(ctx, l, step).Join(concluded(complaints).Steps()...) // the other levels still fail
}

// wouldAct says what would be written if the operator didn't only read: all steps, for each follows from the one before.
func (h *subscriptions) wouldAct(ctx context.Context, l *lookup) *lifecycle.Result {
	var would []lifecycle.Intent
	step, complaints := l.situation.plan()
	for range 3 + len(l.situation.numbers) { // no more steps than levels, and one before
		if step == nil {
			break
		}
		if o := h.repairs(ctx, l, step); o != nil {
			complaints = append(complaints, o)
			break
		}
		would = append(would, h.DryRun(l.Object, step.what(), step.parts(&l.situation.app)...))
		l.assume(step)
		step, complaints = l.situation.plan()
	}
	if len(complaints) > 0 || len(would) == 0 {
		return concluded(complaints)
	}
	return lifecycle.DryRunDiffers(would[0], would[1:]...)
}

// resetForNewAccount forgets the subscription in an account that a person gave up by accepting another one.
func (h *subscriptions) resetForNewAccount(p *subscriptionRun) {
	if p.Status.AccountID != "" && p.Status.AccountID != p.WABA.Spec.ID {
		p.Object.Status = v1alpha1.WebhookSubscriptionStatus{
			CommonStatus: v1alpha1.CommonStatus{Conditions: p.Status.Conditions, ObservedGeneration: p.Status.ObservedGeneration},
			Webhook:      p.Object.Status.Webhook,
		}
	}
}

// observed reports differences and writes nothing.
func (h *subscriptions) observed(l *lookup) *lifecycle.Result {
	o := lifecycle.Done("observed only: managementPolicy is Observed")
	if len(l.Status.Drift) > 0 {
		o = lifecycle.NotSynced(v1alpha1.ReasonDriftDetected, "differs from the spec at Meta: "+strings.Join(l.Status.Drift, ", ")).AssetUnaffected()
	}
	if l.situation.app.secret && l.Object.Spec.App != nil {
		return o.RetryAfter(appReadPeriod)
	}
	return o
}

// concluded is the result of a run without a write. Secrets can't be watched, so they are looked at again.
func concluded(complaints []*lifecycle.Result) *lifecycle.Result {
	o := lifecycle.Done("the events go where the spec says")
	for i, c := range complaints {
		if i == 0 {
			o = c
			continue
		}
		o = o.Join(c.Steps()...)
		if !strings.Contains(o.Message(), c.Message()) {
			o = o.Saying(o.Message() + "; " + c.Message()).Sooner(c.After())
		}
	}
	if o.Shown() && o.After() > tokenRecheck {
		return o // Meta's no; a change of the Secret is noticed when the wait is over or something else happens
	}
	return o.Sooner(tokenRecheck)
}

// what names the step for events and the audit log.
func (s *routeWrite) what() string {
	switch s.kind {
	case writeSubscription:
		return CallSubscribe
	case writeAccountOverride:
		return "set the account's override"
	case writeNumberOverride:
		if s.at.want == "" {
			return callClearNumber(s.at.level)
		}
		return "set the override of number " + s.at.level
	case writeAppPriming:
		return "subscribe the app to messages at the account's own service"
	default:
		return "set the app's callback and fields"
	}
}

// act makes one write and reads it back.
func (h *subscriptions) act(ctx context.Context, l *lookup, step *routeWrite) *lifecycle.Result {
	if o := h.prepare(ctx, l, step); o != nil {
		return o
	}
	if o := h.repairs(ctx, l, step); o != nil {
		return o
	}
	if step.repairs(l) {
		lifecycle.RepairsOf(l.Object, l.Now).Note(step.at.path)
	}
	end, err := h.make(ctx, l, step)
	if err != nil {
		return h.failed(l, step, err)
	}
	if end != nil {
		return end
	}
	h.Retries.Release(routeKey(l.Object.UID, step.at.path))
	h.Retries.Release(callbackKey(l.Object.UID, step.at.want))
	h.remember(l, step)
	if err := h.readBack(ctx, l, step); err != nil {
		return lifecycle.Failed("read back: "+step.what(), err).Pausing(lifecycle.SlowPause) // an attempt costs two calls
	}
	return lifecycle.Waiting(v1alpha1.ReasonProgressing, step.what()+": done; looking for what is next", time.Second).AssetUnaffected()
}

// prepare makes sure that the write is still right, and that a crash during it leaves the new address recorded as the operator's
// own.
func (h *subscriptions) prepare(ctx context.Context, l *lookup, step *routeWrite) *lifecycle.Result {
	if step.kind == writeSubscription {
		// A plain subscription would delete the override of an app that another client has subscribed meanwhile.
		if err := l.Session.LookupApps(ctx); err != nil {
			return lifecycle.Failed("list the account's apps", err)
		}
		if l.Session.Apps().App(l.appID) != nil {
			return lifecycle.Waiting(v1alpha1.ReasonProgressing, "the app is subscribed meanwhile", time.Second).AssetUnaffected()
		}
		return nil
	}
	if step.kind == writeApp && l.situation.app.setByOthers() {
		if o := h.stillThere(ctx, l); o != nil {
			return o
		}
	}
	applied := step.at.applied
	if step.kind == writeAppPriming {
		applied = l.situation.app.applied
	}
	if step.at.want == "" || applied != "" {
		return nil
	}
	h.intend(l, step)
	o := lifecycle.Waiting(v1alpha1.ReasonProgressing, "about to "+step.what(), 0).AssetUnaffected()
	if c := l.Synced(); c != nil {
		o = o.Like(c) // one change less to write
	}
	if err := h.record(ctx, l.subscriptionRun, o, false); err != nil {
		return lifecycle.WriteFailed("record what is intended: "+step.what(), err)
	}
	return nil
}

// stillThere asks Meta whether the address that is about to be taken over is the one that was seen.
func (h *subscriptions) stillThere(ctx context.Context, l *lookup) *lifecycle.Result {
	begun := h.Clock.Now()
	live, err := l.Session.Client().ReadAppSubscription(ctx, l.appID)
	if err != nil {
		return lifecycle.Failed("read the app's subscription", err)
	}
	h.memory.sawApp(l.Object.UID, appReading{subscription: *live, appID: l.appID, at: begun})
	if live.CallbackURL == l.situation.app.live {
		return nil
	}
	return lifecycle.Waiting(v1alpha1.ReasonProgressing, "the app has another address meanwhile", time.Second).AssetUnaffected()
}

// parts are those of the spec that the step is about.
func (s *routeWrite) parts(app *appRoute) []string {
	var out []string
	if s.kind == writeSubscription {
		return out // all of it
	}
	if s.at.live != s.at.want {
		out = append(out, s.at.path+".callbackURL")
	} else if s.at.stale {
		out = append(out, s.at.path+".verifyTokenSecretRef")
	}
	if s.kind == writeApp && !slices.Equal(s.fields, sorted(app.fields)) {
		out = append(out, s.at.path+".fields")
	}
	return out
}

// repairs reports that the step undoes a change by another client.
func (s *routeWrite) repairs(l *lookup) bool {
	return s.at.drifted() || s.kind == writeSubscription && l.Before.Status.Subscribed != nil && *l.Before.Status.Subscribed ||
		s.kind == writeApp && l.situation.app.fieldsDrifted(l)
}

// repairs counts a write that no change of a spec requested.
func (h *subscriptions) repairs(ctx context.Context, l *lookup, step *routeWrite) *lifecycle.Result {
	if !step.repairs(l) || l.Requested() || l.ChangedByUser() {
		return nil
	}
	return h.AllowUnrequested(ctx, l.Object, l.WABA, l.Session)
}

// make makes the write of a step. Clearing an override takes something away; of that the guard of destructive writes decides.
func (h *subscriptions) make(ctx context.Context, l *lookup, step *routeWrite) (o *lifecycle.Result, err error) {
	if step.kind != writeNumberOverride || step.at.want != "" {
		lifecycle.LogStep(ctx, "About to write to Meta", "call", step.what())
		err = h.write(ctx, l, step)
		l.AuditWrite(h.Base, step.what(), []string{step.at.path}, err)
		return nil, err
	}
	d := h.clearing(l.subscriptionRun, step.at.level)
	d.Confirm = func(ctx context.Context) (bool, *lifecycle.Result) {
		begun := h.Clock.Now()
		live, err := l.Session.Client().ReadPhoneNumber(ctx, step.at.level)
		if err != nil {
			return false, lifecycle.Failed("read the number before its override is cleared", err)
		}
		l.Session.RecordNumber(*live, begun)
		return live.ID == step.at.level && numberCallback(live) == step.at.applied, nil
	}
	_, o = h.Destroy(ctx, l.Object, d)
	if failed := o.Steps(); len(failed) > 0 {
		return nil, failed[0].Err
	}
	return o, nil
}

func (h *subscriptions) write(ctx context.Context, l *lookup, step *routeWrite) error {
	c, token := l.Session.Client(), l.tokens[step.at.path].Text
	switch step.kind {
	case writeSubscription:
		return c.SubscribeApp(ctx, l.WABA.Spec.ID)
	case writeAccountOverride:
		return c.OverrideAccountCallback(ctx, l.WABA.Spec.ID, step.at.want, token)
	case writeNumberOverride:
		return c.SetNumberCallback(ctx, step.at.level, step.at.want, token)
	default:
		h.memory.invalidateApp(l.Object.UID)
		return c.SetAppSubscription(ctx, l.appID, graph.AppSubscriptionChange{
			CallbackURL: step.at.want, VerifyToken: token, Fields: step.fields,
		})
	}
}

// readBack shows what Meta made of the write. The app is read at the beginning of the next run.
func (h *subscriptions) readBack(ctx context.Context, l *lookup, step *routeWrite) error {
	switch step.kind {
	case writeSubscription, writeAccountOverride:
		return l.Session.LookupApps(ctx)
	case writeNumberOverride:
		begun := h.Clock.Now()
		live, err := l.Session.Client().ReadPhoneNumber(ctx, step.at.level)
		if err == nil && live.ID == step.at.level {
			l.Session.RecordNumber(*live, begun)
		}
		return err
	}
	return nil
}

// failed keeps a write that Meta refused from being repeated at once; the other levels go on. Trouble that isn't about this
// level stops all.
func (h *subscriptions) failed(l *lookup, step *routeWrite, err error) *lifecycle.Result {
	o := lifecycle.Failed(step.what(), err)
	e, ok := graph.AsError(err)
	if !ok {
		return o
	}
	switch e.Class {
	case graph.ClassTransient, graph.ClassThrottled, graph.ClassCredentials, graph.ClassBlocked:
		return o.Pausing(lifecycle.SlowPause)
	}
	key := routeKey(l.Object.UID, step.at.path)
	app := &l.situation.app
	switch {
	case e.Cause == graph.CauseNotSubscribed && !app.getsMessages():
		h.memory.setLacking(l.Object.UID, true)
		return lifecycle.Waiting(v1alpha1.ReasonProgressing, "Meta takes no override before the app is subscribed to messages", time.Second).AssetUnaffected().
			Join(o.Steps()...)
	case e.Cause == graph.CauseCallbackNotVerified:
		key = callbackKey(l.Object.UID, step.at.want)
		o = o.Saying(fmt.Sprintf("%s: %s refuses Meta's handshake: %s", step.at.path, shownURL(step.at.want), o.Message()))
	case e.Cause == graph.CauseDashboardOnly:
		o = app.byHand("Meta lets no client set this app by API (" + lifecycle.Clause(e.Explain()) + "); ").Join(o.Steps()...).RetryAfter(lifecycle.RefusedRecheck)
		if memory := &l.Object.Status.Operator; memory.Applied(app.level).VerifyTokenSecret == nil {
			memory.SetApplied(v1alpha1.AppliedCallback{Level: app.level}) // nothing was ever set: what a person sets now is that person's
		}
	default:
		o = o.Saying(step.at.path + ": " + o.Message())
		if step.kind == writeAppPriming {
			key.Part = app.path
		}
	}
	h.hold(key, l.attempt(step.at), o)
	return lifecycle.Waiting(o.Reason(), o.Message(), time.Second).AssetUnaffected().Join(o.Steps()...) // for the other levels
}

// hold keeps a write from being made again for a while. What failed at one level says nothing about the asset as a whole.
func (h *subscriptions) hold(key lifecycle.RetryKey, fingerprint string, o *lifecycle.Result) *lifecycle.Result {
	return h.Retries.Hold(key, fingerprint, o.Pausing(max(o.FirstPause(), lifecycle.SlowPause)).AssetUnaffected())
}
