// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/lenient"
	"github.com/waba-operator/waba-operator/internal/properties"
)

// Recording is what a file holds: exchanges without anything that identifies the account.
type Recording struct {
	// Format is the version of this form.
	Format int `json:"format"`
	// Tool is the version of the program that made the recording.
	Tool string `json:"tool"`
	// AccountID is the stand-in for the account's id.
	AccountID string `json:"accountID"`
	// Exchanges are in the order of the calls.
	Exchanges []Anonymous `json:"exchanges"`
}

// Format is the only form of recordings so far.
const Format = 1

// Anonymous is an exchange in which ids, names, texts and numbers are replaced, the same one always by the same one.
type Anonymous struct {
	Operation graph.Operation   `json:"operation"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Query     url.Values        `json:"query,omitempty"`
	Status    int               `json:"status"`
	Header    map[string]string `json:"header,omitempty"`
	// Body is absent where the answer wasn't JSON.
	Body json.RawMessage `json:"body,omitempty"`
}

// keptHeaders are the headers that the operator reads.
var keptHeaders = []string{"Content-Type", "Facebook-Api-Version", "Retry-After", "X-App-Usage", "X-Business-Use-Case-Usage"}

// Anonymise replaces in exchanges with an account whatever identifies it: ids, numbers of phones, names, texts, addresses, times,
// currencies and countries. What stays are the names of Meta's properties, the values of its enumerations, codes and counts, which of the
// values are equal, the order of ids, and the form of texts: their length, words, variables and punctuation.
func Anonymise(exchanges []Exchange, accountID, tool string) Recording {
	first := newAnonymiser(nil) // finds the ids
	first.all(exchanges, accountID)
	a := newAnonymiser(first.ids())
	return Recording{Format: Format, Tool: tool, Exchanges: a.all(exchanges, accountID), AccountID: a.id(accountID)}
}

func (a *anonymiser) all(exchanges []Exchange, accountID string) []Anonymous {
	a.id(accountID)
	var out []Anonymous
	for i := range exchanges {
		out = append(out, a.exchange(&exchanges[i]))
	}
	return out
}

func (a *anonymiser) exchange(e *Exchange) Anonymous {
	return Anonymous{
		Operation: e.Operation, Method: e.Method, Path: a.path(e.Path), Query: a.query(e.Query), Status: e.Status,
		Header: a.header(e.Header), Body: a.body(e.Operation, e.Body),
	}
}

var version = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]$`)

// path replaces the ids in a path; sessions of uploads begin with a word and a colon.
func (a *anonymiser) path(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		switch {
		case segment == "", version.MatchString(segment), word.MatchString(segment) && !long.MatchString(segment):
		case strings.HasPrefix(segment, "upload:"):
			segments[i] = "upload:" + a.text(strings.TrimPrefix(segment, "upload:"))
		default:
			segments[i] = a.id(segment)
		}
	}
	return strings.Join(segments, "/")
}

func (a *anonymiser) query(query url.Values) url.Values {
	if len(query) == 0 {
		return nil
	}
	out := url.Values{}
	for name, values := range query {
		for _, value := range values {
			switch name {
			case "fields", "limit", "summary", "object", "file_type", "file_length": // all of them are the operator's own
			default:
				value = a.scalar(value)
			}
			out.Add(name, value)
		}
	}
	return out
}

func (a *anonymiser) header(header http.Header) map[string]string {
	out := map[string]string{}
	for _, name := range keptHeaders {
		value := header.Get(name)
		if value == "" {
			continue
		}
		if decoded, err := lenient.Decode([]byte(value)); err == nil {
			if _, isObject := decoded.(map[string]any); isObject {
				value = encode(a.value(decoded, usage))
			}
		}
		out[name] = value
	}
	return out
}

// usage are the headers about limits: accounts by their ids.
var usage = func() *properties.Known {
	entry := properties.Of("call_count", "total_cputime", "total_time", "estimated_time_to_regain_access").Enum("type")
	return &entry
}()

func (a *anonymiser) body(op graph.Operation, body []byte) json.RawMessage {
	value, err := lenient.Decode(body)
	if err != nil {
		return nil
	}
	known, _ := graph.AnswerProperties(op)
	known = known.With(graph.ErrorProperties())
	if items, isList := value.([]any); isList && op == graph.OpDebugToken { // a batch: the answers are texts
		for _, item := range items {
			if object, ok := item.(map[string]any); ok {
				inner, _ := object["body"].(string)
				object["body"] = string(a.body(op, []byte(inner)))
				delete(object, "headers")
			}
		}
		return json.RawMessage(encode(items))
	}
	return json.RawMessage(encode(a.value(value, &known)))
}

func encode(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // of values that were decoded before: never fails
	return strings.TrimSpace(out.String())
}

// value replaces what is in a decoded value. Names of properties are Meta's where the object is known, and may be anything elsewhere.
func (a *anonymiser) value(value any, known *properties.Known) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = a.value(v[i], known)
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			inside, ok := known.In(key)
			name := key
			if known == nil || !word.MatchString(key) || long.MatchString(key) {
				name = a.scalar(key)
			}
			if known == usage && !ok {
				inside = usage // the entries of an account
			}
			out[name] = a.property(key, v[key], inside)
		}
		return out
	case string:
		if known.IsEnum() && word.MatchString(v) {
			return v
		}
		return a.scalar(v)
	case json.Number:
		return a.number(v)
	default:
		return v
	}
}

// property treats the values apart whose meaning follows from the name.
func (a *anonymiser) property(name string, value any, inside *properties.Known) any {
	switch v := value.(type) {
	case string:
		switch {
		case name == "message":
			return a.message(v)
		case name == "language" && language.MatchString(v):
			return v
		case name == "next", name == "previous":
			return "https://graph.example.com/" + name // that there is a next page is all that counts
		}
	case json.Number:
		if strings.Contains(name, "time") || strings.HasSuffix(name, "_at") || name == "date" {
			if len(v) < 9 {
				return v
			}
			return json.Number("1767225600")
		}
	}
	return a.value(value, inside)
}

// ownTexts are Meta's texts that the operator reads, with the part of them that may stay.
var ownTexts = regexp.MustCompile(`^(\(#[0-9]+\) )?(Tried accessing nonexisting field \([A-Za-z0-9_]+\)|Please reduce the amount of data|Unsupported (get|post|delete) request\. Object with ID)`)

// message replaces the text of an error, which may contain anything.
func (a *anonymiser) message(text string) string {
	if own := ownTexts.FindString(text); own != "" {
		return own
	}
	return a.text(text)
}

var (
	word     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
	long     = regexp.MustCompile(`[0-9]{5}`)
	digits   = regexp.MustCompile(`^[0-9]{5,32}$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(_[A-Z]{2,3})?$`)
	stamp    = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// scalar replaces a text by what it looks like.
func (a *anonymiser) scalar(text string) string {
	if digits.MatchString(text) {
		return a.id(text)
	}
	if _, layout, ok := lenient.ParseTime(text); ok {
		return stamp.Format(layout)
	}
	return a.text(text)
}

// number replaces ids and times; codes and counts are short.
func (a *anonymiser) number(n json.Number) json.Number {
	if digits.MatchString(n.String()) && len(n) >= 9 {
		return json.Number(a.id(n.String()))
	}
	return n
}
