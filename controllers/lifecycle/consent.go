// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"slices"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// PermitsLevel reports whether the owner of an account lets a namespace set a part of a WebhookSubscription. explicit means that an
// entry of spec.allowedReferences names the part.
func (r *Resolver) PermitsLevel(
	ctx context.Context, waba *v1alpha1.WABA, namespace string, level v1alpha1.WebhookLevel,
) (permitted, explicit bool, err error) {
	same := waba.Namespace == namespace
	if len(waba.Spec.AllowedReferences) == 0 {
		return same, false, nil
	}
	for i := range waba.Spec.AllowedReferences {
		a := &waba.Spec.AllowedReferences[i]
		matches, failed := r.namespaceMatches(ctx, a, waba, namespace)
		if failed != nil {
			err = failed // another entry may match
		}
		if !matches || !kindMatches(a, same, v1alpha1.KindWebhookSubscription) {
			continue
		}
		switch {
		case slices.Contains(a.WebhookLevels, level):
			return true, true, nil
		case len(a.WebhookLevels) == 0 && (same || level != v1alpha1.WebhookLevelApp):
			permitted = true
		}
	}
	return permitted, false, err
}
