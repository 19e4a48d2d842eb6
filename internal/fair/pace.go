// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fair

import "time"

// Pace lets something happen a number of times a second, and Burst times at once after a rest. It isn't safe for concurrent use.
type Pace struct {
	// PerSecond is how often it may happen in the long run.
	PerSecond float64
	// Burst is how often it may happen without a wait.
	Burst int

	// used is how much of the burst was used up at the time at.
	used float64
	at   time.Time
}

func (p *Pace) pass(now time.Time) {
	if passed := now.Sub(p.at).Seconds(); passed > 0 { // not when the clock was set back
		p.used = max(0, p.used-passed*p.PerSecond)
	}
	p.at = now
}

// Wait is how long the next one has to wait.
func (p *Pace) Wait(now time.Time) time.Duration {
	p.pass(now)
	return max(0, time.Duration((p.used-float64(p.Burst)+1)/p.PerSecond*float64(time.Second)))
}

// Spend counts one.
func (p *Pace) Spend(now time.Time) {
	p.pass(now)
	p.used++
}

// Rested reports that nothing is left to remember.
func (p *Pace) Rested(now time.Time) bool {
	p.pass(now)
	return p.used == 0
}
