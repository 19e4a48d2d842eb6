// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
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
	// apps are the budgets by Meta app, accounts those by account.
	apps     *budgets[string]
	accounts *budgets[budgetKey]

	mu       sync.Mutex
	sessions map[string]*Session // by UID of the WABA resource
	// gone are WABA resources, by UID, of which something is still kept though they are gone.
	gone map[string]*departure
}

// departure is what has to be freed of a WABA resource that is gone.
type departure struct {
	since time.Time
	// account and app are the keys of the budgets that its session used; app is known once the session has ended.
	account budgetKey
	app     string
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
		opts: opts, apps: newBudgets[string](opts.Clock), accounts: newBudgets[budgetKey](opts.Clock),
		sessions: map[string]*Session{}, gone: map[string]*departure{},
	}
}

// Get returns the session of a WABA resource, nil when there is none yet.
func (m *Manager) Get(uid string) *Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free(uid)
	return m.sessions[uid]
}

// Ensure returns the session of a WABA resource with these credentials and API version; a change of either builds
// a new client and keeps everything that was observed.
func (m *Manager) Ensure(ref Ref, creds Credentials, version string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free(ref.UID)
	m.accounts.sweep()
	m.apps.sweep()
	s, ok := m.sessions[ref.UID]
	if !ok || s.ref.AccountID != ref.AccountID {
		fresh := m.newSession(ref)
		if err := fresh.use(m.opts, creds, version); err != nil {
			fresh.end()
			return nil, err
		}
		if ok {
			s.end()
		}
		m.sessions[ref.UID], s = fresh, fresh
	} else if err := s.use(m.opts, creds, version); err != nil {
		return nil, err
	}
	delete(m.gone, ref.UID)
	return s, nil
}

// Forget ends the session of a deleted WABA resource after a while. It returns how long something is still kept of the
// resource: the session, then the budgets without another session. The caller has to call it again then; 0 means that all is freed.
func (m *Manager) Forget(uid string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.sessions[uid]; ok && m.gone[uid] == nil {
		m.gone[uid] = &departure{since: m.opts.Clock.Now(), account: s.budgetKey()}
	}
	return m.free(uid)
}

// free frees what is over of a resource that is gone, and returns how long the rest is kept.
func (m *Manager) free(uid string) time.Duration {
	d := m.gone[uid]
	if d == nil {
		return 0
	}
	if s := m.sessions[uid]; s != nil {
		if deadline.Within(d.since, m.opts.Clock.Now(), retention+1) {
			return d.since.Add(retention).Sub(m.opts.Clock.Now()) + time.Second
		}
		d.app = s.end()
		delete(m.sessions, uid)
	}
	left := max(m.accounts.free(d.account), m.apps.free(d.app))
	if left == 0 {
		delete(m.gone, uid)
	}
	return left
}

func (m *Manager) newSession(ref Ref) *Session {
	s := &Session{
		ref: ref, clock: m.opts.Clock, accounts: m.accounts, apps: m.apps, app: NewBudget(m.opts.Clock), pageSize: m.opts.PageSize,
		log:     m.opts.Log.WithValues("WABA", ref.Namespace+"/"+ref.Name),
		refused: map[string]time.Time{}, fresh: map[TemplateKey]freshTemplate{}, freshNumbers: map[string]freshNumber{}, lastWrite: map[TemplateKey]time.Time{},
		lost: map[TemplateKey]string{}, asked: map[string]time.Time{},
	}
	s.account = m.accounts.acquire(s.budgetKey())
	return s
}

func (s *Session) budgetKey() budgetKey {
	return budgetKey{namespace: s.ref.Namespace, name: s.ref.Name, accountID: s.ref.AccountID}
}

// use builds the client if the credentials or the version are new.
func (s *Session) use(opts Options, creds Credentials, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.credentials == creds && s.version == version {
		return nil
	}
	client, err := graph.NewClient(graph.Config{
		BaseURL: opts.BaseURL, Version: version, AccessToken: creds.AccessToken, AppSecret: creds.AppSecret, AccountID: s.ref.AccountID,
		UserAgent: opts.UserAgent, Timeout: opts.Timeout, Transport: opts.Transport,
		Gate:    &gate{account: s.account, app: s.appBudget, held: opts.Held},
		Observe: opts.Observe, Clock: opts.Clock, Log: s.log,
	})
	if err != nil {
		return err
	}
	if s.credentials.AccessToken != creds.AccessToken {
		// To which app the new token belongs is for Meta to say: the Secret's word could stop other people's accounts.
		s.leaveApp()
	}
	s.client, s.credentials, s.version = client, creds, version
	s.slowAt = time.Time{}
	return nil
}

// appBudget returns the budget of the app the session's token belongs to; until that is known, one of its own.
func (s *Session) appBudget() *Budget {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.app
}

// joinApp notes to which app the session's token belongs.
func (s *Session) joinApp(appID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.appID == appID {
		return
	}
	s.leaveApp()
	if s.appID = appID; appID != "" {
		s.app = s.apps.acquire(appID)
	}
}

// leaveApp gives the app's budget back. s.mu is held.
func (s *Session) leaveApp() {
	if s.appID != "" {
		s.apps.release(s.appID)
		s.appID, s.app = "", NewBudget(s.clock)
	}
}

// end gives the budgets back and returns the app's id. A run that still holds the session goes on with the budgets it has.
func (s *Session) end() (appID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ""
	}
	appID, s.ended = s.appID, true
	s.leaveApp()
	s.accounts.release(s.budgetKey())
	return appID
}
