// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

const (
	// slowPeriod is how often the token and the optional fields are read: they change rarely.
	slowPeriod = time.Hour
	// splitMemory is how long a failed composite request and a refused optional field are remembered.
	splitMemory = 24 * time.Hour
	// smallestPage is where halving the page ends.
	smallestPage = 10
	// maxPages ends a listing whose cursors never end.
	maxPages = 1000
)

// optionalFields are account fields that Meta documents only in its SDK or has renamed recently. A field that an API
// version doesn't know fails the whole request, so they are asked separately
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/whatsapp-business-accounts).
var optionalFields = []string{
	"marketing_messages_onboarding_status", "primary_business_location", "creation_time",
	"disable_marketing_messages_on_cloud_api", "template_auto_archival_enabled", "is_shared_with_partners",
}

// observation gathers one snapshot.
type observation struct {
	session *Session
	client  *graph.Client
	snap    *Snapshot
}

// Observe reads the whole account with as few calls as possible, publishes the snapshot, and says what changed.
// An error means that the account itself could not be read and nothing was published; a section that failed alone
// is marked in the snapshot and keeps its previous content.
func (s *Session) Observe(ctx context.Context) (*Snapshot, Change, error) {
	s.observing.Lock()
	defer s.observing.Unlock()
	s.mu.Lock()
	s.distrusted = false
	s.mu.Unlock()

	now := s.clock.Now()
	o := &observation{session: s, client: s.Client(), snap: &Snapshot{
		AccountID: s.ref.AccountID, Begun: now, TemplateCount: -1, TemplateLimit: -1,
		Numbers: map[string]graph.PhoneNumber{}, Templates: map[TemplateKey]graph.Template{},
	}}
	if err := o.account(ctx); err != nil {
		return nil, Change{}, err
	}
	if err := o.slow(ctx); err != nil {
		return nil, Change{}, err
	}
	return o.snap, s.publish(o.snap), nil
}

// InspectToken asks Meta about the token itself. It explains an account that can't be read.
func (s *Session) InspectToken(ctx context.Context) (*graph.TokenInfo, error) {
	return s.Client().DebugToken(ctx)
}

func (o *observation) account(ctx context.Context) error {
	if o.session.splitting() {
		err := o.split(ctx)
		o.session.setUnreadable(err != nil)
		return err
	}
	err := o.composite(ctx)
	e, ok := graph.AsError(err)
	if !ok {
		return err
	}
	switch {
	case e.Class == graph.ClassPermission, e.Class == graph.ClassInvalidSpec, e.Class == graph.ClassUnknown,
		e.Class == graph.ClassRefused, e.Cause == graph.CauseReduceData:
		// One part may be what Meta refuses, or all together are too much; ask for the parts one by one.
	default:
		return err
	}
	if err := o.split(ctx); err != nil {
		o.session.setUnreadable(true)
		return err
	}
	o.session.rememberSplit()
	return nil
}

// composite is the one call that reads everything; further pages follow.
func (o *observation) composite(ctx context.Context) error {
	begun := o.session.clock.Now()
	a, err := withPage(o, func(size int) (*graph.Account, error) {
		return o.client.ReadAccount(ctx, o.snap.AccountID, graph.AccountQuery{
			Numbers: true, Apps: true, Templates: true, PageSize: size,
		})
	})
	if err != nil {
		return err
	}
	o.takeAccount(a, begun)
	// An edge that Meta left out of the answer is empty, or it isn't: only its own listing tells.
	if slices.Contains(a.OmittedEdges, "subscribed_apps") {
		o.apps(ctx, begun)
	} else {
		o.snap.Apps, o.snap.AppsSection = a.SubscribedApps, Section{Begun: begun, Complete: true}
	}
	o.numbers(ctx, unlessOmitted(a, "phone_numbers", a.PhoneNumbers), begun)
	o.templates(ctx, unlessOmitted(a, "message_templates", a.Templates), begun)
	return nil
}

func unlessOmitted[P any](a *graph.Account, edge string, page *P) *P {
	if slices.Contains(a.OmittedEdges, edge) {
		return nil
	}
	return page
}

func (o *observation) apps(ctx context.Context, begun time.Time) {
	o.snap.Calls++
	apps, err := o.client.ListSubscribedApps(ctx, o.snap.AccountID)
	o.snap.Apps, o.snap.AppsSection = apps, Section{Begun: begun, Complete: err == nil, Err: err}
}

// split reads section by section. Only the account itself is indispensable.
func (o *observation) split(ctx context.Context) error {
	begun := o.session.clock.Now()
	o.snap.Calls++
	a, err := o.client.ReadAccount(ctx, o.snap.AccountID, graph.AccountQuery{})
	if err != nil {
		return err
	}
	o.takeAccount(a, begun)
	o.numbers(ctx, nil, begun)
	o.templates(ctx, nil, begun)
	o.apps(ctx, begun)
	return nil
}

func (o *observation) takeAccount(a *graph.Account, begun time.Time) {
	o.snap.Account = stripEdges(*a)
	o.snap.AccountSection = Section{Begun: begun, Complete: true}
}

func (o *observation) numbers(ctx context.Context, page *graph.PhoneNumberPage, begun time.Time) {
	err := eachPage(page, func(after string) (*graph.PhoneNumberPage, error) {
		return withPage(o, func(size int) (*graph.PhoneNumberPage, error) {
			return o.client.ListPhoneNumbers(ctx, o.snap.AccountID, graph.ListOptions{PageSize: size, After: after})
		})
	}, func(p *graph.PhoneNumberPage) string {
		for _, n := range p.Items {
			o.snap.Numbers[n.ID] = n
		}
		return p.After
	})
	o.snap.NumbersSection = Section{Begun: begun, Complete: err == nil, Err: err}
}

func (o *observation) templates(ctx context.Context, page *graph.TemplatePage, begun time.Time) {
	fetch := func(after string) (*graph.TemplatePage, error) {
		return withPage(o, func(size int) (*graph.TemplatePage, error) {
			return o.client.ListTemplates(ctx, o.snap.AccountID, graph.ListOptions{PageSize: size, After: after})
		})
	}
	take := func(p *graph.TemplatePage) string {
		for _, t := range p.Items {
			o.snap.Templates[NewTemplateKey(t.Name, t.Language)] = t
		}
		if p.Count >= 0 {
			o.snap.TemplateCount = p.Count
		}
		if p.Limit >= 0 {
			o.snap.TemplateLimit = p.Limit
		}
		return p.After
	}
	err := eachPage(page, fetch, take)
	if e, ok := graph.AsError(err); ok && e.Cause == graph.CauseBadCursor {
		// Cursors expire; the listing starts over once, without what was collected so far.
		o.snap.Templates = map[TemplateKey]graph.Template{}
		begun = o.session.clock.Now()
		err = eachPage(nil, fetch, take)
	}
	o.snap.TemplatesSection = Section{Begun: begun, Complete: err == nil, Err: err}
}

// eachPage walks a listing from a first page that may already be there. take returns the next cursor.
func eachPage[P any](first *P, fetch func(after string) (*P, error), take func(*P) string) error {
	after, seen := "", map[string]bool{}
	for range maxPages {
		page := first
		if page == nil {
			var err error
			if page, err = fetch(after); err != nil {
				return err
			}
		}
		first = nil
		next := take(page)
		if next == "" {
			return nil
		}
		if seen[next] {
			return errors.New("the listing repeats its cursor")
		}
		seen[next] = true
		after = next
	}
	return errors.New("the listing doesn't end")
}

// withPage makes one call, halving the page as long as Meta asks to reduce the amount of data.
func withPage[T any](o *observation, call func(size int) (T, error)) (T, error) {
	for {
		size := o.session.page()
		o.snap.Calls++
		v, err := call(size)
		e, ok := graph.AsError(err)
		if !ok || e.Cause != graph.CauseReduceData || size <= smallestPage {
			return v, err
		}
		o.session.setPage(max(size/2, smallestPage))
	}
}

// slow reads what needs to be read only once an hour. Only a token that Meta calls invalid fails the observation.
func (o *observation) slow(ctx context.Context) error {
	s := o.session
	if prev := s.Snapshot(); prev != nil {
		o.snap.Token, o.snap.Optional = prev.Token, prev.Optional
		o.snap.TokenErr, o.snap.OptionalErr = prev.TokenErr, prev.OptionalErr
	}
	if !s.slowDue() {
		return nil
	}
	o.snap.Calls++
	token, err := o.client.DebugToken(ctx)
	o.snap.TokenErr = err
	switch {
	case err == nil && !token.Valid:
		return &graph.Error{
			Op: graph.OpDebugToken, Class: graph.ClassCredentials, Cause: graph.CauseTokenInvalid,
			Code: token.ErrorCode, Subcode: token.ErrorSubcode, Message: token.ErrorMessage,
		}
	case err == nil:
		o.snap.Token = token
		s.joinApp(token.AppID)
	}
	o.optional(ctx)
	if graph.ClassOf(err) != graph.ClassTransient {
		s.slowDone()
	}
	return nil
}

func (o *observation) optional(ctx context.Context) {
	s := o.session
	o.snap.OptionalErr = nil
	for range optionalFields {
		fields := s.askable(optionalFields)
		if len(fields) == 0 {
			return
		}
		o.snap.Calls++
		answer, err := o.client.ReadAccountOptional(ctx, o.snap.AccountID, fields)
		if err == nil {
			o.snap.Optional = answer
			return
		}
		e, ok := graph.AsError(err)
		if !ok || e.Cause != graph.CauseUnknownField || !s.refuse(fields, e.Message) {
			o.snap.OptionalErr = err
			return
		}
	}
}

func (s *Session) splitting() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.unreadable || deadline.Left(s.splitUntil, s.clock.Now(), splitMemory) > 0
}

func (s *Session) setUnreadable(unreadable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unreadable = unreadable
}

func (s *Session) rememberSplit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.splitUntil = s.clock.Now().Add(splitMemory)
}

func (s *Session) page() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.pageSize
}

func (s *Session) setPage(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}

func (s *Session) slowDue() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !deadline.Within(s.slowAt, s.clock.Now(), slowPeriod)
}

func (s *Session) slowDone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowAt = s.clock.Now()
}

// askable leaves out the fields that were refused lately.
func (s *Session) askable(fields []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.refused, func(_ string, until time.Time) bool { return deadline.Left(until, s.clock.Now(), splitMemory) == 0 })
	var ask []string
	for _, f := range fields {
		if _, refused := s.refused[f]; !refused {
			ask = append(ask, f)
		}
	}
	return ask
}

// refuse remembers the field that Meta's message names and reports whether it named one.
func (s *Session) refuse(fields []string, message string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range fields {
		if strings.Contains(message, "("+f+")") {
			s.refused[f] = s.clock.Now().Add(splitMemory)
			return true
		}
	}
	return false
}
