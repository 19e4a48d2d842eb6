// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	_ "embed" // for demo.json
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Seed is the content of a seed file: JSON with the fields of the Go types.
type Seed struct {
	Apps     []App
	Tokens   []Token
	Accounts []SeedAccount
	Handles  []Handle
	// Callbacks are the app-level webhooks, as set in the dashboard.
	Callbacks []SeedCallback
}

// SeedCallback is the callback of an app and the fields that it subscribed to.
type SeedCallback struct {
	App, CallbackURL string
	Fields           []string
}

// SeedAccount is an account with what belongs to it.
type SeedAccount struct {
	Account
	Numbers   []Number
	Apps      []SeedSubscription
	Users     []User
	Templates []Template
}

// SeedSubscription is an app subscribed to an account.
type SeedSubscription struct{ ID, Override string }

// DemoToken is the access token of the built-in demo. It is made up, and public.
const DemoToken = "graphsim-demo-token"

//go:embed demo.json
var demoSeed []byte

// LoadDemo seeds the built-in demo: one app, one token and two accounts. All of it is made up.
func (s *Simulator) LoadDemo() error { return s.Load(demoSeed) }

// Load seeds the simulator from JSON. Nothing is added when the JSON is wrong.
func (s *Simulator) Load(raw []byte) error {
	var seed Seed
	if err := json.Unmarshal(raw, &seed); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	for _, a := range seed.Accounts {
		if a.ID == "" {
			return fmt.Errorf("seed: account %q has no ID", a.Name)
		}
		for _, t := range a.Templates {
			if len(t.Components) > 0 {
				if _, problem := parseComponents(t.Components); problem != nil {
					return fmt.Errorf("seed: template %s: %s", t.Name, problem.Message)
				}
			}
		}
	}
	for _, a := range seed.Apps {
		s.AddApp(a)
	}
	for _, t := range seed.Tokens {
		s.AddToken(t)
	}
	for _, h := range seed.Handles {
		s.AddHandle(h)
	}
	for _, x := range seed.Callbacks {
		s.SetAppCallback(x.App, x.CallbackURL, x.Fields...)
	}
	for i := range seed.Accounts {
		s.loadAccount(&seed.Accounts[i])
	}
	return nil
}

func (s *Simulator) loadAccount(a *SeedAccount) {
	s.AddAccount(a.Account)
	for _, n := range a.Numbers {
		s.AddNumber(a.ID, n)
	}
	for _, x := range a.Apps {
		s.SubscribeApp(a.ID, x.ID, x.Override)
	}
	for _, u := range a.Users {
		s.AssignUser(a.ID, u)
	}
	for _, t := range a.Templates {
		s.AddTemplate(a.ID, t)
	}
}

func (s *Simulator) accountIDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.accounts))
	for id := range s.accounts {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func (s *Simulator) hasAccount(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[id] != nil
}

// OffsetClock is a clock that can be moved ahead, so that a person trying things out need not wait 30 days.
type OffsetClock struct {
	base   clock.PassiveClock
	mu     sync.Mutex
	offset time.Duration
}

// NewOffsetClock returns a clock that shows the base's time until it is stepped.
func NewOffsetClock(base clock.PassiveClock) *OffsetClock { return &OffsetClock{base: base} }

// Now returns the base's time plus all steps.
func (c *OffsetClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Now().Add(c.offset)
}

// Since returns the time passed since t.
func (c *OffsetClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Step moves the clock ahead.
func (c *OffsetClock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Summary is an account in short.
type Summary struct {
	ID, Name           string
	Numbers, Templates int
}

// Summaries lists the accounts, by id.
func (s *Simulator) Summaries() []Summary {
	var out []Summary
	for _, id := range s.accountIDs() {
		s.mu.Lock()
		if a := s.accounts[id]; a != nil {
			out = append(out, Summary{ID: id, Name: a.Name, Numbers: len(a.numbers), Templates: len(a.templates)})
		}
		s.mu.Unlock()
	}
	return out
}

// TokenNames lists the names of the tokens, never their values.
func (s *Simulator) TokenNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.tokens))
	for _, t := range s.tokens {
		out = append(out, t.Name)
	}
	slices.Sort(out)
	return out
}
