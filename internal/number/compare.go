// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"maps"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/canonical"
)

// Baseline is what is stored of one section between reads.
type Baseline v1alpha1.SectionMemory

// Compare is three-way: the desired state, the baseline, and Meta's state. Only fields of the spec count.
func (b *Baseline) Compare(want, live Fields) canonical.Difference {
	const sent = canonical.WriteOnly + PictureField
	resend := want[sent] != "" && want[sent] != live[sent]
	return canonical.Comparison{
		Want: want, Live: live, Recorded: b.Live,
		Differs: func(name string) bool {
			value, wanted := want[name]
			return wanted && !strings.HasPrefix(name, canonical.WriteOnly) && (value != live[name] || resend && name == PictureField)
		},
		Requested: func(name string) bool {
			if resend && name == PictureField {
				return true
			}
			return !b.Upgraded && b.Desired[name] != canonical.HashValue(want[name]) // an upgrade of the operator writes nothing
		},
		Unread: func(name string) bool { return b.Upgraded || b.unread(name) && !switches[name] },
	}.Difference()
}

// unread reports that a field wasn't read since it was last written.
func (b *Baseline) unread(name string) bool {
	_, read := b.Live[name]
	return !read
}

// Diff names the fields of the spec that differ, without those that Meta only normalised; sorted.
func (b *Baseline) Diff(want, live Fields) []string {
	d := b.Compare(want, live)
	out := slices.Concat(d.Changed, d.Drift)
	slices.Sort(out)
	return out
}

// Pending reports whether a desired value was neither written nor found equal yet, or wasn't read since the last write.
func (b *Baseline) Pending(want Fields) bool {
	for name, value := range want {
		if b.Desired[name] != canonical.HashValue(value) || b.unread(name) {
			return true
		}
	}
	return false
}

// WasRead reports whether the section was read since its desired values last changed.
func (b *Baseline) WasRead(want Fields) bool { return b.ReadHash == want.Hash() }

// MarkRead records that the section was read.
func (b *Baseline) MarkRead(want Fields) { b.ReadHash = want.Hash() }

// AcceptLive makes Meta's present values the baseline of all desired fields but those named.
func (b *Baseline) AcceptLive(want, live Fields, but ...string) {
	b.Upgraded = false
	for name, value := range want {
		if !slices.Contains(but, strings.TrimPrefix(name, canonical.WriteOnly)) {
			b.record(name, value)
			b.Live[name] = canonical.HashValue(live[name])
		}
	}
}

// MarkWritten records that fields were written and not yet read back.
func (b *Baseline) MarkWritten(want Fields, fields []string) {
	for _, field := range fields {
		b.record(field, want[field])
		delete(b.Live, field)
		if sent, ok := want[canonical.WriteOnly+field]; ok {
			b.record(canonical.WriteOnly+field, sent)
			b.Live[canonical.WriteOnly+field] = canonical.HashValue(sent)
		}
	}
}

// MarkTaken records that Meta accepted the write of fields, whatever it shows: as long as it shows something else, that is drift.
func (b *Baseline) MarkTaken(want Fields, fields []string) {
	for _, field := range fields {
		b.record(field, want[field])
		b.Live[field] = canonical.HashValue(want[field])
	}
}

// record notes a desired value.
func (b *Baseline) record(name, value string) {
	if b.Desired == nil {
		b.Desired = map[string]string{}
	}
	if b.Live == nil {
		b.Live = map[string]string{}
	}
	b.Desired[name] = canonical.HashValue(value)
}

// Prune drops fields that are no longer in the spec: added again, they are compared anew.
func (b *Baseline) Prune(want Fields) {
	unwanted := func(name, _ string) bool {
		_, wanted := want[name]
		return !wanted
	}
	maps.DeleteFunc(b.Desired, unwanted)
	maps.DeleteFunc(b.Live, unwanted)
}

// Renew starts the baseline anew where another version of the operator stored it. lenient: differences at the next read count as no
// client's change.
func (b *Baseline) Renew(lenient bool) {
	if b.Version != CanonicalVersion {
		*b = Baseline{Name: b.Name, Version: CanonicalVersion, Upgraded: lenient, Refusal: b.Refusal}
	}
}

// Changed ends the leniency of Renew, because a user changed the spec.
func (b *Baseline) Changed() { b.Upgraded = false }
