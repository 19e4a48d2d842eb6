// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

// rejectionAdvice is the recommendation of Meta's review guide for each reason, for templates about which no webhook reported
// Meta's own words: the API gives only the reason
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-review).
var rejectionAdvice = map[string]string{
	"ABUSIVE_CONTENT":      "remove threats and abusive language",
	"INVALID_FORMAT":       "check variables (not at the edges, not side by side), spelling and links, then edit the template",
	"PROMOTIONAL":          "remove promotional content or use category MARKETING",
	"SCAM":                 "remove what could be taken for an attempt to deceive",
	"TAG_CONTENT_MISMATCH": "the content doesn't match category or language; don't ask for passwords or identity data, and check the category",
	"INCORRECT_CATEGORY":   "create the template in the category that fits its content",
	// Both are also on the template itself, not in webhooks only.
	"CATEGORY_NOT_AVAILABLE": "the account may not use this category yet; create the template in another one, or ask Meta in WhatsApp Manager",
}

// RejectionAdvice is what to do about a template that Meta refused for a reason; "" for a reason that isn't known.
func RejectionAdvice(reason string) string { return rejectionAdvice[reason] }
