// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

// outageFaults disturb half of the calls: they fail, or take long, and are refused for Meta's rate limit if that is wanted.
func outageFaults(throttle bool) []graphsim.Fault {
	failing, slow := graphsim.Fault{Code: 1, Status: 500, Times: -1, Percent: 25}, graphsim.Fault{Delay: 5 * time.Second, Times: -1, Percent: 33}
	if !throttle {
		return []graphsim.Fault{failing, slow}
	}
	failing.Percent, slow.Percent = 17, 25
	return []graphsim.Fault{failing, {Code: 80008, RegainMinutes: 1, Times: -1, Percent: 20}, slow}
}

// playDegraded disturbs the Graph API for a while, in which templates change at Meta and manifests for new ones are created, and waits until
// everything is as it should be.
func (s *suite) playDegraded(ctx context.Context) error {
	s.screen.enter(degraded)
	if err := s.ensure(ctx, s.busyFlags()); err != nil {
		return err
	}
	expected := newExpectations()
	m, err := s.measure(ctx, degraded, s.operator, expected.see)
	if err != nil {
		return err
	}
	for _, f := range outageFaults(s.throttle) {
		s.fleet.sim.Fail(f)
	}
	if err := s.demand(ctx, expected); err != nil {
		return err
	}
	if err := s.pause(ctx, "the Graph API is disturbed", s.outage); err != nil {
		return err
	}
	during := s.fleet.sim.Stats().Calls
	s.fleet.sim.ClearFaults()
	cleared := time.Now()
	if err := s.wait(ctx, "changes and new templates to show", expected.progress); err != nil {
		return err
	}
	_, end := expected.seen()
	if end.Before(cleared) {
		end = cleared
	}
	if at, err := s.ready(ctx); err != nil {
		return err
	} else if at.After(end) {
		end = at
	}
	stats := s.fleet.sim.Stats()
	r, err := m.end(ctx, end)
	if err != nil {
		return err
	}
	created := 0
	for _, n := range stats.CommittedCreates {
		created = max(created, n)
	}
	undisturbed := float64(s.accounts*s.pages()) * r.Seconds / s.period.Seconds()
	r.set("calls-during-outage", float64(during))
	r.set("recovery-seconds", end.Sub(cleared).Seconds())
	r.set("recovery-to-period", ratio(end.Sub(cleared).Seconds(), s.period.Seconds()))
	r.set("calls-to-undisturbed", ratio(float64(r.graphTotal()-stats.ByOp[graphsim.OpDebugToken]), undisturbed))
	r.set("most-calls-per-page-and-period", ratio(float64(r.MostCalls), undisturbed/float64(s.accounts)))
	r.set("most-creates-of-one-template", float64(created))
	r.set("most-create-calls-of-one-template", float64(mostOf(stats.CreatesByKey)))
	r.set("most-writes-of-one-resource", float64(r.MostWritten))
	return nil
}

// demand changes templates at Meta, and creates manifests for new ones.
func (s *suite) demand(ctx context.Context, expected *expectations) error {
	for _, c := range s.choose(onePercent(s.totalTemplates(), 1, s.totalTemplates()), 5) {
		expected.expect(s.nameOf(c), time.Now(), func(v *view) bool { return v.quality == "RED" })
		if err := s.fleet.sim.Decide(s.idOf(c), graphsim.Decision{QualityScore: "RED"}); err != nil {
			return err
		}
	}
	const fresh = 20
	for i := range fresh {
		obj := s.fleet.template(i%s.accounts, freshName("outage", i), s.random(6))
		expected.expect(obj.Name, time.Now(), func(v *view) bool { return v.kind == v1alpha1.KindMessageTemplate && v.settled() })
		s.created++
		if err := s.client.Create(ctx, obj); err != nil {
			return err
		}
	}
	return nil
}
