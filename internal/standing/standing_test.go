// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package standing

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// TestWhatIsOver: expired events don't count. Disproved ones are tested with the condition PolicyCompliant, in controllers.
func TestWhatIsOver(t *testing.T) {
	now := time.Date(2026, time.October, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *metav1.Time { t := metav1.NewTime(now.Add(d)); return &t }
	waba := &v1alpha1.WABA{}
	s := &waba.Status
	if len(Restrictions(s, now)) > 0 || len(Violations(s, now)) > 0 || NewestViolation(s, now) != nil || UnapprovedApps(waba) != nil || Ban(s, now) != "" || Deleted(s) {
		t.Error("something is known of an account of which nothing is")
	}
	waba.Spec.ApprovedApps = []v1alpha1.ApprovedApp{{ID: "1"}}
	s.SubscribedApps = []v1alpha1.SubscribedApp{{ID: "1"}, {ID: "2", Name: "Reader"}, {ID: "3"}}
	s.Credentials = &v1alpha1.CredentialsStatus{AppID: "3"}
	s.Webhook = &v1alpha1.WABAWebhookStatus{
		Restrictions: []v1alpha1.Restriction{{Type: "A", ExpirationTime: at(time.Hour)}, {Type: "B", ExpirationTime: at(-time.Hour)}},
		Violations:   []v1alpha1.Violation{{Type: "C", Time: *at(-24 * time.Hour)}, {Type: "D", Time: *at(-31 * 24 * time.Hour)}, {Type: "E", Time: *at(0)}},
		Ban:          &v1alpha1.Ban{State: BanScheduled, Time: at(48 * time.Hour)},
	}
	if r := Restrictions(s, now); len(r) != 1 || r[0].Type != "A" {
		t.Errorf("restrictions: %+v", r)
	}
	if v := Violations(s, now); len(v) != 2 || v[0].Type != "C" || NewestViolation(s, now).Type != "E" {
		t.Errorf("violations: %+v", v)
	}
	if apps := UnapprovedApps(waba); !slices.Equal(apps, []string{"2 Reader"}) {
		t.Errorf("apps: %q", apps)
	}
	if ban := Ban(s, now); ban != BanScheduled {
		t.Errorf("ban: %s", ban)
	}
}
