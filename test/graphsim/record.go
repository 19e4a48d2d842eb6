// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

func newStats() Stats {
	return Stats{
		ByOp: map[string]int{}, ByAccount: map[string]int{}, CreatesByKey: map[string]int{}, EditsByID: map[string]int{},
		CommittedCreates: map[string]int{}, CommittedEdits: map[string]int{}, Deletes: map[string]int{},
		ByNumber: map[string]map[string]int{}, CommittedByNumber: map[string]map[string]int{},
	}
}

func (s *Simulator) record(c *call, out reply) {
	r := Request{
		Time: c.now, Method: c.method, Path: s.redact(c.path), Version: c.version, RawQuery: s.redact(c.query.Encode()),
		Status: out.status, Op: c.op, Code: out.code, Subcode: out.subcode,
	}
	if c.op != OpSendUpload { // that is a file, see Uploads
		r.Body = []byte(s.redact(string(c.body)))
	}
	switch {
	case c.appToken != nil:
		r.TokenID = "app:" + c.appToken.ID
	case c.token != nil:
		r.TokenID = c.token.Name
	case c.bearer != "":
		r.TokenID = "unknown"
	}
	if c.account != nil {
		r.Account = c.account.ID
	}
	s.requests = append(s.requests, r)
	s.log.V(1).Info("call", "op", r.Op, "method", r.Method, "path", r.Path, "status", r.Status, "code", r.Code, "token", r.TokenID)
	if c.op == OpBatch {
		return // its items count
	}
	s.stats.Calls++
	if c.write {
		s.stats.Writes++
	} else {
		s.stats.Reads++
	}
	s.stats.ByOp[c.op]++
	if r.Account != "" {
		s.stats.ByAccount[r.Account]++
	}
	s.recordCommits(c)
	s.recordNumber(c)
}

func (s *Simulator) recordCommits(c *call) {
	switch c.op {
	case OpCreateTemplate:
		s.stats.CreatesByKey[c.key]++
	case OpEditTemplate:
		s.stats.EditsByID[c.key]++
	}
	for _, done := range c.commit {
		switch done.op {
		case OpCreateTemplate:
			s.stats.CommittedCreates[done.key]++
		case OpEditTemplate:
			s.stats.CommittedEdits[done.key]++
		case OpDeleteTemplate:
			s.stats.Deletes[done.key]++
		}
	}
}

// Requests returns the calls received, oldest first. A batch follows its items.
func (s *Simulator) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Stats returns a copy of the counters.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	for _, m := range []*map[string]int{&out.ByOp, &out.ByAccount, &out.CreatesByKey, &out.EditsByID, &out.CommittedCreates, &out.CommittedEdits, &out.Deletes} {
		*m = maps.Clone(*m)
	}
	out.ByNumber, out.CommittedByNumber = cloneCounts(out.ByNumber), cloneCounts(out.CommittedByNumber)
	return out
}

// ResetStats sets the counters to zero and empties the request log. SecretsInURLs stays.
func (s *Simulator) ResetStats() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats, s.requests = newStats(), nil
}

// SecretsInURLs returns the requests whose URL carried a known token or app secret, plain, in base64 or URL-encoded.
// The secrets are replaced by their names.
func (s *Simulator) SecretsInURLs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.leaks)
}

func (s *Simulator) lockedTraceID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.traceID()
}

func (s *Simulator) noteLeaks(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	target := r.URL.RequestURI()
	decoded, err := url.QueryUnescape(target)
	if err != nil {
		decoded = target
	}
	for _, n := range s.secrets {
		if strings.Contains(target, n.text) || strings.Contains(decoded, n.text) {
			s.leaks = append(s.leaks, r.Method+" "+s.redact(target)+" carried "+n.name)
			return
		}
	}
}

type needle struct{ text, name string }

// findSecrets collects every known secret in the forms that it may be written in, the longest first: one may be the
// beginning of another. Very short ones would hit by chance.
func (s *Simulator) findSecrets() {
	s.secrets = nil
	add := func(secret, name string) {
		if len(secret) < 4 {
			return
		}
		forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			forms = append(forms, e.EncodeToString([]byte(secret)))
		}
		slices.Sort(forms)
		for _, f := range slices.Compact(forms) {
			s.secrets = append(s.secrets, needle{text: f, name: name})
		}
	}
	for _, t := range s.tokens {
		add(t.Value, "token "+t.Name)
	}
	for _, a := range s.apps {
		add(a.Secret, "secret of app "+a.ID)
	}
	slices.SortFunc(s.secrets, func(a, b needle) int {
		return cmp.Or(len(b.text)-len(a.text), cmp.Compare(a.text, b.text))
	})
}

var secretParameter = regexp.MustCompile(`(?i)((?:access_token|input_token|fb_exchange_token|revoke_token|verify_token|client_secret|appsecret_proof|pin|\bsig)(?:"\s*:\s*"|=|%3D|\\?u003d))[^&"%\s\\<]+`)

func (s *Simulator) redact(text string) string {
	if text == "" {
		return text
	}
	for _, n := range s.secrets {
		text = strings.ReplaceAll(text, n.text, "<"+n.name+">")
	}
	return secretParameter.ReplaceAllString(text, "${1}<secret>")
}
