// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// accountSetting is one of the few things about an account that can be written
// (https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account).
type accountSetting struct {
	field string
	want  string
	// live is what Meta shows, "" where it doesn't say.
	live  string
	write func(context.Context, *graph.Client) error
}

// accountSettings are those that the spec names.
func accountSettings(p *wabaPass) []accountSetting {
	spec, id := &p.obj.Spec, p.obj.Spec.ID
	var out []accountSetting
	if spec.Insights == v1alpha1.InsightsEnabled {
		out = append(out, accountSetting{
			field: "insights", want: string(spec.Insights), live: position(p.snapshot.Account.InsightsEnabled, false),
			write: func(ctx context.Context, c *graph.Client) error { return c.EnableInsights(ctx, id) },
		})
	}
	optional := p.snapshot.Optional
	if optional == nil {
		return out
	}
	if want := spec.MarketingMessages; want != "" {
		disable := want == v1alpha1.FeatureDisabled
		out = append(out, accountSetting{
			field: "marketingMessages", want: string(want), live: position(optional.DisableMarketingMessages, true),
			write: func(ctx context.Context, c *graph.Client) error {
				return c.UpdateAccount(ctx, id, graph.AccountUpdate{DisableMarketingMessages: &disable})
			},
		})
	}
	if want := spec.TemplateAutoArchival; want != "" {
		out = append(out, accountSetting{
			field: "templateAutoArchival", want: string(want), live: position(optional.TemplateAutoArchival, false),
			write: func(ctx context.Context, c *graph.Client) error {
				return c.UpdateAccount(ctx, id, graph.AccountUpdate{TemplateAutoArchival: ptr.To(want == v1alpha1.FeatureEnabled)})
			},
		})
	}
	return out
}

// position reads a switch, which may be a negative one at Meta.
func position(value *bool, negative bool) string {
	switch {
	case value == nil:
		return ""
	case *value != negative:
		return string(v1alpha1.FeatureEnabled)
	}
	return string(v1alpha1.FeatureDisabled)
}

// manage writes what the spec asks for and Meta lets be written. What it returns is a complaint: the account was observed
// all the same.
func (r *wabas) manage(ctx context.Context, p *wabaPass) *outcome {
	settings := slices.DeleteFunc(accountSettings(p), func(s accountSetting) bool { return s.live == "" || s.live == s.want })
	p.obj.Status.Drift = nil
	var complaint *outcome
	for _, s := range settings {
		if o := r.manageOne(ctx, p, s); o != nil {
			complaint = o
		}
	}
	return complaint
}

func (r *wabas) manageOne(ctx context.Context, p *wabaPass, s accountSetting) *outcome {
	changed := p.before.Status.ObservedGeneration != p.obj.Generation
	key := fmt.Sprintf("%s|%d|%s=%s", p.obj.UID, p.obj.Generation, s.field, s.want)
	held := r.writes.held(key)
	if p.policy == v1alpha1.ManagementPolicyManaged && !changed && held == nil {
		r.drifted(p.obj, []string{s.field}, p.before.Status.Drift)
	}
	if p.policy != v1alpha1.ManagementPolicyManaged || p.obj.Spec.DriftPolicy == v1alpha1.DriftPolicyReport && !changed {
		p.obj.Status.Drift = append(p.obj.Status.Drift, s.field)
		o := waitingAside(v1alpha1.ReasonDriftDetected, "differs from the spec at Meta: "+strings.Join(p.obj.Status.Drift, ", "), 0)
		return &o
	}
	if held != nil {
		return held
	}
	if r.readOnly {
		r.would(p.obj, CallUpdateAccount, s.field)
		return nil
	}
	logStep(ctx, "About to write to Meta", "call", CallUpdateAccount, "field", s.field)
	err := s.write(ctx, p.session.Client())
	r.wrote(p.obj, CallUpdateAccount, []string{s.field}, err)
	p.session.RefreshOptional() // read back at the next observation
	r.writes.done(key)
	if err == nil {
		return nil
	}
	o := failure("set spec."+s.field, err)
	o.message = "spec." + s.field + ": " + o.message
	o.aside, o.stalled, o.backoff, o.wait = true, false, false, false
	if class := graph.ClassOf(err); class == graph.ClassRefused || class == graph.ClassInvalidSpec || class == graph.ClassPermission {
		r.writes.hold(key, o)
	}
	return &o
}

// observedReasons are those with which an account counts as observed though not all of its spec could be fulfilled.
var observedReasons = map[string]bool{
	v1alpha1.ReasonPaused: true, v1alpha1.ReasonConflict: true, v1alpha1.ReasonDriftDetected: true,
	v1alpha1.ReasonContested: true, v1alpha1.ReasonRefusedByMeta: true, v1alpha1.ReasonInvalidSpec: true,
}

// settingWrites remembers writes of an account's settings: those that Meta refused, for a day, and those that somebody keeps
// undoing. A new generation starts over; so does a restart, at the cost of one call.
type settingWrites struct {
	clock clock.PassiveClock

	mu      sync.Mutex
	times   map[string][]time.Time
	refused map[string]outcome
}

func newSettingWrites(c clock.PassiveClock) *settingWrites {
	return &settingWrites{clock: c, times: map[string][]time.Time{}, refused: map[string]outcome{}}
}

// held returns why a write isn't made again yet.
func (w *settingWrites) held(key string) *outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	recent := slices.DeleteFunc(w.times[key], func(t time.Time) bool { return w.clock.Since(t) >= contestedWindow })
	w.times[key] = recent
	if len(recent) == 0 {
		delete(w.refused, key)
		delete(w.times, key)
		return nil
	}
	if o, ok := w.refused[key]; ok {
		return &o
	}
	if len(recent) >= contestedAfter {
		o := waitingAside(v1alpha1.ReasonContested, "somebody keeps undoing our changes of the account's settings; agree who manages them, or remove them from the spec", 0)
		return &o
	}
	return nil
}

func (w *settingWrites) done(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times[key] = append(w.times[key], w.clock.Now())
}

func (w *settingWrites) hold(key string, o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused[key] = o
}
