// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// Meta's rolling hourly quota of management calls per app and account
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/about-the-platform).
const (
	quotaWithNumber    = 5000
	quotaWithoutNumber = 200
)

const (
	// stretchPercent is the usage from which background reads slow down, stopPercent the one from which only changes that a user
	// asked for are sent.
	stretchPercent = 75
	stopPercent    = 95
	// usageLife is how long a usage header is valid: the quota is a rolling hour.
	usageLife = time.Hour
	// firstBlock and longestBlock bound the pause after a throttling error without a time to regain access.
	firstBlock   = 5 * time.Minute
	longestBlock = time.Hour
	// longestRegain is the longest time to regain access that Meta reports, and that package graph accepts.
	longestRegain = 24 * time.Hour
)

// Budget is the remaining share of Meta's rate limit of one account (or one app). It refuses calls while Meta throttles, because
// further calls lengthen the block.
type Budget struct {
	clock clock.PassiveClock

	mu                sync.Mutex
	percent           int
	percentAt         time.Time
	blockedUntil      time.Time
	consecutiveBlocks int
	// probed is whether a probe was let through since this block began, probing whether its call is still to be made.
	probed, probing bool
	shares          shares
	// quota is how many calls an hour Meta allows, 0 while that isn't known; spent are those that were made.
	quota int
	spent spent
}

// NewBudget returns an unused budget.
func NewBudget(c clock.PassiveClock) *Budget { return &Budget{clock: c, shares: shares{}} }

// Restore blocks calls until t, as stored before a restart.
func (b *Budget) Restore(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.block(t)
}

// block refuses calls until t, unless a later plausible time is set. b.mu is held.
func (b *Budget) block(t time.Time) {
	now := b.clock.Now()
	if left := deadline.Left(t, now, longestRegain); left > b.blockLeft(now) {
		b.blockedUntil, b.probed, b.probing = t, false, false
	}
}

// blockLeft returns how long calls are still refused, 0 if they are allowed. b.mu is held.
func (b *Budget) blockLeft(now time.Time) time.Duration {
	return deadline.Left(b.blockedUntil, now, longestRegain)
}

// Probe lets one call through although Meta throttles, once for each block. A user requests it, who may know that the block is
// over or that a clock was wrong. If the call succeeds, the block ends.
func (b *Budget) Probe() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.probed && b.blockLeft(b.clock.Now()) > 0 {
		b.probed, b.probing = true, true
	}
}

// SetQuota sets how many calls an hour Meta allows.
func (b *Budget) SetQuota(quota int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.quota = quota
}

// Before counts a call, or refuses it while Meta throttles, or would after it.
func (b *Budget) Before(op graph.Operation) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.check(op); err != nil {
		return err
	}
	b.probing = false
	if !op.OfApp() {
		b.spent.add(b.clock.Now())
	}
	return nil
}

// Check returns the error with which Before would refuse a call.
func (b *Budget) Check(op graph.Operation) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.check(op)
}

func (b *Budget) check(op graph.Operation) error {
	now := b.clock.Now()
	if b.probing {
		return nil
	}
	refused := func(why string, wait time.Duration) error {
		return &graph.Error{Op: op, Class: graph.ClassThrottled, Message: why, RetryAfter: wait}
	}
	if left := b.blockLeft(now); left > 0 {
		return refused("waiting until Meta lifts the rate limit", left)
	}
	if b.quota > 0 && !op.OfApp() {
		if wait := b.spent.until(b.quota-1, now); wait > 0 {
			return refused("waiting because the account's calls of this hour are used up", wait)
		}
	}
	return nil
}

// After updates the budget from the answer to a call. It adds to a throttling error how long to wait, also where Meta didn't say.
func (b *Budget) After(percent int, regain time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if percent > 0 {
		b.percent, b.percentAt = percent, now
	}
	if graph.ClassOf(err) != graph.ClassThrottled {
		if err == nil {
			b.consecutiveBlocks = 0
			if b.probed {
				b.blockedUntil = time.Time{}
			}
		}
		return
	}
	e, ok := graph.AsError(err)
	if ok {
		regain = max(regain, e.RetryAfter)
	}
	if regain <= 0 {
		regain = min(firstBlock<<min(b.consecutiveBlocks, 8), longestBlock)
	}
	if ok {
		e.RetryAfter = regain
	}
	b.consecutiveBlocks++
	b.block(now.Add(regain))
}

// Percent returns the usage that Meta reported last, 0 if that is older than usageLife.
func (b *Budget) Percent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.percentLocked()
}

func (b *Budget) percentLocked() int {
	if !deadline.Within(b.percentAt, b.clock.Now(), usageLife) {
		return 0
	}
	return b.percent
}

// spentPercent is how much of the quota this process has used in the last hour.
func (b *Budget) spentPercent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quota == 0 {
		return 0
	}
	return b.spent.total(b.clock.Now()) * 100 / b.quota
}

// BlockedUntil returns when calls are possible again; zero if they are now.
func (b *Budget) BlockedUntil() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.blockLeft(b.clock.Now()) > 0 {
		return b.blockedUntil
	}
	return time.Time{}
}

// relevantFor returns how long the budget differs from a new one: because of a block, a recent usage, or reserved lookups.
func (b *Budget) relevantFor() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	left := max(b.blockLeft(now), b.shares.relevantFor(now), b.spent.relevantFor(now))
	if b.percent > 0 {
		left = max(left, deadline.Left(b.percentAt.Add(usageLife), now, usageLife))
	}
	return left
}

// AllowsBackground reports whether calls that no user asked for may be made, and if not, when to ask again. The last calls of an hour are
// kept for users. More calls than half the quota are never refused for good: they are made once half of it is free.
func (b *Budget) AllowsBackground(calls int) (bool, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if left := b.blockLeft(now); left > 0 {
		return false, left
	}
	regained := b.percentAt.Before(b.blockedUntil) // the figure is older than the end of the block
	if b.percentLocked() >= stopPercent && !regained && now.Sub(b.percentAt) < firstBlock {
		return false, firstBlock - now.Sub(b.percentAt)
	}
	if b.quota > 0 {
		if wait := b.spent.until(b.quota*stopPercent/100-min(calls, b.quota/2), now); wait > 0 {
			return false, wait
		}
	}
	return true, 0
}

// Stretch returns the factor by which background reads slow down: 1 up to 75 % usage, rising to 5 at 95 %.
func (b *Budget) Stretch() float64 {
	p := min(max(b.Percent(), b.spentPercent()), stopPercent)
	if p <= stretchPercent {
		return 1
	}
	return 1 + 4*float64(p-stretchPercent)/float64(stopPercent-stretchPercent)
}

// budgetLimiter joins the budgets of an account and of the app whose token is used. It implements graph.RateLimiter.
type budgetLimiter struct {
	account     *Budget
	app         func() *Budget
	onThrottled func(app bool)
}

// Before asks both budgets also for calls that concern the app alone: an uploaded file is only of use to the account, and a limit
// of the token's user is kept in the account's budget.
func (l *budgetLimiter) Before(op graph.Operation) error {
	if err := l.account.Before(op); err != nil {
		l.onThrottled(false)
		return err
	}
	err := l.app().Before(op)
	if err != nil {
		l.onThrottled(true)
	}
	return err
}

func (l *budgetLimiter) After(op graph.Operation, u graph.Usage, err error) {
	// Codes 4 and 341 throttle the app as a whole; everything else is the account's own limit.
	if e, ok := graph.AsError(err); ok && e.Class == graph.ClassThrottled && (e.Code == 4 || e.Code == 341) {
		l.app().After(u.AppPercent, u.RegainAfter, err)
		if !op.OfApp() {
			l.account.After(u.BusinessPercent, 0, nil)
		}
		return
	}
	l.app().After(u.AppPercent, 0, nil)
	if op.OfApp() && err == nil {
		return // a call of the app alone proves nothing about the account's limit
	}
	l.account.After(u.BusinessPercent, u.RegainAfter, err)
}
