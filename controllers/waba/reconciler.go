// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Names of the writes to Meta, in the audit log, in events and in plans.
const (
	CallUpdateAccount = "update account"
)

// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=wabas,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=wabas/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// wabas observes accounts. An account can neither be created nor deleted by API, so almost everything about it is
// observed.
type wabas struct {
	*lifecycle.Base

	// refusals remembers what Meta refused.
	refusals *refusals
	// deletions remembers since when accounts are being deleted.
	deletions *deletions
}

// New returns the reconciler of accounts.
func New(b *lifecycle.Base) reconcile.Reconciler {
	r := &wabas{Base: b, refusals: newRefusals(b.Clock), deletions: newDeletions()}
	b.Objects.Keep(r.refusals)
	b.Objects.Keep(r.deletions)
	return r
}

// accountRun is one reconciliation of an account.
type accountRun struct {
	obj, before *v1alpha1.WABA
	now         time.Time
	session     *account.Session
	snapshot    *account.Snapshot
	token       *graph.TokenInfo
	policy      v1alpha1.ManagementPolicy

	// alsoFailed are steps that failed and don't decide what the run came to.
	alsoFailed []lifecycle.FailedStep
}

// missed notes that a step failed that the run can do without.
func (p *accountRun) missed(operation string, err error) {
	p.alsoFailed = append(p.alsoFailed, lifecycle.FailedStep{Operation: operation, Err: err})
}

// Reconcile observes one account when an observation is due, and keeps its status.
func (r *wabas) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	read, err := lifecycle.Newest(ctx, r.Status, req.NamespacedName, func() *v1alpha1.WABA { return &v1alpha1.WABA{} })
	if err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{RequeueAfter: r.Objects.Gone(lifecycle.KeyOf(read, req.NamespacedName))}, nil
		}
		return ctrl.Result{}, err
	}
	r.Objects.Saw(lifecycle.GoneOf(read))
	p := &accountRun{obj: read.DeepCopy(), before: read, now: r.Clock.Now(), policy: lifecycle.EffectivePolicy(read.Spec.ManagementPolicy)}
	if !read.DeletionTimestamp.IsZero() {
		return r.delete(ctx, p)
	}
	if wait := r.debounce(p); wait > 0 {
		lifecycle.LogStep(ctx, "Waiting until the events of webhooks settle", "for", wait.String())
		return r.finish(ctx, p, lifecycle.Unchanged(wait))
	}
	return r.finish(ctx, p, r.step(ctx, p))
}

func (r *wabas) step(ctx context.Context, p *accountRun) *lifecycle.Result {
	if p.policy == v1alpha1.ManagementPolicyPaused {
		return lifecycle.Paused()
	}
	if o := r.claimOwnership(ctx, p); o != nil {
		return o
	}
	if id := p.obj.Status.AccountID; id != "" && id != p.obj.Spec.ID && p.obj.Annotations[v1alpha1.AnnotationAcceptAccount] != p.obj.Spec.ID {
		return lifecycle.NotSynced(v1alpha1.ReasonAccountChanged, fmt.Sprintf(
			"the status belongs to account %s but spec.id is %s; if that is right, annotate %s=%s",
			id, p.obj.Spec.ID, v1alpha1.AnnotationAcceptAccount, p.obj.Spec.ID))
	}
	session, err := r.Resolver.Connect(ctx, p.obj)
	if err != nil {
		return accountUnusable(lifecycle.Failed("read the account's Secret", err))
	}
	p.session = session
	r.breaker(p)
	uid, version := session.SecretVersion()
	requested := requestedInterval(p.obj, r.Interval)
	if wait := r.requestedTooSoon(p); wait > 0 {
		lifecycle.LogStep(ctx, "Observed a moment ago", "for", wait.String())
		return lifecycle.Unchanged(wait)
	}
	if wait := r.confirmSooner(p, dueIn(p.obj, requested, uid, version, p.now)); wait > 0 && !r.failing(p) && !session.Distrusted() {
		lifecycle.LogStep(ctx, "No observation is due", "for", wait.String())
		return r.between(p, wait)
	}
	if pause := r.Backoffs.Pause(p.key(), p.fingerprint()); pause > 0 {
		lifecycle.LogStep(ctx, "Backing off", "for", pause.String())
		return lifecycle.Unchanged(min(pause, lifecycle.SecretRecheck)) // the Secret is read again meanwhile
	}
	if o := throttled(p); o != nil {
		return o
	}
	return r.observe(ctx, p, requested)
}

// throttled says why Meta's rate limit leaves no observation. A person who requests one may try.
func throttled(p *accountRun) *lifecycle.Result {
	if p.requested() {
		p.session.Probe()
		return nil
	}
	if err := p.session.Budget().Before(graph.OpReadAccount); err != nil {
		return lifecycle.Failed("read the account", err)
	}
	if allowed, wait := p.session.Budget().Background(); !allowed {
		return lifecycle.Waiting(v1alpha1.ReasonRateLimited, "Meta's rate limit is nearly used up; the next observation waits", wait).AssetUnaffected().Showing(true)
	}
	return nil
}

// requestedTooSoon is how long a request waits because the one before was answered a moment ago.
func (r *wabas) requestedTooSoon(p *accountRun) time.Duration {
	s := &p.before.Status
	if !p.requested() || s.LastHandledRequest == "" || s.ObservedGeneration != p.obj.Generation || r.failing(p) || p.session.Distrusted() {
		return 0
	}
	return deadline.Left(deadline.Value(s.LastObservedTime).Add(lifecycle.RequestedGap), p.now, lifecycle.RequestedGap)
}

// between keeps the status while no observation is due, unless something else has to be recorded: the breaker, or that a
// pause or a conflict is over.
func (r *wabas) between(p *accountRun, wait time.Duration) *lifecycle.Result {
	p.snapshot = p.session.Snapshot()
	s, before := &p.obj.Status, &p.before.Status
	news := (s.HeldSince == nil) != (before.HeldSince == nil) || s.LastHandledRelease != before.LastHandledRelease ||
		p.prior(v1alpha1.ReasonPaused) || p.prior(v1alpha1.ReasonConflict)
	if !news {
		return lifecycle.Unchanged(wait)
	}
	p.noteUnreadable(p.session.Snapshot())
	return lifecycle.Done("observed").RetryAfter(wait)
}

func (p *accountRun) prior(reason string) bool {
	c := meta.FindStatusCondition(p.before.Status.Conditions, v1alpha1.ConditionSynced)
	return c != nil && c.Reason == reason
}

// failing reports that the last observation failed, so that the next one doesn't wait for the period.
func (r *wabas) failing(p *accountRun) bool {
	c := meta.FindStatusCondition(p.before.Status.Conditions, v1alpha1.ConditionSynced)
	return c == nil || c.Status == metav1.ConditionFalse && !observedReasons[c.Reason]
}

// observe reads the account and tells the resources concerned what changed.
func (r *wabas) observe(ctx context.Context, p *accountRun, requested time.Duration) *lifecycle.Result {
	lifecycle.LogStep(ctx, "Observing the account")
	snapshot, change, err := p.session.Observe(ctx)
	if err != nil {
		return r.unreadable(ctx, p, err)
	}
	p.snapshot = snapshot
	interval := p.session.EffectiveInterval(requested)
	r.fill(ctx, p, interval)
	complaint := r.manage(ctx, p)
	r.Unconfirmed.Observed(p.obj.UID, snapshot.Begun, &change)
	r.AccountEvents.Publish(lifecycle.AccountChange{WABA: p.name(), Change: change})
	p.noteUnreadable(snapshot)
	o := lifecycle.Done(observedMessage(snapshot))
	if complaint != nil {
		o = complaint
	}
	return o.RetryAfter(r.confirmSooner(p, jittered(interval, string(p.obj.UID))))
}

// noteUnreadable notes the parts of the account that couldn't be read.
func (p *accountRun) noteUnreadable(s *account.Snapshot) {
	if s == nil {
		return
	}
	for _, part := range sectionsOf(s) {
		if part.section.Err != nil {
			p.missed("read the account's "+part.name, part.section.Err)
		}
	}
	if s.TokenErr != nil {
		p.missed("inspect the token", s.TokenErr)
	}
	if s.OptionalErr != nil {
		p.missed("read the account's optional fields", s.OptionalErr)
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

// unreadable explains why the account can't be read. "Doesn't exist" and "no permission" look alike at Meta; what the
// token itself may do tells them apart.
func (r *wabas) unreadable(ctx context.Context, p *accountRun, err error) *lifecycle.Result {
	o := accountUnusable(lifecycle.Failed("read the account", err))
	e, ok := graph.AsError(err)
	if !ok || e.Class != graph.ClassAmbiguous && e.Class != graph.ClassPermission {
		return o
	}
	if first := !p.prior(v1alpha1.ReasonPermissionDenied) || p.before.Status.ObservedGeneration != p.obj.Generation; !first {
		return o.Saying(meta.FindStatusCondition(p.before.Status.Conditions, v1alpha1.ConditionSynced).Message)
	}
	token, tokenErr := p.session.InspectToken(ctx)
	if tokenErr != nil {
		return o.Join(lifecycle.FailedStep{Operation: "inspect the token", Err: tokenErr})
	}
	p.token = token
	if missing := missingScope(token); missing != "" {
		return o.Saying(fmt.Sprintf("the access token lacks the scope %s; create one with it", missing))
	}
	return o.Saying(fmt.Sprintf("account %s doesn't exist or isn't assigned to the token's system user (app %s); check spec.id, and assign the account in Business Settings",
		p.obj.Spec.ID, token.AppID))
}

// accountUnusable says that the account isn't ready where it can't be used until a person acts.
func accountUnusable(o *lifecycle.Result) *lifecycle.Result {
	if _, ok := lifecycle.AccountUnusableReasons[o.Reason()]; ok {
		return o.AssetUnaffectedIf(false)
	}
	return o
}

// breaker mirrors the session's breaker in the status, so that a restart doesn't close it.
func (r *wabas) breaker(p *accountRun) {
	release := p.obj.Annotations[v1alpha1.AnnotationReleaseHeld]
	if release != p.obj.Status.LastHandledRelease {
		p.session.Release()
		p.obj.Status.LastHandledRelease, p.obj.Status.HeldSince = release, nil
	}
	if p.session.Held() && p.obj.Status.HeldSince == nil {
		p.obj.Status.HeldSince = &metav1.Time{Time: p.now.Truncate(time.Second)}
	}
}

// claimOwnership lets one of several resources for the same account act: once one of them has observed it, the others make no
// call, unless it hasn't been able to observe it for an hour. Until then each tries with its own credentials. Otherwise whoever
// knows the id, or once had access, could keep the owner out with a resource that is paused, throttled or without a token.
func (r *wabas) claimOwnership(ctx context.Context, p *accountRun) *lifecycle.Result {
	var list v1alpha1.WABAList
	if err := r.Client.List(ctx, &list, client.MatchingFields{index.AccountID: p.obj.Spec.ID}); err != nil {
		return lifecycle.Failed("list accounts with the same id", err)
	}
	var claims []lifecycle.Claim
	for i := range list.Items {
		w := &list.Items[i]
		if c := lifecycle.AccountClaim(w); c.Keeps(p.now) {
			claims = append(claims, c)
		}
	}
	first := lifecycle.Winner(claims, p.now)
	if first == nil || first.GetUID() == p.obj.UID {
		return nil
	}
	lifecycle.LogStep(ctx, "Another resource owns the account", "owner", client.ObjectKeyFromObject(first).String())
	message := "another WABA resource has the same spec.id; delete one of the two"
	if first.GetNamespace() == p.obj.Namespace {
		message = fmt.Sprintf("WABA %s has the same spec.id; delete one of the two", first.GetName())
	}
	return lifecycle.Waiting(v1alpha1.ReasonConflict, message, lifecycle.ConflictRecheck) // the other may lose its access
}

func (p *accountRun) key() types.UID { return p.obj.UID }

func (p *accountRun) name() types.NamespacedName { return client.ObjectKeyFromObject(p.obj) }

func (p *accountRun) requested() bool {
	return p.obj.Annotations[v1alpha1.AnnotationRequestedAt] != p.before.Status.LastHandledRequest
}

func (p *accountRun) fingerprint() string {
	s := fmt.Sprintf("%s|%d|%s", p.obj.UID, p.obj.Generation, p.obj.Annotations[v1alpha1.AnnotationRequestedAt])
	if p.session != nil {
		uid, version := p.session.SecretVersion()
		s += "|" + uid + "|" + version
	}
	return s
}

// finish writes the status if anything changed and says when to come back.
func (r *wabas) finish(ctx context.Context, p *accountRun, o *lifecycle.Result) (ctrl.Result, error) {
	write := func() error { return r.record(ctx, p, o) }
	if o.Unchanged() {
		write = func() error { return r.replay(ctx, p) }
	}
	o = o.Join(p.alsoFailed...)
	switch err := write(); {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case err != nil && r.Once:
		return ctrl.Result{}, fmt.Errorf("write the status: %w", err) // nothing tries it again, and there may be no log
	case err != nil:
		o = lifecycle.StatusWriteFailed(o, err)
	}
	result := r.Requeue(ctx, lifecycle.RunOf{Object: p.obj, Fingerprint: p.fingerprint()}, o)
	if o.Backoff() {
		result.RequeueAfter = min(result.RequeueAfter, lifecycle.SecretRecheck) // the pause goes on, but a new Secret ends it
	}
	result.RequeueAfter = deadline.Sooner(result.RequeueAfter, standingEnds(&p.obj.Status, p.now))
	return result, nil
}

// record writes the status that follows from a result.
func (r *wabas) record(ctx context.Context, p *accountRun, o *lifecycle.Result) error {
	s := &p.obj.Status
	if !o.Replayed() {
		s.NextAttemptTime = lifecycle.NextAttempt(s.NextAttemptTime, o, p.now)
		if o.Reason() != v1alpha1.ReasonPaused {
			s.LastHandledRequest = p.obj.Annotations[v1alpha1.AnnotationRequestedAt]
		}
		s.ObservedGeneration = p.obj.Generation
		r.limits(p)
	}
	overlayWebhook(s)
	c := lifecycle.NewConditions(p.before.Status.Conditions, s.ObservedGeneration, p.now)
	c.Summarize(o, r.describe(p, o, c))
	s.Conditions = c.List()
	if err := r.write(ctx, p); err != nil {
		return err
	}
	r.ReportTransitions(ctx, p.obj, p.before.Status.Conditions, s.Conditions)
	r.MeasureReady(p.obj, p.before.Status.Conditions, s.Conditions, p.now)
	return nil
}
