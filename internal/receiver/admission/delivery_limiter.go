// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"sync"
	"time"
)

// largePerApp is how many large bodies of one app are in memory at a time until they are parsed.
const largePerApp = 4

// ErrParseTimeout means that a large body waited too long to be parsed.
var ErrParseTimeout = errors.New("too many large bodies are parsed at a time")

// DeliveryLimits are the bounds of a DeliveryLimiter.
type DeliveryLimits struct {
	// Recording is how many deliveries of all apps are recorded at a time, RecordingPerApp how many of one app.
	Recording, RecordingPerApp int
	// LargeBytes is the size from which a body is large. Parsing is how many large bodies of all apps are parsed at a time; one app
	// has one of them.
	LargeBytes, Parsing int
	// ParseTimeout is how long a large body waits to be parsed.
	ParseTimeout time.Duration
}

// DeliveryLimiter bounds what verified deliveries take, for all apps together and for each app.
type DeliveryLimiter struct {
	limits                  DeliveryLimits
	recordSlots, parseSlots chan struct{}
}

// AppLimiter is the part of a DeliveryLimiter for one app.
type AppLimiter struct {
	all                                 *DeliveryLimiter
	recordSlots, largeSlots, parseSlots chan struct{}
}

// NewDeliveryLimiter returns a limiter with these bounds.
func NewDeliveryLimiter(limits DeliveryLimits) *DeliveryLimiter {
	return &DeliveryLimiter{limits: limits, recordSlots: make(chan struct{}, limits.Recording), parseSlots: make(chan struct{}, limits.Parsing)}
}

// NewAppLimiter returns the limiter for one more app.
func (l *DeliveryLimiter) NewAppLimiter() *AppLimiter {
	return &AppLimiter{
		all: l, recordSlots: make(chan struct{}, l.limits.RecordingPerApp), largeSlots: make(chan struct{}, largePerApp), parseSlots: make(chan struct{}, 1),
	}
}

// AcquireRecord takes a slot for the record of a delivery. It doesn't wait: ok is false where the app, or all apps together, have
// no free slot.
func (a *AppLimiter) AcquireRecord() (release func(), ok bool) {
	select {
	case a.recordSlots <- struct{}{}:
	default:
		return nil, false
	}
	select {
	case a.all.recordSlots <- struct{}{}:
		return func() { <-a.all.recordSlots; <-a.recordSlots }, true
	default:
		<-a.recordSlots
		return nil, false
	}
}

// AcquireLarge takes one of the app's slots for large bodies, which small bodies don't need. It doesn't wait: ok is false without
// a free slot. A body that waits to be parsed takes memory that belongs to all apps. release may be called more than once.
func (a *AppLimiter) AcquireLarge(size int) (release func(), ok bool) {
	if size < a.all.limits.LargeBytes {
		return func() {}, true
	}
	select {
	case a.largeSlots <- struct{}{}:
		return sync.OnceFunc(func() { <-a.largeSlots }), true
	default:
		return nil, false
	}
}

// LargeFull reports that AcquireLarge would fail now for a body of this size.
func (a *AppLimiter) LargeFull(size int64) bool {
	return size >= int64(a.all.limits.LargeBytes) && len(a.largeSlots) == cap(a.largeSlots)
}

// Parse calls a function that reads a body. Large bodies wait for a slot: the app has one, and all apps together have a few. A parsed
// body takes many times its size, and a tenant with an app secret could otherwise have many of them parsed at once.
// The error is ErrParseTimeout.
func (a *AppLimiter) Parse(ctx context.Context, size int, parse func()) error {
	if size >= a.all.limits.LargeBytes {
		ctx, cancel := context.WithTimeout(ctx, a.all.limits.ParseTimeout)
		defer cancel()
		for _, slots := range []chan struct{}{a.parseSlots, a.all.parseSlots} {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return ErrParseTimeout
			}
		}
	}
	parse()
	return nil
}
