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

// retention is how long the session of a deleted account keeps its last valid token, for resources that still have to delete
// something at Meta.
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
	// PageSize is how many templates or numbers are requested per page.
	PageSize int
	Clock    clock.PassiveClock
	// Observe is called after every HTTP exchange (metrics).
	Observe func(graph.CallInfo)
	// ObserveUnknown is called for each property of an answer that this version doesn't know (metrics).
	ObserveUnknown func(object, path string)
	// OnThrottled is called for every call that isn't made because Meta throttles the account, or the app (metrics).
	OnThrottled func(app bool)
	Log         logr.Logger
}

// Manager keeps the sessions.
type Manager struct {
	opts Options
	// readApps are the budgets by Meta app, accounts those by account.
	apps     *budgets[string]
	accounts *budgets[budgetKey]

	mu       sync.Mutex
	sessions map[string]*Session // by UID of the WABA resource
	// deleted holds the deleted WABA resources, by UID, of which a session or a budget is still kept.
	deleted map[string]*deletedResource
}

// deletedResource is what has to be freed of a deleted WABA resource.
type deletedResource struct {
	deletedAt time.Time
	// account and app are the keys of the budgets that its session used; app is set once the session has ended.
	account budgetKey
	app     string
}

// budgetKey identifies the rate limit of a budget. A resource created again doesn't get a new quota. Another tenant's resource
// with the same id uses another app's token, whose limits are independent.
type budgetKey struct{ namespace, name, accountID string }

// NewManager returns a manager without sessions.
func NewManager(opts Options) *Manager {
	if opts.OnThrottled == nil {
		opts.OnThrottled = func(bool) {}
	}
	return &Manager{
		opts: opts, apps: newBudgets[string](opts.Clock), accounts: newBudgets[budgetKey](opts.Clock),
		sessions: map[string]*Session{}, deleted: map[string]*deletedResource{},
	}
}

// Get returns the session of a WABA resource, nil if there is none yet.
func (m *Manager) Get(uid string) *Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeExpired(uid)
	return m.sessions[uid]
}

// Ensure returns the session of a WABA resource with these credentials and API version; a change of either builds a new client
// and keeps all observations.
func (m *Manager) Ensure(ref Ref, creds Credentials, version string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeExpired(ref.UID)
	m.accounts.sweep()
	m.apps.sweep()
	s, ok := m.sessions[ref.UID]
	if !ok || s.ref.AccountID != ref.AccountID {
		created := m.newSession(ref)
		if err := created.updateClient(m.opts, creds, version); err != nil {
			created.end()
			return nil, err
		}
		if ok {
			s.end()
		}
		m.sessions[ref.UID], s = created, created
	} else if err := s.updateClient(m.opts, creds, version); err != nil {
		return nil, err
	}
	delete(m.deleted, ref.UID)
	return s, nil
}

// Forget ends the session of a deleted WABA resource after retention. It returns how long something of the resource is still
// kept: the session, then the budgets without another session. The caller must call it again then; 0 means that everything is
// freed.
func (m *Manager) Forget(uid string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.sessions[uid]; ok && m.deleted[uid] == nil {
		m.deleted[uid] = &deletedResource{deletedAt: m.opts.Clock.Now(), account: s.budgetKey()}
	}
	return m.freeExpired(uid)
}

// freeExpired frees what has expired of a deleted resource, and returns how long the rest is kept.
func (m *Manager) freeExpired(uid string) time.Duration {
	d := m.deleted[uid]
	if d == nil {
		return 0
	}
	if s := m.sessions[uid]; s != nil {
		if deadline.Within(d.deletedAt, m.opts.Clock.Now(), retention+1) {
			return d.deletedAt.Add(retention).Sub(m.opts.Clock.Now()) + time.Second
		}
		d.app = s.end()
		delete(m.sessions, uid)
	}
	left := max(m.accounts.free(d.account), m.apps.free(d.app))
	if left == 0 {
		delete(m.deleted, uid)
	}
	return left
}

func (m *Manager) newSession(ref Ref) *Session {
	s := &Session{
		ref: ref, clock: m.opts.Clock, accounts: m.accounts, apps: m.apps, app: NewBudget(m.opts.Clock), pageSize: m.opts.PageSize,
		log:            m.opts.Log.WithValues("WABA", ref.Namespace+"/"+ref.Name),
		refusedFields:  map[string]time.Time{},
		lookupRequests: map[string]time.Time{},

		templateOverrides: map[TemplateKey]templateOverride{},
		numberOverrides:   map[string]numberOverride{},
		lastWrite:         map[TemplateKey]time.Time{},
		missingIDs:        map[TemplateKey]string{},
	}
	s.account = m.accounts.acquire(s.budgetKey())
	return s
}

func (s *Session) budgetKey() budgetKey {
	return budgetKey{namespace: s.ref.Namespace, name: s.ref.Name, accountID: s.ref.AccountID}
}

// updateClient builds the client if the credentials or the version are new.
func (s *Session) updateClient(opts Options, creds Credentials, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.credentials == creds && s.version == version {
		return nil
	}
	client, err := graph.NewClient(graph.Config{
		BaseURL: opts.BaseURL, Version: version, AccessToken: creds.AccessToken, AppSecret: creds.AppSecret, AccountID: s.ref.AccountID,
		UserAgent: opts.UserAgent, Timeout: opts.Timeout, Transport: opts.Transport,
		RateLimiter: &budgetLimiter{account: s.account, app: s.appBudget, onThrottled: opts.OnThrottled},
		Observe:     opts.Observe, ObserveUnknown: opts.ObserveUnknown, Clock: opts.Clock, Log: s.log,
	})
	if err != nil {
		return err
	}
	if s.credentials.AccessToken != creds.AccessToken {
		// Only Meta can say to which app the new token belongs: a wrong app id in a Secret could block other tenants' accounts.
		s.releaseAppBudget()
	}
	s.client, s.credentials, s.version = client, creds, version
	s.hourlyReadAt = time.Time{}
	return nil
}

// appBudget returns the budget of the app that the session's token belongs to; until that is known, one of the session alone.
func (s *Session) appBudget() *Budget {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.app
}

// setTokenApp sets the app that the session's token belongs to.
func (s *Session) setTokenApp(appID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.appID == appID {
		return
	}
	s.releaseAppBudget()
	if s.appID = appID; appID != "" {
		s.app = s.apps.acquire(appID)
	}
}

// releaseAppBudget releases the app's budget. s.mu is held.
func (s *Session) releaseAppBudget() {
	if s.appID != "" {
		s.apps.release(s.appID)
		s.appID, s.app = "", NewBudget(s.clock)
	}
}

// end releases the budgets and returns the app's id. A run that still holds the session continues with its budgets.
func (s *Session) end() (appID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ""
	}
	appID, s.ended = s.appID, true
	s.releaseAppBudget()
	s.accounts.release(s.budgetKey())
	return appID
}
