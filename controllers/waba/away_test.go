// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
)

// TestUnitErrorsAreNotNoAccounts: where a list fails, no count changes.
func TestUnitErrorsAreNotNoAccounts(t *testing.T) {
	waba, away := lifecycletest.WABA(), lifecycletest.ErrAway
	p := &accountRun{Object: waba.DeepCopy(), Before: waba, Found: observed{snapshot: &account.Snapshot{
		TemplatesSection: account.Section{Complete: true}, NumbersSection: account.Section{Complete: true},
	}}}
	p.Object.Status.Templates, p.Before.Status.Templates = &v1alpha1.TemplateCounts{Total: 7}, &v1alpha1.TemplateCounts{Total: 7}
	p.Object.Status.PhoneNumbers = &v1alpha1.PhoneNumberCounts{Total: 3}
	(&accounts{Base: &lifecycle.Base{Client: lifecycletest.Away(t, &away)}}).count(t.Context(), p)
	if p.Object.Status.Templates.Total != 7 || p.Object.Status.PhoneNumbers.Total != 3 || len(p.AlsoFailed) != 2 {
		t.Errorf("counts: %+v, %+v, failed %+v", p.Object.Status.Templates, p.Object.Status.PhoneNumbers, p.AlsoFailed)
	}
}
