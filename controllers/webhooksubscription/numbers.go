// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/number"
)

// numberIDs are the ids at Meta of the numbers whose override a resource sets. Names don't identify numbers: in another namespace
// another resource stands for the same number.
func (h *subscriptions) numberIDs(ctx context.Context, obj *v1alpha1.WebhookSubscription) ([]string, error) {
	var ids []string
	for i := range obj.Spec.PhoneNumbers {
		var resource v1alpha1.PhoneNumber
		key := client.ObjectKey{Namespace: obj.Namespace, Name: obj.Spec.PhoneNumbers[i].PhoneNumberRef.Name}
		switch err := h.Client.Get(ctx, key, &resource); {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return nil, err
		}
		if id := resource.Status.ID; id != "" && lifecycle.NumberReferrer(&resource).Account() == h.Referrer(obj).Account() {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// number finds the number that a PhoneNumber resource stands for, among those of the account.
func (h *subscriptions) number(ctx context.Context, l *lookup, name string) (*graph.PhoneNumber, *lifecycle.Result) {
	var resource v1alpha1.PhoneNumber
	err := h.Client.Get(ctx, client.ObjectKey{Namespace: l.Object.Namespace, Name: name}, &resource)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return nil, lifecycle.Failed("read PhoneNumber "+name, err)
	case err != nil:
		return nil, lifecycle.NotSynced(v1alpha1.ReasonPhoneNumberNotReady, "PhoneNumber "+name+" doesn't exist; create it or correct phoneNumberRef").AssetUnaffected()
	}
	if (lifecycle.Referrer{Namespace: resource.Namespace, Ref: resource.Spec.WABARef}).Account() != h.Referrer(l.Object).Account() {
		return nil, lifecycle.NotSynced(v1alpha1.ReasonInvalidSpec, "PhoneNumber "+name+" belongs to another account").AssetUnaffected()
	}
	found := l.numbers[resource.Status.ID].Number
	if found == nil || !number.Matches(&resource.Spec, *found) {
		return nil, lifecycle.NotSynced(v1alpha1.ReasonPhoneNumberNotReady, "PhoneNumber "+name+" isn't in the account yet; see its status").AssetUnaffected()
	}
	claims, err := h.NumberClaims(ctx, &resource)
	if err != nil {
		return nil, lifecycle.Failed("look for resources that claim number "+name, err)
	}
	if owner := lifecycle.Winner(claims, l.Now); owner != nil && owner.GetUID() != resource.UID {
		return nil, lifecycle.Waiting(v1alpha1.ReasonConflict, lifecycle.NameFor(owner, l.Object.Namespace)+" manages the number of PhoneNumber "+name, lifecycle.ConflictRecheck).AssetUnaffected()
	}
	return found, nil
}
