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

// Ref names the WABA resource a session belongs to. A resource that was deleted and created again has another UID and
// gets a session of its own: nothing learned for the old one may be used for the new one.
type Ref struct {
	Namespace, Name, UID string
	// AccountID is Meta's id of the account.
	AccountID string
}

// Credentials are what the account's Secret holds. They are never printed.
type Credentials struct {
	AccessToken, AppSecret, AppID string
	// SecretUID and ResourceVersion tell one content of the Secret from another without hashing what is in it.
	SecretUID, ResourceVersion string
	// Written is when that content was written, zero where that isn't known.
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
	// splitUntil is until when sections are asked one by one, because the composite request failed.
	splitUntil time.Time
	// unreadable means that not even the account alone could be read: the next attempt asks for that first, and costs one
	// call instead of two while nothing has changed.
	unreadable bool
	// refused holds optional fields this account doesn't know, and until when they aren't asked.
	refused map[string]time.Time
	// slowAt is when the token and the optional fields were read last.
	slowAt time.Time

	snapshot *Snapshot
	// listings are the keys of the last two complete listings, newest first.
	listings [2]*listing
	// fresh holds single templates read or written after the snapshot began.
	fresh map[TemplateKey]freshTemplate
	// freshNumbers holds single numbers read after the snapshot began; numbersListed is when all were listed outside it.
	freshNumbers  map[string]freshNumber
	numbersListed time.Time
	// freshApps are the subscribed apps as listed outside an observation.
	freshApps AppsView
	// lastWrite is when this process last wrote a template, until both listings began after it.
	lastWrite map[TemplateKey]time.Time
	// lost are the ids of templates that were in the account once and are missing from its listing, as long as a resource
	// may ask for them.
	lost map[TemplateKey]string

	// asked is when lookups were requested last, by resource, as long as that delays the next ones.
	asked map[string]time.Time

	unrequested int
	held        bool
	distrusted  bool

	// app is the budget of the app with this id, or the session's own while appID is empty.
	app   *Budget
	appID string
	// ended means that the session has given its budgets back.
	ended bool
}

type listing struct {
	begun time.Time
	keys  map[TemplateKey]struct{}
}

type freshTemplate struct {
	template *graph.Template // nil: absent
	at       time.Time
	partial  bool
}

// TemplateView is what is known of one template.
type TemplateView struct {
	// Template is nil when it is absent (Known) or nothing is known of it.
	Template *graph.Template
	// Known is false while neither a complete listing nor a look-up says anything.
	Known bool
	// ReadBack is false for a template of which only our own write and Meta's short answer to it are known.
	ReadBack bool
	// At is when the request that saw it was sent.
	At time.Time
}

// Ref returns whose session this is.
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

// SecretWritten returns when that content was written, zero where that isn't known.
func (s *Session) SecretWritten() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.credentials.Written
}

// AppID returns the Meta app that files are uploaded to: the one the Secret names, else the one the token belongs to. It is
// empty while neither is known.
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

// Snapshot returns what the last observation saw, nil before the first one.
func (s *Session) Snapshot() *Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.snapshot
}

// RefreshOptional has the optional fields of the account read with the next observation, because one of them was written.
func (s *Session) RefreshOptional() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowAt = time.Time{}
}

// Budget returns the account's share of the rate limit.
func (s *Session) Budget() *Budget { return s.account }

// Probe lets one call through for a person although Meta throttles the account or the app.
func (s *Session) Probe() {
	s.account.Probe()
	s.appBudget().Probe()
}

// Usage is how much of Meta's quota is used, and until when no call is made, zero while calls are: the account's or the
// app's, whichever is worse.
func (s *Session) Usage() (percent int, regain time.Time) {
	app := s.appBudget()
	regain = s.account.BlockedUntil()
	if until := app.BlockedUntil(); until.After(regain) {
		regain = until
	}
	return max(s.account.Percent(), app.Percent()), regain
}

// Template returns the newest knowledge of one template.
func (s *Session) Template(key TemplateKey) TemplateView {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f, ok := s.fresh[key]; ok {
		return TemplateView{Template: f.template, Known: true, ReadBack: !f.partial, At: f.at}
	}
	if s.snapshot == nil {
		return TemplateView{}
	}
	section := s.snapshot.TemplatesSection
	if t, ok := s.snapshot.Templates[key]; ok {
		return TemplateView{Template: &t, Known: true, ReadBack: true, At: section.Begun}
	}
	return TemplateView{Known: section.Complete, ReadBack: section.Complete, At: section.Begun}
}

// TemplateLanguages returns the templates of one name that are known, whatever their language.
func (s *Session) TemplateLanguages(name string) []graph.Template {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := map[TemplateKey]graph.Template{}
	if s.snapshot != nil {
		for k, t := range s.snapshot.Templates {
			if k.Name == name {
				found[k] = t
			}
		}
	}
	for k, f := range s.fresh {
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

// LookupTemplate asks Meta for one name, in every status, and returns what it says of the key.
func (s *Session) LookupTemplate(ctx context.Context, key TemplateKey) (TemplateView, error) {
	begun := s.clock.Now()
	found, err := s.Client().FindTemplates(ctx, s.ref.AccountID, key.Name)
	if err != nil {
		return TemplateView{}, err
	}
	answer := map[TemplateKey]freshTemplate{key: {at: begun}}
	for _, t := range found {
		answer[NewTemplateKey(t.Name, t.Language)] = freshTemplate{template: &t, at: begun}
	}
	s.mu.Lock()
	for k, f := range answer {
		// A write of ours, or a later look-up for another language, may have overtaken this answer.
		if known, ok := s.fresh[k]; !ok || !known.at.After(begun) {
			s.fresh[k] = f
		}
	}
	s.mu.Unlock()
	return s.Template(key), nil
}

// Wrote records the outcome of a write of ours, so that an observation begun before it can't undo what we know.
// A nil template means deleted. The view stays partial until a later request reads the template back.
func (s *Session) Wrote(key TemplateKey, t *graph.Template) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	s.lastWrite[key] = now
	s.fresh[key] = freshTemplate{template: t, at: now, partial: t != nil}
}

// ProvenMissing reports that two complete listings, both begun after our last write of the key, didn't contain it.
// It isn't proof enough for a new template: the caller still has to ask for the id and the name.
func (s *Session) ProvenMissing(key TemplateKey) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.listedTwiceSince(s.lastWrite[key]) {
		return false
	}
	for _, l := range s.listings {
		if _, there := l.keys[key]; there {
			return false
		}
	}
	return true
}

// Lost reports whether the template that had this id was seen in the account by this session and is missing now. Only such
// an id may be asked for: one that only a status tells could be that of another account's template.
func (s *Session) Lost(key TemplateKey, id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return id != "" && s.lost[key] == id
}

// Unrequested counts a write nobody asked for since the last observation (a repair, or a template created again) and
// reports whether it may be made. More than max(5, 10 % of the managed resources) of them trip the breaker, which stays
// open until Release: something is wrong with the account or with us, and a person should look.
func (s *Session) Unrequested(managed int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held {
		return false
	}
	if s.unrequested >= max(5, managed/10) {
		s.held = true
		return false
	}
	s.unrequested++
	return true
}

// Distrust notes that Meta refused the token in a call of another resource.
func (s *Session) Distrust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted = true
}

// Distrusted reports that Meta refused the token since the last observation.
func (s *Session) Distrusted() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.distrusted
}

// Held reports whether the breaker is open.
func (s *Session) Held() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.held
}

// Hold opens the breaker again after a restart; Release closes it.
func (s *Session) Hold() { s.setHeld(true) }

// Release closes the breaker.
func (s *Session) Release() { s.setHeld(false) }

func (s *Session) setHeld(held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.unrequested = held, 0
}

// quota is Meta's quota of calls an hour, as far as it is known.
func (s *Session) quota() int {
	if snap := s.Snapshot(); snap != nil && snap.HasRegisteredNumber() {
		return quotaWithNumber
	}
	return quotaWithoutNumber
}

// EffectiveInterval is how long to wait between observations: at least what was asked for, and long enough that
// observing spends no more than half of Meta's hourly quota; longer still while the quota is nearly used up.
func (s *Session) EffectiveInterval(requested time.Duration) time.Duration {
	snap := s.Snapshot()
	if snap == nil {
		return requested
	}
	least := time.Duration(float64(snap.Calls) / (float64(s.quota()) / 2) * float64(time.Hour))
	return time.Duration(float64(max(requested, least)) * s.account.Stretch()).Round(time.Second)
}
