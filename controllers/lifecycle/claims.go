// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

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

// Claim is one resource's claim to an asset at Meta.
type Claim struct {
	Object v1alpha1.Asset
	// Holds: its status already carries the asset's id.
	Holds bool
	// Unable: it can't act on the asset, for instance because its credentials are refused.
	Unable bool
	// Since is when it became unable; zero where that isn't known yet.
	Since time.Time
}

// ClaimOf returns the claim of a resource with its own conditions. A resource that lost a conflict holds nothing any more, even
// though its status still has the id. Otherwise a former holder that can act again would replace the present one.
func ClaimOf(obj v1alpha1.Asset, policy v1alpha1.ManagementPolicy, conditions []metav1.Condition, holds bool) Claim {
	c := Claim{Object: obj, Holds: holds && !lostConflict(conditions)}
	synced := meta.FindStatusCondition(conditions, v1alpha1.ConditionSynced)
	// The status counts too: a resource that was paused an hour ago finds out now whether another one has taken its place.
	if policy == v1alpha1.ManagementPolicyPaused || synced != nil && synced.Reason == v1alpha1.ReasonPaused {
		c.markUnable(conditions, v1alpha1.ConditionSynced, v1alpha1.ReasonPaused)
	}
	return c
}

// markUnable notes that a resource can't act, and since when if a condition says it with this reason.
func (c *Claim) markUnable(conditions []metav1.Condition, kind, reason string) {
	c.Unable = true
	if condition := meta.FindStatusCondition(conditions, kind); condition != nil && condition.Reason == reason {
		c.Since = condition.LastTransitionTime.Time
	}
}

// lostConflict reports that a resource was kept from the asset by another one (claimOwnership).
func lostConflict(conditions []metav1.Condition) bool {
	for _, kind := range []string{v1alpha1.ConditionSynced, v1alpha1.ConditionReady} {
		c := meta.FindStatusCondition(conditions, kind)
		if c == nil || c.Status == metav1.ConditionTrue || c.Reason != v1alpha1.ReasonConflict {
			return false
		}
	}
	return true
}

// Keeps reports that a claim still keeps others out.
func (c *Claim) Keeps(now time.Time) bool {
	return c.Holds && (!c.Unable || c.Since.IsZero() || deadline.Within(c.Since, now, holderPatience))
}

// Winner decides who of several resources for one asset may act: who already holds it, else the oldest that can act.
// The others say Conflict and make no call. The order is total, so every replica and every restart decides alike.
func Winner(claims []Claim, now time.Time) v1alpha1.Asset {
	var best *Claim
	for i := range claims {
		if best == nil || before(&claims[i], best, now) {
			best = &claims[i]
		}
	}
	if best == nil {
		return nil
	}
	return best.Object
}

func before(a, b *Claim, now time.Time) bool {
	if ak, bk := a.Keeps(now), b.Keeps(now); ak != bk {
		return ak
	}
	if a.Unable != b.Unable {
		return !a.Unable
	}
	at, bt := a.Object.GetCreationTimestamp(), b.Object.GetCreationTimestamp()
	if !at.Equal(&bt) {
		return at.Before(&bt)
	}
	return client.ObjectKeyFromObject(a.Object).String() < client.ObjectKeyFromObject(b.Object).String()
}

// NameFor is how a message in one namespace names a resource: across namespaces it gives no more than the kind.
func NameFor(obj v1alpha1.Asset, namespace string) string {
	if obj.GetNamespace() == namespace {
		return obj.KindName() + " " + obj.GetName()
	}
	return "a " + obj.KindName() + " in another namespace"
}

// NumberClaims are the claims of permitted resources to the number of one of them, which is among them.
func (b *Base) NumberClaims(ctx context.Context, obj *v1alpha1.PhoneNumber) ([]Claim, error) {
	var list v1alpha1.PhoneNumberList
	key := NumberReferrer(obj).Account().String()
	if err := b.Client.List(ctx, &list, client.MatchingFields{index.Account: key}); err != nil {
		return nil, err
	}
	var claims []Claim
	for i := range list.Items {
		rival := &list.Items[i]
		if rival.UID != obj.UID {
			if !number.SameNumber(rival, obj) || !rival.DeletionTimestamp.IsZero() {
				continue
			}
			permitted, err := b.Resolver.Permits(ctx, NumberReferrer(rival))
			if err != nil {
				return nil, err
			}
			if !permitted {
				continue
			}
		}
		claims = append(claims, ClaimOf(rival, rival.Spec.ManagementPolicy, rival.Status.Conditions, rival.Status.ID != ""))
	}
	return claims, nil
}

// NumberReferrer says who a PhoneNumber is to the account's owner.
func NumberReferrer(obj *v1alpha1.PhoneNumber) Referrer {
	return Referrer{Kind: v1alpha1.KindPhoneNumber, Namespace: obj.Namespace, Ref: obj.Spec.WABARef}
}

// AccountClaim is the claim of a resource to its account.
func AccountClaim(w *v1alpha1.WABA) Claim {
	conditions := w.Status.Conditions
	c := ClaimOf(w, w.Spec.ManagementPolicy, conditions, w.Status.AccountID == w.Spec.ID)
	if creds := meta.FindStatusCondition(conditions, v1alpha1.ConditionCredentialsValid); creds != nil && creds.Status == metav1.ConditionFalse {
		c.markUnable(conditions, v1alpha1.ConditionCredentialsValid, creds.Reason)
	}
	if synced := meta.FindStatusCondition(conditions, v1alpha1.ConditionSynced); synced != nil && synced.Reason == v1alpha1.ReasonPermissionDenied {
		c.markUnable(conditions, v1alpha1.ConditionStalled, synced.Reason)
	}
	return c
}
