// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

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

// TestUnitErrorsAreNotNoTemplates: where a read fails, nothing is concluded from it.
func TestUnitErrorsAreNotNoTemplates(t *testing.T) {
	var none error
	away := lifecycletest.ErrAway
	base := func(lists *error) *lifecycle.Base {
		c := lifecycletest.Away(t, lists)
		return lifecycle.NewBase(lifecycle.Parts{Client: c}, lifecycle.Options{
			Accounts: account.NewManager(account.Options{}), Clock: clocktesting.NewFakePassiveClock(lifecycletest.Start), Metrics: &lifecycletest.Metrics{},
		})
	}
	own := metav1.ObjectMeta{Namespace: lifecycletest.Owner, Name: "own", UID: "own"}
	tmpl := &v1alpha1.MessageTemplate{ObjectMeta: own}
	if _, err := (&templates{Base: base(&none)}).Claims(t.Context(), tmpl); !errors.Is(err, lifecycletest.ErrAway) {
		t.Errorf("other resources: got %v", err)
	}
	older := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: lifecycletest.Owner, Name: "a", UID: "a"}}
	if _, err := (&templates{Base: base(&none)}).ahead(t.Context(), older, tmpl); !errors.Is(err, lifecycletest.ErrAway) {
		t.Errorf("languages: got %v", err)
	}
	o := (&templates{Base: base(&away)}).AllowUnrequested(t.Context(), tmpl, lifecycletest.WABA(), nil)
	if o == nil || o.Reason() != v1alpha1.ReasonTransientError || !errors.Is(o.Err(), lifecycletest.ErrAway) {
		t.Errorf("the breaker: %+v", o)
	}
}
