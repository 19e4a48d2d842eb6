// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metavalues

import "time"

// currencyDeadline is the currency in which businesses of a country must pay, and the moment from which Meta delivers nothing of their other
// accounts.
type currencyDeadline struct {
	currency string
	end      time.Time
}

// currencyDeadlines are by the country of the account. Meta goes by the country in the business's billing settings (Sold-To), which the API
// doesn't show, so the country of the account is only a hint.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/pricing (September 2026)
var currencyDeadlines = map[string]currencyDeadline{
	"IN": {"INR", time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)},
	"BR": {"BRL", time.Date(2027, time.July, 1, 0, 0, 0, 0, time.UTC)},
}

// CurrencyDeadline returns in which currency an account of a country must pay and from when on nothing else is delivered. ok is false where
// no deadline is known or the account pays in this currency.
func CurrencyDeadline(country, currency string) (required string, end time.Time, ok bool) {
	d, known := currencyDeadlines[country]
	if !known || currency == "" || currency == d.currency {
		return "", time.Time{}, false
	}
	return d.currency, d.end, true
}
