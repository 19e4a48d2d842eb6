// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// Ref names the WABA resource a session belongs to. A resource that was deleted and created again has another UID and gets a
// session of its own: data of the old one must not be used for the new one.
type Ref struct {
	Namespace, Name, UID string
	// AccountID is Meta's id of the account.
	AccountID string
}

// Credentials are what the account's Secret holds. They are never printed.
type Credentials struct {
	// Source says in messages where the credentials come from, such as "Secret shop/acme-meta".
	Source string

	AccessToken, AppSecret, AppID string
	// SecretUID and ResourceVersion identify the content of the Secret without a hash of it.
	SecretUID, ResourceVersion string
	// Written is when that content was written, zero if that isn't known.
	Written time.Time
}

// String hides everything.
func (Credentials) String() string { return "[redacted]" }

// GoString hides everything from %#v too.
func (Credentials) GoString() string { return "[redacted]" }

// Session is the operator's connection to one account. It is safe for concurrent use.
type Session struct {
	ref   Ref
	clock clock.PassiveClock
	log   logr.Logger

	account  *Budget
	accounts *budgets[budgetKey]
	apps     *budgets[string]

	observing sync.Mutex // one observation at a time

	mu          sync.RWMutex
	client      *graph.Client
	version     string
	credentials Credentials
	pageSize    int
	// perSectionUntil is until when sections are read one by one, because the composite request failed.
	perSectionUntil time.Time
	// unreadable means that not even the account alone could be read. The next attempt reads that first, and costs one call
	// instead of two while nothing has changed.
	unreadable bool
	// refusedFields holds the optional fields that Meta refused for this account, and until when they aren't requested.
	refusedFields map[string]time.Time
	// hourlyReadAt is when the token and the optional fields were last read.
	hourlyReadAt time.Time
	// hourlyReads counts those reads.
	hourlyReads int
	catalogs    catalogsRead

	snapshot *Snapshot
	// registered is whether the account had a registered number before this process observed it.
	registered bool
	// lastChange is when the last observation began that found anything changed.
	lastChange time.Time
	// lastListings are the keys of the last two complete template listings, newest first.
	lastListings [2]*templateListing
	// templateOverrides holds single templates read or written after the snapshot began.
	templateOverrides map[TemplateKey]templateOverride
	// numberOverrides holds single numbers read after the snapshot began; numbersListed is when all were listed outside it.
	numberOverrides map[string]numberOverride
	numbersListed   time.Time
	// appsOverride holds the subscribed apps as listed outside an observation.
	appsOverride AppsView
	// lastWrite is when this process last wrote a template, until both listings began after the write.
	lastWrite map[TemplateKey]time.Time
	// missingIDs are the ids of templates that were once in the account and are missing from its listing, while a resource may
	// ask for them.
	missingIDs map[TemplateKey]string

	// lookupRequests is when a lookup was last requested by annotation, by resource, while that delays the next one.
	lookupRequests map[string]time.Time

	unrequestedWrites int
	breakerOpen       bool
	tokenRefused      bool

	// app is the budget of the app with this id, or one of the session alone while appID is empty.
	app   *Budget
	appID string
	// ended means that the session has released its budgets.
	ended bool
}

type templateListing struct {
	begun time.Time
	// keys are the templates of the snapshot, which successive ones share where nothing has changed.
	keys map[TemplateKey]PackedTemplate
}

type templateOverride struct {
	template *graph.Template // nil: absent
	at       time.Time
	partial  bool
}

// TemplateView is the latest known state of one template.
type TemplateView struct {
	// Template is nil if it is absent (Known) or was never read.
	Template *graph.Template
	// Known is false until a complete listing or a lookup was read.
	Known bool
	// ReadBack is false for a template that was written and not read since.
	ReadBack bool
	// At is when the request that read it was sent.
	At time.Time
}

// Ref returns the resource of the session.
func (s *Session) Ref() Ref { return s.ref }

// Client returns the Graph API client with the current credentials.
func (s *Session) Client() *graph.Client {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.client
}

// SecretVersion returns which Secret, and which content of it, the client was built from.
func (s *Session) SecretVersion() (uid, resourceVersion string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.credentials.SecretUID, s.credentials.ResourceVersion
}

// SecretWritten returns when that content was written, zero if that isn't known.
func (s *Session) SecretWritten() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.credentials.Written
}

// AppID returns the Meta app that files are uploaded to: the one in the Secret, else the one of the token. It is empty while
// neither is known.
func (s *Session) AppID() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.credentials.AppID != "":
		return s.credentials.AppID
	case s.snapshot != nil && s.snapshot.Token != nil:
		return s.snapshot.Token.AppID
	}
	return ""
}

// Snapshot returns the result of the last observation, nil before the first one.
func (s *Session) Snapshot() *Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.snapshot
}

// LastChange returns when the last observation began that differed from the one before, or was the first of this process.
func (s *Session) LastChange() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.lastChange
}

// RefreshOptional makes the next observation read the optional fields of the account, because one of them was written.
func (s *Session) RefreshOptional() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hourlyReadAt = time.Time{}
}

// Budget returns the account's share of the rate limit.
func (s *Session) Budget() *Budget { return s.account }

// Probe lets one call through on a user's request although Meta throttles the account or the app.
func (s *Session) Probe() {
	s.account.Probe()
	s.appBudget().Probe()
}

// Usage returns how much of Meta's quota is used, and until when no call is made, zero if calls are allowed. Each is the worse of
// the account's and the app's.
func (s *Session) Usage() (percent int, regain time.Time) {
	app := s.appBudget()
	regain = s.account.BlockedUntil()
	if until := app.BlockedUntil(); until.After(regain) {
		regain = until
	}
	return max(s.account.Percent(), app.Percent()), regain
}

// Template returns the latest known state of one template.
func (s *Session) Template(key TemplateKey) TemplateView {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f, ok := s.templateOverrides[key]; ok {
		return TemplateView{Template: f.template, Known: true, ReadBack: !f.partial, At: f.at}
	}
	if s.snapshot == nil {
		return TemplateView{}
	}
	section := s.snapshot.TemplatesSection
	if packed, ok := s.snapshot.Templates[key]; ok {
		t := packed.Unpack()
		return TemplateView{Template: &t, Known: true, ReadBack: true, At: section.Begun}
	}
	return TemplateView{Known: section.Complete, ReadBack: section.Complete, At: section.Begun}
}

// TemplateLanguages returns the known templates of one name, in all languages.
func (s *Session) TemplateLanguages(name string) []graph.Template {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := map[TemplateKey]graph.Template{}
	if s.snapshot != nil {
		for k, t := range s.snapshot.Templates {
			if k.Name == name {
				found[k] = t.Unpack()
			}
		}
	}
	for k, f := range s.templateOverrides {
		if k.Name != name {
			continue
		}
		delete(found, k)
		if f.template != nil {
			found[k] = *f.template
		}
	}
	return slices.Collect(maps.Values(found))
}

// LookupTemplate looks up one name at Meta, in every status, and returns the view of the key.
func (s *Session) LookupTemplate(ctx context.Context, key TemplateKey) (TemplateView, error) {
	begun := s.clock.Now()
	found, err := s.Client().FindTemplates(ctx, s.ref.AccountID, key.Name)
	if err != nil {
		return TemplateView{}, err
	}
	answer := map[TemplateKey]templateOverride{key: {at: begun}}
	for _, t := range found {
		answer[NewTemplateKey(t.Name, t.Language)] = templateOverride{template: &t, at: begun}
	}
	s.mu.Lock()
	for k, f := range answer {
		// A write, or a later lookup for another language, may be newer than this answer.
		if newest, ok := s.templateOverrides[k]; !ok || !newest.at.After(begun) {
			s.templateOverrides[k] = f
		}
	}
	s.mu.Unlock()
	return s.Template(key), nil
}

// RecordWrite stores the result of a write, so that an observation begun before it can't replace it. A nil template means
// deleted. The view isn't ReadBack until a later request reads the template.
func (s *Session) RecordWrite(key TemplateKey, t *graph.Template) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.lastWrite[key] = now
	s.templateOverrides[key] = templateOverride{template: t, at: now, partial: t != nil}
}

// ProvenMissing reports whether two complete listings, both begun after the last write of the key, didn't contain it. It isn't
// proof enough for a new template: the caller must also look up the id and the name.
func (s *Session) ProvenMissing(key TemplateKey) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.listedTwiceSince(s.lastWrite[key]) {
		return false
	}
	for _, l := range s.lastListings {
		if _, there := l.keys[key]; there {
			return false
		}
	}
	return true
}

// IsMissingID reports whether this session saw a template with this id in the account, and the template is missing now. Only such
// an id may be looked up: an id that is only in a status could be that of another account's template.
func (s *Session) IsMissingID(key TemplateKey, id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return id != "" && s.missingIDs[key] == id
}

// BreakerAllows counts an unrequested write since the last observation (a repair, or a template created again) and reports
// whether it may be made. More than max(5, 10 % of the managed resources) of them trip the breaker, which stays open until
// ResetBreaker: the account or the operator has a problem that a user should investigate.
func (s *Session) BreakerAllows(managed int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.breakerOpen {
		return false
	}
	if s.unrequestedWrites >= max(5, managed/10) {
		s.breakerOpen = true
		return false
	}
	s.unrequestedWrites++
	return true
}

// MarkTokenRefused records that Meta refused the token in a call of another resource.
func (s *Session) MarkTokenRefused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokenRefused = true
}

// TokenRefused reports whether Meta has refused the token since the last observation.
func (s *Session) TokenRefused() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tokenRefused
}

// BreakerOpen reports whether the breaker is open.
func (s *Session) BreakerOpen() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.breakerOpen
}

// TripBreaker opens the breaker again after a restart; ResetBreaker closes it.
func (s *Session) TripBreaker() { s.setBreaker(true) }

// ResetBreaker closes the breaker.
func (s *Session) ResetBreaker() { s.setBreaker(false) }

func (s *Session) setBreaker(open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breakerOpen, s.unrequestedWrites = open, 0
}

// quota returns Meta's quota of calls an hour for the account.
func (s *Session) quota() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	registered := s.registered
	if s.snapshot != nil {
		registered = s.snapshot.HasRegisteredNumber()
	}
	if registered {
		return quotaWithNumber
	}
	return quotaWithoutNumber
}

// AssumeNumber is for the time until this process observes the account: an earlier one found a registered number, or none.
func (s *Session) AssumeNumber(registered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registered = registered
}

// AllowsObservation reports whether the quota has room for an observation, and if not, when to ask again.
func (s *Session) AllowsObservation() (bool, time.Duration) {
	calls := 1
	if snap := s.Snapshot(); snap != nil {
		calls = snap.Calls
	}
	return s.account.AllowsBackground(calls)
}

// EffectiveInterval returns how long to wait between observations: at least the requested interval, and long enough that
// observations spend at most half of Meta's hourly quota; longer still while the quota is nearly used up.
func (s *Session) EffectiveInterval(requested time.Duration) time.Duration {
	snap := s.Snapshot()
	if snap == nil {
		return requested
	}
	least := time.Duration(float64(snap.Calls) / (float64(s.quota()) / 2) * float64(time.Hour))
	return time.Duration(float64(max(requested, least)) * s.account.Stretch()).Round(time.Second)
}
