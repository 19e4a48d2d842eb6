// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// adminAction is one path below /_sim/.
type adminAction struct {
	method string
	do     func(s *Simulator, body []byte) (any, error)
}

var adminActions = map[string]adminAction{
	"state":    {http.MethodGet, func(s *Simulator, _ []byte) (any, error) { return s.state(), nil }},
	"stats":    {http.MethodGet, func(s *Simulator, _ []byte) (any, error) { return s.Stats(), nil }},
	"requests": {http.MethodGet, func(s *Simulator, _ []byte) (any, error) { return s.readableRequests(), nil }},
	"reset":    {http.MethodPost, func(s *Simulator, _ []byte) (any, error) { s.ResetStats(); return accepted, nil }},
	"fail":     {http.MethodPost, adminFail},
	"clear":    {http.MethodPost, func(s *Simulator, _ []byte) (any, error) { s.ClearFaults(); return accepted, nil }},
	"decide":   {http.MethodPost, adminDecide},
	"edit":     {http.MethodPost, adminEdit},
	"delete":   {http.MethodPost, adminDelete},
	"usage":    {http.MethodPost, adminUsage},
	"revoke":   {http.MethodPost, adminRevoke},
	"clock":    {http.MethodPost, adminClock},
	"seed":     {http.MethodPost, func(s *Simulator, body []byte) (any, error) { return accepted, s.Load(body) }},
}

var accepted = map[string]bool{"ok": true}

var errNotFound = errors.New("not found")

func findAction(name string) (adminAction, bool) {
	for _, actions := range []map[string]adminAction{adminActions, numberActions, webhookActions} {
		if action, found := actions[name]; found {
			return action, true
		}
	}
	return adminAction{}, false
}

// serveAdmin serves /_sim/. It has no authentication: the simulator belongs on a private address.
func (s *Simulator) serveAdmin(w http.ResponseWriter, r *http.Request) {
	action, found := findAction(strings.TrimPrefix(r.URL.Path, "/_sim/"))
	status, value := http.StatusOK, any(nil)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case !found:
		err, status = errNotFound, http.StatusNotFound
	case action.method != r.Method:
		err, status = errors.New("use "+action.method), http.StatusMethodNotAllowed
	case err == nil:
		if value, err = action.do(s, body); err != nil {
			status = http.StatusBadRequest
		}
		if errors.Is(err, errNotFound) {
			status = http.StatusNotFound
		}
	default:
		status = http.StatusBadRequest
	}
	if err != nil {
		value = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client may be gone
}

type stateAccount struct {
	Account
	Calls     int
	Numbers   []Number
	Apps      []map[string]string
	Templates []Template
}

type state struct {
	Time     time.Time
	Accounts []stateAccount
	Tokens   []string // names
	Uploads  []Upload
	Faults   int
}

func (s *Simulator) state() state {
	out := state{Time: s.now(), Uploads: s.Uploads()}
	for _, id := range s.accountIDs() {
		templates := s.Templates(id)
		s.mu.Lock()
		if a := s.accounts[id]; a != nil {
			one := stateAccount{Account: a.Account, Templates: templates}
			for _, w := range a.usage {
				calls, _ := w.total(out.Time)
				one.Calls += calls
			}
			for _, n := range a.numbers {
				one.Numbers = append(one.Numbers, n.shown())
			}
			for _, x := range a.apps {
				one.Apps = append(one.Apps, map[string]string{"ID": x.appID, "Override": x.override})
			}
			out.Accounts = append(out.Accounts, one)
		}
		s.mu.Unlock()
	}
	out.Tokens = s.TokenNames()
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Faults = len(s.faults)
	return out
}

type readableRequest struct {
	Request
	Body string
}

func (s *Simulator) readableRequests() any {
	requests := s.Requests()
	out := make([]readableRequest, 0, len(requests))
	for _, r := range requests {
		out = append(out, readableRequest{Request: r, Body: string(r.Body)})
	}
	return map[string]any{"requests": out, "secretsInURLs": s.SecretsInURLs()}
}

func adminFail(s *Simulator, body []byte) (any, error) {
	var f Fault
	if err := json.Unmarshal(body, &f); err != nil {
		return nil, err
	}
	s.Fail(f)
	return accepted, nil
}

// target names a template by id, or by account, name and language.
type target struct{ ID, Account, Name, Language string }

func (s *Simulator) resolve(x target) (string, error) {
	if x.ID == "" {
		t, found := s.TemplateByName(x.Account, x.Name, x.Language)
		if !found {
			return "", errNotFound
		}
		return t.ID, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[x.ID] == nil {
		return "", errNotFound
	}
	return x.ID, nil
}

func adminDecide(s *Simulator, body []byte) (any, error) {
	var in struct {
		target
		Decision
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	id, err := s.resolve(in.target)
	if err != nil {
		return nil, err
	}
	return accepted, s.Decide(id, in.Decision)
}

func adminEdit(s *Simulator, body []byte) (any, error) {
	var in struct {
		target
		Template Template
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	id, err := s.resolve(in.target)
	if err != nil {
		return nil, err
	}
	if len(in.Template.Components) > 0 {
		if _, problem := parseComponents(in.Template.Components); problem != nil {
			return nil, errors.New(problem.Message)
		}
	}
	s.EditInManager(id, func(t *Template) { _ = json.Unmarshal(body, &struct{ Template *Template }{t}) }) // parsed above
	return accepted, nil
}

func adminDelete(s *Simulator, body []byte) (any, error) {
	var in target
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	id, err := s.resolve(in)
	if err != nil {
		return nil, err
	}
	s.DeleteInManager(id)
	return accepted, nil
}

func adminUsage(s *Simulator, body []byte) (any, error) {
	var in struct {
		Account                string
		Percent, RegainMinutes int
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if !s.hasAccount(in.Account) {
		return nil, errNotFound
	}
	s.SetUsage(in.Account, in.Percent, in.RegainMinutes)
	return accepted, nil
}

// adminRevoke revokes (subcode > 0) or restores (0) a token by its name.
func adminRevoke(s *Simulator, body []byte) (any, error) {
	var in struct {
		Name    string
		Subcode int
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.Name == in.Name {
			t.revoked = in.Subcode
			return accepted, nil
		}
	}
	return nil, errNotFound
}

func adminClock(s *Simulator, body []byte) (any, error) {
	var in struct{ Advance string }
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil {
		return nil, err
	}
	stepper, can := s.clock.(interface{ Step(time.Duration) })
	if !can || d < 0 {
		return nil, errors.New("this clock can't be advanced so")
	}
	stepper.Step(d)
	return map[string]any{"time": s.now()}, nil
}
