// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// signatureOf is X-Hub-Signature-256 over the bytes as they are sent.
// See https://developers.facebook.com/docs/graph-api/webhooks/getting-started.
func signatureOf(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// webhookBody writes the notices of a POST. What happened to one account at one time shares an entry.
func (s *Simulator) webhookBody(p *post) []byte {
	var entries []any
	var last *notice
	for _, n := range p.notices {
		change := map[string]any{"field": s.fieldOf(n), "value": s.valueOf(n)}
		if last != nil && sameEntry(last, n) && s.timeless(last) == s.timeless(n) {
			entry, _ := entries[len(entries)-1].(map[string]any)
			changes, _ := entry["changes"].([]any)
			entry["changes"] = append(changes, change)
			continue
		}
		entry := map[string]any{"id": n.entryID(), "changes": []any{change}}
		if !s.timeless(n) {
			entry["time"] = json.Number(fmt.Sprint(n.change.Time.Unix()))
		}
		entries, last = append(entries, entry), n
	}
	body := map[string]any{"object": webhookTopic, "entry": entries}
	if number := itoa(int(p.number)); len(p.notices) == 1 && s.percent(s.habits.Misplaced, "misplaced", number) {
		misplace(body, toss(s.seed, "where", number)%2 == 0)
	}
	w := metaWriter{slashes: toss(s.seed, "slashes", itoa(int(p.number)))%2 == 0, reversed: p.repeat == Duplicate}
	w.value(body)
	return w.out
}

func (n *notice) entryID() string {
	if n.change.BusinessID != "" {
		return n.change.BusinessID
	}
	return n.account.ID
}

func sameEntry(a, b *notice) bool {
	return a.entryID() == b.entryID() && a.change.Time.Unix() == b.change.Time.Unix()
}

// timeless: some events of message fields always lack the time, by seed.
func (s *Simulator) timeless(n *notice) bool {
	if _, ok := messageShapes[n.change.Field]; ok && s.habits.Timeless > 0 && toss(s.seed, "timeless", n.change.Field)%2 == 0 {
		return true
	}
	return s.percent(s.habits.Timeless, "timeless", itoa(int(n.seq)))
}

// fieldOf is the field as Meta names it.
func (s *Simulator) fieldOf(n *notice) string {
	if n.change.Field == "message_template_quality_update" && s.percent(s.habits.WrongFields, "wrong field", itoa(int(n.seq))) {
		return "message_template_status_update"
	}
	return n.change.Field
}

func (s *Simulator) valueOf(n *notice) any {
	value, ok := n.change.Value.(map[string]any)
	if !ok {
		return n.change.Value
	}
	if s.oddOne("event", itoa(int(n.seq))) {
		value = maps.Clone(value)
		value["signal_v2"] = map[string]any{"origin": "AUTO"}
	}
	if language, ok := value["message_template_language"].(string); ok {
		value = maps.Clone(value)
		if s.habits.Hyphens {
			value["message_template_language"] = strings.ReplaceAll(language, "_", "-")
		}
		if s.percent(s.habits.NoLanguage, "no language", itoa(int(n.seq))) {
			delete(value, "message_template_language")
			delete(value, "message_template_category")
		}
	}
	if ban, ok := value["ban_info"].(map[string]any); ok && s.percent(s.habits.Lists, "lists", itoa(int(n.seq))) {
		value, ban = maps.Clone(value), maps.Clone(ban)
		ban["waba_ban_state"] = []any{ban["waba_ban_state"]}
		value["ban_info"] = ban
	}
	return value
}

// misplace puts field and object where samples of Meta's have them: inside value, or beside changes.
func misplace(body map[string]any, inside bool) {
	entry, _ := body["entry"].([]any)[0].(map[string]any) //nolint:forcetypeassert // made above
	change, _ := entry["changes"].([]any)[0].(map[string]any)
	target := entry
	if inside {
		value, ok := change["value"].(map[string]any)
		if !ok {
			return
		}
		target = maps.Clone(value)
		change["value"] = target
	}
	target["field"], target["object"] = change["field"], body["object"]
	delete(change, "field")
	delete(body, "object")
}

// decodedJSON reads JSON that is known to be good, numbers as they are written.
func decodedJSON(raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		panic("graphsim: value of an event: " + err.Error())
	}
	return out
}

// metaWriter writes JSON with the escapes of Meta's: what is not ASCII as \u and lower-case digits, and some slashes.
type metaWriter struct {
	out               []byte
	slashes, reversed bool
}

func (w *metaWriter) value(v any) {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if w.reversed {
			slices.Reverse(names)
		}
		w.out = append(w.out, '{')
		for i, name := range names {
			w.comma(i)
			w.text(name)
			w.out = append(w.out, ':')
			w.value(v[name])
		}
		w.out = append(w.out, '}')
	case []any:
		w.out = append(w.out, '[')
		for i, item := range v {
			w.comma(i)
			w.value(item)
		}
		w.out = append(w.out, ']')
	case string:
		w.text(v)
	default:
		raw, _ := json.Marshal(v) // a number, true, false or null
		w.out = append(w.out, raw...)
	}
}

func (w *metaWriter) comma(i int) {
	if i > 0 {
		w.out = append(w.out, ',')
	}
}

func (w *metaWriter) text(text string) {
	w.out = append(w.out, '"')
	for _, unit := range utf16.Encode([]rune(text)) {
		switch {
		case unit == '"', unit == '\\', unit == '/' && w.slashes:
			w.out = append(w.out, '\\', byte(unit))
		case unit < ' ' || unit > '~':
			w.out = fmt.Appendf(w.out, `\u%04x`, unit)
		default:
			w.out = append(w.out, byte(unit))
		}
	}
	w.out = append(w.out, '"')
}

// englishDate is how dates of bans are written.
func englishDate(t time.Time) string { return t.UTC().Format("January 2, 2006") }
