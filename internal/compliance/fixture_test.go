// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
)

var now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) metav1.Time     { return metav1.NewTime(now.Add(d)) }
func ptrTo(d time.Duration) *metav1.Time { t := at(d); return &t }
func ptr[T any](v T) *T                  { return &v }

const (
	day = 24 * time.Hour
	// evil is a name that another person chose at Meta.
	evil = "Acme | <script>alert(1)</script>\n# [Gar\u202eden](https://evil.example/?a=b) *_x_*"
)

// question is one that anybody may ask.
func question() *Question { return &Question{Version: "v1.2.3", GraphAPIVersion: "v25.0"} }

// rich is an account with many entries in its record, not all of them good.
func rich() *evidence {
	e := &evidence{
		question: question(), now: now, version: "v25.0", clustered: true, waba: richWABA(), snapshot: richSnapshot(),
		business: "506914307656634", appID: "634974688087057", regions: map[string]string{"106540352242922": "DE"},
		users: []graph.AssignedUser{
			{ID: "122100000000000001", Name: "waba-operator", Tasks: []string{"MANAGE_PHONE", "MANAGE_TEMPLATES"}},
			{ID: "122100000000000002", Tasks: []string{"JUGGLE", "MANAGE"}}, {ID: "122100000000000003", Name: "Ana"},
			{ID: "122100000000000004", Name: "Ben", Tasks: []string{}},
		},
		subscription: &graph.AppSubscription{
			CallbackURL: "https://operator.acme.example/webhooks/634974688087057?key=k3y-of-the-callback#x", Active: ptr(true),
			Fields: []string{"messages", "account_update"},
		},
		hide: graph.Redactor("", ""),
	}
	e.numbers = []v1alpha1.PhoneNumber{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "platform", Name: "support"},
		Spec:       v1alpha1.PhoneNumberSpec{Registration: &v1alpha1.PhoneNumberRegistration{}},
		Status: v1alpha1.PhoneNumberStatus{
			CommonStatus: v1alpha1.CommonStatus{ID: "106540352242922"},
			Operator: v1alpha1.PhoneNumberOperatorStatus{Registration: &v1alpha1.PhoneNumberRegistrationStatus{Attempts: []v1alpha1.RegistrationAttempt{
				{Number: "106540352242922", Kind: "Register", Time: at(-90 * day), Result: "Done"},
			}}},
		},
	}}
	e.subscriptions = []v1alpha1.WebhookSubscription{{
		Spec: v1alpha1.WebhookSubscriptionSpec{Messages: &v1alpha1.WebhookOverride{CallbackURL: "https://bot.acme.example/wa"}},
		Status: v1alpha1.WebhookSubscriptionStatus{Operator: v1alpha1.WebhookSubscriptionOperatorStatus{AppliedCallbacks: []v1alpha1.AppliedCallback{{
			Level: v1alpha1.CallbackLevelApp, URL: "https://operator.acme.example/webhooks/634974688087057",
		}}}},
	}}
	e.templates = richResources()
	return e
}

func richWABA() *v1alpha1.WABA {
	return &v1alpha1.WABA{
		ObjectMeta: metav1.ObjectMeta{Namespace: "platform", Name: "acme"},
		Spec: v1alpha1.WABASpec{
			ID: "102290129340398", ApprovedApps: []v1alpha1.ApprovedApp{{ID: "77", Name: "Helpdesk"}},
		},
		Status: v1alpha1.WABAStatus{
			LastObservedTime: ptrTo(-5 * time.Minute),
			Operator: v1alpha1.WABAOperatorStatus{CallLog: []v1alpha1.RegistrationAttempt{
				{Number: "106540352242922", Kind: "Register", Time: at(-90 * day), Result: "Done"},
				{Number: "106540352242922", Kind: "RequestCode", Time: at(-91 * day)},
			}},
			Webhook: &v1alpha1.WABAWebhookStatus{
				Events: []v1alpha1.WebhookEvent{{Field: "account_update/ACCOUNT_RESTRICTION", Time: at(-2 * day)}, {Field: "account_alerts", Time: at(-day)}},
				Restrictions: []v1alpha1.Restriction{
					{Type: "RESTRICTED_ADD_PHONE_NUMBER_ACTION", Time: ptrTo(-60 * day), ExpirationTime: ptrTo(-53 * day)},
					{Type: "RESTRICTED_BIZ_INITIATED_MESSAGING", Time: ptrTo(-2 * day), ExpirationTime: ptrTo(5 * day), Remediation: "Remove the spam. See https://www.facebook.com/help?token=t0ken"},
				},
				Violations: []v1alpha1.Violation{
					{Type: "ALCOHOL", Time: at(-200 * day)}, {Type: "SPAM", Time: at(-2 * day), PhoneNumber: "15550783881"},
				},
				Ban:           &v1alpha1.Ban{State: "REINSTATE", Time: ptrTo(-300 * day)},
				Alerts:        []v1alpha1.Alert{{Type: "OBA_REJECTED", Severity: "INFORMATIONAL", Status: "ACTIVE", Description: "Not notable.", EntityType: "PHONE_NUMBER", EntityID: "106540352242922", Time: at(-day)}},
				AccountEvents: []v1alpha1.AccountEvent{{Event: "PARTNER_ADDED", Time: at(-400 * day), Detail: "partner 55"}},
			},
		},
	}
}

func richSnapshot() *account.Snapshot {
	all := account.Section{Begun: now, Complete: true}
	s := &account.Snapshot{
		AccountID: "102290129340398", Begun: now, AccountSection: all, NumbersSection: all, AppsSection: all, TemplatesSection: all,
		TemplateCount: 6, TemplateLimit: 250,
		Account: graph.Account{
			ID: "102290129340398", Name: evil, Status: "ACTIVE", Country: "DE", ReviewStatus: "APPROVED", VerificationStatus: "VERIFIED",
			OwnershipType: "SELF_OWNED", MessagingLimit: "TIER_2K", PrimaryFundingID: "9", OwnerBusiness: &graph.Business{ID: "506914307656634", Name: "Acme Garden GmbH"},
			Health: &graph.Health{CanSendMessage: "LIMITED", Entities: []graph.HealthEntity{
				{Type: "WABA", ID: "102290129340398", CanSendMessage: "AVAILABLE"},
				{Type: "BUSINESS", ID: "506914307656634", CanSendMessage: "LIMITED", AdditionalInfo: []string{"The business is new."}},
				{Type: "APP", ID: "634974688087057", CanSendMessage: "BLOCKED", Errors: []graph.HealthError{{Code: 141006, Description: "No payment method.", PossibleSolution: "Add one."}}},
			}},
		},
		Apps: []graph.SubscribedApp{
			{ID: "634974688087057", Name: "Acme Ops", OverrideCallbackURI: "https://bot.acme.example/wa"}, {ID: "77", Name: "Helpdesk"},
			{ID: "88", Name: "Strange|App", OverrideCallbackURI: "http://user:pa55word@collector.evil.example/in?token=s3cr3t"},
		},
		Token: &graph.TokenInfo{
			AppID: "634974688087057", Application: "Acme Ops", Type: "SYSTEM_USER", UserID: "122100000000000001", Valid: true,
			Scopes: []string{"whatsapp_business_messaging", "whatsapp_business_management", "ads_read"}, IssuedAt: now.Add(-30 * day),
			GranularScopes: []graph.GranularScope{{Scope: "whatsapp_business_management", TargetIDs: []string{"102290129340398", "104996122399160"}}},
		},
		Optional: &graph.AccountOptional{CreationTime: now.Add(-700 * day), SharedWithPartners: ptr(false)},
		Numbers: map[string]graph.PhoneNumber{
			"106540352242922": {
				ID: "106540352242922", DisplayPhoneNumber: "+1 555-078-3881", VerifiedName: "Acme_Support", NameStatus: "APPROVED", Status: "CONNECTED",
				PlatformType: "CLOUD_API", QualityRating: "GREEN", CodeVerificationStatus: "VERIFIED", PinEnabled: ptr(false), OfficialBusinessAccount: ptr(false),
				AccountMode: "LIVE", OnBizApp: ptr(false), LastOnboardedTime: now.Add(-90 * day),
				Webhook: &graph.WebhookConfiguration{Account: "https://bot.acme.example/wa", Application: "https://operator.acme.example/webhooks/634974688087057"},
			},
			"106540352242923": {ID: "106540352242923", DisplayPhoneNumber: "+1 555-078-3882", Status: "CONNECTED", PlatformType: "ON_PREMISE"},
			"106540352242924": {ID: "106540352242924", DisplayPhoneNumber: "+1 555-078-3883", Status: "PENDING", PlatformType: "NOT_APPLICABLE"},
		},
		Templates: map[account.TemplateKey]account.PackedTemplate{},
	}
	for i, t := range []graph.Template{
		{Name: "order_confirmation", Status: "APPROVED", Category: "UTILITY", QualityScore: "GREEN"},
		{Name: "sale", Status: "APPROVED", Category: "MARKETING", PreviousCategory: "UTILITY", Components: []graph.Component{{Type: "BODY", Text: "Buy."}, {Type: "FOOTER", Text: "Reply STOP"}}},
		{Name: "prize", Status: "REJECTED", Category: "MARKETING", RejectedReason: "SCAM"},
		{Name: "code|pipe\nline", Status: "REJECTED", Category: "UTILITY", RejectedReason: "NEW_REASON"},
		{Name: "spam", Status: "DISABLED", Category: "MARKETING"},
		{Name: "news", Status: "PAUSED", Category: "UTILITY", CorrectCategory: "MARKETING"},
	} {
		t.ID, t.Language = itoa(1000+i), "en_US"
		if i%2 == 0 {
			t.LastUpdatedTime = now.Add(-time.Duration(i+1) * day)
		}
		s.Templates[account.NewTemplateKey(t.Name, t.Language)] = account.Pack(&t)
	}
	return s
}

func richResources() []v1alpha1.MessageTemplate {
	resource := func(name, id, status string, change func(*v1alpha1.MessageTemplateStatus)) v1alpha1.MessageTemplate {
		t := v1alpha1.MessageTemplate{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: v1alpha1.MessageTemplateSpec{Name: name, Language: "en_US"},
			Status: v1alpha1.MessageTemplateStatus{CommonStatus: v1alpha1.CommonStatus{ID: id}, Status: status, StatusChangedTime: ptrTo(-10 * day)},
		}
		change(&t.Status)
		return t
	}
	return []v1alpha1.MessageTemplate{
		resource("prize", "1002", "REJECTED", func(s *v1alpha1.MessageTemplateStatus) {
			s.Rejection = &v1alpha1.TemplateRejection{Reason: "SCAM", Explanation: "It promises a prize.", Recommendation: "Don't."}
		}),
		resource("spam", "1004", "DISABLED", func(s *v1alpha1.MessageTemplateStatus) {
			s.Operator.PauseTimes, s.Webhook = []metav1.Time{at(-20 * day), at(-15 * day)}, &v1alpha1.MessageTemplateWebhookStatus{DisableTime: ptrTo(-10 * day)}
		}),
		resource("news", "1005", "PAUSED", func(s *v1alpha1.MessageTemplateStatus) {
			s.Pause, s.Operator.PauseTimes = &v1alpha1.TemplatePause{Title: "FIRST_PAUSE", Description: "3 hours"}, []metav1.Time{at(-time.Hour)}
			s.Operator.Edits = []v1alpha1.EditAttempt{{Time: at(-3 * day), Done: true}, {Time: at(-2 * day)}}
		}),
	}
}
