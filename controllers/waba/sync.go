// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// Sync observes the account when an observation is due.
func (a *accounts) Sync(ctx context.Context, p *accountRun) *lifecycle.Result {
	o := a.sync(ctx, p)
	if !o.Unchanged() {
		a.limits(p)
		a.OverlayWebhook(p)
	}
	return o
}

func (a *accounts) sync(ctx context.Context, p *accountRun) *lifecycle.Result {
	a.breaker(p)
	if wait := a.requestedTooSoon(p); wait > 0 {
		lifecycle.LogStep(ctx, "Observed a moment ago", "for", wait.String())
		return lifecycle.Unchanged(wait)
	}
	uid, version := p.Session.SecretVersion()
	requested := requestedInterval(p.Object, a.Interval)
	if wait := a.sooner(p, dueIn(p.Object, requested, uid, version, p.Now), requested); wait > 0 && !failing(p) && !p.Session.TokenRefused() {
		lifecycle.LogStep(ctx, "No observation is due", "for", wait.String())
		return a.between(p, wait)
	}
	if o := throttled(p); o != nil {
		return o
	}
	return a.observe(ctx, p, requested)
}

// throttled says why Meta's rate limit leaves no observation. A person who requests one may try.
func throttled(p *accountRun) *lifecycle.Result {
	if p.Requested() {
		p.Session.Probe()
		return nil
	}
	if err := p.Session.Budget().Check(graph.OpReadAccount); err != nil {
		return lifecycle.Failed("read the account", err)
	}
	if allowed, wait := p.Session.AllowsObservation(); !allowed {
		return lifecycle.Waiting(v1alpha1.ReasonRateLimited, "Meta's rate limit is nearly used up; the next observation waits", wait).AssetUnaffected().Showing(true)
	}
	return nil
}

// requestedTooSoon is how long a request waits because the one before was answered a moment ago.
func (a *accounts) requestedTooSoon(p *accountRun) time.Duration {
	s := &p.Before.Status
	if !p.Requested() || s.Operator.LastHandledRequest == "" || s.ObservedGeneration != p.Object.Generation || failing(p) || p.Session.TokenRefused() {
		return 0
	}
	return deadline.Left(deadline.Value(s.LastObservedTime).Add(lifecycle.RequestedGap), p.Now, lifecycle.RequestedGap)
}

// between keeps the status while no observation is due, unless something else has to be recorded: the breaker, or that a
// pause or a conflict is over.
func (a *accounts) between(p *accountRun, wait time.Duration) *lifecycle.Result {
	p.Found = observed{snapshot: p.Session.Snapshot()}
	s, prior := &p.Object.Status, &p.Before.Status
	changed := (s.Operator.HeldTime == nil) != (prior.Operator.HeldTime == nil) || s.Operator.LastHandledRelease != prior.Operator.LastHandledRelease ||
		syncedFor(p, v1alpha1.ReasonPaused) || syncedFor(p, v1alpha1.ReasonConflict)
	if !changed {
		return lifecycle.Unchanged(wait)
	}
	noteUnreadable(p, p.Session.Snapshot())
	return lifecycle.Done("observed").RetryAfter(wait)
}

// syncedFor reports that the last run left the condition Synced with a reason.
func syncedFor(p *accountRun, reason string) bool {
	c := meta.FindStatusCondition(p.Before.Status.Conditions, v1alpha1.ConditionSynced)
	return c != nil && c.Reason == reason
}

// failing reports that the last observation failed, so that the next one doesn't wait for the period.
func failing(p *accountRun) bool {
	c := meta.FindStatusCondition(p.Before.Status.Conditions, v1alpha1.ConditionSynced)
	return c == nil || c.Status == metav1.ConditionFalse && !observedReasons[c.Reason]
}

// observe reads the account and publishes what changed, for the resources concerned.
func (a *accounts) observe(ctx context.Context, p *accountRun, requested time.Duration) *lifecycle.Result {
	lifecycle.LogStep(ctx, "Observing the account")
	snapshot, change, err := p.Session.Observe(ctx)
	if err != nil {
		return a.unreadable(ctx, p, err)
	}
	p.Found = observed{snapshot: snapshot, token: snapshot.Token}
	interval := a.fill(ctx, p, requested)
	complaint := a.manage(ctx, p)
	a.Unconfirmed.Observed(p.Object.UID, snapshot.Begun, &change)
	a.AccountEvents.Publish(lifecycle.AccountChange{WABA: client.ObjectKeyFromObject(p.Object), Change: change})
	noteUnreadable(p, snapshot)
	o := lifecycle.Done(observedMessage(snapshot))
	if complaint != nil {
		o = complaint
	}
	return o.RetryAfter(a.sooner(p, jittered(interval, string(p.Object.UID)), requested))
}

// noteUnreadable notes the parts of the account that couldn't be read.
func noteUnreadable(p *accountRun, s *account.Snapshot) {
	if s == nil {
		return
	}
	for _, part := range sectionsOf(s) {
		if part.section.Err != nil {
			p.Missed("read the account's "+part.name, part.section.Err)
		}
	}
	if s.TokenErr != nil {
		p.Missed("inspect the token", s.TokenErr)
	}
	if s.OptionalErr != nil {
		p.Missed("read the account's optional fields", s.OptionalErr)
	}
}

// accountPart is a part of an account that can be read or not on its own.
type accountPart struct {
	name    string
	section account.Section
}

func sectionsOf(s *account.Snapshot) []accountPart {
	return []accountPart{{"phone numbers", s.NumbersSection}, {"templates", s.TemplatesSection}, {"subscribed apps", s.AppsSection}}
}

// observedMessage names the parts that couldn't be read; what is shown of them is what was last known.
func observedMessage(s *account.Snapshot) string {
	message := "observed"
	for _, part := range sectionsOf(s) {
		if part.section.Err == nil {
			continue
		}
		message += "; " + part.name + " can't be read"
		if e, ok := graph.AsError(part.section.Err); ok {
			message += ": " + lifecycle.Clause(e.Explain())
		}
	}
	return message
}

// unreadable explains why the account can't be read. "Doesn't exist" and "no permission" look alike at Meta; the token's own
// permissions distinguish them.
func (a *accounts) unreadable(ctx context.Context, p *accountRun, err error) *lifecycle.Result {
	o := lifecycle.AccountFailed("read the account", err)
	e, ok := graph.AsError(err)
	if !ok || e.Class != graph.ClassAmbiguous && e.Class != graph.ClassPermission {
		return o
	}
	if first := !syncedFor(p, v1alpha1.ReasonPermissionDenied) || p.Before.Status.ObservedGeneration != p.Object.Generation; !first {
		return o.Saying(meta.FindStatusCondition(p.Before.Status.Conditions, v1alpha1.ConditionSynced).Message)
	}
	token, tokenErr := p.Session.InspectToken(ctx)
	if tokenErr != nil {
		return o.Join(lifecycle.FailedStep{Operation: "inspect the token", Err: tokenErr})
	}
	p.Found = observed{token: token}
	if missing := missingScope(token); missing != "" {
		return o.Saying(fmt.Sprintf("the access token lacks the scope %s; create one with it", missing))
	}
	return o.Saying(fmt.Sprintf("account %s doesn't exist or isn't assigned to the token's system user (app %s); check spec.id, and assign the account in Business Settings",
		p.Object.Spec.ID, token.AppID))
}

// breaker mirrors the session's breaker in the status, so that a restart doesn't close it.
func (a *accounts) breaker(p *accountRun) {
	release := p.Object.Annotations[v1alpha1.AnnotationReleaseHeld]
	if release != p.Object.Status.Operator.LastHandledRelease {
		p.Session.ResetBreaker()
		p.Object.Status.Operator.LastHandledRelease, p.Object.Status.Operator.HeldTime = release, nil
	}
	if p.Session.BreakerOpen() && p.Object.Status.Operator.HeldTime == nil {
		p.Object.Status.Operator.HeldTime = &metav1.Time{Time: p.Now.Truncate(time.Second)}
	}
}
