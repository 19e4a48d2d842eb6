// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import "time"

// Limits of phone numbers at Meta. Where a comment says guess, Meta publishes no figure and this one is on the strict
// side.
const (
	defaultNameReview   = time.Minute
	defaultConnectDelay = 10 * time.Second

	registerLimit  = 10 // per number, for register and for deregister
	registerWindow = 72 * time.Hour
	renameLimit    = 10
	renameWindow   = 30 * 24 * time.Hour
	certificateAge = 14 * 24 * time.Hour // to register after verification, or after the approval of another name

	codeLife         = 10 * time.Minute // field report
	codesPerHour     = 2                // guess
	codesPerWindow   = 5                // guess
	codeWindow       = 72 * time.Hour   // guess
	codeGuesses      = 5                // guess
	codeGuessLock    = time.Hour        // guess
	pinGuesses       = 5                // guess
	pinGuessLock     = 12 * time.Hour   // guess
	pinGuessInterval = time.Minute      // guess

	upgradeTime        = time.Minute     // documented: up to a minute
	deletionQuarantine = 5 * time.Minute // 133015
	smallNumberLimit   = 2               // phone numbers of a new portfolio
	largeNumberLimit   = 20
)

// NameSwitch says when an approved display name replaces the old one; Meta's pages contradict each other.
type NameSwitch int

// When an approved display name replaces the old one.
const (
	NameSwitchSeeded   NameSwitch = iota // one or the other, by seed and number
	NameSwitchRegister                   // when the number is registered again, within 14 days
	NameSwitchAtOnce                     // with the approval
)

// RegionAtRegister says what becomes of data_localization_region in the body of register; Meta's pages contradict each
// other.
type RegionAtRegister int

// What becomes of data_localization_region in the body of register.
const (
	RegionSeeded  RegionAtRegister = iota // one or the other, by seed
	RegionKept                            // as documented in November 2025
	RegionIgnored                         // as documented later: removed from v21.0 on, and Graph ignores what it does not know
)

type numberOptions struct {
	nameReview       time.Duration
	connectDelay     time.Duration
	nameSwitch       NameSwitch
	regionAtRegister RegionAtRegister
}

func newNumberOptions() numberOptions {
	return numberOptions{nameReview: defaultNameReview, connectDelay: defaultConnectDelay}
}

// WithNameReviewDelay sets how long a display name is in review. 0: the review ends at once; negative: only DecideName ends a
// review. Default: 1 min.
func WithNameReviewDelay(d time.Duration) Option { return func(o *options) { o.nameReview = d } }

// WithConnectDelay sets how long a registered number has platform_type CLOUD_API already but is not CONNECTED yet.
// Default: 10 s.
func WithConnectDelay(d time.Duration) Option { return func(o *options) { o.connectDelay = d } }

// WithNameSwitch sets when an approved display name replaces the old one. Default: NameSwitchSeeded.
func WithNameSwitch(n NameSwitch) Option { return func(o *options) { o.nameSwitch = n } }

// WithRegionAtRegister sets what becomes of data_localization_region in the body of register. Default: RegionSeeded.
func WithRegionAtRegister(r RegionAtRegister) Option {
	return func(o *options) { o.regionAtRegister = r }
}
