// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"maps"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/canonical"
)

const (
	// wantPrefix marks the hash of the desired value of a field when it was last written or found equal; the hash without a
	// prefix is that of Meta's value then.
	wantPrefix = "want:"
	// readPrefix marks the hash of the desired value of a section when it was last read.
	readPrefix = "seen:"
	// upgradedPrefix marks a section whose baseline an older version of the operator stored in another form.
	upgradedPrefix = "upgraded:"
	// unread stands for Meta's value until the section is read after the last write.
	unread = "?"
)

// Baseline is what is stored of sections between reads, as hashes.
type Baseline map[string]string

// Difference separates the reasons why fields differ; each list is sorted.
type Difference struct {
	// Changed are fields whose desired value in the spec has changed.
	Changed []string
	// Drift are fields that another client changed at Meta.
	Drift []string
	// Normalised are fields of which Meta shows something else than was written, and always did.
	Normalised []string
}

// Compare is three-way: the desired state, the baseline, and Meta's state. Only fields of the spec count.
func (r Baseline) Compare(section Section, want, live Fields) Difference {
	var d Difference
	upgraded := r[upgradedPrefix+string(section)] != ""
	resend := want[canonical.WriteOnly+PictureField] != "" && want[canonical.WriteOnly+PictureField] != live[canonical.WriteOnly+PictureField]
	if resend {
		d.Changed = append(d.Changed, PictureField)
	}
	for name, value := range want {
		if strings.HasPrefix(name, canonical.WriteOnly) || value == live[name] || resend && name == PictureField {
			continue
		}
		switch {
		case upgraded:
			d.Normalised = append(d.Normalised, name) // an upgrade of the operator writes nothing
		case r[wantPrefix+name] != canonical.HashValue(value):
			d.Changed = append(d.Changed, name)
		case r[name] == canonical.HashValue(live[name]), r[name] == unread:
			d.Normalised = append(d.Normalised, name)
		default:
			d.Drift = append(d.Drift, name)
		}
	}
	slices.Sort(d.Changed)
	slices.Sort(d.Drift)
	slices.Sort(d.Normalised)
	return d
}

// Diff names the fields of the spec that differ, without those that Meta only normalised; sorted.
func (r Baseline) Diff(section Section, want, live Fields) []string {
	d := r.Compare(section, want, live)
	out := slices.Concat(d.Changed, d.Drift)
	slices.Sort(out)
	return out
}

// Pending reports whether a desired value was neither written nor found equal yet, or wasn't read since the last write.
func (r Baseline) Pending(want Fields) bool {
	for name, value := range want {
		if r[wantPrefix+name] != canonical.HashValue(value) || r[name] == unread {
			return true
		}
	}
	return false
}

// WasRead reports whether the section was read since its desired values last changed.
func (r Baseline) WasRead(section Section, want Fields) bool {
	return r[readPrefix+string(section)] == want.Hash()
}

// MarkRead records that the section was read.
func (r Baseline) MarkRead(section Section, want Fields) {
	r[readPrefix+string(section)] = want.Hash()
}

// AcceptLive makes Meta's present values the baseline of all desired fields but those named.
func (r Baseline) AcceptLive(section Section, want, live Fields, but ...string) {
	delete(r, upgradedPrefix+string(section))
	for name, value := range want {
		if !slices.Contains(but, strings.TrimPrefix(name, canonical.WriteOnly)) {
			r[wantPrefix+name], r[name] = canonical.HashValue(value), canonical.HashValue(live[name])
		}
	}
}

// MarkWritten records that fields were written and not yet read back.
func (r Baseline) MarkWritten(want Fields, fields []string) {
	for _, field := range fields {
		r[wantPrefix+field], r[field] = canonical.HashValue(want[field]), unread
		if sent, ok := want[canonical.WriteOnly+field]; ok {
			r[wantPrefix+canonical.WriteOnly+field], r[canonical.WriteOnly+field] = canonical.HashValue(sent), canonical.HashValue(sent)
		}
	}
}

// Prune drops fields that are no longer in the spec: added again, they are compared anew.
func (r Baseline) Prune(sections []Section, want Fields) {
	maps.DeleteFunc(r, func(key, _ string) bool {
		for _, prefix := range []string{readPrefix, upgradedPrefix} {
			if name, ok := strings.CutPrefix(key, prefix); ok {
				return !slices.Contains(sections, Section(name))
			}
		}
		_, wanted := want[strings.TrimPrefix(key, wantPrefix)]
		return !wanted
	})
}

// NewAfterUpgrade starts a baseline in place of one of another version: differences at the first read count as no client's change.
func NewAfterUpgrade(sections []Section) Baseline {
	r := Baseline{}
	for _, s := range sections {
		r[upgradedPrefix+string(s)] = "1"
	}
	return r
}

// Changed ends the leniency of NewAfterUpgrade, because a user changed the spec.
func (r Baseline) Changed() {
	maps.DeleteFunc(r, func(key, _ string) bool { return strings.HasPrefix(key, upgradedPrefix) })
}
