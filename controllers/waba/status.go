// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// scopeManagement is the permission that everything here needs
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/permissions).
const scopeManagement = "whatsapp_business_management"

// fill copies what the observation saw into the status. It returns the interval until the next one.
func (a *accounts) fill(ctx context.Context, p *accountRun, requested time.Duration) time.Duration {
	s, snap := &p.Object.Status, observedBy(p).snapshot
	accountStatus(s, &snap.Account)
	optionalStatus(s, snap.Optional)
	s.ID, s.AccountID = snap.AccountID, snap.AccountID
	s.LastObservedTime = &metav1.Time{Time: snap.Begun.Truncate(time.Second)}
	if snap.AppsSection.Complete {
		s.SubscribedApps = subscribedApps(snap.Apps)
	}
	credentials(s, p.Session, snap.Token, p.Now)
	arrived := a.count(ctx, p)
	quiet := quietInterval(p.Object, requested, a.LongestInterval, p.Now.Sub(p.Session.LastChange()), a.webhooksWork(ctx, p, arrived))
	interval := p.Session.EffectiveInterval(quiet)
	s.EffectiveIntervalSeconds = int64(interval / time.Second)
	return interval
}

func accountStatus(s *v1alpha1.WABAStatus, a *graph.Account) {
	s.Name, s.Currency, s.TimezoneID, s.Country = metavalues.Clip(a.Name), metavalues.Clip(a.Currency), metavalues.Clip(a.TimezoneID), metavalues.Clip(a.Country)
	s.Status, s.ReviewStatus = metavalues.Upper(a.Status), metavalues.Upper(a.ReviewStatus)
	s.BusinessVerificationStatus, s.OwnershipType = metavalues.Upper(a.VerificationStatus), metavalues.Upper(a.OwnershipType)
	s.MessagingLimit = metavalues.Upper(a.MessagingLimit)
	present := a.PrimaryFundingID != ""
	s.PaymentMethodPresent, s.Insights = &present, position(a.InsightsEnabled, false)
	s.OwnerBusiness = nil
	if b := a.OwnerBusiness; b != nil {
		s.OwnerBusiness = &v1alpha1.BusinessReference{ID: metavalues.Clip(b.ID), Name: metavalues.Clip(b.Name)}
	}
	s.Health = lifecycle.HealthStatus(a.Health)
	s.UnknownProperties = a.UnknownProperties
}

func optionalStatus(s *v1alpha1.WABAStatus, o *graph.AccountOptional) {
	if o == nil {
		return
	}
	s.MarketingMessagesOnboardingStatus = metavalues.Upper(o.MarketingMessagesOnboardingStatus)
	s.PrimaryBusinessLocation = metavalues.Upper(o.PrimaryBusinessLocation)
	s.CreativeFeatures = nil
	for _, f := range o.CreativeFeatures[:min(len(o.CreativeFeatures), metavalues.ListLimit)] {
		s.CreativeFeatures = append(s.CreativeFeatures, v1alpha1.CreativeFeatureStatus{Feature: metavalues.Clip(f.Feature), EnrollStatus: metavalues.Clip(f.EnrollStatus)})
	}
	s.MarketingMessages, s.TemplateAutoArchival = position(o.DisableMarketingMessages, true), position(o.TemplateAutoArchival, false)
}

func subscribedApps(apps []graph.SubscribedApp) []v1alpha1.SubscribedApp {
	out := make([]v1alpha1.SubscribedApp, 0, len(apps))
	for _, a := range apps[:min(len(apps), metavalues.ListLimit)] {
		out = append(out, v1alpha1.SubscribedApp{
			ID: metavalues.CutBytes(a.ID, metavalues.ShortText), Name: metavalues.CutBytes(a.Name, metavalues.ShortText), OverrideCallbackURL: metavalues.CutBytes(a.OverrideCallbackURI, metavalues.LongText),
		})
	}
	slices.SortStableFunc(out, func(a, b v1alpha1.SubscribedApp) int { return strings.Compare(a.ID, b.ID) })
	// The id is the key of the list: an app that Meta names twice must not make the status invalid.
	return slices.CompactFunc(out, func(a, b v1alpha1.SubscribedApp) bool { return a.ID == b.ID })
}

// credentials records which content of the Secret was used, and what Meta reports of the token.
func credentials(status *v1alpha1.WABAStatus, s *account.Session, token *graph.TokenInfo, now time.Time) {
	uid, version := s.SecretVersion()
	before, old := status.Operator.CredentialsSecret, status.Credentials
	status.Operator.CredentialsSecret = &v1alpha1.SecretVersion{UID: uid, ResourceVersion: version, WrittenTime: lifecycle.WrittenTime(s.SecretWritten())}
	if status.Credentials = nil; token == nil {
		return
	}
	out := &v1alpha1.CredentialsStatus{
		AppID: metavalues.Clip(token.AppID), Application: metavalues.Clip(token.Application),
		Scopes: scopeList(slices.Sorted(slices.Values(token.Scopes))),
	}
	if !token.ExpiresAt.IsZero() {
		out.ExpirationTime = &metav1.Time{Time: token.ExpiresAt}
	}
	checked := metav1.NewTime(now.Truncate(time.Second))
	out.CheckedTime = &checked
	if old != nil && old.CheckedTime != nil && now.Sub(old.CheckedTime.Time) < time.Hour && before != nil && before.ResourceVersion == version {
		out.CheckedTime = old.CheckedTime // the token is inspected once an hour
	}
	status.Credentials = out
}

func missingScope(token *graph.TokenInfo) string {
	if token == nil || len(token.Scopes) == 0 || slices.Contains(token.Scopes, scopeManagement) {
		return ""
	}
	return scopeManagement
}

// count summarises templates and numbers, and how many of them no resource manages. It reports whether a webhook was ever about one
// of them.
func (a *accounts) count(ctx context.Context, p *accountRun) (arrived bool) {
	s, snap := &p.Object.Status, observedBy(p).snapshot
	templates, arrived, err := a.managedTemplates(ctx, p.Object)
	if err != nil {
		p.Missed("list the account's templates here", err) // what was last known stays
	} else {
		p.Session.PruneTemplates(templates)
		if snap.TemplatesSection.Complete {
			s.Templates = templateCounts(snap, templates)
		}
	}
	managed, reported, err := a.managedNumbers(ctx, p.Object)
	if err != nil {
		p.Missed("list the account's numbers here", err)
		return arrived // what was last known stays
	}
	arrived = arrived || reported
	if !snap.NumbersSection.Complete {
		return arrived
	}
	counts := &v1alpha1.PhoneNumberCounts{Total: int32(len(snap.Numbers))} //nolint:gosec // bounded by Meta
	for id, n := range snap.Numbers {
		if n.Status == "CONNECTED" {
			counts.Connected++
		}
		if !managed[id] {
			counts.Unmanaged++
		}
	}
	s.PhoneNumbers = counts
	return arrived
}

// ofAccount lists what belongs to an account.
func ofAccount(waba *v1alpha1.WABA) client.MatchingFields {
	return client.MatchingFields{index.Account: index.AccountKey(client.ObjectKeyFromObject(waba))}
}

// managedTemplates are the account's templates that a MessageTemplate resource names. reported means that a webhook was about one of them.
func (a *accounts) managedTemplates(ctx context.Context, waba *v1alpha1.WABA) (managed map[account.TemplateKey]bool, reported bool, err error) {
	var list v1alpha1.MessageTemplateList
	if err := a.Client.List(ctx, &list, ofAccount(waba), client.UnsafeDisableDeepCopy); err != nil {
		return nil, false, err
	}
	managed = map[account.TemplateKey]bool{}
	for i := range list.Items {
		managed[account.NewTemplateKey(list.Items[i].Spec.Name, list.Items[i].Spec.Language)] = true
		reported = reported || len(list.Items[i].WebhookEvents()) > 0
	}
	return managed, reported, nil
}

func templateCounts(snap *account.Snapshot, managed map[account.TemplateKey]bool) *v1alpha1.TemplateCounts {
	counts := &v1alpha1.TemplateCounts{Total: int32(len(snap.Templates))} //nolint:gosec // at most 6,000
	if snap.TemplateLimit > 0 {
		counts.Limit = int32(snap.TemplateLimit) //nolint:gosec // at most 6,000
	}
	for key, packed := range snap.Templates {
		t := packed.Unpack()
		switch t.Status {
		case metavalues.TemplateApproved:
			counts.Approved++
		case metavalues.TemplatePending, metavalues.TemplateInAppeal:
			counts.Pending++
		case metavalues.TemplateRejected:
			counts.Rejected++
		case metavalues.TemplatePaused:
			counts.Paused++
		case metavalues.TemplateDisabled:
			counts.Disabled++
		case metavalues.TemplateArchived:
			counts.Archived++
		}
		switch {
		case t.Source == graph.SourceGenerated:
			counts.AutoGenerated++
		case !managed[key]:
			counts.Unmanaged++
		}
	}
	return counts
}

// managedNumbers are the ids of the account's numbers that a PhoneNumber resource names. reported means that a webhook was about one of them.
func (a *accounts) managedNumbers(ctx context.Context, waba *v1alpha1.WABA) (managed map[string]bool, reported bool, err error) {
	managed = map[string]bool{}
	var list v1alpha1.PhoneNumberList
	if err := a.Client.List(ctx, &list, ofAccount(waba), client.UnsafeDisableDeepCopy); err != nil {
		return nil, false, err
	}
	for i := range list.Items {
		managed[list.Items[i].Spec.ID] = true
		managed[list.Items[i].Status.ID] = true
		reported = reported || len(list.Items[i].WebhookEvents()) > 0
	}
	return managed, reported, nil
}

// limits mirrors the create quota, the call log and the rate budget, so that a restart forgets nothing. The create quota is the
// account's. Only the resource that has observed the account may restore it after a restart, and only its status shows it.
func (a *accounts) limits(p *accountRun) {
	s := &p.Object.Status
	if p.Session == nil {
		return
	}
	s.Operator.TemplateCreates = nil
	if s.AccountID == p.Object.Spec.ID {
		s.Operator.TemplateCreates = a.Creates.Windows(p.Object.Spec.ID, p.Before.Status.Operator.TemplateCreates)
	}
	budget := p.Session.Budget()
	s.RateLimit = &v1alpha1.RateLimitStatus{UsagePercent: int32(min(budget.Percent(), 1000))} //nolint:gosec // bounded
	if until := budget.BlockedUntil(); !until.IsZero() {
		s.RateLimit.RegainAccessTime = &metav1.Time{Time: until.Truncate(time.Second)}
	}
}

// scopeList is the list of a token's scopes, which is short at Meta.
func scopeList(scopes []string) []string {
	var out []string
	for _, s := range scopes[:min(len(scopes), metavalues.ListLimit)] {
		out = append(out, metavalues.CutBytes(s, metavalues.ShortText))
	}
	return out
}
