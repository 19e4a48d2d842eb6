// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package canonical has the hashes by which assets are compared: names of fields as in the spec, and values in a form that doesn't
// depend on how Meta or a user writes them. Each kind has its own form and its own version of it; the hashes are the same.
package canonical

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
)

// WriteOnly is the prefix of fields that Meta never returns. They are compared with what was sent last.
const WriteOnly = "sent:"

// Lengths of hashes in bytes. They are compared within one resource, so that short ones do.
const (
	hashLength  = 16
	valueLength = 6
)

// Hash is one hash over the fields that count, in 32 hexadecimal digits. It doesn't depend on their order.
func Hash(fields map[string]string, counts func(name string) bool) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if counts(name) {
			h.Write([]byte(strconv.Quote(name) + ":" + strconv.Quote(fields[name]) + "\n"))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:hashLength])
}

// HashValue is the hash of one value, in 12 hexadecimal digits.
func HashValue(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:valueLength])
}

// Hashes has a hash per field, to find later which fields changed without storing their text.
func Hashes(fields map[string]string) map[string]string {
	out := make(map[string]string, len(fields))
	for name, value := range fields {
		out[name] = HashValue(value)
	}
	return out
}

// Comparison is three-way: what is desired, what Meta shows, and what was recorded when the two were last brought together.
type Comparison struct {
	// Want and Live are canonical values of fields.
	Want, Live map[string]string
	// Recorded has the hashes of what Meta showed at that time.
	Recorded map[string]string
	// Differs reports that the desired value and Meta's differ in a way that counts.
	Differs func(name string) bool
	// Requested reports that the desired value isn't the one of that time: a user changed the spec.
	Requested func(name string) bool
	// Unread reports that Meta's value isn't recorded: what Meta shows now counts as what it made of the last write.
	Unread func(name string) bool
}

// Difference separates the reasons why fields differ; each list is sorted.
type Difference struct {
	// Changed are fields whose desired value in the spec has changed.
	Changed []string
	// Drift are fields that another client changed at Meta.
	Drift []string
	// Normalised are fields of which Meta shows something else than was written, and always did.
	Normalised []string
}

// Difference compares all fields that are desired or shown.
func (c Comparison) Difference() Difference {
	names := map[string]bool{}
	for name := range c.Want {
		names[name] = true
	}
	for name := range c.Live {
		names[name] = true
	}
	var d Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		switch {
		case !c.Differs(name):
		case c.Requested(name):
			d.Changed = append(d.Changed, name)
		case c.Unread(name), c.asRecorded(name):
			d.Normalised = append(d.Normalised, name)
		default:
			d.Drift = append(d.Drift, name)
		}
	}
	return d
}

// asRecorded reports that Meta shows what it showed before. A field that isn't recorded wasn't shown.
func (c Comparison) asRecorded(name string) bool {
	hash, recorded := c.Recorded[name]
	value, shown := c.Live[name]
	if !recorded {
		return !shown
	}
	return hash == HashValue(value)
}
