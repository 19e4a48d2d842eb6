// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/number"
)

// holderPatience is how long a holder that can't act keeps its asset. An exchange of the token, or a pause of some minutes, must not
// end the ownership; a holder that has lost its access for good must not block the owner's resource.
const holderPatience = time.Hour

// claim is one resource's claim to an asset at Meta.
type claim struct {
	object v1alpha1.Asset
	// holds: its status already carries the asset's id.
	holds bool
	// unable: it can't act on the asset, for instance because its credentials are refused.
	unable bool
	// since is when it became unable; zero where that isn't known yet.
	since time.Time
}

// claimOf returns the claim of a resource with its own conditions. A resource that lost a conflict holds nothing any more, even
// though its status still carries the id: else a former holder that can act again would replace the present one.
func claimOf(obj v1alpha1.Asset, policy v1alpha1.ManagementPolicy, conditions []metav1.Condition, holds bool) claim {
	c := claim{object: obj, holds: holds && !lost(conditions)}
	synced := meta.FindStatusCondition(conditions, v1alpha1.ConditionSynced)
	// The status counts too: a resource that was paused an hour ago finds out now whether another one has taken its place.
	if policy == v1alpha1.ManagementPolicyPaused || synced != nil && synced.Reason == v1alpha1.ReasonPaused {
		c.markUnable(conditions, v1alpha1.ConditionSynced, v1alpha1.ReasonPaused)
	}
	return c
}

// markUnable notes that a resource can't act, and since when if a condition says it with this reason.
func (c *claim) markUnable(conditions []metav1.Condition, kind, reason string) {
	c.unable = true
	if condition := meta.FindStatusCondition(conditions, kind); condition != nil && condition.Reason == reason {
		c.since = condition.LastTransitionTime.Time
	}
}

// lost reports that a resource was kept from the asset by another one (contest in lifecycle.go and waba_controller.go).
func lost(conditions []metav1.Condition) bool {
	for _, kind := range []string{v1alpha1.ConditionSynced, v1alpha1.ConditionReady} {
		c := meta.FindStatusCondition(conditions, kind)
		if c == nil || c.Status == metav1.ConditionTrue || c.Reason != v1alpha1.ReasonConflict {
			return false
		}
	}
	return true
}

// keeps reports that a claim still keeps others out.
func (c *claim) keeps(now time.Time) bool {
	return c.holds && (!c.unable || c.since.IsZero() || deadline.Within(c.since, now, holderPatience))
}

// winner decides who of several resources for one asset may act: who already holds it, else the oldest that can act.
// The others say Conflict and make no call. The order is total, so every replica and every restart decides alike.
func winner(claims []claim, now time.Time) v1alpha1.Asset {
	var best *claim
	for i := range claims {
		if best == nil || before(&claims[i], best, now) {
			best = &claims[i]
		}
	}
	if best == nil {
		return nil
	}
	return best.object
}

func before(a, b *claim, now time.Time) bool {
	if ak, bk := a.keeps(now), b.keeps(now); ak != bk {
		return ak
	}
	if a.unable != b.unable {
		return !a.unable
	}
	at, bt := a.object.GetCreationTimestamp(), b.object.GetCreationTimestamp()
	if !at.Equal(&bt) {
		return at.Before(&bt)
	}
	return client.ObjectKeyFromObject(a.object).String() < client.ObjectKeyFromObject(b.object).String()
}

// nameFor is how a message in one namespace names a resource: across namespaces it gives no more than the kind.
func nameFor(obj v1alpha1.Asset, namespace string) string {
	if obj.GetNamespace() == namespace {
		return obj.KindName() + " " + obj.GetName()
	}
	return "a " + obj.KindName() + " in another namespace"
}

// numberClaims are the claims of permitted resources to the number of one of them, which is among them.
func (b *base) numberClaims(ctx context.Context, obj *v1alpha1.PhoneNumber) ([]claim, error) {
	var list v1alpha1.PhoneNumberList
	key := numberReferrer(obj).account().String()
	if err := b.client.List(ctx, &list, client.MatchingFields{index.Account: key}); err != nil {
		return nil, err
	}
	var claims []claim
	for i := range list.Items {
		rival := &list.Items[i]
		if rival.UID != obj.UID {
			if !number.Same(rival, obj) || !rival.DeletionTimestamp.IsZero() {
				continue
			}
			permitted, err := b.resolver.permits(ctx, numberReferrer(rival))
			if err != nil {
				return nil, err
			}
			if !permitted {
				continue
			}
		}
		claims = append(claims, claimOf(rival, rival.Spec.ManagementPolicy, rival.Status.Conditions, rival.Status.ID != ""))
	}
	return claims, nil
}

func numberReferrer(obj *v1alpha1.PhoneNumber) referrer {
	return referrer{kind: v1alpha1.KindPhoneNumber, namespace: obj.Namespace, ref: obj.Spec.WABARef}
}

// accountClaim is the claim of a resource to its account.
func accountClaim(w *v1alpha1.WABA) claim {
	conditions := w.Status.Conditions
	c := claimOf(w, w.Spec.ManagementPolicy, conditions, w.Status.AccountID == w.Spec.ID)
	if creds := meta.FindStatusCondition(conditions, v1alpha1.ConditionCredentialsValid); creds != nil && creds.Status == metav1.ConditionFalse {
		c.markUnable(conditions, v1alpha1.ConditionCredentialsValid, creds.Reason)
	}
	if synced := meta.FindStatusCondition(conditions, v1alpha1.ConditionSynced); synced != nil && synced.Reason == v1alpha1.ReasonPermissionDenied {
		c.markUnable(conditions, v1alpha1.ConditionStalled, synced.Reason)
	}
	return c
}
