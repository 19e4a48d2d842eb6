// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
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
func (o object) decoded(keys ...string) node {
	out := make(node, len(keys))
	for _, key := range keys {
		out[key] = decode(o[key])
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

// decode gives nil for null, for nothing and for too much. Numbers stay text, so that ids of 17 digits survive and 1e999 doesn't hurt.
func decode(raw json.RawMessage) any {
	if parts(raw) > maxParts {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var out any
	if decoder.Decode(&out) != nil {
		return nil
	}
	return out
}

// node is a decoded JSON object. Its accessors never fail: a missing or unexpected member reads as an empty one.
type node map[string]any

func asNode(value any) node {
	out, _ := value.(map[string]any)
	return out
}

func (n node) obj(key string) node { return asNode(last(n[key])) }

// list gives a single value as a list of one, and nil for null or nothing.
func (n node) list(key string) []any {
	switch v := n[key].(type) {
	case []any:
		return v[:min(len(v), maxItems)]
	case nil:
		return nil
	default:
		return []any{v}
	}
}

// nodes gives the objects of a list.
func (n node) nodes(key string) (out []node) {
	for _, item := range n.list(key) {
		if object := asNode(item); object != nil {
			out = append(out, object)
		}
	}
	return out
}

// texts gives the texts and numbers of a list.
func (n node) texts(key string) (out []string) {
	for _, item := range n.list(key) {
		if s := scalar(item); s != "" {
			out = append(out, shortened(s))
		}
	}
	return out
}

// scalar is a text or a number as it was printed; "" for anything else.
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return ""
	}
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

// text is a text or number. Of a list Meta's last word counts.
func (n node) text(key string) string { return shortened(scalar(last(n[key]))) }

// last is the last item of a list, and anything else as it is.
func last(value any) any {
	if list, ok := value.([]any); ok && len(list) > 0 {
		return list[len(list)-1]
	}
	return value
}

// upper is for enumerations, whose case Meta mixes.
func (n node) upper(key string) string { return strings.ToUpper(strings.TrimSpace(n.text(key))) }

// field is the name of the event's field, whose case Meta mixes.
func (n node) field() string { return strings.ToLower(strings.TrimSpace(n.text("field"))) }

// reason is an enumeration in which NONE means that there is none.
func (n node) reason(key string) string {
	if reason := n.upper(key); reason != "NONE" {
		return reason
	}
	return ""
}

// digits is for phone numbers.
func (n node) digits(key string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, n.text(key))
}

// integer understands 12, "12", 12.0 and 1.2e1; 0 is for everything else, and for what 53 bits can't hold.
func (n node) integer(key string) int64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(n.text(key)), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0
	}
	return int64(f)
}

// dates are layouts of times that are no UNIX seconds; the first is that of waba_ban_date.
var dates = []string{"January 2, 2006", "Jan 2, 2006", time.DateOnly, time.RFC3339, "2006-01-02T15:04:05-0700"}

// time understands UNIX seconds and dates. What is not after 1970, and years that a Kubernetes object couldn't hold, are the
// zero time.
func (n node) time(key string) time.Time {
	t := time.Unix(n.integer(key), 0)
	if t.Unix() == 0 {
		t = n.date(key)
	}
	if t = t.UTC(); t.Unix() <= 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func (n node) date(key string) time.Time {
	text := strings.TrimSpace(n.text(key))
	for _, layout := range dates {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	return time.Time{}
}

// tier is a messaging limit, which Meta prints as TIER_2K, 2000 or "2000".
func (n node) tier(key string) string {
	switch limit := n.integer(key); {
	case limit == -1:
		return "TIER_UNLIMITED"
	case limit >= 1000 && limit%1000 == 0:
		return "TIER_" + strconv.FormatInt(limit/1000, 10) + "K"
	case limit > 0:
		return "TIER_" + strconv.FormatInt(limit, 10)
	}
	if name := n.upper(key); strings.HasPrefix(name, "TIER_") {
		return name
	}
	return ""
}
