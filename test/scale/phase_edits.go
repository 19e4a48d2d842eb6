// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

// editedFooter is what all manifests are edited to.
const editedFooter = "Acme, edited"

// playEdits edits the footer of all manifests at once. Meta takes one edit of an approved template a day, so that each is edited once. The
// operator observes the accounts: before it has, it takes each for one without a number, whose quota is too small for so many edits.
func (s *suite) playEdits(ctx context.Context) error {
	s.screen.enter(edits)
	if err := s.ensure(ctx, s.busyFlags()); err != nil {
		return err
	}
	n := min(s.totalTemplates(), s.mostEdits)
	picked := s.choose(n, 4)
	expected := newExpectations()
	m, err := s.measure(ctx, edits, s.operator, expected.see)
	if err != nil {
		return err
	}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"footer":{"text":"`+editedFooter+`"}}}`))
	for _, c := range picked {
		generation := s.watch.get(v1alpha1.KindMessageTemplate, s.nameOf(c)).Generation
		expected.expect(s.nameOf(c), time.Now(), func(v *view) bool { return v.Generation > generation && v.settled() })
	}
	err = s.inParallel("manifests to be edited", n, func(i int) error {
		return s.client.Patch(ctx, s.fleet.objects[picked[i].account][picked[i].index].DeepCopy(), patch)
	})
	if err != nil {
		return err
	}
	if err := s.wait(ctx, "edits to be done", expected.progress); err != nil {
		return err
	}
	delays, end := expected.seen()
	if err := s.quiet(ctx); err != nil {
		return err
	}
	stats := s.fleet.sim.Stats()
	r, err := m.end(ctx, end)
	if err != nil {
		return err
	}
	r.setQuantiles("status-seconds", delays)
	r.set("lost", float64(s.lostEdits(picked)))
	r.set("status-writes-per-edit", ratio(r.API.writesTo("messagetemplates", "status"), float64(n)))
	r.set("most-writes-of-one-resource", float64(r.MostWritten-1)) // one is that of the suite
	r.set("graph-calls-per-edit", ratio(float64(callsForEdits(r)), float64(n)))
	r.set("most-edit-calls-of-one-template", float64(mostOf(stats.EditsByID)))
	r.set("edits-per-second", ratio(float64(n), r.Seconds))
	return nil
}

// callsForEdits are those that observations don't make.
func callsForEdits(r *row) int {
	return r.GraphCalls[graphsim.OpFindTemplates] + r.GraphCalls[graphsim.OpReadTemplate] + r.GraphCalls[graphsim.OpEditTemplate]
}

// lostEdits is how many templates don't have the last content at Meta.
func (s *suite) lostEdits(picked []chosen) int {
	components := map[string]json.RawMessage{}
	for a := range s.accounts {
		for _, t := range s.fleet.sim.Templates(s.fleet.account(a)) {
			components[t.ID] = t.Components
		}
	}
	lost := 0
	for _, c := range picked {
		if !bytes.Contains(components[s.idOf(c)], []byte(`"`+editedFooter+`"`)) {
			lost++
		}
	}
	return lost
}

// arrivals are when the first create call of each template arrived at Meta, by the template's name.
func (s *suite) arrivals() map[string]time.Time {
	out := map[string]time.Time{}
	for _, r := range slices.Backward(s.fleet.sim.Requests()) {
		var body struct{ Name string }
		if r.Op == graphsim.OpCreateTemplate && json.Unmarshal(r.Body, &body) == nil {
			out[body.Name] = r.Time
		}
	}
	return out
}
