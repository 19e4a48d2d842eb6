// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Replay answers calls as a recording has them: calls with the same method, path and parameters one after the other, and the last answer
// again when there are no more. The fields that are asked for needn't be the same, since they differ between versions of the client: the
// answer to the most similar list is given. It doesn't look at tokens.
type Replay struct {
	mu      sync.Mutex
	answers map[string][]Anonymous
}

// NewReplay returns a Replay of a recording.
func NewReplay(r Recording) *Replay {
	out := &Replay{answers: map[string][]Anonymous{}}
	for _, e := range r.Exchanges {
		key := keyOf(e.Method, e.Path, e.Query)
		out.answers[key] = append(out.answers[key], e)
	}
	return out
}

const fieldsParameter = "fields"

func keyOf(method, path string, query url.Values) string {
	others := maps.Clone(query)
	delete(others, fieldsParameter)
	return method + " " + path + "?" + others.Encode()
}

// ServeHTTP answers a call. One that isn't in the recording gets an error of Meta's form.
func (r *Replay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	query := withoutSecrets(req.URL.Query())
	answer := r.next(keyOf(req.Method, req.URL.EscapedPath(), query), query.Get(fieldsParameter))
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // the client may be gone
}

func (r *Replay) next(key, fields string) Anonymous {
	r.mu.Lock()
	defer r.mu.Unlock()
	queue := r.answers[key]
	if len(queue) == 0 {
		return Anonymous{Status: http.StatusBadRequest, Body: []byte(`{"error":{"message":"This call isn't in the recording.","code":1}}`)}
	}
	best, most := 0, -1
	for i := range queue {
		if n := alike(queue[i].Query.Get(fieldsParameter), fields); n > most {
			best, most = i, n
		}
	}
	answer := queue[best]
	if len(queue) > 1 {
		r.answers[key] = slices.Delete(slices.Clone(queue), best, best+1)
	}
	return answer
}

// alike is how similar two lists of fields are: what they have in common, less what only one has.
func alike(a, b string) int {
	have := map[string]bool{}
	for field := range strings.FieldsFuncSeq(a, notInName) {
		have[field] = true
	}
	n := -len(have)
	for field := range strings.FieldsFuncSeq(b, notInName) {
		if have[field] {
			n += 2
		} else {
			n--
		}
	}
	return max(n, 0)
}

func notInName(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }
