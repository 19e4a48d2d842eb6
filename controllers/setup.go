// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/messagetemplate"
	"github.com/waba-operator/waba-operator/controllers/phonenumber"
	"github.com/waba-operator/waba-operator/controllers/waba"
	"github.com/waba-operator/waba-operator/controllers/webhooksubscription"
	"github.com/waba-operator/waba-operator/internal/index"
)

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

// Reconcilers are the operator: everything it decides, without what wakes it.
type Reconcilers struct {
	WABAs, PhoneNumbers, MessageTemplates, WebhookSubscriptions reconcile.Reconciler

	base *lifecycle.Base
}

// NewReconcilers returns the reconcilers of all kinds.
func NewReconcilers(p Parts, o Options) *Reconcilers {
	b := lifecycle.NewBase(p, o)
	return &Reconcilers{
		WABAs: waba.New(b), PhoneNumbers: phonenumber.New(b, o.Once), MessageTemplates: messagetemplate.New(b), WebhookSubscriptions: webhooksubscription.New(b),
		base: b,
	}
}

// controllerOptions are alike for all kinds. The queue's own backoff is for errors of the API server only.
func controllerOptions(o Options) controller.Options {
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
		Watches(&v1alpha1.WABA{}, rivalAccounts(b.Lists()), builder.WithPredicates(predicate.Or(deletedOnly(), accountMatters()))).
		WatchesRawSource(wakeSource(b.AccountEvents)).
		WithOptions(controllerOptions(o)).
		Complete(r.WABAs)
}

func setupTemplates(mgr ctrl.Manager, r *Reconcilers, o Options) error {
	b := r.base
	bldr := ctrl.NewControllerManagedBy(mgr).Named("messagetemplate").
		For(&v1alpha1.MessageTemplate{}, builder.WithPredicates(wakes())).
		Watches(&v1alpha1.MessageTemplate{}, rivalsOf(b.Lists()), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WABA{}, templatesOfAccount(b.Lists()), builder.WithPredicates(accountMatters())).
		WatchesRawSource(templateSource(b.Lists(), b.AccountEvents)).
		WithOptions(controllerOptions(o))
	if o.WatchNamespaceLabels {
		bldr = bldr.WatchesMetadata(&corev1.Namespace{}, ofNamespace(b.Lists(), &v1alpha1.MessageTemplateList{}),
			builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	return bldr.Complete(r.MessageTemplates)
}

func setupNumbers(mgr ctrl.Manager, r *Reconcilers, o Options) error {
	b := r.base
	bldr := ctrl.NewControllerManagedBy(mgr).Named("phonenumber").
		For(&v1alpha1.PhoneNumber{}, builder.WithPredicates(wakes())).
		Watches(&v1alpha1.PhoneNumber{}, rivalNumbers(b.Lists()), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WABA{}, numbersOfAccount(b.Lists()), builder.WithPredicates(accountMatters())).
		WatchesRawSource(numberSource(b.Lists(), b.AccountEvents)).
		WithOptions(controllerOptions(o))
	if o.WatchNamespaceLabels {
		bldr = bldr.WatchesMetadata(&corev1.Namespace{}, ofNamespace(b.Lists(), &v1alpha1.PhoneNumberList{}),
			builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	return bldr.Complete(r.PhoneNumbers)
}

func setupHooks(mgr ctrl.Manager, r *Reconcilers, o Options) error {
	b := r.base
	bldr := ctrl.NewControllerManagedBy(mgr).Named("webhooksubscription").
		For(&v1alpha1.WebhookSubscription{}, builder.WithPredicates(wakes())).
		Watches(&v1alpha1.WebhookSubscription{}, rivalHooks(b.Lists()), builder.WithPredicates(deletedOnly())).
		Watches(&v1alpha1.WABA{}, hooksOfAccount(b.Lists()), builder.WithPredicates(accountMatters())).
		Watches(&v1alpha1.PhoneNumber{}, hooksOfNumber(b.Lists()), builder.WithPredicates(numberFound())).
		WatchesRawSource(hookSource(b.Lists(), b.AccountEvents)).
		WithOptions(controllerOptions(o))
	if o.WatchNamespaceLabels {
		bldr = bldr.WatchesMetadata(&corev1.Namespace{}, ofNamespace(b.Lists(), &v1alpha1.WebhookSubscriptionList{}),
			builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	return bldr.Complete(r.WebhookSubscriptions)
}
