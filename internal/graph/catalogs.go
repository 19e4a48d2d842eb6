// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const edgeCatalogs = "product_catalogs"

// Catalog is a product catalogue that is linked to an account.
type Catalog struct{ ID, Name string }

// ListCatalogs reads the product catalogues that are linked to an account: at most one, which all of its numbers share. The token needs
// the scopes whatsapp_business_messaging and catalog_management as well.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/product_catalogs/
func (c *Client) ListCatalogs(ctx context.Context, wabaID string) ([]Catalog, error) {
	if err := checkIDs(OpListCatalogs, wabaID); err != nil {
		return nil, err
	}
	return collect(OpListCatalogs, func(after string) (items []Catalog, next string, err error) {
		r := request{
			op: OpListCatalogs, path: "/" + wabaID + "/" + edgeCatalogs, account: wabaID, query: ListOptions{After: after}.values(),
		}
		err = c.do(ctx, r, func(value any) (err error) {
			items, next, err = pageFrom(lenient.NodeOf(value), catalogFrom)
			return err
		})
		return items, next, err
	})
}

func catalogFrom(n lenient.Node) (Catalog, error) {
	out := Catalog{ID: n.Text("id"), Name: n.Text("name")}
	if out.ID == "" {
		return Catalog{}, shapeError("a catalogue without id")
	}
	return out, nil
}

// LinkCatalog links a product catalogue to an account. What Meta does where another one is linked isn't documented, so the caller must
// look first.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/product_catalogs/
func (c *Client) LinkCatalog(ctx context.Context, wabaID, catalogID string) error {
	if err := checkIDs(OpLinkCatalog, wabaID, catalogID); err != nil {
		return err
	}
	r, err := jsonRequest(OpLinkCatalog, "/"+wabaID+"/"+edgeCatalogs, struct {
		Catalog string `json:"catalog_id"`
	}{catalogID})
	if err != nil {
		return err
	}
	r.account = wabaID
	return c.do(ctx, r, checkConfirmed)
}
