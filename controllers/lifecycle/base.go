// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Base is what all reconcilers share.
type Base struct {
	Client        client.Client
	Status        *StatusWriter
	Resolver      *Resolver
	Accounts      *account.Manager
	recorder      events.EventRecorder
	Clock         clock.PassiveClock
	Objects       *objects
	Retries       *Retries
	failures      *failureLog
	Creates       *CreateQuota
	Media         *mediaFiles
	AccountEvents *AccountEvents
	debouncer     *eventDebouncer
	Unconfirmed   *unconfirmedFacts
	Reviews       *pendingReviews
	Metrics       Metrics
	log           logr.Logger
	Audit         logr.Logger
	ReadOnly      bool
	Once          bool
	intended      func(Intent)
	failed        func(error)
	compared      func(Comparison)
	dryRuns       *dryRunLog
	// Interval, ShortestInterval and LongestInterval are those between observations of accounts that name none.
	Interval, ShortestInterval, LongestInterval time.Duration
	// WebhookURL is where the operator's receiver takes events, without the app's id that follows; "" where there is none.
	WebhookURL string
	// started is when this process began to reconcile, and starting how far it has come since.
	started  time.Time
	starting *startup
}

// runOf is what a run is about, and what makes another one worthwhile.
type runOf struct {
	Object      v1alpha1.Asset
	Fingerprint string
}

// requeue turns a result into a requeue, and logs what failed; nothing else does. Errors are never returned to the queue: its
// backoff knows neither Meta's limits nor which change makes a retry worthwhile, and it logs an error at each retry.
func (b *Base) requeue(ctx context.Context, run runOf, o *Result) ctrl.Result {
	uid := run.Object.GetUID()
	persists := b.failures.note(ctx, subject{uid, run.Object.KindName()}, o)
	if b.failed != nil {
		for _, step := range o.failed {
			b.failed(step.Err)
		}
	}
	after := o.after
	switch {
	case o.backoff || persists:
		after = b.Retries.Hold(RetryKey{Object: uid}, run.Fingerprint, o.WithBackoff(o.first)).after
	case o.unchanged, o.unfinished:
	default:
		b.Retries.Release(RetryKey{Object: uid})
	}
	if log := ctrl.LoggerFrom(ctx).V(2); log.Enabled() {
		reason := o.reason
		if o.unchanged {
			reason = "unchanged"
		}
		log.Info("The run ends", "synced", o.synced, "reason", reason, "requeueAfter", after.String())
	}
	return ctrl.Result{RequeueAfter: after}
}

// Reconciled returns how many resources of a kind were reconciled since the process started, and still exist.
func (b *Base) Reconciled(kind string) int { return b.Objects.Reconciled(kind) }

// LogStep says at level 2 how far a run came.
func LogStep(ctx context.Context, step string, values ...any) {
	ctrl.LoggerFrom(ctx).V(2).Info(step, values...)
}

// reportTransitions reports changed conditions as events: reasons as in the conditions, warnings for what is not true. A condition that
// is seen for the first time and needs no warning makes no event, unless the run wrote to Meta or the condition sums up an account:
// an installation that takes over 100,000 templates would write three events for each, and none of them is about a change.
func (b *Base) reportTransitions(ctx context.Context, obj v1alpha1.Asset, before, after []metav1.Condition, wrote bool) {
	logTransitions(ctx, before, after)
	type said struct{ reason, message string }
	reported := map[said]bool{}
	for _, c := range after {
		if c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled || c.Status == metav1.ConditionUnknown ||
			c.Reason == v1alpha1.ReasonProgressing {
			continue
		}
		if sameCondition(before, c) || reported[said{c.Reason, c.Message}] {
			continue
		}
		kind := eventType(&c)
		sumsUpAccount := c.Type == v1alpha1.ConditionReady && obj.AccountReference() == nil
		if kind == corev1.EventTypeNormal && unseen(before, c.Type) && !wrote && !sumsUpAccount {
			continue
		}
		reported[said{c.Reason, c.Message}] = true
		b.Event(obj, kind, c.Reason, c.Type, c.Message)
	}
}

// eventType is that of the event about a condition.
func eventType(c *metav1.Condition) string {
	if c.Status == metav1.ConditionFalse && !expected(c.Reason) || c.Reason == v1alpha1.ReasonExpiringSoon {
		return corev1.EventTypeWarning
	}
	return corev1.EventTypeNormal
}

// unseen reports that nothing was known of a condition.
func unseen(before []metav1.Condition, kind string) bool {
	was := meta.FindStatusCondition(before, kind)
	return was == nil || was.Status == metav1.ConditionUnknown
}

// logTransitions logs each condition that changed, came or went, at level 1.
func logTransitions(ctx context.Context, before, after []metav1.Condition) {
	log := ctrl.LoggerFrom(ctx).V(1)
	if !log.Enabled() {
		return
	}
	for _, c := range after {
		was := meta.FindStatusCondition(before, c.Type)
		if was != nil && was.Status == c.Status && was.Reason == c.Reason && was.Message == c.Message {
			continue
		}
		log.Info("Condition changed", "type", c.Type, "status", c.Status, "reason", c.Reason, "message", c.Message, "before", brief(was))
	}
	for i := range before {
		if meta.FindStatusCondition(after, before[i].Type) == nil {
			log.Info("Condition removed", "type", before[i].Type, "before", brief(&before[i]))
		}
	}
}

// brief is the status and the reason of a condition, "" where there is none.
func brief(c *metav1.Condition) string {
	if c == nil {
		return ""
	}
	return string(c.Status) + "/" + c.Reason
}

// expected reports whether a condition that is False for this reason needs no warning.
func expected(reason string) bool {
	switch reason {
	case v1alpha1.ReasonInReview, v1alpha1.ReasonPaused, v1alpha1.ReasonAccountNotReady, v1alpha1.ReasonPending:
		return true
	}
	return false
}

func sameCondition(before []metav1.Condition, c metav1.Condition) bool {
	for _, o := range before {
		if o.Type == c.Type {
			// Each violation and each restriction gets its own event, though the condition is the same.
			return o.Status == c.Status && o.Reason == c.Reason &&
				(c.Type != v1alpha1.ConditionPolicyCompliant || o.Message == c.Message)
		}
	}
	return false
}

// Event records an event of Kubernetes about an object.
func (b *Base) Event(obj runtime.Object, kind, reason, action, message string) {
	b.recorder.Eventf(obj, nil, kind, reason, action, "%s", metavalues.Truncate(message, metavalues.MessageLimit))
}

// AuditWrite is the audit log: one line for every write to Meta, whatever its result.
func (b *Base) AuditWrite(obj v1alpha1.Asset, call string, fields []string, err error) {
	kind := ""
	if gvk, err := apiutil.GVKForObject(obj, b.Client.Scheme()); err == nil {
		kind = gvk.Kind
	}
	log := b.Audit.WithValues("kind", kind, "object", client.ObjectKeyFromObject(obj).String(), "uid", obj.GetUID(),
		"generation", obj.GetGeneration(), "call", call, "fields", fields)
	if err == nil {
		log.Info("Wrote to Meta", "result", "ok")
		return
	}
	values := []any{"result", "failed", "error", err.Error()}
	log.Info("Write to Meta failed", append(values, traceIDOf(err)...)...)
}

// NewBase returns what all reconcilers of one process share.
func NewBase(p Parts, o Options) *Base {
	var namespaces client.Reader
	if o.WatchNamespaceLabels {
		namespaces = p.Client
	}
	b := &Base{
		Client: p.Client, Accounts: o.Accounts, Clock: o.Clock, recorder: p.Recorder, AccountEvents: &AccountEvents{}, Metrics: o.Metrics,
		log: o.Log, Audit: o.Audit, ReadOnly: o.ReadOnly, Once: o.Once, intended: o.Intended, failed: o.Failed, compared: o.Compared,
		Interval: o.ObservationInterval, ShortestInterval: o.MinObservationInterval, LongestInterval: o.MaxObservationInterval, started: o.Clock.Now(),
		WebhookURL: o.WebhookURL, starting: newStartup(o.Clock, o.Log, o.Cached),
		Status: &StatusWriter{client: p.Client, Live: p.Live, written: newWrittenVersions()},
		Resolver: &Resolver{
			client: p.Client, namespaces: namespaces, secrets: p.Live, accounts: o.Accounts, version: o.GraphAPIVersion,
			contents: newContents(),
		},
		Media:   &mediaFiles{live: p.Live, downloads: o.Media, Handles: newHandles(o.Clock)},
		Retries: NewRetries(o.Clock), failures: newFailureLog(o.Clock, o.Metrics), Creates: NewCreateQuota(o.Clock, o.CreatesPerHour),
		debouncer: newEventDebouncer(o.Clock), Unconfirmed: newUnconfirmedFacts(), Reviews: newPendingReviews(), dryRuns: newDryRunLog(),
	}
	b.Objects = newObjects(b.Retries, b.failures, b.debouncer, b.Unconfirmed, b.Reviews, b.dryRuns, b.Creates, b.Media.Handles, b.Status.written,
		b.Resolver.contents, sessions{o.Accounts}, downloads{o.Media})
	return b
}
