// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"errors"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
)

// TestUnitErrorsAreNotNoSubscriptions: where a read fails, nothing is concluded from it.
func TestUnitErrorsAreNotNoSubscriptions(t *testing.T) {
	var none error
	base := func(lists *error) *lifecycle.Base {
		c := lifecycletest.Away(t, lists)
		return lifecycle.NewBase(lifecycle.Parts{Client: c}, lifecycle.Options{
			Accounts: account.NewManager(account.Options{}), Clock: clocktesting.NewFakePassiveClock(lifecycletest.Start), Metrics: &lifecycletest.Metrics{},
		})
	}
	own := metav1.ObjectMeta{Namespace: lifecycletest.Owner, Name: "own", UID: "own"}
	sub := &v1alpha1.WebhookSubscription{ObjectMeta: own}
	if _, err := (&subscriptions{Base: base(&none)}).Claims(t.Context(), sub); !errors.Is(err, lifecycletest.ErrAway) {
		t.Errorf("other resources: got %v", err)
	}
	if _, err := (&subscriptions{Base: base(&none)}).appHolder(t.Context(), &subscriptionRun{Object: sub}); !errors.Is(err, lifecycletest.ErrAway) {
		t.Errorf("the app's holder: got %v", err)
	}
}
