// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import "context"

// BadgeRequest is what a business says of itself when it requests an official business account.
type BadgeRequest struct {
	WebsiteURL string `json:"business_website_url"`
	// Country and Language are in words, such as Germany and German.
	Country  string `json:"primary_country_of_operation"`
	Language string `json:"primary_language"`
	// Parent is the parent business or brand; "" = none.
	Parent string `json:"parent_business_or_brand,omitempty"`
	// SupportingLinks are up to 5 articles about the business.
	SupportingLinks []string `json:"supporting_links,omitempty"`
	AdditionalInfo  string   `json:"additional_supporting_information,omitempty"`
}

// RequestBadge requests that a number becomes an official business account. Meta's confirmation says that the request was received;
// OfficialBusinessAccountStatus shows what becomes of it. After a refusal Meta takes another request in 30 days; there is no appeal.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/official-business-accounts
func (c *Client) RequestBadge(ctx context.Context, id string, r BadgeRequest) error {
	if r.WebsiteURL == "" || r.Country == "" || r.Language == "" {
		return invalid(OpRequestBadge, "the request needs a website, a country and a language")
	}
	return c.sendJSON(ctx, OpRequestBadge, id, "/official_business_account", r)
}
