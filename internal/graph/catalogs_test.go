// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"testing"
)

func TestListCatalogs(t *testing.T) {
	for _, tc := range []struct {
		body string
		want []Catalog
	}{
		{`{"data":[]}`, nil},
		{`{"data":[{"id":700123,"name":"Shop"}],"paging":{"cursors":{"after":"A"}}}`, []Catalog{{"700123", "Shop"}}},
	} {
		server := newFakeGraph(t, ok(tc.body))
		got, err := server.client(t).ListCatalogs(t.Context(), testWABA)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, tc.body, got, tc.want)
		seen := server.onlyRequest(t)
		equal(t, "request", seen.Method+" "+seen.Path, "GET /v25.0/"+testWABA+"/product_catalogs")
	}
	if got, err := newFakeGraph(t, ok(`{"data":[{"name":"Shop"}]}`)).client(t).ListCatalogs(t.Context(), testWABA); ClassOf(err) != ClassTransient {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestLinkCatalog(t *testing.T) {
	server := newFakeGraph(t, ok(`{"success":true}`))
	c := server.client(t)
	if err := c.LinkCatalog(t.Context(), testWABA, "700123"); err != nil {
		t.Fatal(err)
	}
	seen := server.onlyRequest(t)
	equal(t, "request", seen.Method+" "+seen.Path+" "+seen.Body, `POST /v25.0/`+testWABA+`/product_catalogs {"catalog_id":"700123"}`)
	if err := c.LinkCatalog(t.Context(), testWABA, "shop"); ClassOf(err) != ClassInvalidSpec || len(server.all()) != 1 {
		t.Errorf("got %v after %d requests", err, len(server.all()))
	}
}
