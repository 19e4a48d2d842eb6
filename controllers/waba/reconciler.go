// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
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

// accounts is what the lifecycle needs to know of accounts. The API can neither create nor delete one, so almost everything
// about it is observed.
type accounts struct {
	*lifecycle.Base

	// deletions remembers since when accounts are being deleted.
	deletions *deletions
}

// accountRun is one reconciliation of an account.
type accountRun = lifecycle.Run[*v1alpha1.WABA]

// observed is what a run has read of the account. It is in Run.Found.
type observed struct {
	// snapshot is nil where the account wasn't read.
	snapshot *account.Snapshot
	// token is what Meta says of the access token, nil where it wasn't asked.
	token *graph.TokenInfo
}

// observedBy returns what a run has read.
func observedBy(p *accountRun) observed {
	o, _ := p.Found.(observed)
	return o
}

// New returns the reconciler of accounts.
func New(b *lifecycle.Base) *lifecycle.Reconciler[*v1alpha1.WABA] {
	a := &accounts{Base: b, deletions: newDeletions()}
	b.Objects.Keep(a.deletions)
	return lifecycle.NewReconciler[*v1alpha1.WABA](b, a)
}

func (a *accounts) New() *v1alpha1.WABA { return &v1alpha1.WABA{} }

// Referrer names the account itself: it refers to no other.
func (a *accounts) Referrer(obj *v1alpha1.WABA) lifecycle.Referrer {
	return lifecycle.Referrer{Kind: v1alpha1.KindWABA, Namespace: obj.Namespace, Ref: v1alpha1.WABAReference{Name: obj.Name}}
}

func (a *accounts) ApplyConfiguration() lifecycle.ApplyConfiguration {
	return &acv1alpha1.WABAApplyConfiguration{}
}

// Claims are those of the resources that hold the account. Once one of them has observed it, the others make no call, unless it
// hasn't been able to observe it for an hour. Until then each tries with its own credentials. Otherwise a tenant that knows the
// id, or once had access, could keep the owner out with a resource that is paused, throttled or without a token.
func (a *accounts) Claims(ctx context.Context, obj *v1alpha1.WABA) ([]lifecycle.Claim, error) {
	var list v1alpha1.WABAList
	if err := a.Client.List(ctx, &list, client.MatchingFields{index.AccountID: obj.Spec.ID}); err != nil {
		return nil, err
	}
	now := a.Clock.Now()
	var claims []lifecycle.Claim
	for i := range list.Items {
		if c := lifecycle.AccountClaim(&list.Items[i]); c.Keeps(now) {
			claims = append(claims, c)
		}
	}
	return claims, nil
}

// Locate has nothing to look up: the spec has the account's id.
func (a *accounts) Locate(_ context.Context, p *accountRun) (*v1alpha1.WABA, *lifecycle.Result) {
	return p.Object, nil
}

// Lookups is 0: an account's observations are limited by its interval, not by the shares of namespaces.
func (a *accounts) Lookups(*v1alpha1.WABA) int { return 0 }

func (a *accounts) LongestWait(string) time.Duration { return 0 }

// Topic is empty: an observation of the account confirms whatever webhooks reported of it.
func (a *accounts) Topic(*v1alpha1.WABA) lifecycle.Topic { return lifecycle.Topic{} }

// TakeShared takes the call log over: the runs of phone numbers write it.
func (a *accounts) TakeShared(obj, live *v1alpha1.WABA) {
	obj.Status.Operator.CallLog = live.Status.Operator.CallLog
}
