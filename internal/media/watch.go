// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

var (
	errTooSlow = errors.New("the server sends less than 64 KiB a second")
	errTooLong = errors.New("the file didn't come in time")
)

// measuredFetch is a fetch whose duration and rate are measured.
type measuredFetch struct {
	ctx context.Context //nolint:containedctx // of one fetch, whose reader needs its cause
	// received are the bytes of the file so far.
	received atomic.Int64
}

// watch begins to measure a fetch, and ends its context when it takes too long or is too slow. A limit on the duration
// alone wouldn't do: a server that sends a byte now and then would hold a slot for as long as the largest file may take.
func (f *Fetcher) watch(ctx context.Context) (w *measuredFetch, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w = &measuredFetch{ctx: ctx}
	timer := f.clock.NewTimer(min(graceTime, f.timeout))
	begun := f.clock.Now()
	go func() {
		defer timer.Stop()
		var measured time.Duration
		var before int64
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C():
			}
			elapsed, received := f.clock.Since(begun), w.received.Load()
			owed := (elapsed - max(measured, graceTime)).Seconds() * minRate
			switch {
			case elapsed >= f.timeout:
				cancel(errTooLong)
				return
			case float64(received-before) < owed:
				cancel(errTooSlow)
				return
			}
			measured, before = elapsed, received
			timer.Reset(min(checkPeriod, f.timeout-elapsed))
		}
	}()
	return w, func() { cancel(nil) }
}

// cause is causeOf, with the reason where the fetch was ended for one.
func (w *measuredFetch) cause(err error) string {
	if why := context.Cause(w.ctx); errors.Is(why, errTooSlow) || errors.Is(why, errTooLong) {
		return why.Error()
	}
	return causeOf(err)
}

// countingReader counts the bytes that are read of a file.
type countingReader struct {
	from io.Reader
	by   *measuredFetch
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.by.received.Add(int64(n))
	return n, err
}
