// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"cmp"
	"net/http"
	"slices"
)

// Names of operations on product catalogues in Request.Op and Stats.ByOp.
const (
	OpListCatalogs  = "list_product_catalogs"
	OpLinkCatalog   = "link_product_catalog"
	OpUnlinkCatalog = "unlink_product_catalog"
)

// Catalog is a product catalogue of Commerce Manager.
type Catalog struct{ ID, Name string }

// AddCatalog makes a catalogue that accounts can be linked with.
func (s *Simulator) AddCatalog(c Catalog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalogs[c.ID] = c
}

// catalogHandler finds the operation on the catalogue of an account. Reading needs the scopes as well.
// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/product_catalogs/.
func (s *Simulator) catalogHandler(method string) (op string, handler func(*call) (any, *apiError)) {
	switch method {
	case http.MethodGet:
		return OpListCatalogs, withCatalogScopes(s.listCatalogs)
	case http.MethodPost:
		return OpLinkCatalog, withCatalogScopes(s.linkCatalog)
	case http.MethodDelete:
		return OpUnlinkCatalog, withCatalogScopes(s.unlinkCatalog)
	}
	return OpUnknown, nil
}

func withCatalogScopes(next func(*call) (any, *apiError)) func(*call) (any, *apiError) {
	return func(c *call) (any, *apiError) {
		for _, scope := range []string{"catalog_management", "whatsapp_business_messaging"} {
			if !slices.Contains(c.token.Scopes, scope) {
				return nil, &apiError{Code: 200, Message: "(#200) Permissions error"}
			}
		}
		return next(c)
	}
}

func (s *Simulator) listCatalogs(c *call) (any, *apiError) {
	data := []any{}
	if id := c.account.CatalogID; id != "" {
		data = append(data, map[string]any{"id": id, "name": cmp.Or(s.catalogs[id].Name, "Catalogue "+id)})
	}
	return map[string]any{"data": data}, nil
}

// linkCatalog replaces the catalogue that is linked, without a word: a guess, and the worst for a client that doesn't look first. The
// error about an unknown catalogue was observed.
func (s *Simulator) linkCatalog(c *call) (any, *apiError) {
	id := c.param("catalog_id")
	if _, exists := s.catalogs[id]; !exists {
		return nil, badParam("Param catalog_id is not a valid Product Catalog ID")
	}
	c.account.CatalogID = id
	return done(c), nil
}

func (s *Simulator) unlinkCatalog(c *call) (any, *apiError) {
	if id := c.param("catalog_id"); id == "" || id != c.account.CatalogID {
		return nil, badParam("Param catalog_id is not a valid Product Catalog ID")
	}
	c.account.CatalogID = ""
	return done(c), nil
}
