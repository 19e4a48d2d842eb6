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
	p := &accountRun{obj: waba.DeepCopy(), before: waba, snapshot: &account.Snapshot{
		TemplatesSection: account.Section{Complete: true}, NumbersSection: account.Section{Complete: true},
	}}
	p.obj.Status.Templates, p.before.Status.Templates = &v1alpha1.TemplateCounts{Total: 7}, &v1alpha1.TemplateCounts{Total: 7}
	p.obj.Status.PhoneNumbers = &v1alpha1.PhoneNumberCounts{Total: 3}
	(&wabas{Base: &lifecycle.Base{Client: lifecycletest.Away(t, &away)}}).count(t.Context(), p)
	if p.obj.Status.Templates.Total != 7 || p.obj.Status.PhoneNumbers.Total != 3 || len(p.alsoFailed) != 2 {
		t.Errorf("counts: %+v, %+v, failed %+v", p.obj.Status.Templates, p.obj.Status.PhoneNumbers, p.alsoFailed)
	}
}
