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
	// slowPercent is the usage from which background reads slow down, stopPercent the one from which only changes a
	// user asked for are still sent.
	slowPercent = 75
	stopPercent = 95
	// usageLife is how long a usage header says anything about now: the quota is a rolling hour.
	usageLife = time.Hour
	// firstBlock and longestBlock bound the pause after a throttling error without a time to regain access.
	firstBlock   = 5 * time.Minute
	longestBlock = time.Hour
	// longestRegain is the longest time until access is regained that Meta gives, and that package graph lets through.
	longestRegain = 24 * time.Hour
)

// Budget is the share of Meta's rate limit that one account (or one app) has left. It implements graph.Gate: it refuses
// calls while Meta throttles, because calling on lengthens the block.
type Budget struct {
	clock clock.PassiveClock

	mu           sync.Mutex
	percent      int
	percentAt    time.Time
	blockedUntil time.Time
	blocks       int
	// probed is whether a person's probe was let through since this block began, probing whether its call is still to come.
	probed, probing bool
	shares          shares
}

// NewBudget returns an unused budget.
func NewBudget(c clock.PassiveClock) *Budget { return &Budget{clock: c, shares: shares{}} }

// Restore blocks calls until t, as learned before a restart.
func (b *Budget) Restore(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.block(t)
}

// block refuses calls until t, unless a later time is known that can be right. b.mu is held.
func (b *Budget) block(t time.Time) {
	now := b.clock.Now()
	if left := deadline.Left(t, now, longestRegain); left > b.blockLeft(now) {
		b.blockedUntil, b.probed, b.probing = t, false, false
	}
}

// blockLeft is how long calls are still refused, 0 while they aren't. b.mu is held.
func (b *Budget) blockLeft(now time.Time) time.Duration {
	return deadline.Left(b.blockedUntil, now, longestRegain)
}

// Probe lets one call through although Meta throttles, once for each block: a person asks for it, who may know more than what
// Meta said or a clock noted. If Meta takes the call the block is over.
func (b *Budget) Probe() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.probed && b.blockLeft(b.clock.Now()) > 0 {
		b.probed, b.probing = true, true
	}
}

// Before refuses every call while Meta throttles.
func (b *Budget) Before(op graph.Operation) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.blockLeft(b.clock.Now())
	if left == 0 {
		return nil
	}
	if b.probing {
		b.probing = false
		return nil
	}
	return &graph.Error{
		Op: op, Class: graph.ClassThrottled, Message: "waiting until Meta lifts the rate limit", RetryAfter: left,
	}
}

// After learns from the answer to a call. An error of throttling tells its reader from then on how long to wait, also where
// Meta didn't say.
func (b *Budget) After(percent int, regain time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if percent > 0 {
		b.percent, b.percentAt = percent, now
	}
	if graph.ClassOf(err) != graph.ClassThrottled {
		if err == nil {
			b.blocks = 0
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
		regain = min(firstBlock<<min(b.blocks, 8), longestBlock)
	}
	if ok {
		e.RetryAfter = regain
	}
	b.blocks++
	b.block(now.Add(regain))
}

// Percent is the usage Meta last reported, 0 when that is too old to matter.
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

// BlockedUntil is when calls are possible again; zero when they are now.
func (b *Budget) BlockedUntil() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.blockLeft(b.clock.Now()) > 0 {
		return b.blockedUntil
	}
	return time.Time{}
}

// holds is how long the budget still says something that a new one wouldn't: a block, a usage that isn't too old, or who has
// taken of its share.
func (b *Budget) holds() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	left := max(b.blockLeft(now), b.shares.left(now))
	if b.percent > 0 {
		left = max(left, deadline.Left(b.percentAt.Add(usageLife), now, usageLife))
	}
	return left
}

// Background reports whether a call nobody asked for may be made, and if not, when to ask again.
func (b *Budget) Background() (bool, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if left := b.blockLeft(now); left > 0 {
		return false, left
	}
	if b.percentLocked() >= stopPercent && now.Sub(b.percentAt) < firstBlock {
		return false, firstBlock - now.Sub(b.percentAt)
	}
	return true, 0
}

// Stretch is the factor by which background reads slow down: 1 up to 75 % usage, rising to 5 at 95 %.
func (b *Budget) Stretch() float64 {
	p := min(b.Percent(), stopPercent)
	if p <= slowPercent {
		return 1
	}
	return 1 + 4*float64(p-slowPercent)/float64(stopPercent-slowPercent)
}

// gate joins the budgets of an account and of the app whose token is used.
type gate struct {
	account *Budget
	app     func() *Budget
	held    func(app bool)
}

// Before asks both also for calls that concern the app alone: what is uploaded is of use only on the account, and a limit
// of the token's user is kept with it.
func (g *gate) Before(op graph.Operation) error {
	if err := g.account.Before(op); err != nil {
		g.held(false)
		return err
	}
	err := g.app().Before(op)
	if err != nil {
		g.held(true)
	}
	return err
}

func (g *gate) After(op graph.Operation, u graph.Usage, err error) {
	// Codes 4 and 341 throttle the app as a whole; everything else is the account's own limit.
	if e, ok := graph.AsError(err); ok && e.Class == graph.ClassThrottled && (e.Code == 4 || e.Code == 341) {
		g.app().After(u.AppPercent, u.RegainAfter, err)
		if !op.OfApp() {
			g.account.After(u.BusinessPercent, 0, nil)
		}
		return
	}
	g.app().After(u.AppPercent, 0, nil)
	if op.OfApp() && err == nil {
		return // a call that isn't the account's own says nothing about the account's limit
	}
	g.account.After(u.BusinessPercent, u.RegainAfter, err)
}
