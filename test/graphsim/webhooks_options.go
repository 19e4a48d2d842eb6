// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"time"
)

// Limits of webhooks at Meta.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview.
const (
	maxBatchedChanges = 1000
	maxWebhookBytes   = 3 << 20
	// retryPatience is how long Meta goes on; another page says 36 hours.
	retryPatience = 7 * 24 * time.Hour
	// The pauses between attempts double, from the first to the longest; Meta publishes no figures.
	firstRetryPause, longestRetryPause = 10 * time.Second, 6 * time.Hour
	// callbackTimeout is real time, for an answer to a handshake or a delivery; a guess.
	callbackTimeout            = 10 * time.Second
	defaultDeliveryConcurrency = 4
	maxOverrideLength          = 200 // of an address
)

// WebhookHabits are what Meta does to events on their way. The zero value is Meta at its best: every event once, at once,
// in order and alone in its POST. Percentages go by seed.
type WebhookHabits struct {
	// Batch is the most changes in one POST, up to 1,000; 0: 1.
	Batch int
	// Shuffle sends what is due in another order than it happened.
	Shuffle bool
	// Delay is the longest time that an event waits before it is sent first; how long goes by seed.
	Delay time.Duration
	// Duplicates is the percentage of POSTs that are sent again although they were, or will be, answered with 200. The keys
	// of the copy are in another order.
	Duplicates int
	// Replays is the percentage of POSTs that are accompanied by one that was accepted some time ago.
	Replays int
	// Hyphens spells languages as en-US, as most of Meta's samples do.
	Hyphens bool
	// NoLanguage is the percentage of events of templates that lack the language and the category.
	NoLanguage int
	// Lists is the percentage of events of accounts that have a state in a list of one.
	Lists int
	// WrongFields is the percentage of quality updates of templates that come as message_template_status_update, as in
	// Meta's sample.
	WrongFields int
	// Misplaced is the percentage of POSTs of a single change that have field and object inside value, or beside changes.
	Misplaced int
	// Timeless is the percentage of events without time. Those of message fields are without it as often at least.
	Timeless int
	// Patience is how long an event that is not accepted is sent again; 0: 7 days.
	Patience time.Duration
}

// NastyHabits are all bad habits at once.
func NastyHabits() WebhookHabits {
	return WebhookHabits{
		Batch: maxBatchedChanges, Shuffle: true, Duplicates: 30, Replays: 20, Hyphens: true, NoLanguage: 10, Lists: 50, WrongFields: 50, Misplaced: 30, Timeless: 10,
	}
}

type webhookOptions struct {
	hooked         bool
	callbackClient *http.Client
	plainCallbacks bool
	dashboardOnly  bool
	deliveries     int // at a time
	habits         WebhookHabits
}

func newWebhookOptions() webhookOptions {
	return webhookOptions{deliveries: defaultDeliveryConcurrency, callbackClient: &http.Client{
		Timeout: callbackTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: defaultDeliveryConcurrency},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // only 200 is success
	}}
}

// WithWebhooks switches webhooks on: callbacks are verified by a handshake, and changes of state become events. They wait
// until Deliver, DeliverAll or StartDelivery sends them. Default: off, and every callback is taken without a handshake.
func WithWebhooks() Option { return func(o *options) { o.hooked = true } }

// WithWebhookHabits sets what happens to events on their way; SetWebhookHabits changes it later.
func WithWebhookHabits(h WebhookHabits) Option { return func(o *options) { o.habits = h } }

// WithWebhookClient sets how callbacks are called, for TLS and client certificates. Default: a client that follows no
// redirect. See MapCallback for hosts that don't exist.
func WithWebhookClient(c *http.Client) Option { return func(o *options) { o.callbackClient = c } }

// WithPlainCallbacks allows callbacks with http. Meta demands https with a certificate of a public authority.
func WithPlainCallbacks() Option { return func(o *options) { o.plainCallbacks = true } }

// WithDashboardOnly refuses to change an app's subscriptions by API: Meta's pages contradict each other about it.
// See https://developers.facebook.com/docs/graph-api/webhooks/subscriptions-edge.
func WithDashboardOnly() Option { return func(o *options) { o.dashboardOnly = true } }

// WithDeliveryConcurrency sets how many POSTs are on the way at a time. Default: 4.
func WithDeliveryConcurrency(n int) Option { return func(o *options) { o.deliveries = max(n, 1) } }

// SetWebhookHabits changes what happens to events that are not sent yet.
func (s *Simulator) SetWebhookHabits(h WebhookHabits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.habits = h
}

// percent decides by seed, the same way each time for the same words.
func (s *Simulator) percent(p int, words ...string) bool {
	return int(toss(s.seed, words...)%100) < p
}
