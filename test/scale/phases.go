// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// Names of the phases.
const (
	coldStart       = "cold-start"
	steady          = "steady"
	changes         = "changes"
	restart         = "restart"
	newDuringResync = "new-during-resync"
	degraded        = "degraded"
	failover        = "failover"
	webhooks        = "webhooks"
	edits           = "edits"
)

// phase is one part of the operator's life.
type phase struct {
	name string
	play func(*suite, context.Context) error
}

// phases in the order in which they are played. Those that need the accounts observed all the time come before the others where that is
// possible: the status of an account remembers a long interval.
var phases = []phase{
	{coldStart, (*suite).playColdStart},
	{steady, (*suite).playSteady},
	{changes, (*suite).playChanges},
	{restart, (*suite).playRestart},
	{newDuringResync, (*suite).playNew},
	{degraded, (*suite).playDegraded},
	{edits, (*suite).playEdits},
	{failover, (*suite).playFailover},
	{webhooks, (*suite).playWebhooks},
}

func phaseNames() []string {
	var out []string
	for _, p := range phases {
		out = append(out, p.name)
	}
	return out
}

// playColdStart has an operator take over everything: it is all at Meta, and no status says so.
func (s *suite) playColdStart(ctx context.Context) error {
	s.screen.enter(coldStart)
	m, err := s.measure(ctx, coldStart, nil, nil)
	if err != nil {
		return err
	}
	if s.operator, err = s.start(ctx, s.busyFlags()); err != nil {
		return err
	}
	m.followed(ctx, s.operator)
	end, err := s.ready(ctx)
	if err != nil {
		return err
	}
	if err := s.quiet(ctx); err != nil {
		return err
	}
	first, _ := s.watch.quietSince()
	r, err := m.end(ctx, end)
	if err != nil {
		return err
	}
	if err := s.measureAgain(ctx); err != nil {
		return err
	}
	s.screen.say("listing everything with a bare client")
	if s.result.Bare, err = measureBare(ctx, s.env.KubeconfigFile); err != nil {
		return err
	}
	bare, templates := s.result.Bare, float64(s.totalTemplates())
	statuses := r.API.writesTo("messagetemplates", "status")
	written := statuses + r.API.writesTo("phonenumbers", "status")
	r.set("status-writes-per-template", ratio(statuses, templates))
	r.set("other-writes-per-template", ratio(r.API.writesTo("messagetemplates")-statuses, templates))
	r.set("events-per-template", ratio(r.Events, templates))
	r.set("status-writes-per-second", ratio(written, end.Sub(first).Seconds()))
	r.set("rate-to-api-server-rate", ratio(ratio(written, end.Sub(first).Seconds()), s.result.Writes.WritesPerSecond))
	r.set("rss-to-bare-rss", ratio(r.Memory.Now, bare.Now))
	r.set("peak-to-bare-peak", ratio(r.Memory.Peak, bare.Peak))
	// The first observation takes a few calls more, and while the start lasts the accounts are observed again.
	r.set("calls-per-page-and-period", ratio(float64(r.graphTotal()), float64(s.accounts*s.pages())*(1+r.Seconds/s.period.Seconds())))
	return nil
}

// measureAgain measures the API server's own rate a second time, and keeps the lower one: what else runs on the machine comes and goes, and
// the first seconds may be much faster than any later ones.
func (s *suite) measureAgain(ctx context.Context) error {
	again, err := measureWrites(ctx, s.client, s.screen.say)
	if err != nil {
		return err
	}
	s.result.Writes.WritesPerSecond = min(s.result.Writes.WritesPerSecond, again.WritesPerSecond)
	return nil
}

// playSteady lets some periods pass in which nothing changes.
func (s *suite) playSteady(ctx context.Context) error {
	s.screen.enter(steady)
	if err := s.ensure(ctx, s.busyFlags()); err != nil {
		return err
	}
	m, err := s.measure(ctx, steady, s.operator, nil)
	if err != nil {
		return err
	}
	if err := s.pause(ctx, "periods to pass", time.Duration(s.periods)*s.period); err != nil {
		return err
	}
	r, err := m.end(ctx, time.Now())
	if err != nil {
		return err
	}
	periods := r.Seconds / s.period.Seconds()
	r.set("calls-per-page-and-period", ratio(float64(r.graphTotal()), float64(s.accounts*s.pages())*periods))
	r.set("writes-to-templates-and-numbers", r.API.writesTo("messagetemplates")+r.API.writesTo("phonenumbers"))
	r.set("writes-per-account-and-period", ratio(r.API.writesTo("wabas"), float64(s.accounts)*periods))
	r.set("events", r.Events)
	r.set("cpu-share", ratio(r.CPUSeconds, r.Seconds))
	r.set("cpu-ms-per-template-and-period", ratio(1000*r.CPUSeconds, float64(s.totalTemplates())*periods))
	r.set("rss-to-bare-rss", ratio(r.Memory.Now, s.result.Bare.Now))
	return nil
}

// playRestart stops the operator, and starts one within the period of all accounts.
func (s *suite) playRestart(ctx context.Context) error {
	s.screen.enter(restart)
	if err := s.stopOperator(); err != nil {
		return err
	}
	m, err := s.measure(ctx, restart, nil, nil)
	if err != nil {
		return err
	}
	if s.operator, err = s.start(ctx, s.calmFlags()); err != nil {
		return err
	}
	m.followed(ctx, s.operator)
	ready, err := s.operator.ready(ctx)
	if err != nil {
		return err
	}
	if err := s.started(ctx, s.operator); err != nil {
		return err
	}
	r, err := m.end(ctx, s.operator.started.Add(ready))
	if err != nil {
		return err
	}
	r.set("graph-calls", float64(r.graphTotal()))
	r.set("api-writes", r.APIWrites)
	r.set("events", r.Events)
	r.set("ready-seconds", ready.Seconds())
	// A second is for the start of the program itself.
	r.set("ready-to-bare-list", ratio(max(0, ready.Seconds()-1), s.result.Bare.ListSeconds))
	r.set("rss-to-bare-rss", ratio(r.Memory.Now, s.result.Bare.Now))
	return nil
}
