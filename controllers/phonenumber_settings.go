// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// sectionReads remembers when the sections of a number were last read.
type sectionReads struct{ clock clock.PassiveClock }

func newSectionReads(c clock.PassiveClock) *sectionReads { return &sectionReads{clock: c} }

// settings brings the sections that the spec names in line with Meta.
func (n *numbers) settings(_ context.Context, p *numberPass, _ *graph.PhoneNumber) outcome {
	if spec := &p.obj.Spec; p.writable() && (spec.Profile != nil || spec.Commerce != nil || spec.ConversationalAutomation != nil) {
		return stalledAside(v1alpha1.ReasonInvalidSpec, "profile, commerce and conversationalAutomation can't be managed by this version yet; remove them")
	}
	return done("equal to the spec")
}
