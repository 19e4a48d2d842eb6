// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

const (
	// hourlyPeriod is how often the token and the optional fields are read: they rarely change.
	hourlyPeriod = time.Hour
	// fallbackPeriod is how long a failed composite request and a refused optional field are remembered.
	fallbackPeriod = 24 * time.Hour
	// smallestPage is the page size below which pages aren't halved.
	smallestPage = 10
)

// optionalFields are account fields that Meta documents only in its SDK or has renamed recently. A field that an API version
// doesn't know fails the whole request, so they are read separately
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/whatsapp-business-accounts).
var optionalFields = []string{
	"marketing_messages_onboarding_status", "primary_business_location", "creation_time",
	"disable_marketing_messages_on_cloud_api", "template_auto_archival_enabled", "is_shared_with_partners",
	"degrees_of_freedom_spec",
}

// observation builds one snapshot.
type observation struct {
	session *Session
	client  *graph.Client
	snap    *Snapshot
}

// Observe reads the whole account with as few calls as possible, publishes the snapshot, and returns what changed. An error means
// that the account itself could not be read and nothing was published; a section that failed alone is marked in the snapshot and
// keeps its previous content.
func (s *Session) Observe(ctx context.Context) (*Snapshot, Change, error) {
	s.observing.Lock()
	defer s.observing.Unlock()
	s.mu.Lock()
	s.tokenRefused = false
	s.mu.Unlock()

	now := s.clock.Now()
	o := &observation{session: s, client: s.Client(), snap: &Snapshot{
		AccountID: s.ref.AccountID, Begun: now, TemplateCount: -1, TemplateLimit: -1,
		Numbers: map[string]graph.PhoneNumber{}, Templates: map[TemplateKey]PackedTemplate{},
	}}
	if err := o.readAccount(ctx); err != nil {
		return nil, Change{}, err
	}
	if err := o.readHourly(ctx); err != nil {
		return nil, Change{}, err
	}
	change := s.publish(o.snap)
	s.account.SetQuota(s.quota())
	return o.snap, change, nil
}

// InspectToken reads Meta's data about the token itself. It explains why an account can't be read.
func (s *Session) InspectToken(ctx context.Context) (*graph.TokenInfo, error) {
	return s.Client().DebugToken(ctx)
}

func (o *observation) readAccount(ctx context.Context) error {
	if o.session.readsPerSection() {
		err := o.readSections(ctx)
		o.session.setUnreadable(err != nil)
		return err
	}
	err := o.readComposite(ctx)
	e, ok := graph.AsError(err)
	if !ok {
		return err
	}
	switch {
	case e.Class == graph.ClassPermission, e.Class == graph.ClassInvalidSpec, e.Class == graph.ClassUnknown,
		e.Class == graph.ClassRefused, e.Cause == graph.CauseReduceData:
		// Meta may refuse one section, or all together are too much; read the sections one by one.
	default:
		return err
	}
	if err := o.readSections(ctx); err != nil {
		o.session.setUnreadable(true)
		return err
	}
	o.session.fallBackToSections()
	return nil
}

// readComposite reads everything with one call; further pages follow.
func (o *observation) readComposite(ctx context.Context) error {
	begun := o.session.clock.Now()
	a, err := withPage(o, func(size int) (*graph.Account, error) {
		return o.client.ReadAccount(ctx, o.snap.AccountID, graph.AccountQuery{
			Numbers: true, Apps: true, Templates: true, PageSize: size,
		})
	})
	if err != nil {
		return err
	}
	o.setAccount(a, begun)
	// Meta leaves out empty edges, and sometimes others: only a listing of the edge itself is proof.
	if slices.Contains(a.OmittedEdges, "subscribed_apps") {
		o.readApps(ctx, begun)
	} else {
		o.snap.Apps, o.snap.AppsSection = a.SubscribedApps, Section{Begun: begun, Complete: true}
	}
	o.readNumbers(ctx, unlessOmitted(a, "phone_numbers", a.PhoneNumbers), begun)
	o.readTemplates(ctx, unlessOmitted(a, "message_templates", a.Templates), begun)
	return nil
}

func unlessOmitted[P any](a *graph.Account, edge string, page *P) *P {
	if slices.Contains(a.OmittedEdges, edge) {
		return nil
	}
	return page
}

func (o *observation) readApps(ctx context.Context, begun time.Time) {
	o.snap.Calls++
	apps, err := o.client.ListSubscribedApps(ctx, o.snap.AccountID)
	o.snap.Apps, o.snap.AppsSection = apps, Section{Begun: begun, Complete: err == nil, Err: err}
}

// readSections reads section by section. Only the account itself is indispensable.
func (o *observation) readSections(ctx context.Context) error {
	begun := o.session.clock.Now()
	o.snap.Calls++
	a, err := o.client.ReadAccount(ctx, o.snap.AccountID, graph.AccountQuery{})
	if err != nil {
		return err
	}
	o.setAccount(a, begun)
	o.readNumbers(ctx, nil, begun)
	o.readTemplates(ctx, nil, begun)
	o.readApps(ctx, begun)
	return nil
}

func (o *observation) setAccount(a *graph.Account, begun time.Time) {
	o.snap.Account = stripEdges(*a)
	o.snap.AccountSection = Section{Begun: begun, Complete: true}
}

func (o *observation) readNumbers(ctx context.Context, page *graph.PhoneNumberPage, begun time.Time) {
	err := graph.EachPage(graph.OpListPhoneNumbers, firstPage(page, func(after string) (*graph.PhoneNumberPage, error) {
		return withPage(o, func(size int) (*graph.PhoneNumberPage, error) {
			return o.client.ListPhoneNumbers(ctx, o.snap.AccountID, graph.ListOptions{PageSize: size, After: after})
		})
	}, func(p *graph.PhoneNumberPage) string {
		for _, n := range p.Items {
			o.snap.Numbers[n.ID] = n
		}
		return p.After
	}), func() { o.snap.Numbers, begun = map[string]graph.PhoneNumber{}, o.session.clock.Now() })
	o.snap.NumbersSection = Section{Begun: begun, Complete: err == nil, Err: err}
}

func (o *observation) readTemplates(ctx context.Context, page *graph.TemplatePage, begun time.Time) {
	err := graph.EachPage(graph.OpListTemplates, firstPage(page, func(after string) (*graph.TemplatePage, error) {
		return withPage(o, func(size int) (*graph.TemplatePage, error) {
			return o.client.ListTemplates(ctx, o.snap.AccountID, graph.ListOptions{PageSize: size, After: after})
		})
	}, func(p *graph.TemplatePage) string {
		for i := range p.Items {
			t := &p.Items[i]
			o.snap.Templates[NewTemplateKey(t.Name, t.Language)] = Pack(t)
		}
		if p.Count >= 0 {
			o.snap.TemplateCount = p.Count
		}
		if p.Limit >= 0 {
			o.snap.TemplateLimit = p.Limit
		}
		return p.After
	}), func() { o.snap.Templates, begun = map[TemplateKey]PackedTemplate{}, o.session.clock.Now() })
	o.snap.TemplatesSection = Section{Begun: begun, Complete: err == nil, Err: err}
}

// firstPage reads a page and adds it. The first page may have been read already, as a part of the account.
func firstPage[P any](first *P, fetch func(after string) (*P, error), add func(*P) (next string)) func(after string) (string, error) {
	return func(after string) (string, error) {
		page := first
		first = nil
		if page == nil {
			var err error
			if page, err = fetch(after); err != nil {
				return "", err
			}
		}
		return add(page), nil
	}
}

// withPage makes one call, halving the page as long as Meta asks to reduce the amount of data.
func withPage[T any](o *observation, call func(size int) (T, error)) (T, error) {
	for {
		size := o.session.currentPageSize()
		o.snap.Calls++
		v, err := call(size)
		e, ok := graph.AsError(err)
		if !ok || e.Cause != graph.CauseReduceData || size <= smallestPage {
			return v, err
		}
		o.session.setPage(max(size/2, smallestPage))
	}
}

// readHourly reads what changes rarely, at most once an hour. Only a token that Meta calls invalid fails the observation.
func (o *observation) readHourly(ctx context.Context) error {
	s := o.session
	if prev := s.Snapshot(); prev != nil {
		o.snap.Token, o.snap.Optional = prev.Token, prev.Optional
		o.snap.TokenErr, o.snap.OptionalErr = prev.TokenErr, prev.OptionalErr
	}
	if !s.hourlyReadDue() {
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
		s.setTokenApp(token.AppID)
	}
	o.readOptional(ctx)
	if graph.ClassOf(err) != graph.ClassTransient {
		s.markHourlyRead()
	}
	return nil
}

func (o *observation) readOptional(ctx context.Context) {
	s := o.session
	o.snap.OptionalErr = nil
	for range optionalFields {
		fields := s.supportedFields(optionalFields)
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
		if !ok || e.Cause != graph.CauseUnknownField || !s.rememberRefused(fields, e.Message) {
			o.snap.OptionalErr = err
			return
		}
	}
}

func (s *Session) readsPerSection() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.unreadable || deadline.Left(s.perSectionUntil, s.clock.Now(), fallbackPeriod) > 0
}

func (s *Session) setUnreadable(unreadable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unreadable = unreadable
}

func (s *Session) fallBackToSections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.perSectionUntil = s.clock.Now().Add(fallbackPeriod)
}

func (s *Session) currentPageSize() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.pageSize
}

func (s *Session) setPage(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}

func (s *Session) hourlyReadDue() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !deadline.Within(s.hourlyReadAt, s.clock.Now(), hourlyPeriod)
}

func (s *Session) markHourlyRead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hourlyReadAt = s.clock.Now()
	s.hourlyReads++
}

// supportedFields returns the fields that weren't refused lately.
func (s *Session) supportedFields(fields []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.refusedFields, func(_ string, until time.Time) bool { return deadline.Left(until, s.clock.Now(), fallbackPeriod) == 0 })
	var supported []string
	for _, f := range fields {
		if _, refused := s.refusedFields[f]; !refused {
			supported = append(supported, f)
		}
	}
	return supported
}

// rememberRefused remembers the field that Meta's message names and reports whether it named one.
func (s *Session) rememberRefused(fields []string, message string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range fields {
		if strings.Contains(message, "("+f+")") {
			s.refusedFields[f] = s.clock.Now().Add(fallbackPeriod)
			return true
		}
	}
	return false
}
