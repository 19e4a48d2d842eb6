// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

// Limits at Meta, and defaults of the simulator.
const (
	defaultPageSize       = 25
	defaultMaxPageSize    = 250
	defaultReviewDelay    = 30 * time.Second
	defaultCreateLimit    = 100  // per account and hour
	defaultPricesPerHour  = 100  // per template
	defaultPricesPerDay   = 2400 // per template
	smallTemplateLimit    = 250  // templates per account
	largeTemplateLimit    = 6000 // with a verified business and an approved display name
	callsWithoutNumber    = 200  // per app, account and hour
	callsWithNumber       = 5000
	defaultAppCallLimit   = 200 // per app and hour, for calls that concern no account
	nameLockDuration      = 30 * 24 * time.Hour
	cursorLife            = time.Hour
	shortPause, longPause = 3 * time.Hour, 6 * time.Hour
)

// EditReview says what happens to an approved or paused template whose content is edited; Meta's pages contradict each other.
type EditReview int

// What an edit of an approved or paused template leads to.
const (
	EditReviewSeeded EditReview = iota // one or the other, by seed and template
	EditReviewKeep                     // APPROVED, at once
	EditReviewAgain                    // PENDING until reviewed again
)

type options struct {
	clock         clock.PassiveClock
	seed          int64
	reviewDelay   time.Duration
	latency       time.Duration
	unknown       bool
	unknownSeed   int64
	maxPageSize   int
	createLimit   int
	templateLimit int
	smallBudget   int
	largeBudget   int
	appBudget     int
	pendingDelete time.Duration
	editReview    EditReview
	pricesPerHour int
	pricesPerDay  int
	priceTime     *bool
	emptyPages    bool
	dataLimit     int
	reuseHandles  bool
	loseHandles   bool
	numberOptions
	webhookOptions
	log logr.Logger
}

// Option changes how a Simulator behaves.
type Option func(*options)

// WithClock sets the clock; a clock.WithTicker will do too. Default: the real one.
func WithClock(c clock.PassiveClock) Option { return func(o *options) { o.clock = c } }

// WithSeed sets the seed of ids and of everything that Meta decides one way or the other. Default: 1.
func WithSeed(seed int64) Option { return func(o *options) { o.seed = seed } }

// WithReviewDelay sets how long a template is PENDING. With 0 the answer of the create call already has the result of the review,
// negative means that only Decide ends a review. Default: 30 s.
func WithReviewDelay(d time.Duration) Option { return func(o *options) { o.reviewDelay = d } }

// WithLatency delays every answer by real time.
func WithLatency(d time.Duration) Option { return func(o *options) { o.latency = d } }

// WithUnknownMode makes Meta do things that no document lists: a text normalisation, enumeration values, fields and an
// error subcode now and then on reads. The seed selects which.
func WithUnknownMode(seed int64) Option {
	return func(o *options) { o.unknown, o.unknownSeed, o.emptyPages = true, seed, true }
}

// WithMaxPageSize caps the limit parameter of template lists. Default: 250.
func WithMaxPageSize(n int) Option { return func(o *options) { o.maxPageSize = n } }

// WithCreateLimit sets the creates per account and hour; 0: none. Default: 100.
func WithCreateLimit(perHour int) Option { return func(o *options) { o.createLimit = perHour } }

// WithTemplateLimit sets the number of templates per account for accounts without an own TemplateLimit.
func WithTemplateLimit(n int) Option { return func(o *options) { o.templateLimit = n } }

// WithCallBudget sets the calls per app, account and hour for accounts without and with a registered number; 0: no
// limit. Default: 200 and 5000.
func WithCallBudget(without, with int) Option {
	return func(o *options) { o.smallBudget, o.largeBudget = without, with }
}

// WithAppCallBudget sets the calls per app and hour that concern no account (debug_token); 0: no limit. Default: 200.
func WithAppCallBudget(n int) Option { return func(o *options) { o.appBudget = n } }

// WithPendingDeletion keeps deleted APPROVED templates as PENDING_DELETION for d, as Meta does while messages are on
// the way (up to 30 days). Default: they vanish at once.
func WithPendingDeletion(d time.Duration) Option { return func(o *options) { o.pendingDelete = d } }

// WithEditReview sets what an edit of an approved or paused template leads to. Default: EditReviewSeeded.
func WithEditReview(r EditReview) Option { return func(o *options) { o.editReview = r } }

// WithPriceEdits sets how often the max price of an approved template can be edited. Default: 100 times an hour and 2,400 a day.
func WithPriceEdits(perHour, perDay int) Option {
	return func(o *options) { o.pricesPerHour, o.pricesPerDay = perHour, perDay }
}

// WithPriceTime sets whether an edit of the max price of an approved template moves last_updated_time, which Meta doesn't document.
// Default: one or the other, by seed and template.
func WithPriceTime(moves bool) Option { return func(o *options) { o.priceTime = &moves } }

// WithEmptyPages puts an empty page with a next cursor behind every page that is not the last; clients must go on.
// See https://developers.facebook.com/docs/graph-api/results.
func WithEmptyPages() Option { return func(o *options) { o.emptyPages = true } }

// WithDataLimit refuses answers of more than that many bytes with "reduce the amount of data"; clients must ask for
// smaller pages. 0: no limit, the default.
func WithDataLimit(bytes int) Option { return func(o *options) { o.dataLimit = bytes } }

// WithReusableHandles lets a handle serve for several templates, and several times for one. Default: the first create or
// edit that takes effect uses it up. Meta documents neither.
func WithReusableHandles() Option { return func(o *options) { o.reuseHandles = true } }

// WithLostHandles gives the handle of an upload only once: asking for it again is refused. Default: it is given again.
// Meta documents neither.
func WithLostHandles() Option { return func(o *options) { o.loseHandles = true } }

// WithLog logs every call at V(1), without secrets.
func WithLog(l logr.Logger) Option { return func(o *options) { o.log = l } }

func newOptions(opts []Option) options {
	o := options{
		clock: clock.RealClock{}, seed: 1, reviewDelay: defaultReviewDelay, maxPageSize: defaultMaxPageSize,
		createLimit: defaultCreateLimit, pricesPerHour: defaultPricesPerHour, pricesPerDay: defaultPricesPerDay, smallBudget: callsWithoutNumber, largeBudget: callsWithNumber,
		appBudget: defaultAppCallLimit, log: logr.Discard(), numberOptions: newNumberOptions(), webhookOptions: newWebhookOptions(),
	}
	for _, f := range opts {
		f(&o)
	}
	return o
}
