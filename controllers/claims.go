// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// claim is one resource's claim to an asset at Meta.
type claim struct {
	object client.Object
	// holds: its status already carries the asset's id.
	holds bool
	// handicapped: it can't act on the asset, for instance because its credentials are refused.
	handicapped bool
}

// winner decides who of several resources for one asset may act: who already holds it, else the oldest that can act.
// The others say Conflict and make no call. The order is total, so every replica and every restart decides alike.
func winner(claims []claim) client.Object {
	var best *claim
	for i := range claims {
		if best == nil || before(&claims[i], best) {
			best = &claims[i]
		}
	}
	if best == nil {
		return nil
	}
	return best.object
}

func before(a, b *claim) bool {
	if a.holds != b.holds {
		return a.holds
	}
	if a.handicapped != b.handicapped {
		return !a.handicapped
	}
	at, bt := a.object.GetCreationTimestamp(), b.object.GetCreationTimestamp()
	if !at.Equal(&bt) {
		return at.Before(&bt)
	}
	return client.ObjectKeyFromObject(a.object).String() < client.ObjectKeyFromObject(b.object).String()
}
