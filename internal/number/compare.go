// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"maps"
	"slices"
	"strings"
)

const (
	// wantPrefix marks the hash of what was wanted of a field when it was last written or found equal; without a prefix
	// stands the hash of what Meta gave back then.
	wantPrefix = "want:"
	// seenPrefix marks the hash of what was wanted of a section when it was last read.
	seenPrefix = "seen:"
	// upgradedPrefix marks a section whose record an older version of the operator made in another form.
	upgradedPrefix = "upgraded:"
	// unread stands for what Meta gives back, as long as nobody has looked since the last write.
	unread = "?"
)

// Record is what is remembered of sections between reads, as hashes.
type Record map[string]string

// Difference tells apart why fields differ; each list is sorted.
type Difference struct {
	// Changed are fields of which the spec wants something else than before.
	Changed []string
	// Drift are fields that somebody changed at Meta.
	Drift []string
	// Normalised are fields of which Meta shows something else than was written, and always did.
	Normalised []string
}

// Compare is three-way: what is wanted, what was recorded, and what Meta shows. Only wanted fields count.
func (r Record) Compare(section Section, want, live Fields) Difference {
	var d Difference
	upgraded := r[upgradedPrefix+string(section)] != ""
	resend := want[sentOnly+PictureField] != "" && want[sentOnly+PictureField] != live[sentOnly+PictureField]
	if resend {
		d.Changed = append(d.Changed, PictureField)
	}
	for name, value := range want {
		if strings.HasPrefix(name, sentOnly) || value == live[name] || resend && name == PictureField {
			continue
		}
		switch {
		case upgraded:
			d.Normalised = append(d.Normalised, name) // an upgrade of the operator writes nothing
		case r[wantPrefix+name] != hashField(value):
			d.Changed = append(d.Changed, name)
		case r[name] == hashField(live[name]), r[name] == unread:
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

// Diff names the wanted fields that differ, but for those in which Meta only shows what it made of them; sorted.
func (r Record) Diff(section Section, want, live Fields) []string {
	d := r.Compare(section, want, live)
	out := slices.Concat(d.Changed, d.Drift)
	slices.Sort(out)
	return out
}

// Pending reports that something is wanted that was neither written nor found equal yet, or that nobody has read what became
// of the last write.
func (r Record) Pending(want Fields) bool {
	for name, value := range want {
		if r[wantPrefix+name] != hashField(value) || r[name] == unread {
			return true
		}
	}
	return false
}

// Seen reports that the section was read since the same is wanted.
func (r Record) Seen(section Section, want Fields) bool {
	return r[seenPrefix+string(section)] == want.Hash()
}

// See notes that the section was read.
func (r Record) See(section Section, want Fields) {
	r[seenPrefix+string(section)] = want.Hash()
}

// Take makes what Meta shows now the record of all wanted fields but those named.
func (r Record) Take(section Section, want, live Fields, but ...string) {
	delete(r, upgradedPrefix+string(section))
	for name, value := range want {
		if !slices.Contains(but, strings.TrimPrefix(name, sentOnly)) {
			r[wantPrefix+name], r[name] = hashField(value), hashField(live[name])
		}
	}
}

// Wrote notes that fields were written and not yet read back.
func (r Record) Wrote(want Fields, fields []string) {
	for _, field := range fields {
		r[wantPrefix+field], r[field] = hashField(want[field]), unread
		if sent, ok := want[sentOnly+field]; ok {
			r[wantPrefix+sentOnly+field], r[sentOnly+field] = hashField(sent), hashField(sent)
		}
	}
}

// Forget drops what is no longer wanted: taken up again, it is compared anew.
func (r Record) Forget(sections []Section, want Fields) {
	maps.DeleteFunc(r, func(key, _ string) bool {
		for _, prefix := range []string{seenPrefix, upgradedPrefix} {
			if name, ok := strings.CutPrefix(key, prefix); ok {
				return !slices.Contains(sections, Section(name))
			}
		}
		_, wanted := want[strings.TrimPrefix(key, wantPrefix)]
		return !wanted
	})
}

// Upgraded starts a record in place of one of another version: what differs at the first look is nobody's change.
func Upgraded(sections []Section) Record {
	r := Record{}
	for _, s := range sections {
		r[upgradedPrefix+string(s)] = "1"
	}
	return r
}

// Changed ends the leniency of Upgraded, because a person changed the spec.
func (r Record) Changed() {
	maps.DeleteFunc(r, func(key, _ string) bool { return strings.HasPrefix(key, upgradedPrefix) })
}
