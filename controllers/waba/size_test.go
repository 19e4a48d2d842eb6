// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// TestUnitStatusFitsIntoEtcd: whatever Meta says, the status must stay small enough to be written.
func TestUnitStatusFitsIntoEtcd(t *testing.T) {
	long := strings.Repeat("\U0001F600", 5000)
	health := &graph.Health{CanSendMessage: long}
	var scopes []string
	var apps []graph.SubscribedApp
	for i := range 300 {
		e := graph.HealthEntity{Type: long, ID: long, CanSendMessage: long}
		for range 300 {
			e.AdditionalInfo = append(e.AdditionalInfo, long)
			e.Errors = append(e.Errors, graph.HealthError{Code: 1, Description: long, PossibleSolution: long})
		}
		health.Entities = append(health.Entities, e)
		scopes = append(scopes, long)
		apps = append(apps, graph.SubscribedApp{ID: strconv.Itoa(i) + long, Name: long, OverrideCallbackURI: long})
	}
	status := v1alpha1.WABAStatus{
		Health: lifecycle.HealthStatus(health), SubscribedApps: subscribedApps(apps),
		Credentials: &v1alpha1.CredentialsStatus{Scopes: scopeList(scopes)},
	}
	written, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	// etcd takes 1.5 MiB for an object, with its spec, webhook facts and managed fields.
	if len(written) > 512<<10 {
		t.Errorf("the status has %d KiB", len(written)>>10)
	}
	if len(status.Health.Entities) == 0 || len(status.Health.Entities[0].Errors) == 0 || len(status.SubscribedApps) == 0 {
		t.Error("nothing is left")
	}
	twice := subscribedApps([]graph.SubscribedApp{{ID: "2", Name: "a"}, {ID: "1"}, {ID: "2", Name: "b"}})
	if len(twice) != 2 || twice[1].Name != "a" {
		t.Errorf("the id is the key of the list: %+v", twice)
	}

	usual := &graph.Health{CanSendMessage: "BLOCKED"}
	for range 20 {
		usual.Entities = append(usual.Entities, graph.HealthEntity{
			Type: "WABA", ID: "102290129340398", CanSendMessage: "BLOCKED", AdditionalInfo: []string{strings.Repeat("x", 300)},
			Errors: []graph.HealthError{{Code: 141006, Description: strings.Repeat("x", 300), PossibleSolution: strings.Repeat("x", 300)}},
		})
	}
	got := lifecycle.HealthStatus(usual)
	if n := len(got.Entities); n != 20 || len(got.Entities[19].Errors) != 1 || len(got.Entities[19].AdditionalInfo) != 1 {
		t.Errorf("of what is usual, %d entities are left: %+v", n, got.Entities[n-1])
	}
}
