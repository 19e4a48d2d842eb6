// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"k8s.io/utils/ptr"
)

const (
	fieldMaxPrice = "optimization_spec"
	bidStrategy   = "LOWEST_COST_WITH_BID_CAP"
)

// maxPriceOf reads optimization_spec, nil where it isn't sent.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price.
func maxPriceOf(c *call) (*int64, *apiError) {
	raw, sent := c.raw(fieldMaxPrice)
	if !sent {
		return nil, nil
	}
	var spec struct {
		Amount   *int64 `json:"bid_amount"`
		Strategy string `json:"bid_strategy"`
	}
	switch {
	case json.Unmarshal(raw, &spec) != nil || spec.Amount == nil || *spec.Amount < 1 || *spec.Amount > math.MaxInt32:
		return nil, badParam("Param optimization_spec[bid_amount] must be an integer between 1 and %d", math.MaxInt32)
	case spec.Strategy != bidStrategy:
		return nil, badParam("Param optimization_spec[bid_strategy] must be one of {%s} - got %q.", bidStrategy, spec.Strategy)
	}
	return spec.Amount, nil
}

// createMaxPrice sets the max price of a new template. That only marketing templates can have one is a guess: Meta's page has no other.
func createMaxPrice(c *call, t *template) *apiError {
	price, problem := maxPriceOf(c)
	if problem == nil && price != nil && t.Category != "MARKETING" {
		return badParam("The parameter optimization_spec is only supported for marketing templates")
	}
	t.MaxPrice = price
	return problem
}

// editMaxPrice changes the max price. A template that was created without can't get one; Meta's words are a guess. An edit of the content
// without the price loses it: Meta documents neither that nor the contrary, and the loss is the worse of the two.
func editMaxPrice(c *call, t *template) *apiError {
	price, problem := maxPriceOf(c)
	switch {
	case problem != nil:
		return problem
	case price != nil && t.MaxPrice == nil:
		return invalid(0, "Max price can't be added", "A max price can't be added to a message template that was created without one.")
	case price != nil, c.has("components"):
		t.MaxPrice = price
	}
	return nil
}

// onlyMaxPrice reports that an edit sends nothing but the max price.
func onlyMaxPrice(c *call) bool {
	return c.has(fieldMaxPrice) && !slices.ContainsFunc(editableProperties, func(name string) bool { return name != fieldMaxPrice && c.has(name) })
}

// priceBudget allows an approved template 100 edits of the max price an hour and 2,400 a day, apart from those of the content.
func (s *Simulator) priceBudget(t *template, now time.Time) *apiError {
	hour, day := 0, 0
	for _, at := range t.priceEdits {
		if now.Sub(at) < time.Hour {
			hour++
		}
		if now.Sub(at) < 24*time.Hour {
			day++
		}
	}
	if hour >= s.pricesPerHour || day >= s.pricesPerDay {
		return invalid(2388124, "Message template can't be edited", "The max price of this message template was edited too often. Try again later.")
	}
	return nil
}

// afterPriceEdit counts an edit of the max price of an approved template, which isn't reviewed: 100 an hour couldn't be. Whether
// last_updated_time moves isn't documented: see WithPriceTime.
func (s *Simulator) afterPriceEdit(t *template, before, now time.Time) {
	t.priceEdits = append(t.priceEdits, now)
	if moves := ptr.Deref(s.priceTime, toss(s.seed, "price", t.ID)%2 == 0); !moves {
		t.LastUpdatedTime = before
	}
}

// onlyPriceDiffers reports that two states of a template differ in the max price, and in nothing else.
func onlyPriceDiffers(a, b Template) bool {
	if a.MaxPrice == nil || b.MaxPrice == nil || *a.MaxPrice == *b.MaxPrice {
		return false
	}
	a.MaxPrice, b.MaxPrice = nil, nil
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func maxPriceAnswer(t *template) any {
	if t.MaxPrice == nil {
		return nil
	}
	return map[string]any{"bid_strategy": bidStrategy, "bid_amount": *t.MaxPrice}
}
