// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"
	"fmt"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

const (
	// CallLinkCatalog names the write that links a product catalogue.
	CallLinkCatalog = "link the product catalogue"

	fieldCatalog = "catalogID"
	// noCatalog is what the setting is while none is linked.
	noCatalog     = "none"
	catalogScopes = "spec.catalogID: Meta doesn't let the access token manage the account's catalogue; create one with the scopes " +
		"catalog_management and whatsapp_business_messaging, of a system user with full control of the account"
)

// catalog reads which product catalogue is linked, while the spec names one. A catalogue is linked where there is none; another one is
// never replaced, because unlinking it would break carts and messages with its products
// (https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/product_catalogs/).
func (a *accounts) catalog(ctx context.Context, p *accountRun) (*accountSetting, *lifecycle.Result) {
	want, s := p.Object.Spec.CatalogID, &p.Object.Status
	if want == "" {
		s.CatalogID = ""
		return nil, nil
	}
	linked, err := p.Session.Catalogs(ctx, p.Requested() || p.ChangedByUser())
	if err != nil {
		return nil, a.catalogUnreadable(p, err)
	}
	live := noCatalog
	for _, c := range linked {
		if live = c.ID; live == want {
			break
		}
	}
	if s.CatalogID = metavalues.Clip(live); live == noCatalog {
		s.CatalogID = ""
	}
	out := &accountSetting{field: fieldCatalog, want: want, live: live, call: CallLinkCatalog, scopes: catalogScopes}
	if live != noCatalog {
		out.untouched = otherCatalog(live)
	}
	out.write = func(ctx context.Context, c *graph.Client) error {
		// What was read may be an hour old, and a link may replace another one.
		now, err := c.ListCatalogs(ctx, p.Object.Spec.ID)
		if err != nil || len(now) > 0 {
			return err
		}
		return c.LinkCatalog(ctx, p.Object.Spec.ID, want)
	}
	return out, nil
}

func otherCatalog(id string) *lifecycle.Result {
	return lifecycle.NotSynced(v1alpha1.ReasonActionRequired, fmt.Sprintf(
		"spec.catalogID: catalogue %s is linked to the account, and isn't unlinked by the operator, because that would break carts and messages "+
			"with its products; unlink it in WhatsApp Manager, or write its id in spec.catalogID", metavalues.Clip(id))).AssetUnaffected()
}

// catalogUnreadable says what a person has to do where one must act; what was last known stays in the status.
func (a *accounts) catalogUnreadable(p *accountRun, err error) *lifecycle.Result {
	switch graph.ClassOf(err) {
	case graph.ClassPermission, graph.ClassAmbiguous:
		return lifecycle.NotSynced(v1alpha1.ReasonActionRequired, catalogScopes).AssetUnaffected()
	case graph.ClassTransient, graph.ClassThrottled, graph.ClassCredentials, graph.ClassBlocked:
		p.Missed("read the account's catalogue", err)
		return nil
	}
	o := lifecycle.Failed("read the account's catalogue", err)
	return lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "spec.catalogID: "+o.Message()).AssetUnaffected()
}
