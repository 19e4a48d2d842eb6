// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

// TestUnitWrongClockTemplates: what was noted while the clock was 90 days ahead holds nothing up once it is right again.
func TestUnitWrongClockTemplates(t *testing.T) {
	now := lifecycletest.Start
	wrong := now.Add(90 * 24 * time.Hour)
	for name, held := range map[string]func() bool{
		"an edit": func() bool {
			return editWait(&v1alpha1.MessageTemplateStatus{Operator: v1alpha1.MessageTemplateOperatorStatus{Edits: []v1alpha1.EditAttempt{{Time: metav1.NewTime(wrong), Approved: true, Done: true}}}}, "", now) > 0
		},
		"another client's edit": func() bool {
			return editWait(&v1alpha1.MessageTemplateStatus{Operator: v1alpha1.MessageTemplateOperatorStatus{LastUpdatedTimes: []metav1.Time{metav1.NewTime(wrong)}}}, "", now) > 0
		},
		"repairs of a template": func() bool {
			p := &templateRun{Object: &v1alpha1.MessageTemplate{}, Now: now}
			for range 3 {
				p.Object.Status.Operator.Edits = append(p.Object.Status.Operator.Edits, v1alpha1.EditAttempt{Time: metav1.NewTime(wrong), Cause: causeDrift})
			}
			return contestedFor(p) > 0
		},
	} {
		if held() {
			t.Errorf("%s, noted by a clock that was 90 days ahead, still holds", name)
		}
	}
}
