// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// maxText bounds every text that is kept, in characters.
const maxText = 1024

// maxItems bounds every list that is kept. No list that Meta documents has more than 25.
const maxItems = 50

// maxParts bounds how many members and items a value may have, those inside them included. None that Meta documents has a hundred.
// What has more reads as nothing: decoded, it would take many times its bytes.
const maxParts = 10_000

// parts counts the members and items of a JSON value, those inside them included. It allocates nothing.
func parts(raw json.RawMessage) int {
	count, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++ // the next byte is escaped
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			count++
		}
	}
	return count
}

// object is a JSON object whose members aren't decoded yet, because they may be messages.
type object map[string]json.RawMessage

// asObject gives nil (which reads as empty) for what is no object.
func asObject(raw json.RawMessage) object {
	var out object
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

// decoded gives the named members only.
func (o object) decoded(keys ...string) lenient.Node {
	out := make(lenient.Node, len(keys))
	for _, key := range keys {
		out[key] = bounded(decode(o[key]))
	}
	return out
}

// elements gives the items of a list, at most limit; anything else is a list of one, and null or nothing an empty one.
func elements(raw json.RawMessage, limit int) []json.RawMessage {
	if raw == nil || string(raw) == "null" || limit <= 0 {
		return nil
	}
	if raw[0] != '[' {
		return []json.RawMessage{raw}
	}
	// One by one, so that a list of millions isn't taken apart for the sake of its beginning.
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	var out []json.RawMessage
	for decoder.More() && len(out) < limit {
		var item json.RawMessage
		if decoder.Decode(&item) != nil {
			break
		}
		out = append(out, item)
	}
	return out
}

// decode gives nil for null, for nothing and for too much.
func decode(raw json.RawMessage) any {
	if parts(raw) > maxParts {
		return nil
	}
	value, err := lenient.Decode(raw)
	if err != nil {
		return nil
	}
	return value
}

// bounded shortens the texts and lists in a decoded value, which it changes.
func bounded(value any) any {
	switch v := value.(type) {
	case string:
		if len(v) > maxText {
			return shortened(v)
		}
	case json.Number:
		if len(v) > maxText {
			return v[:maxText]
		}
	case []any:
		v = v[:min(len(v), maxItems)]
		for i := range v {
			v[i] = bounded(v[i])
		}
		return v
	case map[string]any:
		for key := range v {
			v[key] = bounded(v[key])
		}
	}
	return value
}

// shortened cuts after maxText characters.
func shortened(s string) string {
	if len(s) <= maxText { // no more characters than bytes
		return s
	}
	count := 0
	for i := range s {
		if count == maxText {
			return strings.Clone(s[:i]) // the rest needn't stay in memory
		}
		count++
	}
	return s
}
