// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// maxMembers bounds the members of what is around an event: a delivery, an entry, a change, its value and the value's metadata. Meta
// documents some twenty at most.
const maxMembers = 64

// Part returns what of a delivery may be passed on, where keep says of which changes: the body itself where all of it may be, a
// delivery with the entries that may where some of them must not be, and nil where there is none. changes are what Parse gave of
// the body.
//
// An entry is kept whole or not at all. It isn't where it has changes that keep refuses, changes that Parse left out, or members
// that another parser may read in another way.
func Part(body []byte, changes []Change, keep func(*Change) bool) []byte {
	root, ok := members(body)
	if !ok {
		return nil
	}
	entries := elements(root["entry"], MaxChanges+1)
	counts, refused := make([]int, len(entries)), make([]bool, len(entries))
	for i := range changes {
		if n := changes[i].Entry; n < len(entries) {
			counts[n]++
			refused[n] = refused[n] || !keep(&changes[i])
		}
	}
	var kept []json.RawMessage
	for i, entry := range entries {
		if !refused[i] && counts[i] > 0 && unambiguous(entry, counts[i]) {
			kept = append(kept, entry)
		}
	}
	switch len(kept) {
	case 0:
		return nil
	case len(entries):
		return body
	}
	return assembled(root, kept)
}

// unambiguous says whether an entry has this many changes, and reads the same for every parser.
func unambiguous(raw json.RawMessage, count int) bool {
	entry, ok := members(raw)
	if !ok {
		return false
	}
	changes, listed := entry["changes"]
	if !listed {
		return plainMetadata(entry["value"]) // the entry itself is the change
	}
	items := elements(changes, count+1)
	return len(items) == count && !slices.ContainsFunc(items, func(change json.RawMessage) bool {
		inside, ok := members(change)
		return !ok || !plainMetadata(inside["value"])
	})
}

// digitsOnly matches the JSON of an id that every parser reads alike, and that of none.
var digitsOnly = regexp.MustCompile(`^("[0-9]*"|[0-9]*|null)$`)

// plainMetadata says whether every parser finds the same number in the metadata of a change's value. Meta's ids are digits.
func plainMetadata(value json.RawMessage) bool {
	if len(value) == 0 || value[0] != '{' {
		return true
	}
	if _, ok := members(value); !ok {
		return false
	}
	var inside struct {
		Metadata json.RawMessage `json:"metadata"`
	}
	_ = json.Unmarshal(value, &inside) // an object, as members found
	if len(inside.Metadata) == 0 || inside.Metadata[0] != '{' {
		return true
	}
	_, ok := members(inside.Metadata)
	return ok && digitsOnly.Match(printedNumber(value))
}

// members gives the members of an object. It fails for anything else, for an object with too many of them, and where two keys are
// the same: which of the two counts, and whether case does, depends on the parser.
func members(raw json.RawMessage) (object, bool) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, false
	}
	out, seen := object{}, map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		key, text := token.(string)
		folded := foldedKey(key)
		if err != nil || !text || seen[folded] || len(seen) == maxMembers {
			return nil, false
		}
		seen[folded] = true
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return nil, false
		}
		out[key] = value
	}
	return out, true
}

// foldedKey is the same for keys that Go's parser takes for the same where it ignores case.
func foldedKey(key string) string {
	return strings.Map(func(r rune) rune {
		first := r // the smallest of those that differ in case only
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			first = min(first, next)
		}
		return first
	}, key)
}

// assembled is a delivery with some of the entries of another.
func assembled(root object, entries []json.RawMessage) []byte {
	var out bytes.Buffer
	out.WriteByte('{')
	for _, key := range []string{"object", "field"} {
		if value, ok := root[key]; ok {
			out.WriteString(`"` + key + `":`)
			out.Write(value)
			out.WriteByte(',')
		}
	}
	out.WriteString(`"entry":[`)
	for i, entry := range entries {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(entry)
	}
	out.WriteString("]}")
	return out.Bytes()
}
