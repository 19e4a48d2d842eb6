// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import "time"

// pace lets something happen once a second, and burst times at once after a rest. The zero value has rested.
type pace struct {
	// used is how much of the burst is used up at the time at; it falls by one each second.
	used float64
	at   time.Time
}

// burst is what needn't wait: the few events that Meta sends about one object at a time, such as its status and quality.
const burst = 5

func (p *pace) pass(now time.Time) {
	if passed := now.Sub(p.at).Seconds(); passed > 0 { // not when the clock was set back
		p.used = max(0, p.used-passed)
	}
	p.at = now
}

// wait is how long the next one has to wait.
func (p *pace) wait(now time.Time) time.Duration {
	p.pass(now)
	return max(0, time.Duration((p.used-burst+1)*float64(time.Second)))
}

// spend counts one.
func (p *pace) spend(now time.Time) {
	p.pass(now)
	p.used++
}

// rested reports that nothing is left to remember.
func (p *pace) rested(now time.Time) bool {
	p.pass(now)
	return p.used == 0
}
