// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"fmt"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// nameDecisions are the decisions that webhooks report in the words of Meta's API
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/phone_number_name_update).
var nameDecisions = map[string]string{
	"APPROVED": metavalues.NameApproved, "REJECTED": metavalues.NameDeclined, "PENDING": metavalues.NamePendingReview, "DEFERRED": metavalues.NamePendingReview,
}

const (
	usernameDeleted = "DELETED"
	// throughputUpgrade means that the number may send 1,000 messages a second, which the API calls HIGH.
	throughputUpgrade = "THROUGHPUT_UPGRADE"
	throughputHigh    = "HIGH"
)

// overlayNumber puts what webhooks reported over what was observed of a number. username is how fresh the knowledge of that is,
// which isn't part of the account's observation.
func overlayNumber(s *v1alpha1.PhoneNumberStatus, k, username lifecycle.Freshness, usernameWanted bool) {
	w := s.Webhook
	if w == nil {
		return
	}
	if status, ok := nameDecisions[w.NameDecision]; ok && k.Outweighs(facts.EventOf(w.Events, facts.MarkNumberName)) {
		switch name := metavalues.Clip(w.RequestedName); name {
		case "", s.VerifiedName:
			s.NameStatus = status
		default:
			s.NewDisplayName, s.NewNameStatus = name, status
		}
	}
	if k.Outweighs(facts.EventOf(w.Events, facts.MarkNumberQuality)) {
		if w.MessagingLimit != "" {
			s.MessagingLimit = metavalues.Upper(w.MessagingLimit)
		}
		if w.QualityEvent == throughputUpgrade {
			s.ThroughputLevel = throughputHigh
		}
	}
	if usernameWanted && w.UsernameStatus != "" && username.Outweighs(facts.EventOf(w.Events, facts.MarkNumberUsername)) {
		s.Username, s.UsernameStatus = metavalues.Clip(w.Username), metavalues.Upper(w.UsernameStatus)
		if s.UsernameStatus == usernameDeleted {
			s.Username, s.UsernameStatus = "", ""
		}
	}
}

// nameReason is why Meta declined a display name, which only webhooks report.
func nameReason(s *v1alpha1.PhoneNumberStatus, name string) string {
	w := s.Webhook
	if w == nil || w.NameRejectionReason == "" || nameDecisions[w.NameDecision] != metavalues.NameDeclined ||
		w.RequestedName != "" && w.RequestedName != name {
		return ""
	}
	return ": " + metavalues.Clip(w.NameRejectionReason)
}

// OverlayWebhook shows what webhooks reported, on top of what the status shows.
func (n *numbers) OverlayWebhook(p *numberRun) {
	s := &p.Object.Status
	if s.Webhook == nil || s.DisplayPhoneNumber == "" || p.WABA == nil {
		return
	}
	observed := deadline.Value(p.WABA.Status.LastObservedTime)
	k := lifecycle.Freshness{ObservedAt: observed}
	if session := n.Accounts.Get(string(p.WABA.UID)); session != nil && session.Ref().AccountID == p.WABA.Spec.ID {
		k.ObservedAt = deadline.Later(k.ObservedAt, session.Number(func(live graph.PhoneNumber) bool { return number.Matches(&p.Object.Spec, live) }).At)
	}
	username := lifecycle.Freshness{ObservedAt: n.schedule.readAt(sectionKey{object: p.Object.UID, section: number.Username})}
	if username.ObservedAt.IsZero() {
		username.ObservedAt = observed // before the restart, which the section's next turn makes good
	}
	overlayNumber(s, k, username, p.Object.Spec.Username != nil)
}

// webhookTime is when a webhook last said that a section was changed; a second is added because it is cut to seconds.
func (s *sectionRun) webhookTime() time.Time {
	field := ""
	switch s.section {
	case number.Calling:
		field = facts.MarkNumberSettings
	case number.Username:
		field = facts.MarkNumberUsername
	}
	if e := facts.EventOf(s.Object.WebhookEvents(), field); e != nil {
		return facts.ReceivedAt(e).Add(time.Second)
	}
	return time.Time{}
}

func numberNotices(was, is *v1alpha1.PhoneNumberWebhookStatus) []lifecycle.Notice {
	var notices []lifecycle.Notice
	if isNewer(was.Events, is.Events, facts.MarkNumberSecurity) && is.SecurityEvent != "" {
		message, known := pinMessages[is.SecurityEvent]
		if !known {
			message = "something happened to the number's PIN: " + is.SecurityEvent
		}
		notices = append(notices, lifecycle.Notice{Warning: true, Reason: v1alpha1.ReasonPINChanged, Message: message})
	}
	if isNewer(was.Events, is.Events, facts.MarkNumberQuality) && (is.QualityEvent != was.QualityEvent || is.MessagingLimit != was.MessagingLimit) {
		notices = append(notices, lifecycle.Notice{
			Warning: is.QualityEvent == "FLAGGED" || is.QualityEvent == "DOWNGRADE", Reason: v1alpha1.ReasonLimitsChanged,
			Message: lifecycle.Sentence(is.QualityEvent, is.MessagingLimit),
		})
	}
	if is.UsernameStatus != "" && (is.Username != was.Username || is.UsernameStatus != was.UsernameStatus) {
		notices = append(notices, lifecycle.Notice{
			Warning: is.UsernameStatus == usernameDeleted, Reason: v1alpha1.ReasonUsernameChanged,
			Message: fmt.Sprintf("the user name %q is %s", is.Username, strings.ToLower(is.UsernameStatus)),
		})
	}
	if is.PictureLostTime != nil && !is.PictureLostTime.Equal(was.PictureLostTime) {
		notices = append(notices, lifecycle.Notice{Warning: true, Reason: v1alpha1.ReasonMetaAlert, Message: "Meta reports that the profile picture was lost"})
	}
	return notices
}

// pinMessages says what people did about the PIN of a number, and what follows: Meta doesn't show a PIN.
var pinMessages = map[string]string{
	"PIN_CHANGED": "the number's PIN was changed in WhatsApp Manager; put the new one into the Secret that " +
		"spec.registration.pinSecretRef names, or the next registration fails",
	"PIN_RESET_REQUEST":   "a request to turn off the number's PIN was made in WhatsApp Manager",
	"PIN_REQUEST_SUCCESS": "the number's PIN was turned off in WhatsApp Manager",
}

// isNewer reports that there is a newer event of a field.
func isNewer(was, is []v1alpha1.WebhookEvent, field string) bool {
	old, e := facts.EventOf(was, field), facts.EventOf(is, field)
	return e != nil && (old == nil || e.Time.After(old.Time.Time) || e.Hash != old.Hash)
}
