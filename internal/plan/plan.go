// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/output"
)

// rounds is how often resources are reconciled while results for one still change those for another.
const rounds = 5

// Options say what is planned, and with what.
type Options struct {
	// Documents are the manifests; Unreadable says what couldn't be read of them.
	Documents  []manifest.Document
	Unreadable []*manifest.ReadError
	// Cluster is what the manifests would be applied to; nil: everything counts as new.
	Cluster client.Reader
	// Namespace is that of manifests that name none.
	Namespace string
	Scheme    *runtime.Scheme

	Accounts *account.Manager
	Token    Token
	Clock    clock.PassiveClock
	// GraphAPIVersion, CreatesPerHour and WebhookURL are as in the operator's flags.
	GraphAPIVersion string
	CreatesPerHour  int
	WebhookURL      string
	// NoNamespaceLabels is set where the operator is restricted to some namespaces, so that it can't read the labels of any.
	NoNamespaceLabels bool
}

// planner makes one plan.
type planner struct {
	Options

	store       *store
	others      *others
	reconcilers map[string]reconcile.Reconciler
	plan        *Plan

	// planned are the resources of the manifests, in the order of the accounts and kinds.
	planned []*resource
	// compared are the values of the resource that is reconciled at present.
	compared *values
	// withheldWrites are the writes that the present reconciliation withholds, and failure is the last error of Meta's in it.
	withheldWrites []controllers.Intent
	failure        *graph.Error
}

// resource is one resource of the manifests.
type resource struct {
	kind string
	name types.NamespacedName
	// waba is the account's resource.
	waba types.NamespacedName
	// before is the resource in the cluster, or an empty one.
	before v1alpha1.Asset
	// intents are the writes that were withheld while the condition Synced was intentsState.
	intents      []controllers.Intent
	intentsState syncedState
	// values are those that the resource should have at Meta, and those that it has.
	values values
	// failed is why nothing is known.
	failed string
}

// syncedState is the condition Synced of a resource.
type syncedState struct{ status, reason, message string }

// Run makes a plan. It reads from the cluster and from Meta, and writes nowhere.
func Run(ctx context.Context, o Options) (*Plan, error) {
	p := &planner{Options: o, plan: &Plan{TypeMeta: output.TypeOf(DocumentKind)}, others: newOthers(o.Cluster, o.Token)}
	var err error
	if p.store, err = newStore(ctx, o.Scheme, p.others); err != nil {
		return nil, err
	}
	p.operator()
	if err := p.seed(ctx); err != nil {
		return nil, err
	}
	if err := p.accounts(ctx); err != nil {
		return nil, err
	}
	if err := p.assets(ctx); err != nil {
		return nil, err
	}
	p.buildPlan()
	return p.plan, nil
}

// operator makes the operator that only reads.
func (p *planner) operator() {
	r := controllers.NewReconcilers(
		controllers.Parts{Client: p.store, Live: p.store, Recorder: noMetrics{}},
		controllers.Options{
			Accounts: p.Accounts, GraphAPIVersion: p.GraphAPIVersion, ObservationInterval: time.Hour, ReadOnly: true, Once: true,
			Intended: func(i controllers.Intent) { p.withheldWrites = append(p.withheldWrites, i) },
			Failed:   func(err error) { p.failure, _ = graph.AsError(err) }, CreatesPerHour: p.CreatesPerHour,
			Compared:   func(c controllers.Comparison) { p.compared.add(c) },
			WebhookURL: p.WebhookURL, WatchNamespaceLabels: !p.NoNamespaceLabels, Clock: p.Clock, Metrics: noMetrics{}, Audit: logr.Discard(),
		})
	p.reconcilers = r.ByKind
}

// accounts observes every account that a manifest is about.
func (p *planner) accounts(ctx context.Context) error {
	seen := map[types.NamespacedName]bool{}
	var involved []client.Object
	for _, r := range p.planned {
		waba := p.store.find(&v1alpha1.WABA{}, r.waba)
		if waba != nil && !seen[r.waba] {
			involved = append(involved, waba)
		}
		seen[r.waba] = true
	}
	slices.SortFunc(involved, func(a, b client.Object) int {
		at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
		if c := at.Compare(bt.Time); c != 0 {
			return c // of two for one account the older comes first
		}
		return strings.Compare(nameOf(a), nameOf(b))
	})
	for _, obj := range involved {
		if err := p.observe(ctx, obj); err != nil {
			return err
		}
	}
	return nil
}

// observe has an account read, and says of all of its resources why it can't be.
func (p *planner) observe(ctx context.Context, obj client.Object) error {
	waba, _ := obj.DeepCopyObject().(*v1alpha1.WABA)
	key := client.ObjectKeyFromObject(waba)
	var noToken noTokenError
	secret := types.NamespacedName{Namespace: waba.Namespace, Name: waba.Spec.CredentialsSecretRef.Name}
	if errors.As(p.others.Get(ctx, secret, &corev1.Secret{}), &noToken) {
		p.failed(key, func(*resource) bool { return true }, noToken.Error())
		return nil
	}
	waba.Status.LastObservedTime = nil // not by this process, which knows nothing yet
	if err := p.store.put(waba); err != nil {
		return err
	}
	if err := p.reconcile(ctx, p.resourceOf(v1alpha1.KindWABA, key)); err != nil {
		return err
	}
	session := p.Accounts.Get(string(waba.UID))
	if session == nil || session.Snapshot() == nil {
		if p.failure != nil && unusable[p.says(p.resourceOf(v1alpha1.KindWABA, key)).reason] {
			p.failed(key, func(*resource) bool { return true }, p.cause(key))
		}
		return nil // the account says why, and so do its resources
	}
	snapshot := session.Snapshot()
	for _, part := range []struct {
		section account.Section
		what    string
		kinds   []string
	}{
		{snapshot.NumbersSection, "phone numbers", []string{v1alpha1.KindPhoneNumber, v1alpha1.KindWebhookSubscription}},
		{snapshot.TemplatesSection, "templates", []string{v1alpha1.KindMessageTemplate}},
		{snapshot.AppsSection, "subscribed apps", []string{v1alpha1.KindWebhookSubscription}},
	} {
		if !part.section.Complete {
			p.failed(key, func(r *resource) bool { return slices.Contains(part.kinds, r.kind) },
				"the account's "+part.what+" can't be read"+p.because(part.section.Err, key))
		}
	}
	return nil
}

func (p *planner) failed(waba types.NamespacedName, which func(*resource) bool, why string) {
	for _, r := range p.planned {
		if r.waba == waba && which(r) {
			r.failed = why
		}
	}
}

// resourceOf returns the resource of the manifests, or one that stands for itself.
func (p *planner) resourceOf(kind string, name types.NamespacedName) *resource {
	for _, r := range p.planned {
		if r.kind == kind && r.name == name {
			return r
		}
	}
	return &resource{kind: kind, name: name, waba: name}
}

// assets reconciles the numbers, templates and subscriptions of the manifests until nothing changes.
func (p *planner) assets(ctx context.Context) error {
	for range rounds {
		version := p.store.version
		for _, r := range p.planned {
			if r.kind == v1alpha1.KindWABA || r.failed != "" {
				continue
			}
			if err := p.reconcile(ctx, r); err != nil {
				return err
			}
		}
		if p.store.version == version {
			return nil
		}
	}
	return nil
}

// reconcile reconciles one resource once.
func (p *planner) reconcile(ctx context.Context, r *resource) error {
	if r.failed != "" {
		return nil
	}
	p.withheldWrites, p.failure, p.compared = nil, nil, &r.values
	ctx = ctrl.LoggerInto(ctx, logr.Discard()) // what a run came to is the plan
	if _, err := p.reconcilers[r.kind].Reconcile(ctx, reconcile.Request{NamespacedName: r.name}); err != nil {
		return fmt.Errorf("%s %s: %w", r.kind, r.name, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	now := p.says(r)
	if p.failure != nil && unplanned[now.reason] && r.kind != v1alpha1.KindWABA {
		r.failed = p.cause(r.waba)
	}
	if len(p.withheldWrites) > 0 || now != r.intentsState {
		r.intents, r.intentsState = p.withheldWrites, now
	}
	return nil
}

// says is what the resource's condition Synced says at present.
func (p *planner) says(r *resource) syncedState {
	obj := p.store.find(newObject(r.kind), r.name)
	if obj == nil {
		return syncedState{}
	}
	return synced(obj)
}

// noMetrics is where events and metrics go.
type noMetrics struct{}

// Eventf drops an event.
func (noMetrics) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}

// UnknownNormalisation counts nothing.
func (noMetrics) UnknownNormalisation(string, string) {}

// Drift counts nothing.
func (noMetrics) Drift(string, string) {}

// FirstReady measures nothing.
func (noMetrics) FirstReady(string, time.Duration) {}

// InternalError counts nothing: the plan names the resources that it can't plan.
func (noMetrics) InternalError(string) {}

// Deleted measures nothing.
func (noMetrics) Deleted(string, time.Duration) {}
