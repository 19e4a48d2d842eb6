// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// Read observes the account as the operator does, and reads what else was requested. What can't be read is named in the
// answer; an error means that nothing could be.
func Read(ctx context.Context, session *account.Session, o *Options, settings bool) (*Source, error) {
	snapshot, _, err := session.Observe(ctx)
	if err != nil {
		return nil, err
	}
	s := &Source{Snapshot: snapshot, AppID: session.TokenAppID()}
	for _, section := range []struct {
		kind, what string
		account.Section
		found int
	}{
		{v1alpha1.KindPhoneNumber, "phone number", snapshot.NumbersSection, len(snapshot.Numbers)},
		{v1alpha1.KindMessageTemplate, "template", snapshot.TemplatesSection, len(snapshot.Templates)},
		{v1alpha1.KindWebhookSubscription, "subscribed app", snapshot.AppsSection, len(snapshot.Apps)},
	} {
		if o.wants(section.kind) && !section.Complete {
			s.miss("%ss are missing (%s could be read): %s", section.what, plural(section.found, section.what), Explain(section.Err))
		}
	}
	if o.wants(v1alpha1.KindWebhookSubscription) {
		s.readApp(ctx, session)
	}
	if settings && o.wants(v1alpha1.KindPhoneNumber) {
		numbers, _ := o.numbers(snapshot.Numbers)
		for i := range numbers {
			if numbers[i].PlatformType == metavalues.PlatformCloudAPI {
				s.readSettings(ctx, session, numbers[i].ID)
			} else {
				s.Unregistered++
			}
		}
	}
	return s, ctx.Err()
}

func (s *Source) miss(format string, args ...any) {
	s.Missing = append(s.Missing, fmt.Sprintf(format, args...))
}

// readApp reads the app itself, if the app secret is at hand and there will be a subscription.
func (s *Source) readApp(ctx context.Context, session *account.Session) {
	switch {
	case s.AppID == "":
		s.miss("the WebhookSubscription is missing: Meta doesn't report to which app the token belongs")
		return
	case !session.Client().HasAppSecret() || account.AppsView{Apps: s.Snapshot.Apps}.App(s.AppID) == nil:
		return
	}
	app, err := session.Client().ReadAppSubscription(ctx, s.AppID)
	if err != nil {
		s.miss("the callback of app %s is missing: %s", s.AppID, Explain(err))
		return
	}
	s.App = app
}

// readSettings makes a call for each section of a number, but for those that another call has read.
func (s *Source) readSettings(ctx context.Context, session *account.Session, id string) {
	for _, section := range number.All {
		if live, read := s.Settings[id][number.ReadWith(section)]; read {
			s.Settings[id][section] = live
			continue
		}
		live, err := number.Read(ctx, session.Client(), id, section)
		if err != nil {
			s.miss("%s of number %s is missing: %s", section, id, Explain(err))
			continue
		}
		if s.Settings == nil {
			s.Settings = map[string]map[number.Section]number.Live{}
		}
		if s.Settings[id] == nil {
			s.Settings[id] = map[number.Section]number.Live{}
		}
		s.Settings[id][section] = live
	}
}

// Explain says in one line why a call failed.
func Explain(err error) string {
	var e *graph.Error
	if errors.As(err, &e) {
		return OneLine(e.Explain())
	}
	return OneLine(err.Error())
}

// ExplainCall is Explain for the person who made the call, with the source of the access token.
func ExplainCall(err error, tokenSource string) string {
	if e, ok := graph.AsError(err); ok {
		return OneLine(e.ExplainCall(tokenSource))
	}
	return Explain(err)
}

// LeftOutReasons lists why assets were left out, in a fixed order.
func (r *Report) LeftOutReasons() []string { return slices.Sorted(maps.Keys(r.LeftOut)) }
