// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// retention is how long the session of an account that is gone keeps its last good token, for resources that still
// have something to delete at Meta.
const retention = 10 * time.Minute

// Options configure all sessions alike.
type Options struct {
	// BaseURL is where Meta's Graph API is; it comes from a flag, never from a resource, because the token is sent there.
	BaseURL string
	// UserAgent names this operator and its version.
	UserAgent string
	// Transport carries the calls; nil means a transport of its own.
	Transport http.RoundTripper
	// Timeout bounds one call.
	Timeout time.Duration
	// PageSize is how many templates or numbers a page asks for.
	PageSize int
	Clock    clock.PassiveClock
	// Observe is told about every HTTP exchange (metrics).
	Observe func(graph.CallInfo)
	// Held is told about every call that isn't made because Meta throttles the account, or the app (metrics).
	Held func(app bool)
	Log  logr.Logger
}

// Manager keeps the sessions.
type Manager struct {
	opts Options
	apps *appBudgets

	mu       sync.Mutex
	sessions map[string]*Session // by UID of the WABA resource
	gone     map[string]time.Time
	budgets  map[budgetKey]*Budget
}

// budgetKey tells whose rate limit a budget is. A resource created again doesn't get a new quota; another tenant's resource
// with the same id uses another app's token, whose limits say nothing about this one's.
type budgetKey struct{ namespace, name, accountID string }

// NewManager returns a manager without sessions.
func NewManager(opts Options) *Manager {
	if opts.Held == nil {
		opts.Held = func(bool) {}
	}
	return &Manager{
		opts: opts, apps: newAppBudgets(opts.Clock),
		sessions: map[string]*Session{}, gone: map[string]time.Time{}, budgets: map[budgetKey]*Budget{},
	}
}

// Get returns the session of a WABA resource, nil when there is none yet.
func (m *Manager) Get(uid string) *Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	return m.sessions[uid]
}

// Ensure returns the session of a WABA resource with these credentials and API version; a change of either builds
// a new client and keeps everything that was observed.
func (m *Manager) Ensure(ref Ref, creds Credentials, version string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep()
	delete(m.gone, ref.UID)
	s, ok := m.sessions[ref.UID]
	if !ok || s.ref.AccountID != ref.AccountID {
		s = m.newSession(ref)
	}
	if err := s.use(m.opts, creds, version); err != nil {
		return nil, err
	}
	m.sessions[ref.UID] = s
	return s, nil
}

// Forget ends the session of a deleted WABA resource after a while.
func (m *Manager) Forget(uid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.sessions[uid]; ok {
		m.gone[uid] = m.opts.Clock.Now()
	}
}

func (m *Manager) sweep() {
	for uid, since := range m.gone {
		if m.opts.Clock.Since(since) > retention {
			m.apps.drop(m.sessions[uid])
			delete(m.gone, uid)
			delete(m.sessions, uid)
		}
	}
}

func (m *Manager) newSession(ref Ref) *Session {
	key := budgetKey{ref.Namespace, ref.Name, ref.AccountID}
	budget, ok := m.budgets[key]
	if !ok {
		budget = NewBudget(m.opts.Clock)
		m.budgets[key] = budget
	}
	return &Session{
		ref: ref, clock: m.opts.Clock, account: budget, apps: m.apps, pageSize: m.opts.PageSize,
		log:     m.opts.Log.WithValues("WABA", ref.Namespace+"/"+ref.Name),
		refused: map[string]time.Time{}, fresh: map[TemplateKey]freshTemplate{}, freshNumbers: map[string]freshNumber{}, lastWrite: map[TemplateKey]time.Time{},
		lost: map[TemplateKey]string{},
	}
}

// use builds the client if the credentials or the version are new.
func (s *Session) use(opts Options, creds Credentials, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.credentials == creds && s.version == version {
		return nil
	}
	client, err := graph.NewClient(graph.Config{
		BaseURL: opts.BaseURL, Version: version, AccessToken: creds.AccessToken, AppSecret: creds.AppSecret,
		UserAgent: opts.UserAgent, Timeout: opts.Timeout, Transport: opts.Transport,
		Gate:    &gate{account: s.account, app: func() *Budget { return s.apps.of(s) }, held: opts.Held},
		Observe: opts.Observe, Clock: opts.Clock, Log: s.log,
	})
	if err != nil {
		return err
	}
	if s.credentials.AccessToken != creds.AccessToken {
		// To which app the new token belongs is for Meta to say: the Secret's word could stop other people's accounts.
		s.apps.drop(s)
	}
	s.client, s.credentials, s.version = client, creds, version
	s.slowAt = time.Time{}
	return nil
}

// appBudgets shares one budget among all accounts whose tokens belong to one Meta app.
type appBudgets struct {
	clock clock.PassiveClock

	mu        sync.Mutex
	byApp     map[string]*Budget
	bySession map[*Session]*Budget
}

func newAppBudgets(c clock.PassiveClock) *appBudgets {
	return &appBudgets{clock: c, byApp: map[string]*Budget{}, bySession: map[*Session]*Budget{}}
}

func (a *appBudgets) assign(s *Session, appID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.byApp[appID]
	if !ok {
		b = NewBudget(a.clock)
		a.byApp[appID] = b
	}
	a.bySession[s] = b
}

func (a *appBudgets) drop(s *Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.bySession, s)
}

// of returns the budget of the app the session's token belongs to; until that is known, one of its own.
func (a *appBudgets) of(s *Session) *Budget {
	a.mu.Lock()
	defer a.mu.Unlock()
	b, ok := a.bySession[s]
	if !ok {
		b = NewBudget(a.clock)
		a.bySession[s] = b
	}
	return b
}
