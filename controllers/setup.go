// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/media"
)

// Metrics is told what only the controllers know.
type Metrics interface {
	// UnknownNormalisation counts a field that Meta gave back otherwise than it was sent, in a way nobody knew.
	UnknownNormalisation(kind, field string)
	// Drift counts a field that somebody changed at Meta.
	Drift(kind, field string)
	// FirstReady tells how long a resource took from its creation until it was ready.
	FirstReady(kind string, took time.Duration)
	// InternalError counts a step that failed for a reason that a resource's conditions can't explain.
	InternalError(kind string)
	// Deleted tells how long a resource took from its deletion until it was let go.
	Deleted(kind string, took time.Duration)
}

// Options configure the controllers.
type Options struct {
	Accounts *account.Manager
	// GraphAPIVersion is used where an account names none.
	GraphAPIVersion string
	// ObservationInterval is used where an account names none.
	ObservationInterval time.Duration
	// Concurrency is how many resources of each kind are reconciled at once.
	Concurrency int
	// ReadOnly turns every write to Meta into an event.
	ReadOnly bool
	// Intended is told about the writes that ReadOnly withholds; nil: only the events tell.
	Intended func(Intent)
	// Once is for who runs the reconcilers once: nothing is put off that an operator spreads over its first hour.
	Once bool
	// CreatesPerHour is Meta's limit of new templates per account and hour, 0 for none.
	CreatesPerHour int
	// Media fetches the files that specs refer to by address. Only who writes needs it.
	Media *media.Downloads
	// WebhookURL is the public address of the operator's webhook receiver, such as https://hooks.acme.example/webhooks/; the
	// id of an app is added to it. Empty where there is no receiver.
	WebhookURL string
	// WatchNamespaceLabels lets accounts select namespaces by label; it needs permission to watch Namespaces.
	WatchNamespaceLabels bool
	Clock                clock.PassiveClock
	Metrics              Metrics
	// Log is for what happens outside of a run; runs log to the logger of their context.
	Log   logr.Logger
	Audit logr.Logger
	// NewQueue replaces the controllers' queues; nil means the priority queue.
	NewQueue func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// Setup registers all controllers with the manager, and returns their reconcilers.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) (*Reconcilers, error) {
	if err := index.Setup(ctx, mgr.GetFieldIndexer()); err != nil {
		return nil, err
	}
	r := NewReconcilers(Parts{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder("waba-operator")}, o)
	for _, setup := range []func(ctrl.Manager, *Reconcilers, Options) error{setupWABAs, setupTemplates, setupNumbers, setupHooks} {
		if err := setup(mgr, r, o); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Parts are what reconcilers read from and write to in Kubernetes.
type Parts struct {
	// Client answers Get and List from a cache that has the indexes of internal/index, and writes status and finalizers.
	Client client.Client
	// Live reads past the cache: Secrets, ConfigMaps, and what the cache may not show yet.
	Live     client.Reader
	Recorder events.EventRecorder
}

// Reconcilers are the operator: everything it decides, without what wakes it.
type Reconcilers struct {
	WABAs, PhoneNumbers, MessageTemplates, WebhookSubscriptions reconcile.Reconciler

	base *base
}

// NewReconcilers returns the reconcilers of all kinds.
func NewReconcilers(p Parts, o Options) *Reconcilers {
	b := newBase(p, o)
	return &Reconcilers{
		WABAs: newWABAs(b), PhoneNumbers: newNumbers(b, o.Once), MessageTemplates: newTemplates(b), WebhookSubscriptions: newHooks(b),
		base: b,
	}
}

func newBase(p Parts, o Options) *base {
	var namespaces client.Reader
	if o.WatchNamespaceLabels {
		namespaces = p.Client
	}
	s := newStores(o.Clock, o)
	status := &statusWriter{client: p.Client, live: p.Live, written: s.written}
	return &base{
		client: p.Client, status: status, ledger: &ledger{status: status}, accounts: o.Accounts, clock: o.Clock,
		resolver: &resolver{
			client: p.Client, namespaces: namespaces, secrets: p.Live, accounts: o.Accounts, version: o.GraphAPIVersion,
			contents: s.contents,
		},
		recorder: p.Recorder, objects: newObjects(s.all()), stores: s, attempts: s.attempts, failures: s.failures, creates: s.creates,
		hearing: s.hearing, receipts: s.receipts, announced: s.announced, changes: &changes{}, metrics: o.Metrics,
		log: o.Log, audit: o.Audit, readOnly: o.ReadOnly, once: o.Once, intended: o.Intended, interval: o.ObservationInterval,
		webhookURL: o.WebhookURL,
		media:      &mediaFiles{live: p.Live, downloads: o.Media, handles: s.handles},
	}
}

// lists is where those look who wake resources.
func (b *base) lists() client.Reader { return loggedLists{b.client, b.log, b.failures} }

// controllerOptions are alike for all kinds. The queue's own backoff is for errors of the API server only.
func (o Options) controllerOptions() controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: o.Concurrency,
		ReconciliationTimeout:   10 * time.Minute, // a sample file of 100 MB may be uploaded
		EnableWarmup:            ptr.To(true),
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, 5*time.Minute),
		NewQueue:                o.NewQueue,
	}
}

func setupWABAs(mgr ctrl.Manager, r *Reconcilers, o Options) error {
	b := r.base
	return ctrl.NewControllerManagedBy(mgr).Named("waba").
		For(&v1alpha1.WABA{}, builder.WithPredicates(wakes())).
		Watches(&v1alpha1.MessageTemplate{}, accountOfDeleted(), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.PhoneNumber{}, accountOfDeleted(), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WebhookSubscription{}, accountOfDeleted(), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WABA{}, rivalAccounts(b.lists()), builder.WithPredicates(predicate.Or(deletedOnly(), accountMatters()))).
		WatchesRawSource(wakeSource(b.changes)).
		WithOptions(o.controllerOptions()).
		Complete(r.WABAs)
}

func setupTemplates(mgr ctrl.Manager, r *Reconcilers, o Options) error {
	b := r.base
	bldr := ctrl.NewControllerManagedBy(mgr).Named("messagetemplate").
		For(&v1alpha1.MessageTemplate{}, builder.WithPredicates(wakes())).
		Watches(&v1alpha1.MessageTemplate{}, rivalsOf(b.lists()), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WABA{}, templatesOfAccount(b.lists()), builder.WithPredicates(accountMatters())).
		WatchesRawSource(templateSource(b.lists(), b.changes)).
		WithOptions(o.controllerOptions())
	if o.WatchNamespaceLabels {
		bldr = bldr.WatchesMetadata(&corev1.Namespace{}, ofNamespace(b.lists(), &v1alpha1.MessageTemplateList{}),
			builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	return bldr.Complete(r.MessageTemplates)
}

func setupNumbers(mgr ctrl.Manager, r *Reconcilers, o Options) error {
	b := r.base
	bldr := ctrl.NewControllerManagedBy(mgr).Named("phonenumber").
		For(&v1alpha1.PhoneNumber{}, builder.WithPredicates(wakes())).
		Watches(&v1alpha1.PhoneNumber{}, rivalNumbers(b.lists()), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WABA{}, numbersOfAccount(b.lists()), builder.WithPredicates(accountMatters())).
		WatchesRawSource(numberSource(b.lists(), b.changes)).
		WithOptions(o.controllerOptions())
	if o.WatchNamespaceLabels {
		bldr = bldr.WatchesMetadata(&corev1.Namespace{}, ofNamespace(b.lists(), &v1alpha1.PhoneNumberList{}),
			builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	return bldr.Complete(r.PhoneNumbers)
}

func setupHooks(mgr ctrl.Manager, r *Reconcilers, o Options) error {
	b := r.base
	bldr := ctrl.NewControllerManagedBy(mgr).Named("webhooksubscription").
		For(&v1alpha1.WebhookSubscription{}, builder.WithPredicates(wakes())).
		Watches(&v1alpha1.WebhookSubscription{}, rivalHooks(b.lists()), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WABA{}, hooksOfAccount(b.lists()), builder.WithPredicates(accountMatters())).
		Watches(&v1alpha1.PhoneNumber{}, hooksOfNumber(b.lists()), builder.WithPredicates(numberFound())).
		WatchesRawSource(hookSource(b.lists(), b.changes)).
		WithOptions(o.controllerOptions())
	if o.WatchNamespaceLabels {
		bldr = bldr.WatchesMetadata(&corev1.Namespace{}, ofNamespace(b.lists(), &v1alpha1.WebhookSubscriptionList{}),
			builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	return bldr.Complete(r.WebhookSubscriptions)
}
