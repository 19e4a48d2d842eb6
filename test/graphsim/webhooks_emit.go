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

// emitStatus reports a change of a template's status. Which events report the end of a pause, of an archive and of a ban is a
// guess after the list of events.
func (s *Simulator) emitStatus(before string, t *template, at time.Time) {
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
	s.emit(t.account, at, x)
}

func (s *Simulator) emitQuality(before string, t *template, at time.Time) {
	if before != t.QualityScore {
		s.emit(t.account, at, TemplateQualityEvent(t.Template, before, t.QualityScore))
	}
}

func (s *Simulator) emitCategory(before string, t *template, at time.Time) {
	if before != t.Category {
		s.emit(t.account, at, CategoryEvent(t.Template, before, t.Category))
	}
}

func (s *Simulator) emitAnnouncement(before string, t *template, at time.Time) {
	if before != t.CorrectCategory && t.CorrectCategory != "" {
		s.emit(t.account, at, CategoryAnnouncement(t.Template, t.CorrectCategory, at.Add(categoryNotice)))
	}
}

func (s *Simulator) emitComponents(before []byte, t *template, at time.Time) {
	if !bytes.Equal(before, t.Components) {
		s.emit(t.account, at, ComponentsEvent(t.Template))
	}
}

// emitTemplate reports all that a person changed at once.
func (s *Simulator) emitTemplate(before *Template, t *template, at time.Time) {
	s.emitComponents(before.Components, t, at)
	s.emitCategory(before.Category, t, at)
	s.emitAnnouncement(before.CorrectCategory, t, at)
	s.emitQuality(before.QualityScore, t, at)
	s.emitStatus(before.Status, t, at)
}

// vanish removes a template for good.
func (s *Simulator) vanish(t *template, at time.Time) {
	s.remove(t)
	s.emit(t.account, at, TemplateStatusEvent(t.Template, "DELETED"))
}

// nameDecisions are the words of the webhook for those of name_status; the other ones are no decisions.
var nameDecisions = map[string]string{"APPROVED": "APPROVED", "DECLINED": "REJECTED", "DEFERRED": "DEFERRED", "PENDING_REVIEW": "PENDING"}

func (s *Simulator) emitName(n *number, requested, status, reason string, at time.Time) {
	decision, ok := nameDecisions[status]
	if decision != "REJECTED" {
		reason = ""
	}
	if ok {
		s.emit(n.account, at, NameEvent(n.Number, decision, requested, reason))
	}
}

// emitCalling also reports changes by the API: Meta does so.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/call-settings.
func (s *Simulator) emitCalling(n *number, at time.Time) {
	status, _ := decodeObject(n.Config.Calling)["status"].(string)
	s.emit(n.account, at, CallingEvent(n.Number, status, at))
}

func (s *Simulator) emitUsername(before NumberConfig, n *number, at time.Time) {
	name, status := n.Config.Username, n.Config.UsernameStatus
	switch {
	case before.Username == name && before.UsernameStatus == status:
	case name == "":
		s.emit(n.account, at, UsernameEvent(n.Number, before.Username, "deleted"))
	default:
		s.emit(n.account, at, UsernameEvent(n.Number, name, status))
	}
}

// emitNumber reports what a person changed at once. A rating from GREEN to RED is not among it: no webhook reports it.
func (s *Simulator) emitNumber(before *Number, n *number, at time.Time) {
	if before.NameStatus != n.NameStatus {
		s.emitName(n, n.VerifiedName, n.NameStatus, n.NameReason, at)
	}
	if before.NewNameStatus != n.NewNameStatus {
		s.emitName(n, n.NewDisplayName, n.NewNameStatus, n.NameReason, at)
	}
	if !bytes.Equal(before.Config.Calling, n.Config.Calling) {
		s.emitCalling(n, at)
	}
	s.emitUsername(before.Config, n, at)
}

func (s *Simulator) emitNumberQuality(n *number, event string, at time.Time) {
	s.emit(n.account, at, NumberQualityEvent(n.Number, event, n.account.MessagingLimit))
}

// emitPIN reports what a person did in WhatsApp Manager; no event reports what the API did.
func (s *Simulator) emitPIN(n *number, at time.Time) {
	const person = "61555822107539" // made up
	if n.PinEnabled {
		s.emit(n.account, at, SecurityEvent(n.Number, "PIN_CHANGED", person))
		return
	}
	s.emit(n.account, at, SecurityEvent(n.Number, "PIN_RESET_REQUEST", person), SecurityEvent(n.Number, "PIN_REQUEST_SUCCESS", person))
}

// emitLimit: whether the limit is a word or a number goes by seed.
func (s *Simulator) emitLimit(a *account, at time.Time) {
	s.emit(a, at, CapabilityEvent(a.MessagingLimit, numberLimit(a), toss(s.seed, "limit", a.ID, a.MessagingLimit)%2 == 0))
}

// emitAccount reports what changed in an account.
func (s *Simulator) emitAccount(before *Account, a *account, at time.Time) {
	if before.ReviewStatus != a.ReviewStatus {
		s.emit(a, at, ReviewEvent(a.ReviewStatus))
	}
	if before.MessagingLimit != a.MessagingLimit {
		s.emitLimit(a, at)
	}
	switch disabled := a.Status == "DISABLED"; {
	case disabled == (before.Status == "DISABLED"):
	case disabled:
		s.emit(a, at, BanEvent("DISABLE", at))
	default:
		s.emit(a, at, BanEvent("REINSTATE", at))
	}
}
