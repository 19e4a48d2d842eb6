// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"testing"
)

// TestCatalogs: an account has one catalogue at most, and a link replaces it.
func TestCatalogs(t *testing.T) {
	f := newFixture(t)
	path := testWABA + "/product_catalogs"
	linked := func(want ...string) {
		t.Helper()
		got := f.must(f.get("/v25.0/" + path)).list()
		if len(got) != len(want) || len(want) == 1 && got[0]["id"] != want[0] {
			t.Errorf("linked: %v, want %v", got, want)
		}
	}
	f.refused(f.get("/v25.0/"+path), 200, 0) // the token may not
	f.sim.AddToken(Token{
		Value: testToken, AppID: testApp, Accounts: []string{testWABA},
		Scopes: []string{scopeManagement, "whatsapp_business_messaging", "catalog_management"},
	})
	f.sim.AddCatalog(Catalog{ID: "701", Name: "Shop"})
	f.sim.AddCatalog(Catalog{ID: "702"})
	linked()
	f.refused(f.post(path, map[string]any{"catalog_id": "703"}), 100, 0)
	f.must(f.post(path, map[string]any{"catalog_id": "701"}))
	f.must(f.post(path, map[string]any{"catalog_id": "702"}))
	linked("702")
	f.refused(f.do(http.MethodDelete, "/v25.0/"+path+"?catalog_id=701", nil), 100, 0)
	f.must(f.do(http.MethodDelete, "/v25.0/"+path+"?catalog_id=702", nil))
	linked()
	f.refused(f.do(http.MethodPut, "/v25.0/"+path, nil), 2500, 0)
}
