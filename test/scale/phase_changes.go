// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

// chosen is a template of the fleet.
type chosen struct{ account, index int }

// choose picks templates by seed, each at most once.
func (s *suite) choose(n int, stream uint64) []chosen {
	var out []chosen
	for _, i := range s.random(stream).Perm(s.totalTemplates())[:n] {
		out = append(out, chosen{account: i % s.accounts, index: i / s.accounts})
	}
	return out
}

// random is one of several independent streams of the seed.
func (s *suite) random(stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.seed, stream)) //nolint:gosec // reproducible on purpose
}

// freshName is the name of a template that Meta doesn't have.
func freshName(prefix string, i int) string { return fmt.Sprintf("%s_%04d", prefix, i) }

func (s *suite) nameOf(c chosen) string { return s.fleet.objects[c.account][c.index].Name }
func (s *suite) idOf(c chosen) string   { return s.fleet.ids[c.account][c.index] }

// playChanges changes templates at Meta, half of them the status and half the quality, and waits until their statuses show it.
func (s *suite) playChanges(ctx context.Context) error {
	s.screen.enter(changes)
	if err := s.ensure(ctx, s.busyFlags()); err != nil {
		return err
	}
	expected := newExpectations()
	m, err := s.measure(ctx, changes, s.operator, expected.see)
	if err != nil {
		return err
	}
	picked := s.choose(onePercent(s.totalTemplates(), 1, s.totalTemplates()), 2)
	for i, c := range picked {
		decision, holds := graphsim.Decision{QualityScore: "YELLOW"}, func(v *view) bool { return v.quality == "YELLOW" }
		if i%2 == 1 {
			decision, holds = graphsim.Decision{Status: "PAUSED"}, func(v *view) bool { return v.status == "PAUSED" }
		}
		expected.expect(s.nameOf(c), time.Now(), holds)
		if err := s.fleet.sim.Decide(s.idOf(c), decision); err != nil {
			return err
		}
	}
	if err := s.wait(ctx, "changes to show", expected.progress); err != nil {
		return err
	}
	delays, end := expected.seen()
	if err := s.quiet(ctx); err != nil {
		return err
	}
	r, err := m.end(ctx, end)
	if err != nil {
		return err
	}
	r.setQuantiles("status-seconds", delays)
	r.set("status-p99-to-period", ratio(float64(delays.P99), s.period.Seconds()))
	r.set("writes-per-changed-template", ratio(r.API.writesTo("messagetemplates"), float64(len(picked))))
	r.set("writes-to-unchanged", float64(s.writtenBeside(picked)))
	for i, c := range picked {
		if i%2 == 1 {
			if err := s.fleet.sim.Decide(s.idOf(c), graphsim.Decision{Status: "APPROVED"}); err != nil {
				return err
			}
		}
	}
	_, err = s.ready(ctx)
	return err
}

// writtenBeside is how often templates and numbers were written other than these.
func (s *suite) writtenBeside(picked []chosen) int {
	ours := map[string]bool{}
	for _, c := range picked {
		ours[keyOf(v1alpha1.KindMessageTemplate, s.nameOf(c))] = true
	}
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	n := 0
	for key, updates := range s.watch.updates {
		if !ours[key] && s.watch.views[key].kind != v1alpha1.KindWABA {
			n += updates
		}
	}
	return n
}

// playNew creates manifests for new templates while a full resync is under way: an operator has started after the period was over.
func (s *suite) playNew(ctx context.Context) error {
	s.screen.enter(newDuringResync)
	if err := s.stopOperator(); err != nil {
		return err
	}
	const jitter = 1.1 // an operator observes up to so much later
	if err := s.idle(ctx, "all observations to be due", time.Duration(jitter*float64(s.period))); err != nil {
		return err
	}
	m, err := s.measure(ctx, newDuringResync, nil, nil)
	if err != nil {
		return err
	}
	if s.operator, err = s.start(ctx, s.busyFlags()); err != nil {
		return err
	}
	m.followed(ctx, s.operator)
	err = s.wait(ctx, "the resync to begin", func() progress { return progress{done: s.fleet.sim.Stats().Calls, total: 1} })
	if err != nil {
		return err
	}
	const least, most = 20, 1000
	n := onePercent(s.totalTemplates(), least, most)
	sent, err := s.createTemplates(ctx, "fresh", n)
	if err != nil {
		return err
	}
	err = s.wait(ctx, "create calls to arrive", func() progress {
		return progress{done: len(s.fleet.sim.Stats().CommittedCreates), total: n}
	})
	if err != nil {
		return err
	}
	end := time.Now()
	arrived := s.arrivals()
	delays := make([]float64, 0, n)
	for name, at := range sent {
		delays = append(delays, arrived[name].Sub(at).Seconds())
	}
	attempts := mostOf(s.fleet.sim.Stats().CreatesByKey)
	if _, err := s.ready(ctx); err != nil {
		return err
	}
	r, err := m.end(ctx, end)
	if err != nil {
		return err
	}
	r.setQuantiles("create-seconds", quantilesOf(delays))
	r.set("most-create-calls-of-one-template", float64(attempts))
	r.set("writes-per-new-template", ratio(r.API.writesTo("messagetemplates"), float64(n)))
	return nil
}

// createRate is how many manifests for new templates are created a second. The operator records each attempt before its call, so that a
// burst would only measure how fast the API server is.
const createRate = 10

// createTemplates creates manifests for templates that Meta doesn't have, spread over the accounts. It returns by the template's name when
// each was sent.
func (s *suite) createTemplates(ctx context.Context, prefix string, n int) (map[string]time.Time, error) {
	random := s.random(3)
	objects := make([]*v1alpha1.MessageTemplate, n)
	for i := range n {
		objects[i] = s.fleet.template(i%s.accounts, freshName(prefix, i), random)
	}
	times := make([]time.Time, n)
	s.created += n
	err := atRate(ctx, createRate, n, func(i int) error {
		times[i] = time.Now()
		return s.client.Create(ctx, objects[i])
	})
	out := map[string]time.Time{}
	for i, obj := range objects {
		out[obj.Spec.Name] = times[i]
	}
	return out, err
}
