// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bytes"
	"time"
)

// What changes by itself, or by the hand of a person, becomes an event here.

// categoryNotice is how long before the change a change of category is announced.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-categorization.
const categoryNotice = 24 * time.Hour

// tellStatus tells that the status of a template is another one than before. What reports the end of a pause, of an archive
// and of a ban is a guess after the list of events.
func (s *Simulator) tellStatus(before string, t *template, at time.Time) {
	if before == t.Status {
		return
	}
	var x WebhookChange
	switch {
	case t.Status == "DISABLED":
		x = DisableEvent(t.Template, at)
	case t.Status == "PAUSED" && t.pauses > 1:
		x = PauseEvent(t.Template, "PAUSED", "SECOND_PAUSE", "Your template has been paused for 6 hours because of its quality.")
	case t.Status == "PAUSED":
		x = PauseEvent(t.Template, "PAUSED", "FIRST_PAUSE", "Your template has been paused for 3 hours because of its quality.")
	case before == "PAUSED" && t.Status == "APPROVED":
		x = PauseEvent(t.Template, "APPROVED", "UNPAUSE", "Your template can be used again.")
	case before == "ARCHIVED":
		x = TemplateStatusEvent(t.Template, "UNARCHIVED")
	case before == "DISABLED" && t.Status == "APPROVED":
		x = TemplateStatusEvent(t.Template, "REINSTATED")
	default:
		x = TemplateStatusEvent(t.Template, t.Status)
	}
	s.tell(t.account, at, x)
}

func (s *Simulator) tellQuality(before string, t *template, at time.Time) {
	if before != t.QualityScore {
		s.tell(t.account, at, TemplateQualityEvent(t.Template, before, t.QualityScore))
	}
}

func (s *Simulator) tellCategory(before string, t *template, at time.Time) {
	if before != t.Category {
		s.tell(t.account, at, CategoryEvent(t.Template, before, t.Category))
	}
}

func (s *Simulator) tellAnnouncement(before string, t *template, at time.Time) {
	if before != t.CorrectCategory && t.CorrectCategory != "" {
		s.tell(t.account, at, CategoryAnnouncement(t.Template, t.CorrectCategory, at.Add(categoryNotice)))
	}
}

func (s *Simulator) tellComponents(before []byte, t *template, at time.Time) {
	if !bytes.Equal(before, t.Components) {
		s.tell(t.account, at, ComponentsEvent(t.Template))
	}
}

// tellTemplate tells all that a person changed at once.
func (s *Simulator) tellTemplate(before *Template, t *template, at time.Time) {
	s.tellComponents(before.Components, t, at)
	s.tellCategory(before.Category, t, at)
	s.tellAnnouncement(before.CorrectCategory, t, at)
	s.tellQuality(before.QualityScore, t, at)
	s.tellStatus(before.Status, t, at)
}

// vanish removes a template for good.
func (s *Simulator) vanish(t *template, at time.Time) {
	s.remove(t)
	s.tell(t.account, at, TemplateStatusEvent(t.Template, "DELETED"))
}

// nameDecisions are the words of the webhook for those of name_status; the other ones are no decisions.
var nameDecisions = map[string]string{"APPROVED": "APPROVED", "DECLINED": "REJECTED", "DEFERRED": "DEFERRED", "PENDING_REVIEW": "PENDING"}

func (s *Simulator) tellName(n *number, requested, status, reason string, at time.Time) {
	decision, ok := nameDecisions[status]
	if decision != "REJECTED" {
		reason = ""
	}
	if ok {
		s.tell(n.account, at, NameEvent(n.Number, decision, requested, reason))
	}
}

// tellCalling also tells what the API was used for: Meta does so.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/call-settings.
func (s *Simulator) tellCalling(n *number, at time.Time) {
	status, _ := decodeObject(n.Config.Calling)["status"].(string)
	s.tell(n.account, at, CallingEvent(n.Number, status, at))
}

func (s *Simulator) tellUsername(before NumberConfig, n *number, at time.Time) {
	name, status := n.Config.Username, n.Config.UsernameStatus
	switch {
	case before.Username == name && before.UsernameStatus == status:
	case name == "":
		s.tell(n.account, at, UsernameEvent(n.Number, before.Username, "deleted"))
	default:
		s.tell(n.account, at, UsernameEvent(n.Number, name, status))
	}
}

// tellNumber tells what a person changed at once. A rating from GREEN to RED is not among it: no webhook reports it.
func (s *Simulator) tellNumber(before *Number, n *number, at time.Time) {
	if before.NameStatus != n.NameStatus {
		s.tellName(n, n.VerifiedName, n.NameStatus, n.NameReason, at)
	}
	if before.NewNameStatus != n.NewNameStatus {
		s.tellName(n, n.NewDisplayName, n.NewNameStatus, n.NameReason, at)
	}
	if !bytes.Equal(before.Config.Calling, n.Config.Calling) {
		s.tellCalling(n, at)
	}
	s.tellUsername(before.Config, n, at)
}

func (s *Simulator) tellNumberQuality(n *number, event string, at time.Time) {
	s.tell(n.account, at, NumberQualityEvent(n.Number, event, n.account.MessagingLimit))
}

// tellPIN tells what a person did in WhatsApp Manager; nothing tells what the API did.
func (s *Simulator) tellPIN(n *number, at time.Time) {
	const person = "61555822107539" // made up
	if n.PinEnabled {
		s.tell(n.account, at, SecurityEvent(n.Number, "PIN_CHANGED", person))
		return
	}
	s.tell(n.account, at, SecurityEvent(n.Number, "PIN_RESET_REQUEST", person), SecurityEvent(n.Number, "PIN_REQUEST_SUCCESS", person))
}

// tellLimit: whether the limit is a word or a number goes by seed.
func (s *Simulator) tellLimit(a *account, at time.Time) {
	s.tell(a, at, CapabilityEvent(a.MessagingLimit, numberLimit(a), toss(s.seed, "limit", a.ID, a.MessagingLimit)%2 == 0))
}

// tellAccount tells what changed of an account.
func (s *Simulator) tellAccount(before *Account, a *account, at time.Time) {
	if before.ReviewStatus != a.ReviewStatus {
		s.tell(a, at, ReviewEvent(a.ReviewStatus))
	}
	if before.MessagingLimit != a.MessagingLimit {
		s.tellLimit(a, at)
	}
	switch disabled := a.Status == "DISABLED"; {
	case disabled == (before.Status == "DISABLED"):
	case disabled:
		s.tell(a, at, BanEvent("DISABLE", at))
	default:
		s.tell(a, at, BanEvent("REINSTATE", at))
	}
}
