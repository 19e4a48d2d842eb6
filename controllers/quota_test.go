// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestQuotaIsNeverExceeded: an account of which an observation takes 60 calls, as with 6,000 templates, and with 200 calls an hour, whose users
// request as much as they can. Meta never has to refuse a call, and all that users create is created and seen.
func TestQuotaIsNeverExceeded(t *testing.T) {
	t.Parallel()
	const hours = 3
	w := harness.New(t, env, graphsim.WithMaxPageSize(10), graphsim.WithTemplateLimit(6000), graphsim.WithCreateLimit(0), graphsim.WithReviewDelay(10*time.Minute))
	const account = "102290129340399" // without a number
	w.Sim.AddAccount(graphsim.Account{ID: account, Name: "Acme Small"})
	w.Sim.AddToken(graphsim.Token{
		Name: "small", Value: harness.AccessToken + "Small", AppID: harness.AppID, Accounts: []string{account},
		Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"},
	})
	w.Secret(func(s *corev1.Secret) { s.StringData[v1alpha1.SecretKeyAccessToken] = harness.AccessToken + "Small" })
	w.WABA(func(o *v1alpha1.WABA) { o.Spec.ID = account })
	for i := range 600 {
		w.Sim.AddTemplate(account, graphsim.Template{
			Name: fmt.Sprintf("old_%d", i), Language: "en_US", Category: "UTILITY", Status: "APPROVED",
			Components: json.RawMessage(`[{"type":"BODY","text":"Your parcel has left our warehouse this morning."}]`),
		})
	}
	op := w.Start(func(o *operator.Options) { o.CreatesPerHour = 0 })
	op.Settle()
	var templates []*v1alpha1.MessageTemplate
	for round := range hours * 4 {
		for i := range 5 {
			templates = append(templates, w.CreateTemplate(fmt.Sprintf("parcel_%d_%d", round, i)))
		}
		for _, m := range templates {
			w.Annotate(m, v1alpha1.AnnotationRequestedAt, fmt.Sprint(round))
		}
		op.AdvanceRoughly(15*time.Minute, 10*time.Second)
	}
	op.Advance(time.Minute) // for the last ones
	perHour := map[int]int{}
	var first time.Time
	for i, r := range w.Sim.Requests() {
		if i == 0 {
			first = r.Time
		}
		if r.Code == 80008 {
			t.Errorf("%s %s: %d after %s", r.Method, r.Path, r.Code, r.Time.Sub(first))
		}
		perHour[int(r.Time.Sub(first)/time.Hour)]++
	}
	t.Logf("calls in each hour: %v", perHour)
	op.AdvanceRoughly(6*time.Hour, time.Minute) // what came when the quota was used up follows
	for _, m := range templates {
		w.Reload(m)
		expectReady(t, m)
	}
	w.CheckInvariants()
}
